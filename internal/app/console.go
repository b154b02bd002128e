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
	s.search(c, d, m, kit)
	s.editor(c, d, m, kit)
	s.overview(d, m, kit)
	s.feedback(d, m, kit)
	return nil
}
