package attempt_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"avain/internal/core/attempt"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/secret"

	"github.com/anishathalye/porcupine"
	"pgregory.net/rapid"
)

// signedIn is the session of a browser whose person has just authenticated.
func (w *world) signedIn() login.Session {
	w.Helper()
	_, code := w.confirmed(keyOfApp, secret.New())
	granted, err := w.Redeem(w.Context(), rightful(code, keyOfApp))
	if err != nil {
		w.Fatal(err)
	}
	return granted.Session
}

func (w *world) shown(session login.Session) login.QRPage {
	w.Helper()
	p, err := w.ShowQR(w.Context(), session, "192.0.2.0/32")
	if err != nil {
		w.Fatal(err)
	}
	return p
}

// claim is what the phone with that key sends.
func claim(payload, key string) attempt.ClaimRequest {
	return attempt.ClaimRequest{
		Scanned: payload, Client: clientID, Key: key, Network: "192.0.2.0/32",
		Request: login.Request{Scopes: []string{"openid", "offline_access"}, CodeChallenge: challengeOf(verifier)},
	}
}

func wrong(number string) string {
	if number == "07" {
		return "70"
	}
	return "07"
}

// A QR login keeps the time and means of the authentication behind it, and shows no
// code itself, however fresh that was.
func TestThreat12QRNeedsAFreshAuthentication(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	session := w.signedIn()
	for name, change := range map[string]func(*login.Session){
		"by QR code":           func(s *login.Session) { s.Method = login.MethodQR },
		"by QR code, as amr":   func(s *login.Session) { s.AMR = []string{"bank", "qr"} },
		"ten minutes ago":      func(s *login.Session) { s.AuthTime = s.AuthTime.Add(-10 * time.Minute) },
		"never":                func(s *login.Session) { s.AuthTime = time.Time{} },
		"in an ended session":  func(s *login.Session) { s.EndsAt = w.clock() },
		"in a revoked session": func(s *login.Session) { s.RevokedAt = w.clock() },
	} {
		changed := session
		change(&changed)
		if _, err := w.ShowQR(t.Context(), changed, ""); reasonOf(err) != login.ReasonSignInAgain {
			t.Errorf("authenticated %s: %v", name, err)
		}
		if _, err := w.TypeQR(t.Context(), changed, w.shown(session)); reasonOf(err) != login.ReasonSignInAgain {
			t.Errorf("authenticated %s, typed: %v", name, err)
		}
	}
	p := w.shown(session)
	w.pass(20 * time.Second)
	c, err := w.Claim(t.Context(), claim(w.Frame(p), keyOfApp))
	if err != nil {
		t.Fatal(err)
	}
	if a := c.Attempt; !a.AuthTime.Equal(session.AuthTime) || a.ACR != session.ACR || strings.Join(a.AMR, " ") != "bank qr" || a.Person != session.Person {
		t.Errorf("the login says %s %s %v of %s", a.AuthTime, a.ACR, a.AMR, a.Person)
	}
}

// A person who is locked gets nothing at any step.
func TestThreat13LockedPersonGetsNothingByQR(t *testing.T) {
	t.Parallel()
	for step := range 4 {
		w := newWorld(t)
		session := w.signedIn()
		lock := func(at int) {
			if at == step {
				if err := w.db.People.LockPerson(t.Context(), session.Person, w.clock()); err != nil {
					t.Fatal(err)
				}
			}
		}
		lock(0)
		p, err := w.ShowQR(t.Context(), session, "")
		var c attempt.Claimed
		if err == nil {
			lock(1)
			c, err = w.Claim(t.Context(), claim(w.Frame(p), keyOfApp))
		}
		if err == nil {
			lock(2)
			p, _, _ = w.QR(t.Context(), session, p.ID)
			_, err = w.Approve(t.Context(), p, c.Number, login.Event{})
		}
		if err == nil {
			lock(3)
			var a login.Attempt
			if a, err = w.ForApp(t.Context(), clientID, c.AuthSession, keyOfApp); err == nil {
				_, err = w.Collect(t.Context(), a, c.AuthSession)
			}
		}
		if reasonOf(err) != login.ReasonPersonLocked {
			t.Errorf("locked before step %d: %v", step, err)
		}
	}
}

func TestQRPageBelongsToItsSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	session, other := w.signedIn(), w.signedIn()
	p := w.shown(session)
	for name, ask := range map[string]struct {
		session login.Session
		page    string
	}{"another session": {other, p.ID}, "no such page": {session, login.NewID()}, "garbage": {session, "x"}} {
		if _, _, err := w.QR(t.Context(), ask.session, ask.page); reasonOf(err) != login.ReasonPageUnknown {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, _, err := w.QR(t.Context(), session, p.ID); err != nil || got.ID != p.ID {
		t.Error(err)
	}
	if _, err := w.Approve(t.Context(), p, "12", login.Event{}); !errors.Is(err, fault.ErrMoved) {
		t.Errorf("approving what nobody has scanned: %v", err)
	}
}

// rules are the whole of a QR page in a few lines: what the code must agree with.
type rules struct {
	state     string // shown, claimed, approved, reused, wrong, denied, late, redeemed
	owner     int
	collected bool
}

type act struct {
	does  string // claim, right, wrong, refuse, collect, redeem
	phone int
}

// step answers what must come out, and what is true after it.
func (m rules) step(a act) (string, rules) {
	live := m.state == "claimed" || m.state == "approved"
	mine := m.state != "shown" && m.owner == a.phone
	next := m
	switch a.does {
	case "claim":
		switch {
		case m.state == "shown":
			next.state, next.owner = "claimed", a.phone
			return "ok", next
		case mine && m.state == "claimed":
			return "ok", m
		case mine:
			return "qr_used", m
		case live:
			next.state = "reused"
			return "qr_reused", next
		case m.state == "reused":
			return "qr_reused", m
		default:
			return "qr_used", m
		}
	case "right", "wrong":
		if m.state != "claimed" {
			return "moved", m
		}
		next.state = map[string]string{"right": "approved", "wrong": "wrong"}[a.does]
		return a.does, next
	case "refuse":
		if !live {
			return "moved", m
		}
		next.state = "denied"
		return "ok", next
	case "collect":
		switch {
		case mine && m.state == "claimed":
			return "approval_required", m
		case mine && m.state == "approved":
			next.collected = true
			return "ok", next
		default:
			return "refused", m
		}
	default: // redeem
		if mine && m.collected && (m.state == "approved" || m.state == "redeemed") {
			next.state = "redeemed"
			return "ok", next
		}
		return "refused", m
	}
}

// table is one page with phones that want to scan it.
type table struct {
	*world
	session login.Session
	page    login.QRPage
	frame   string

	mu    sync.Mutex
	found map[int]attempt.Claimed
	codes map[int]secret.Text
}

func (w *world) table() *table {
	session := w.signedIn()
	t := &table{world: w, session: session, page: w.shown(session), found: map[int]attempt.Claimed{}, codes: map[int]secret.Text{}}
	t.frame = w.Frame(t.page)
	return t
}

func keyOf(phone int) string { return fmt.Sprintf("%s%d", keyOfApp[:len(keyOfApp)-1], phone) }

// nothingToBring is what comes out when the phone has nothing to ask with.
const nothingToBring = ""

// do carries out an act and says what came out, in the words of the rules.
func (t *table) do(a act) (string, error) {
	switch a.does {
	case "claim":
		c, err := t.Claim(t.Context(), claim(t.frame, keyOf(a.phone)))
		if err != nil {
			return t.told(err)
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		t.found[a.phone] = c
		return "ok", nil
	case "right", "wrong":
		p, at, err := t.QR(t.Context(), t.session, t.page.ID)
		if err != nil {
			return "", err
		}
		number := attempt.NumberOf(t.Attempts, p, at)
		if a.does == "wrong" {
			number = wrong(number)
		}
		_, err = t.Approve(t.Context(), p, number, login.Event{})
		switch {
		case err == nil:
			return "right", nil
		case errors.Is(err, fault.ErrMoved):
			return "moved", nil
		case reasonOf(err) == login.ReasonQRWrongNumber:
			return "wrong", nil
		default:
			return "", err
		}
	case "refuse":
		_, at, err := t.QR(t.Context(), t.session, t.page.ID)
		if err != nil || at.ID == "" {
			return "moved", err
		}
		if _, err = t.End(t.Context(), at, attempt.Deny, login.ReasonCancelledByPerson, login.Event{}); errors.Is(err, fault.ErrMoved) {
			return "moved", nil
		}
		return "ok", err
	case "collect":
		return t.collect(a.phone)
	default:
		return t.redeem(a.phone)
	}
}

func (t *table) told(err error) (string, error) {
	switch r := reasonOf(err); r {
	case login.ReasonQRReused, login.ReasonQRUsed, login.ReasonApprovalRequired:
		return string(r), nil
	default:
		return "", err
	}
}

func (t *table) collect(phone int) (string, error) {
	t.mu.Lock()
	c, has := t.found[phone]
	t.mu.Unlock()
	if !has {
		return nothingToBring, nil
	}
	a, err := t.ForApp(t.Context(), clientID, c.AuthSession, keyOf(phone))
	if err != nil {
		return "", err
	}
	code, err := t.Collect(t.Context(), a, c.AuthSession)
	if reasonOf(err) == login.ReasonApprovalRequired {
		return "approval_required", nil
	}
	if err != nil {
		return refusal(err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.codes[phone] = code
	return "ok", nil
}

func (t *table) redeem(phone int) (string, error) {
	t.mu.Lock()
	code, has := t.codes[phone]
	t.mu.Unlock()
	if !has {
		return nothingToBring, nil
	}
	in := rightful(code, keyOf(phone))
	in.RedirectURI = ""
	if _, err := t.Redeem(t.Context(), in); err != nil {
		return refusal(err)
	}
	return "ok", nil
}

// refusal tells a no from a mishap.
func refusal(err error) (string, error) {
	if fault.AsError(err).Kind == fault.Internal {
		return "", err
	}
	return "refused", nil
}

var acts = []string{"claim", "claim", "right", "wrong", "refuse", "collect", "redeem"}

// Any acts in any order: each is answered as the rules say.
func TestQRFollowsTheRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := w.table()
	for _, does := range []string{"claim", "claim", "collect", "right", "collect", "collect", "redeem", "redeem"} {
		if got, err := good.do(act{does, 0}); err != nil || got == "refused" || got == nothingToBring {
			t.Fatalf("%s: %q, %v", does, got, err)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		w.pass(time.Hour) // pages per person are bounded
		table, m := w.table(), rules{state: "shown"}
		for range rapid.IntRange(1, 14).Draw(rt, "acts") {
			a := act{rapid.SampledFrom(acts).Draw(rt, "does"), rapid.IntRange(0, 2).Draw(rt, "phone")}
			if rapid.IntRange(0, 2).Draw(rt, "well behaved") > 0 {
				a.phone = 0
			}
			var want string
			want, m = m.step(a)
			got, err := table.do(a)
			if got == nothingToBring {
				got = "refused"
			}
			if err != nil || got != want {
				rt.Fatalf("%+v: %q, %v; want %q (then %+v)", a, got, err, want, m)
			}
		}
	})
}

// Many acts at once: there is an order of them in which each is answered as the rules
// say, so that everything which may happen once happens once (threat 5).
func TestThreat05QRIsLinearizable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	model := porcupine.Model{
		Init: func() any { return rules{state: "shown"} },
		Step: func(state, input, output any) (bool, any) {
			m, _ := state.(rules)
			a, _ := input.(act)
			want, next := m.step(a)
			return want == output, next
		},
		DescribeOperation: func(input, output any) string { return fmt.Sprint(input, " → ", output) },
	}
	for round := range 40 {
		w.pass(time.Hour)
		table := w.table()
		var tick atomic.Int64
		var mu sync.Mutex
		var history []porcupine.Operation
		run := func(client int, all ...act) {
			for _, a := range all {
				call := tick.Add(1)
				out, err := table.do(a)
				back := tick.Add(1)
				if err != nil {
					t.Errorf("%+v: %v", a, err)
					return
				}
				if out == nothingToBring {
					continue // it asked nothing
				}
				mu.Lock()
				history = append(history, porcupine.Operation{ClientId: client, Input: a, Call: call, Output: out, Return: back})
				mu.Unlock()
			}
		}
		var phones sync.WaitGroup
		rival := round%2 == 0 // every other round has a second phone
		phones.Go(func() { run(0, act{"claim", 0}, act{"collect", 0}, act{"collect", 0}, act{"redeem", 0}) })
		phones.Go(func() { run(1, act{"claim", 0}, act{"collect", 0}, act{"redeem", 0}) })
		phones.Go(func() { run(2, act{"right", 0}, act{"right", 0}, act{"collect", 0}, act{"redeem", 0}) })
		phones.Go(func() {
			if round%3 == 0 {
				run(3, act{"wrong", 0}, act{"refuse", 0})
			}
			if rival {
				run(3, act{"claim", 1}, act{"collect", 1}, act{"redeem", 1})
			}
		})
		phones.Wait()
		run(0, act{"right", 0}, act{"collect", 0}, act{"redeem", 0}, act{"claim", 2})
		if !porcupine.CheckOperations(model, history) {
			t.Fatalf("no order explains round %d: %+v", round, history)
		}
	}
}
