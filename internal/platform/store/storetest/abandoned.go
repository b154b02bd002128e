package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/store"
	"avain/internal/secret"
)

// perNetwork is how many rows of logins that left for a broker and let nobody in a
// network has by default.
const perNetwork = 10_000

// Abandoned lets so many logins be begun from two networks, and left: a quarter never
// opened, a quarter on the page, a quarter cancelled there, a quarter at a broker. What
// stays of them are, a day later, those that left, the newest of each network; and of
// those nothing when support needs them no more (threat 38).
func Abandoned(t *testing.T, s *store.Store, starts int) {
	t.Helper()
	networks := []secret.Hash{NewHash(), NewHash()}
	all := make([]login.Attempt, starts)
	const hands = 32
	for _, err := range together(t.Context(), hands, func(ctx context.Context, hand int) error {
		for n := hand; n < starts; n += hands {
			a := Attempt()
			a.CreatedAt, a.Source.Network = Noon().Add(time.Duration(n)*time.Millisecond), networks[n/4%2]
			a.ExpiresAt = a.CreatedAt.Add(10 * time.Minute)
			if err := abandon(ctx, s, &a, n%4); err != nil {
				return err
			}
			all[n] = a
		}
		return nil
	}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	end := Noon().Add(time.Duration(starts) * time.Millisecond) // nobody comes any more
	quarter := func(n int) int { return (starts + 3 - n) / 4 }
	left := make([][]login.Attempt, 2) // of each network, in the order of time
	for n := 3; n < starts; n += 4 {
		left[n/4%2] = append(left[n/4%2], all[n])
	}
	thinned := 0 // with their broker requests
	for i, of := range left {
		newest := max(len(of)-perNetwork, 0)
		thinned, left[i] = thinned+newest, of[newest:]
	}
	kept := slices.Concat(left...)

	keep := store.Retention{Attempts: 90 * day}
	for _, step := range []struct {
		what string
		at   time.Time
		want store.Purged
	}{
		{"ten minutes", end.Add(10 * time.Minute), store.Purged{Expired: int64(starts - quarter(2)), Attempts: int64(thinned)}},
		{"an hour", end.Add(time.Hour), store.Purged{Attempts: int64(quarter(0))}},
		{"a day", end.Add(day), store.Purged{Attempts: int64(quarter(1) + quarter(2)), BrokerRequests: int64(quarter(3) - thinned)}},
		{"ninety days, not quite", Noon().Add(90*day - time.Millisecond), store.Purged{}},
	} {
		if got, err := s.Purge(t.Context(), step.at, keep); err != nil || got != step.want {
			t.Fatalf("after %s: purged %+v, %v; want %+v", step.what, got, err, step.want)
		}
	}
	for _, a := range kept {
		if got, err := s.Attempts.AttemptByID(t.Context(), a.ID); err != nil || got.State != login.StateExpired || got.Stage != login.StageLeft {
			t.Fatalf("of those that left, one of the newest is %s, %v", got.State, err)
		}
	}
	t.Logf("of %d starts %d rows stayed", starts, len(kept))
	last := store.Purged{Attempts: int64(len(kept))}
	if got, err := s.Purge(t.Context(), end.Add(90*day), keep); err != nil || got != last {
		t.Errorf("after ninety days: purged %+v, %v; want %+v", got, err, last)
	}
	for _, a := range all {
		if _, err := s.Attempts.AttemptByID(t.Context(), a.ID); !errors.Is(err, fault.ErrNotFound) {
			t.Fatalf("a row stayed: %v", err)
		}
	}
}

// abandon begins a login and leaves it: never opened, on the page, cancelled there, or
// at a broker.
func abandon(ctx context.Context, s *store.Store, a *login.Attempt, how int) error {
	err := s.Attempts.StartAttempt(ctx, *a, Secrets())
	for errors.Is(err, fault.ErrExists) {
		a.SupportCode = login.NewSupportCode()
		err = s.Attempts.StartAttempt(ctx, *a, Secrets())
	}
	if err != nil || how == 0 {
		return err
	}
	page := login.Event{At: a.CreatedAt, Step: login.StepPage, Outcome: login.OutcomeOK}
	if err := s.Attempts.NoteAttempt(ctx, a.ID, login.Note{Event: page, Shown: a.ExpiresAt}); err != nil || how == 1 {
		return err
	}
	m := login.Transition{Attempt: a.ID, From: []login.State{login.StateCreated}, To: login.StateDenied, At: a.CreatedAt, Event: Event(login.StepCancel)}
	if how == 3 {
		m.To, m.Event, m.SetBrowser = login.StateOpened, Event(login.StepChoose), NewHash()
		m.BrokerRequest = &login.BrokerRequest{State: NewHash(), Broker: "op", Means: "kuikka", StartedAt: a.CreatedAt, ExpiresAt: a.ExpiresAt}
	}
	_, err = s.Attempts.MoveAttempt(ctx, m)
	return err
}

// newestOfNetwork: of each network the newest that left and let nobody in stay. Whoever
// got in, who is still under way and who comes from nowhere are not among them; and who
// never left pushes nobody out.
func newestOfNetwork(t *testing.T, s *store.Store) {
	crowd, quiet := NewHash(), NewHash()
	begin := func(n int, in secret.Hash, change ...func(*login.Attempt)) login.Attempt {
		t.Helper()
		return Start(t, s, append([]func(*login.Attempt){func(a *login.Attempt) {
			a.CreatedAt, a.Source.Network, a.Stage = Noon().Add(time.Duration(n)*time.Second), in, login.StageLeft
			a.State, a.ExpiresAt = fruitless[n%len(fruitless)], Noon().Add(day)
		}}, change...)...)
	}
	const most = 150
	there := map[string][]login.Attempt{}
	for n := range 2*most + most/2 { // more than one batch is too many
		a := begin(n, crowd)
		what := "of the crowd, new"
		if n < most+most/2 {
			what = "of the crowd, old"
		}
		there[what] = append(there[what], a)
	}
	for n := range most {
		there["of a quiet network"] = append(there["of a quiet network"], begin(n, quiet))
		there["of the crowd, never left"] = append(there["of the crowd, never left"], begin(3*most+n, crowd, func(a *login.Attempt) { a.Stage = login.StageShown }))
		there["from nowhere"] = append(there["from nowhere"], begin(n, secret.Hash{}))
	}
	for n := range 20 {
		there["got in"] = append(there["got in"], begin(n, crowd, func(a *login.Attempt) { a.State, a.Person = login.StateRedeemed, "somebody" }))
		there["known, and not in"] = append(there["known, and not in"], begin(n, crowd, func(a *login.Attempt) { a.Person = "somebody" }))
		there["under way"] = append(there["under way"], begin(n, crowd, func(a *login.Attempt) { a.State = login.StateOpened }))
	}
	got, err := s.Purge(t.Context(), Noon().Add(time.Hour), store.Retention{PerNetwork: most})
	if want := int64(most + most/2); err != nil || got != (store.Purged{Attempts: want}) {
		t.Errorf("purged %+v, %v; want %d attempts", got, err, want)
	}
	for what, all := range there {
		want := error(nil)
		if what == "of the crowd, old" {
			want = fault.ErrNotFound
		}
		for _, a := range all {
			_, err := s.Attempts.AttemptByID(t.Context(), a.ID)
			wantErr(t, what, err, want)
		}
	}
}

// fruitless are the ends of logins that let nobody in.
var fruitless = []login.State{login.StateExpired, login.StateDenied, login.StateBurned, login.StateFailed}
