package server_test

import (
	"net/http"
	"net/url"
	"testing"

	"avain/internal/domain/login"
)

// A login that is given up in the app ends on the page as well, at once; and only the app
// that began it can give it up.
func TestGivingUp(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	page := r.showQR()
	s := r.scan(page)
	giveUp := url.Values{"auth_session": {s.AuthSession}, "error": {"access_denied"}, "client_id": {"smartumpay"}}
	stranger, _ := r.phone()
	if err := stranger.Post(t.Context(), "/authorize-challenge", giveUp, nil); reason(err) != login.ReasonAttemptUnknown {
		t.Errorf("another phone: %v", err)
	}
	if a := r.attempt(s.SupportCode); a.State != login.StateClaimed {
		t.Fatalf("another phone ended it: %s", a.State)
	}
	for range 2 { // a double press
		if err := r.app.Post(t.Context(), "/authorize-challenge", giveUp, nil); err != nil {
			t.Fatal(err)
		}
	}
	if a := r.attempt(s.SupportCode); a.State != login.StateDenied || a.Reason != login.ReasonCancelledByPerson {
		t.Errorf("%s, %s", a.State, a.Reason)
	}
	r.mustTell(r.seen(page), "Kirjautuminen peruttiin")
	if _, err := r.app.CollectAndRedeem(t.Context(), s); err == nil {
		t.Error("a login that was given up went on")
	}

	l := r.link(r.App + "/return")
	if err := r.app.Post(t.Context(), "/authorize-challenge", url.Values{"auth_session": {l.AuthSession}, "error": {"access_denied"}, "client_id": {"smartumpay"}}, nil); err != nil {
		t.Fatal(err)
	}
	opened, err := r.browser.Open(t.Context(), l.LoginLink)
	if err != nil || opened.Status != http.StatusGone {
		t.Errorf("the link of a login that was given up: %d, %v", opened.Status, err)
	}
}
