package broker

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/login"
)

func offerIDs(o Offer) string {
	var ids []string
	for _, m := range o.Means {
		ids = append(ids, m.ID)
	}
	return strings.Join(ids, " ")
}

func TestOfferFromOPsSelector(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetOP, nil)
	offer := w.registry.Offer(context.Background(), "sv")
	// Ours first, in our order and with our names; then the bank that only OP knows; the
	// one with an impossible id is left out.
	if got := offerIDs(offer); got != "metsa koivu brk.fi-uusi mobile" {
		t.Fatalf("offered: %s", got)
	}
	want := login.Means{ID: "metsa", Kind: login.MeansBank, Name: "Metsäpankki", Logo: "metsa.svg", Broker: "brk"}
	if offer.Means[0].Means != want || !offer.Means[0].Available {
		t.Errorf("first: %+v, want %+v", offer.Means[0], want)
	}
	if m := offer.Means[2]; m.Name != "Uusi pankki" || m.Logo != "" {
		t.Errorf("new bank: %+v", m)
	}
	if m := offer.Means[3]; m.Kind != login.MeansMobile || m.Name != "Mobilcertifikat" {
		t.Errorf("mobile certificate: %+v", m)
	}
	if len(offer.Brokers) != 1 {
		t.Fatalf("brokers: %+v", offer.Brokers)
	}
	wantInfo := Info{Broker: "brk", Name: "OP", Disturbance: Disturbance{Header: "Häiriö", Text: "Rivi 1\nRivi 2"}, Texts: InfoTexts{
		ProviderInfo: "OP Tunnistuksen välityspalvelu", Consent: "Suostumus\nsv", PrivacyNotice: "Tietosuoja",
		PrivacyNoticeLink: "https://isb.example/privacy",
	}}
	if offer.Brokers[0] != wantInfo {
		t.Errorf("info: %+v, want %+v", offer.Brokers[0], wantInfo)
	}
	if offer.Means[0].DisturbanceText != "Häiriö" {
		t.Errorf("disturbance of the means: %q", offer.Means[0].DisturbanceText)
	}
	for _, r := range w.received("selector") {
		if r.form.Get("lang") != "sv" {
			t.Errorf("asked for %v", r.form)
		}
	}
}

func TestNewBankOfTheSelectorCanBeChosen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetOP, nil)
	identity, err := w.login("brk.fi-uusi") // also on a node that has not shown the page
	if err != nil || identity.Means != "brk.fi-uusi" {
		t.Fatalf("%v, means %q", err, identity.Means)
	}
	_, err = w.begin("brk.fi-unheard")
	mustFail(t, err, login.ReasonMeansUnavailable, "means.unknown")
}

func TestBankThatTheSelectorDropsIsNotOffered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetOP, nil)
	w.handle("selector", textHandler(200, `{"identityProviders":[{"name":"K","ftn_idp_id":"fi-koivu"}]}`))
	if got := offerIDs(w.registry.Offer(context.Background(), "fi")); got != "koivu" {
		t.Errorf("offered: %s", got)
	}
	_, err := w.begin("metsa")
	mustFail(t, err, login.ReasonMeansUnavailable, "means.unknown")
}

// OP's list may name one bank twice, and one that another broker serves under an id of
// ours: nobody can choose between two buttons that look the same. Both ids of an old page
// still work.
func TestTwoBanksOfOneNameAreOneButton(t *testing.T) {
	t.Parallel()
	// The names and ids of the test data in OP's Java sample.
	const list = `{"identityProviders":[{"name":"Aktia","ftn_idp_id":"aktia"},{"name":"OP","ftn_idp_id":"op-saml2"},
		{"name":"Nordea","ftn_idp_id":"nordea"},{"name":"OP","ftn_idp_id":"op"},{"name":" koivu","ftn_idp_id":"x"},{"name":"mobiilivarmenne","ftn_idp_id":"mm"}]}`
	w := newWorld(t, PresetOP, func(c *Config) {
		c.Means = []Means{{ID: "koivu", Name: "Koivu", Value: "x2"}, {ID: "mobile", Kind: "mobile", Value: "m2"}}
	})
	w.handle("selector", textHandler(200, list))
	if got := offerIDs(w.registry.Offer(context.Background(), "fi")); got != "brk.aktia brk.op-saml2 brk.nordea brk.x brk.mm" {
		t.Errorf("without our own, which the list has dropped: %s", got)
	}
	for _, means := range []string{"brk.op", "brk.op-saml2"} {
		if _, err := w.begin(means); err != nil {
			t.Errorf("%s: %v", means, err)
		}
	}
	ours := newWorld(t, PresetOP, func(c *Config) {
		c.Means = []Means{{ID: "op", Name: "OP", Value: "op"}, {ID: "koivu", Name: "Koivu", Value: "x2"}}
	})
	ours.handle("selector", textHandler(200, strings.Replace(list, `"x"`, `"x2"`, 1)))
	if got := offerIDs(ours.registry.Offer(context.Background(), "fi")); got != "op koivu brk.aktia brk.nordea brk.mm" {
		t.Errorf("with an id of ours: %s", got)
	}
}

