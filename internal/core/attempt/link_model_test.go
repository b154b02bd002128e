package attempt_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"avain/internal/core/attempt"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/protocol/oauth"
	"avain/internal/secret"

	"github.com/anishathalye/porcupine"
	"pgregory.net/rapid"
)

// linkRules are the whole of a confirmed login in a few lines, from the confirm page
// on: what the code must agree with. They hold for links and for direct logins whose
// redirect was lost.
type linkRules struct {
	state string // authenticated, confirmed, redeemed, over
	tries int
	code  string // whose code is the one that counts: "", browser, app
}

// The acts of a link login. The browser presses "Vahvista" or refuses; a stranger's
// browser presses too; the app brings digits, right or wrong, and redeems the code that
// the browser has, or the one that it got for digits.
var linkActs = []string{"confirm", "foreign confirm", "right", "wrong", "refuse", "redeem browser", "redeem app"}

// step answers what must come out, and what is true after it.
func (m linkRules) step(does string) (string, linkRules) {
	next := m
	switch does {
	case "confirm":
		if m.state != "authenticated" && m.state != "confirmed" {
			return "no", m
		}
		next.state, next.code = "confirmed", "browser"
		return "ok", next
	case "foreign confirm":
		return "no", m
	case "right", "wrong":
		if m.state != "confirmed" || m.tries == 3 {
			return "no", m
		}
		next.tries++
		switch {
		case does == "right":
			next.code = "app"
			return "ok", next
		case next.tries == 3:
			next.state = "over"
			return "burned", next
		default:
			return "wrong", next
		}
	case "refuse":
		if m.state != "authenticated" && m.state != "confirmed" {
			return "no", m
		}
		next.state = "over"
		return "ok", next
	default: // redeem; once more by the same app gets the same answer
		if m.state != "confirmed" && m.state != "redeemed" || does != "redeem "+m.code {
			return "no", m
		}
		next.state = "redeemed"
		return "ok", next
	}
}

// possible are the outcomes when acts overlap. Bringing digits is two steps, the try
// and what comes of it, and others may come between them; so is pressing "Vahvista"
// twice. What must never be is in none of them: a fourth try, a code for wrong digits,
// a second session, a code for a stranger.
func (m linkRules) possible(does, out string) (all []any) {
	if want, next := m.step(does); want == out {
		all = append(all, next)
	}
	spent := m
	spent.tries++
	switch {
	case does == "confirm" && out == "ok" && m.state == "confirmed":
		all = append(all, m) // came second: gets the code that is out, and changes nothing
	case does == "right" && out == "no" && m.state == "confirmed" && m.tries < 3:
		all = append(all, spent) // the login ended between the try and the code
	case does == "wrong" && out == "burned" && m.state == "confirmed" && m.tries == 2:
		all = append(all, spent) // the try is spent; the end is yet to come, or came otherwise
	}
	return all
}

// desk is one login that waits for its confirmation, with all who act on it.
type desk struct {
	*world
	started attempt.Started
	browser secret.Text
	right   string // the digits, which the browser will show

	mu    sync.Mutex
	codes map[string]secret.Text // of browser and app
}

func (w *world) desk(method login.Method) *desk {
	d := &desk{world: w, browser: secret.New(), codes: map[string]secret.Text{}}
	if method == login.MethodLink {
		d.started, _ = w.linkAuthenticated(keyOfApp, d.browser)
	} else {
		d.started = w.start(keyOfApp)
		w.prove(d.started.Attempt, d.browser)
	}
	d.right = attempt.SixDigits(d.browser, d.started.Attempt.ID)
	return d
}

func (d *desk) keep(whose string, code secret.Text) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.codes[whose] = code
}

// do carries out an act and says what came out, in the words of the rules. An act that
// has nothing to bring answers nothing.
func (d *desk) do(does string) (string, error) {
	a, err := d.db.Attempts.AttemptByID(d.Context(), d.started.Attempt.ID)
	if err != nil {
		return "", err
	}
	switch does {
	case "confirm", "foreign confirm":
		browser := d.browser
		if does != "confirm" {
			browser = secret.New()
		}
		var code secret.Text
		if code, _, err = d.Confirm(d.Context(), a, browser, login.Event{}); err == nil {
			d.keep("browser", code)
		}
	case "right", "wrong":
		digits := d.right
		if does == "wrong" {
			digits = wrongDigits(d.right)
		}
		var code secret.Text
		code, err = d.Complete(d.Context(), a, d.started.AuthSession, digits)
		switch reasonOf(err) {
		case login.ReasonDigitsWrong:
			return "wrong", nil
		case login.ReasonDigitsBurned:
			return "burned", nil
		case "":
			d.keep("app", code)
		}
	case "refuse":
		_, err = d.End(d.Context(), a, attempt.Deny, login.ReasonCancelledByPerson, login.Event{})
	default:
		d.mu.Lock()
		code, has := d.codes[does[len("redeem "):]]
		d.mu.Unlock()
		if !has {
			return nothingToBring, nil
		}
		_, err = d.Redeem(d.Context(), rightful(code, keyOfApp))
	}
	switch {
	case err == nil:
		return "ok", nil
	case fault.AsError(err).Kind == fault.Internal && !errors.Is(err, fault.ErrMoved):
		return "", err
	default:
		return "no", nil
	}
}

