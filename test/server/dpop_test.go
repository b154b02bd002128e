package server_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/domain/login"
	"avain/internal/secret"
	"avain/internal/testkit/robot"

	"github.com/go-jose/go-jose/v4"
)

// dpopClient is a client of another company, as a library would be: what it sends is written
// out, so that a test can leave things out.
type dpopClient struct {
	*rig
	id, secret string
	key        *robot.Key // makes a proof with every request to /token; nil: none
	nonce      string     // of the service
	verifier   string
}

const (
	dpopSecret   = "a-secret-of-more-than-thirty-two-characters"
	dpopVerifier = "0123456789-the-verifier-of-the-shop-0123456789"
)

// withDPoPClients adds the clients that the tests of this file need.
func withDPoPClients(change ...func(*config.Client)) func(*config.Config) {
	return func(c *config.Config) {
		for _, auth := range []login.ClientAuth{login.AuthNone, login.AuthSecretBasic} {
			client := config.Client{
				ID: "shop-" + string(auth), Name: "Shop", Profile: login.ProfileCompatible, Auth: auth, RedirectURIs: c.Clients[0].RedirectURIs,
				Scopes: []string{"openid", "profile", "offline_access"}, Introspection: auth != login.AuthNone,
			}
			if auth == login.AuthSecretBasic {
				client.Secret = secret.Of(dpopSecret)
			}
			for _, each := range change {
				each(&client)
			}
			c.Clients = append(c.Clients, client)
		}
	}
}

func (r *rig) dpopClient(auth login.ClientAuth) *dpopClient {
	s := &dpopClient{rig: r, id: "shop-" + string(auth), verifier: dpopVerifier}
	if auth == login.AuthSecretBasic {
		s.secret = dpopSecret
	}
	return s
}

func (s *dpopClient) newKey() *robot.Key {
	s.Helper()
	key, err := robot.NewKey()
	if err != nil {
		s.Fatal(err)
	}
	return key
}

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// request is the authorization request of a client at its defaults; the extra
// parameters replace or, when empty, remove.
func (s *dpopClient) request(extra url.Values) url.Values {
	q := url.Values{
		"client_id": {s.id}, "response_type": {"code"}, "redirect_uri": {s.App + "/return"}, "scope": {"openid profile offline_access"}, "state": {"s"},
		"code_challenge": {challengeOf(s.verifier)}, "code_challenge_method": {"S256"},
	}
	for name, values := range extra {
		q[name] = values
		if values[0] == "" {
			q.Del(name)
		}
	}
	return q
}

// code walks a person through a login and returns the code.
func (s *dpopClient) code(extra url.Values) string {
	s.Helper()
	_, browser := s.phone()
	page, err := browser.Open(s.Context(), s.Service+"/authorize?"+s.request(extra).Encode())
	for _, button := range bank {
		if err != nil {
			break
		}
		page, err = browser.Press(s.Context(), page, button, nil)
	}
	if err != nil {
		s.Fatal(err, page.Body)
	}
	code := mustParse(s.T, page.App).Query().Get("code")
	if code == "" {
		s.Fatalf("no code in %s", page.App)
	}
	return code
}

// answer is whatever an OAuth endpoint says.
type answer struct {
	status  int
	header  http.Header
	Error   string `json:"error"`
	Reason  string `json:"reason"`
	Type    string `json:"token_type"`
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Active  bool   `json:"active"`
	Confirm struct {
		Thumbprint string `json:"jkt"`
	} `json:"cnf"`
}

// call posts a form, with a proof when the client has a key, and again when the service
// wants its nonce.
func (s *dpopClient) call(path string, form url.Values) answer {
	s.Helper()
	for again := false; ; again = true {
		a := s.once(path, form)
		if nonce := a.header.Get("DPoP-Nonce"); nonce != "" {
			s.nonce = nonce
		}
		if a.Error != "use_dpop_nonce" || again {
			return a
		}
	}
}

