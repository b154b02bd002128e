package brokersim_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"avain/internal/testkit/brokersim"

	"github.com/go-jose/go-jose/v4"
)

// requestCase is a request object with one thing wrong. Without a code the person must
// stay on a page that has no way back; with one they come back with it.
type requestCase struct {
	name    string
	changes map[string]any
	reason  brokersim.Reason
	code    string
}

func (c requestCase) check(t *testing.T, p *party) {
	t.Helper()
	claims := p.claims(c.changes)
	status, to, body := p.start(p.sign(claims))
	if got := p.lastReason(); got != c.reason {
		t.Errorf("%s: reason %q, want %q", c.name, got, c.reason)
	}
	if c.code == "" {
		if status != http.StatusBadRequest || to != "" || strings.Contains(body, "avain.example") || !strings.Contains(body, string(c.reason)) {
			t.Errorf("%s: %d %q, want a page without a way back that says %q", c.name, status, to, c.reason)
		}
		return
	}
	if status != http.StatusSeeOther {
		t.Fatalf("%s: %d, want a redirect", c.name, status)
	}
	back := p.returned(to)
	state, _ := claims["state"].(string)
	if back.Get("error") != c.code || back.Get("error_description") == "" || back.Has("code") || back.Get("state") != state {
		t.Errorf("%s: came back with %v, want error=%s", c.name, back, c.code)
	}
}

// after shifts the clock of the tests.
func after(d time.Duration) int64 { return newClock().now().Add(d).Unix() }

func commonRequestCases() []requestCase {
	return []requestCase{
		{"no client", map[string]any{"client_id": nil}, brokersim.ClientUnknown, ""},
		{"another client", map[string]any{"client_id": "somebody"}, brokersim.ClientUnknown, ""},
		{"issuer", map[string]any{"iss": "somebody"}, brokersim.IssuerWrong, ""},
		{"no issuer beside a jti", map[string]any{"iss": nil}, brokersim.IssuerWrong, ""},
		{"max_age is a word", map[string]any{"max_age": "soon"}, brokersim.ClaimsMalformed, ""},
		{"audience", map[string]any{"aud": "https://somebody.example"}, brokersim.AudienceWrong, ""},
		{"expired", map[string]any{"exp": after(-time.Second)}, brokersim.Expired, ""},
		{"expires now", map[string]any{"exp": after(0)}, brokersim.Expired, ""},
		{"lives too long", map[string]any{"exp": after(2 * time.Hour)}, brokersim.LifetimeTooLong, ""},
		{"from the future", map[string]any{"iat": after(time.Minute)}, brokersim.NotYetValid, ""},
		{"not yet", map[string]any{"nbf": after(time.Minute)}, brokersim.NotYetValid, ""},
		{"redirect URI", map[string]any{"redirect_uri": "https://evil.example/"}, brokersim.RedirectUnknown, ""},
		{"redirect URI with more", map[string]any{"redirect_uri": returnURI + "&x"}, brokersim.RedirectUnknown, ""},
		{"no redirect URI", map[string]any{"redirect_uri": nil}, brokersim.RedirectUnknown, ""},
		{"state is a number", map[string]any{"state": 7}, brokersim.ClaimsMalformed, ""},
		{"exp is a word", map[string]any{"exp": "soon"}, brokersim.ClaimsMalformed, ""},
		{"response type", map[string]any{"response_type": "token"}, brokersim.ResponseTypeWrong, "invalid_request"},
		{"max_age", map[string]any{"max_age": -1}, brokersim.MaxAgeWrong, "invalid_request"},
		{"no state", map[string]any{"state": nil, "response_type": "token"}, brokersim.ResponseTypeWrong, "invalid_request"},
	}
}

