package app

import (
	"avain/internal/account/home"
	"avain/internal/account/privacy"
	"avain/internal/config"
)

// privacy is what people may know of themselves, and how they are erased.
func (s *Service) privacy(c config.Config, d Deps, m mechanisms, own *home.Feature) (err error) {
	s.Privacy, err = privacy.New(privacy.Deps{
		Store: s.Store.People, Audit: s.Audit, Web: m.kit, Now: d.Now, KeepDates: c.Retention.DatesOfErased, Erased: m.events.erased, Signed: own.Signed,
	})
	return err
}
