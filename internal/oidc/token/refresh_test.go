package token_test

import (
	"strings"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/oidc/token"
	"avain/internal/protocol/oauth"
	"avain/internal/protocol/signing"
	"avain/internal/secret"
)

func (w *world) refresh(client string, proved bool, token secret.Text, form ...string) answer {
	w.Helper()
	return w.post("/token", client, proved, append([]string{"grant_type", oauth.GrantRefreshToken, "refresh_token", token.Reveal()}, form...)...)
}

// The token of a strict client is bound to its key and stays: a lost answer must not log
// anybody out.
func TestRefreshTokenOfAStrictClientStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, token := w.login("app", true)
	w.now = start.Add(time.Hour)
	for range 2 {
		a := w.refresh("app", true, token)
		if a.status != 200 || a.body["refresh_token"] != nil || a.body["id_token"] != nil || a.text("token_type") != "DPoP" {
			t.Fatalf("%d %v", a.status, a.body)
		}
		if access := w.claims(a.text("access_token"), signing.TypAccessToken); access["sid"] != s.ID || access["exp"] != float64(w.now.Add(accessLife).Unix()) {
			t.Errorf("%v", access)
		}
	}
	if !w.used.UsedAt.Equal(w.now) || !w.used.IdleUntil.Equal(w.now.Add(idleLife)) {
		t.Errorf("used at %s, idle until %s", w.used.UsedAt, w.used.IdleUntil)
	}
	w.change(s.ID, func(s *login.Session) { s.EndsAt = w.now.Add(time.Hour) })
	if w.refresh("app", true, token); !w.used.IdleUntil.Equal(w.now.Add(time.Hour)) {
		t.Errorf("idle until %s, after the session's end", w.used.IdleUntil)
	}
}

// Person, session and client are looked at anew each time.
func TestRefreshIsCheckedAnew(t *testing.T) {
	t.Parallel()
	locked := func(w *world, _ *login.Session) { w.person.LockedAt = start }
	for name, c := range map[string]struct {
		edit   func(w *world, s *login.Session)
		reason login.Reason // empty: it goes on
	}{
		"all is well":         {func(*world, *login.Session) {}, ""},
		"just before idle":    {func(_ *world, s *login.Session) { s.IdleUntil = start.Add(time.Nanosecond) }, ""},
		"idle":                {func(_ *world, s *login.Session) { s.IdleUntil = start }, login.ReasonSessionEnded},
		"just before the end": {func(_ *world, s *login.Session) { s.EndsAt = start.Add(time.Nanosecond) }, ""},
		"at its end":          {func(_ *world, s *login.Session) { s.EndsAt = start }, login.ReasonSessionEnded},
		"of another client":   {func(_ *world, s *login.Session) { s.Client = "spa" }, login.ReasonSessionEnded},
		"of another key":      {func(_ *world, s *login.Session) { s.Key = "another" }, login.ReasonKeyWrong},
		"revoked":             {func(_ *world, s *login.Session) { s.RevokedAt, s.RevokedWhy = start, "logout_app" }, login.ReasonSessionEnded},
		"outgrown, and ended": {func(_ *world, s *login.Session) {
			s.RevokedAt, s.RevokedWhy = start, string(login.ReasonStrongRequired)
		}, login.ReasonStrongRequired},
		"ended by a lock, past":  {func(_ *world, s *login.Session) { s.RevokedAt, s.RevokedWhy = start, string(login.ReasonPersonLocked) }, login.ReasonSessionEnded},
		"locked":                 {locked, login.ReasonPersonLocked},
		"of nobody":              {func(_ *world, s *login.Session) { s.Person = "nobody" }, login.ReasonPersonLocked},
		"password, as before":    {func(_ *world, s *login.Session) { s.Broker, s.AMR = "", []string{login.AMRPassword} }, ""},
		"SmartumPlus, by a bank": {func(w *world, _ *login.Session) { w.person.SmartumPlus = true }, ""},
		"outgrown": {func(w *world, s *login.Session) {
			w.person.SmartumPlus, s.Broker, s.AMR = true, "", []string{login.AMRPassword}
		}, login.ReasonStrongRequired},
		"ended by a lock": {func(w *world, s *login.Session) {
			locked(w, s)
			s.RevokedAt, s.RevokedWhy = start, string(login.ReasonPersonLocked)
		}, login.ReasonPersonLocked},
		"ended by a lock, of nobody": {func(w *world, s *login.Session) {
			s.Person, s.RevokedAt, s.RevokedWhy = "nobody", start, string(login.ReasonPersonLocked)
		}, login.ReasonSessionEnded},
		"revoked between look-up and use": {func(w *world, s *login.Session) {
			w.between = func() { w.change(s.ID, func(s *login.Session) { s.RevokedAt = start }) }
		}, login.ReasonSessionEnded},
	} {
		w := newWorld(t)
		s, token := w.login("app", true)
		w.change(s.ID, func(s *login.Session) { c.edit(w, s) })
		a := w.refresh("app", true, token)
		if c.reason == "" {
			if a.status != 200 {
				t.Errorf("%s: %d %v", name, a.status, a.body)
			}
			continue
		}
		w.says(name, a, oauth.InvalidGrant, c.reason)
	}
}

