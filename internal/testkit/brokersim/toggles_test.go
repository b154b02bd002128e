package brokersim_test

import (
	"encoding/json"
	"errors"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"avain/internal/testkit/brokersim"
	"avain/internal/testkit/loopback"
)

// What a careful relying party says of a login under each toggle that shows there.
// The others have tests of their own; TestEveryToggleIsTested counts.
func loginToggles(d brokersim.Dialect) map[brokersim.Toggle]string {
	said := map[brokersim.Toggle]string{
		brokersim.ServerError:          "server_error",
		brokersim.CancelAtSelector:     speeches[d].cancelled,
		brokersim.WrongState:           "state",
		brokersim.MissingCode:          "code",
		brokersim.ReusedCode:           "token 400 invalid_grant",
		brokersim.PlaintextToken:       "encryption",
		brokersim.UnsignedToken:        "algorithm",
		brokersim.WeakEncryption:       "encryption",
		brokersim.WrongEncryptionKid:   "encryption-kid",
		brokersim.WrongKid:             "kid",
		brokersim.WrongSignature:       "signature",
		brokersim.WrongNonce:           "nonce",
		brokersim.MissingNonce:         "nonce",
		brokersim.WrongAud:             "aud",
		brokersim.WrongIss:             "iss",
		brokersim.WrongACR:             "level",
		brokersim.TestACR:              "level",
		brokersim.MissingLevel:         "level",
		brokersim.StaleAuthTime:        "time",
		brokersim.MissingAuthTime:      "time",
		brokersim.SingleSignOn:         "time",
		brokersim.ExpiredToken:         "exp",
		brokersim.MissingHETU:          "hetu",
		brokersim.InvalidHETU:          "hetu",
		brokersim.ExpiredSignedJWKS:    "jwks",
		brokersim.WrongEntitySignature: "jwks",
		brokersim.StatementAsJWKS:      "jwks",
		brokersim.RotatedSignedJWKS:    "", // whoever fetches the keys again notices nothing
		brokersim.MissingSplitNames:    "",
	}
	if d == brokersim.OP {
		said[brokersim.ReusedCode] = "token 400 invalid_request"
	}
	if d == brokersim.Idura || d == brokersim.Signicat { // whose keys are not signed
		said[brokersim.ExpiredSignedJWKS], said[brokersim.WrongEntitySignature], said[brokersim.StatementAsJWKS] = "", "", ""
	}
	return said
}

func otherToggles() []brokersim.Toggle {
	return []brokersim.Toggle{
		brokersim.ReusedJTI, brokersim.NoReturnPage, brokersim.CancelAtBank, brokersim.MobileTimeout, brokersim.IdentificationError,
		brokersim.Disturbance, brokersim.HostileTexts, brokersim.DuplicateNames, brokersim.OtherBank, brokersim.UnknownMethod,
		brokersim.TokenDown, brokersim.Slow, brokersim.Down, brokersim.Drop,
	}
}

func TestEveryToggleIsTested(t *testing.T) {
	t.Parallel()
	tested := map[brokersim.Toggle]bool{}
	for toggle := range loginToggles(brokersim.OP) {
		tested[toggle] = true
	}
	for _, toggle := range otherToggles() {
		tested[toggle] = true
	}
	kebab := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	for _, info := range brokersim.Toggles() {
		if !tested[info.Name] || !kebab.MatchString(string(info.Name)) || info.Description == "" || strings.Contains(info.Description, "\n") {
			t.Errorf("toggle %q: tested %t, described %q", info.Name, tested[info.Name], info.Description)
		}
		delete(tested, info.Name)
	}
	if len(tested) > 0 {
		t.Errorf("not listed, or listed twice: %v", tested)
	}
}