// The bank that Telia serves under our id and OP lists too is one button as well.
func TestOneBankOfTwoBrokersIsOneButton(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetOP, nil)
	w.handle("selector", textHandler(200, `{"identityProviders":[{"name":"Uusi","ftn_idp_id":"uusi"},{"name":"Lahti","ftn_idp_id":"lahti"}]}`))
	other := newWorld(t, PresetTelia, func(c *Config) {
		c.ID, c.Means = "tel", []Means{{ID: "lahti", Name: "Lahti", Value: "oidc.lahti.1"}}
	})
	registry := newRegistry(t, w, w.config, other.config)
	if got := offerIDs(registry.Offer(context.Background(), "fi")); got != "lahti brk.uusi" {
		t.Errorf("offered: %s", got)
	}
}

func TestOfferFallsBackToTheConfiguredList(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"500": textHandler(500, ""), "not JSON": textHandler(200, "<html>"), "no banks": textHandler(200, `{"identityProviders":[]}`),
		"endless": func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(make([]byte, maxSelector+1)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, PresetOP, nil)
			w.handle("selector", handler)
			for range 3 {
				if got := offerIDs(w.registry.Offer(context.Background(), "en")); got != "metsa koivu mobile" {
					t.Errorf("offered: %s", got)
				}
			}
			if got := len(w.received("selector")); got != 1 {
				t.Errorf("a failing selector was asked %d times in one moment", got)
			}
			if _, err := w.begin("metsa"); err != nil {
				t.Error(err)
			}
		})
	}
}

// A selector that hangs must not keep the page: it is waited for once, briefly.
func TestOfferDoesNotWaitForASlowSelector(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetOP, func(c *Config) { c.Timeout = time.Minute })
	release := make(chan struct{})
	defer close(release)
	w.handle("selector", func(http.ResponseWriter, *http.Request) { <-release })
	began := time.Now()
	if got := offerIDs(w.registry.Offer(context.Background(), "fi")); got != "metsa koivu mobile" {
		t.Errorf("offered: %s", got)
	}
	if took := time.Since(began); took > 30*time.Second { // less than a second, and a busy machine
		t.Errorf("the page waited %s", took)
	}
}

func TestStaleSelectorIsServedAndItsDisturbanceForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetOP, nil)
	w.registry.Offer(context.Background(), "fi")
	w.handle("selector", textHandler(500, ""))
	w.clock.advance(10 * time.Minute)
	offer := w.registry.Offer(context.Background(), "fi")
	if offer.Brokers[0].Disturbance.Header == "" || offer.Brokers[0].Texts.Consent == "" {
		t.Error("ten minutes old: everything is shown")
	}
	w.registry.life.work.Wait()
	w.clock.advance(lastsDisturbance)
	offer = w.registry.Offer(context.Background(), "fi")
	if offer.Brokers[0].Disturbance != (Disturbance{}) {
		t.Error("an old disturbance is still shown")
	}
	if offer.Brokers[0].Texts.Consent == "" || len(offer.Means) != 4 {
		t.Error("the obligatory texts and the banks are not shown any more")
	}
	w.registry.life.work.Wait()
	w.handle("selector", nil)
	w.clock.advance(time.Minute)
	w.registry.Offer(context.Background(), "fi")
	w.registry.life.work.Wait()
	if got := w.registry.Offer(context.Background(), "fi").Brokers[0].Disturbance.Header; got != "Häiriö" {
		t.Errorf("after the recovery: %q", got)
	}
}

func TestTeliasOutageText(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetTelia, nil)
	for lang, want := range map[string]string{"fi": "Huoltokatko\nyöllä", "sv": "Avbrott", "en": "Outage", "xx": "Huoltokatko\nyöllä"} {
		offer := w.registry.Offer(context.Background(), lang)
		if len(offer.Brokers) != 1 || offer.Brokers[0].Disturbance.Text != want {
			t.Errorf("%s: %+v", lang, offer.Brokers)
		}
		if got := offerIDs(offer); got != "metsa koivu mobile" {
			t.Errorf("offered: %s", got)
		}
	}
}

func TestNoOutageNoNotice(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetTelia, nil)
	w.handle("outage", textHandler(200, " \n"))
	if offer := w.registry.Offer(context.Background(), "fi"); len(offer.Brokers) != 0 {
		t.Errorf("notices: %+v", offer.Brokers)
	}
}

func TestPlainText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a\r\nb": "a\nb", "a<br>b<br/>c": "a\nb\nc", "<p>a</p><p>b</p>": "a\nb", "a &amp; b &lt;i&gt;": "a & b <i>",
		"<script>alert(1)</script>x": "x", "<style>p{}</style>x": "x", "1 < 2": "1 < 2", "a\u202eb\x00": "ab",
		"<a href='javascript:x'>link</a>": "link", "<!-- c -->x": "x", "": "", "<img src=x onerror=alert(1)>": "",
		"<svg><script>alert(1)</script></svg>ok": "ok", "\xff\xfe": "",
	} {
		if got := plainText(in, maxText); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
	if got := len([]rune(plainText(strings.Repeat("ä", 9000), maxText))); got != maxText {
		t.Errorf("length %d", got)
	}
}

func TestWebLink(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://isb.op.fi/privacy": "https://isb.op.fi/privacy", "\nhttps://a.example": "https://a.example",
		"javascript:alert(1)": "", "http://a.example": "", "//a.example": "", "https://u:p@a.example": "", "data:text/html,x": "",
		"http://localhost:8082/privacy-info": "http://localhost:8082/privacy-info", "https://": "", "%zz": "",
	} {
		if got := webLink(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}
