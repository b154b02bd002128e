package storetest

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"avain/internal/login"
	"avain/internal/store"
)

// withDigits is a login whose browser shows digits, good for an hour.
func withDigits(t testing.TB, s *store.Store) (attempt string) {
	t.Helper()
	digits := login.Digits{Hash: NewHash(), Expires: Noon().Add(time.Hour)}
	attempt = Start(t, s).ID
	if _, err := s.MoveAttempt(t.Context(), login.Move{
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
	if e := login.AsError(err); e.Kind == login.TooMany && e.RetryAfter > 0 {
		return e.RetryAfter
	}
	t.Errorf("want an empty budget, got %v", err)
	return -1
}

func budgets(t *testing.T, s *store.Store) {
	budget := login.Budget{Key: NewHash(), Burst: 3, Each: time.Minute}
	try := func(b login.Budget, after time.Duration) (string, time.Duration) {
		attempt := withDigits(t, s)
		_, _, err := s.TryDigits(t.Context(), attempt, NewHash(), Noon().Add(after), 3, b)
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
	if _, tries, err := s.TryDigits(t.Context(), refused, NewHash(), Noon().Add(time.Minute), 3, budget); err != nil || tries != 1 {
		t.Errorf("a minute later: %d tries, %v", tries, err)
	}
	if _, w := try(budget, time.Minute+time.Second); w != 59*time.Second {
		t.Errorf("the budget fills up unevenly: wait %s", w)
	}
	if _, w := try(login.Budget{Key: NewHash(), Burst: 1, Each: time.Minute}, 0); w != 0 {
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

// A move that cannot be paid for does not happen.
func budgetOfMove(t *testing.T, s *store.Store) {
	budget := login.Budget{Key: NewHash(), Burst: 1, Each: time.Minute}
	move := func(after time.Duration) (string, error) {
		a := Start(t, s)
		_, err := s.MoveAttempt(t.Context(), login.Move{
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
	if a := must[login.Attempt](t)(s.AttemptByID(t.Context(), id)); a.State != login.StateCreated || len(a.Timeline) != 1 {
		t.Errorf("refused, and still %s with %d events", a.State, len(a.Timeline))
	}
	free := login.Budget{Key: NewHash(), Burst: 1, Each: time.Minute}
	if _, _, err := s.TryDigits(t.Context(), id, NewHash(), Noon(), 3, free); err == nil {
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
	budget := login.Budget{Key: NewHash(), Burst: 7, Each: time.Hour}
	attempts := make([]string, guesses)
	for i := range attempts {
		attempts[i] = withDigits(t, s)
	}
	var looked atomic.Int32
	together(t.Context(), guesses, func(ctx context.Context, i int) error {
		_, _, err := s.TryDigits(ctx, attempts[i], NewHash(), Noon(), 3, budget)
		if wait(t, err) == 0 {
			looked.Add(1)
		}
		return err
	})
	if n := looked.Load(); n != 7 {
		t.Errorf("%d guesses were looked at, want 7", n)
	}
}
