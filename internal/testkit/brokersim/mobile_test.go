package brokersim_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"avain/internal/testkit/brokersim"
)

var (
	phonePage = regexp.MustCompile(`href="([^"]+/phone/[^"]+)"`)
	eventID   = regexp.MustCompile(`<b>([A-Z0-9]{4,8})</b>`)
)

// ring walks a visit to the waiting page and returns the address of the phone.
func (p *party) ring(visit, phone, spam string) string {
	p.Helper()
	p.press(visit, "select", url.Values{"bank": {"mobile"}})
	p.press(visit, "mobile", url.Values{"phone": {phone}, "spam": {spam}})
	page := p.mustSee(visit, http.StatusOK, "Confirm on your phone")
	found, event := phonePage.FindStringSubmatch(page), eventID.FindStringSubmatch(page)
	if found == nil || event == nil {
		p.Fatalf("no phone or event id on the waiting page:\n%s", page)
	}
	if strings.HasPrefix(phone, "+358451579") {
		p.mustSee(found[1], http.StatusGone, "no requests") // a number that fails by itself
		return found[1]
	}
	p.mustSee(found[1], http.StatusOK, "asks you to identify yourself", event[1])
	return found[1]
}

func TestMobileCertificate(t *testing.T) {
	t.Parallel()
	dialects(t, func(t *testing.T, d brokersim.Dialect) {
		p := newParty(t, d)
		claims := p.claims(nil)
		_, visit, _ := p.start(p.sign(claims))
		phone := p.ring(visit, "045 157 1001", "")
		// The phone is another device: no cookie of the browser's is needed.
		device := p.newBrowser()
		if status, _, _ := p.do(device, http.MethodPost, phone, url.Values{"pin": {brokersim.PIN}}); status != http.StatusSeeOther {
			t.Fatalf("PIN: %d", status)
		}
		p.mustSee(phone, http.StatusOK, "Go back to the browser")
		_, to, _ := p.get(visit)
		_, answer := p.redeem(p.tokenForm(p.returned(to).Get("code")))
		idToken, _ := answer["id_token"].(string)
		nonce, _ := claims["nonce"].(string)
		got, err := p.open(idToken, nonce, p.clock.now())
		if err != nil {
			t.Fatal(err)
		}
		want := map[brokersim.Dialect]string{
			brokersim.Telia: p.sim.Endpoints().Issuer + "/saml2/names/ac/mpki.telia.1", brokersim.Signicat: "fi-mobile",
			brokersim.Idura: "https://tunnistus.telia.fi/uas/saml2/names/ac/mpki.telia.1",
		}[d]
		if p.method(got) != want {
			t.Errorf("method %v, want %q", p.method(got), want)
		}
	})
}

func TestMobileNumbersThatAreRefusedAtOnce(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP)
	oskar := p.person("oskar")
	visit := p.visit(map[string]any{"ftn_idp_id": "fi-mobile"})
	for _, c := range []struct{ phone, spam, want string }{
		{"", "", "Check the phone number"},
		{"12345", "", "Check the phone number"},
		{"+46701234567", "", "Check the phone number"},
		{"045 157 x001", "", "Check the phone number"},
		{"+358451579101", "", "(101)"},
		{"+358451579105", "", "(105)"},
		{"+358401112223", "", "(105)"},
		{oskar.Phone, "", "(1012)"},
		{oskar.Phone, "wrong", "(1011)"},
	} {
		if to := p.press(visit, "mobile", url.Values{"phone": {c.phone}, "spam": {c.spam}}); to != visit {
			t.Fatalf("%v led to %q", c, to)
		}
		p.mustSee(visit, http.StatusOK, c.want, "Phone number")
	}
	p.ring(visit, oskar.Phone, strings.ToLower(oskar.SpamCode))
}

