package brokersim_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"avain/internal/testkit/brokersim"

	"github.com/go-jose/go-jose/v4"
)

// What the brokers publish of their messages, as patterns. Numbers are JSON numbers;
// everything else is compared as text. "@now" is the time of the exchange, "@then" that
// of the authentication.

const (
	uuidText = `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`
	telia    = `https://tunnistus-pp\.telia\.fi/uas/saml2/names/ac/`
)

// message is one exchange that a guide prints.
type message struct {
	dialect brokersim.Dialect
	request map[string]any
	outer   map[string]string // header of the id_token
	inner   map[string]string // header of the JWT inside
	claims  map[string]string // all of them, none missing
	arrays  []string          // claims that are arrays
	numbers map[string]int64  // claims that are numbers, in seconds from the exchange
	answer  map[string]string // beside id_token
	expires float64           // expires_in
	code    string
}

func published() map[string]message {
	jwe := map[string]string{"cty": "JWT", "alg": "RSA-OAEP", "kid": "our-enc", "enc": "A128CBC-HS256"}
	return map[string]message{
		"OP README §8, §9": {
			dialect: brokersim.OP, request: map[string]any{"ftn_idp_id": "fi-kuikka"}, outer: jwe,
			inner: map[string]string{"alg": "RS256", "typ": "JWT", "kid": `[\w-]{43}`},
			claims: map[string]string{
				"iss": "@issuer", "sub": uuidText, "aud": clientID, "acr": `http://ftn\.ficora\.fi/2017/loatest2`, "nonce": "@nonce",
				"name": "Lindqvist Sofia Elisabet", "given_name": "Sofia Elisabet", "family_name": "Lindqvist", "birthdate": "1991-06-24",
				"personal_identity_code": "@hetu",
			},
			numbers: map[string]int64{"iat": 0, "exp": 600, "auth_time": -1},
			answer:  map[string]string{"access_token": `eyJh[\w-]+\.[\w-]+\.[\w-]+`, "token_type": "Bearer"}, expires: 3600,
			code: `eyJhb[\w-]+\.[\w-]+\.[\w-]+`,
		},
		"Telia guide §2.5, §2.6.3, §2.6.4": {
			dialect: brokersim.Telia, request: map[string]any{"acr_values": "oidc.kuikka.1"}, outer: jwe,
			inner: map[string]string{"alg": "RS256", "typ": "JWT", "kid": `[\w-]{43}`},
			claims: map[string]string{
				"sub": "[A-Z2-7]{32}", "iss": "@issuer", "aud": clientID, "acr": `http://ftn\.ficora\.fi/2017/loatest2`,
				"amr": `@issuer/saml2/names/ac/oidc\.kuikka\.1`, "azp": clientID, "session_index": "_[0-9a-f]{40}", "nonce": "@nonce",
				"urn:oid:1.3.6.1.5.5.7.9.1": "1991-06-24", "urn:oid:1.2.246.21": "@hetu", "urn:oid:2.5.4.4": "Lindqvist",
				"urn:oid:1.2.246.575.1.14": "Sofia Elisabet", "urn:oid:2.16.840.1.113730.3.1.241": "Sofia Elisabet Lindqvist", "bank-tupasid": ".+-tupasid",
			},
			arrays:  []string{"aud", "amr"},
			numbers: map[string]int64{"iat": 0, "exp": 599, "auth_time": -1},
			answer:  map[string]string{"access_token": `eyJ[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+`, "token_type": "Bearer", "scope": "openid"}, expires: 600,
			code: `eyJ[\w-]+\.\.[\w-]{22}\.[\w-]+\.[\w-]{22}`,
		},
		"Idura samples.ts and FTN page": {
			dialect: brokersim.Idura, request: map[string]any{"acr_values": "urn:grn:authn:fi:bank-id"},
			outer: map[string]string{"cty": "JWT", "alg": "RSA-OAEP-256", "kid": "our-enc", "enc": "A256GCM"},
			inner: map[string]string{"typ": "JWT", "alg": "RS256", "kid": "[0-9A-F]{40}"},
			claims: map[string]string{
				"iss": "@issuer", "aud": clientID, "nonce": "@nonce", "identityscheme": "fitupas", "authenticationtype": "urn:grn:authn:fi:bank-id",
				"authenticationmethod": telia + `oidc\.kuikka\.1`, "authenticationinstant": `2026-11-22T12:00:00\.000Z`,
				"nameidentifier": "[0-9a-f]{32}", "sub": `\{` + uuidText + `\}`, "sessionindex": uuidText, "name": "_[0-9a-f]{40}", "country": "FI",
				"givenname": "Sofia Elisabet", "given_name": "Sofia Elisabet", "surname": "Lindqvist", "family_name": "Lindqvist",
				"dateofbirth": "1991-06-24", "birthdate": "1991-06-24", "gender": "Female", "hetu": "@hetu", "satu": "",
			},
			numbers: map[string]int64{"iat": 0, "nbf": 0, "exp": 1200},
			answer:  map[string]string{"access_token": uuidText, "token_type": "Bearer"}, expires: 120, code: `[\w-]+`,
		},
		"Signicat SBID and FTN attributes reference": {
			dialect: brokersim.Signicat,
			outer:   map[string]string{"cty": "JWT", "alg": "RSA-OAEP", "kid": "our-enc", "enc": "A256CBC-HS512"},
			inner:   map[string]string{"alg": "RS256", "kid": "signing-key-[0-9a-f]{32}", "typ": "JWT"},
			claims: map[string]string{
				"iss": "@issuer", "aud": clientID, "at_hash": `[\w-]{22}`, "sid": "[0-9A-F]{32}", "sub": `[A-Za-z0-9+/]{43}=`, "idp": "ftn", "nonce": "@nonce",
				"amr": "external", "family_name": "Lindqvist", "given_name": "Sofia Elisabet", "name": "Sofia Elisabet Lindqvist", "birthdate": "1991-06-24",
				"idp_id": "@hetu", "nin": "@hetu", "nin_type": "PERSON", "nin_issuing_country": "FI", "ftn_idp": "fi-kuikka", "ftn_hetu": "@hetu", "sandbox": "true",
			},
			arrays:  []string{"amr"},
			numbers: map[string]int64{"nbf": 0, "iat": 0, "exp": 600, "auth_time": -1},
			answer:  map[string]string{"access_token": `[\w-]+`, "token_type": "Bearer", "scope": "openid profile nin idp-id ftn-extra"}, expires: 600,
			code: `[0-9A-F]{64}-1`,
		},
	}
}

