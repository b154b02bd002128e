package brokersim_test

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"avain/internal/testkit/brokersim"
)

// try is one attempt that only a lenient simulator lets pass.
type try struct {
	dialect brokersim.Dialect
	what    string // as in Leniencies
	attempt func(p *party) bool
}

// begins sends a request and reports whether a visit began.
func (p *party) begins(changes map[string]any) bool {
	p.Helper()
	status, to, _ := p.start(p.sign(p.claims(changes)))
	return status == http.StatusSeeOther && strings.Contains(to, "/identify/")
}

// redeems logs in and redeems the code with a changed assertion under a kid.
func (p *party) redeems(kid string, hint any, changes map[string]any) bool {
	p.Helper()
	form := p.tokenForm(p.returned(p.atBank(p.visit(map[string]any{"login_hint": hint}), "aino")).Get("code"))
	form.Set("client_assertion", p.signWith(p.signing, kid, "JWT", "RS256", p.assertionClaims(changes)))
	status, _ := p.redeem(form)
	return status == http.StatusOK
}

// begun sends plain parameters.
func (p *party) begun(extra url.Values) bool {
	p.Helper()
	form := p.plain()
	maps.Copy(form, extra)
	status, to, _ := p.get(p.sim.Endpoints().Authorize + "?" + form.Encode())
	return status == http.StatusSeeOther && strings.Contains(to, "/identify/")
}

// plain are the parameters of a good request as they are.
func (p *party) plain() url.Values {
	form := url.Values{}
	for name, value := range p.claims(nil) {
		if text, ok := value.(string); ok {
			form.Set(name, text)
		}
	}
	return form
}

func tries() []try {
	request := func(changes map[string]any) func(*party) bool {
		return func(p *party) bool { return p.begins(changes) }
	}
	return []try{
		{dialect: brokersim.OP, what: "redirect_uri is any web address", attempt: request(map[string]any{"redirect_uri": "http://localhost:4000/back"})},
		{dialect: brokersim.OP, what: "the client assertion's header has no kid", attempt: func(p *party) bool { return p.redeems("", nil, nil) }},
		{dialect: brokersim.OP, what: "the client assertion's aud is the authorization endpoint", attempt: func(p *party) bool {
			return p.redeems(p.sigKid, nil, map[string]any{"aud": p.sim.Endpoints().Authorize})
		}},
		{dialect: brokersim.OP, what: "request objects and client assertions live up to an hour", attempt: func(p *party) bool {
			return p.begins(map[string]any{"exp": after(40 * minute)}) && p.redeems(p.sigKid, nil, map[string]any{"exp": after(40 * minute)})
		}},
		{dialect: brokersim.Telia, what: "acr_values is missing", attempt: request(map[string]any{"acr_values": nil})},
		{dialect: brokersim.Telia, what: "acr_values holds a level of another environment, or loa3", attempt: func(p *party) bool {
			return p.begins(map[string]any{"acr_values": "http://ftn.ficora.fi/2017/loa3"}) && p.begins(map[string]any{"acr_values": "http://ftn.ficora.fi/2017/loatest2"})
		}},
		{dialect: brokersim.Telia, what: "acr_values holds a method as the URI that stands in amr", attempt: func(p *party) bool {
			return p.begins(map[string]any{"acr_values": p.sim.Endpoints().Issuer + "/saml2/names/ac/mpki.telia.1"})
		}},
		{dialect: brokersim.Idura, what: "parameters come without a request object, in the query or pushed", attempt: func(p *party) bool {
			form := p.plain()
			form.Set("client_assertion_type", p.tokenForm("").Get("client_assertion_type"))
			form.Set("client_assertion", p.sign(p.assertionClaims(nil)))
			status, _ := p.push(form)
			return p.begun(nil) && status == http.StatusCreated
		}},
		{dialect: brokersim.Idura, what: "the header of a request object or client assertion has no kid", attempt: func(p *party) bool {
			status, _, _ := p.start(p.signWith(p.signing, "", "JWT", "RS256", p.claims(nil)))
			return status == http.StatusSeeOther && p.redeems("", nil, nil)
		}},
		{dialect: brokersim.Idura, what: "the client assertion has no jti", attempt: func(p *party) bool { return p.redeems(p.sigKid, nil, map[string]any{"jti": nil}) }},
		{dialect: brokersim.Idura, what: "the client assertion lives up to an hour", attempt: func(p *party) bool {
			return p.redeems(p.sigKid, nil, map[string]any{"exp": after(40 * minute)})
		}},
		{dialect: brokersim.Idura, what: "the client's keys are fetched from an address", attempt: func(p *party) bool {
			p.moveKeys()
			return p.begins(nil)
		}},
		{dialect: brokersim.Idura, what: "acr_values is urn:grn:authn:fi:bankid", attempt: request(map[string]any{"acr_values": "urn:grn:authn:fi:bankid"})},
		{dialect: brokersim.Signicat, what: "parameters come in the query without a request object", attempt: func(p *party) bool { return p.begun(nil) }},
		{dialect: brokersim.Signicat, what: "the header of a request object or client assertion has no kid", attempt: func(p *party) bool { return p.redeems("", nil, nil) }},
		{dialect: brokersim.Signicat, what: "acr_values names a bank: ftn_idp:fi-…", attempt: request(map[string]any{"acr_values": "idp:ftn ftn_idp:fi-kuikka"})},
	}
}

