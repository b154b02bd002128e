package attempt_test

import (
	"testing"

	"avain/internal/core/attempt"
	"avain/internal/domain/login"
	"avain/internal/secret"
)

// While the shared secret is replaced, one node uses the new generation and another the old
// one, and both know both: a login that they share comes to the same end as ever.
func TestThreat63NodesOfTwoGenerationsShareALogin(t *testing.T) {
	onBoth(t, func(w *world) {
		old, fresh := secret.New(), secret.New()
		node := func(generations secret.Ring) *attempt.Attempts {
			return attempt.New(attempt.Deps{
				Attempts: w.db.Attempts, Handles: w.db.Attempts, BrokerRequests: w.db.Attempts, QRPages: w.db.Attempts, Sessions: w.db.Sessions, People: w.db.People, Now: w.clock, Lifetimes: attempt.DefaultLifetimes(),
				DigitsKeys: generations.Derive("digits"), QRKeys: generations.Derive("qr"),
			})
		}
		before, after := node(secret.Ring{old, fresh}), node(secret.Ring{fresh, old})
		for name, pair := range map[string][2]*attempt.Attempts{"old, then new": {before, after}, "new, then old": {after, before}} {
			w.meet()
			digitsShared(w, name, pair[0], pair[1])
			for _, typed := range []bool{false, true} {
				qrShared(w, name, typed, pair[0], pair[1])
			}
		}
		// Once the old generation is gone, what it made is of no use.
		_, a, browser, err := w.confirmedFor(w.Context(), w.person, keyOfApp)
		if err != nil {
			w.Fatal(err)
		}
		gone := node(secret.Ring{secret.New()})
		if _, err := gone.Complete(w.Context(), a, secret.New(), attempt.SixDigits(browser, a.ID)); reasonOf(err) != login.ReasonDigitsWrong {
			w.Errorf("digits by a key that nobody holds: %v", err)
		}
	})
}

func digitsShared(w *world, name string, one, other *attempt.Attempts) {
	w.Helper()
	browser := secret.New()
	started, a := w.linkAuthenticated(keyOfApp, browser)
	_, a, err := one.Confirm(w.Context(), a, browser, login.Event{})
	if err != nil {
		w.Fatal(err)
	}
	digits, err := other.Digits(a, browser)
	if err != nil {
		w.Fatal(err)
	}
	if _, err := other.Complete(w.Context(), a, started.AuthSession, wrongDigits(digits)); reasonOf(err) != login.ReasonDigitsWrong {
		w.Errorf("%s: wrong digits: %v", name, err)
	}
	if _, err := other.Complete(w.Context(), a, started.AuthSession, digits); err != nil {
		w.Errorf("%s: right digits: %v", name, err)
	}
}

func qrShared(w *world, name string, typed bool, one, other *attempt.Attempts) {
	w.Helper()
	session := w.signedIn()
	p, err := one.ShowQR(w.Context(), session, "192.0.2.0/32")
	if err != nil {
		w.Fatal(err)
	}
	in := claim(one.Frame(p), keyOfApp)
	if typed {
		if p, err = other.TypeQR(w.Context(), session, p); err != nil {
			w.Fatal(err)
		}
		if one.Typed(p) != other.Typed(p) {
			w.Errorf("%s: two nodes show two codes", name)
		}
		in.Scanned, in.Typed = "", one.Typed(p)
	}
	claimed, err := other.Claim(w.Context(), in)
	if err != nil {
		w.Fatalf("%s, typed %t: %v", name, typed, err)
	}
	again, err := one.Claim(w.Context(), in)
	if err != nil || again.Number != claimed.Number || !again.AuthSession.Equal(claimed.AuthSession) {
		w.Errorf("%s, typed %t: a lost answer is another one on another node: %v", name, typed, err)
	}
	if p, _, err = one.QR(w.Context(), session, p.ID); err != nil || p.Elsewhere {
		w.Errorf("%s: one network is two: %v", name, err)
	}
	if _, err := one.Approve(w.Context(), p, claimed.Number, login.Event{}); err != nil {
		w.Errorf("%s, typed %t: the phone's number: %v", name, typed, err)
	}
}
