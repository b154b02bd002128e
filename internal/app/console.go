package app

import (
	"net/url"

	"avain/internal/config"
	"avain/internal/console"
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
	s.Console, err = console.New(console.Deps{
		Staff: s.Store.Staff, Passkeys: s.Store.Staff, Sessions: s.Store.Staff, Replays: s.Store.Limits,
		Audit: s.Audit, PasskeyAudit: s.Audit, Sealer: m.keys.aead, Web: kit, Now: d.Now, BaseURL: c.ConsoleURL(), Name: c.Brand.Name,
	})
	if err != nil {
		return err
	}
	if err := s.desk(c, d, m, kit); err != nil {
		return err
	}
	if err := s.editor(c, d, m, kit); err != nil {
		return err
	}
	if err := s.overview(d, m, kit); err != nil {
		return err
	}
	return s.voices(d, kit)
}
