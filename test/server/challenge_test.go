package server_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"avain/internal/testkit/robot"
)

// The challenge endpoint answers with the errors and statuses of
// draft-ietf-oauth-first-party-apps-04 §5.2.2 and §5.2.2.1, and with our reason beside
// them.
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
		status := http.StatusBadRequest
		if code == "insufficient_authorization" || code == "redirect_to_web" {
			status = http.StatusForbidden
		}
		if got.Status != status || got.Code != code || got.Reason != reason || got.SupportCode == "" || got.Header.Get("Cache-Control") != "no-store" {
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

	// What begins nothing here belongs into the browser; no request_uri comes with it,
	// because /par makes those (§5.2.2.1.1).
	for name, form := range map[string]url.Values{
		"nothing": {}, "an identifier": {"login_hint": {"aino@example.com"}},
		"an authorization request": {"response_type": {"code"}, "scope": {"openid"}, "code_challenge": {strings.Repeat("a", 43)}, "code_challenge_method": {"S256"}},
	} {
		form.Set("client_id", "smartumpay")
		var answer map[string]any
		got := refusal(r.app.Post(t.Context(), "/authorize-challenge", form, &answer))
		expect(name, got, "redirect_to_web", "request_invalid")
		if got.AuthSession != "" || answer != nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
	expect("another response type", refusal(r.app.Post(t.Context(), "/authorize-challenge", url.Values{
		"client_id": {"smartumpay"}, "response_type": {"token"}, "qr": {"AVAIN1:x"},
	}, nil)), "unsupported_response_type", "request_invalid")
	if got := refusal(r.app.Post(t.Context(), "/authorize-challenge", url.Values{"client_id": {"another"}, "auth_session": {l.AuthSession}}, nil)); got.Status != http.StatusUnauthorized {
		t.Errorf("another client_id: %+v", got)
	}
}

// A client finds the endpoint by discovery, in both documents (RFC 8414, §8 of the draft).
func TestDiscoveryNamesTheChallengeEndpoint(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
		status, body, _ := r.send(http.MethodGet, path, nil, nil)
		var document struct {
			Challenge string `json:"authorization_challenge_endpoint"`
		}
		if err := json.Unmarshal([]byte(body), &document); err != nil || status != http.StatusOK || document.Challenge != r.Service+"/authorize-challenge" {
			t.Errorf("%s: %d, %v, %q", path, status, err, document.Challenge)
		}
	}
}
