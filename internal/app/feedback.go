package app

import (
	"time"

	"avain/internal/console/auditlog"
	"avain/internal/console/feedback"
	"avain/internal/platform/web"
)

// voices are the pages of the console on what people say of the help pages, and on what
// has been done here.
func (s *Service) voices(d Deps, kit *web.Kit) error {
	zone, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		return err
	}
	feedback.New(feedback.Deps{Console: s.Console, Store: s.Store.Operations, Web: kit, Now: d.Now})
	auditlog.New(auditlog.Deps{Console: s.Console, Store: s.Store.Audit, Zone: zone})
	return nil
}
