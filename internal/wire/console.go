package wire

import (
	"context"
	"net/url"
	"time"

	"avain/internal/config"
	"avain/internal/console"
	"avain/internal/login"
	"avain/internal/secret"
)

// console makes the frame of the support console. The parts mount themselves on it.
func (s *Service) console(c config.Config, d Deps, m mechanisms) (err error) {
	address, err := url.Parse(c.ConsoleURL())
	if err != nil {
		return err
	}
	kit, err := m.kit.At(address)
	if err != nil {
		return err
	}
	s.Console, err = console.New(console.Deps{Sessions: nobody{}, Web: kit, Now: d.Now, BaseURL: c.ConsoleURL()})
	return err
}

// nobody is signed in.
type nobody struct{}

func (nobody) StaffBySession(context.Context, secret.Hash) (login.StaffSession, login.Staff, error) {
	return login.StaffSession{}, login.Staff{}, login.ErrNotFound
}

func (nobody) UseStaffSession(context.Context, login.StaffSession, time.Time, time.Time) error {
	return login.ErrNotFound
}
