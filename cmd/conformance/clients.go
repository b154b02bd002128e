package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"math/big"
	"net"
	"os"
	"strings"
	"time"

	"avain/internal/config"
	"avain/internal/domain/login"
	"avain/internal/platform/bcp195"
	"avain/internal/protocol/oauth"
	"avain/internal/secret"

	"github.com/go-jose/go-jose/v4"
)

// alias is the part of the suite's addresses that is ours.
const alias = "avain"

// testClient is a client of the suite, as both sides need it.
type testClient struct {
	ID      string
	Secret  string           // compatible, with a secret
	Key     *jose.JSONWebKey // strict, with private_key_jwt
	Auth    login.ClientAuth
	Profile login.Profile
}

type clients struct {
	suite   string
	basic   [2]testClient // of the OpenID Connect plans
	post    testClient    // client_secret_post
	private [2]testClient // of the FAPI 2.0 plan
}

func newClients(suite string) (c clients, err error) {
	c = clients{suite: suite}
	for i := range c.basic {
		c.basic[i] = testClient{ID: fmt.Sprintf("suite-basic-%d", i+1), Secret: secret.New().Reveal(), Auth: login.AuthSecretBasic, Profile: login.ProfileCompatible}
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return c, err
		}
		id := fmt.Sprintf("suite-fapi-%d", i+1)
		c.private[i] = testClient{ID: id, Key: &jose.JSONWebKey{Key: key, KeyID: id, Algorithm: "ES256", Use: "sig"}, Auth: login.AuthPrivateKeyJWT, Profile: login.ProfileStrict}
	}
	c.post = testClient{ID: "suite-post", Secret: secret.New().Reveal(), Auth: login.AuthSecretBasic, Profile: login.ProfileCompatible}
	return c, nil
}

// configured are the clients as the service's configuration has them.
func (c clients) configured() (out []config.Client) {
	at := func(path string) string { return c.suite + "/test/a/" + alias + path }
	for _, t := range []testClient{c.basic[0], c.basic[1], c.post, c.private[0], c.private[1]} {
		one := config.Client{
			ID: t.ID, Name: "Conformance suite", Profile: t.Profile, Auth: t.Auth, Exact: true, Secret: secret.Of(t.Secret),
			RedirectURIs:           []string{at("/callback"), at("/callback?dummy1=lorem&dummy2=ipsum")},
			PostLogoutRedirectURIs: []string{at("/post_logout_redirect")},
			Scopes:                 []string{oauth.ScopeOpenID, oauth.ScopeProfile, oauth.ScopeEmail, oauth.ScopeOfflineAccess},
		}
		if t.Key != nil {
			one.JWKS, _ = json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{t.Key.Public()}}) // a public key can be written
		}
		out = append(out, one)
	}
	return out
}

// plans are the configuration files of the suite, by name.
func (c clients) plans(public, banks string) map[string]any {
	server := map[string]any{"discoveryUrl": public + "/.well-known/openid-configuration"}
	p := person{public: public, banks: banks, suite: c.suite}
	openID := map[string]any{
		"alias": alias, "description": "Avain", "server": server, "browser": p.browser(),
		"override": map[string]any{
			"oidcc-prompt-login": map[string]any{"browser": p.pictured().browser()},
			"oidcc-max-age-1":    map[string]any{"browser": p.pictured().browser()},
		},
		"client": secretOf(c.basic[0]), "client2": secretOf(c.basic[1]), "client_secret_post": secretOf(c.post),
	}
	return map[string]any{
		"basic.json":  openID,
		"config.json": map[string]any{"alias": alias, "description": "Avain", "server": server},
		"fapi2.json": map[string]any{
			"alias": alias, "description": "Avain", "server": server, "browser": p.browser(),
			"override": map[string]any{
				"fapi2-security-profile-final-user-rejects-authentication": map[string]any{"browser": p.refusing().browser()},
				"fapi2-security-profile-final-par-ensure-reused-request-uri-prior-to-auth-completion-succeeds": map[string]any{
					"browser": append([]any{p.looking()}, p.browser()...),
				},
			},
			"client": keyOf(c.private[0]), "client2": keyOf(c.private[1]),
			"resource": map[string]any{"resourceUrl": public + "/userinfo"},
		},
	}
}

func secretOf(t testClient) map[string]any {
	return map[string]any{"client_id": t.ID, "client_secret": t.Secret}
}

func keyOf(t testClient) map[string]any {
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{*t.Key}}
	return map[string]any{"client_id": t.ID, "scope": "openid profile offline_access", "jwks": set, "dpop_signing_alg": "ES256"}
}

// person is what the suite's browser does.
type person struct {
	public, banks, suite string // base URLs
	pictures             bool   // of the page of banks: for modules that want to see it again
	refuses              bool   // to log in
}

func (p person) pictured() person { p.pictures = true; return p }
func (p person) refusing() person { p.refuses = true; return p }

// looking is a first visit that comes to nothing.
func (p person) looking() map[string]any {
	return map[string]any{"match": p.public + "/authorize*", "match-limit": 1, "tasks": []any{
		map[string]any{"task": "look at the page", "match": p.public + "/login/*"},
	}}
}

// browser tells the suite's browser what a person does: choose a bank, be Aino there,
// confirm. Whatever is not shown is left out.
func (p person) browser() []any {
	task := func(name, match string, commands ...any) map[string]any {
		out := map[string]any{"task": name, "match": match, "optional": true}
		if len(commands) > 0 {
			out["commands"] = commands
		}
		return out
	}
	click := func(css string) []any { return []any{"click", "css", css} }
	picture := func(text string) []any { // where the suite wants to see the page
		return []any{"wait", "xpath", "//*", 10, text, "update-image-placeholder-optional"}
	}
	choose := []any{click("button[value=kuikka]")}
	switch {
	case p.pictures:
		choose = append([]any{picture("dentify")}, choose...)
	case p.refuses:
		choose = []any{click("form[action$='/cancel'] button")}
	}
	back := task("verify", p.suite+"/test/*", []any{"wait", "id", "submission_complete", 20})
	return []any{
		map[string]any{"match": p.public + "/authorize*", "tasks": []any{
			task("be told", p.public+"/authorize*", picture("upport code")),
			task("choose a bank", p.public+"/login/*", choose...),
			task("choose a person", p.banks+"/*", click("button[value=aino]")),
			task("confirm", p.banks+"/*", click("form[action$='/confirm'] button")),
			back,
		}},
		map[string]any{"match": p.public + "/logout*", "tasks": []any{
			task("be asked, or told", p.public+"/logout*", picture("og out|ogged out|upport code"), []any{"click", "css", "form button", "optional"}),
			task("be told", p.public+"/logout*", picture("ogged out|upport code")),
			task("verify", p.suite+"/test/*"),
		}},
	}
}

func writeJSON(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}

// selfSigned is a certificate for the host of an address.
func selfSigned(address string) (*tls.Config, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{strings.ToLower(host)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	offered := bcp195.TLS()
	offered.Certificates = []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}
	return offered, nil
}
