package wire

import (
	"context"
	"time"

	"avain/internal/audit"
	"avain/internal/login"
	"avain/internal/telemetry"
	"avain/internal/web"
)

// observe counts every request, and writes refusals that smell of theft into the
// audit log: at most a few a minute for each client, because whoever can cause them
// must not be able to fill a log that nothing is ever deleted from.
func observe(metrics *telemetry.Metrics, trail *audit.Log, now func() time.Time) func(context.Context, web.Summary) {
	seldom := web.NewLimiter(web.Limit{Burst: 5, Each: time.Minute}, 1000, now)
	return func(ctx context.Context, s web.Summary) {
		metrics.RequestServed(ctx, s)
		client, reason := s.Fields[web.FieldClient], login.Reason(s.Fields[web.FieldReason])
		if client == "" || reason != login.ReasonClientRefused && reason != login.ReasonProofReplayed {
			return
		}
		if ok, _ := seldom.Allow(client + " " + string(reason)); !ok {
			return
		}
		if reason == login.ReasonProofReplayed {
			trail.ProofReplayed(ctx, client)
			return
		}
		trail.ClientRefused(ctx, client, reason)
	}
}