func TestPublishedMessages(t *testing.T) {
	t.Parallel()
	for name, m := range published() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newParty(t, m.dialect, func(c *brokersim.Config) { c.Production = false })
			if m.dialect == brokersim.Telia && m.request == nil {
				m.request = map[string]any{"acr_values": "http://ftn.ficora.fi/2017/loatest2"}
			}
			request := p.claims(m.request)
			_, visit, _ := p.start(p.sign(request))
			code := p.returned(p.atBank(visit, "sofia")).Get("code")
			p.clock.advance(time.Second)
			status, answer := p.redeem(p.tokenForm(code))
			if status != http.StatusOK {
				t.Fatalf("%d %v", status, answer)
			}
			nonce, _ := request["nonce"].(string)
			fill := strings.NewReplacer("@issuer", regexp.QuoteMeta(p.sim.Endpoints().Issuer), "@nonce", nonce, "@hetu", p.person("sofia").HETU.Reveal())
			idToken, _ := answer["id_token"].(string)
			outer, inner, claims := p.unwrap(idToken)
			delete(answer, "id_token")
			if answer["expires_in"] != m.expires {
				t.Errorf("expires_in %v, want %v", answer["expires_in"], m.expires)
			}
			delete(answer, "expires_in")
			sameShape(t, "answer", answer, m.answer, fill)
			sameShape(t, "outer header", outer, m.outer, fill)
			sameShape(t, "inner header", inner, m.inner, fill)
			sameShape(t, "code", map[string]any{"code": code}, map[string]string{"code": m.code}, fill)
			m.times(t, claims, p.clock.now().Unix())
			for _, array := range m.arrays {
				values, ok := claims[array].([]any)
				if !ok || len(values) != 1 {
					t.Fatalf("%s = %v, want an array of one", array, claims[array])
				}
				claims[array] = values[0]
			}
			sameShape(t, "claims", claims, m.claims, fill)
		})
	}
}

// times compares the claims that are times and takes them out.
func (m message) times(t *testing.T, claims map[string]any, now int64) {
	t.Helper()
	for name, after := range m.numbers {
		if got, ok := claims[name].(float64); !ok || int64(got) != now+after {
			t.Errorf("%s = %v, want %d", name, claims[name], now+after)
		}
		delete(claims, name)
	}
}

// sameShape wants the same names on both sides, and each value as its pattern says.
func sameShape(t *testing.T, what string, got map[string]any, want map[string]string, fill *strings.Replacer) {
	t.Helper()
	for name, pattern := range want {
		value, ok := got[name]
		text, isText := value.(string)
		if flag, isFlag := value.(bool); isFlag {
			text, isText = map[bool]string{true: "true", false: "false"}[flag], true
		}
		if !ok || !isText || !regexp.MustCompile(`^(?:`+fill.Replace(pattern)+`)$`).MatchString(text) {
			t.Errorf("%s: %s = %v, want %s", what, name, value, fill.Replace(pattern))
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s: %s = %v, which no guide shows", what, name, got[name])
		}
	}
}

