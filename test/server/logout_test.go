package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/platform/keyset"
	"avain/internal/protocol/signing"
)

// Without a hint nobody says which app is meant: what the browser itself holds is ended,
// and only after the person has been asked.
func TestLogoutWithoutAHint(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	one := r.handset("aino")
	_, r.browser = r.phone()
	r.press(r.at(r.Service+"/me"), "Kirjaudu", "kuikka", "aino", "Vahvista")
	signedIn := func() bool { return strings.Contains(r.at(r.Service+"/me").Body, `action="/me/logout"`) }
	if !signedIn() {
		t.Fatal("not signed in to begin with")
	}
	back := url.Values{"client_id": {"smartumpay"}, "post_logout_redirect_uri": {r.App + "/"}, "state": {"s1"}}
	for name, ask := range map[string]url.Values{"nothing": {}, "a client and where to": back} {
		page := r.at(r.Service + "/logout?" + ask.Encode())
		if page.App != "" || !strings.Contains(page.Body, "näiltä sivuilta tässä selaimessa") {
			t.Errorf("%s: not asked, sent to %q: %s", name, page.App, page.Body)
		}
	}
	// The form of another site asks as a link does, and cannot press our button.
	page, err := r.browser.SubmitFrom(t.Context(), "https://evil.example/", r.Service+"/logout", back)
	if err != nil || page.App != "" || !strings.Contains(page.Body, "näiltä sivuilta tässä selaimessa") {
		t.Errorf("a form: %q, %v", page.App, err)
	}
	foreign := http.Header{"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"}}
	if status, _, _ := r.send(http.MethodPost, "/logout/browser", url.Values{}, foreign); status != http.StatusForbidden {
		t.Errorf("another site presses the button: %d", status)
	}
	if !signedIn() {
		t.Fatal("asking has logged out")
	}
	if done := r.press(page, "Kirjaudu ulos"); done.App != r.App+"/?state=s1" {
		t.Errorf("sent to %q: %s", done.App, done.Body)
	}
	if signedIn() {
		t.Error("still signed in")
	}
	if !one.in() {
		t.Error("the app on the phone was logged out too")
	}
	// Now there is nothing to ask about.
	if page := r.at(r.Service + "/logout"); !strings.Contains(page.Body, "Tässä selaimessa ei ole kirjauduttu") {
		t.Errorf("nobody is signed in: %s", page.Body)
	}
	if page := r.at(r.Service + "/logout?" + back.Encode()); page.App != r.App+"/?state=s1" {
		t.Errorf("nobody is signed in, sent to %q", page.App)
	}
	for name, bend := range map[string]url.Values{
		"an address of nobody":       {"post_logout_redirect_uri": {r.App + "/"}},
		"an unregistered address":    {"client_id": {"smartumpay"}, "post_logout_redirect_uri": {"https://evil.example/"}},
		"an address of another":      {"client_id": {"avain-web"}, "post_logout_redirect_uri": {r.App + "/"}},
		"a client that is not there": {"client_id": {"nobody"}},
		"a state that is not UTF-8":  {"state": {"\xff"}},
		"a hint that is not a token": {"id_token_hint": {"x.y.z"}},
	} {
		for _, path := range []string{"/logout", "/logout/browser"} {
			method := http.MethodGet
			if path != "/logout" {
				method = http.MethodPost
			}
			target, form := path+"?"+bend.Encode(), url.Values(nil)
			if method == http.MethodPost {
				target, form = path, bend
			}
			if status, _, header := r.send(method, target, form, http.Header{"Sec-Fetch-Site": {"same-origin"}}); status != http.StatusBadRequest || header.Get("Location") != "" {
				t.Errorf("%s at %s: %d %q", name, path, status, header.Get("Location"))
			}
		}
	}
}

// A client that has kept its ID token for months still logs its person out by it. When
// the key has leaked the token proves nothing: the person is asked, and no session that it
// names is ended.
func TestLogoutByARetiredKey(t *testing.T) {
	t.Parallel()
	var sealed []byte
	r := newRig(t, func(c *config.Config) { sealed = []byte(c.Keys.AEADKeyset.Reveal()) })
	aead, err := keyset.AEAD(sealed)
	if err != nil {
		t.Fatal(err)
	}
	house, err := signing.New(signing.Config{Store: r.Inside.Store.Keys, AEAD: aead, Issuer: r.Service, Now: r.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	tokens := r.login()
	kid := r.joseHeader(tokens.IDToken).Kid
	for range 33 {
		r.clock.pass(24 * time.Hour)
		if err := house.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, body, _ := r.send(http.MethodGet, "/jwks", nil, nil); strings.Contains(body, kid) {
		t.Fatal("the key has not retired")
	}
	ask := url.Values{"id_token_hint": {tokens.IDToken}, "post_logout_redirect_uri": {r.App + "/"}, "ui_locales": {"fi"}}
	page := r.at(r.Service + "/logout?" + ask.Encode())
	if done := r.press(page, "Kirjaudu ulos"); done.App != r.App+"/" {
		t.Errorf("sent to %q: %s", done.App, done.Body)
	}
	if _, err := r.app.Refresh(t.Context(), tokens.RefreshToken); code(err) != "invalid_grant" {
		t.Errorf("a hint of a retired key did not log out: %v", err)
	}

	r.app, r.browser = r.phone()
	tokens = r.login()
	if err := r.Inside.Store.Keys.RevokeSigningKey(t.Context(), r.joseHeader(tokens.IDToken).Kid); err != nil {
		t.Fatal(err)
	}
	r.clock.pass(2 * time.Minute)
	ask.Set("id_token_hint", tokens.IDToken)
	if page := r.at(r.Service + "/logout?" + ask.Encode()); page.App != "" || !strings.Contains(page.Body, "Tässä selaimessa ei ole kirjauduttu") {
		t.Errorf("a hint of a key that has leaked: %q %s", page.App, page.Body)
	}
	if page, err := r.browser.Submit(t.Context(), r.Service+"/logout", ask); err != nil || page.App != "" || page.Status != http.StatusOK {
		t.Errorf("the same as a form: %+v, %v", page, err)
	}
	if _, err := r.app.Refresh(t.Context(), tokens.RefreshToken); err != nil {
		t.Errorf("a key that has leaked logged somebody out: %v", err)
	}
}
