package broker

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/protocol/oauth"
	"avain/internal/secret"
)

func base64Decode(s string) ([]byte, error) { return base64.RawURLEncoding.DecodeString(s) }

// expected is what a preset must put on the wire, claim by claim (ftn.md §1).
type expected struct {
	authorize string              // path
	params    []string            // names of the authorization request's parameters
	claims    map[string]any      // of the request object, besides the ones that all have
	absent    []string            // claims that must not be there
	audience  func(Config) string // of the client assertion
	ttl       time.Duration
	pkce      bool
}

func expectations() map[Preset]expected {
	tokenEndpoint := func(c Config) string { return c.Endpoints.Token }
	return map[Preset]expected{
		PresetOP: {
			authorize: "/oauth/authorize", params: []string{"request"},
			claims: map[string]any{
				"aud": "BASE/oauth/authorize", "scope": "openid profile personal_identity_code",
				"ftn_idp_id": "fi-metsa", "ftn_spname": "Smartum sv", "ui_locales": "sv",
			},
			absent:   []string{"acr_values", "prompt", "max_age", "code_challenge", "code_challenge_method", "login_hint"},
			audience: tokenEndpoint, ttl: 10 * time.Minute,
		},
		PresetTelia: {
			authorize: "/uas/oauth2/authorization", params: []string{"request"},
			claims: map[string]any{
				"aud": "BASE/uas", "scope": "openid", "prompt": "login", "ui_locales": "sv",
				"acr_values": "oidc.metsa.1", "code_challenge_method": "S256", // the short id: guide §2.4.5
			},
			absent: []string{"ftn_idp_id", "ftn_spname"}, audience: tokenEndpoint, ttl: 10 * time.Minute, pkce: true,
		},
		PresetIdura: {
			authorize: "/oauth2/authorize", params: []string{"client_id", "request"},
			claims: map[string]any{
				"aud": "BASE", "scope": "openid", "ui_locales": "se", "acr_values": "urn:grn:authn:fi:bank-id",
				"code_challenge_method": "S256", "prompt": "login",
			},
			absent:   []string{"ftn_idp_id"},
			audience: func(c Config) string { return c.Issuer }, ttl: 4 * time.Minute, pkce: true,
		},
		PresetSignicat: {
			authorize: "/auth/open/connect/authorize", params: []string{"client_id", "request"},
			claims: map[string]any{
				"aud": "BASE/auth/open", "scope": "openid profile nin ftn-extra", "ui_locales": "sv",
				"acr_values": "idp:ftn", "ftn_sp_name": "Smartum", "code_challenge_method": "S256", "prompt": "login",
			},
			absent: []string{"ftn_idp_id"}, audience: tokenEndpoint, ttl: 5 * time.Minute, pkce: true,
		},
		PresetINGroupe: {
			authorize: "/d/authorize", params: []string{"client_id", "request", "response_type", "scope"},
			claims: map[string]any{
				"aud": "BASE/oidc", "scope": "openid profile ssn", "ui_locales": "sv", "code_challenge_method": "S256", "prompt": "login",
			},
			absent:   []string{"ftn_idp_id", "acr_values"},
			audience: func(c Config) string { return strings.TrimSuffix(c.Issuer, "/oidc") + "/d/token" }, ttl: 5 * time.Minute, pkce: true,
		},
	}
}

func TestRequestObjectOnTheWire(t *testing.T) {
	t.Parallel()
	for preset, want := range expectations() {
		t.Run(name(preset), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, preset, nil)
			j := w.mustBegin("metsa")
			target, err := url.Parse(j.redirect.URL)
			if err != nil {
				t.Fatal(err)
			}
			if target.Path != want.authorize || j.redirect.Fields != nil || j.redirect.Broker != "brk" {
				t.Errorf("redirect is %+v, want path %s", j.redirect, want.authorize)
			}
			if got := slices.Sorted(maps.Keys(target.Query())); !slices.Equal(got, want.params) {
				t.Errorf("parameters are %v, want %v", got, want.params)
			}
			header, body := decoded(t, target.Query().Get("request"), testSigning())
			if !reflect.DeepEqual(header, map[string]any{"alg": "RS256", "kid": "our-sig"}) {
				t.Errorf("header is %v", header)
			}
			now := float64(w.clock.Now().Unix())
			all := map[string]any{
				"iss": "client-1", "client_id": "client-1", "response_type": "code",
				"redirect_uri": "https://login.example/callback/brk",
				"state":        j.start.State.Reveal(), "nonce": j.start.Nonce.Reveal(), "iat": now, "exp": now + 600,
			}
			maps.Copy(all, want.claims)
			if want.pkce {
				all["code_challenge"] = challenge(j.start.Verifier)
			}
			checkClaims(t, body, all, want.absent, w.server.URL)
			if jti, _ := body["jti"].(string); len(jti) != 22 {
				t.Errorf("jti is %q, want 128 random bits", jti)
			}
			if len(body) != len(all)+1 {
				t.Errorf("claims are %v, want those of %v and jti", slices.Sorted(maps.Keys(body)), slices.Sorted(maps.Keys(all)))
			}
		})
	}
}

