package brokersim_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"avain/internal/testkit/brokersim"
	"avain/internal/testkit/loopback"

	"github.com/go-jose/go-jose/v4"
)

// Every sample person arrives with the code and name that the demo seeds.
func TestEverybodyCanLogIn(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP)
	for _, person := range brokersim.People() {
		claims, err := p.login(person.UserID, nil)
		if err != nil {
			t.Fatalf("%s: %v", person.UserID, err)
		}
		if claims["personal_identity_code"] != person.HETU.Reveal() || claims["name"] != person.Name {
			t.Errorf("%s arrived as somebody else", person.UserID)
		}
		if _, split := claims["given_name"]; split != (person.GivenName != "") {
			t.Errorf("%s: split names %t", person.UserID, split)
		}
	}
}

// Both dialects can live in one process, below different paths.
func TestTwoDialectsSideBySide(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(nil)
	mux := http.NewServeMux()
	client := brokersim.Client{ID: clientID, RedirectURIs: []string{returnURI}, Keys: brokersim.ClientKeys{JWKS: &jose.JSONWebKeySet{}}}
	issuers := map[string]string{}
	for _, d := range []brokersim.Dialect{brokersim.OP, brokersim.Telia} {
		sim, err := brokersim.New(brokersim.Config{BaseURL: "http://" + server.Listener.Addr().String() + "/" + string(d), Dialect: d, Keys: brokerKeys(), Client: client})
		if err != nil {
			t.Fatal(err)
		}
		mux.Handle("/"+string(d)+"/", sim)
		issuers[sim.Endpoints().Statement] = sim.Endpoints().EntityID
	}
	server.Config.Handler = mux
	server.Start()
	t.Cleanup(server.Close)
	p := &party{T: t, app: loopback.Client(t)}
	for address, id := range issuers {
		status, _, body := p.do(p.app, http.MethodGet, address, nil)
		signed, err := jose.ParseSignedCompact(body, []jose.SignatureAlgorithm{jose.RS256})
		if err != nil {
			t.Fatalf("%s: %d %v", address, status, err)
		}
		var statement struct{ Iss, Sub string }
		if err := json.Unmarshal(signed.UnsafePayloadWithoutVerification(), &statement); err != nil {
			t.Fatal(err)
		}
		if statement.Iss != id || statement.Sub != id {
			t.Errorf("%s states %v", address, statement)
		}
	}
}

func TestPOSTRequests(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP)
	status, to, _ := p.post(p.sim.Endpoints().Authorize, url.Values{"request": {p.sign(p.claims(nil))}})
	if status != http.StatusSeeOther || !strings.Contains(to, "/identify/") {
		t.Errorf("form: %d %q", status, to)
	}
	body := `{"request":"` + p.sign(p.claims(nil)) + `"}`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.sim.Endpoints().Authorize, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := p.browser.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusSeeOther {
		t.Errorf("JSON: %d", res.StatusCode)
	}
}

func TestProfile(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP)
	back := p.returned(p.atBank(p.visit(nil), "eero"))
	_, answer := p.redeem(p.tokenForm(back.Get("code")))
	ask := func(authorization string) (int, map[string]any) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.sim.Endpoints().Profile, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", authorization)
		res, err := p.app.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		var claims map[string]any
		if err := json.NewDecoder(res.Body).Decode(&claims); err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, claims
	}
	access, _ := answer["access_token"].(string)
	if status, claims := ask("Bearer " + access); status != http.StatusOK || claims["personal_identity_code"] != p.person("eero").HETU.Reveal() {
		t.Errorf("good token: %d", status)
	}
	for _, bad := range []string{"", "Bearer", "Bearer x", "Bearer " + access + "x", "Bearer " + access[1:], "Basic " + access} {
		if status, claims := ask(bad); status != http.StatusUnauthorized || claims["personal_identity_code"] != nil {
			t.Errorf("%q: %d", bad, status)
		}
	}
}

// A load test's request is answered at once, by another person each time.
func TestAutoApprove(t *testing.T) {
	t.Parallel()
	dialects(t, func(t *testing.T, d brokersim.Dialect) {
		p := newParty(t, d, func(c *brokersim.Config) { c.AutoApprove = 3 })
		seen := map[any]int{}
		for i := range 6 {
			claims, err := p.login("", nil)
			if err != nil {
				t.Fatal(err)
			}
			code := claims[p.speech.hetu]
			if code != brokersim.GeneratedPerson(i%3).HETU.Reveal() {
				t.Errorf("login %d was not generated person %d", i, i%3)
			}
			seen[code]++
		}
		if len(seen) != 3 {
			t.Errorf("%d people, want 3", len(seen))
		}
	})
}

func TestBadConfigurationIsRefused(t *testing.T) {
	t.Parallel()
	good := func() brokersim.Config {
		return brokersim.Config{BaseURL: "http://localhost:8082/op", Dialect: brokersim.OP, Keys: brokerKeys()}
	}
	if _, err := brokersim.New(good()); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*brokersim.Config){
		"no base URL":        func(c *brokersim.Config) { c.BaseURL = "" },
		"trailing slash":     func(c *brokersim.Config) { c.BaseURL += "/" },
		"query":              func(c *brokersim.Config) { c.BaseURL += "?x=1" },
		"other scheme":       func(c *brokersim.Config) { c.BaseURL = "ftp://localhost" },
		"dialect":            func(c *brokersim.Config) { c.Dialect = "nets" },
		"sandbox of Telia":   func(c *brokersim.Config) { c.Dialect, c.Sandbox = brokersim.Telia, true },
		"productive sandbox": func(c *brokersim.Config) { c.Production, c.Sandbox = true, true },
		"user data":          func(c *brokersim.Config) { c.UserData = "Some" },
		"negative approval":  func(c *brokersim.Config) { c.AutoApprove = -1 },
		"too many people":    func(c *brokersim.Config) { c.AutoApprove = brokersim.MaxGenerated + 1 },
		"bank colour":        func(c *brokersim.Config) { c.Banks = []brokersim.Bank{{ID: "x", Name: "X", Color: "red;}"}} },
		"no redirect URI":    func(c *brokersim.Config) { c.Client.ID = clientID },
		"relative redirect URI": func(c *brokersim.Config) {
			c.Client = brokersim.Client{ID: clientID, RedirectURIs: []string{"/callback"}, Keys: brokersim.ClientKeys{JWKSURL: "http://x"}}
		},
		"two key sources": func(c *brokersim.Config) {
			c.Client = brokersim.Client{ID: clientID, RedirectURIs: []string{returnURI}, Keys: brokersim.ClientKeys{JWKSURL: "http://x", JWKS: &jose.JSONWebKeySet{}}}
		},
		"no pin": func(c *brokersim.Config) {
			c.Client = brokersim.Client{ID: clientID, RedirectURIs: []string{returnURI}, Keys: brokersim.ClientKeys{SignedJWKSURL: "http://x"}}
		},
	} {
		config := good()
		change(&config)
		if _, err := brokersim.New(config); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
