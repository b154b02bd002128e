package brokersim_test

import (
	"net/http"
	"strings"
	"testing"

	"avain/internal/testkit/brokersim"
)

// refusesAndTakes sends each bad request and each good one.
func refusesAndTakes(t *testing.T, p *party, bad []requestCase, good map[string]map[string]any) {
	t.Helper()
	for _, c := range bad {
		c.check(t, p)
	}
	for name, changes := range good {
		if status, to, _ := p.start(p.sign(p.claims(changes))); status != http.StatusSeeOther || !strings.Contains(to, "/identify/") {
			t.Errorf("%s: %d %q %s", name, status, to, p.lastReason())
		}
	}
}

func TestRequestsThatOPRefuses(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP)
	refusesAndTakes(t, p, append(commonRequestCases(), []requestCase{
		{"no openid", map[string]any{"scope": "personal_identity_code"}, brokersim.ScopeWrong, "invalid_scope"},
		{"no code", map[string]any{"scope": "openid profile"}, brokersim.ScopeWrong, "invalid_scope"},
		{"unknown scope", map[string]any{"scope": "openid personal_identity_code email"}, brokersim.ScopeWrong, "invalid_scope"},
		{"short nonce", map[string]any{"nonce": "123456789012345678901"}, brokersim.NonceTooShort, "invalid_request"},
		{"prompt", map[string]any{"prompt": "login"}, brokersim.PromptWrong, "invalid_request"},
		{"bank", map[string]any{"ftn_idp_id": "fi-nowhere"}, brokersim.MeansUnknown, "invalid_request"},
		{"max_age as text", map[string]any{"max_age": "600"}, brokersim.MaxAgeWrong, "invalid_request"},
		{"lives eleven minutes", map[string]any{"exp": after(11 * minute)}, brokersim.LifetimeTooLong, ""},
	}...), map[string]map[string]any{
		"purpose weak":               {"scope": "openid personal_identity_code weak"},
		"consent":                    {"prompt": "consent"},
		"audience of OP's example":   {"aud": p.sim.Endpoints().Authorize},
		"neither jti, iss nor exp":   {"jti": nil, "iss": nil, "exp": nil, "iat": nil},
		"acr_values, which it skips": {"acr_values": "whatever"},
	})
}

// A name that was not agreed is replaced by the legal name, without an error (OP README
// §25); so is none at all.
func TestServiceNameAtOP(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP, func(c *brokersim.Config) {
		c.Client.LegalName, c.Client.ServiceNames = "Avain Firma Oy", []string{"Avain", "Nyckeln"}
	})
	for asked, shown := range map[string]string{"Nyckeln": "to Nyckeln.", "Avain Oy": "to Avain Firma Oy.", "": "to Avain Firma Oy."} {
		p.mustSee(p.visit(map[string]any{"ftn_spname": asked}), http.StatusOK, shown)
		records := p.sim.Requests()
		if remarked := records[len(records)-1].Detail != ""; remarked != (asked == "Avain Oy") {
			t.Errorf("%q: %q in the record", asked, records[len(records)-1].Detail)
		}
	}
}

func TestRequestsThatTeliaRefuses(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.Telia)
	refusesAndTakes(t, p, append(commonRequestCases(), []requestCase{
		{"no issuer", map[string]any{"iss": nil, "jti": nil}, brokersim.IssuerWrong, ""},
		{"no audience", map[string]any{"aud": nil}, brokersim.AudienceWrong, ""},
		{"bare host as audience", map[string]any{"aud": p.sim.Endpoints().EntityID}, brokersim.AudienceWrong, ""},
		{"no openid", map[string]any{"scope": "userinfo"}, brokersim.ScopeWrong, "invalid_scope"},
		{"OP's scope", map[string]any{"scope": "openid personal_identity_code"}, brokersim.ScopeWrong, "invalid_scope"},
		{"prompt", map[string]any{"prompt": "consent"}, brokersim.PromptWrong, "invalid_request"},
		{"neither level nor method", map[string]any{"acr_values": nil}, brokersim.LevelUnknown, "invalid_request"},
		{"no such level", map[string]any{"acr_values": "http://ftn.ficora.fi/2017/loa9"}, brokersim.LevelUnknown, "invalid_request"},
		{"pre-production's level", map[string]any{"acr_values": "http://ftn.ficora.fi/2017/loatest2"}, brokersim.LevelUnknown, "invalid_request"},
		{"method", map[string]any{"acr_values": "oidc.nowhere.1"}, brokersim.LevelUnknown, "invalid_request"},
		{"removed method", map[string]any{"acr_values": "oidc.handelsbanken.1"}, brokersim.LevelUnknown, "invalid_request"},
		{"plain PKCE", map[string]any{"code_challenge_method": "plain"}, brokersim.ChallengeWrong, "invalid_request"},
		{"short challenge", map[string]any{"code_challenge": "short"}, brokersim.ChallengeWrong, "invalid_request"},
		{"challenge alone", map[string]any{"code_challenge_method": nil}, brokersim.ChallengeWrong, "invalid_request"},
		{"negative max_age as text", map[string]any{"max_age": "-1"}, brokersim.MaxAgeWrong, "invalid_request"},
	}...), map[string]map[string]any{
		"no nonce":            {"nonce": nil},
		"no PKCE":             {"code_challenge": nil, "code_challenge_method": nil},
		"a method":            {"acr_values": "mpki.telia.1"},
		"a SAML method":       {"acr_values": "saml.saaristo.1"},
		"max_age as text":     {"max_age": "0"},
		"max_age as number":   {"max_age": 0},
		"several audiences":   {"aud": []string{"x", p.sim.Endpoints().Issuer}},
		"forty minutes ahead": {"exp": after(40 * minute)},
		// Guide §2.4.4, but for the level that §2.4.3 wants.
		"the sample": {"jti": nil, "iat": nil, "exp": nil, "state": nil, "nonce": nil, "prompt": nil, "ui_locales": nil, "code_challenge": nil, "code_challenge_method": nil},
	})
}