// A public client's token is bound to its first key. A confidential one may come with a
// new key, but with some key where one was proved before (RFC 9449 §5).
func TestWhichKeyARefreshNeeds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		client string
		of     string // the key of the session: none, the device's, or another
		proved bool
		fine   bool
	}{
		{"spa", "", false, true},
		{"spa", "", true, false},
		{"spa", "mine", true, true},
		{"spa", "mine", false, false},
		{"spa", "other", true, false},
		{"shop", "", false, true},
		{"shop", "", true, true},
		{"shop", "mine", true, true},
		{"shop", "mine", false, false},
		{"shop", "other", true, true},
	} {
		w := newWorld(t)
		s, token := w.login(c.client, c.of == "mine")
		if c.of == "other" {
			w.change(s.ID, func(s *login.Session) { s.Key = c.of })
		}
		a := w.refresh(c.client, c.proved, token)
		if !c.fine {
			w.says(c.client, a, oauth.InvalidGrant, login.ReasonKeyWrong)
		}
		if c.fine && (a.status != 200 || c.proved != (a.text("token_type") == "DPoP")) {
			t.Errorf("%+v: %d %v", c, a.status, a.body)
		}
	}
}

// The token of a compatible client is exchanged. For a short while the old one gets the same
// successor again, for a caller who lost our answer; after that the session ends.
func TestRefreshTokensRotate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		after time.Duration
		fine  bool
	}{"at once": {0, true}, "at the last moment": {grace - time.Nanosecond, true}, "too late": {grace, false}} {
		w := newWorld(t)
		_, first := w.login("shop", false)
		a := w.refresh("shop", false, first)
		second := a.text("refresh_token")
		if a.status != 200 || !strings.HasPrefix(second, "avr1.") || a.text("id_token") == "" || !w.used.IdleUntil.Equal(start.Add(idleLife)) {
			t.Fatalf("%s: %d %v", name, a.status, a.body)
		}
		if again := w.claims(a.text("access_token"), signing.TypAccessToken); again["exp"] != float64(start.Add(accessLife).Unix()) {
			t.Errorf("%s: %v", name, again)
		}
		w.now = start.Add(c.after)
		a = w.refresh("shop", false, first)
		if c.fine && (a.text("refresh_token") != second || len(w.revoked) != 0) {
			t.Errorf("%s: %d %v", name, a.status, a.body)
		}
		if !c.fine {
			w.says(name, a, oauth.InvalidGrant, login.ReasonSessionEnded)
			if len(w.revoked) != 1 || w.revoked[0] != string(login.ReasonCodeReplayed) || len(w.audited) != 1 || w.audited[0] != "refresh_reused" {
				t.Errorf("%s: revoked %v, written down %v", name, w.revoked, w.audited)
			}
			w.says("the owner's", w.refresh("shop", false, secret.Of(second)), oauth.InvalidGrant, login.ReasonSessionEnded)
		}
	}
}

// Of two requests with one token, the slower one is the retry of the faster.
func TestSlowerOfTwoRefreshesGetsTheSameToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, first := w.login("shop", false)
	var faster answer
	w.between = func() {
		w.between = nil
		faster = w.refresh("shop", false, first)
	}
	slower := w.refresh("shop", false, first)
	if faster.text("refresh_token") == "" || slower.text("refresh_token") != faster.text("refresh_token") || len(w.revoked) != 0 {
		t.Errorf("faster %v, slower %v, revoked %v", faster.body, slower.body, w.revoked)
	}
}

