package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"avain/internal/app"
	"avain/internal/core/diagnosis"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
)

type explainCommand struct {
	configFlag
	Code string `arg:"" help:"Support code such as K7Q-4TM, as the person reads it out."`
	Lang string `enum:"fi,sv,en" default:"fi" help:"Language of the words: fi, sv or en."`
}

// Help is shown by avain explain --help.
func (explainCommand) Help() string {
	return `Tells what became of one login: what happened, on whose side the cause is, what the person should do, an answer to copy into a letter or a chat, and the timeline. It shows no names, no identity codes and no secrets. Times are UTC.

  avain explain K7Q-4TM
  avain explain K7Q-4TM --lang sv

A code that begins with Y is of a request that was refused before there was a login: it tells the reason by itself, and the time to within five minutes. Look for it in the log (support_code) to see more.

  avain explain YAW-7AD

For programs: the diagnosis, the words and the timeline.

  avain explain K7Q-4TM --json`
}

// Run explains.
func (c explainCommand) Run(ctx context.Context, t terminal) error {
	code, ok := login.ParseSupportCode(c.Code)
	if !ok {
		return usageError{errors.New("that is not a support code; it has six letters and digits, such as K7Q-4TM")}
	}
	settings, err := c.load(t)
	if err != nil {
		return err
	}
	brand, now := app.Words(settings), time.Now()
	if d, ok := diagnosis.OfCode(code, now); ok {
		return c.show(t, explained{Code: code, Lang: c.Lang, Diagnosis: d}, brand)
	}
	return onService(ctx, t, settings, func(s *app.Service) error {
		a, err := s.Store.Attempts.AttemptBySupportCode(ctx, code)
		if errors.Is(err, fault.ErrNotFound) {
			return fmt.Errorf("no login has the support code %s; it may be older than retention.attempts, or misheard", code)
		}
		if err != nil {
			return err
		}
		return c.show(t, explainedAttempt(a, c.Lang, now), brand)
	})
}

// show finds the words and prints everything.
func (c explainCommand) show(t terminal, x explained, brand diagnosis.Brand) (err error) {
	if x.Words, err = diagnosis.Say(x.Diagnosis, x.Lang, brand); err != nil {
		return err
	}
	if t.json {
		return printJSON(t.out, x)
	}
	return x.print(t.out)
}