func TestMobileNumbersThatFail(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP)
	waits := 0
	for _, c := range brokersim.MobileCases() {
		if c.Code == 101 || c.Code == 105 {
			continue
		}
		waits++
		visit := p.visit(nil)
		p.ring(visit, c.Phone, "")
		p.clock.advance(2 * time.Second)
		p.mustSee(visit, http.StatusOK, "Error code "+strconv.Itoa(c.Code), "/again", "/back")
		want := "access_denied"
		if c.Code == 401 {
			want = "cancel"
		}
		if back := p.returned(p.press(visit, "cancel", url.Values{})); back.Get("error") != want {
			t.Errorf("%d: %v, want %s", c.Code, back, want)
		}
	}
	if waits != 5 {
		t.Errorf("%d failing numbers, want 208, 209, 401, 402, 403", waits)
	}
}

func TestMobileTimeoutAndAgain(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP)
	visit := p.visit(nil)
	phone := p.ring(visit, p.person("aino").Phone, "")
	p.clock.advance(5 * time.Minute)
	p.post(phone, url.Values{"pin": {brokersim.PIN}}) // too late
	p.mustSee(visit, http.StatusOK, "Error code 208")
	p.press(visit, "again", url.Values{})
	second := p.ring(visit, p.person("aino").Phone, "")
	if second == phone {
		t.Error("the second request rings on the page of the first")
	}
	p.mustSee(phone, http.StatusGone, "no requests")
	p.post(phone, url.Values{"pin": {brokersim.PIN}}) // the old page must not answer the new request
	p.mustSee(visit, http.StatusOK, "Confirm on your phone")
	p.post(second, url.Values{"pin": {brokersim.PIN}})
	if _, to, _ := p.get(visit); p.returned(to).Get("code") == "" {
		t.Errorf("after a second try: %q", to)
	}
}

func TestMobileTimeoutToggle(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.Telia)
	p.misbehaveOnce(brokersim.MobileTimeout)
	visit := p.visit(nil)
	p.press(visit, "select", url.Values{"bank": {"mobile"}})
	p.press(visit, "mobile", url.Values{"phone": {p.person("aino").Phone}})
	p.clock.advance(2 * time.Second)
	p.mustSee(visit, http.StatusOK, "Error code 208")
	back := p.returned(p.press(visit, "cancel", url.Values{}))
	if back.Get("error") != "access_denied" || !strings.Contains(back.Get("error_description"), "208") {
		t.Errorf("%v", back)
	}
}

func TestPhoneRejectsAndBlocks(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP)
	visit := p.visit(nil)
	phone := p.ring(visit, p.person("aino").Phone, "")
	p.post(phone, url.Values{"reject": {"1"}})
	p.mustSee(visit, http.StatusOK, "Error code 401")

	p.press(visit, "again", url.Values{})
	phone = p.ring(visit, p.person("aino").Phone, "")
	for range 2 {
		p.post(phone, url.Values{"pin": {"0000"}})
		p.mustSee(phone, http.StatusOK, "Wrong PIN")
		p.mustSee(visit, http.StatusOK, "Confirm on your phone")
	}
	p.post(phone, url.Values{"pin": {""}})
	p.post(phone, url.Values{"pin": {brokersim.PIN}}) // blocked by now
	p.mustSee(visit, http.StatusOK, "Error code 402")
	p.mustSee(strings.Replace(phone, "/phone/", "/phone/x", 1), http.StatusNotFound)
}

// The waiting page asks first after a while, then more often, as the guideline says.
func TestWaitingPageRefreshes(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP, func(c *brokersim.Config) {
		c.Timing.FirstPoll, c.Timing.Poll = 20*time.Second, 5*time.Second
	})
	visit := p.visit(nil)
	p.ring(visit, p.person("aino").Phone, "")
	for _, want := range []string{"20", "5"} {
		page, err := p.browser.Get(visit)
		if err != nil {
			t.Fatal(err)
		}
		if err := page.Body.Close(); err != nil {
			t.Error(err)
		}
		if got := page.Header.Get("Refresh"); got != want {
			t.Errorf("the page comes again after %q s, want %s", got, want)
		}
		p.clock.advance(20 * time.Second)
	}
}
