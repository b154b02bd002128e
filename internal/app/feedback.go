package app

import (
	"avain/internal/console/auditlog"
	"avain/internal/console/feedback"
	"avain/internal/platform/web"
)

// feedback mounts the pages of the console on what people say of the help pages, and on what
// has been done here.
func (s *Service) feedback(d Deps, m mechanisms, kit *web.Kit) {
	feedback.New(feedback.Deps{Console: s.Console, Store: s.Store.Operations, Web: kit, Now: d.Now})
	auditlog.New(auditlog.Deps{Console: s.Console, Store: s.Store.Audit, Zone: m.zone})
}
