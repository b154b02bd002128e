package token_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/core/attempt"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/protocol/oauth"
	"avain/internal/protocol/signing"
	"avain/internal/secret"
)

// grant makes the code that the next request brings a good one.
func (w *world) grant(client string, bound bool) login.Session {
	s, _ := w.login(client, bound)
	w.granted = attempt.Granted{Session: s, Refresh: secret.Of("the first refresh token")}
	return s
}

func (w *world) redeem(client string, proved bool, form ...string) answer {
	w.Helper()
	return w.post("/token", client, proved, append([]string{"grant_type", oauth.GrantAuthorizationCode, "code", "the code", "code_verifier", "the verifier"}, form...)...)
}

func TestCodeBuysTokensBoundToTheKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.grant("app", true)
	a := w.redeem("app", true, "redirect_uri", "https://app.example/return")
	if a.status != 200 || a.text("token_type") != "DPoP" || a.body["expires_in"] != accessLife.Seconds() || a.text("scope") != "openid profile offline_access" ||
		a.text("refresh_token") != "the first refresh token" || a.header.Get("DPoP-Nonce") == "" {
		t.Fatalf("%d %v", a.status, a.body)
	}
	in := w.redeemed[0]
	if in.Code.Reveal() != "the code" || in.Client != "app" || in.RedirectURI != "https://app.example/return" || in.Verifier.Reveal() != "the verifier" ||
		in.Key != thumbprint(w.key) || len(in.Once) != 1 || in.Refresh != nil {
		t.Errorf("redeemed %+v", in)
	}
	access := w.claims(a.text("access_token"), signing.TypAccessToken)
	for name, want := range map[string]any{
		"iss": issuer, "sub": "subject", "aud": issuer, "client_id": "app", "sid": s.ID, "scope": "openid profile offline_access", "acr": "loa2",
		"iat": float64(start.Unix()), "exp": float64(start.Add(accessLife).Unix()), "auth_time": float64(s.AuthTime.Unix()),
	} {
		if access[name] != want {
			t.Errorf("access token: %s is %v, want %v", name, access[name], want)
		}
	}
	if cnf, ok := access["cnf"].(map[string]any); !ok || cnf["jkt"] != thumbprint(w.key) {
		t.Errorf("access token is bound to %v", access["cnf"])
	}
	id := w.claims(a.text("id_token"), signing.TypIDToken)
	for name, want := range map[string]any{
		"iss": issuer, "sub": "subject", "aud": "app", "nonce": "nonce", "name": "Aino Virtanen", "given_name": "Aino", "sid": s.ID,
		"exp": float64(start.Add(accessLife).Unix()), "iat": float64(start.Unix()),
	} {
		if id[name] != want {
			t.Errorf("ID token: %s is %v, want %v", name, id[name], want)
		}
	}
}

func TestCodeOfACompatibleClientBuysBearerTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grant("shop", false)
	a := w.redeem("shop", false)
	if a.status != 200 || a.text("token_type") != "Bearer" {
		t.Fatalf("%d %v", a.status, a.body)
	}
	if access := w.claims(a.text("access_token"), signing.TypAccessToken); access["cnf"] != nil {
		t.Errorf("bound to %v", access["cnf"])
	}
	first := w.redeemed[0].Refresh
	if first == nil || !strings.HasPrefix(first("session", secret.New()).Reveal(), "avr1.session.0.") {
		t.Error("its refresh tokens do not begin a family")
	}
	if w.grant("shop", true); w.redeem("shop", true).text("token_type") != "DPoP" {
		t.Error("a compatible client that proves a key gets tokens that are not bound to it")
	}
}

// Who did not ask for an ID token, the profile or to stay logged in gets none.
func TestTokensHoldWhatWasGranted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grant("shop", false)
	w.granted.Session.Scopes, w.granted.Refresh = []string{oauth.ScopeProfile}, secret.Text{}
	a := w.redeem("shop", false)
	if _, has := a.body["id_token"]; has || a.status != 200 {
		t.Errorf("an ID token without openid: %v", a.body)
	}
	if _, has := a.body["refresh_token"]; has {
		t.Errorf("a refresh token without offline_access: %v", a.body)
	}
	w.granted.Session.Scopes = []string{oauth.ScopeOpenID}
	if id := w.claims(w.redeem("shop", false).text("id_token"), signing.TypIDToken); id["name"] != nil || id["locale"] != nil {
		t.Errorf("a name without profile: %v", id)
	}
}

func TestTokenRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.grant("app", true)
	code := []string{"grant_type", oauth.GrantAuthorizationCode, "code", "c"}
	for _, c := range []struct {
		name   string
		client string
		proved bool
		form   []string
		code   string
		reason login.Reason
	}{
		{"no grant type", "app", true, nil, oauth.InvalidRequest, login.ReasonRequestInvalid},
		{"another grant type", "app", true, []string{"grant_type", "password"}, oauth.UnsupportedGrantType, login.ReasonRequestInvalid},
		{"no code", "app", true, code[:2], oauth.InvalidRequest, login.ReasonRequestInvalid},
		{"no refresh token", "app", true, []string{"grant_type", oauth.GrantRefreshToken}, oauth.InvalidRequest, login.ReasonRequestInvalid},
		{"no proof", "app", false, code, oauth.InvalidDPoPProof, login.ReasonProofInvalid},
		{"nobody", "", false, code, oauth.InvalidClient, login.ReasonClientRefused},
		{"a resource of somebody else", "app", true, append(slices.Clone(code), "resource", "https://evil.example"), oauth.InvalidTarget, login.ReasonRequestInvalid},
	} {
		w.says(c.name, w.post("/token", c.client, c.proved, c.form...), c.code, c.reason)
	}
	if len(w.redeemed) != 0 {
		t.Error("a request that cannot be answered has used up its code")
	}
	r := w.request("/token", "app", code...)
	proof := w.prove(w.key, "/token", "")
	r.Header["Dpop"] = []string{proof, proof}
	w.says("two proofs", w.send(r), oauth.InvalidDPoPProof, login.ReasonProofInvalid)

	w.refused = fault.ErrReplayed
	w.says("a proof that was used before", w.redeem("app", true), oauth.InvalidDPoPProof, login.ReasonProofReplayed)
	w.refused = fault.New(fault.Gone, login.ReasonCodeExpired, nil)
	w.says("a code that is too old", w.redeem("app", true), oauth.InvalidGrant, login.ReasonCodeExpired)
	w.refused = nil
	w.person.ID = "somebody else"
	if a := w.redeem("app", true); a.status < 400 {
		t.Errorf("tokens of nobody: %v, session %s", a.body, s.ID)
	}
}

// A login for one resource gives no token for another (RFC 8707 §2.2).
func TestTokensAreForOneResource(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ofLogin, asked, audience, refused string
	}{
		{"", "", issuer, ""},
		{"", api, api, ""},
		{api, "", api, ""},
		{api, api, api, ""},
		{api, otherAPI, "", oauth.InvalidTarget},
	} {
		w := newWorld(t)
		w.grant("app", true)
		w.granted.Session.Resource = c.ofLogin
		form := []string{}
		if c.asked != "" {
			form = append(form, "resource", c.asked)
		}
		a := w.redeem("app", true, form...)
		if c.refused != "" {
			w.says(c.asked, a, c.refused, login.ReasonRequestInvalid)
			continue
		}
		if access := w.claims(a.text("access_token"), signing.TypAccessToken); access["aud"] != c.audience {
			t.Errorf("login for %q, asked for %q: the token is for %v", c.ofLogin, c.asked, access["aud"])
		}
	}
}

// Where the clock of a device stands is told to the gate: support reads it.
func TestTheClockOfTheDeviceIsHandedOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grant("app", true)
	r := w.request("/token", "app", "grant_type", oauth.GrantAuthorizationCode, "code", "c")
	r.Header.Set("DPoP", w.prove(w.key, "/token", ""))
	w.now = w.now.Add(time.Minute)
	w.send(r)
	if len(w.redeemed) != 1 || w.redeemed[0].ClockOff != -time.Minute {
		t.Errorf("%+v", w.redeemed)
	}
}
