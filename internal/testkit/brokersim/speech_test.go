package brokersim_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"avain/internal/testkit/brokersim"

	"github.com/go-jose/go-jose/v4"
)

// speech is how a careful relying party talks to a broker of one dialect, and what it
// expects to hear.
type speech struct {
	request   func(brokersim.Endpoints) map[string]any // claims beyond those that everybody sends
	outer     bool                                     // client_id stands beside the request
	assertion func(brokersim.Endpoints) string         // its audience
	keyWrap   jose.KeyAlgorithm
	content   jose.ContentEncryption
	hetu      string // claim
	level     map[string]any
	test      map[string]any // the same outside production
	when      func(claims map[string]any) int64
	life      int64
	cancelled string
	refused   int    // status of a token request whose client is not believed
	refusal   string // and its error
	method    string // claim that names the bank; empty: none does
}

func epoch(name string) func(map[string]any) int64 {
	return func(claims map[string]any) int64 { f, _ := claims[name].(float64); return int64(f) }
}

func instant(claims map[string]any) int64 {
	text, _ := claims["authenticationinstant"].(string)
	at, err := time.Parse("2006-01-02T15:04:05.000Z", text)
	if err != nil {
		return 0
	}
	return at.Unix()
}

var speeches = map[brokersim.Dialect]speech{
	brokersim.OP: {
		request: func(brokersim.Endpoints) map[string]any {
			return map[string]any{"scope": "openid profile personal_identity_code"}
		},
		assertion: func(e brokersim.Endpoints) string { return e.Token },
		keyWrap:   jose.RSA_OAEP, content: jose.A128CBC_HS256, hetu: "personal_identity_code",
		level: map[string]any{"acr": "http://ftn.ficora.fi/2017/loa2"}, test: map[string]any{"acr": "http://ftn.ficora.fi/2017/loatest2"},
		when: epoch("auth_time"), life: 600, cancelled: "cancel", refused: 400, refusal: "unauthorized_client",
	},
	brokersim.Telia: {
		request: func(e brokersim.Endpoints) map[string]any {
			return map[string]any{"aud": e.Issuer, "scope": "openid", "prompt": "login", "acr_values": "http://ftn.ficora.fi/2017/loa2", "code_challenge": challenge, "code_challenge_method": "S256"}
		},
		assertion: func(e brokersim.Endpoints) string { return e.Token },
		keyWrap:   jose.RSA_OAEP, content: jose.A128CBC_HS256, hetu: "urn:oid:1.2.246.21",
		level: map[string]any{"acr": "http://ftn.ficora.fi/2017/loa2"}, test: map[string]any{"acr": "http://ftn.ficora.fi/2017/loatest2"},
		when: epoch("auth_time"), life: 599, cancelled: "access_denied", refused: 401, refusal: "invalid_client", method: "amr",
	},
	brokersim.Idura: {
		request: func(e brokersim.Endpoints) map[string]any {
			return map[string]any{"aud": e.Issuer, "scope": "openid", "prompt": "login", "acr_values": "urn:grn:authn:fi:all", "response_mode": "query", "code_challenge": challenge, "code_challenge_method": "S256"}
		},
		outer: true, assertion: func(e brokersim.Endpoints) string { return e.Issuer },
		keyWrap: jose.RSA_OAEP_256, content: jose.A256GCM, hetu: "hetu",
		level: map[string]any{"identityscheme": "fitupas", "country": "FI"}, test: map[string]any{"identityscheme": "fitupas"},
		when: instant, life: 1200, cancelled: "access_denied", refused: 401, refusal: "invalid_client", method: "authenticationmethod",
	},
	brokersim.Signicat: {
		request: func(e brokersim.Endpoints) map[string]any {
			return map[string]any{"aud": e.Issuer, "scope": "openid profile nin idp-id ftn-extra", "prompt": "login", "acr_values": "idp:ftn", "code_challenge": challenge, "code_challenge_method": "S256"}
		},
		outer: true, assertion: func(e brokersim.Endpoints) string { return e.Token },
		keyWrap: jose.RSA_OAEP, content: jose.A256CBC_HS512, hetu: "ftn_hetu",
		level: map[string]any{"idp": "ftn", "sandbox": nil}, test: map[string]any{"idp": "ftn", "sandbox": true},
		when: epoch("auth_time"), life: 600, cancelled: "access_denied", refused: 400, refusal: "invalid_client", method: "ftn_idp",
	},
}

// fits reports whether the claims hold what is wanted; nil wants a claim to be absent.
func fits(claims, wanted map[string]any) bool {
	for name, want := range wanted {
		if claims[name] != want {
			return false
		}
	}
	return true
}

// level is what the party's environment must state. Idura's type belongs to the method.
func (p *party) level(claims map[string]any) bool {
	if p.dialect == brokersim.Idura {
		kind := claims["authenticationtype"]
		if kind != "urn:grn:authn:fi:bank-id" && kind != "urn:grn:authn:fi:mobile-id" {
			return false
		}
		if !p.test && !strings.HasPrefix(p.method(claims), "https://tunnistus.telia.fi/") { // not the test host
			return false
		}
	}
	if p.test {
		return fits(claims, p.speech.test)
	}
	return fits(claims, p.speech.level)
}

func dialects(t *testing.T, f func(t *testing.T, d brokersim.Dialect)) {
	t.Helper()
	for _, d := range brokersim.Dialects() {
		t.Run(string(d), func(t *testing.T) { t.Parallel(); f(t, d) })
	}
}

// claims are those of a good request object, changed.
func (p *party) claims(changes map[string]any) map[string]any {
	claims := map[string]any{
		"client_id": clientID, "redirect_uri": returnURI, "response_type": "code", "iss": clientID,
		"state": "state-" + random(), "nonce": random(), "jti": random(),
		"iat": p.clock.now().Unix(), "exp": p.clock.now().Add(10 * time.Minute).Unix(), "ui_locales": "en",
	}
	maps.Copy(claims, p.speech.request(p.sim.Endpoints()))
	return apply(claims, changes)
}

// method is what the claims say of the bank.
func (p *party) method(claims map[string]any) string {
	switch value := claims[p.speech.method].(type) {
	case []any:
		if len(value) == 1 {
			only, _ := value[0].(string)
			return only
		}
	case string:
		return value
	}
	return ""
}

// moveKeys publishes the relying party's keys at an address, and registers that.
func (p *party) moveKeys() {
	p.Helper()
	set := toJSON(p, staticKeys())
	p.publish = func() string { return set }
	client := brokersim.Client{ID: clientID, RedirectURIs: []string{returnURI}, Keys: brokersim.ClientKeys{JWKSURL: p.site.URL}}
	if err := p.sim.Register(client); err != nil {
		p.Fatal(err)
	}
}
