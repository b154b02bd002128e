package interop_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"avain/internal/config"
	"avain/internal/domain/login"
	"avain/internal/testkit/demo"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/client/rs"
	httphelper "github.com/zitadel/oidc/v3/pkg/http"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/oauth2"
)

// shopKey is a client's key for private_key_jwt, as the library wants it and as the
// client registers it.
type shopKey struct {
	id      string
	private []byte // PEM
	public  []byte // JWK set
}

func newShopKey(t *testing.T) shopKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	const id = "shop-2026"
	return shopKey{
		id:      id,
		private: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		public:  publicKeys(t, jose.JSONWebKey{Key: key, KeyID: id, Use: "sig"}),
	}
}

// shop is a web app made of the library's own handlers.
type shop struct {
	*testing.T
	*demo.Demo
	rp.RelyingParty
	url      string
	loggedIn chan visit
}

// visit is what the library hands to the web app after it has verified everything.
type visit struct {
	tokens *oidc.Tokens[*oidc.IDTokenClaims]
	info   *oidc.UserInfo
}

func openShop(t *testing.T, d *demo.Demo, id, secret string, options ...rp.Option) *shop {
	t.Helper()
	s := &shop{T: t, Demo: d, loggedIn: make(chan visit, 1)}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.url = server.URL
	cookies := httphelper.NewCookieHandler([]byte("0123456789abcdef0123456789abcdef"), []byte("0123456789abcdef"), httphelper.WithUnsecure())
	var err error
	s.RelyingParty, err = rp.NewRelyingPartyOIDC(t.Context(), d.Service, id, secret, s.url+"/callback",
		[]string{oidc.ScopeOpenID, oidc.ScopeProfile, oidc.ScopeOfflineAccess},
		append(options, rp.WithPKCE(cookies), rp.WithHTTPClient(&http.Client{Transport: transport(t)}), rp.WithSigningAlgsFromDiscovery())...)
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("GET /login", rp.AuthURLHandler(oauth2.GenerateVerifier, s.RelyingParty))
	mux.Handle("GET /callback", rp.CodeExchangeHandler(rp.UserinfoCallback(
		func(w http.ResponseWriter, _ *http.Request, tokens *oidc.Tokens[*oidc.IDTokenClaims], _ string, _ rp.RelyingParty, info *oidc.UserInfo) {
			s.loggedIn <- visit{tokens, info}
			w.WriteHeader(http.StatusNoContent)
		}), s.RelyingParty))
	return s
}

// visit lets someone log in to the shop, in a browser that follows every redirect.
func (s *shop) visit() visit {
	s.Helper()
	page := walk(s.T, browser(s.T, ""), s.url+"/login", atBank)
	if page.Status != http.StatusNoContent {
		s.Fatalf("the shop answered %d:\n%s", page.Status, page.Body)
	}
	v := <-s.loggedIn
	if v.info.Name != someone().DisplayName() || v.info.GivenName != someone().GivenName || v.tokens.IDTokenClaims.Name != v.info.Name {
		s.Errorf("the shop met %+v", v.info)
	}
	if v.tokens.IDTokenClaims.AuthenticationContextClassReference == "" || v.tokens.RefreshToken == "" {
		s.Errorf("tokens %+v", v.tokens.IDTokenClaims)
	}
	return v
}

// refresh rotates the refresh token.
func (s *shop) refresh(refreshToken string) (*oidc.Tokens[*oidc.IDTokenClaims], error) {
	return rp.RefreshTokens[*oidc.IDTokenClaims](s.Context(), s.RelyingParty, refreshToken, "", "")
}

func (s *shop) mustRefuse(what string, err error, code string) {
	s.Helper()
	refusal, ok := errors.AsType[*oidc.Error](err)
	if !ok || string(refusal.ErrorType) != code {
		s.Errorf("%s: %v, want %s", what, err, code)
	}
}

// TestZitadelRelyingParty logs in with each way of client authentication. The three
// clients belong to one company, so they know the person by one sub of their own.
func TestZitadelRelyingParty(t *testing.T) {
	t.Parallel()
	announce(t, "zitadel/oidc", "Go", module("github.com/zitadel/oidc/v3"))
	key := newShopKey(t)
	d, _ := start(t, func(c *config.Config) {
		for id, auth := range map[string]login.ClientAuth{
			"shop-app": login.AuthNone, "shop-web": login.AuthSecretBasic, "shop-key": login.AuthPrivateKeyJWT,
		} {
			client := compatible(id, auth)
			client.Sector, client.Introspection = "shop.example", id != "shop-app"
			if auth == login.AuthPrivateKeyJWT {
				client.JWKS = key.public
			}
			c.Clients = append(c.Clients, client)
		}
		c.Clients = append(c.Clients, compatible("curious", login.AuthSecretBasic))
	})
	subjects := map[string]bool{}
	for _, client := range []struct {
		id, secret string
		options    []rp.Option
	}{
		{"shop-app", "", nil},
		{"shop-web", shopSecret, []rp.Option{rp.WithAuthStyle(oauth2.AuthStyleInHeader)}},
		{"shop-key", "", []rp.Option{rp.WithJWTProfile(rp.SignerFromKeyAndKeyID(key.private, key.id))}},
	} {
		s := openShop(t, d, client.id, client.secret, client.options...)
		v := s.visit()
		subjects[v.info.Subject] = true
		s.staysLoggedIn(v)
		s.logsOut(v)
	}
	if len(subjects) != 1 {
		t.Errorf("one sector knows one person as %v", subjects)
	}
	introspects(t, d, key)
}