func TestTogglesThatShowInALogin(t *testing.T) {
	t.Parallel()
	dialects(t, func(t *testing.T, d brokersim.Dialect) {
		p := newParty(t, d)
		login := func(toggle brokersim.Toggle, how, want string) {
			t.Helper()
			p.clock.advance(time.Minute) // so that a session from before is one
			claims, err := p.login("aino", nil)
			said := ""
			if err != nil {
				said = err.Error()
			}
			if said != want {
				t.Errorf("%s, %s: %q, want %q (%s)", toggle, how, said, want, p.lastReason())
			}
			if toggle == brokersim.MissingSplitNames && want == "" && how != "off" && !namedAsAWhole(claims) {
				t.Errorf("%s: %v", toggle, claims)
			}
		}
		for toggle, want := range loginToggles(d) {
			p.misbehaveOnce(toggle)
			login(toggle, "once", want)
			login("", "after "+string(toggle), "")
			if err := p.sim.Misbehave(toggle); err != nil {
				t.Fatal(err)
			}
			login(toggle, "on", want)
			if err := p.sim.Behave(toggle); err != nil {
				t.Fatal(err)
			}
			login(toggle, "off", "")
		}
	})
}

// namedAsAWhole reports whether the name came undivided, in whatever dialect.
func namedAsAWhole(claims map[string]any) bool {
	for _, part := range []string{"given_name", "family_name", "givenname", "surname", "urn:oid:2.5.4.4", "urn:oid:1.2.246.575.1.14"} {
		if claims[part] != nil {
			return false
		}
	}
	for _, whole := range []string{"name", "urn:oid:2.16.840.1.113730.3.1.241"} {
		if name, _ := claims[whole].(string); strings.Contains(name, "Virtanen") && strings.Contains(name, "Aino Maria") {
			return true
		}
	}
	return false
}

func TestUnknownToggle(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP)
	for _, set := range []func(...brokersim.Toggle) error{p.sim.Misbehave, p.sim.MisbehaveOnce, p.sim.Behave} {
		if err := set(brokersim.Down, "explode"); err == nil {
			t.Error("an unknown toggle was accepted")
		}
	}
	if _, err := p.login("aino", nil); err != nil {
		t.Errorf("the known one beside it was set: %v", err)
	}
}

func (p *party) misbehaveOnce(toggles ...brokersim.Toggle) {
	p.Helper()
	if err := p.sim.MisbehaveOnce(toggles...); err != nil {
		p.Fatal(err)
	}
}

func TestReusedJTI(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.Telia)
	code := p.returned(p.atBank(p.visit(nil), "aino")).Get("code")
	p.misbehaveOnce(brokersim.ReusedJTI)
	if status, answer := p.redeem(p.tokenForm(code)); status != http.StatusUnauthorized || answer["error"] != "invalid_client" {
		t.Errorf("token: %d %v", status, answer)
	}
	p.misbehaveOnce(brokersim.ReusedJTI)
	if status, _, _ := p.start(p.sign(p.claims(nil))); status != http.StatusBadRequest || p.lastReason() != brokersim.JTIReused {
		t.Errorf("authorize: %d %s", status, p.lastReason())
	}
}

func TestNoReturnPage(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP)
	p.misbehaveOnce(brokersim.NoReturnPage)
	status, to, body := p.start(p.sign(p.claims(nil)))
	if status != http.StatusBadRequest || to != "" || strings.Contains(body, "avain.example") {
		t.Errorf("%d %q", status, to)
	}
}

func TestCancelAtBankAndIdentificationError(t *testing.T) {
	t.Parallel()
	for d, speech := range speeches {
		p, cancelled := newParty(t, d), speech.cancelled
		p.misbehaveOnce(brokersim.CancelAtBank)
		visit := p.visit(nil)
		p.press(visit, "select", url.Values{"bank": {"koivu"}})
		if back := p.returned(p.press(visit, "user", url.Values{"user": {"aino"}})); back.Get("error") != cancelled {
			t.Errorf("%s: %v", d, back)
		}
		p.misbehaveOnce(brokersim.IdentificationError)
		visit = p.visit(nil)
		if to := p.atBank(visit, "aino"); to != visit {
			t.Errorf("%s: left at once to %q", d, to)
		}
		if _, _, body := p.get(visit); !strings.Contains(body, "Identification failed") || !strings.Contains(body, "/cancel") {
			t.Errorf("%s: want an error page with a way back:\n%s", d, body)
		}
		if back := p.returned(p.press(visit, "cancel", url.Values{})); back.Get("error") != "access_denied" {
			t.Errorf("%s: %v", d, back)
		}
	}
}

