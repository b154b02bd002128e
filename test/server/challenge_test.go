package server_test

import (
	"net/http"
	"net/url"
	"testing"

	"avain/internal/robot"
)

// The challenge endpoint answers with the errors and statuses of
// draft-ietf-oauth-first-party-apps-04 §5.2.2, and with our reason beside them.
func TestChallengeErrorsFollowTheDraft(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.link(r.Service + "/return")
	ask := func(auth, digits string) robot.Refusal {
		t.Helper()
		form := url.Values{"client_id": {"smartumpay"}}
		for name, value := range map[string]string{"auth_session": auth, "tx_code": digits} {
			if value != "" {
				form.Set(name, value)
			}
		}
		return refusal(r.app.Post(t.Context(), "/authorize-challenge", form, &struct{}{}))
	}
	expect := func(what string, got robot.Refusal, code, reason string) {
		t.Helper()
		if got.Status != http.StatusBadRequest || got.Code != code || got.Reason != reason || got.SupportCode == "" || got.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s (%s), support code %q", what, got.Status, got.Code, got.Reason, got.SupportCode)
		}
	}
	expect("no session", ask("", "123456"), "invalid_request", "request_invalid")
	expect("unknown session", ask("made-up", "123456"), "invalid_session", "attempt_unknown")
	expect("no digits", ask(l.AuthSession, ""), "invalid_request", "request_invalid")
	expect("five digits", ask(l.AuthSession, "12345"), "invalid_request", "request_invalid")
	expect("letters", ask(l.AuthSession, "12345x"), "invalid_request", "request_invalid")
	expect("not confirmed", ask(l.AuthSession, "123456"), "insufficient_authorization", "digits_expired")

	right := digitsOn(t, r.press(r.walkLink(l), "Vahvista kirjautuminen"))
	expect("first wrong try", ask(l.AuthSession, otherDigits(right, 1)), "insufficient_authorization", "digits_wrong")
	expect("second wrong try", ask(l.AuthSession, otherDigits(right, 2)), "insufficient_authorization", "digits_wrong")
	expect("third wrong try", ask(l.AuthSession, otherDigits(right, 3)), "access_denied", "digits_burned")
}
