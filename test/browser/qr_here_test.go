package browser_test

import (
	"testing"
	"time"

	"avain/internal/domain/login"

	"github.com/chromedp/chromedp/kb"
)

// openLink is the link by which the page on this very phone hands its code to the app.
func (b *tab) openLink() string {
	b.Helper()
	b.seeElement(`a[href*="/open#"]`)
	return value[string](b, `document.querySelector('a[href*="/open#"]').href`)
}

// TestQROnThePhone: page and app are on the same phone. The app asks before anything
// happens, with "no" as the answer that stands out, and the number goes back to the
// browser.
func TestQROnThePhone(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	somebody.wire.hurryUp(2 * time.Second)
	page := somebody.newTab()
	page.signInOnPage(aino)
	page.press("Avaa SmartumPayssa")
	page.see("Kirjaudu tässä puhelimessa", "Käytä toista puhelinta")
	link := page.openLink()
	page.photograph("fi/service/qr-live-open")
	opened := page.pressOut("Avaa SmartumPayssa") // the link; in the demo the app is a page, too
	opened.seeID("offered")
	opened.shut()

	app := somebody.newTab()
	app.open(link)
	app.seeID("offered")
	app.see("Kirjaudutaanko tähän sovellukseen?", "Jatka vain, jos painoit itse")
	if address := app.address(); address != w.App+"/" {
		t.Errorf("the code stays in the address %s", address)
	}
	if app.hasID("logged-in-as") {
		t.Error("nobody is logged in here, and the app says somebody is")
	}
	app.key(kb.Enter) // nothing has the focus that would say yes
	app.until(`byID("offer-no")[0].compareDocumentPosition(byID("offer-yes")[0]) === Node.DOCUMENT_POSITION_FOLLOWING ? "" : "yes comes first"`)
	app.pressID("offer-no")
	app.seeID("start")
	app.open(link) // nobody has claimed it
	app.pressID("offer-yes")
	match, code := app.mustMatch("Aino V.")
	app.see("Kirjoita tämä numero selaimeen", "Palaa sivulle, jolla painoit")
	w.mustStand(code, login.StateClaimed, "", 1)
	page.typeNumber(match) // the page was asking for news all the time
	page.see("Puhelin on kirjautunut")
	app.front()
	app.mustBeHome("Aino")
	w.mustStand(code, login.StateRedeemed, "", 2)

	app.open(link) // once more, out of the history
	app.see("Olet jo kirjautunut: Aino Maria Virtanen.")
	app.pressID("offer-no")
	app.mustBeHome("Aino")
}

// TestQRCodeOfAStranger: somebody lures a person whose app is logged in into opening the
// code of another account (threat 16). Nothing happens without a yes, "no" keeps the
// login, and even a yes logs nobody in without the number on the other's page.
func TestQRCodeOfAStranger(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	somebody.wire.hurryUp(2 * time.Second)
	page := somebody.stranger(phone()).newTab()
	page.signInOnPage("Eero Mäkelä")
	page.press("Avaa SmartumPayssa")
	link := page.openLink()

	app := somebody.newTab()
	app.logIn()
	for _, way := range []func(){
		func() { app.pressID("offer-no") },
		func() { app.reload() },
		func() { app.open(w.App) },
	} {
		app.open(link)
		app.seeID("offered", "offer-yes")
		app.see("Olet jo kirjautunut: Aino Maria Virtanen.", "Pysy kirjautuneena", "Jos joku muu pyysi sinua avaamaan linkin, älä jatka.")
		way()
		app.mustBeHome("Aino")
	}
	if n, m := w.sessions("aino"), w.sessions("eero"); n != 1 || m != 1 {
		t.Errorf("%d sessions here and %d of the stranger, want 1 and 1", n, m)
	}
	app.open(link)
	app.pressID("offer-yes")
	_, code := app.mustMatch("Eero M.")
	app.see("Jos nimi ei ole sinun, peruuta.")
	w.mustStand(code, login.StateClaimed, "", 0)
	app.pressID("start-over")
	app.seeID("start")
	if n := w.sessions("eero"); n != 1 {
		t.Errorf("%d sessions of the stranger, want that of the page", n)
	}

	// What is no code of ours is not even asked about.
	app.open(w.App + "/open#https://example.com/")
	app.seeElement("[data-testid=error][data-failure=qrUnknown]")
	app.open(w.App + "/open#%E0%A4%A")
	app.seeElement("[data-testid=error][data-failure=qrUnknown]")
}
