package browser_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/operations"
	"avain/internal/domain/staff"
	"avain/internal/testkit/patience"
)

const operaAgent = "Mozilla/5.0 (Linux; Android 12; SM-G991B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/100.0.4896.127 Mobile Safari/537.36 OPR/69.3.3606.65458"

// TestOperaOnAndroid: the news item of the article behaves. With Opera on Android the
// app shows it, and the login link is the main button, which leads into the app; with
// Chrome neither is there.
func TestOperaOnAndroid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	opera := phone()
	opera.agent = operaAgent
	app := b.owner(opera).newTab()
	for _, language := range lookLanguages() {
		app.open(w.App)
		app.seeID("first-link")
		app.choose(language)
		app.seeID("first-link")
		app.see(map[string]string{
			"fi": "Opera-selain estää kirjautumisen Androidilla", "sv": "Webbläsaren Opera hindrar inloggningen på Android", "en": "The Opera browser blocks logging in on Android",
		}[language])
		app.look(language + "/app/start-opera")
	}
	app.choose("fi")
	above := `(() => {
		const at = (id) => document.querySelector("[data-testid=" + id + "]").getBoundingClientRect().top;
		return at("notice") < at("first-link") && at("first-link") < at("login");
	})()`
	if !value[bool](app, above) {
		t.Error("the login link is not the first button")
	}
	page := app.pressIDOut("first-link")
	page.at(w.Service + "/l/")
	page.open(page.address()) // a new tab begins as another browser, here
	page.see("Opera-selain estää kirjautumisen Androidilla")
	page.look("fi/service/link-opera")
	page.press("Kirjaudu")
	page.see("Opera-selain estää kirjautumisen Androidilla")
	page.throughBank(aino)
	page.press("Vahvista kirjautuminen")
	page.mustBeHome("Aino")

	chrome := b.stranger(phone()).newTab()
	chrome.open(w.App)
	chrome.seeID("login")
	chrome.see("Kirjautuminen on nyt entistä helpompaa") // for all on Android
	if chrome.hasID("first-link") || chrome.says("Opera-selain") {
		t.Error("Chrome is treated like Opera")
	}
}

// TestNewsAndEditor: a lead writes a notice, looks at it and at who will see it, and
// publishes it; people read it among the news.
func TestNewsAndEditor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.browser = w.newBrowser()
	past := time.Now().Add(-48 * time.Hour)
	if _, err := w.Inside.Notices.Publish(t.Context(), "system", operations.Notice{
		Severity: operations.SeverityProblem, From: past, Until: past.Add(3 * time.Hour), Audience: operations.Audience{Means: []string{"kuikka"}},
		Words: map[string]operations.NoticeWords{
			"fi": {Title: "Kuikka Pankki ei vastannut", Text: "Pankin vika on korjattu."}, "sv": {Title: "Kuikka Pankki svarade inte", Text: "Bankens fel är åtgärdat."},
			"en": {Title: "Kuikka Pankki did not answer", Text: "The bank has mended its fault."},
		},
	}); err != nil {
		t.Fatal(err)
	}
	lead, _, _ := w.newAgent(staff.RoleLead)
	lead.press("Tiedotteet")
	lead.see("Opera-selain estää kirjautumisen Androidilla", "Kuikka Pankki ei vastannut")
	lead.look("fi/console/notices")
	lead.press("Uusi tiedote")
	lead.complaints.expect("status of 400")
	lead.press("Julkaise")
	lead.see("Korjaa nämä:")
	lead.look("fi/console/notice-wrong")
	for field, text := range map[string]string{"title_fi": "Häiriö Samsungin selaimessa", "text_fi": "Kirjautuminen voi epäonnistua."} {
		lead.must(second(evaluate[bool](lead, `(document.querySelector("#`+field+`").focus(), true)`)))
		lead.key(text)
	}
	lead.pressFound(`[document.querySelector("label[for=platform_android]")]`, "Android", 1)
	lead.must(second(evaluate[bool](lead, `(document.querySelector("#family_0").value = "Samsung Internet", true)`)))
	lead.press("Esikatsele")
	lead.see("Koskee vain näitä: laite Android; selain Samsung Internet.", "Samsung Internet 27 · Android", "ei käännöstä")
	lead.look("fi/console/notice-preview")
	lead.press("Julkaise")
	lead.see("Tiedote on julkaistu.", "Peru tiedote")

	reader := w.browser.stranger(phone()).newTab()
	for _, language := range lookLanguages() {
		reader.open(w.Service + "/news?lang=" + language)
		reader.see(map[string]string{"fi": "Aiemmat uutiset", "sv": "Tidigare nyheter", "en": "Earlier news"}[language], "Häiriö Samsungin selaimessa")
		reader.look(language + "/service/news")
	}
	reader.open(w.Service + "/news?lang=fi")
	reader.press("Opera-selain estää kirjautumisen Androidilla")
	reader.at(w.Service + "/news?lang=fi#notice-demo-news-opera-202205")
	if n := value[int](reader, "document.scripts.length"); n != 0 {
		t.Errorf("%d scripts", n)
	}
}

// untilTold waits until the service has noticed by itself what a broker says, which it
// asks for every ten seconds.
func (w *world) untilTold(title string) {
	w.Helper()
	patience.Until(w, "everybody is told of "+title, func() bool {
		current, _ := w.Inside.Notices.Everybody(w.Context())
		return slices.ContainsFunc(current, func(n operations.Notice) bool { return strings.Contains(n.Words["fi"].Title, title) })
	})
}