// checkClaims compares; BASE stands for the broker's address.
func checkClaims(t *testing.T, body, want map[string]any, absent []string, base string) {
	t.Helper()
	for claim, value := range want {
		if text, ok := value.(string); ok && len(text) >= 4 && text[:4] == "BASE" {
			value = base + text[4:]
		}
		if !reflect.DeepEqual(body[claim], value) {
			t.Errorf("%s is %v, want %v", claim, body[claim], value)
		}
	}
	for _, claim := range append(absent, "sub") { // with "sub" it would be a client assertion
		if _, there := body[claim]; there {
			t.Errorf("%s is there: %v", claim, body[claim])
		}
	}
}

func TestTokenRequestOnTheWire(t *testing.T) {
	t.Parallel()
	for preset, want := range expectations() {
		t.Run(name(preset), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, preset, nil)
			j := w.mustBegin("metsa")
			if _, err := w.registry.Finish(context.Background(), j.back()); err != nil {
				t.Fatal(err)
			}
			requests := w.received("token")
			if len(requests) != 1 || requests[0].method != "POST" {
				t.Fatalf("token requests: %+v", requests)
			}
			form := requests[0].form
			fields := []string{"client_assertion", "client_assertion_type", "client_id", "code", "grant_type", "redirect_uri"}
			if want.pkce {
				fields = append(fields, "code_verifier")
			}
			slices.Sort(fields)
			if got := slices.Sorted(maps.Keys(form)); !slices.Equal(got, fields) {
				t.Errorf("fields are %v, want %v", got, fields)
			}
			if form.Get("code") != testCode || form.Get("grant_type") != "authorization_code" ||
				form.Get("redirect_uri") != "https://login.example/callback/brk" || form.Get("client_id") != "client-1" ||
				form.Get("client_assertion_type") != oauth.AssertionJWTBearer {
				t.Errorf("form is %v", form)
			}
			if want.pkce && form.Get("code_verifier") != j.start.Verifier.Reveal() {
				t.Error("code_verifier is not the journey's")
			}
			checkAssertion(t, w, form.Get("client_assertion"), want)
		})
	}
}

func checkAssertion(t *testing.T, w *world, raw string, want expected) {
	t.Helper()
	header, body := decoded(t, raw, testSigning())
	if !reflect.DeepEqual(header, map[string]any{"alg": "RS256", "kid": "our-sig"}) {
		t.Errorf("header is %v", header)
	}
	now := float64(w.clock.Now().Unix())
	jti, _ := body["jti"].(string)
	delete(body, "jti")
	if len(jti) != 22 {
		t.Errorf("jti is %q", jti)
	}
	all := map[string]any{
		"iss": "client-1", "sub": "client-1", "aud": want.audience(w.config), "iat": now, "exp": now + want.ttl.Seconds(),
	}
	if !reflect.DeepEqual(body, all) {
		t.Errorf("assertion is %v, want %v", body, all)
	}
}

// A jti is single-use at every broker: ours must never repeat.
func TestAssertionsAndRequestsAreSingleUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetOP, nil)
	seen := map[any]bool{}
	for range 5 {
		j := w.mustBegin("metsa")
		if _, err := w.registry.Finish(context.Background(), j.back()); err != nil {
			t.Fatal(err)
		}
		target, _ := url.Parse(j.redirect.URL)
		_, request := decoded(t, target.Query().Get("request"), testSigning())
		requests := w.received("token")
		_, assertion := decoded(t, requests[len(requests)-1].form.Get("client_assertion"), testSigning())
		for _, jti := range []any{request["jti"], assertion["jti"]} {
			if seen[jti] {
				t.Fatal("a jti was used twice")
			}
			seen[jti] = true
		}
	}
}

