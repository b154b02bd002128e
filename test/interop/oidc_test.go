package interop_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/domain/login"
	"avain/internal/secret"
	"avain/internal/testkit/demo"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// shopSecret has characters that HTTP Basic wants form-encoded first (RFC 6749 §2.3.1).
const shopSecret = "a secret of at least 32 characters: 100 % + ä"

// compatible is a client of the compatible profile. Its redirect URI is a loopback
// address, where any port matches (RFC 8252 §7.3).
func compatible(id string, auth login.ClientAuth) config.Client {
	c := config.Client{
		ID: id, Name: "Shop", Profile: login.ProfileCompatible, Auth: auth,
		RedirectURIs:           []string{"http://127.0.0.1/callback"},
		PostLogoutRedirectURIs: []string{"http://127.0.0.1/bye"},
		Scopes:                 []string{"openid", "profile", "offline_access"},
	}
	if auth == login.AuthSecretBasic {
		c.Secret = secret.Of(shopSecret)
	}
	return c
}

// relyingParty is a web app as the documentation of go-oidc builds one.
type relyingParty struct {
	*testing.T
	*demo.Demo
	ctx      context.Context // carries the HTTP client that both libraries use
	provider *oidc.Provider
	oauth2.Config
}

func newRelyingParty(t *testing.T, d *demo.Demo, id, secret string) *relyingParty {
	t.Helper()
	ctx := oidc.ClientContext(t.Context(), &http.Client{Transport: transport(t)})
	provider, err := oidc.NewProvider(ctx, d.Service)
	if err != nil {
		t.Fatal(err)
	}
	return &relyingParty{t, d, ctx, provider, oauth2.Config{
		ClientID: id, ClientSecret: secret, Endpoint: provider.Endpoint(), // the library finds out how to authenticate
		RedirectURL: "http://127.0.0.1:49152/callback", Scopes: []string{oidc.ScopeOpenID, "profile", oidc.ScopeOfflineAccess},
	}}
}

// code sends a person's browser through the login.
func (p *relyingParty) code(nonce string, options ...oauth2.AuthCodeOption) string {
	p.Helper()
	state := oauth2.GenerateVerifier()
	address := p.AuthCodeURL(state, append(options, oidc.Nonce(nonce))...)
	page := walk(p.T, browser(p.T, p.RedirectURL), address, atBank)
	back, err := url.Parse(page.App)
	if err != nil || page.App == "" {
		p.Fatalf("the browser did not come back: %d %v\n%s", page.Status, err, page.Body)
	}
	if q := back.Query(); q.Get("state") != state || q.Get("iss") != p.Service {
		p.Fatalf("came back with %s", back.RawQuery)
	}
	return back.Query().Get("code")
}

// mustKnow verifies the tokens the way the libraries do, and that they tell who
// logged in.
func (p *relyingParty) mustKnow(tokens *oauth2.Token, nonce string) *oidc.IDToken {
	p.Helper()
	raw, ok := tokens.Extra("id_token").(string)
	if !ok {
		p.Fatal("no ID token")
	}
	id, err := p.provider.Verifier(&oidc.Config{ClientID: p.ClientID}).Verify(p.ctx, raw)
	if err != nil {
		p.Fatal(err)
	}
	if err := id.VerifyAccessToken(tokens.AccessToken); err != nil {
		p.Error(err)
	}
	var claims struct {
		Name     string `json:"name"`
		ACR      string `json:"acr"`
		AuthTime int64  `json:"auth_time"`
	}
	if err := id.Claims(&claims); err != nil {
		p.Fatal(err)
	}
	age := time.Since(time.Unix(claims.AuthTime, 0))
	if id.Nonce != nonce || claims.Name != someone().DisplayName() || claims.ACR == "" || age < -time.Minute || age > time.Minute {
		p.Errorf("ID token: nonce %q, %+v", id.Nonce, claims)
	}
	p.mustReadUserinfo(tokens, id.Subject)
	return id
}