// Threat 39: an older token of ours ends the session for both who have it. Whatever else a
// token says has no effect.
func TestThreat39OnlyOlderTokensOfOursEndASession(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		generation int64
		forget     bool
		client     string
		made       bool // by us
		ends       bool
	}{
		"older":                      {1, false, "shop", true, true},
		"of this generation":         {2, false, "shop", true, false},
		"newer, of a restored past":  {3, false, "shop", true, false},
		"of a session that is gone":  {1, true, "shop", true, false},
		"presented by another":       {1, false, "plain", true, false},
		"told by who knows the name": {1, false, "shop", false, false},
	} {
		w := newWorld(t)
		s, first := w.login("shop", false)
		families := w.families
		if !c.made {
			families.Keys = []secret.Text{secret.New()}
		}
		w.change(s.ID, func(s *login.Session) { s.Generation = 2 })
		presented := token.Made(families, s.ID, c.generation, first)
		if c.forget {
			delete(w.sessions, s.ID)
		}
		w.says(name, w.refresh(c.client, false, presented), oauth.InvalidGrant, login.ReasonSessionEnded)
		if ended := len(w.revoked) == 1 && len(w.audited) == 1; ended != c.ends || !c.ends && len(w.revoked)+len(w.audited) != 0 {
			t.Errorf("%s: revoked %v, written down %v", name, w.revoked, w.audited)
		}
	}
}

func TestRefreshNarrowsScopes(t *testing.T) {
	t.Parallel()
	for asked, want := range map[string]string{
		"":                            "openid profile offline_access",
		"profile":                     "profile",
		"openid openid profile":       "openid profile",
		"openid unheard-of":           "openid", // left out at the login, too
		"openid " + oauth.ScopeEmail:  "",       // the client could have asked for it there
		"unheard-of":                  "",
		"profile openid profile":      "profile openid",
		"offline_access  unheard-of ": "offline_access",
	} {
		w := newWorld(t)
		_, token := w.login("app", true)
		a := w.refresh("app", true, token, "scope", asked)
		if want == "" {
			w.says(asked, a, oauth.InvalidScope, login.ReasonRequestInvalid)
		} else if a.text("scope") != want || w.claims(a.text("access_token"), signing.TypAccessToken)["scope"] != want {
			t.Errorf("%q: %v", asked, a.body)
		}
	}
}

func TestRefreshKeepsToTheResource(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, token := w.login("app", true)
	w.change(s.ID, func(s *login.Session) { s.Resource = api })
	w.says("another one", w.refresh("app", true, token, "resource", otherAPI), oauth.InvalidTarget, login.ReasonRequestInvalid)
	w.says("a stranger's", w.refresh("app", true, token, "resource", "https://evil.example"), oauth.InvalidTarget, login.ReasonRequestInvalid)
	if a := w.refresh("app", true, token); w.claims(a.text("access_token"), signing.TypAccessToken)["aud"] != api {
		t.Errorf("%v", a.body)
	}
	w.change(s.ID, func(s *login.Session) { s.Resource = "" })
	if a := w.refresh("app", true, token, "resource", otherAPI); w.claims(a.text("access_token"), signing.TypAccessToken)["aud"] != otherAPI {
		t.Errorf("%v", a.body)
	}
}

// What could not be found out is no refusal: the app keeps its token and comes again.
func TestRefreshWhenTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ client, broken string }{
		{"app", "SessionByRefresh"},
		{"app", "PersonByID"},
		{"app", "UseSession"},
		{"shop", "RotateRefresh"},
		{"shop", "UseSession"},
		{"shop", "SessionByRefresh"},
	} {
		w := newWorld(t)
		_, token := w.login(c.client, c.client == "app")
		w.broken = c.broken
		if a := w.refresh(c.client, c.client == "app", token); a.status != 500 {
			t.Errorf("%s of %s: %d %v", c.broken, c.client, a.status, a.body)
		}
		if len(w.revoked) != 0 {
			t.Errorf("%s of %s ended the session", c.broken, c.client)
		}
	}
	w := newWorld(t)
	s, refresh := w.login("app", true)
	w.change(s.ID, func(s *login.Session) { s.RevokedAt, s.RevokedWhy = start, string(login.ReasonPersonLocked) })
	w.broken = "PersonByID"
	if a := w.refresh("app", true, refresh); a.status != 500 {
		t.Errorf("after a lock: %d %v", a.status, a.body)
	}
	shop, first := w.login("shop", false)
	w.change(shop.ID, func(s *login.Session) { s.Generation = 2 })
	w.broken = "SessionByID"
	if a := w.refresh("shop", false, token.Made(w.families, shop.ID, 1, first)); a.status != 500 || len(w.revoked) != 0 {
		t.Errorf("an older token: %d %v", a.status, a.body)
	}
}

// Proofs are good once.
func TestReplayedProofRefreshesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.login("app", true)
	proof := w.prove(w.key, "/token", "")
	for i := range 2 {
		r := w.request("/token", "app", "grant_type", oauth.GrantRefreshToken, "refresh_token", token.Reveal())
		r.Header.Set("DPoP", proof)
		a := w.send(r)
		if i == 0 && a.status != 200 {
			t.Fatalf("%d %v", a.status, a.body)
		}
		if i == 1 {
			w.says("again", a, oauth.InvalidDPoPProof, login.ReasonProofReplayed)
		}
	}
}
