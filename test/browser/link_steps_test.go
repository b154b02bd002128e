package browser_test

import (
	"testing"

	"avain/internal/domain/login"
)

// TestLinkBackAndReload: back and reload on every page of the link, and on the app's
// screens meanwhile. Nothing is lost, nothing happens twice.
func TestLinkBackAndReload(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	app := somebody.newTab()
	page, code := app.startLink()
	app.front()
	app.mustFollow("created")
	app.back() // the screen of the methods has closed below it: out of the app, and in again
	app.open(w.App)
	app.mustFollow("created")

	page.front()
	page.reload()
	page.pressTwice("Kirjaudu")
	page.see("Kuikka Pankki")
	page.reload()
	page.back() // to the link, which this browser owns
	page.until(`byWords("Kirjaudu").length + byWords("Kuikka Pankki").length > 0 ? "" : "neither link nor means"`)
	page.reload() // a kept page would not know better
	page.see("Kuikka Pankki")
	page.press("Kuikka Pankki")
	page.at(w.Banks)
	page.back()
	page.see("Kuikka Pankki")
	page.press("Revontuli")
	page.press(aino)
	page.press("Vahvista")
	page.see("Vahvistatko kirjautumisen?")
	page.reload()
	page.back() // the bank's answer has been used; wherever this leads, it leads on
	page.until(`document.readyState === "loading" ? "loading" : ""`)
	page.open(w.Service + "/login/" + w.attempt(code).ID)
	page.see("Vahvistatko kirjautumisen?")
	w.mustBe(code, login.StateAuthenticated, "", 0)
	app.front()
	app.mustFollow("authenticated")
	app.reload()
	app.mustFollow("authenticated")

	page.front()
	page.pressTwice("Vahvista kirjautuminen")
	page.mustBeHome("Aino")
	page.back()
	page.until(`document.readyState === "loading" ? "loading" : ""`)
	page.reload()
	page.see("Tämä kirjautuminen on jo tehty")
	page.lookAlike("fi/service/ended-used-live")
	page.press("Palaa sovellukseen")
	page.mustBeHome("Aino")
	app.front()
	app.mustBeHome("Aino")
	app.reload()
	app.mustBeHome("Aino")
	w.mustBe(code, login.StateRedeemed, "", 1)
}

// TestLinkThroughRestarts: the service is restarted while the app waits, and the app is
// closed and opened again; both go on where they were.
func TestLinkThroughRestarts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	somebody := b.owner(phone())
	app, page := somebody.newTab(), b.stranger(computer()).newTab()
	app.complaints.expect("/attempt-status", "/login-options")
	app.front()
	link, code := app.carryLink()
	page.front()
	page.open(link)
	w.restart()
	page.press("Kirjaudu")
	page.see("Kuikka Pankki")
	page.until(`document.readyState === "complete" ? "" : "pictures are on their way"`)
	app.front()
	app.mustFollow("opened") // by itself

	app.complaints.expect(failedRequests...)
	app.offline(true)
	app.seeElement("[data-testid=link-state][data-trouble=true]")
	app.offline(false)
	app.mustFollow("opened")
	app.shut()
	page.front()
	page.throughBank(aino)
	page.see("Vahvistatko kirjautumisen?")
	w.restart()
	page.press("Vahvista kirjautuminen")
	digits := page.digits()

	app = somebody.newTab()
	app.complaints.expect("/attempt-status", "/login-options")
	app.open(w.App)
	app.mustFollow("confirmed")
	if got := app.supportCode(); got != code {
		t.Errorf("the app waits for %s, want %s", got, code)
	}
	w.restart()
	page.reload()
	if again := page.digits(); again != digits {
		t.Errorf("after a restart the page shows %s, before %s", again, digits)
	}
	app.front()
	app.typeDigits(digits)
	app.mustBeHome("Aino")
	w.mustBe(code, login.StateRedeemed, "", 1)
}
