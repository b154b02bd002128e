package storetest

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/store"
	"avain/internal/secret"
)

// withDigits is a login whose browser shows digits, good for an hour.
func withDigits(t testing.TB, s *store.Store) (attempt string) {
	t.Helper()
	digits := login.Digits{Hash: NewHash(), Expires: Noon().Add(time.Hour)}
	attempt = Start(t, s).ID
	if _, err := s.Attempts.MoveAttempt(t.Context(), login.Transition{
		Attempt: attempt, From: []login.State{login.StateCreated}, To: login.StateConfirmed, At: Noon(),
		Event: Event("confirm"), Digits: &digits,
	}); err != nil {
		t.Fatal(err)
	}
	return attempt
}

// wait is how long an empty budget asks to wait; 0 when there was no error.
func wait(t testing.TB, err error) time.Duration {
	t.Helper()
	if err == nil {
		return 0
	}
	if e := fault.AsError(err); e.Kind == fault.TooMany && e.RetryAfter > 0 {
		return e.RetryAfter
	}
	t.Errorf("want an empty budget, got %v", err)
	return -1
}

func budgets(t *testing.T, s *store.Store) {
	budget := login.RateLimit{Key: NewHash(), Burst: 3, Interval: time.Minute}
	try := func(b login.RateLimit, after time.Duration) (string, time.Duration) {
		attempt := withDigits(t, s)
		_, _, err := s.Attempts.TryDigits(t.Context(), attempt, []secret.Hash{NewHash()}, Noon().Add(after), 3, b)
		return attempt, wait(t, err)
	}
	for n := range 3 {
		if _, w := try(budget, 0); w != 0 {
			t.Fatalf("try %d waits %s", n, w)
		}
	}
	refused, w := try(budget, 0)
	if w != time.Minute {
		t.Errorf("the fourth waits %s, want a minute", w)
	}
	// What was refused has spent nothing, of the attempt's tries neither.
	if _, tries, err := s.Attempts.TryDigits(t.Context(), refused, []secret.Hash{NewHash()}, Noon().Add(time.Minute), 3, budget); err != nil || tries != 1 {
		t.Errorf("a minute later: %d tries, %v", tries, err)
	}
	if _, w := try(budget, time.Minute+time.Second); w != 59*time.Second {
		t.Errorf("the budget fills up unevenly: wait %s", w)
	}
	if _, w := try(login.RateLimit{Key: NewHash(), Burst: 1, Interval: time.Minute}, 0); w != 0 {
		t.Errorf("another budget waits %s", w)
	}
	for n := range 3 { // full again, and not more than full
		if _, w := try(budget, time.Hour-time.Second); w != 0 {
			t.Errorf("an hour later try %d waits %s", n, w)
		}
	}
	if _, w := try(budget, time.Hour-time.Second); w != time.Minute {
		t.Errorf("an hour later the fourth waits %s", w)
	}
}

// Of groups of budgets the first pays that can, wholly; from one that cannot nothing is
// taken. What is given back can be spent again.
func budgetGroups(t *testing.T, s *store.Store) {
	of := func(burst int, each time.Duration) login.RateLimit {
		return login.RateLimit{Key: NewHash(), Burst: burst, Interval: each}
	}
	device, devices, name := of(3, time.Hour), of(2, time.Minute), of(1, 2*time.Hour)
	spend := func(groups ...[]login.RateLimit) (int, time.Duration) {
		paid, err := s.Limits.SpendFirst(t.Context(), Noon(), groups...)
		return paid, wait(t, err)
	}
	groups := [][]login.RateLimit{{device, devices}, {name}}
	for n, want := range []int{0, 0, 1} {
		if paid, w := spend(groups...); paid != want || w != 0 {
			t.Errorf("try %d: group %d pays, waits %s", n, paid, w)
		}
	}
	if _, w := spend(groups...); w != time.Minute { // of the two that are empty the sooner
		t.Errorf("all empty: waits %s", w)
	}
	if _, w := spend([]login.RateLimit{device}); w != 0 {
		t.Errorf("the device's own budget has paid for what its group could not: waits %s", w)
	}
	if _, w := spend([]login.RateLimit{device}); w != time.Hour {
		t.Errorf("the device's own budget has more than it had: waits %s", w)
	}
	wantErr(t, "give back", s.People.Recognise(t.Context(), AddPerson(t, s).ID, nil, Noon(), []login.RateLimit{name, of(1, time.Hour)}), nil)
	if paid, w := spend(groups...); paid != 1 || w != 0 {
		t.Errorf("given back: group %d pays, waits %s", paid, w)
	}
	if err := s.Limits.Spend(t.Context(), Noon(), name); wait(t, err) != 2*time.Hour {
		t.Errorf("spent again: %v", err)
	}
}