func (p *relyingParty) mustReadUserinfo(tokens *oauth2.Token, subject string) {
	p.Helper()
	info, err := p.provider.UserInfo(p.ctx, oauth2.StaticTokenSource(tokens))
	if err != nil {
		p.Fatal(err)
	}
	var profile struct {
		Name string `json:"name"`
	}
	if err := info.Claims(&profile); err != nil || info.Subject != subject || profile.Name != someone().DisplayName() {
		p.Errorf("userinfo: %s %+v %v, want %s", info.Subject, profile, err, subject)
	}
}

// refresh does what x/oauth2 does when the access token is over.
func (p *relyingParty) refresh(refreshToken string) (*oauth2.Token, error) {
	return p.TokenSource(p.ctx, &oauth2.Token{RefreshToken: refreshToken}).Token()
}

// mustRefuse checks that the answer was an OAuth error with that code.
func (p *relyingParty) mustRefuse(what string, err error, code string) {
	p.Helper()
	refusal, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok || refusal.ErrorCode != code {
		p.Errorf("%s: %v, want %s", what, err, code)
	}
}

func TestGoOIDCPublicClient(t *testing.T) {
	t.Parallel()
	announce(t, "go-oidc", "Go", module("github.com/coreos/go-oidc/v3"))
	d, _ := start(t, func(c *config.Config) {
		c.Clients = append(c.Clients, compatible("shop-app", login.AuthNone))
	})
	p := newRelyingParty(t, d, "shop-app", "")
	const nonce = "nonce of the shop app"
	verifier := oauth2.GenerateVerifier()
	code := p.code(nonce, oauth2.S256ChallengeOption(verifier))

	_, err := p.Exchange(p.ctx, code, oauth2.VerifierOption(oauth2.GenerateVerifier()))
	p.mustRefuse("wrong verifier", err, "invalid_grant")
	_, err = p.Exchange(p.ctx, code)
	p.mustRefuse("no verifier", err, "invalid_grant")
	elsewhere := p.Config
	elsewhere.RedirectURL = "http://127.0.0.1:49153/callback"
	_, err = elsewhere.Exchange(p.ctx, code, oauth2.VerifierOption(verifier))
	p.mustRefuse("another redirect URI", err, "invalid_grant")

	tokens, err := p.Exchange(p.ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	if tokens.Type() != "Bearer" || time.Until(tokens.Expiry) < time.Minute {
		t.Errorf("type %q until %v", tokens.Type(), tokens.Expiry)
	}
	p.mustKnow(tokens, nonce)

	_, err = p.Exchange(p.ctx, code, oauth2.VerifierOption(verifier))
	p.mustRefuse("the code again", err, "invalid_grant")
	_, err = p.refresh(tokens.RefreshToken)
	p.mustRefuse("refresh after the code was replayed", err, "invalid_grant") // RFC 6749 §4.1.2
}

// A confidential client need not use PKCE. Its refresh token rotates, with a short
// time for a caller who lost the answer.
func TestGoOIDCConfidentialClientRotates(t *testing.T) {
	t.Parallel()
	d, at := start(t, func(c *config.Config) {
		c.Clients = append(c.Clients, compatible("shop-web", login.AuthSecretBasic))
	})
	p := newRelyingParty(t, d, "shop-web", shopSecret)
	const nonce = "nonce of the shop on the web"
	code := p.code(nonce)

	wrong := newRelyingParty(t, d, "shop-web", "not the secret")
	_, err := wrong.Exchange(p.ctx, code)
	p.mustRefuse("wrong secret", err, "invalid_client")

	first, err := p.Exchange(p.ctx, code)
	if err != nil {
		t.Fatal(err)
	}
	id := p.mustKnow(first, nonce)
	second, err := p.refresh(first.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	if second.RefreshToken == first.RefreshToken || second.AccessToken == first.AccessToken {
		t.Error("nothing is new after a refresh")
	}
	p.mustReadUserinfo(second, id.Subject)
	if again, err := p.refresh(first.RefreshToken); err != nil || again.RefreshToken != second.RefreshToken {
		t.Errorf("the answer was lost; the retry got another refresh token: %v", err)
	}
	at.pass(31 * time.Second)
	_, err = p.refresh(first.RefreshToken)
	p.mustRefuse("an old refresh token", err, "invalid_grant")
	_, err = p.refresh(second.RefreshToken)
	p.mustRefuse("its successor, after the old one was seen again", err, "invalid_grant")
}
