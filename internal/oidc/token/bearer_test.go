package token_test

import (
	"crypto/ecdsa"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/protocol/oauth"
)

// show presents an access token: by DPoP with a proof of the key, as Bearer without one.
func (w *world) show(token string, key *ecdsa.PrivateKey) answer {
	w.Helper()
	r := httptest.NewRequestWithContext(w.Context(), http.MethodPost, "/userinfo", http.NoBody)
	r.Header.Set("Authorization", "Bearer "+token)
	if key != nil {
		r.Header.Set("Authorization", "DPoP "+token)
		r.Header.Set("DPoP", w.prove(key, "/userinfo", token))
	}
	return w.send(r)
}

func TestUserinfoTellsWhatWasGranted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		scopes  []string
		prepare func()
		want    map[string]any
	}{
		{[]string{oauth.ScopeOpenID}, func() {}, map[string]any{"sub": "subject"}},
		{[]string{oauth.ScopeProfile}, func() {}, map[string]any{
			"sub": "subject", "name": "Aino Virtanen", "given_name": "Aino", "family_name": "Virtanen", "locale": "fi",
		}},
		{[]string{oauth.ScopeEmail}, func() {}, map[string]any{"sub": "subject"}}, // there is none
		{[]string{oauth.ScopeEmail}, func() { w.email = login.Email{Address: "aino@example.fi"} }, map[string]any{
			"sub": "subject", "email": "aino@example.fi", "email_verified": false,
		}},
		{[]string{oauth.ScopeEmail}, func() { w.email.Proved = true }, map[string]any{
			"sub": "subject", "email": "aino@example.fi", "email_verified": true,
		}},
	} {
		c.prepare()
		s, _ := w.login("app", true)
		w.change(s.ID, func(s *login.Session) { s.Scopes = c.scopes })
		s = w.sessions[s.ID]
		a := w.show(w.access(s), w.key)
		if a.status != 200 || len(a.body) != len(c.want) {
			t.Errorf("%v: %d %v", c.scopes, a.status, a.body)
		}
		for name, want := range c.want {
			if a.body[name] != want {
				t.Errorf("%v: %s is %v", c.scopes, name, a.body[name])
			}
		}
	}
	s, _ := w.login("app", true)
	w.change(s.ID, func(s *login.Session) { s.Scopes = []string{oauth.ScopeBenefits} })
	token := w.access(w.sessions[s.ID])
	if none, ok := w.show(token, w.key).body["benefits"].([]any); !ok || len(none) != 0 {
		t.Error("no benefits are an empty list")
	}
	w.person.Benefits = []login.Benefit{{Kind: "lunch", Employer: "Kuikka"}}
	if all, ok := w.show(token, w.key).body["benefits"].([]any); !ok || len(all) != 1 {
		t.Error("the benefit is not told")
	}
	w.person.Benefits, w.broken = nil, "EmailOf"
	s, _ = w.login("app", true)
	w.change(s.ID, func(s *login.Session) { s.Scopes = []string{oauth.ScopeEmail} })
	if a := w.show(w.access(w.sessions[s.ID]), w.key); a.status != 500 {
		t.Errorf("an address that could not be looked up: %d %v", a.status, a.body)
	}
}

// A bound token is good with its key only, and an unbound one only as Bearer.
func TestAccessTokensArePresentedAsTheyAreBound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bound, _ := w.login("app", true)
	free, _ := w.login("shop", false)
	foreign, _ := w.login("app", true)
	w.change(foreign.ID, func(s *login.Session) { s.Resource = api })
	boundToken, freeToken, foreignToken := w.access(bound), w.access(free), w.access(w.sessions[foreign.ID])
	if a := w.show(boundToken, w.key); a.status != 200 || a.header.Get("DPoP-Nonce") == "" {
		t.Errorf("bound: %d %v", a.status, a.body)
	}
	if a := w.show(freeToken, nil); a.status != 200 || a.header.Get("DPoP-Nonce") != "" {
		t.Errorf("unbound: %d %v", a.status, a.body)
	}
	w.says("stolen goods", w.show(boundToken, nil), oauth.InvalidToken, login.ReasonTokenInvalid)
	w.says("unbound, with a proof", w.show(freeToken, w.key), oauth.InvalidToken, login.ReasonTokenInvalid)
	w.says("another key", w.show(boundToken, newKey(t)), oauth.InvalidToken, login.ReasonKeyWrong)
	w.says("for another resource", w.show(foreignToken, w.key), oauth.InvalidToken, login.ReasonTokenInvalid)
	w.says("garbage", w.show("x", nil), oauth.InvalidToken, login.ReasonTokenInvalid)
	for name, header := range map[string]string{"none": "", "another scheme": "Basic " + freeToken, "in small letters": "bearer " + freeToken} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/userinfo", http.NoBody)
		r.Header.Set("Authorization", header)
		a := w.send(r)
		if header != "" && header[0] == 'b' {
			if a.status != 200 {
				t.Errorf("%s: %d %v", name, a.status, a.body)
			}
			continue
		}
		w.says(name, a, oauth.InvalidToken, login.ReasonTokenInvalid)
	}
}

func TestProofAtAResource(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, _ := w.login("app", true)
	token := w.access(s)
	proof := w.prove(w.key, "/userinfo", token)
	with := func(proof string) answer {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/userinfo", http.NoBody)
		r.Header.Set("Authorization", "DPoP "+token)
		r.Header.Set("DPoP", proof)
		return w.send(r)
	}
	if a := with(proof); a.status != 200 {
		t.Fatalf("%d %v", a.status, a.body)
	}
	again := with(proof)
	w.says("again", again, oauth.InvalidDPoPProof, login.ReasonProofReplayed)
	// At a resource a bad proof is a 401 (RFC 9449 §7.1).
	ofAnother := with(w.prove(w.key, "/userinfo", "another token"))
	w.says("for another token", ofAnother, oauth.InvalidDPoPProof, login.ReasonProofInvalid)
	if again.status != 401 || ofAnother.status != 401 {
		t.Errorf("status %d and %d", again.status, ofAnother.status)
	}
}

// A device that was logged out is out at its next call.
func TestHolderIsWhoseSessionLives(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, _ := w.login("shop", false)
	token := w.access(s)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/anything", http.NoBody)
	r.Header.Set("Authorization", "Bearer "+token)
	session, person, err := w.Holder(httptest.NewRecorder(), r)
	if err != nil || session.ID != s.ID || person.ID != w.person.ID || !w.used.UsedAt.Equal(w.now) {
		t.Fatalf("%+v, %+v, %v", session, person, err)
	}
	w.between = func() { w.change(s.ID, func(s *login.Session) { s.EndsAt = w.now }) } // between look-up and use
	session, _, err = w.Holder(httptest.NewRecorder(), r)
	if err == nil || session.ID != "" || fault.AsError(err).Reason != login.ReasonTokenInvalid {
		t.Errorf("%+v, %v", session, err)
	}
	w.between = nil
	w.change(s.ID, func(s *login.Session) { s.EndsAt = w.now.Add(time.Hour) })
	w.broken = "UseSession"
	if _, _, err := w.Holder(httptest.NewRecorder(), r); err == nil || fault.AsError(err).Kind == fault.Unauthenticated {
		t.Errorf("what could not be found out is no refusal: %v", err)
	}
}