func TestRequestsThatIduraRefuses(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.Idura)
	refusesAndTakes(t, p, append(commonRequestCases(), []requestCase{
		{"no issuer", map[string]any{"iss": nil, "jti": nil}, brokersim.IssuerWrong, ""},
		{"no audience", map[string]any{"aud": nil}, brokersim.AudienceWrong, ""},
		{"endpoint as audience", map[string]any{"aud": p.sim.Endpoints().Authorize}, brokersim.AudienceWrong, ""},
		{"no openid", map[string]any{"scope": "ssn"}, brokersim.ScopeWrong, "invalid_scope"},
		{"prompt", map[string]any{"prompt": "create"}, brokersim.PromptWrong, "invalid_request"},
		{"two methods", map[string]any{"acr_values": "urn:grn:authn:fi:bank-id urn:grn:authn:fi:mobile-id"}, brokersim.LevelUnknown, "invalid_request"},
		{"another country", map[string]any{"acr_values": "urn:grn:authn:se:bankid"}, brokersim.LevelUnknown, "invalid_request"},
		{"a single bank", map[string]any{"acr_values": "oidc.kuikka.1"}, brokersim.LevelUnknown, "invalid_request"},
		{"misspelt", map[string]any{"acr_values": "urn:grn:authn:fi:bankid"}, brokersim.LevelUnknown, "invalid_request"},
		{"plain PKCE", map[string]any{"code_challenge_method": "plain"}, brokersim.ChallengeWrong, "invalid_request"},
	}...), map[string]map[string]any{
		"bank":        {"acr_values": "urn:grn:authn:fi:bank-id"},
		"mobile":      {"acr_values": "urn:grn:authn:fi:mobile-id"},
		"enforced":    {"login_hint": "enforce_ftn_requirements"},
		"other scope": {"scope": "openid address"},
		// The request object of the Finnish Trust Network page.
		"the sample": {"jti": nil, "iat": nil, "exp": nil, "nonce": nil, "acr_values": nil, "prompt": nil, "ui_locales": nil, "code_challenge": nil, "code_challenge_method": nil},
	})
	bank := p.mustSee(p.visit(map[string]any{"acr_values": "urn:grn:authn:fi:bank-id", "ui_locales": "se"}), http.StatusOK, "Välj identifieringssätt", "Koivu", "Kuikka")
	if strings.Contains(bank, "Mobilcertifikat") {
		t.Error("bank-id offers Mobile Certificate")
	}
	p.mustSee(p.visit(map[string]any{"ui_locales": "sv"}), http.StatusOK, "Valitse tunnistustapa") // which Idura does not list
}

