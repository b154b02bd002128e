package browser_test

import (
	"testing"
)

// words are the texts of product.md's table, and others that a person goes by.
type words struct {
	login, means, alternative, link, qr string
	service, bank, cancel               string // the means page
	confirm                             string // the simulated bank
}

var inLanguage = map[string]words{
	"fi": {
		"Kirjaudu sisään", "Verkkopankkitunnuksilla tai Mobiilivarmenteella", "Vaihtoehtoiset kirjautumistavat", "Kirjautumislinkki", "QR-koodi",
		"Tunnistaudu", "Kuikka Pankki", "Peruuta", "Vahvista",
	},
	"sv": {
		"Logga in", "Med bankkoder eller Mobilcertifikat", "Alternativa inloggningssätt", "Inloggningslänk", "QR-kod",
		"Identifiera dig", "Kuikka Pankki", "Avbryt", "Bekräfta",
	},
	"en": {
		"Log in", "With bank authentication or Mobile Certificate", "Alternative login methods", "Login link", "QR code",
		"Identify yourself", "Kuikka Pankki", "Cancel", "Confirm",
	},
}

// TestLoginInEachLanguage is the main job of the system: log in through the app and
// a bank, stay logged in, log out. The language is the one set in the app, whatever
// the browser asks for.
func TestLoginInEachLanguage(t *testing.T) {
	t.Parallel()
	for language, say := range inLanguage {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			w, somebody := newPhone(t)
			somebody.device.languages = map[string]string{"fi": "en-GB,en", "sv": "fi-FI,fi", "en": "sv-FI,sv"}[language]
			app := somebody.newTab()
			app.open(w.App)
			app.choose(language)
			app.see(say.login, say.means, say.alternative)
			app.press(say.alternative)
			app.see(say.link, say.qr)
			app.back()
			app.press(say.login)

			app.at(w.Service + "/login/")
			app.seeLanguage(language)
			app.see(say.service, "SmartumPay")
			app.press(say.bank)
			app.at(w.Banks)
			app.seeLanguage(language)
			app.press("Aino Maria Virtanen")
			app.press(say.confirm)

			app.mustBeHome("Aino")
			app.at(w.App + "/")
			app.seeLanguage(language)
			app.see("Aino Maria Virtanen", "Kuusiston Konepaja Oy")
			if n := value[int](app, `document.querySelectorAll("[data-testid=benefit]").length`); n != 2 {
				t.Errorf("%d benefits, want 2", n)
			}
			app.reload()
			app.mustBeHome("Aino")
			if n := w.sessions("aino"); n != 1 {
				t.Errorf("%d sessions, want 1", n)
			}
			app.logOut()
			if n := w.sessions("aino"); n != 0 {
				t.Errorf("after logging out: %d sessions", n)
			}
			app.reload()
			app.see(say.login, say.means, say.alternative)
		})
	}
}

// TestLanguageSwitchOnThePage: who changes the language in the middle keeps it, at the
// bank too.
func TestLanguageSwitchOnThePage(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	app := somebody.newTab()
	app.start()
	app.press("Svenska")
	app.seeLanguage("sv")
	app.reload()
	app.seeLanguage("sv")
	app.see(inLanguage["sv"].service)
	app.press("Kuikka Pankki")
	app.at(w.Banks)
	app.seeLanguage("sv")
	app.press("Avbryt")
	app.at(w.Service + "/login/")
	app.seeLanguage("sv")
}

// choose sets the language in the app's settings.
func (b *tab) choose(language string) {
	b.Helper()
	b.pressID("settings")
	b.pressID("language-" + language)
	b.seeLanguage(language)
	b.back()
	b.seeID("login")
}

// start begins a login in the app, up to the page of the means.
func (b *tab) start() {
	b.Helper()
	b.open(b.world.App)
	b.pressID("login")
	b.at(b.world.Service + "/login/")
}

// throughBank walks from the page of the means through the bank, in Finnish.
func (b *tab) throughBank(name string) {
	b.Helper()
	say := inLanguage["fi"]
	b.press(say.bank)
	b.press(name)
	b.press(say.confirm)
}

const (
	aino  = "Aino Maria Virtanen"
	vieno = "Vieno Hautala" // a stranger: nobody has given benefits to her
)

// logIn is a whole login, in Finnish.
func (b *tab) logIn() {
	b.Helper()
	b.start()
	b.throughBank(aino)
	b.mustBeHome("Aino")
}

// mustBeHome waits for the home screen with fresh benefits.
func (b *tab) mustBeHome(name string) {
	b.Helper()
	b.seeElement(`[data-testid=home][data-freshness=fresh]`)
	b.see(name)
	b.seeID("benefit")
}

// logOut logs out in the app's settings.
func (b *tab) logOut() {
	b.Helper()
	b.pressID("settings")
	b.pressID("logout")
	b.pressID("logout-confirm")
	b.seeElement(`[data-testid=logged-out][data-because=self]`)
}
