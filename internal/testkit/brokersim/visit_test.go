package brokersim_test

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"avain/internal/testkit/brokersim"
)

// mustSee fetches a page and wants the words on it.
func (p *party) mustSee(address string, status int, words ...string) string {
	p.Helper()
	got, _, body := p.get(address)
	body = html.UnescapeString(body)
	if got != status {
		p.Errorf("%s: status %d, want %d", address, got, status)
	}
	for _, word := range words {
		if !strings.Contains(body, word) {
			p.Errorf("%s: %q is not on the page:\n%s", address, word, body)
		}
	}
	return body
}

func TestSelectionAndBankPages(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP, func(c *brokersim.Config) { c.Client.ServiceNames = []string{"Avain Testi"} })
	visit := p.visit(map[string]any{"ftn_spname": "Avain Testi", "ui_locales": "xx sv"})
	page := p.mustSee(visit, http.StatusOK, "Välj identifieringssätt", "Avain Testi", "Simulerad identifiering", "Mobilcertifikat")
	for _, b := range brokersim.Banks() {
		if !strings.Contains(page, b.NameIn("sv")) {
			t.Errorf("%s is not offered", b.Name)
		}
	}
	p.press(visit, "language", url.Values{"lang": {"en"}})
	p.press(visit, "select", url.Values{"bank": {"nowhere"}})
	p.mustSee(visit, http.StatusOK, "Choose one of the ways")
	p.press(visit, "select", url.Values{"bank": {"metsa"}})
	page = p.mustSee(visit, http.StatusOK, "Log in: Metsäpankki", "not a real bank", "bank-metsa")
	for _, person := range brokersim.People() {
		if !strings.Contains(page, `value="`+person.UserID+`"`) {
			t.Errorf("%s is not offered", person.UserID)
		}
		if strings.Contains(page, person.HETU.Reveal()) {
			t.Errorf("the page shows %s's code", person.UserID)
		}
	}
	p.press(visit, "user", url.Values{"user": {"nobody"}})
	p.mustSee(visit, http.StatusOK, "There is no such user id")
	p.press(visit, "user", url.Values{"user": {"noor"}})
	p.mustSee(visit, http.StatusOK, "Confirm in the bank", "Avain Testi", "O'Brien-Åström")
	if back := p.returned(p.press(visit, "confirm", url.Values{})); back.Get("code") == "" {
		t.Errorf("no code: %v", back)
	}
}

func TestConsentAtOP(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP)
	visit := p.visit(map[string]any{"prompt": "consent"})
	if to := p.atBank(visit, "aino"); to != visit {
		t.Fatalf("left without consent to %q", to)
	}
	p.mustSee(visit, http.StatusOK, "Passing on your data", p.person("aino").HETU.Reveal())
	if back := p.returned(p.press(visit, "consent", url.Values{})); back.Get("code") == "" {
		t.Errorf("no code: %v", back)
	}
	visit = p.visit(map[string]any{"prompt": "consent"})
	p.atBank(visit, "aino")
	if back := p.returned(p.press(visit, "cancel", url.Values{})); back.Get("error") != "cancel" {
		t.Errorf("refusing consent: %v", back)
	}
}

func TestCancelAtEachStep(t *testing.T) {
	t.Parallel()
	dialects(t, func(t *testing.T, d brokersim.Dialect) {
		p := newParty(t, d)
		want := p.speech.cancelled
		for name, walk := range map[string]func(visit string){
			"selection": func(string) {},
			"user id":   func(v string) { p.press(v, "select", url.Values{"bank": {"koivu"}}) },
			"confirmation": func(v string) {
				p.press(v, "select", url.Values{"bank": {"koivu"}})
				p.press(v, "user", url.Values{"user": {"aino"}})
			},
			"number": func(v string) { p.press(v, "select", url.Values{"bank": {"mobile"}}) },
			"waiting": func(v string) {
				p.press(v, "select", url.Values{"bank": {"mobile"}})
				p.press(v, "mobile", url.Values{"phone": {p.person("aino").Phone}})
			},
		} {
			visit := p.visit(nil)
			walk(visit)
			back := p.returned(p.press(visit, "cancel", url.Values{}))
			if back.Get("error") != want || back.Has("code") || !strings.HasPrefix(back.Get("state"), "state-") {
				t.Errorf("%s: %v", name, back)
			}
		}
	})
}

func TestBackToSelection(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP)
	visit := p.visit(nil)
	p.press(visit, "select", url.Values{"bank": {"koivu"}})
	p.press(visit, "user", url.Values{"user": {"aino"}})
	if to := p.press(visit, "back", url.Values{}); to != visit {
		t.Fatalf("back led to %q", to)
	}
	p.mustSee(visit, http.StatusOK, "Choose how to identify")
	p.press(visit, "confirm", url.Values{}) // a form of the page before
	p.mustSee(visit, http.StatusOK, "Choose how to identify")
	if back := p.returned(p.atBank(visit, "eero")); back.Get("code") == "" {
		t.Errorf("no code after going back: %v", back)
	}
	// When the bank was chosen at the relying party, its list is the one to go back to.
	chosen := p.visit(map[string]any{"ftn_idp_id": "fi-koivu"})
	if page := p.mustSee(chosen, http.StatusOK, "Log in: Koivu"); strings.Contains(page, "/back") {
		t.Error("offers to go back to a list that was never shown")
	}
	if back := p.returned(p.press(chosen, "back", url.Values{})); back.Get("error") != "cancel" {
		t.Errorf("%v", back)
	}
}

