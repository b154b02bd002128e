package storetest

import (
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/store"
)

func purgeExpires(t *testing.T, s *store.Store) {
	end := Noon().Add(10 * time.Minute)
	overdue := Start(t, s)
	running := Start(t, s, func(a *login.Attempt) { a.ExpiresAt = end.Add(time.Millisecond) })
	over := Start(t, s, func(a *login.Attempt) { a.State = login.StateDenied })
	codeOut := Start(t, s, func(a *login.Attempt) {
		a.State, a.CodeExpiresAt = login.StateConfirmed, end.Add(time.Second)
	})
	for range 250 { // more than two batches
		Start(t, s)
	}
	if n := must[int64](t)(s.Attempts.RunningAttempts(t.Context())); n != 253 {
		t.Errorf("%d attempts run, want 253", n)
	}
	got, err := s.Purge(t.Context(), end, store.Retention{})
	if err != nil || got != (store.Purged{Expired: 251}) {
		t.Errorf("purged %+v, %v; want 251 expired", got, err)
	}
	for name, c := range map[string]struct {
		id   string
		want login.State
	}{
		"overdue": {overdue.ID, login.StateExpired}, "running": {running.ID, login.StateCreated},
		"over": {over.ID, login.StateDenied}, "with a code that is still good": {codeOut.ID, login.StateConfirmed},
	} {
		if a := must[login.Attempt](t)(s.Attempts.AttemptByID(t.Context(), c.id)); a.State != c.want {
			t.Errorf("%s: %s, want %s", name, a.State, c.want)
		}
	}
	a := must[login.Attempt](t)(s.Attempts.AttemptByID(t.Context(), overdue.ID))
	if last := a.Timeline[len(a.Timeline)-1]; a.Reason != login.ReasonAttemptExpired || last.Step != "expire" || !last.At.Equal(end) || !a.UpdatedAt.Equal(end) {
		t.Errorf("expired: %+v", a)
	}
}

func purgeDeletes(t *testing.T, s *store.Store) {
	leg := begin(t, s)
	unopened := Start(t, s)
	claimed := Start(t, s, func(a *login.Attempt) { a.Method, a.Person = login.MethodQR, "somebody" }) // has no browser, but a story
	session := SignIn(t, s, func(s *login.Session) { s.IdleUntil, s.EndsAt = Noon().Add(time.Hour), Noon().Add(2*time.Hour) })
	revoked := SignIn(t, s, func(s *login.Session) { s.RevokedAt = Noon() })
	live := SignIn(t, s)
	mark := Mark()
	if err := s.Limits.UseOnce(t.Context(), mark); err != nil {
		t.Fatal(err)
	}
	gone := map[string]func() error{
		"unopened attempt": func() error { _, err := s.Attempts.AttemptByID(t.Context(), unopened.ID); return err },
		"claimed attempt":  func() error { _, err := s.Attempts.AttemptByID(t.Context(), claimed.ID); return err },
		"opened attempt":   func() error { _, err := s.Attempts.AttemptByID(t.Context(), leg.Attempt); return err },
		"leg":              func() error { _, err := s.Attempts.BrokerRequestByState(t.Context(), leg.State); return err },
		"ended session":    func() error { _, err := s.Sessions.SessionByID(t.Context(), session.ID); return err },
		"revoked session":  func() error { _, err := s.Sessions.SessionByID(t.Context(), revoked.ID); return err },
		"live session":     func() error { _, err := s.Sessions.SessionByID(t.Context(), live.ID); return err },
	}
	const day = 24 * time.Hour
	for _, step := range []struct {
		name  string
		after time.Duration
		gone  []string
	}{
		{"an hour", time.Hour, []string{"unopened attempt"}},
		{"a day", day, []string{"leg"}},
		{"thirty days", 30 * day, []string{"opened attempt", "claimed attempt"}},
		{"ninety days", 90*day + 2*time.Hour, []string{"ended session", "revoked session"}},
	} {
		if _, err := s.Purge(t.Context(), Noon().Add(step.after), store.Retention{}); err != nil {
			t.Fatal(err)
		}
		for _, name := range step.gone {
			wantErr(t, "after "+step.name+": "+name, gone[name](), fault.ErrNotFound)
			delete(gone, name)
		}
		for name, find := range gone {
			wantErr(t, "after "+step.name+": "+name, find(), nil)
		}
	}
	if err := s.Limits.UseOnce(t.Context(), mark); err != nil {
		t.Errorf("an expired mark must be gone: %v", err)
	}
}
