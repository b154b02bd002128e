package app

import (
	"avain/internal/console/overview"
	"avain/internal/core/alerting"
	"avain/internal/domain/operations"
	"avain/internal/domain/queue"
	"avain/internal/platform/web"
	"avain/internal/platform/webhook"
	"avain/internal/public/status"
)

// rates watches how logins go, on every node, and shows it: to everybody on the status
// page, which it answers.
func (s *Service) rates(d Deps, m mechanisms) *status.Feature {
	s.Rates = alerting.New(alerting.Deps{
		Store: s.Store.Operations, Now: d.Now, Zone: m.zone, Log: d.Log, Tell: m.events.alert, Seen: m.metrics.RatesSeen,
	})
	return status.New(status.Deps{
		Gate: s.Gate, Brokers: m.brokers, Watch: s.Rates, Counts: s.Store.Operations, Web: m.kit, Now: d.Now, Zone: m.zone, Sample: d.Sample, Log: d.Log,
	})
}

// overview shows the staff how logins go.
func (s *Service) overview(d Deps, m mechanisms, kit *web.Kit) {
	overview.New(overview.Deps{
		Console: s.Console, Watch: s.Rates, Counts: s.Store.Operations, Web: kit, Now: d.Now, Zone: m.zone, Means: m.meansName, Sample: d.Sample,
	})
}

// alert tells that fewer logins than usual succeed, or that as many do again.
func (e events) alert(a operations.Alert) []queue.Job {
	happened := webhook.Event{Type: webhook.AlertRaised, At: a.RaisedAt, Alert: a.ID, Dimension: a.Dimension, Value: a.Value}
	if !a.Lasts() {
		happened.Type, happened.At = webhook.AlertEnded, a.EndedAt
	}
	return e.sender.Jobs(happened)
}