type selector struct {
	IdentityProviders []struct {
		Name     string `json:"name"`
		ImageURL string `json:"imageUrl"`
		FTNIdpID string `json:"ftn_idp_id"`
	} `json:"identityProviders"`
	Info, Consent, Privacy, Link string
	Disturbance                  *struct{ Header, Text string } `json:"disturbanceInfo"`
}

func (p *party) selector(lang string) selector {
	p.Helper()
	status, _, body := p.get(p.sim.Endpoints().Selector + lang)
	var s selector
	var texts map[string]any
	if err := errors.Join(json.Unmarshal([]byte(body), &s), json.Unmarshal([]byte(body), &texts)); err != nil || status != http.StatusOK {
		p.Fatalf("selector: %d %v", status, err)
	}
	s.Info, _ = texts["isbProviderInfo"].(string)
	s.Consent, _ = texts["isbConsent"].(string)
	s.Privacy, _ = texts["privacyNoticeText"].(string)
	s.Link, _ = texts["privacyNoticeLink"].(string)
	return s
}

func TestSelectorJSON(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP)
	fi, sv := p.selector(""), p.selector("?lang=sv")
	if fi.Info == "" || fi.Consent == "" || fi.Privacy == "" || fi.Link == "" || fi.Disturbance != nil {
		t.Errorf("want four texts and no disturbance: %+v", fi)
	}
	if fi.Consent == sv.Consent || len(fi.IdentityProviders) != len(brokersim.Banks()) {
		t.Errorf("sv %q, %d banks", sv.Consent, len(fi.IdentityProviders))
	}
	for i, idp := range sv.IdentityProviders {
		status, _, svg := p.get(idp.ImageURL)
		if status != http.StatusOK || svg != brokersim.Banks()[i].Logo {
			t.Errorf("%s: logo %d", idp.Name, status)
		}
		if status, to, _ := p.start(p.sign(p.claims(map[string]any{"ftn_idp_id": idp.FTNIdpID}))); status != http.StatusSeeOther || !strings.Contains(to, "/identify/") {
			t.Errorf("%s cannot be preselected", idp.FTNIdpID)
		}
	}
	if last := sv.IdentityProviders[len(sv.IdentityProviders)-1]; last.Name != "Mobilcertifikat" || last.FTNIdpID != "fi-mobile" {
		t.Errorf("Mobile Certificate is %+v", last)
	}
	if status, _, body := p.get(fi.Link); status != http.StatusOK || !strings.Contains(body, "Tietosuoja") {
		t.Errorf("privacy notice: %d", status)
	}
	if status, _, _ := p.get(p.sim.Endpoints().Selector + "x"); status != http.StatusNotFound {
		t.Errorf("another client: %d", status)
	}
	p.misbehaveOnce(brokersim.Disturbance)
	if s := p.selector("?lang=en"); s.Disturbance == nil || s.Disturbance.Header == "" || s.Disturbance.Text == "" {
		t.Errorf("disturbance: %+v", s)
	}
	p.misbehaveOnce(brokersim.HostileTexts)
	if s := p.selector(""); !strings.Contains(s.Consent, "<script>") || !strings.Contains(s.Info, "\r\n") {
		t.Errorf("hostile texts: %+v", s)
	}
}

