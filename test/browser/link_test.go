package browser_test

import (
	"strings"
	"testing"
	"time"

	"avain/internal/domain/login"
)

// TestLoginLinkInEachLanguage walks the link through a browser that returns to the app
// by itself, by the words of product.md. The pages speak the language of the app,
// whatever the browser asks for.
func TestLoginLinkInEachLanguage(t *testing.T) {
	t.Parallel()
	for language, say := range onTheWay {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			w, somebody := newPhone(t)
			somebody.device.languages = map[string]string{"fi": "en-GB,en", "sv": "fi-FI,fi", "en": "sv-FI,sv"}[language]
			app := somebody.newTab()
			app.open(w.App)
			app.choose(language)
			app.press(inLanguage[language].alternative)
			app.see(inLanguage[language].link, inLanguage[language].qr)
			page := app.pressIDOut("method-link")

			page.at(w.Service + "/l/")
			page.seeLanguage(language)
			page.see("SmartumPay", "Pixel 9", say.refuse)
			code := page.supportCode()
			page.press(say.open)
			page.at(w.Service + "/login/")
			page.seeLanguage(language)
			page.see(say.identify)
			page.press("Kuikka Pankki")
			page.at(w.Banks)
			page.seeLanguage(language)
			page.press(aino)
			page.press(inLanguage[language].confirm)

			page.see(say.question)
			page.seeLanguage(language)
			page.mustAskClearly(w.attempt(code), say)
			page.press(say.confirm)
			page.mustBeHome("Aino")
			page.at(w.App + "/")
			app.front()
			app.mustBeHome("Aino")
			app.seeLanguage(language)
			w.mustBe(code, login.StateRedeemed, "", 1)
			if method := w.attempt(code).Method; method != login.MethodLink {
				t.Errorf("logged in by %s", method)
			}
		})
	}
}

// mustAskClearly holds the confirm page against what a person has to know before they
// let an app in, and against what nobody else may learn from it.
func (b *tab) mustAskClearly(a login.Attempt, say walkWords) {
	b.Helper()
	zone, err := time.LoadLocation("Europe/Helsinki")
	b.must(err)
	started := strings.ReplaceAll(a.CreatedAt.In(zone).Format(say.clock), "klo 0", "klo ")
	b.see("SmartumPay", "Pixel 9", started, "Aino V.", say.confirm, say.refuse)
	if b.says("Virtanen") || b.says("010190") {
		b.Error("the confirm page shows more of the person than it must")
	}
	var size [2]string
	for i, words := range []string{say.confirm, say.refuse} {
		size[i] = value[string](b, `(() => {`+pageScript+`
			const [e] = byWords(`+quote(words)+`), box = e.getBoundingClientRect(), style = getComputedStyle(e);
			return [e.tagName, Math.round(box.width), Math.round(box.height), style.fontSize, style.fontWeight].join(" ")})()`)
	}
	if size[0] != size[1] {
		b.Errorf("the way out is not as prominent as the way in: %s, %s", size[1], size[0])
	}
}

// TestLoginLinkInAnotherBrowser carries the link to a browser that does not return and
// runs no scripts. The app follows it live, and takes the six digits of its last page.
// Every page may be reloaded on the way.
func TestLoginLinkInAnotherBrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	app, page := b.owner(phone()).newTab(), b.stranger(computer()).newTab()
	app.front()
	link, code := app.carryLink()
	app.reload()
	app.mustFollow("created")

	page.front()
	page.withoutScripts(true)
	page.open(link)
	page.see("Kirjaudu SmartumPay-sovellukseen")
	page.reload()
	app.mustFollow("created") // looking at a link does nothing
	page.press("Kirjaudu")
	page.see("Kuikka Pankki")
	app.front()
	app.mustFollow("opened")
	app.reload()
	app.mustFollow("opened")
	page.front()
	page.reload()
	page.press("Kuikka Pankki")
	page.press(aino)
	page.see("Vahvista pankin sovelluksessa")
	page.reload()
	page.press("Vahvista")
	page.see("Vahvistatko kirjautumisen?")
	page.reload()
	app.front()
	app.mustFollow("authenticated")
	page.front()
	page.pressTwice("Vahvista kirjautuminen")
	page.see("Palaa sovellukseen")
	page.at(w.Service + "/login/") // the code has left the address
	digits := page.digits()
	page.reload()
	if again := page.digits(); again != digits {
		t.Errorf("after a reload the page shows %s, before %s", again, digits)
	}
	page.backTo("Vahvista kirjautuminen") // the confirm page, which may be pressed again
	page.press("Vahvista kirjautuminen")
	if again := page.digits(); again != digits {
		t.Errorf("confirmed again the page shows %s, before %s", again, digits)
	}
	w.mustBe(code, login.StateConfirmed, "", 0)

	app.front()
	app.mustFollow("confirmed")
	app.typeDigits(other(digits))
	app.see("Numerot eivät täsmää. Yrityksiä jäljellä: 2.")
	app.reload()
	app.mustFollow("confirmed")
	app.typeDigits(digits[:3] + " " + digits[3:]) // in two groups, as the page shows them
	app.mustBeHome("Aino")
	w.mustBe(code, login.StateRedeemed, "", 1)
	app.reload()
	app.mustBeHome("Aino")
	page.front()
	page.see("Tämä kirjautuminen on jo tehty") // by itself
	if n := w.sessions("aino"); n != 1 {
		t.Errorf("%d sessions, want 1", n)
	}
}