// unwrap opens an id_token and returns both headers and the claims.
func (p *party) unwrap(idToken string) (outer, inner, claims map[string]any) {
	p.Helper()
	sealed, err := jose.ParseEncryptedCompact(idToken, []jose.KeyAlgorithm{p.speech.keyWrap}, []jose.ContentEncryption{p.speech.content})
	if err != nil {
		p.Fatal(err)
	}
	jws, err := sealed.Decrypt(p.sealing)
	if err != nil {
		p.Fatal(err)
	}
	parts := strings.Split(string(jws), ".")
	return decoded(p, strings.Split(idToken, ".")[0]), decoded(p, parts[0]), decoded(p, parts[1])
}

// decoded is one JSON part of a compact JWT.
func decoded(p *party, part string) (values map[string]any) {
	p.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err == nil {
		err = json.Unmarshal(raw, &values)
	}
	if err != nil {
		p.Fatal(err)
	}
	return values
}

func toJSON(p *party, value any) string {
	p.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		p.Fatal(err)
	}
	return string(text)
}

// The level of assurance is that of the environment.
func TestLevelOfEachEnvironment(t *testing.T) {
	t.Parallel()
	dialects(t, func(t *testing.T, d brokersim.Dialect) {
		for _, production := range []bool{true, false} {
			p := newParty(t, d, func(c *brokersim.Config) { c.Production = production })
			changes := map[string]any{}
			if d == brokersim.Telia && !production {
				changes["acr_values"] = "http://ftn.ficora.fi/2017/loatest2"
			}
			if _, err := p.login("aino", changes); err != nil {
				t.Errorf("production %t: %v %s", production, err, p.lastReason())
			}
		}
	})
}

// sub is the same twice where the broker says so, and never at OP and Telia, so that
// nobody takes it for an identity.
func TestSubjects(t *testing.T) {
	t.Parallel()
	dialects(t, func(t *testing.T, d brokersim.Dialect) {
		p := newParty(t, d)
		var subjects []any
		for _, user := range []string{"aino", "aino", "eero"} {
			claims, err := p.login(user, nil)
			if err != nil {
				t.Fatal(err)
			}
			subjects = append(subjects, claims["sub"])
		}
		persistent := d == brokersim.Idura || d == brokersim.Signicat
		if (subjects[0] == subjects[1]) != persistent || subjects[1] == subjects[2] {
			t.Errorf("persistent %t: %v", persistent, subjects)
		}
	})
}

// OP sends names only for the scope profile (README §7).
func TestScopeProfileAtOP(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP)
	claims, err := p.login("sofia", map[string]any{"scope": "openid personal_identity_code"})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"name", "given_name", "family_name", "birthdate"} {
		if claims[name] != nil {
			t.Errorf("%s came without the scope profile", name)
		}
	}
}

// Signicat sends what the scopes ask for and its dashboard lets through.
func TestScopesAndUserDataAtSignicat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		data  brokersim.UserData
		scope string
		want  []string
	}{
		{"", "openid profile nin idp-id ftn-extra", []string{"name", "nin", "idp_id", "ftn_hetu", "ftn_idp"}},
		{brokersim.UserDataAll, "openid nin", []string{"nin"}},
		{brokersim.UserDataAll, "openid ftn-extra", []string{"ftn_hetu", "ftn_idp"}},
		{brokersim.UserDataAll, "openid idp-id", []string{"idp_id"}},
		{brokersim.UserDataStandard, "openid profile nin idp-id ftn-extra", []string{"name"}},
		{brokersim.UserDataMinimal, "openid profile nin idp-id ftn-extra", nil},
	} {
		p := newParty(t, brokersim.Signicat, func(cfg *brokersim.Config) { cfg.UserData = c.data })
		claims, _ := p.login("aino", map[string]any{"scope": c.scope}) // the code may be missing
		wanted := map[string]bool{}
		for _, name := range c.want {
			wanted[name] = true
		}
		for _, name := range []string{"name", "nin", "idp_id", "ftn_hetu", "ftn_idp"} {
			if (claims[name] != nil) != wanted[name] {
				t.Errorf("%q, scope %q: %s = %v", c.data, c.scope, name, claims[name])
			}
		}
		if claims["sub"] == nil || claims["idp"] != "ftn" {
			t.Errorf("%q: %v", c.data, claims)
		}
	}
}

// A Mobile Certificate has a SATU at Idura, in the form of one, and another type.
func TestMobileCertificateAtIdura(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.Idura)
	visit := p.visit(map[string]any{"acr_values": "urn:grn:authn:fi:mobile-id"})
	p.post(p.ring(visit, p.person("aino").Phone, ""), map[string][]string{"pin": {brokersim.PIN}})
	_, to, _ := p.get(visit)
	_, answer := p.redeem(p.tokenForm(p.returned(to).Get("code")))
	idToken, _ := answer["id_token"].(string)
	_, _, claims := p.unwrap(idToken)
	number, _ := claims["satu"].(string)
	if !regexp.MustCompile(`^\d{8}[0-9A-Y]$`).MatchString(number) || claims["authenticationtype"] != "urn:grn:authn:fi:mobile-id" {
		t.Errorf("satu %q, %v", number, claims["authenticationtype"])
	}
}
