package server_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/platform/audit"

	"github.com/coreos/go-oidc/v3/oidc"
)

// party is a client's server that is told of the ends of its sessions, and reads what it
// is told with a library that we did not write.
type party struct {
	id, alg string
	heard   chan *oidc.LogoutToken
	address string
}

func newParty(t *testing.T, id, alg string, r **rig) *party {
	t.Helper()
	p := &party{id: id, alg: alg, heard: make(chan *oidc.LogoutToken, 100)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		provider, err := oidc.NewProvider(q.Context(), (*r).Service)
		if err != nil {
			t.Error(err)
			return
		}
		verifier := provider.Verifier(&oidc.Config{ClientID: id, SupportedSigningAlgs: []string{alg}, Now: (*r).clock.now})
		token, err := verifier.VerifyLogout(q.Context(), q.PostFormValue("logout_token"))
		if err != nil {
			t.Errorf("%s refuses what it is told: %v", id, err)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		p.heard <- token
	}))
	t.Cleanup(server.Close)
	p.address = server.URL + "/logout"
	return p
}

// mustHear waits until everything has been told, and demands that it was of the sessions
// of exactly these ID tokens.
func (p *party) mustHear(r *rig, what string, idTokens ...string) {
	r.Helper()
	r.Inside.Jobs.Wake()
	r.noJobs()
	var want, got []string
	for _, token := range idTokens {
		claims := claimsOf(r.T, token)
		sid, _ := claims["sid"].(string)
		sub, _ := claims["sub"].(string)
		want = append(want, sid+" "+sub)
	}
	for len(p.heard) > 0 {
		token := <-p.heard
		got = append(got, token.SessionID+" "+token.Subject)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		r.Errorf("%s: %s heard of %q, want %q", what, p.id, got, want)
	}
}

// Whoever ends a session, and in whatever way: its client hears of it, once, under the sid
// and the sub that it knows from the ID token, and of no session that lives.
func TestClientsHearOfEndedSessions(t *testing.T) {
	t.Parallel()
	var r *rig
	app := newParty(t, "smartumpay", "ES256", &r)
	r = newRig(t, func(c *config.Config) { c.Clients[0].BackchannelLogoutURI = app.address })
	store, now := r.Inside.Store, r.clock.now
	sid := func(h handset) string { id, _ := claimsOf(t, h.tokens.IDToken)["sid"].(string); return id }
	out := func(h handset) {
		page := r.at(r.Service + "/logout?" + url.Values{"id_token_hint": {h.tokens.IDToken}, "ui_locales": {"fi"}}.Encode())
		r.press(page, "Kirjaudu ulos")
	}
	stays := r.handset("aino")
	for what, end := range map[string]func(h handset) error{
		"revoked by the app":          func(h handset) error { return h.app.Revoke(t.Context(), h.tokens.RefreshToken) },
		"logged out in the browser":   func(h handset) error { out(h); return nil },
		"logged out on another phone": func(h handset) error { return stays.act("/" + sid(h) + "/logout") },
		"this wasn't me":              func(h handset) error { return stays.act("/" + sid(h) + "/not-me") },
		"everywhere else":             func(handset) error { return stays.act("/logout") },
		"by the employer":             func(h handset) error { return store.Sessions.RevokeSession(t.Context(), sid(h), "admin", now()) },
	} {
		h := r.handset("aino")
		if err := end(h); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if h.in() || !stays.in() {
			t.Errorf("%s: the wrong one is out", what)
		}
		app.mustHear(r, what, h.tokens.IDToken)
		if err := store.Sessions.RevokeSession(t.Context(), sid(h), "again", now()); err != nil {
			t.Fatal(err)
		}
		app.mustHear(r, what+", again")
	}
	person := r.person("aino").ID
	if err := store.People.LockPerson(t.Context(), person, now()); err != nil {
		t.Fatal(err)
	}
	app.mustHear(r, "a lock", stays.tokens.IDToken)
	if err := store.People.UnlockPerson(t.Context(), person, now()); err != nil {
		t.Fatal(err)
	}
	one, two := r.handset("aino"), r.handset("aino")
	if _, err := r.Inside.Privacy.Erase(t.Context(), audit.System, person, "request"); err != nil {
		t.Fatal(err)
	}
	app.mustHear(r, "an erasure", one.tokens.IDToken, two.tokens.IDToken)
}

// A client of another company hears of a token or a code that was used again, by RS256 and
// under the sub of its sector.
func TestClientsHearOfStolenTokens(t *testing.T) {
	t.Parallel()
	s := &shop{id: "shop"}
	told := newParty(t, "shop", "RS256", &s.rig)
	s.rig = newRig(t, withShop(func(c *config.Client) {
		c.BackchannelLogoutURI, c.Sector = told.address, "shop.example"
	}))
	scope := url.Values{"scope": {"openid offline_access"}}
	again := func(form url.Values) {
		t.Helper()
		maps.Copy(form, s.inForm())
		if status, body, _ := s.post("/token", form); status != http.StatusBadRequest {
			t.Fatalf("used again: %d %s", status, body)
		}
	}
	first := s.redeem(s.visit(scope).Get("code"), nil)
	s.clock.pass(time.Minute)
	second := s.refresh(first.RefreshToken, nil)
	s.clock.pass(time.Minute)
	s.refresh(second.RefreshToken, nil)
	told.mustHear(s.rig, "nothing yet")
	again(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.RefreshToken}})
	told.mustHear(s.rig, "a refresh token that was used again", first.IDToken)

	code := s.visit(scope).Get("code")
	tokens := s.redeem(code, nil)
	s.refresh(tokens.RefreshToken, nil) // the answer was not lost
	again(url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {"https://shop.example/callback"}})
	told.mustHear(s.rig, "a code that was used again", tokens.IDToken)
}

// Clients find out from both documents that we tell them.
func TestBackchannelLogoutIsPublished(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, name := range []string{"openid-configuration", "oauth-authorization-server"} {
		var document struct {
			Logout  bool `json:"backchannel_logout_supported"`
			Session bool `json:"backchannel_logout_session_supported"`
		}
		_, body, _ := r.send(http.MethodGet, "/.well-known/"+name, nil, nil)
		if err := json.Unmarshal([]byte(body), &document); err != nil || !document.Logout || !document.Session {
			t.Errorf("%s: %+v, %v", name, document, err)
		}
	}
}

// A logout token logs nobody out here: it is no hint.
func TestThreat57LogoutTokenIsNoHint(t *testing.T) {
	t.Parallel()
	raw := make(chan string, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) { raw <- q.PostFormValue("logout_token") }))
	t.Cleanup(receiver.Close)
	r := newRig(t, func(c *config.Config) { c.Clients[0].BackchannelLogoutURI = receiver.URL })
	h := r.handset("aino")
	if err := h.app.Revoke(t.Context(), h.tokens.RefreshToken); err != nil {
		t.Fatal(err)
	}
	r.Inside.Jobs.Wake()
	token := <-raw
	if status, _, _ := r.send(http.MethodGet, "/logout?"+url.Values{"id_token_hint": {token}}.Encode(), nil, nil); status != http.StatusBadRequest {
		t.Errorf("as a hint: %d", status)
	}
	if status, _, _ := r.send(http.MethodGet, "/userinfo", nil, http.Header{"Authorization": {"Bearer " + token}}); status != http.StatusUnauthorized {
		t.Errorf("as an access token: %d", status)
	}
	if strings.Contains(r.log.String(), token) {
		t.Error("the token is in the log")
	}
}
