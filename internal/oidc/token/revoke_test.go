package token_test

import (
	"testing"

	"avain/internal/domain/login"
	"avain/internal/protocol/oauth"
	"avain/internal/secret"
)

// access is an access token of the session.
func (w *world) access(s login.Session) string {
	w.Helper()
	refresh := secret.New()
	w.change(s.ID, func(s *login.Session) { s.Refresh = refresh.Hash() })
	return w.refresh(s.Client, s.Key != "", refresh).text("access_token")
}

// Giving up either token ends the session, once.
func TestRevocationEndsTheSession(t *testing.T) {
	t.Parallel()
	for _, client := range []string{"app", "spa", "shop", "bank"} {
		for _, kind := range []string{"refresh token", "access token"} {
			w := newWorld(t)
			s, refresh := w.login(client, client == "app" || client == "bank")
			given := refresh.Reveal()
			if kind == "access token" {
				given = w.access(s)
			}
			for range 2 {
				if a := w.post("/revoke", client, client == "app", "token", given); a.status != 200 || a.body != nil {
					t.Errorf("%s of %s: %d %v", kind, client, a.status, a.body)
				}
			}
			if len(w.revoked) != 1 || w.revoked[0] != "logout_app" || len(w.audited) != 1 || !w.sessions[s.ID].RevokedAt.Equal(start) {
				t.Errorf("%s of %s: revoked %v, written down %v", kind, client, w.revoked, w.audited)
			}
		}
	}
}

// An unknown token is as good as revoked, and a token of another client is left alone
// without a word.
func TestRevocationOfWhatIsNotTheirs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, refresh := w.login("app", true)
	for name, given := range map[string]string{"unknown": "x", "another's refresh token": refresh.Reveal(), "another's access token": w.access(s)} {
		if a := w.post("/revoke", "shop", false, "token", given); a.status != 200 || len(w.revoked) != 0 {
			t.Errorf("%s: %d %v, revoked %v", name, a.status, a.body, w.revoked)
		}
	}
	w.says("none", w.post("/revoke", "shop", false), oauth.InvalidRequest, login.ReasonRequestInvalid)
}

// Threat 52: a refresh token that leaked must not end the session either, where a key belongs to it.
func TestThreat52RevocationNeedsTheKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, refresh := w.login("app", true)
	w.says("no proof", w.post("/revoke", "app", false, "token", refresh.Reveal()), oauth.InvalidDPoPProof, login.ReasonProofInvalid)
	r := w.request("/revoke", "app", "token", refresh.Reveal())
	r.Header.Set("DPoP", w.prove(newKey(t), "/revoke", ""))
	w.says("another key", w.send(r), oauth.InvalidDPoPProof, login.ReasonKeyWrong)
	if len(w.revoked) != 0 {
		t.Errorf("revoked %v", w.revoked)
	}
	r = w.request("/revoke", "app", "token", "unknown")
	r.Header.Set("DPoP", w.prove(w.key, "/revoke", ""))
	proof := r.Header.Get("DPoP")
	w.send(r)
	r = w.request("/revoke", "app", "token", refresh.Reveal())
	r.Header.Set("DPoP", proof)
	w.says("a proof again", w.send(r), oauth.InvalidDPoPProof, login.ReasonProofReplayed)
	if len(w.revoked) != 0 {
		t.Errorf("revoked %v", w.revoked)
	}
}

// A confidential client proves itself: its proof of a key would prove nothing more.
func TestConfidentialClientRevokesWithoutAKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, refresh := w.login("bank", true)
	if a := w.post("/revoke", "bank", false, "token", refresh.Reveal()); a.status != 200 || w.sessions[s.ID].RevokedAt.IsZero() {
		t.Errorf("%d %v", a.status, a.body)
	}
}

func TestReplayedAssertionDoesNothing(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/revoke", "/introspect"} {
		w := newWorld(t)
		s, refresh := w.login("bank", true)
		first := w.request(path, "bank", "token", "x")
		if err := first.ParseForm(); err != nil {
			t.Fatal(err)
		}
		assertion := first.PostForm.Get("client_assertion")
		if a := w.send(first); a.status != 200 {
			t.Fatalf("%s: %d %v", path, a.status, a.body)
		}
		again := w.request(path, "nobody", "token", refresh.Reveal(), "client_assertion_type", oauth.AssertionJWTBearer, "client_assertion", assertion)
		w.says(path, w.send(again), oauth.InvalidClient, login.ReasonClientRefused)
		if !w.sessions[s.ID].RevokedAt.IsZero() {
			t.Error("the session has ended")
		}
	}
}

func TestRevocationWhenTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	for _, broken := range []string{"SessionByRefresh", "RevokeSession", "UseOnce"} {
		w := newWorld(t)
		_, refresh := w.login("bank", false)
		w.broken = broken
		if a := w.post("/revoke", "bank", false, "token", refresh.Reveal()); a.status != 500 {
			t.Errorf("%s: %d %v", broken, a.status, a.body)
		}
	}
}

// A resource server learns about a token what is true at this moment.
func TestIntrospection(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bound bool
		edit  func(w *world, s *login.Session)
		kind  string // of token; empty: not active
	}{
		"bound":                     {true, func(*world, *login.Session) {}, "DPoP"},
		"bearer":                    {false, func(*world, *login.Session) {}, "Bearer"},
		"revoked":                   {true, func(_ *world, s *login.Session) { s.RevokedAt = start }, ""},
		"idle":                      {true, func(_ *world, s *login.Session) { s.IdleUntil = start }, ""},
		"at the last moment":        {true, func(w *world, _ *login.Session) { w.now = start.Add(accessLife - 1) }, "DPoP"},
		"expired":                   {true, func(w *world, _ *login.Session) { w.now = start.Add(accessLife) }, ""},
		"of a locked person":        {true, func(w *world, _ *login.Session) { w.person.LockedAt = start }, ""},
		"of nobody":                 {true, func(w *world, _ *login.Session) { w.person.ID = "another" }, ""},
		"of an outgrown login":      {true, func(w *world, s *login.Session) { w.person.SmartumPlus, s.Broker, s.AMR = true, "", []string{"pwd"} }, ""},
		"of a session that is gone": {true, func(_ *world, s *login.Session) { s.ID = "another" }, ""},
		"of another client":         {true, func(_ *world, s *login.Session) { s.Client = "spa" }, ""},
	} {
		w := newWorld(t)
		client := map[bool]string{true: "app", false: "shop"}[c.bound]
		s, _ := w.login(client, c.bound)
		given := w.access(s)
		s = w.sessions[s.ID]
		delete(w.sessions, s.ID)
		c.edit(w, &s)
		w.sessions[s.ID] = s
		a := w.post("/introspect", "shop", false, "token", given)
		if c.kind == "" {
			if a.status != 200 || a.body["active"] != false || len(a.body) != 1 {
				t.Errorf("%s: %d %v", name, a.status, a.body)
			}
			continue
		}
		if a.body["active"] != true || a.text("token_type") != c.kind || a.text("sub") != "subject" || a.text("sid") != s.ID || a.text("client_id") != client {
			t.Errorf("%s: %d %v", name, a.status, a.body)
		}
		if !w.used.UsedAt.Equal(w.now) || !w.used.IdleUntil.Equal(s.IdleUntil) {
			t.Errorf("%s: used at %s, idle until %s", name, w.used.UsedAt, w.used.IdleUntil)
		}
	}
}

func TestWhoMayIntrospect(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, refresh := w.login("shop", false)
	given := w.access(s)
	w.says("not configured for it", w.post("/introspect", "plain", false, "token", given), oauth.UnauthorizedClient, login.ReasonClientRefused)
	w.says("configured, but public", w.post("/introspect", "spa", false, "token", given), oauth.UnauthorizedClient, login.ReasonClientRefused)
	w.says("no token", w.post("/introspect", "shop", false), oauth.InvalidRequest, login.ReasonRequestInvalid)
	if a := w.post("/introspect", "bank", false, "token", given); a.body["active"] != true {
		t.Errorf("by a key: %v", a.body)
	}
	for name, other := range map[string]string{"garbage": "x", "a refresh token": refresh.Reveal()} {
		if a := w.post("/introspect", "shop", false, "token", other); a.body["active"] != false {
			t.Errorf("%s: %v", name, a.body)
		}
	}
	for _, broken := range []string{"SessionByID", "PersonByID", "UseSession"} {
		w.broken = broken
		if a := w.post("/introspect", "shop", false, "token", given); a.status != 500 {
			t.Errorf("%s: %d %v", broken, a.status, a.body)
		}
	}
}