func (s *dpopClient) once(path string, form url.Values) answer {
	s.Helper()
	header := http.Header{}
	if s.key != nil {
		proof, err := s.key.Prove(robot.Proof{Method: http.MethodPost, URL: s.Service + path, Nonce: s.nonce, At: s.clock.now()})
		if err != nil {
			s.Fatal(err)
		}
		header.Set("DPoP", proof)
	}
	if s.secret == "" {
		form.Set("client_id", s.id)
	} else {
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(s.id+":"+s.secret)))
	}
	var a answer
	status, body, got := s.send(http.MethodPost, path, form, header)
	if err := json.Unmarshal([]byte(body), &a); err != nil && body != "" {
		s.Fatalf("%d %s", status, body)
	}
	a.status, a.header = status, got
	return a
}

func (s *dpopClient) redeem(code string) answer {
	s.Helper()
	return s.call("/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {s.App + "/return"}, "code_verifier": {s.verifier},
	})
}

func (s *dpopClient) refresh(token string) answer {
	s.Helper()
	return s.call("/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

// mustBe checks an answer of /token: its status, and the reason or else the type.
func (s *dpopClient) mustBe(what string, a answer, status int, word string) {
	s.Helper()
	got := a.Reason
	if a.status == http.StatusOK {
		got = a.Type
	}
	if a.status != status || got != word {
		s.Errorf("%s: %d %s, want %d %s (%+v)", what, a.status, got, status, word, a)
	}
}

// holds reports whether the service takes the access token with the key.
func (s *dpopClient) holds(token string, key *robot.Key) bool {
	s.Helper()
	if key == nil {
		status, _, _ := s.send(http.MethodGet, "/userinfo", nil, http.Header{"Authorization": {"Bearer " + token}})
		return status == http.StatusOK
	}
	proof, err := key.Prove(robot.Proof{Method: http.MethodGet, URL: s.Service + "/userinfo", Nonce: s.nonce, AccessToken: token, At: s.clock.now()})
	if err != nil {
		s.Fatal(err)
	}
	status, _, _ := s.send(http.MethodGet, "/userinfo", nil, http.Header{"Authorization": {"DPoP " + token}, "Dpop": {proof}})
	return status == http.StatusOK
}

// DPoP may begin at the token endpoint: dpop_jkt is optional (RFC 9449 §5, §10). From
// there on the session is the key's.
func TestDPoPBeginsAtTheTokenEndpoint(t *testing.T) {
	t.Parallel()
	r := newRig(t, withDPoPClients())
	for _, auth := range []login.ClientAuth{login.AuthNone, login.AuthSecretBasic} {
		s := r.dpopClient(auth)
		code := s.code(nil)
		s.key = s.newKey()
		first := s.redeem(code)
		s.mustBe(string(auth), first, http.StatusOK, "DPoP")
		if !s.holds(first.Access, s.key) || s.holds(first.Access, s.newKey()) || s.holds(first.Access, nil) {
			t.Errorf("%s: the access token is not the key's alone", auth)
		}
		next := s.refresh(first.Refresh)
		s.mustBe(string(auth)+" refreshes", next, http.StatusOK, "DPoP")

		// Without a proof, or for a public client with another key, the session is closed.
		thief := *s
		thief.key = nil
		s.mustBe(string(auth)+" without a proof", thief.refresh(next.Refresh), http.StatusBadRequest, "key_wrong")
	}
	// A key that was named at the start is still the only one.
	s := r.dpopClient(login.AuthNone)
	code := s.code(url.Values{"dpop_jkt": {strings.Repeat("a", 43)}})
	s.key = s.newKey()
	s.mustBe("another key than dpop_jkt", s.redeem(code), http.StatusBadRequest, "key_wrong")
}

// A code that comes again gets the lost answer only for the key that redeemed it,
// although the login itself had none.
func TestThreat05LostAnswerBelongsToTheKeyOfTheSession(t *testing.T) {
	t.Parallel()
	r := newRig(t, withDPoPClients())
	s := r.dpopClient(login.AuthNone)
	code := s.code(nil)
	s.key = s.newKey()
	first := s.redeem(code)
	if again := s.redeem(code); again.Refresh != first.Refresh || again.status != http.StatusOK {
		t.Errorf("the lost answer: %+v", again)
	}
	thief := *s
	thief.key = s.newKey()
	s.mustBe("with another key", thief.redeem(code), http.StatusBadRequest, "code_replayed")
	s.mustBe("the session after that", s.refresh(first.Refresh), http.StatusBadRequest, "session_ended")
}

// The refresh tokens of a confidential client are bound to no key (RFC 9449 §5): after
// it has lost its key it comes with a new one. Those of a public client stay bound.
func TestConfidentialClientChangesItsKey(t *testing.T) {
	t.Parallel()
	r := newRig(t, withDPoPClients())
	s := r.dpopClient(login.AuthSecretBasic)
	s.key = s.newKey()
	first := s.redeem(s.code(nil))
	old := s.key
	s.key = s.newKey()
	second := s.refresh(first.Refresh)
	s.mustBe("with a new key", second, http.StatusOK, "DPoP")
	if !s.holds(second.Access, s.key) || s.holds(second.Access, old) {
		t.Error("the new access token is not the new key's alone")
	}
	if told := s.call("/introspect", url.Values{"token": {second.Access}}); !told.Active || told.Type != "DPoP" || told.Confirm.Thumbprint == "" {
		t.Errorf("introspection: %+v", told)
	}
	s.key = old
	s.mustBe("with the first key again", s.refresh(second.Refresh), http.StatusOK, "DPoP")

	public := r.dpopClient(login.AuthNone)
	public.key = public.newKey()
	tokens := public.redeem(public.code(nil))
	public.key = public.newKey()
	public.mustBe("a public client", public.refresh(tokens.Refresh), http.StatusBadRequest, "key_wrong")
}

// A strict client may name its key at /par instead of proving it there (RFC 9449 §10.1:
// both ways MUST work). The key is bound; whatever speaks for it still asks for a proof.
func TestPARTakesAThumbprintForAProof(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	key, err := robot.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	s := &dpopClient{rig: r, id: "smartumpay", verifier: dpopVerifier}
	par := func(form url.Values) (int, robot.Login) {
		var l robot.Login
		status, body, _ := r.send(http.MethodPost, "/par", s.request(form), nil)
		if err := json.Unmarshal([]byte(body), &l); err != nil {
			t.Fatal(err, body)
		}
		return status, l
	}
	jkt := key.Thumbprint()
	status, l := par(url.Values{"dpop_jkt": {jkt}})
	if status != http.StatusCreated || r.attempt(l.SupportCode).Key != jkt {
		t.Fatalf("%d, %+v", status, l)
	}
	for name, form := range map[string]url.Values{
		"neither proof nor thumbprint": {},
		"no thumbprint":                {"dpop_jkt": {"short"}},
		"a login link":                 {"dpop_jkt": {jkt}, "login_method": {"link"}},
	} {
		if status, _ := par(form); status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, status)
		}
	}
	for path, form := range map[string]url.Values{
		"/attempt-status":      {"auth_session": {l.AuthSession}},
		"/authorize-challenge": {"auth_session": {l.AuthSession}, "tx_code": {"123456"}},
	} {
		if a := s.once(path, form); a.status != http.StatusBadRequest || a.Error != "invalid_dpop_proof" {
			t.Errorf("%s without a proof: %+v", path, a)
		}
		s.key = key
		if a := s.call(path, form); a.Error == "invalid_dpop_proof" || a.Error == "invalid_session" {
			t.Errorf("%s with one: %+v", path, a)
		}
		s.key = nil
	}
	page, err := r.browser.Open(t.Context(), r.Service+"/authorize?"+url.Values{"client_id": {s.id}, "request_uri": {l.RequestURI}}.Encode())
	if err != nil {
		t.Fatal(err)
	}
	code := mustParse(t, r.press(page, bank...).App).Query().Get("code")
	s.key = s.newKey()
	s.mustBe("another key", s.redeem(code), http.StatusBadRequest, "key_wrong")
	s.key = key
	s.mustBe("the key", s.redeem(code), http.StatusOK, "DPoP")
}