// Any acts in any order: each is answered as the rules say.
func TestLinkFollowsTheRules(t *testing.T) {
	t.Parallel()
	for _, method := range []login.Method{login.MethodLink, login.MethodDirect} {
		t.Run(string(method), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			rapid.Check(t, func(rt *rapid.T) {
				w.meet()
				d, m := w.desk(method), linkRules{state: "authenticated"}
				for range rapid.IntRange(1, 12).Draw(rt, "acts") {
					does := rapid.SampledFrom(linkActs).Draw(rt, "does")
					if rapid.IntRange(0, 3).Draw(rt, "well behaved") > 0 && m.state == "authenticated" {
						does = "confirm"
					}
					var want string
					want, m = m.step(does)
					got, err := d.do(does)
					if got == nothingToBring {
						got = "no"
					}
					if err != nil || got != want {
						rt.Fatalf("%s: %q, %v; want %q (then %+v)", does, got, err, want, m)
					}
				}
			})
		})
	}
}

// Many acts at once: there is an order of them in which each is answered as the rules
// say, so that everything which may happen once happens once (threat 5).
func TestThreat05LinkIsLinearizable(t *testing.T) {
	model := porcupine.NondeterministicModel{
		Init: func() []any { return []any{linkRules{state: "authenticated"}} },
		Step: func(state, input, output any) []any {
			m, _ := state.(linkRules)
			does, _ := input.(string)
			out, _ := output.(string)
			return m.possible(does, out)
		},
		DescribeOperation: func(input, output any) string { return fmt.Sprint(input, " → ", output) },
	}
	plans := [][][]string{
		{{"confirm", "redeem browser", "redeem app"}, {"confirm", "right", "redeem app"}, {"wrong", "wrong", "wrong"}, {"foreign confirm", "refuse"}},
		{{"confirm", "redeem browser"}, {"right", "redeem app", "redeem browser"}, {"right", "right", "redeem app"}, {"confirm", "redeem browser"}},
		{{"confirm", "refuse"}, {"right", "redeem app"}, {"wrong", "right", "redeem app"}, {"wrong", "wrong", "redeem browser"}},
	}
	onBoth(t, func(w *world) {
		for round := range 30 {
			w.meet()
			d := w.desk([]login.Method{login.MethodLink, login.MethodDirect}[round%2])
			history := d.play(plans[round%len(plans)])
			if w.Failed() {
				return
			}
			if !porcupine.CheckOperations(model.ToModel(), history) {
				w.Fatalf("no order explains round %d: %+v", round, history)
			}
			if n := w.sessions(); n > 1 {
				w.Fatalf("%d sessions in round %d", n, round)
			}
		}
	})
}

// play lets everybody act at once, and at the end once more what must be settled.
func (d *desk) play(plan [][]string) (history []porcupine.Operation) {
	var tick atomic.Int64
	var mu sync.Mutex
	run := func(client int, acts []string) {
		for _, does := range acts {
			call := tick.Add(1)
			out, err := d.do(does)
			back := tick.Add(1)
			if err != nil {
				d.Errorf("%s: %v", does, err)
				return
			}
			if out == nothingToBring {
				continue // it asked nothing
			}
			mu.Lock()
			history = append(history, porcupine.Operation{ClientId: client, Input: does, Call: call, Output: out, Return: back})
			mu.Unlock()
		}
	}
	var all sync.WaitGroup
	for client, acts := range plan {
		all.Go(func() { run(client, acts) })
	}
	all.Wait()
	run(0, []string{"redeem app", "redeem browser", "confirm", "right"})
	return history
}

// meanwhile does something between the look at a code and its redemption.
type meanwhile struct {
	attempt.AttemptStore
	first func()
}

func (m meanwhile) RedeemCode(ctx context.Context, r login.Redemption) (login.Attempt, error) {
	m.first()
	return m.AttemptStore.RedeemCode(ctx, r)
}

// The six digits are brought at the very moment in which the browser's code arrives:
// the code is dead, and that is no fault of ours.
func TestCodeReplacedWhileItIsRedeemed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.desk(login.MethodLink)
	code, a, err := d.Confirm(t.Context(), w.row(d.started.Attempt.ID), d.browser, login.Event{})
	if err != nil {
		t.Fatal(err)
	}
	var other secret.Text
	late := attempt.New(attempt.Deps{
		Attempts: meanwhile{w.db.Attempts, func() {
			if other, err = d.Complete(t.Context(), a, d.started.AuthSession, d.right); err != nil {
				t.Error(err)
			}
		}}, Handles: w.db.Attempts, BrokerRequests: w.db.Attempts, QRPages: w.db.Attempts, Sessions: w.db.Sessions,
		People: w.db.People, Now: w.clock, Lifetimes: attempt.DefaultLifetimes(),
	})
	_, err = late.Redeem(t.Context(), rightful(code, keyOfApp))
	if e := fault.AsError(err); e.Kind != fault.Invalid || e.Reason != login.ReasonCodeWrong || e.Code != oauth.InvalidGrant {
		t.Errorf("told %v", err)
	}
	if _, err := w.Redeem(t.Context(), rightful(other, keyOfApp)); err != nil {
		t.Error(err)
	}
}
