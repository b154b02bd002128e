package wire

import (
	"context"
	"time"

	"avain/internal/audit"
	"avain/internal/login"
	"avain/internal/store"
	"avain/internal/telemetry"
	"avain/internal/web"
)

// refused writes onto the timeline of a login that its person was shown a failure page,
// where the refusal itself has not written anything: pressed too often, a form that is
// not ours, a database that did not answer. Nobody waits for it when it goes wrong.
func refused(db *store.Store, now func() time.Time) func(context.Context, string, login.Event) {
	return func(ctx context.Context, attempt string, e login.Event) {
		a, err := db.AttemptByID(ctx, attempt)
		if err != nil || a.State.Over() {
			return
		}
		if n := len(a.Timeline); n > 0 && a.Timeline[n-1].Reason == e.Reason && a.Timeline[n-1].Step != e.Step {
			return // the refusal has written it
		}
		e.At = now()
		line, instead := a.Fold(e)
		_ = db.NoteAttempt(ctx, attempt, login.Note{Event: line, Instead: instead}) // the page is shown all the same, and the log has it too
	}
}

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