// FAPI 2.0 clients prove who they are at /par, and may bring their DPoP key to /token
// only: the OpenID Foundation's suite does. They never get a bearer token.
func TestStrictConfidentialClientBringsItsKeyToTheTokenEndpoint(t *testing.T) {
	t.Parallel()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	jwk := jose.JSONWebKey{Key: private, KeyID: "1", Algorithm: "ES256", Use: "sig"}
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{jwk.Public()}})
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, func(c *config.Config) {
		c.Clients = append(c.Clients, config.Client{
			ID: "web", Name: "Web", Profile: login.ProfileStrict, Auth: login.AuthPrivateKeyJWT, JWKS: set,
			RedirectURIs: c.Clients[0].RedirectURIs, Scopes: []string{"openid", "profile"}, IDTokenAlg: "ES256",
		})
	})
	s := &dpopClient{rig: r, id: "web", verifier: dpopVerifier}
	asserted := func(form url.Values) url.Values {
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", assertionOf(t, jwk, "web", r.Service, r.clock.now()))
		return form
	}
	var l robot.Login
	status, body, _ := r.send(http.MethodPost, "/par", asserted(s.request(url.Values{"scope": {"openid profile"}})), nil)
	if err := json.Unmarshal([]byte(body), &l); err != nil || status != http.StatusCreated {
		t.Fatal(err, status, body)
	}
	page, err := r.browser.Open(t.Context(), r.Service+"/authorize?"+url.Values{"client_id": {s.id}, "request_uri": {l.RequestURI}}.Encode())
	if err != nil {
		t.Fatal(err)
	}
	redemption := url.Values{
		"grant_type": {"authorization_code"}, "code": {mustParse(t, r.press(page, bank...).App).Query().Get("code")},
		"redirect_uri": {s.App + "/return"}, "code_verifier": {s.verifier},
	}
	if a := s.once("/token", asserted(redemption)); a.status != http.StatusBadRequest || a.Error != "invalid_dpop_proof" {
		t.Errorf("without a proof: %+v", a)
	}
	s.key = s.newKey()
	s.once("/token", asserted(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}})) // learns the nonce
	a := s.once("/token", asserted(redemption))
	if a.Error == "use_dpop_nonce" {
		s.nonce = a.header.Get("DPoP-Nonce")
		a = s.once("/token", asserted(redemption))
	}
	s.mustBe("with one", a, http.StatusOK, "DPoP")
}