func TestRequestsThatSignicatRefuses(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.Signicat)
	refusesAndTakes(t, p, append(commonRequestCases(), []requestCase{
		{"no issuer", map[string]any{"iss": nil, "jti": nil}, brokersim.IssuerWrong, ""},
		{"no audience", map[string]any{"aud": nil}, brokersim.AudienceWrong, ""},
		{"no openid", map[string]any{"scope": "profile"}, brokersim.ScopeWrong, ""},
		{"unknown scope", map[string]any{"scope": "openid sbid-extra"}, brokersim.ScopeWrong, ""},
		{"another network", map[string]any{"acr_values": "idp:sbid"}, brokersim.LevelUnknown, ""},
		{"a level that nobody has", map[string]any{"acr_values": "idp:ftn loa:high"}, brokersim.LevelUnknown, ""},
		{"a single bank", map[string]any{"acr_values": "idp:ftn ftn_idp:fi-kuikka"}, brokersim.LevelUnknown, ""},
		{"prompt", map[string]any{"prompt": "create"}, brokersim.PromptWrong, "invalid_request"},
		{"long name", map[string]any{"ftn_sp_name": strings.Repeat("ä", 65)}, brokersim.ServiceNameWrong, "invalid_request"},
		{"forbidden character", map[string]any{"ftn_sp_name": "Avain; Oy"}, brokersim.ServiceNameWrong, "invalid_request"},
		{"plain PKCE", map[string]any{"code_challenge_method": "plain"}, brokersim.ChallengeWrong, "invalid_request"},
	}...), map[string]map[string]any{
		"a level":      {"acr_values": "idp:ftn loa:substantial"},
		"longest name": {"ftn_sp_name": strings.Repeat("ä", 64)},
		"no nonce":     {"nonce": nil},
	})
	p.mustSee(p.visit(map[string]any{"ftn_sp_name": "Avain Firma"}), http.StatusOK, "to Avain Firma.")
	p.mustSee(p.visit(nil), http.StatusOK, "to Avain.") // as the dashboard has it
	back := p.returned(p.atBank(p.visit(nil), "aino"))
	if back.Get("iss") != p.sim.Endpoints().Issuer || back.Get("scope") == "" || back.Get("session_state") == "" {
		t.Errorf("the recorded callback has iss, scope and session_state: %v", back)
	}
	late := p.returned(p.atBank(p.visit(nil), "aino")).Get("code")
	p.clock.advance(15 * second)
	if status, answer := p.redeem(p.tokenForm(late)); status != http.StatusBadRequest || answer["error"] != "invalid_grant" || answer["error_uri"] == nil {
		t.Errorf("a code of 15 seconds ago: %d %v", status, answer)
	}
}

// client_id stands beside the request at Idura and Signicat.
func TestOuterClientID(t *testing.T) {
	t.Parallel()
	for _, d := range []brokersim.Dialect{brokersim.Idura, brokersim.Signicat} {
		p := newParty(t, d)
		for _, outer := range []string{"", "&client_id=somebody", "&client_id=" + clientID + "&client_id=" + clientID} {
			status, to, _ := p.get(p.sim.Endpoints().Authorize + "?request=" + p.sign(p.claims(nil)) + outer)
			if status != http.StatusBadRequest || to != "" {
				t.Errorf("%s, %q: %d %q", d, outer, status, to)
			}
		}
	}
}

// A header without kid is what Telia's guide prints; the one signing key is found.
func TestHeadersWithoutKid(t *testing.T) {
	t.Parallel()
	dialects(t, func(t *testing.T, d brokersim.Dialect) {
		p := newParty(t, d)
		kidless := func(claims map[string]any) string { return p.signWith(p.signing, "", "JWT", "RS256", claims) }
		status, _, _ := p.start(kidless(p.claims(nil)))
		if taken := status == http.StatusSeeOther; taken != (d == brokersim.Telia) {
			t.Errorf("request object: %d %s", status, p.lastReason())
		}
		form := p.tokenForm(p.returned(p.atBank(p.visit(nil), "aino")).Get("code"))
		form.Set("client_assertion", kidless(p.assertionClaims(nil)))
		if status, _ := p.redeem(form); (status == http.StatusOK) != (d == brokersim.Telia) {
			t.Errorf("assertion: %d %s", status, p.lastReason())
		}
	})
}

// One of several signing keys signed, and the header does not say which.
func TestHeaderWithoutKidAmongSeveralKeys(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.Telia)
	p.publish = func() string {
		return p.signedJWKS(p.entity, func(c map[string]any) {
			c["keys"] = publicKeys("first", "second", "third")
		})
	}
	for _, key := range []int{4, 6} {
		if status, _, _ := p.start(p.signWith(rsaKeys()[key], "", "JWT", "RS256", p.claims(nil))); status != http.StatusSeeOther {
			t.Errorf("key %d: %d %s", key, status, p.lastReason())
		}
	}
	if status, _, _ := p.start(p.signWith(rsaKeys()[7], "", "JWT", "RS256", p.claims(nil))); status != http.StatusBadRequest || p.lastReason() != brokersim.SignatureInvalid {
		t.Errorf("a stranger's key: %d %s", status, p.lastReason())
	}
}

// publicKeys are the relying party's keys under other names: 6, 4 and one to encrypt to.
func publicKeys(names ...string) []map[string]any {
	var keys []map[string]any
	for _, name := range names {
		number, use := map[string]int{"first": 6, "second": 4, "third": 5}[name], "sig"
		if name == "third" {
			use = "enc"
		}
		keys = append(keys, map[string]any{
			"kty": "RSA", "e": "AQAB", "n": encode(rsaKeys()[number].N.Bytes()), "kid": name, "use": use,
		})
	}
	return keys
}

// Keys at an address are not static, which the trust network asks for (Idura).
func TestIduraWantsStaticKeys(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.Idura)
	p.moveKeys()
	requestCase{"keys at an address", nil, brokersim.KeysNotStatic, "invalid_request"}.check(t, p)
}
