package attempt_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"avain/internal/core/attempt"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/secret"
)

// amount is how much of something a test does: a little in the gate, and as much as
// the environment says by command.
func amount(t *testing.T, variable string, gate int) int {
	t.Helper()
	v := os.Getenv(variable)
	if v == "" {
		return gate
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 {
		t.Fatalf("%s: %q is no amount", variable, v)
	}
	return n
}

// spread lets eight workers share the amount: the database commits them together.
func spread(amount int, act func(n int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for n := next.Add(1); n <= int64(amount); n = next.Add(1) {
				act(int(n))
			}
		})
	}
	all.Wait()
}

// confirmedFor is a link login that the app with the key started and a victim has
// confirmed in a browser of their own. The answer is what the app knows, and what the
// victim's browser does.
func (w *world) confirmedFor(ctx context.Context, victim login.Person, key string) (attempt.Started, login.Attempt, secret.Text, error) {
	browser := secret.New()
	fail := func(err error) (attempt.Started, login.Attempt, secret.Text, error) {
		return attempt.Started{}, login.Attempt{}, browser, err
	}
	started, err := w.startFor(ctx, login.MethodLink, key)
	if err != nil {
		return fail(err)
	}
	a, err := w.OpenLink(ctx, started.Attempt, browser, login.Event{})
	if err != nil {
		return fail(err)
	}
	j := w.NewBrokerRequest(a, browser)
	j.Means, j.Broker = bankID, brokerID
	if _, err = w.StartBrokerRequest(ctx, j, browser, login.Event{}); err != nil {
		return fail(err)
	}
	if j, err = w.ResumeBrokerRequest(ctx, brokerID, j.State, browser); err != nil {
		return fail(err)
	}
	if a, err = w.Authenticate(ctx, j, w.identity(), victim, login.Event{}); err != nil {
		return fail(err)
	}
	_, a, err = w.Confirm(ctx, a, browser, login.Event{})
	return started, a, browser, err
}

// crowd adds people, so that no victim is asked more often than a person is.
func (w *world) crowd(n int) []login.Person {
	w.Helper()
	all := make([]login.Person, n)
	for i := range all {
		w.meet()
		all[i] = w.person
	}
	return all
}

// An attacker starts login after login, and each is confirmed by whoever got the link.
// The attacker's app holds everything that the service ever told it, and redeems all of
// it: no token comes out. AVAIN_LINKS=10000 is the figure of the threat model.
func TestThreat01ConfirmedLinksGiveTheirStarterNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	links := amount(t, "AVAIN_LINKS", 300)
	victims := w.crowd(links/10 + 1) // ten each, below what a person may confirm at once
	var tokens, confirmed atomic.Int64
	spread(links, func(n int) {
		victim := victims[n%len(victims)]
		started, a, browser, err := w.confirmedFor(t.Context(), victim, keyOfApp)
		if err != nil {
			t.Errorf("link %d: %v", n, err)
			return
		}
		confirmed.Add(1)
		known := []secret.Text{
			started.AuthSession, started.RequestURI, started.Link, verifier, secret.Of(started.Attempt.ID), secret.Of(started.Attempt.SupportCode),
			started.AuthSession.Derive("authorization code", a.ID), started.Link.Derive("authorization code", a.ID),
			{},
		}
		for _, code := range known {
			if _, err := w.Redeem(t.Context(), rightful(code, keyOfApp)); err == nil {
				tokens.Add(1)
			}
		}
		guess := wrongDigits(attempt.SixDigits(browser, a.ID)) // that luck is a matter of threat 22
		if _, err := w.Complete(t.Context(), a, started.AuthSession, guess); err == nil {
			tokens.Add(1)
		}
	})
	sessions := 0
	for _, victim := range victims {
		all, err := w.db.Sessions.SessionsOfPerson(t.Context(), victim.ID)
		if err != nil {
			t.Fatal(err)
		}
		sessions += len(all)
	}
	if confirmed.Load() != int64(links) || tokens.Load() != 0 || sessions != 0 {
		t.Errorf("%d links confirmed: %d tokens, %d sessions", confirmed.Load(), tokens.Load(), sessions)
	}
}