// assertionOf is a client assertion (RFC 7523 §2.2), fresh each time.
func assertionOf(t *testing.T, key jose.JSONWebKey, client, audience string, now time.Time) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	claims, err := json.Marshal(map[string]any{
		"iss": client, "sub": client, "aud": audience, "jti": login.NewID(), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return compact
}

// Whoever knows a thumbprint, which is no secret, cannot use up the starts of its owner.
func TestThreat34NamedKeysUseUpNobodysStarts(t *testing.T) {
	t.Parallel()
	r := newRig(t, withDPoPClients(), func(c *config.Config) { c.Limits.StartsPerKey.Count = 2 })
	jkt := r.app.Key.Thumbprint()
	for _, id := range []string{"smartumpay", "shop-none"} {
		s := &dpopClient{rig: r, id: id, verifier: dpopVerifier}
		for range 5 {
			if status, body, _ := r.send(http.MethodPost, "/par", s.request(url.Values{"dpop_jkt": {jkt}}), nil); status != http.StatusCreated {
				t.Fatalf("%s: %d %s", id, status, body)
			}
			if status, _, _ := r.send(http.MethodGet, "/authorize?"+s.request(url.Values{"dpop_jkt": {jkt}}).Encode(), nil, nil); status != http.StatusSeeOther {
				t.Fatalf("%s: %d", id, status)
			}
		}
	}
	r.start()
}

// Without PKCE, redirect_uri must come again at the token endpoint (RFC 6749 §4.1.3);
// with PKCE it may be left out (OAuth 2.1). A wrong one is refused in any case, and the
// code stays good for its owner.
func TestRedirectURIIsRepeatedWithoutPKCE(t *testing.T) {
	t.Parallel()
	r := newRig(t, withDPoPClients())
	s := r.dpopClient(login.AuthSecretBasic)
	for _, c := range []struct {
		pkce     bool
		redirect string
		status   int
	}{
		{false, "", http.StatusBadRequest},
		{false, s.App + "/other", http.StatusBadRequest},
		{false, s.App + "/return", http.StatusOK},
		{true, s.App + "/other", http.StatusBadRequest},
		{true, "", http.StatusOK},
		{true, s.App + "/return", http.StatusOK},
	} {
		extra, form := url.Values{}, url.Values{"grant_type": {"authorization_code"}}
		if c.pkce {
			form.Set("code_verifier", s.verifier)
		} else {
			extra = url.Values{"code_challenge": {""}, "code_challenge_method": {""}}
		}
		if c.redirect != "" {
			form.Set("redirect_uri", c.redirect)
		}
		form.Set("code", s.code(extra))
		if a := s.call("/token", form); a.status != c.status || c.status != http.StatusOK && (a.Error != "invalid_grant" || a.Reason != "redirect_not_registered") {
			t.Errorf("PKCE %t, redirect_uri %q: %+v", c.pkce, c.redirect, a)
		}
		if form.Set("redirect_uri", s.App+"/return"); c.status != http.StatusOK && s.call("/token", form).status != http.StatusOK {
			t.Errorf("PKCE %t: the owner of the code was refused after %q", c.pkce, c.redirect)
		}
	}
}

// A verifier has 43 to 128 unreserved characters (RFC 7636 §4.1), also when its hash is
// the challenge.
func TestThreat11VerifiersHaveTheirForm(t *testing.T) {
	t.Parallel()
	r := newRig(t, withDPoPClients())
	s := r.dpopClient(login.AuthNone)
	for verifier, status := range map[string]int{
		strings.Repeat("a", 42): http.StatusBadRequest, strings.Repeat("a", 43): http.StatusOK,
		strings.Repeat("Z", 128): http.StatusOK, strings.Repeat("a", 129): http.StatusBadRequest,
		strings.Repeat("-._~", 11): http.StatusOK, strings.Repeat("0", 42) + "+": http.StatusBadRequest, strings.Repeat("0", 42) + "ä": http.StatusBadRequest,
		strings.Repeat("0", 43) + "\n": http.StatusBadRequest,
	} {
		s.verifier = verifier
		if a := s.redeem(s.code(nil)); a.status != status || status != http.StatusOK && a.Reason != "verifier_wrong" {
			t.Errorf("%q (%d): %+v", verifier, len(verifier), a)
		}
	}
}

// A refresh or access token that leaked ends no session without its key (RFC 7009 asks
// for no proof; we do, of apps that have nothing else to prove themselves with).
func TestThreat52LeakedTokensRevokeNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, withDPoPClients())
	tokens := r.login()
	thief, _ := r.phone()
	for name, token := range map[string]string{"refresh token": tokens.RefreshToken, "access token": tokens.AccessToken} {
		form := url.Values{"client_id": {"smartumpay"}, "token": {token}}
		bare := &dpopClient{rig: r, id: "smartumpay"}
		bare.mustBe(name+" without a proof", bare.call("/revoke", form), http.StatusBadRequest, "proof_invalid")
		if e := refusal(thief.Revoke(t.Context(), token)); e.Status != http.StatusBadRequest || e.Code != "invalid_dpop_proof" || e.Reason != "key_wrong" {
			t.Errorf("%s with another key: %+v", name, e)
		}
	}
	if _, err := r.app.Refresh(t.Context(), tokens.RefreshToken); err != nil {
		t.Fatalf("the session has ended: %v", err)
	}
	if err := thief.Revoke(t.Context(), "no such token"); err != nil {
		t.Errorf("an unknown token: %v", err)
	}
	if err := r.app.Revoke(t.Context(), tokens.RefreshToken); err != nil {
		t.Error(err)
	}
	if _, err := r.app.Refresh(t.Context(), tokens.RefreshToken); code(err) != "invalid_grant" {
		t.Errorf("after the owner has revoked it: %v", err)
	}
	// A compatible client, whose library sends no proof here, can still log out.
	s := r.dpopClient(login.AuthNone)
	granted := s.redeem(s.code(nil))
	if a := s.call("/revoke", url.Values{"token": {granted.Refresh}}); a.status != http.StatusOK || s.refresh(granted.Refresh).Reason != "session_ended" {
		t.Errorf("%+v", a)
	}
}
