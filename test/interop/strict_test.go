package interop_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"testing"

	"avain/internal/config"
	"avain/internal/domain/login"
	"avain/internal/testkit/demo"
	"avain/internal/testkit/robot"

	"github.com/go-jose/go-jose/v4"
)

// app is what a client program has to know.
type app struct {
	Issuer                string           `json:"issuer"`
	ClientID              string           `json:"client_id"`
	RedirectURI           string           `json:"redirect_uri"`
	PostLogoutRedirectURI string           `json:"post_logout_redirect_uri"`
	Key                   *jose.JSONWebKey `json:"key,omitempty"`       // private; for private_key_jwt
	ProofAlg              string           `json:"proof_alg,omitempty"` // of DPoP proofs; ES256 when empty
}

// phoneApp is the app of the demo: public, strict.
func phoneApp(d *demo.Demo) app {
	return app{Issuer: d.Service, ClientID: "smartumpay", RedirectURI: d.App + "/return", PostLogoutRedirectURI: d.App + "/"}
}

// outcome is what a client program reports at its end.
type outcome struct {
	Claims   map[string]any `json:"claims"`
	Userinfo map[string]any `json:"userinfo"`
	Again    string         `json:"again"` // the person's sub, learnt in another way
}

// logIn runs an npm program as a client and is its browser.
func logIn(t *testing.T, d *demo.Demo, program string, a app) outcome {
	t.Helper()
	return accompany(t, runScript(t, program, a), browser(t, d.App))
}

// accompany is the browser of a client program until the program is done.
func accompany(t *testing.T, s *script, b *robot.Browser) outcome {
	t.Helper()
	for {
		var said struct {
			Open string   `json:"open"`
			To   string   `json:"to"` // what the person wants there
			Done *outcome `json:"done"`
		}
		s.hear(&said)
		if said.Done != nil {
			s.end()
			return *said.Done
		}
		page := walk(t, b, said.Open, map[string][]string{"log in": atBank, "log out": logout}[said.To])
		if page.App == "" {
			t.Fatalf("the browser did not come back to the app: %d\n%s", page.Status, page.Body)
		}
		s.say(map[string]string{"back": page.App})
	}
}

// mustBe compares what a client learnt with the person who logged in.
func mustBe(t *testing.T, got outcome, issuer string) {
	t.Helper()
	for where, claims := range map[string]map[string]any{"ID token": got.Claims, "userinfo": got.Userinfo} {
		if claims["name"] != someone().DisplayName() || claims["given_name"] != someone().GivenName || claims["family_name"] != someone().FamilyName {
			t.Errorf("%s: %v is not %s", where, claims, someone().DisplayName())
		}
		if claims["sub"] == "" || claims["sub"] != got.Claims["sub"] {
			t.Errorf("%s: sub %v", where, claims["sub"])
		}
	}
	if got.Claims["iss"] != issuer {
		t.Errorf("iss %v, want %s", got.Claims["iss"], issuer)
	}
	if got.Again == "" || got.Again != got.Claims["sub"] {
		t.Errorf("the person is %v and then %v", got.Claims["sub"], got.Again)
	}
}

func TestStrictClients(t *testing.T) {
	t.Parallel()
	for _, library := range []string{"openid-client", "oauth4webapi"} {
		program := library + ".mjs"
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			announce(t, library+" (strict)", "JavaScript", npm(library))
			d, _ := start(t, nil)
			mustBe(t, logIn(t, d, program, phoneApp(d)), d.Service)
		})
	}
}

// FAPI 2.0 as its profile describes it: a confidential client with private_key_jwt
// and DPoP.
func TestStrictConfidentialClient(t *testing.T) {
	t.Parallel()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key := jose.JSONWebKey{Key: private, KeyID: "client-1", Algorithm: "ES256", Use: "sig"}
	d, _ := start(t, func(c *config.Config) {
		c.Clients = append(c.Clients, config.Client{
			ID: "benefits-web", Name: "Benefits on the web", Profile: login.ProfileStrict, Auth: login.AuthPrivateKeyJWT,
			JWKS: publicKeys(t, key), RedirectURIs: c.Clients[0].RedirectURIs,
			PostLogoutRedirectURIs: c.Clients[0].PostLogoutRedirectURIs, Scopes: c.Clients[0].Scopes,
		})
	})
	a := phoneApp(d)
	a.ClientID, a.Key = "benefits-web", &key
	mustBe(t, logIn(t, d, "openid-client.mjs", a), d.Service)
}

// publicKeys is the JWK set that a client registers.
func publicKeys(t *testing.T, private ...jose.JSONWebKey) []byte {
	t.Helper()
	set := jose.JSONWebKeySet{}
	for _, key := range private {
		set.Keys = append(set.Keys, key.Public())
	}
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