func TestOutageText(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.Telia)
	outage := func() string { _, _, body := p.get(p.sim.Endpoints().Outage); return body }
	if got := outage(); got != "" {
		t.Errorf("all is well, but %q", got)
	}
	p.misbehaveOnce(brokersim.Disturbance)
	if got := outage(); strings.Count(got, "|") != 2 {
		t.Errorf("want fi|sv|en, got %q", got)
	}
	p.misbehaveOnce(brokersim.HostileTexts)
	if got := outage(); !strings.Contains(got, "<script>") {
		t.Errorf("want hostile text, got %q", got)
	}
}

func TestDown(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP)
	code := p.returned(p.atBank(p.visit(nil), "aino")).Get("code")
	p.misbehaveOnce(brokersim.TokenDown)
	if status, _, _ := p.do(p.app, http.MethodPost, p.sim.Endpoints().Token, p.tokenForm(code)); status != http.StatusServiceUnavailable {
		t.Errorf("token-down: %d", status)
	}
	if status, _ := p.redeem(p.tokenForm(code)); status != http.StatusOK {
		t.Errorf("the code was burnt by a 503: %d", status)
	}
	if err := p.sim.Misbehave(brokersim.Down); err != nil {
		t.Fatal(err)
	}
	e := p.sim.Endpoints()
	for _, address := range []string{e.Authorize, e.SignedJWKS, e.Selector, e.Statement} {
		if status, _, _ := p.get(address); status != http.StatusServiceUnavailable {
			t.Errorf("down: %s answers %d", address, status)
		}
	}
	if status, _, _ := p.get(e.Control); status != http.StatusOK {
		t.Errorf("the control page is down too: %d", status)
	}
	if err := p.sim.Behave(); err != nil {
		t.Fatal(err)
	}
	p.misbehaveOnce(brokersim.Drop)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, e.Token, strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	res, err := p.app.Do(req)
	if err == nil {
		_ = res.Body.Close()
		t.Errorf("drop: answered %d", res.StatusCode)
	}
	if _, err := p.login("aino", nil); err != nil {
		t.Errorf("after it all: %v", err)
	}
}

func TestSlow(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP, func(c *brokersim.Config) { c.Timing.Slow = time.Hour })
	p.misbehaveOnce(brokersim.Slow)
	client := loopback.Client(t)
	client.Timeout = 50 * time.Millisecond
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.sim.Endpoints().SignedJWKS, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.Do(req)
	if err == nil {
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		t.Error("slow: answered at once")
	}
	quick := newParty(t, brokersim.OP, func(c *brokersim.Config) { c.Timing.Slow = time.Millisecond })
	if err := quick.sim.Misbehave(brokersim.Slow); err != nil {
		t.Fatal(err)
	}
	if _, err := quick.login("aino", nil); err != nil {
		t.Errorf("late, but right: %v", err)
	}
}

func TestControlPage(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP)
	control := p.sim.Endpoints().Control
	_, _, body := p.get(control)
	body = html.UnescapeString(body)
	for _, info := range brokersim.Toggles() {
		if !strings.Contains(body, string(info.Name)) || !strings.Contains(body, info.Description) {
			t.Errorf("%s is not on the page", info.Name)
		}
	}
	if status, _, _ := p.post(control, url.Values{"wrong-nonce": {"once"}, "wrong-aud": {"off"}}); status != http.StatusSeeOther {
		t.Fatalf("%d", status)
	}
	if _, err := p.login("aino", nil); err == nil || err.Error() != "nonce" {
		t.Errorf("wrong-nonce: %v", err)
	}
	for _, bad := range []url.Values{{"wrong-nonce": {"maybe"}}, {"explode": {"on"}, "wrong-nonce": {"on"}}} {
		if status, _, _ := p.post(control, bad); status != http.StatusBadRequest {
			t.Errorf("%v: %d", bad, status)
		}
	}
	if _, err := p.login("aino", nil); err != nil {
		t.Errorf("a bad form changed something: %v", err)
	}
	// A page of another site must not switch faults on.
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, control, strings.NewReader("down=on"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	res, err := p.browser.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("cross-site form: %d", res.StatusCode)
	}
}