// Each leniency is listed with its source, passes when lenient, and only then.
func TestLeniencies(t *testing.T) {
	t.Parallel()
	untested := map[string]bool{}
	for _, l := range brokersim.Leniencies() {
		if l.Source == "" || untested[string(l.Dialect)+l.What] {
			t.Errorf("%s, %s: without a source, or twice", l.Dialect, l.What)
		}
		untested[string(l.Dialect)+l.What] = true
	}
	for _, c := range tries() {
		key := string(c.dialect) + c.what
		if !untested[key] {
			t.Errorf("%s, %s: not listed", c.dialect, c.what)
		}
		delete(untested, key)
		for _, lenient := range []bool{false, true} {
			p := newParty(t, c.dialect, func(cfg *brokersim.Config) { cfg.Lenient = lenient })
			if got := c.attempt(p); got != lenient {
				t.Errorf("%s, %s: lenient %t, passed %t (%s)", c.dialect, c.what, lenient, got, p.lastReason())
			}
		}
	}
	for key := range untested {
		t.Errorf("not tested: %s", key)
	}
}

// With the login_hint, a lenient Idura is strict.
func TestEnforcedRequirements(t *testing.T) {
	t.Parallel()
	const hint = "enforce_ftn_requirements"
	p := newParty(t, brokersim.Idura, func(c *brokersim.Config) { c.Lenient = true })
	if p.begun(url.Values{"login_hint": {hint}}) || p.lastReason() != brokersim.JWTMissing {
		t.Errorf("plain parameters pass: %s", p.lastReason())
	}
	if status, _, _ := p.start(p.signWith(p.signing, "", "JWT", "RS256", p.claims(map[string]any{"login_hint": hint}))); status != http.StatusBadRequest || p.lastReason() != brokersim.KidMissing {
		t.Errorf("a request object without kid passes: %s", p.lastReason())
	}
	if p.redeems("", hint, nil) || p.lastReason() != brokersim.KidMissing {
		t.Errorf("an assertion without kid passes: %s", p.lastReason())
	}
	if p.redeems(p.sigKid, hint, map[string]any{"jti": nil}) || p.lastReason() != brokersim.JTIMissing {
		t.Errorf("an assertion without jti passes: %s", p.lastReason())
	}
	form := p.pushForm(map[string]any{"login_hint": hint})
	form.Set("client_assertion", p.signWith(p.signing, "", "JWT", "RS256", p.assertionClaims(nil)))
	if status, _ := p.push(form); status != http.StatusUnauthorized || p.lastReason() != brokersim.KidMissing {
		t.Errorf("a push without kid passes: %d %s", status, p.lastReason())
	}
	if !p.redeems(p.sigKid, hint, nil) {
		t.Errorf("the good one is refused: %s", p.lastReason())
	}
	p.moveKeys()
	if p.begins(map[string]any{"login_hint": hint}) || p.lastReason() != brokersim.KeysNotStatic {
		t.Errorf("keys at an address pass: %s", p.lastReason())
	}
}
