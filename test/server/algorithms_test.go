package server_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"avain/internal/config"

	"github.com/go-jose/go-jose/v4"
)

// joseHeader reads what a token says about its signature, and verifies that with the
// published keys, as a client does.
func (r *rig) joseHeader(token string) (h struct{ Alg, Kid, Typ string }) {
	r.Helper()
	part, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		r.Fatal(err)
	}
	if err := json.Unmarshal(raw, &h); err != nil {
		r.Fatal(err)
	}
	_, body, _ := r.send(http.MethodGet, "/jwks", nil, nil)
	var keys jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(body), &keys); err != nil {
		r.Fatal(err)
	}
	if len(keys.Key(h.Kid)) != 1 || keys.Key(h.Kid)[0].Algorithm != h.Alg {
		r.Fatalf("%s %s is not among the published keys %s", h.Alg, h.Kid, body)
	}
	parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(h.Alg)})
	if err != nil {
		r.Fatal(err)
	}
	if _, err := parsed.Verify(keys); err != nil {
		r.Fatal(err)
	}
	return h
}

var signatureCount = regexp.MustCompile(`avain_token_signatures_total\{alg="([A-Za-z0-9]+)"\} (\d+)`)

// signatures are the tokens that the service has signed, by algorithm, as it counts them.
func (r *rig) signatures() map[string]string {
	r.Helper()
	count := map[string]string{}
	for _, line := range signatureCount.FindAllStringSubmatch(r.metrics(), -1) {
		count[line[1]] = line[2]
	}
	return count
}

// A compatible client gets RS256 without asking (OpenID Connect Core §15.1, RFC 9068
// §2.1), and goes on everywhere with it; a strict login beside it costs no RSA signature.
func TestAlgorithmsByProfile(t *testing.T) {
	t.Parallel()
	s := newShop(t, nil)
	own := s.login()
	for name, token := range map[string]string{"access token": own.AccessToken, "ID token": own.IDToken} {
		if h := s.joseHeader(token); h.Alg != "ES256" {
			t.Errorf("strict, %s: %s", name, h.Alg)
		}
	}
	if _, err := s.app.Refresh(t.Context(), own.RefreshToken); err != nil {
		t.Fatal(err)
	}
	if count := s.signatures(); len(count) != 1 || count["ES256"] != "3" {
		t.Errorf("a strict login and a refresh cost %v", count)
	}

	tokens := s.redeem(s.visit(url.Values{"scope": {"openid profile offline_access"}}).Get("code"), nil)
	again := s.refresh(tokens.RefreshToken, nil)
	for name, token := range map[string]string{
		"access token": tokens.AccessToken, "ID token": tokens.IDToken, "access token of a refresh": again.AccessToken, "ID token of a refresh": again.IDToken,
	} {
		if h := s.joseHeader(token); h.Alg != "RS256" {
			t.Errorf("compatible, %s: %s", name, h.Alg)
		}
	}
	if count := s.signatures(); len(count) != 2 || count["ES256"] != "3" || count["RS256"] != "4" {
		t.Errorf("with the shop's login and refresh, %v", count)
	}
	if status, claims := s.userinfo(again.AccessToken); status != http.StatusOK || claims["sub"] == "" {
		t.Errorf("userinfo: %d %v", status, claims)
	}
	status, body, _ := s.send(http.MethodPost, "/logout", url.Values{
		"id_token_hint": {again.IDToken}, "post_logout_redirect_uri": {"https://shop.example/bye"},
	}, http.Header{"Accept": {"text/html"}})
	if status != http.StatusOK || !strings.Contains(body, "https://shop.example/bye") {
		t.Errorf("logging out: %d %s", status, body)
	}
	if status, _ := s.userinfo(again.AccessToken); status != http.StatusUnauthorized {
		t.Errorf("userinfo after logging out: %d", status)
	}
}

// What a client is configured with it gets, and discovery lists what there is to choose
// from: RS256 always (OpenID Connect Discovery §3).
func TestAlgorithmOfAClient(t *testing.T) {
	t.Parallel()
	s := newShop(t, func(c *config.Client) { c.IDTokenAlg = "EdDSA" })
	tokens := s.redeem(s.visit(nil).Get("code"), nil)
	if id, access := s.joseHeader(tokens.IDToken), s.joseHeader(tokens.AccessToken); id.Alg != "EdDSA" || access.Alg != "EdDSA" {
		t.Errorf("%s and %s", id.Alg, access.Alg)
	}
	var discovery struct {
		IDToken   []string `json:"id_token_signing_alg_values_supported"`
		Assertion []string `json:"token_endpoint_auth_signing_alg_values_supported"`
		Proof     []string `json:"dpop_signing_alg_values_supported"`
	}
	_, body, _ := s.send(http.MethodGet, "/.well-known/openid-configuration", nil, nil)
	if err := json.Unmarshal([]byte(body), &discovery); err != nil {
		t.Fatal(err)
	}
	if !hasAll(discovery.IDToken, "RS256", "ES256", "PS256", "EdDSA") || len(discovery.IDToken) != 4 {
		t.Errorf("ID tokens: %v", discovery.IDToken)
	}
	if !slices.Contains(discovery.Assertion, "RS256") || slices.Contains(discovery.Assertion, "none") {
		t.Errorf("assertions: %v", discovery.Assertion)
	}
	if slices.Contains(discovery.Proof, "RS256") {
		t.Errorf("proofs: %v", discovery.Proof)
	}
}

// Where no client uses RSA, none is ever made.
func TestNoRSAKeyWithoutUse(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.login()
	rows, err := r.Inside.Store.Keys.SigningKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1 || rows[0].Alg != "ES256" {
		t.Errorf("%d keys: %+v", len(rows), rows)
	}
}
