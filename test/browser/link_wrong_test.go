package browser_test

import (
	"testing"

	"avain/internal/domain/login"
)

// TestWrongDigits: three times wrong is the end of that login, on both sides. Starting
// again is one press, and gets the person in.
func TestWrongDigits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	app, page := b.owner(phone()).newTab(), b.stranger(computer()).newTab()
	app.complaints.expect("status of 403")
	app.front()
	link, code := app.carryLink()
	page.front()
	page.open(link)
	digits := page.toDigits()

	app.front()
	app.mustFollow("confirmed")
	for _, left := range []string{"2", "1"} {
		app.typeDigits(other(digits))
		app.see("Numerot eivät täsmää. Yrityksiä jäljellä: " + left + ".")
	}
	app.look("fi/app/digits-wrong")
	app.typeDigits(other(digits))
	if got := app.mustFail("digitsBurned"); got != code {
		t.Errorf("the app shows the support code %s, want %s", got, code)
	}
	app.lookAlike("fi/app/failed-digits-burned")
	w.mustBe(code, login.StateBurned, login.ReasonDigitsBurned, 0)
	page.front()
	if got := page.mustEnd(login.ReasonDigitsBurned); got != code { // by itself
		t.Errorf("the page shows the support code %s, want %s", got, code)
	}
	page.back()
	page.mustEnd(login.ReasonDigitsBurned)

	app.front()
	again := app.pressIDOut("retry")
	again.at(w.Service + "/l/")
	next := again.supportCode()
	again.toConfirm()
	again.press("Vahvista kirjautuminen")
	again.mustBeHome("Aino")
	app.front()
	app.mustBeHome("Aino")
	w.mustBe(next, login.StateRedeemed, "", 1)
}

// TestLinkInTwoBrowsers: the browser that presses first owns the link. Another one that
// only looks is sent back there; one that presses too ends the login for everybody, and
// each of them says why.
func TestLinkInTwoBrowsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	app, first, second := b.owner(phone()).newTab(), b.stranger(computer()).newTab(), b.stranger(phone()).newTab()
	late := b.stranger(phone()).newTab()
	second.complaints.expect("status of 409")
	late.complaints.expect("status of 409")
	app.front()
	link, code := app.carryLink()
	second.front()
	second.open(link)
	first.front()
	first.open(link)
	first.press("Kirjaudu")
	first.see("Kuikka Pankki")
	late.front()
	late.open(link)
	late.mustEnd(login.ReasonOtherBrowser)
	late.lookAlike("fi/service/error-other-browser-live")
	w.mustBe(code, login.StateOpened, "", 0)

	second.front()
	second.press("Kirjaudu")
	if got := second.mustEnd(login.ReasonLinkReused); got != code {
		t.Errorf("the second browser shows the support code %s, want %s", got, code)
	}
	second.lookAlike("fi/service/error-link-reused-live")
	first.front()
	first.press("Kuikka Pankki")
	if got := first.mustEnd(login.ReasonLinkReused); got != code {
		t.Errorf("the first browser shows the support code %s, want %s", got, code)
	}
	app.front()
	if got := app.mustFail("linkReused"); got != code {
		t.Errorf("the app shows the support code %s, want %s", got, code)
	}
	w.mustBe(code, login.StateBurned, login.ReasonLinkReused, 0)

	page := app.pressIDOut("retry")
	page.at(w.Service + "/l/")
	page.toConfirm()
	page.press("Vahvista kirjautuminen")
	page.mustBeHome("Aino")
	if n := w.sessions("aino"); n != 1 {
		t.Errorf("%d sessions, want 1", n)
	}
}

// TestLinkRefused: whoever did not start it says so, on the link's page or where it is
// confirmed. Whoever changes their mind can do that at each step too.
func TestLinkRefused(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	app := somebody.newTab()
	const refuse = "Peruuta – en aloittanut tätä"
	for name, walk := range map[string]func(page *tab){
		"the link":    func(*tab) {},
		"the confirm": func(page *tab) { page.toConfirm() },
	} {
		page, code := app.startLink()
		link := page.address()
		walk(page)
		page.pressTwice(refuse)
		page.see("Kirjautuminen keskeytettiin", "Kukaan ei pääse tällä kirjautumisella sovellukseen.")
		if got := page.supportCode(); got != code {
			t.Errorf("%s: the page shows the support code %s, want %s", name, got, code)
		}
		page.complaints.expect("status of 410")
		page.reload() // of what a form has brought
		page.see("Kirjautuminen keskeytettiin")
		page.open(link)
		if got := page.mustEnd(login.ReasonCancelledByPerson); got != code {
			t.Errorf("%s: later the page shows the support code %s, want %s", name, got, code)
		}
		page.shut()
		app.front()
		if got := app.mustFail("cancelled"); got != code {
			t.Errorf("%s: the app shows the support code %s, want %s", name, got, code)
		}
		w.mustBe(code, login.StateDenied, login.ReasonCancelledByPerson, 0)
		timeline := w.attempt(code).Timeline
		if last := timeline[len(timeline)-1]; last.Detail != "not_started_by_me" {
			t.Errorf("%s: support does not see that it was refused: %+v", name, last)
		}
		app.pressID("start-over")
		app.seeID("start")
	}

	// At the bank, and then on the page of the means.
	page, code := app.startLink()
	page.press("Kirjaudu")
	page.press("Kuikka Pankki")
	page.press(aino)
	page.press("Keskeytä")
	page.mustTurnBack(login.ReasonCancelledAtBroker)
	page.press("Peruuta")
	page.mustFail("cancelled") // the app, which this browser returns to
	app.front()
	if got := app.mustFail("cancelled"); got != code {
		t.Errorf("the app shows the support code %s, want %s", got, code)
	}
	w.mustBe(code, login.StateDenied, login.ReasonCancelledByPerson, 0)
}
