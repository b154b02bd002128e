package app

import (
	"context"
	"time"

	"avain/internal/domain/login"
	"avain/internal/platform/audit"
	"avain/internal/platform/store"
	"avain/internal/platform/telemetry"
	"avain/internal/platform/web"
)

// refused writes onto the timeline of a login that its person was shown a failure page,
// where the refusal itself has not written anything: pressed too often, a form that is
// not ours, a database that did not answer. Nobody waits for it when it goes wrong.
func refused(db *store.Store, now func() time.Time) func(context.Context, string, login.Event) {
	return func(ctx context.Context, attempt string, e login.Event) {
		a, err := db.Attempts.AttemptByID(ctx, attempt)
		if err != nil || a.State.Over() {
			return
		}
		if n := len(a.Timeline); n > 0 && a.Timeline[n-1].Reason == e.Reason && a.Timeline[n-1].Step != e.Step {
			return // the refusal has written it
		}
		e.At = now()
		line, instead := a.Fold(e)
		_ = db.Attempts.NoteAttempt(ctx, attempt, login.Note{Event: line, Instead: instead}) // the page is shown all the same, and the log has it too
	}
}

// observe counts every request, and writes refusals that smell of theft into the audit
// log, which bounds what strangers can write there.
func observe(metrics *telemetry.Metrics, trail *audit.Log) func(context.Context, web.Summary) {
	return func(ctx context.Context, s web.Summary) {
		metrics.RequestServed(ctx, s)
		client, reason := s.Fields[web.FieldClient], login.Reason(s.Fields[web.FieldReason])
		switch {
		case client == "":
		case reason == login.ReasonProofReplayed:
			trail.ProofReplayed(ctx, client)
		case reason == login.ReasonClientRefused:
			trail.ClientRefused(ctx, client, reason)
		}
	}
}

// quietly lets one network have a few entries of each kind written at once, and one a
// minute after that.
func quietly(now func() time.Time) func(ctx context.Context, action string) bool {
	perNetwork := web.NewLimiter(web.Limit{Burst: 10, Each: time.Minute}, maxLimited, now)
	return func(ctx context.Context, action string) bool {
		ok, _ := perNetwork.Allow(action + " " + web.NetworkKey(ctx))
		return ok
	}
}