// All million guesses at one login: three are looked at.
func TestThreat22AMillionGuessesAtOneLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	started, a, browser, err := w.confirmedFor(t.Context(), w.person, keyOfApp)
	if err != nil {
		t.Fatal(err)
	}
	right := attempt.SixDigits(browser, a.ID)
	var looked, in atomic.Int64
	spread(amount(t, "AVAIN_GUESSES", 5_000), func(n int) {
		digits := fmt.Sprintf("%06d", n%1_000_000)
		if digits == right {
			return // the three that are looked at must not be chance
		}
		_, err := w.Complete(t.Context(), a, started.AuthSession, digits)
		switch reasonOf(err) {
		case "":
			in.Add(1)
		case login.ReasonDigitsWrong, login.ReasonDigitsBurned:
			looked.Add(1)
		case login.ReasonDigitsExpired:
		default:
			t.Errorf("told %v", err)
		}
	})
	if looked.Load() != 3 || in.Load() != 0 {
		t.Errorf("%d guesses were looked at, %d logged in; want 3 and 0", looked.Load(), in.Load())
	}
	if _, err := w.Complete(t.Context(), a, started.AuthSession, right); err == nil {
		t.Error("the right digits work after three wrong ones")
	}
}

// What three guesses are worth, measured: logins whose digits come from the code that
// makes them, and an attacker who guesses at random, or always the same. A login falls
// to three guesses in a million; what is allowed beyond that would come by chance once in
// millions of runs. AVAIN_GUESSES=1000000 measures a million.
func TestThreat22ThreeGuessesInAMillionSucceed(t *testing.T) {
	t.Parallel()
	logins := amount(t, "AVAIN_GUESSES", 100_000)
	most := 5 + logins/100_000
	guesses := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the attacker's dice
	random, fixed, first := 0, 0, [10]int{}
	for range logins {
		digits := attempt.SixDigits(secret.New(), "attempt")
		first[digits[0]-'0']++
		for _, favourite := range []string{"000000", "123456", "111111"} {
			if digits == favourite {
				fixed++
			}
		}
		from := guesses.IntN(1_000_000)
		for n := range 3 {
			if digits == fmt.Sprintf("%06d", (from+n)%1_000_000) {
				random++
			}
		}
	}
	if random > most || fixed > most {
		t.Errorf("of %d logins %d fell to random guesses and %d to favourites; want about three in a million", logins, random, fixed)
	}
	far := 7 * math.Sqrt(0.09*float64(logins)) // seven standard deviations from a tenth
	for digit, n := range first {
		if math.Abs(float64(n)-float64(logins)/10) > far {
			t.Errorf("%d of %d begin with %d", n, logins, digit)
		}
	}
}

// The same with whole logins on the database: every one is confirmed by its victim,
// attacked with three random guesses, and counted by the codes that came out.
// AVAIN_GUESSED_LOGINS=1000000 is the figure of the threat model.
func TestThreat22GuessedLogins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	logins := amount(t, "AVAIN_GUESSED_LOGINS", 100)
	victims := w.crowd(min(logins, 100_000)/3 + 1) // below the budget of guesses of each
	var in, looked atomic.Int64
	spread(logins, func(n int) {
		if n%len(victims) == 0 {
			w.pass(2 * time.Hour) // everybody's budget is full again
		}
		started, a, _, err := w.confirmedFor(t.Context(), victims[n%len(victims)], keyOfApp)
		if reasonOf(err) != "" {
			return // the clock went on meanwhile
		}
		for range 3 {
			guess := fmt.Sprintf("%06d", rand.IntN(1_000_000)) //nolint:gosec // the attacker's dice
			_, err := w.Complete(t.Context(), a, started.AuthSession, guess)
			switch reasonOf(err) {
			case "":
				in.Add(1)
				return
			case login.ReasonDigitsWrong, login.ReasonDigitsBurned:
				looked.Add(1)
			}
		}
	})
	// The mean is three in a million; five times that, and two, is beyond chance.
	if most := int64(2 + logins*15/1_000_000); in.Load() > most {
		t.Errorf("%d of %d logins were guessed, more than %d", in.Load(), logins, most)
	}
	if looked.Load() < int64(logins)*5/2 {
		t.Errorf("only %d guesses at %d logins were looked at", looked.Load(), logins)
	}
}

