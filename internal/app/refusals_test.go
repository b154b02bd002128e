package app

import (
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/platform/store"
	"avain/internal/secret"
)

// TestThreat34RefusalsDoNotFillATimeline: whoever is refused writes a line, and not one
// more for the same again, nor any on a login that is over; and however many reasons they
// find, a timeline stays short.
func TestThreat34RefusalsDoNotFillATimeline(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, err := store.Open(ctx, store.Config{Driver: store.SQLite, Path: filepath.Join(t.TempDir(), "x.db"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	a := login.Attempt{
		ID: login.NewID(), SupportCode: login.NewSupportCode(), Method: login.MethodDirect, State: login.StateCreated, Client: "app",
		CreatedAt: now, UpdatedAt: now, ExpiresAt: now.Add(10 * time.Minute),
		Timeline: []login.Event{{At: now, Step: login.StepStart, Outcome: login.OutcomeOK}},
	}
	err = errors.Join(db.Migrate(ctx), db.Attempts.StartAttempt(ctx, a, login.AttemptSecrets{RequestURI: secret.New().Hash(), AuthSession: secret.New().Hash()}))
	if err != nil {
		t.Fatal(err)
	}
	tell := refused(db, func() time.Time { return now.Add(time.Second) })
	lines := func() []login.Event {
		read, err := db.Attempts.AttemptByID(ctx, a.ID)
		if err != nil {
			t.Fatal(err)
		}
		return read.Timeline
	}
	no := func(reason login.Reason) login.Event {
		return login.Event{Step: login.StepPage, Outcome: login.OutcomeRefused, Reason: reason, Browser: "Opera 76 on Android"}
	}

	for range 5 {
		tell(ctx, a.ID, no(login.ReasonRateLimited))
	}
	if all := lines(); len(all) != 2 || all[1].Reason != login.ReasonRateLimited || all[1].Browser == "" || !all[1].At.Equal(now.Add(time.Second)) || all[1].Count != 5 {
		t.Errorf("five times the same refusal: %+v", all)
	}
	for n := range 200 {
		tell(ctx, a.ID, no([]login.Reason{login.ReasonInternal, login.ReasonRequestInvalid}[n%2]))
	}
	all := lines()
	if len(all) != 4 || all[1].Count != 5 || all[2].Count != 100 || all[3].Count != 100 {
		t.Errorf("205 refusals for three reasons: %+v", all)
	}
	tell(ctx, login.NewID(), no(login.ReasonInternal)) // of nobody

	ended, err := db.Attempts.MoveAttempt(ctx, login.Transition{
		Attempt: a.ID, From: []login.State{login.StateCreated}, To: login.StateDenied, At: now.Add(time.Minute),
		Event: login.Event{At: now.Add(time.Minute), Step: login.StepCancel, Outcome: login.OutcomeRefused},
	})
	if err != nil {
		t.Fatal(err)
	}
	tell(ctx, a.ID, no(login.ReasonAttemptEnded))
	if got := lines(); len(got) != len(ended.Timeline) {
		t.Errorf("a login that is over got %+v", got[len(got)-1])
	}
}