func TestTransportPOSTPutsTheRequestIntoAForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetOP, func(c *Config) { c.Request.Transport = TransportPOST })
	j := w.mustBegin("metsa")
	if j.redirect.URL != w.server.URL+"/oauth/authorize" || len(j.redirect.Fields) != 1 {
		t.Fatalf("redirect is %+v", j.redirect)
	}
	decoded(t, j.redirect.Fields.Get("request"), testSigning())
}

func TestTransportPARPushesTheRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetIdura, func(c *Config) { c.Request.Transport = TransportPAR })
	j := w.mustBegin("mobile")
	target, err := url.Parse(j.redirect.URL)
	if err != nil {
		t.Fatal(err)
	}
	want := url.Values{"client_id": {"client-1"}, "request_uri": {"urn:ietf:params:oauth:request_uri:abc"}}
	if !reflect.DeepEqual(target.Query(), want) {
		t.Errorf("query is %v, want %v", target.Query(), want)
	}
	pushed := w.received("par")
	if len(pushed) != 1 {
		t.Fatalf("pushed %d times", len(pushed))
	}
	_, body := decoded(t, pushed[0].form.Get("request"), testSigning())
	if body["acr_values"] != "urn:grn:authn:fi:mobile-id" || body["nonce"] != j.start.Nonce.Reveal() {
		t.Errorf("request object is %v", body)
	}
	checkAssertion(t, w, pushed[0].form.Get("client_assertion"), expectations()[PresetIdura])
}

// A request_uri is the broker's text in our redirect: it must not be able to add
// parameters, or be anything but one token.
func TestTransportPARRefusesAStrangeRequestURI(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{"", "urn:x y", "urn:x\r\nSet-Cookie: a=b", "urn:ä"} {
		w := newWorld(t, PresetIdura, func(c *Config) { c.Request.Transport = TransportPAR })
		w.handle("par", jsonHandler(201, map[string]any{"request_uri": uri}))
		_, err := w.begin("metsa")
		mustFail(t, err, login.ReasonBrokerError, "par.request_uri")
	}
}

func TestPreselectVariants(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*Config)
		claim  string
		want   any
	}{
		{"none", func(c *Config) { c.Request.Preselect = PreselectNone }, "acr_values", loaTestSubstantial},
		{"login_hint", func(c *Config) { c.Request.Preselect = PreselectLoginHint }, "login_hint", "oidc.metsa.1"},
		{"claim", func(c *Config) {
			c.Request.Preselect, c.Request.PreselectParam = PreselectClaim, "idp"
		}, "idp", "oidc.metsa.1"},
		{"extra", func(c *Config) { c.Request.ExtraClaims = map[string]string{"ftn_x": "1"} }, "ftn_x", "1"},
		{"max_age", func(c *Config) { c.Request.MaxAge = new(int) }, "max_age", 0.0},
		{"whole URL", func(c *Config) { c.Means[0].Value = "urn:method:1" }, "acr_values", "urn:method:1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, PresetTelia, c.change)
			target, err := url.Parse(w.mustBegin("metsa").redirect.URL)
			if err != nil {
				t.Fatal(err)
			}
			_, body := decoded(t, target.Query().Get("request"), testSigning())
			if body[c.claim] != c.want {
				t.Errorf("%s is %v, want %v", c.claim, body[c.claim], c.want)
			}
		})
	}
}