// hostileJWTs are tokens whose signature, algorithm or key is wrong.
func hostileJWTs(p *party, claims func() map[string]any) map[string]struct {
	jwt    string
	reason brokersim.Reason
} {
	good := p.sign(claims())
	parts := strings.Split(good, ".")
	other := p.sign(claims())
	type row = struct {
		jwt    string
		reason brokersim.Reason
	}
	none := encode([]byte(`{"alg":"none","kid":"` + p.sigKid + `"}`))
	return map[string]row{
		"nothing":          {"", brokersim.JWTMissing},
		"not a JWT":        {"hello", brokersim.JWTMalformed},
		"too long":         {good + strings.Repeat("A", 17<<10), brokersim.JWTTooLong},
		"alg none":         {none + "." + parts[1] + ".", brokersim.JWTMalformed},
		"unsigned":         {parts[0] + "." + parts[1] + ".", brokersim.SignatureInvalid},
		"two parts":        {parts[0] + "." + parts[1], brokersim.JWTMalformed},
		"PS256":            {p.signWith(p.signing, p.sigKid, "JWT", jose.PS256, claims()), brokersim.JWTMalformed},
		"HS256":            {p.signWith([]byte("0123456789abcdef0123456789abcdef"), p.sigKid, "JWT", jose.HS256, claims()), brokersim.JWTMalformed},
		"no kid":           {p.signWith(rsaKeys()[6], "", "JWT", jose.RS256, claims()), brokersim.SignatureInvalid},
		"unknown kid":      {p.signWith(p.signing, "nobody", "JWT", jose.RS256, claims()), brokersim.KidUnknown},
		"encryption key":   {p.signWith(p.sealing, p.encKid, "JWT", jose.RS256, claims()), brokersim.KidUnknown},
		"stranger's key":   {p.signWith(rsaKeys()[6], p.sigKid, "JWT", jose.RS256, claims()), brokersim.SignatureInvalid},
		"swapped payload":  {parts[0] + "." + strings.Split(other, ".")[1] + "." + parts[2], brokersim.SignatureInvalid},
		"payload no JSON":  {p.signRaw("hello"), brokersim.ClaimsMalformed},
		"payload an array": {p.signRaw("[]"), brokersim.ClaimsMalformed},
	}
}

func (p *party) signRaw(payload string) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: p.signing}, (&jose.SignerOptions{}).WithHeader("kid", p.sigKid))
	if err != nil {
		p.Fatal(err)
	}
	signed, err := signer.Sign([]byte(payload))
	if err != nil {
		p.Fatal(err)
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		p.Fatal(err)
	}
	return compact
}

func TestHostileRequestObjects(t *testing.T) {
	t.Parallel()
	dialects(t, func(t *testing.T, d brokersim.Dialect) {
		p := newParty(t, d)
		for name, row := range hostileJWTs(p, func() map[string]any { return p.claims(nil) }) {
			status, to, body := p.start(row.jwt)
			if status != http.StatusBadRequest || to != "" || strings.Contains(body, "avain.example") {
				t.Errorf("%s: %d %q", name, status, to)
			}
			if got := p.lastReason(); got != row.reason {
				t.Errorf("%s: %q, want %q", name, got, row.reason)
			}
		}
		twice := url.Values{"client_id": {clientID}, "request": {p.sign(p.claims(nil)), p.sign(p.claims(nil))}}
		if status, _, _ := p.get(p.sim.Endpoints().Authorize + "?" + twice.Encode()); status != http.StatusBadRequest || p.lastReason() != brokersim.ParameterRepeated {
			t.Errorf("request given twice: %d %s", status, p.lastReason())
		}
		// Nothing outside the request object counts.
		plain := url.Values{"client_id": {clientID}, "redirect_uri": {returnURI}, "response_type": {"code"}, "scope": {"openid"}}
		if status, _, _ := p.get(p.sim.Endpoints().Authorize + "?" + plain.Encode()); status != http.StatusBadRequest || p.lastReason() != brokersim.JWTMissing {
			t.Errorf("plain parameters: %d %s", status, p.lastReason())
		}
	})
}

