package brokersim_test

import (
	"testing"

	"avain/internal/testkit/brokersim"
)

// Telia, Idura and Signicat remember people: who does not ask for a fresh login gets an
// old one, with the old time.
func TestSingleSignOn(t *testing.T) {
	t.Parallel()
	dialects(t, func(t *testing.T, d brokersim.Dialect) {
		p := newParty(t, d)
		says := func(what string, changes map[string]any, user, want string) {
			t.Helper()
			_, err := p.login(user, changes)
			said := ""
			if err != nil {
				said = err.Error()
			}
			if said != want {
				t.Errorf("%s: %q, want %q", what, said, want)
			}
		}
		says("first", nil, "aino", "")
		p.clock.advance(5 * minute)
		if d == brokersim.OP { // README: no session anywhere
			says("again", nil, "eero", "")
			return
		}
		says("without prompt", map[string]any{"prompt": nil}, "nobody", "time")
		says("prompt=none within max_age", map[string]any{"prompt": "none", "max_age": 600}, "nobody", "time")
		says("prompt=none beyond max_age", map[string]any{"prompt": "none", "max_age": 60}, "nobody", "login_required")
		says("prompt=login", nil, "eero", "")
		p.browser = p.newBrowser()
		says("another browser", map[string]any{"prompt": "none"}, "nobody", "login_required")
	})
}

// Another method than the session's is no session.
func TestSessionIsOfOneMethod(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.Idura)
	if _, err := p.login("aino", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := p.login("nobody", map[string]any{"prompt": "none", "acr_values": "urn:grn:authn:fi:mobile-id"}); err == nil || err.Error() != "login_required" {
		t.Errorf("%v, want login_required", err)
	}
}

// The toggle answers from an older session although a fresh login was asked for, and
// makes one up where there is none.
func TestSingleSignOnToggle(t *testing.T) {
	t.Parallel()
	dialects(t, func(t *testing.T, d brokersim.Dialect) {
		for _, auto := range []int{0, 5} {
			p := newParty(t, d, func(c *brokersim.Config) { c.AutoApprove = auto })
			p.misbehaveOnce(brokersim.SingleSignOn)
			claims, err := p.login("nobody", nil)
			if err == nil || err.Error() != "time" {
				t.Errorf("auto-approve %d: %v", auto, err)
			}
			if age := p.clock.now().Unix() - p.speech.when(claims); age != 3600 {
				t.Errorf("auto-approve %d: %d seconds old", auto, age)
			}
		}
		p := newParty(t, d)
		if _, err := p.login("eero", nil); err != nil {
			t.Fatal(err)
		}
		p.clock.advance(minute)
		p.misbehaveOnce(brokersim.SingleSignOn)
		claims, err := p.login("nobody", nil)
		if err == nil || err.Error() != "time" || claims[p.speech.hetu] != p.person("eero").HETU.Reveal() {
			t.Errorf("want Eero's session: %v", err)
		}
	})
}
