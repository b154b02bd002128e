package browser_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/login"
)

// TestDirectLoginThatDoesNotComeBack: whoever comes back to the app without the bank
// sees the alternative methods after ten seconds, and why; once. A link gets them in,
// and the login that was left behind does no harm when it is finished after all.
func TestDirectLoginThatDoesNotComeBack(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	left := somebody.newTab()
	left.start()
	code := left.supportCode()

	app := somebody.newTab()
	app.withClock()
	app.open(w.App)
	app.seeElement("[data-testid=pending][data-state=created]")
	app.pass(9 * time.Second)
	app.seeID("pending")
	app.pass(2 * time.Second)
	app.seeID("alternative-methods", "why", "continue")
	app.see("Kirjautuminen ei palannut sovellukseen", "Voit jatkaa siitä, mihin jäit, tai kokeilla toista tapaa.")
	app.seeElement("[data-testid=card-link][data-state=on]")
	app.seeElement("[data-testid=card-qr][data-state=on]")
	app.look("fi/app/alternative-stuck")
	app.back()
	app.seeID("pending")
	app.pass(time.Minute)
	app.seeID("pending") // it was shown once

	app.pressID("alternative")
	page := app.pressIDOut("method-link")
	page.withClock()
	linked := page.supportCode()
	page.toConfirm()
	page.press("Vahvista kirjautuminen")
	page.mustBeHome("Aino")
	app.front()
	app.mustBeHome("Aino")
	w.mustBe(linked, login.StateRedeemed, "", 1)

	left.front()
	left.throughBank(aino)
	left.mustBeHome("Aino")
	w.mustBe(code, login.StateConfirmed, "", 1)
}

// keepAnswers makes a browser that never hands its answer to the app: it opens our own
// /return, as where the app's claimed address did not work.
func (w *wire) keepAnswers() {
	w.change(func(answer *http.Response) {
		location, err := answer.Location()
		if err != nil || !strings.HasPrefix(location.String(), w.world.App+"/return?") {
			return
		}
		kept, err := url.Parse(w.world.Service)
		if err != nil {
			return
		}
		location.Host = kept.Host
		answer.Header.Set("Location", location.String())
	})
}

// TestDirectLoginWithLostRedirect: the browser stays, and six digits save the login,
// after the person has confirmed what they let in.
func TestDirectLoginWithLostRedirect(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	page := somebody.newTab()
	page.wire.keepAnswers()
	page.start()
	code := page.supportCode()
	app := somebody.newTab()
	app.withClock()
	app.open(w.App)
	app.seeElement("[data-testid=pending][data-state=created]")

	page.front()
	page.throughBank(aino)
	page.see("Palaa sovellukseen", "Eikö sovellus avautunut?")
	page.at(w.Service + "/login/")
	if len(value[string](page, "location.search")) > 0 || page.supportCode() != code {
		t.Errorf("stranded at %s", page.address())
	}
	page.lookAlike("fi/service/return-direct-live")
	page.reload()
	page.press("Näytä numerot, jotka kirjoitan sovellukseen")
	page.see("Vahvistatko kirjautumisen?", "Aino V.")
	page.back()
	page.press("Näytä numerot, jotka kirjoitan sovellukseen")
	page.reload()
	page.pressTwice("Vahvista kirjautuminen")
	digits := page.digits()

	app.front()
	app.seeElement("[data-testid=pending][data-state=confirmed]")
	app.see("Näyttääkö selain kuusi numeroa?")
	app.pass(11 * time.Second)
	app.look("fi/app/pending-digits") // still there: the person can go on right here
	app.typeDigits(digits)
	app.mustBeHome("Aino")
	w.mustBe(code, login.StateRedeemed, "", 1)
	page.front()
	page.see("Tämä kirjautuminen on jo tehty") // by itself
	page.press("Palaa sovellukseen")
	page.mustBeHome("Aino")
}
