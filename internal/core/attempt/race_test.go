package attempt_test

import (
	"context"
	"os"
	"strconv"
	"sync"
	"testing"

	"avain/internal/core/attempt"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/secret"
)

// race is how many come at once, and how often. The gate runs a few; the figure of
// bars.md, 1,000 × 1,000, needs AVAIN_RACE_ROUNDS=1000.
func race(t *testing.T) (callers, rounds int) {
	t.Helper()
	v := os.Getenv("AVAIN_RACE_ROUNDS")
	if v == "" {
		return 40, 3
	}
	rounds, err := strconv.Atoi(v)
	if err != nil {
		t.Fatalf("AVAIN_RACE_ROUNDS: %v", err)
	}
	return 1000, rounds
}

// raced runs the rounds on both databases. Each round is given how many are to come.
func raced(t *testing.T, round func(w *world, callers int)) {
	t.Helper()
	onBoth(t, func(w *world) {
		callers, rounds := race(w.T)
		for range rounds {
			w.meet() // a person may do only so much in an hour
			round(w, callers)
			if w.Failed() {
				return
			}
		}
	})
}

// atOnce lets callers act at the same moment and tells what each was answered.
func atOnce(ctx context.Context, callers int, act func(ctx context.Context, i int) error) []error {
	errs := make([]error, callers)
	ready := make(chan struct{})
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			<-ready
			errs[i] = act(ctx, i)
		})
	}
	close(ready)
	all.Wait()
	return errs
}

// count sorts answers by reason; a success has none. An answer that is our own fault
// is no answer.
func (w *world) count(errs []error) map[login.Reason]int {
	w.Helper()
	counts := map[login.Reason]int{}
	for _, err := range errs {
		if err != nil && fault.AsError(err).Kind == fault.Internal {
			w.Errorf("told %v", err)
		}
		counts[reasonOf(err)]++
	}
	return counts
}

// times counts the events of a timeline that went well at a step.
func times(a login.Attempt, step, outcome string) int {
	n := 0
	for _, e := range a.Timeline {
		if e.Step == step && e.Outcome == outcome {
			n++
		}
	}
	return n
}

// One link, many browsers: one owns it for a moment, then it is burned for all.
func TestThreat05LinkOpenRace(t *testing.T) {
	raced(t, func(w *world, callers int) {
		started := w.startBy(login.MethodLink, keyOfApp)
		told := w.count(atOnce(w.Context(), callers, func(ctx context.Context, _ int) error {
			_, err := w.OpenLink(ctx, started.Attempt, secret.New(), login.Event{})
			return err
		}))
		a := w.row(started.Attempt.ID)
		if told[""] > 1 || told[login.ReasonLinkReused] < callers-1 || a.State != login.StateBurned || times(a, login.StepOpen, login.OutcomeOK) > 1 {
			w.Errorf("%v, the login is %s", told, a.State)
		}
	})
}

// "Vahvista" pressed many times at once, among browsers that do not own the login: one
// code goes out, to the one browser.
func TestThreat05ConfirmRace(t *testing.T) {
	raced(t, func(w *world, callers int) {
		mine := secret.New()
		_, a := w.linkAuthenticated(keyOfApp, mine)
		codes := make([]secret.Text, callers)
		told := w.count(atOnce(w.Context(), callers, func(ctx context.Context, i int) (err error) {
			browser := mine
			if i%3 == 0 {
				browser = secret.New()
			}
			codes[i], _, err = w.Confirm(ctx, a, browser, login.Event{})
			return err
		}))
		different := map[string]bool{}
		for i, code := range codes {
			if i%3 == 0 && !code.Empty() {
				w.Error("another browser got a code")
			}
			if !code.Empty() {
				different[code.Reveal()] = true
			}
		}
		strangers := (callers + 2) / 3
		if now := w.row(a.ID); told[""] != callers-strangers || len(different) != 1 || times(now, login.StepConfirm, login.OutcomeOK) != 1 {
			w.Errorf("%v, %d different codes, confirmed %d times", told, len(different), times(now, login.StepConfirm, login.OutcomeOK))
		}
	})
}

// The right digits, brought many times at once: three are looked at, one code comes
// out of them, and one session of that. Wrong ones beside them give nobody another try.
func TestThreat05DigitsRace(t *testing.T) {
	raced(t, func(w *world, callers int) {
		for _, wrongToo := range []bool{false, true} {
			browser, before := secret.New(), w.sessions()
			started, a := w.linkAuthenticated(keyOfApp, browser)
			_, a, err := w.Confirm(w.Context(), a, browser, login.Event{})
			if err != nil {
				w.Fatal(err)
			}
			right, err := w.Digits(a, browser)
			if err != nil {
				w.Fatal(err)
			}
			codes := make([]secret.Text, callers)
			told := w.count(atOnce(w.Context(), callers, func(ctx context.Context, i int) (err error) {
				digits := right
				if wrongToo && i%2 == 0 {
					digits = wrongDigits(right)
				}
				codes[i], err = w.Complete(ctx, a, started.AuthSession, digits)
				return err
			}))
			looked := told[""] + told[login.ReasonDigitsWrong] + told[login.ReasonDigitsBurned]
			if looked > 3 || !wrongToo && told[""] == 0 {
				w.Errorf("%v", told)
			}
			w.count(atOnce(w.Context(), callers, func(ctx context.Context, i int) error {
				if codes[i].Empty() {
					return nil
				}
				_, err := w.Redeem(ctx, rightful(codes[i], keyOfApp))
				return err
			}))
			if made := w.sessions() - before; made != min(told[""], 1) && !wrongToo || made > 1 {
				w.Errorf("%d sessions after %v", made, told)
			}
		}
	})
}