// staysLoggedIn refreshes, and gives the session up in the end.
func (s *shop) staysLoggedIn(v visit) {
	s.Helper()
	fresh, err := s.refresh(v.tokens.RefreshToken)
	if err != nil {
		s.Fatal(err)
	}
	if fresh.RefreshToken == v.tokens.RefreshToken || fresh.RefreshToken == "" {
		s.Error("the refresh token does not rotate")
	}
	if _, err := rp.Userinfo[*oidc.UserInfo](s.Context(), fresh.AccessToken, fresh.TokenType, v.info.Subject, s.RelyingParty); err != nil {
		s.Error(err)
	}
	if err := rp.RevokeToken(s.Context(), s.RelyingParty, fresh.RefreshToken, "refresh_token"); err != nil {
		s.Fatal(err)
	}
	_, err = s.refresh(fresh.RefreshToken)
	s.mustRefuse("a revoked refresh token", err, "invalid_grant")
	_, err = rp.Userinfo[*oidc.UserInfo](s.Context(), fresh.AccessToken, fresh.TokenType, v.info.Subject, s.RelyingParty)
	s.mustRefuse("an access token of a revoked session", err, "invalid_token")
}

// logsOut logs in once more and out again by the end-session endpoint.
func (s *shop) logsOut(before visit) {
	s.Helper()
	v := s.visit()
	if v.info.Subject != before.info.Subject {
		s.Error("the same person is another one after the next login")
	}
	to, err := rp.EndSession(s.Context(), s.RelyingParty, v.tokens.IDToken, s.url+"/bye", "thank you", "", nil)
	if err != nil || to == nil || to.String() != s.url+"/bye?state=thank+you" {
		s.Fatalf("logged out to %v, %v", to, err)
	}
	_, err = s.refresh(v.tokens.RefreshToken)
	s.mustRefuse("refresh after logging out", err, "invalid_grant")
}

// introspects asks about a token as a resource server would, with and without the
// right to.
func introspects(t *testing.T, d *demo.Demo, key shopKey) {
	t.Helper()
	s := openShop(t, d, "shop-app", "")
	v := s.visit()
	web := rs.WithClient(&http.Client{Transport: transport(t)})
	bySecret, err := rs.NewResourceServerClientCredentials(t.Context(), d.Service, "shop-web", shopSecret, web)
	if err != nil {
		t.Fatal(err)
	}
	byKey, err := rs.NewResourceServerJWTProfile(t.Context(), d.Service, "shop-key", key.id, key.private, web)
	if err != nil {
		t.Fatal(err)
	}
	curious, err := rs.NewResourceServerClientCredentials(t.Context(), d.Service, "curious", shopSecret, web)
	if err != nil {
		t.Fatal(err)
	}
	resources := map[string]rs.ResourceServer{"client_secret_basic": bySecret, "private_key_jwt": byKey}
	for name, resource := range resources {
		got, err := rs.Introspect[*oidc.IntrospectionResponse](t.Context(), resource, v.tokens.AccessToken)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !got.Active || got.Subject != v.info.Subject || got.ClientID != "shop-app" || got.Issuer != d.Service || got.TokenType != "Bearer" {
			t.Errorf("%s: %+v", name, got)
		}
		if got.Expiration.AsTime().Before(got.IssuedAt.AsTime()) || len(got.Scope) != 3 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	_, err = rs.Introspect[*oidc.IntrospectionResponse](t.Context(), curious, v.tokens.AccessToken)
	s.mustRefuse("introspection without the right to", err, "unauthorized_client")
	if err := rp.RevokeToken(t.Context(), s.RelyingParty, v.tokens.RefreshToken, "refresh_token"); err != nil {
		t.Fatal(err)
	}
	for name, resource := range resources {
		got, err := rs.Introspect[*oidc.IntrospectionResponse](t.Context(), resource, v.tokens.AccessToken)
		if err != nil || got.Active || got.Subject != "" {
			t.Errorf("%s: a token of a revoked session: %+v, %v", name, got, err)
		}
	}
}