func TestDiscoveryFindsTheEndpoints(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", func(c *Config) {
		c.Endpoints.Discovery = c.Issuer + "/.well-known/openid-configuration"
		c.Claims.HETU, c.ACR = "hetu", []string{loaTestSubstantial}
		c.Algorithms.KeyEncryption, c.Algorithms.ContentEncryption = []string{"RSA-OAEP"}, []string{"A128CBC-HS256"}
		c.Request.Preselect = PreselectLoginHint
	})
	j := w.mustBegin("metsa")
	if got, _, _ := cutQuery(j.redirect.URL); got != w.server.URL+"/d/authorize" {
		t.Errorf("authorization endpoint is %s", got)
	}
	if _, err := w.registry.Finish(context.Background(), j.back()); err != nil {
		t.Fatal(err)
	}
	_, assertion := decoded(t, w.received("token")[0].form.Get("client_assertion"), testSigning())
	if assertion["aud"] != w.server.URL+"/d/token" {
		t.Errorf("assertion audience is %v", assertion["aud"])
	}
	if got := len(w.received("discovery")); got != 1 {
		t.Errorf("discovery was fetched %d times", got)
	}
	w.handle("discovery", jsonHandler(200, map[string]any{"issuer": "https://other.example"}))
}

// OpenID Connect Core §6.1 wants scope and response_type beside the request object, too.
// Some brokers insist; Telia ignores everything beside it.
func TestOuterScopeIsConfigurable(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	for _, c := range []struct {
		preset Preset
		set    *bool
		want   bool
	}{{"", nil, true}, {"", &no, false}, {PresetTelia, nil, false}, {PresetTelia, &yes, true}, {PresetINGroupe, nil, true}, {PresetOP, nil, false}} {
		for _, transport := range []Transport{TransportQuery, TransportPOST} {
			w := newWorld(t, c.preset, func(config *Config) {
				config.Request.Transport, config.Request.OuterScope = transport, c.set
				config.Endpoints.Authorization, config.Endpoints.Token = config.Issuer+"/a", config.Issuer+"/t"
				if c.preset == "" {
					config.Claims.HETU, config.BrokerKeys.JWKSURI = "hetu", config.Issuer+"/d/jwks"
					config.Algorithms.KeyEncryption, config.Algorithms.ContentEncryption = []string{"RSA-OAEP"}, []string{"A128CBC-HS256"}
				}
			})
			redirect := w.mustBegin("metsa").redirect
			fields := redirect.Fields
			if fields == nil {
				target, err := url.Parse(redirect.URL)
				if err != nil {
					t.Fatal(err)
				}
				fields = target.Query()
			}
			has := fields.Get("response_type") == "code" && fields.Get("scope") == strings.Join(w.config.Request.Scopes, " ")
			if has != c.want || fields.Has("scope") != c.want {
				t.Errorf("%q by %s: %v", c.preset, transport, slices.Sorted(maps.Keys(fields)))
			}
		}
	}
}

func TestDiscoveryOfAnotherIssuerIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(map[string]any)
		detail string
	}{
		{"issuer", func(m map[string]any) { m["issuer"] = "https://other.example" }, "discovery.issuer"},
		{"no token endpoint", func(m map[string]any) { delete(m, "token_endpoint") }, "discovery.incomplete"},
		{"threat 35: foreign host", func(m map[string]any) { m["token_endpoint"] = "http://169.254.169.254/latest" }, "discovery.host"},
		{"threat 35: user in URL", func(m map[string]any) { m["jwks_uri"] = "https://a@b/" }, "discovery.host"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "", func(c *Config) {
				c.Endpoints.Discovery = c.Issuer + "/.well-known/openid-configuration"
				c.Claims.HETU = "hetu"
				c.Algorithms.KeyEncryption, c.Algorithms.ContentEncryption = []string{"RSA-OAEP"}, []string{"A128CBC-HS256"}
			})
			metadata := w.metadata()
			c.change(metadata)
			w.handle("discovery", jsonHandler(200, metadata))
			_, err := w.begin("metsa")
			mustFail(t, err, login.ReasonBrokerError, c.detail)
		})
	}
}

func TestBeginRefusesAnUnknownMeans(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetTelia, nil)
	for _, means := range []string{"", "nordea", "brk.fi-anything", "brk.", "../x", "brk.\x00"} {
		_, err := w.begin(means)
		mustFail(t, err, login.ReasonMeansUnavailable, "means.unknown")
	}
}

func TestSecretsStayOutOfTheRedirectsOpenParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetTelia, nil)
	j := w.mustBegin("metsa")
	raw, err := json.Marshal(j.start)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []secret.Text{j.start.State, j.start.Nonce, j.start.Verifier} {
		if containsText(j.redirect.URL, s.Reveal()) || containsText(string(raw), s.Reveal()) {
			t.Error("a secret stands in the open")
		}
	}
}