func wrongDigits(right string) string {
	if right == "000000" {
		return "000001"
	}
	return "000000"
}

// One code, scanned or typed by many phones at once: one is the first, the others burn it.
func TestThreat05ClaimRace(t *testing.T) {
	raced(t, func(w *world, callers int) {
		for _, typed := range []bool{false, true} {
			session := w.signedIn()
			page := w.shown(session)
			in := claim(w.Frame(page), "")
			if typed {
				var err error
				if page, err = w.TypeQR(w.Context(), session, page); err != nil {
					w.Fatal(err)
				}
				in.Scanned, in.Typed = "", w.Typed(page)
			}
			claims := make([]attempt.Claimed, callers)
			told := w.count(atOnce(w.Context(), callers, func(ctx context.Context, i int) (err error) {
				mine := in
				mine.Key = keyOf(1000 + i)
				claims[i], err = w.Claim(ctx, mine)
				return err
			}))
			if told[""] != 1 || told[login.ReasonQRReused] != callers-1 {
				w.Errorf("typed %v: %v", typed, told)
			}
			_, a, err := w.QR(w.Context(), session, page.ID)
			if err != nil || a.State != login.StateBurned || a.Reason != login.ReasonQRReused {
				w.Errorf("typed %v: %s, %s, %v", typed, a.State, a.Reason, err)
			}
		}
	})
}

// Numbers typed at once, half of them wrong: one counts. The code that comes out is
// fetched and redeemed many times at once, and makes one session.
func TestThreat05ApprovalRace(t *testing.T) {
	raced(t, func(w *world, callers int) {
		for _, share := range []int{1, 2} { // all right; every other one wrong
			session := w.signedIn()
			before := w.sessions()
			page := w.shown(session)
			c, err := w.Claim(w.Context(), claim(w.Frame(page), keyOfApp))
			if err != nil {
				w.Fatal(err)
			}
			page, a, err := w.QR(w.Context(), session, page.ID)
			if err != nil {
				w.Fatal(err)
			}
			told := w.count(atOnce(w.Context(), callers, func(ctx context.Context, i int) error {
				number := c.Number
				if i%share != 0 {
					number = wrong(number)
				}
				_, err := w.Approve(ctx, page, number, login.Event{})
				return err
			}))
			now := w.row(a.ID)
			counted := times(now, login.StepApprove, login.OutcomeOK) + times(now, login.StepApprove, login.OutcomeRefused)
			if counted != 1 || told[""] > 1 || share == 1 && told[""] != 1 || (now.State == login.StateApproved) != (told[""] == 1) {
				w.Errorf("%d counted, %v, the login is %s", counted, told, now.State)
			}
			w.count(atOnce(w.Context(), callers, func(ctx context.Context, _ int) error {
				code, err := w.Collect(ctx, now, c.AuthSession)
				if err != nil {
					return err
				}
				in := rightful(code, keyOfApp)
				in.RedirectURI = ""
				_, err = w.Redeem(ctx, in)
				return err
			}))
			if made := w.sessions() - before; made != told[""] {
				w.Errorf("%d sessions after %v", made, told)
			}
		}
	})
}

// One authorization code, redeemed many times at once. The app with a key gets the
// same answer each time, because its first may have been lost; a client without one
// gets it once.
func TestThreat05CodeRace(t *testing.T) {
	raced(t, func(w *world, callers int) {
		for _, key := range []string{keyOfApp, ""} {
			before := w.sessions()
			a, code := w.confirmed(key, secret.New())
			refresh := make([]secret.Text, callers)
			told := w.count(atOnce(w.Context(), callers, func(ctx context.Context, i int) error {
				granted, err := w.Redeem(ctx, rightful(code, key))
				refresh[i] = granted.Refresh
				return err
			}))
			different := map[string]bool{}
			for _, r := range refresh {
				if !r.Empty() {
					different[r.Reveal()] = true
				}
			}
			answered, live := 1, 0 // without a key the second one may be a thief: the session ends
			if key != "" {
				answered, live = callers, 1
			}
			if told[""] != answered || len(different) != 1 || w.sessions()-before != live || w.row(a.ID).Session == "" {
				w.Errorf("key %q: %v, %d different tokens, %d sessions", key, told, len(different), w.sessions()-before)
			}
		}
	})
}
