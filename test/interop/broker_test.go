package interop_test

import (
	"net/http"
	"slices"
	"testing"

	"avain/internal/broker"
	"avain/internal/config"
	"avain/internal/domain/login"
	"avain/internal/testkit/demo"
	"avain/internal/testkit/robot"
)

// acr is the level that the foreign broker vouches for.
const acr = "http://ftn.ficora.fi/2017/loatest2"

// registration is one client of ours at the foreign broker: another way of using it.
type registration struct {
	ClientID    string `json:"client_id"`
	RedirectURI string `json:"redirect_uri"`
	JWKSURI     string `json:"jwks_uri"`
	ACR         string `json:"acr"`       // that its ID tokens will have
	Plaintext   bool   `json:"plaintext"` // that they will not be encrypted

	change func(*broker.Config)
}

// registrations, by the id that the broker has in our configuration. Each serves one
// means that is named after it.
func registrations(issuer string) map[string]registration {
	static := func(c *broker.Config) {
		c.Endpoints = broker.Endpoints{Authorization: issuer + "/auth", Token: issuer + "/token", PAR: issuer + "/request"}
		c.BrokerKeys.JWKSURI = issuer + "/jwks"
	}
	discovered := func(c *broker.Config) { c.Endpoints.Discovery = issuer + "/.well-known/openid-configuration" }
	by := func(transport broker.Transport, endpoints func(*broker.Config)) func(*broker.Config) {
		return func(c *broker.Config) {
			endpoints(c)
			c.Request.Transport = transport
		}
	}
	return map[string]registration{
		"by-query":  {ACR: acr, change: by(broker.TransportQuery, discovered)},
		"by-post":   {ACR: acr, change: by(broker.TransportPOST, static)},
		"by-par":    {ACR: acr, change: by(broker.TransportPAR, static)},
		"found-par": {ACR: acr, change: by(broker.TransportPAR, discovered)},
		"plaintext": {ACR: acr, change: by(broker.TransportQuery, static), Plaintext: true},
		"weak":      {ACR: "urn:example:password", change: by(broker.TransportQuery, static)},
	}
}

// generic is the configuration of a broker that no preset knows.
func generic(t *testing.T, id, issuer string, ours broker.OurKeys, change func(*broker.Config)) broker.Config {
	t.Helper()
	c := broker.Config{
		ID: id, Name: "Foreign broker", Issuer: issuer, ClientID: "avain-" + id,
		OurKeys: broker.OurKeys{Signing: ours.Signing, Decryption: ours.Decryption},
		Algorithms: broker.Algorithms{
			Signature: []string{"RS256"}, Request: "RS256",
			KeyEncryption: []string{"RSA-OAEP"}, ContentEncryption: []string{"A128CBC-HS256"},
		},
		Request: broker.Request{Scopes: []string{"openid", "hetu", "profile"}, Prompt: "login"},
		Claims:  broker.ClaimMap{HETU: "hetu", GivenName: "given_name", FamilyName: "family_name"},
		Method:  broker.MethodSource{Claim: "amr"},
		ACR:     []string{acr}, HETU: broker.HETUArtificial,
		Means: []broker.Means{{ID: id, Name: id, Reported: []string{"bank"}}},
	}
	change(&c)
	c, err := c.WithPreset()
	if err != nil {
		t.Fatal(err)
	}
	if problems := c.Validate("brokers[2]"); len(problems) > 0 {
		t.Fatalf("the configuration of %s: %v", id, problems)
	}
	return c
}

// startWithForeignBroker runs oidc-provider, and the service with it as upstream.
func startWithForeignBroker(t *testing.T) *demo.Demo {
	t.Helper()
	type person struct {
		HETU       string `json:"hetu"`
		GivenName  string `json:"given_name"`
		FamilyName string `json:"family_name"`
	}
	p := someone()
	s := runScript(t, "broker.mjs", map[string]any{
		"people": map[string]person{p.UserID: {p.HETU.Reveal(), p.GivenName, p.FamilyName}},
	})
	var listening struct {
		Issuer string `json:"issuer"`
	}
	s.hear(&listening)
	all := registrations(listening.Issuer)
	d, _ := start(t, func(c *config.Config) {
		for id, r := range all {
			c.Brokers = append(c.Brokers, generic(t, id, listening.Issuer, c.Brokers[0].OurKeys, r.change))
		}
	})
	var clients []registration
	for id, r := range all {
		r.ClientID, r.RedirectURI, r.JWKSURI = "avain-"+id, d.Service+"/callback/"+id, d.Service+"/ftn/"+id+"/jwks"
		clients = append(clients, r)
	}
	s.say(map[string]any{"clients": clients})
	var ready struct {
		Ready bool `json:"ready"`
	}
	if s.hear(&ready); !ready.Ready {
		t.Fatal("the broker is not ready")
	}
	return d
}