// The last button pressed twice gives the same answer; later the visit is over.
func TestDoubleClickOnReturn(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP)
	visit := p.visit(nil)
	first := p.atBank(visit, "aino")
	p.clock.advance(2 * time.Second)
	if second := p.press(visit, "confirm", url.Values{}); second != first {
		t.Errorf("second click: %q, want %q", second, first)
	}
	if status, to, _ := p.get(visit); status != http.StatusSeeOther || to != first {
		t.Errorf("reload: %d %q", status, to)
	}
	if cancelled := p.press(visit, "cancel", url.Values{}); cancelled != first {
		t.Errorf("cancel after the end: %q", cancelled)
	}
	p.clock.advance(time.Minute)
	if page := p.mustSee(visit, http.StatusGone, "already over"); strings.Contains(page, "avain.example") {
		t.Error("the page of a finished visit leads back")
	}
	if status, to, _ := p.post(visit+"/confirm", url.Values{}); status != http.StatusGone || to != "" {
		t.Errorf("a late click: %d %q", status, to)
	}
}

func TestExpiredVisit(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP)
	visit := p.visit(nil)
	p.clock.advance(14 * time.Minute)
	p.press(visit, "select", url.Values{"bank": {"koivu"}}) // lives on
	p.clock.advance(15 * time.Minute)
	p.mustSee(visit, http.StatusGone, "Time ran out", "avain.example/callback/op?", "error=access_denied")
	if status, to, _ := p.post(visit+"/user", url.Values{"user": {"aino"}}); status != http.StatusGone || to != "" {
		t.Errorf("expired, but %d %q", status, to)
	}
	p.clock.advance(3 * time.Hour)
	p.mustSee(visit, http.StatusNotFound)
}

func TestBookmarkedVisitAndForeignBrowser(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP)
	base := strings.TrimSuffix(p.sim.Endpoints().Control, "/misbehave")
	p.mustSee(base+"/identify/"+random()+"?lang=en", http.StatusNotFound, "cannot be opened directly")
	visit := p.visit(nil)
	mine := p.browser
	p.browser = p.newBrowser() // another one, or one without cookies
	page := p.mustSee(visit, http.StatusForbidden, "does not keep cookies")
	if strings.Contains(page, "avain.example") {
		t.Error("a stranger's browser learns where the visit leads")
	}
	if status, _, _ := p.post(visit+"/select", url.Values{"bank": {"koivu"}}); status != http.StatusForbidden {
		t.Errorf("a stranger's browser pressed a button: %d", status)
	}
	p.browser = mine
	p.mustSee(visit, http.StatusOK, "Choose how to identify")
	if status, _, _ := p.post(visit+"/explode", url.Values{}); status != http.StatusNotFound {
		t.Errorf("unknown button: %d", status)
	}
}

// Two tabs of one browser do not get in each other's way.
func TestTwoVisitsInOneBrowser(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP)
	a, b := p.visit(nil), p.visit(nil)
	p.press(a, "select", url.Values{"bank": {"koivu"}})
	p.press(b, "select", url.Values{"bank": {"metsa"}})
	toA, toB := p.returned(p.atBank(a, "aino")), p.returned(p.atBank(b, "eero"))
	if toA.Get("state") == toB.Get("state") || toA.Get("code") == toB.Get("code") {
		t.Error("the two visits got mixed up")
	}
}

func TestTeliaOffersTheMethodsAskedFor(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.Telia)
	visit := p.visit(map[string]any{"acr_values": "oidc.koivu.id.1 mpki.telia.1"})
	page := p.mustSee(visit, http.StatusOK, "Koivu", "Mobile Certificate")
	if strings.Contains(page, "Kuikka Pankki") {
		t.Error("a bank that was not asked for is offered")
	}
	p.press(visit, "select", url.Values{"bank": {"kuikka"}})
	p.mustSee(visit, http.StatusOK, "Choose one of the ways")
	p.press(visit, "select", url.Values{"bank": {"mobile"}})
	p.mustSee(visit, http.StatusOK, "Phone number")
	// Names agreed with Telia are shown in the language of the page.
	p.press(visit, "language", url.Values{"lang": {"sv"}})
	p.mustSee(visit, http.StatusOK, "Nyckeln")
}

// Every page says that it is a simulator, may not be framed or scripted, and is not
// kept by caches.
func TestPagesAreGuarded(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP)
	base := strings.TrimSuffix(p.sim.Endpoints().Control, "/misbehave")
	for _, address := range []string{p.visit(nil), base + "/", base + "/misbehave", base + "/privacy-info", base + "/nowhere", base + "/identify/x", base + "/phone/x", p.sim.Endpoints().Authorize} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := p.browser.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		policy := res.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: policy %q lacks %s", address, policy, want)
			}
		}
		if strings.Contains(policy, "script") || strings.Contains(policy, "unsafe") || res.Header.Get("Cache-Control") != "no-store" || res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", address, res.Header)
		}
	}
	if page := p.mustSee(base+"/", http.StatusOK, "style.css?", "aino", "+358451571001"); strings.Contains(page, p.person("aino").HETU.Reveal()) {
		t.Error("the front page shows codes")
	}
	p.mustSee(base+"/style.css", http.StatusOK, ".bank-koivu")
	if status, to, _ := p.get(base); status != http.StatusSeeOther || to != base+"/" {
		t.Errorf("the base URL itself: %d %q", status, to)
	}
}