// Whoever guesses at one person's logins is stopped after twelve guesses, on every node
// and after every restart; and nothing else is closed to that person.
func TestThreat22GuessesPerPersonAreCountedInTheDatabase(t *testing.T) {
	onBoth(t, func(w *world) {
		node := func() *attempt.Attempts { // a node more, or the same after a restart
			return attempt.New(attempt.Deps{
				Attempts: w.db.Attempts, Handles: w.db.Attempts, BrokerRequests: w.db.Attempts, QRPages: w.db.Attempts, Sessions: w.db.Sessions, People: w.db.People, Now: w.clock, Lifetimes: attempt.DefaultLifetimes(), DigitsKeys: secret.Ring{secret.Of("another key that only the nodes have")},
			})
		}
		guess := func() (attempt.Started, login.Attempt, secret.Text, error) {
			started, a, browser, err := w.confirmedFor(w.Context(), w.person, keyOfApp)
			if err != nil {
				w.Fatal(err)
			}
			_, err = node().Complete(w.Context(), a, started.AuthSession, wrongDigits(attempt.SixDigits(browser, a.ID)))
			return started, a, browser, err
		}
		for n := range 10 {
			if _, _, _, err := guess(); reasonOf(err) != login.ReasonDigitsWrong {
				w.Fatalf("guess %d: %v", n, err)
			}
		}
		w.pass(5 * time.Minute) // one guess more, and confirmations enough
		for n := range 3 {
			if _, _, _, err := guess(); reasonOf(err) != login.ReasonDigitsWrong {
				w.Fatalf("guess %d: %v", 10+n, err)
			}
		}
		started, a, browser, err := guess()
		if e := fault.AsError(err); e.Kind != fault.TooMany || e.RetryAfter <= 0 || e.RetryAfter > 5*time.Minute {
			w.Fatalf("the fourteenth guess: %v (%s)", err, e.RetryAfter)
		}
		right := attempt.SixDigits(browser, a.ID)
		if _, err := node().Complete(w.Context(), a, started.AuthSession, right); fault.AsError(err).Kind != fault.TooMany {
			w.Errorf("the right digits tell the guesser that they are right: %v", err)
		}
		if now := w.row(a.ID); now.State != login.StateConfirmed {
			w.Errorf("the pause has ended the login: %s", now.State)
		}
		// The same person logs in directly meanwhile, and somebody else by digits.
		if _, code := w.confirmed(keyOfApp, secret.New()); code.Empty() {
			w.Error("the person is locked out of the direct login")
		}
		w.meet()
		if _, _, _, err := guess(); reasonOf(err) != login.ReasonDigitsWrong {
			w.Errorf("another person: %v", err)
		}
	})
}

// "Vahvista" is counted likewise: whoever sends a person link after link is stopped.
func TestConfirmationsPerPersonAreCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := range 12 {
		if _, _, _, err := w.confirmedFor(t.Context(), w.person, keyOfApp); err != nil {
			t.Fatalf("confirmation %d: %v", n, err)
		}
	}
	browser := secret.New()
	_, a := w.linkAuthenticated(keyOfApp, browser)
	code, _, err := w.Confirm(t.Context(), a, browser, login.Event{})
	if e := fault.AsError(err); e.Kind != fault.TooMany || e.RetryAfter != time.Minute || !code.Empty() {
		t.Errorf("the thirteenth: %v", err)
	}
	if _, c := w.confirmed(keyOfApp, secret.New()); c.Empty() {
		t.Error("the direct login is closed, too")
	}
	w.pass(time.Minute)
	if code, _, err := w.Confirm(t.Context(), a, browser, login.Event{}); err != nil || code.Empty() {
		t.Errorf("a minute later: %v", err)
	}
}
