package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/store"
	"avain/internal/secret"
)

// crowdedOut is the line with which an attempt gives way.
func crowdedOut(at time.Time) login.Event {
	return login.Event{At: at, Step: login.StepExpire, Outcome: login.OutcomeFailed, Reason: login.ReasonCrowdedOut}
}

// room gives way in the order that costs people least, and never what has left.
func room(t *testing.T, s *store.Store) {
	here, elsewhere, site := NewHash(), NewHash(), NewHash()
	at := func(seconds int, in secret.Hash) func(*login.Attempt) {
		return func(a *login.Attempt) {
			a.CreatedAt, a.Source = Noon().Add(time.Duration(seconds)*time.Second), login.Source{Network: in, Site: site}
		}
	}
	show := func(a login.Attempt) login.Attempt {
		t.Helper()
		n := login.Note{Event: login.Event{At: a.CreatedAt, Step: login.StepPage, Outcome: login.OutcomeOK}, Shown: Noon().Add(time.Hour)}
		if err := s.Attempts.NoteAttempt(t.Context(), a.ID, n); err != nil {
			t.Fatal(err)
		}
		return a
	}
	leave := func(a login.Attempt) login.Attempt {
		t.Helper()
		return must[login.Attempt](t)(s.Attempts.MoveAttempt(t.Context(), login.Transition{
			Attempt: a.ID, From: []login.State{login.StateCreated}, To: login.StateOpened, At: a.CreatedAt, Event: Event("choose"),
			BrokerRequest: &login.BrokerRequest{State: NewHash(), Broker: "op", Means: "kuikka", StartedAt: a.CreatedAt, ExpiresAt: Noon().Add(time.Hour)},
		}))
	}
	old, young := Start(t, s, at(0, here)), Start(t, s, at(20, here))
	shownOld, shownNew := show(Start(t, s, at(1, here))), show(Start(t, s, at(21, here)))
	left := leave(Start(t, s, at(22, here)))
	foreign := Start(t, s, at(30, elsewhere))
	password := Start(t, s, at(23, here), func(a *login.Attempt) { a.Method = login.MethodCredentials })

	now := Noon().Add(time.Minute)
	end := func(r login.Room) string {
		t.Helper()
		r.At, r.Event = now, crowdedOut(now)
		a, err := s.Attempts.MakeRoom(t.Context(), r)
		if errors.Is(err, fault.ErrNotFound) {
			return ""
		}
		if err != nil {
			t.Fatal(err)
		}
		if a.State != login.StateFailed || a.Reason != login.ReasonCrowdedOut || a.Timeline[len(a.Timeline)-1].Reason != login.ReasonCrowdedOut {
			t.Errorf("%+v", a)
		}
		return a.ID
	}
	begun, shown := login.StageBegun, login.StageShown
	for i, c := range []struct {
		room login.Room
		want string
	}{
		{login.Room{Network: here, Stage: begun, Before: Noon().Add(10 * time.Second)}, old.ID},
		{login.Room{Network: here, Stage: begun, Before: Noon().Add(10 * time.Second)}, ""}, // the other has just begun
		{login.Room{Network: here, Stage: begun, Before: Noon().Add(time.Minute)}, young.ID},
		{login.Room{Network: here, Stage: begun}, ""},
		{login.Room{Network: here, Stage: shown, Before: Noon()}, ""},
		{login.Room{Network: here, Stage: shown}, shownNew.ID},
		{login.Room{Site: site, Stage: begun}, foreign.ID},
		{login.Room{Site: site, Stage: shown}, shownOld.ID},
		{login.Room{Network: here, Stage: login.StageLeft}, ""},
		{login.Room{Network: NewHash()}, ""},
	} {
		if got := end(c.room); got != c.want {
			t.Errorf("%d: %q gave way, want %q", i, got, c.want)
		}
	}
	for name, a := range map[string]login.Attempt{"left for a broker": left, "with a password": password} {
		if got := must[login.Attempt](t)(s.Attempts.AttemptByID(t.Context(), a.ID)); got.State.Over() {
			t.Errorf("%s: %s", name, got.State)
		}
	}
}

// roomRace: of many who make room at once each ends another login.
func roomRace(t *testing.T, s *store.Store) {
	here := NewHash()
	const callers = 12
	for range callers {
		Start(t, s, func(a *login.Attempt) { a.Source.Network = here })
	}
	ended := make([]string, callers)
	errs := together(t.Context(), callers, func(ctx context.Context, i int) error {
		for range callers { // PostgreSQL passes over a row that another one has just ended
			a, err := s.Attempts.MakeRoom(ctx, login.Room{Network: here, At: Noon(), Event: crowdedOut(Noon())})
			if ended[i] = a.ID; !errors.Is(err, fault.ErrNotFound) {
				return err
			}
		}
		return fault.ErrNotFound
	})
	seen := map[string]bool{}
	for i, err := range errs {
		if err != nil || seen[ended[i]] {
			t.Errorf("caller %d: %q, %v", i, ended[i], err)
		}
		seen[ended[i]] = true
	}
}

// crowds counts what is unfinished, by where it comes from.
func crowds(t *testing.T, s *store.Store) {
	large, small, site := NewHash(), NewHash(), NewHash()
	for i := range 7 {
		Start(t, s, func(a *login.Attempt) {
			if a.Source = (login.Source{Network: large, Site: site}); i == 6 {
				a.Source = login.Source{Network: small, Site: site}
			}
		})
	}
	Start(t, s, func(a *login.Attempt) { a.Source.Network, a.State = large, login.StateDenied })
	Start(t, s)
	got := must[[]login.Crowd](t)(s.Attempts.Crowds(t.Context(), 2, 10))
	want := []login.Crowd{{Source: login.Source{Network: large}, Open: 6}, {Source: login.Source{Site: site}, Open: 7}}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("%+v", got)
	}
}

// shortUntilShown: what nobody opens has a short life, and showing it once gives it its whole one.
func shortUntilShown(t *testing.T, s *store.Store) {
	end := Noon().Add(10 * time.Minute)
	a := Start(t, s, func(a *login.Attempt) { a.ExpiresAt = Noon().Add(2 * time.Minute) })
	show := func(at time.Time, until time.Time) login.Attempt {
		t.Helper()
		n := login.Note{Event: login.Event{At: at, Step: login.StepPage, Outcome: login.OutcomeOK}, Shown: until}
		if err := s.Attempts.NoteAttempt(t.Context(), a.ID, n); err != nil {
			t.Fatal(err)
		}
		return must[login.Attempt](t)(s.Attempts.AttemptByID(t.Context(), a.ID))
	}
	if got := show(Noon(), end); !got.ExpiresAt.Equal(end) || got.Stage != login.StageShown {
		t.Errorf("shown: %s, stage %d", got.ExpiresAt, got.Stage)
	}
	if got := show(Noon(), end.Add(time.Hour)); !got.ExpiresAt.Equal(end) {
		t.Errorf("shown again: %s", got.ExpiresAt)
	}
	a = Start(t, s, func(a *login.Attempt) { a.ExpiresAt = Noon().Add(2 * time.Minute) })
	if got := show(Noon().Add(2*time.Minute), end); !got.ExpiresAt.Equal(Noon().Add(2 * time.Minute)) {
		t.Errorf("shown too late: %s", got.ExpiresAt)
	}
}