// phone is the demo's app and a browser beside it.
type phone struct {
	*testing.T
	*demo.Demo
	app     *robot.App
	browser *robot.Browser
	login   robot.Login
}

func newPhone(t *testing.T, d *demo.Demo) *phone {
	t.Helper()
	app, err := robot.NewApp(d.Service, "smartumpay", d.App+"/return", &http.Client{Transport: transport(t), CheckRedirect: robot.NoRedirect})
	if err != nil {
		t.Fatal(err)
	}
	login, err := app.Start(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return &phone{t, d, app, browser(t, d.App), login}
}

// walk goes on from the login's page.
func (p *phone) walk(way ...string) robot.Page {
	p.Helper()
	return walk(p.T, p.browser, p.login.AuthorizeURL, way)
}

// finish redeems the code and answers who logged in.
func (p *phone) finish(page robot.Page) string {
	p.Helper()
	if page.App == "" {
		p.Fatalf("not back in the app: %d\n%s", page.Status, page.Body)
	}
	tokens, err := p.app.Finish(p.Context(), p.login, page.App)
	if err != nil {
		p.Fatal(err)
	}
	claims, err := p.app.UserInfo(p.Context(), tokens.AccessToken)
	if err != nil {
		p.Fatal(err)
	}
	subject, ok := claims["sub"].(string)
	if !ok || claims["name"] != someone().DisplayName() {
		p.Fatalf("userinfo %v", claims)
	}
	return subject
}

// attempt is the login as support sees it.
func (p *phone) attempt() login.Attempt {
	p.Helper()
	a, err := p.Inside.Store.Attempts.AttemptBySupportCode(p.Context(), p.login.SupportCode)
	if err != nil {
		p.Fatal(err)
	}
	return a
}

// mustHaveFailed checks what support reads of a failure at the broker, and that
// nobody was identified.
func (p *phone) mustHaveFailed(reason login.Reason, detail string) {
	p.Helper()
	a := p.attempt()
	if a.Person != "" || a.Session != "" || a.State != login.StateOpened {
		p.Errorf("somebody was identified: %+v", a)
	}
	if !slices.ContainsFunc(a.Timeline, func(e login.Event) bool { return e.Reason == reason && e.Detail == detail }) {
		p.Errorf("timeline %+v lacks %s (%s)", a.Timeline, reason, detail)
	}
}

func TestForeignBroker(t *testing.T) {
	t.Parallel()
	d := startWithForeignBroker(t)
	person := someone().UserID

	p := newPhone(t, d)
	known := p.finish(p.walk(atBank...)) // by the simulated broker

	for means, way := range map[string][]string{
		"by-query": {"by-query", person}, "by-post": {"by-post", "Jatka", person},
		"by-par": {"by-par", person}, "found-par": {"found-par", person},
	} {
		t.Run(means, func(t *testing.T) {
			p := newPhone(t, d)
			if subject := p.finish(p.walk(way...)); subject != known {
				t.Errorf("the person is %s here and %s at another broker", subject, known)
			}
			a := p.attempt()
			if a.Broker != means || a.Means != means || a.ACR != acr || !slices.Equal(a.AMR, []string{"bank"}) || a.State != login.StateRedeemed {
				t.Errorf("attempt %+v", a)
			}
		})
	}

	t.Run("cancelled, then done", func(t *testing.T) {
		p := newPhone(t, d)
		page := p.walk("by-query", "Cancel")
		if page.Status != http.StatusOK || page.App != "" {
			t.Fatalf("after cancelling: %d %s", page.Status, page.App)
		}
		p.mustHaveFailed(login.ReasonCancelledAtBroker, "callback.cancelled")
		p.finish(p.walk("by-query", person))
	})
	t.Run("plaintext", func(t *testing.T) { // threat 21
		p := newPhone(t, d)
		p.walk("plaintext", person)
		p.mustHaveFailed(login.ReasonBrokerUnencrypted, "id_token.plaintext")
	})
	t.Run("weak", func(t *testing.T) {
		p := newPhone(t, d)
		p.walk("weak", person)
		p.mustHaveFailed(login.ReasonIdentificationWeak, "id_token.acr")
	})
}
