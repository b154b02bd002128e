package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"avain/internal/app"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/audit"
)

// whoFlag names a person the way support knows one: by the support code of one of
// their logins, so that nobody needs to search for a name or an identity code.
type whoFlag struct {
	configFlag
	Code string `arg:"" help:"Support code of a login of the person, such as K7Q-4TM."`
}

type peopleLockCommand struct{ whoFlag }

// Help is shown by avain admin people lock --help.
func (peopleLockCommand) Help() string {
	return `The person gets no new login, and apps that are logged in are out at their next call.

  avain admin people lock K7Q-4TM`
}

// Run locks the person out.
func (c peopleLockCommand) Run(ctx context.Context, t terminal) error {
	return c.change(ctx, t, "locked", func(s *app.Service, person string) error {
		return s.Audit.Atomically(ctx, func(ctx context.Context) error {
			s.Audit.PersonLocked(ctx, audit.System, person)
			return s.Store.People.LockPerson(ctx, person, time.Now())
		})
	})
}

type peopleUnlockCommand struct{ whoFlag }

// Help is shown by avain admin people unlock --help.
func (peopleUnlockCommand) Help() string {
	return `The person may log in again.

  avain admin people unlock K7Q-4TM`
}

// Run lets the person in again.
func (c peopleUnlockCommand) Run(ctx context.Context, t terminal) error {
	return c.change(ctx, t, "unlocked", func(s *app.Service, person string) error {
		return s.Audit.Atomically(ctx, func(ctx context.Context) error {
			s.Audit.PersonUnlocked(ctx, audit.System, person)
			return s.Store.People.UnlockPerson(ctx, person, time.Now())
		})
	})
}

func (f whoFlag) change(ctx context.Context, t terminal, done string, change func(s *app.Service, person string) error) error {
	code, ok := login.ParseSupportCode(f.Code)
	if !ok {
		return usageError{errors.New("a support code has six characters, such as K7Q-4TM")}
	}
	return withService(ctx, t, f.configFlag, func(s *app.Service) error {
		a, err := s.Store.Attempts.AttemptBySupportCode(ctx, code)
		if errors.Is(err, fault.ErrNotFound) {
			return fmt.Errorf("there is no login with the support code %s; old ones are forgotten after a while", code)
		}
		if err != nil {
			return err
		}
		if a.Person == "" {
			return fmt.Errorf("nobody had been identified in the login %s when it ended", code)
		}
		if err := change(s, a.Person); err != nil {
			return err
		}
		return t.say(act{a.Person, done}, "the person of login %s is %s", code, done)
	})
}
