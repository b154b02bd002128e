package brokersim_test

import (
	"net/http"
	"strings"
	"testing"

	"avain/internal/testkit/brokersim"
)

// The person ends up elsewhere, or at a place that nobody knows; the broker says so, if
// it says anything.
func TestOtherBankAndUnknownMethod(t *testing.T) {
	t.Parallel()
	dialects(t, func(t *testing.T, d brokersim.Dialect) {
		p := newParty(t, d)
		methods := map[string]bool{}
		for _, b := range brokersim.Banks() {
			methods[b.Method()], methods[b.FTNIdpID()] = true, true
		}
		last := func(claims map[string]any) string { m := p.method(claims); return m[strings.LastIndex(m, "/")+1:] }
		for _, toggle := range []brokersim.Toggle{"", brokersim.OtherBank, brokersim.UnknownMethod} {
			if toggle != "" {
				p.misbehaveOnce(toggle)
			}
			claims, err := p.login("aino", nil)
			if err != nil {
				t.Fatal(toggle, err)
			}
			got := last(claims)
			kuikka := got == "oidc.kuikka.1" || got == "fi-kuikka"
			switch {
			case d == brokersim.OP:
				if got != "" {
					t.Errorf("OP does not tell the bank, but says %q", got)
				}
			case kuikka != (toggle == ""):
				t.Errorf("%q: method %q", toggle, got)
			case methods[got] == (toggle == brokersim.UnknownMethod):
				t.Errorf("%q: method %q, known %t", toggle, got, methods[got])
			}
		}
	})
}

// When the relying party has chosen the bank, elsewhere is a bank that it did not offer.
func TestOtherBankThanThePreselected(t *testing.T) {
	t.Parallel()
	for d, chosen := range map[brokersim.Dialect]map[string]any{
		brokersim.OP:    {"ftn_idp_id": "fi-koivu"},
		brokersim.Telia: {"acr_values": "oidc.koivu.id.1"},
		brokersim.Idura: {"acr_values": "urn:grn:authn:fi:mobile-id"},
	} {
		p := newParty(t, d)
		p.misbehaveOnce(brokersim.OtherBank)
		p.mustSee(p.visit(chosen), http.StatusOK, "Log in: Kuikka Pankki")
		auto := newParty(t, d, func(c *brokersim.Config) { c.AutoApprove = 1 })
		auto.misbehaveOnce(brokersim.OtherBank)
		claims, err := auto.login("", chosen)
		if err != nil || (d != brokersim.OP && !strings.HasSuffix(auto.method(claims), "/oidc.kuikka.1")) {
			t.Errorf("%s: %v %q", d, err, auto.method(claims))
		}
	}
}

// OP's Java example tests with a list in which two entries are called OP.
func TestDuplicateNames(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP)
	p.misbehaveOnce(brokersim.DuplicateNames)
	idps := p.selector("").IdentityProviders
	if len(idps) != len(brokersim.Banks())+1 || idps[0].Name != idps[1].Name || idps[0].FTNIdpID == idps[1].FTNIdpID {
		t.Fatalf("%+v", idps)
	}
	for _, idp := range idps[:2] {
		if _, err := p.login("aino", map[string]any{"ftn_idp_id": idp.FTNIdpID}); err != nil {
			t.Errorf("%s: %v %s", idp.FTNIdpID, err, p.lastReason())
		}
	}
}

// OP README §15: the sandbox's list always carries disturbanceInfo.
func TestSandboxAlwaysHasANotice(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP, func(c *brokersim.Config) { c.Production, c.Sandbox = false, true })
	placeholder := p.selector("?lang=sv").Disturbance
	if placeholder == nil || placeholder.Header == "" || placeholder.Text == "" || placeholder.Text == p.selector("?lang=en").Disturbance.Text {
		t.Errorf("%+v", placeholder)
	}
	p.misbehaveOnce(brokersim.Disturbance)
	if notice := p.selector("?lang=sv").Disturbance; notice == nil || notice.Text == placeholder.Text {
		t.Errorf("%+v", notice)
	}
}