func TestRequestObjectIsUsedOnce(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP)
	jwt := p.sign(p.claims(nil))
	if status, _, _ := p.start(jwt); status != http.StatusSeeOther {
		t.Fatal("the first time")
	}
	if status, to, _ := p.start(jwt); status != http.StatusBadRequest || to != "" || p.lastReason() != brokersim.JTIReused {
		t.Errorf("the second time: %d %s", status, p.lastReason())
	}
	// A jti is spent whatever it was for.
	id := random()
	p.start(p.sign(p.claims(map[string]any{"jti": id})))
	form := p.tokenForm("code")
	form.Set("client_assertion", p.sign(p.assertionClaims(map[string]any{"jti": id})))
	if status, _ := p.redeem(form); status != http.StatusBadRequest || p.lastReason() != brokersim.JTIReused {
		t.Errorf("the jti of a request object in an assertion: %d %s", status, p.lastReason())
	}
}

func TestClientAssertionsThatAreRefused(t *testing.T) {
	t.Parallel()
	dialects(t, func(t *testing.T, d brokersim.Dialect) {
		p := newParty(t, d)
		code := p.returned(p.atBank(p.visit(nil), "aino")).Get("code")
		refused := func(name string, form url.Values, want brokersim.Reason) {
			t.Helper()
			status, answer := p.redeem(form)
			if status != p.speech.refused || answer["error"] != p.speech.refusal || answer["id_token"] != nil {
				t.Errorf("%s: %d %v", name, status, answer)
			}
			if got := p.lastReason(); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
			if description, _ := answer["error_description"].(string); d == brokersim.OP && !strings.HasPrefix(description, "invalid%20assertion") {
				t.Errorf("%s: description %q is not percent-encoded", name, description)
			}
		}
		for name, row := range hostileJWTs(p, func() map[string]any { return p.assertionClaims(nil) }) {
			form := p.tokenForm(code)
			form.Set("client_assertion", row.jwt)
			refused(name, form, row.reason)
		}
		tooLong := map[brokersim.Dialect]time.Duration{brokersim.OP: 11 * time.Minute, brokersim.Idura: 6 * time.Minute}[d]
		if tooLong == 0 {
			tooLong = 61 * time.Minute
		}
		for _, c := range []requestCase{
			{"issuer", map[string]any{"iss": "x"}, brokersim.IssuerWrong, ""},
			{"subject", map[string]any{"sub": "x"}, brokersim.SubjectWrong, ""},
			{"no subject", map[string]any{"sub": nil}, brokersim.SubjectWrong, ""},
			{"audience", map[string]any{"aud": "https://somebody.example"}, brokersim.AudienceWrong, ""},
			{"authorize as audience", map[string]any{"aud": p.sim.Endpoints().Authorize}, brokersim.AudienceWrong, ""},
			{"no audience", map[string]any{"aud": nil}, brokersim.AudienceWrong, ""},
			{"no exp", map[string]any{"exp": nil}, brokersim.ExpiryMissing, ""},
			{"expired", map[string]any{"exp": after(-time.Second)}, brokersim.Expired, ""},
			{"too long", map[string]any{"exp": after(tooLong)}, brokersim.LifetimeTooLong, ""},
			{"future", map[string]any{"iat": after(time.Hour)}, brokersim.NotYetValid, ""},
			{"no jti", map[string]any{"jti": nil}, brokersim.JTIMissing, ""},
		} {
			form := p.tokenForm(code)
			form.Set("client_assertion", p.sign(p.assertionClaims(c.changes)))
			refused(c.name, form, c.reason)
		}
		form := p.tokenForm(code)
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer")
		refused("assertion type", form, brokersim.AssertionTypeWrong)

		// None of this has burnt the code, and the assertion is good once.
		form = p.tokenForm(code)
		if status, answer := p.redeem(form); status != http.StatusOK {
			t.Fatalf("the good one: %d %v", status, answer)
		}
		refused("assertion again", form, brokersim.JTIReused)
	})
}

func TestTokenRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	dialects(t, func(t *testing.T, d brokersim.Dialect) {
		p := newParty(t, d)
		op, telia := d == brokersim.OP, d == brokersim.Telia
		for _, c := range []struct {
			name   string
			change func(url.Values)
			reason brokersim.Reason
			code   string // OP says invalid_request to all of these
			fine   bool
		}{
			{"grant type", func(f url.Values) { f.Set("grant_type", "password") }, brokersim.GrantTypeWrong, "unsupported_grant_type", false},
			{"no code", func(f url.Values) { f.Del("code") }, brokersim.ParameterMissing, "invalid_request", false},
			{"another code", func(f url.Values) { f.Set("code", random()) }, brokersim.CodeUnknown, "invalid_grant", false},
			{"half a code", func(f url.Values) { f.Set("code", f.Get("code")[:40]) }, brokersim.CodeUnknown, "invalid_grant", false},
			{"another client", func(f url.Values) { f.Set("client_id", "x") }, brokersim.ClientUnknown, "invalid_request", false},
			{"another redirect URI", func(f url.Values) { f.Set("redirect_uri", "https://avain.example/") }, brokersim.RedirectMismatch, "invalid_grant", false},
			{"two codes", func(f url.Values) { f.Add("code", "x") }, brokersim.ParameterRepeated, "invalid_request", false},
			{"no redirect URI", func(f url.Values) { f.Del("redirect_uri") }, brokersim.ParameterMissing, "invalid_request", op},
			{"no client", func(f url.Values) { f.Del("client_id") }, brokersim.ParameterMissing, "invalid_request", !telia},
			{"no verifier", func(f url.Values) { f.Del("code_verifier") }, brokersim.VerifierWrong, "invalid_grant", op},
			{"another verifier", func(f url.Values) { f.Set("code_verifier", verifier+"x") }, brokersim.VerifierWrong, "invalid_grant", op},
		} {
			form := p.tokenForm(p.returned(p.atBank(p.visit(nil), "aino")).Get("code"))
			c.change(form)
			status, answer := p.redeem(form)
			if c.fine {
				if status != http.StatusOK {
					t.Errorf("%s: nobody minds, but got %d %v", c.name, status, answer)
				}
				continue
			}
			if op {
				c.code = "invalid_request"
			}
			if status != http.StatusBadRequest || answer["error"] != c.code || p.lastReason() != c.reason || answer["id_token"] != nil {
				t.Errorf("%s: %d %v %s, want %s %s", c.name, status, answer, p.lastReason(), c.code, c.reason)
			}
		}
	})
}

func TestCodeIsUsedOnceAndExpires(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP)
	code := p.returned(p.atBank(p.visit(nil), "aino")).Get("code")
	if status, _ := p.redeem(p.tokenForm(code)); status != http.StatusOK {
		t.Fatal("the first time")
	}
	status, answer := p.redeem(p.tokenForm(code))
	if status != http.StatusBadRequest || answer["error"] != "invalid_request" || p.lastReason() != brokersim.CodeReused {
		t.Errorf("the second time: %d %v", status, answer)
	}
	if description, _ := answer["error_description"].(string); !strings.HasPrefix(description, "invalid%20grant") {
		t.Errorf("description %q", description)
	}
	late := p.returned(p.atBank(p.visit(nil), "aino")).Get("code")
	p.clock.advance(6 * time.Minute)
	if status, _ := p.redeem(p.tokenForm(late)); status != http.StatusBadRequest || p.lastReason() != brokersim.CodeUnknown {
		t.Errorf("an old code: %d %s", status, p.lastReason())
	}
}

// Nobody is registered: nothing works, nothing breaks.
func TestWithoutClient(t *testing.T) {
	t.Parallel()
	dialects(t, func(t *testing.T, d brokersim.Dialect) {
		var client brokersim.Client
		p := newParty(t, d, func(c *brokersim.Config) { client, c.Client = c.Client, brokersim.Client{} })
		if status, _, _ := p.start(p.sign(p.claims(nil))); status != http.StatusBadRequest {
			t.Errorf("authorize: %d", status)
		}
		if status, _ := p.redeem(p.tokenForm("x")); status == http.StatusOK {
			t.Error("token")
		}
		if err := p.sim.Register(client); err != nil {
			t.Fatal(err)
		}
		if _, err := p.login("aino", nil); err != nil {
			t.Errorf("after registration: %v %s", err, p.lastReason())
		}
	})
}