// Where a person has been is known by the keys of their sessions and by marks, until the
// marks expire; on all records of one human, and of nobody else.
func recognised(t *testing.T, s *store.Store) {
	session, other := SignIn(t, s), SignIn(t, s)
	browser, network := NewHash(), NewHash()
	wantErr(t, "recognise", s.People.Recognise(t.Context(), session.Person, []secret.Hash{browser, network}, Noon().Add(time.Hour), nil), nil)
	wantErr(t, "recognise again", s.People.Recognise(t.Context(), session.Person, []secret.Hash{browser}, Noon().Add(2*time.Hour), nil), nil)
	for what, tc := range map[string]struct {
		from  login.From
		after time.Duration
		want  login.Seen
	}{
		"everywhere":      {login.From{Person: session.Person, Key: session.Key, Browser: browser, Network: network}, 0, login.Seen{Key: true, Browser: true, Network: true}},
		"an hour later":   {login.From{Person: session.Person, Key: session.Key, Browser: browser, Network: network}, time.Hour, login.Seen{Key: true, Browser: true}},
		"another's key":   {login.From{Person: session.Person, Key: other.Key}, 0, login.Seen{}},
		"nowhere":         {login.From{Person: session.Person}, 0, login.Seen{}},
		"nobody":          {login.From{}, 0, login.Seen{}},
		"nobody's key":    {login.From{Key: session.Key, Browser: NewHash()}, 0, login.Seen{}},
		"not to be found": {login.From{Person: "\x00", Key: "\xff"}, 0, login.Seen{}},
	} {
		if got := must[login.Seen](t)(s.People.Recognised(t.Context(), tc.from, Noon().Add(tc.after))); got != tc.want {
			t.Errorf("%s: %+v, want %+v", what, got, tc.want)
		}
	}
	wantErr(t, "send away", s.Sessions.RevokeSession(t.Context(), session.ID, "not_me", Noon()), nil)
	if got := must[login.Seen](t)(s.People.Recognised(t.Context(), login.From{Person: session.Person, Key: session.Key}, Noon())); got.Key {
		t.Error("a device that was sent away is known")
	}
	if got := must[store.Purged](t)(s.Purge(t.Context(), Noon().Add(90*time.Minute), store.Retention{})); got.Recognised != 1 {
		t.Errorf("purged %+v", got)
	}
}

// A move that cannot be paid for does not happen.
func budgetOfMove(t *testing.T, s *store.Store) {
	budget := login.RateLimit{Key: NewHash(), Burst: 1, Interval: time.Minute}
	move := func(after time.Duration) (string, error) {
		a := Start(t, s)
		_, err := s.Attempts.MoveAttempt(t.Context(), login.Transition{
			Attempt: a.ID, From: []login.State{login.StateCreated}, To: login.StateConfirmed, At: Noon().Add(after),
			Event: Event("confirm"), Spend: &budget, Digits: &login.Digits{Hash: NewHash(), Expires: Noon().Add(time.Hour)},
		})
		return a.ID, err
	}
	if _, err := move(0); err != nil {
		t.Fatal(err)
	}
	id, err := move(0)
	if wait(t, err) != time.Minute {
		t.Errorf("wait: %v", err)
	}
	if a := must[login.Attempt](t)(s.Attempts.AttemptByID(t.Context(), id)); a.State != login.StateCreated || len(a.Timeline) != 1 {
		t.Errorf("refused, and still %s with %d events", a.State, len(a.Timeline))
	}
	free := login.RateLimit{Key: NewHash(), Burst: 1, Interval: time.Minute}
	if _, _, err := s.Attempts.TryDigits(t.Context(), id, []secret.Hash{NewHash()}, Noon(), 3, free); err == nil {
		t.Error("refused, and still there are digits")
	}
	if _, err := move(time.Minute); err != nil {
		t.Errorf("a minute later: %v", err)
	}
	if got := must[store.Purged](t)(s.Purge(t.Context(), Noon().Add(2*time.Minute), store.Retention{})); got.Budgets != 1 {
		t.Errorf("purged %+v, want the one that is full again", got)
	}
}

// Of many guesses at once, at many logins of one person, as many are looked at as the
// budget has (threat 22).
func budgetRace(t *testing.T, s *store.Store) {
	const guesses = 60
	budget := login.RateLimit{Key: NewHash(), Burst: 7, Interval: time.Hour}
	attempts := make([]string, guesses)
	for i := range attempts {
		attempts[i] = withDigits(t, s)
	}
	var looked atomic.Int32
	together(t.Context(), guesses, func(ctx context.Context, i int) error {
		_, _, err := s.Attempts.TryDigits(ctx, attempts[i], []secret.Hash{NewHash()}, Noon(), 3, budget)
		if wait(t, err) == 0 {
			looked.Add(1)
		}
		return err
	})
	if n := looked.Load(); n != 7 {
		t.Errorf("%d guesses were looked at, want 7", n)
	}
}
