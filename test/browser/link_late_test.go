package browser_test

import (
	"testing"
	"time"

	"avain/internal/domain/login"
)

// TestLinkTooLate: whatever takes too long, page and app say what it was and what to do,
// with the same code for support, and the next try works.
func TestLinkTooLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	app, page := b.owner(phone()).newTab(), b.stranger(computer()).newTab()
	app.withClock()
	app.complaints.expect("status of 403", "status of 410")
	page.complaints.expect("status of 410")
	for _, c := range []struct {
		name    string
		walk    func()
		pass    time.Duration
		then    func()
		reason  login.Reason
		failure string
		state   login.State
	}{
		{"opened", func() {}, 121 * time.Second, func() { page.press("Kirjaudu") }, login.ReasonLinkExpired, "linkExpired", login.StateFailed},
		{"confirmed", page.toConfirm, 121 * time.Second, func() { page.press("Vahvista kirjautuminen") }, login.ReasonConfirmLate, "confirmLate", login.StateFailed},
		{"typed", func() { page.toDigits() }, 181 * time.Second, func() {
			app.front()
			app.typeDigits("123456")
			page.front()
		}, login.ReasonDigitsExpired, "digitsExpired", login.StateFailed},
		{"finished", func() { page.press("Kirjaudu"); page.see("Kuikka Pankki") }, 601 * time.Second, func() { page.press("Kuikka Pankki") }, login.ReasonAttemptExpired, "expired", login.StateExpired},
	} {
		app.front()
		link, code := app.carryLink()
		page.front()
		page.open(link)
		c.walk()
		app.front()
		app.pass(c.pass)
		page.front()
		c.then()
		if got := page.mustEnd(c.reason); got != code {
			t.Errorf("%s too late: the page shows the support code %s, want %s", c.name, got, code)
		}
		app.front()
		if got := app.mustSayLate(c.failure); got != code {
			t.Errorf("%s too late: the app shows the support code %s, want %s", c.name, got, code)
		}
		w.mustBe(code, c.state, c.reason, 0)
		app.pressID("start-over")
		app.seeID("start")
	}

	// The app knows by itself when its link is too old, and makes a new one.
	link, code := app.carryLink()
	app.pass(116 * time.Second)
	app.mustFollow("stale")
	app.see("Linkki vanheni", "Mitään ei ole kadonnut.")
	app.look("fi/app/link-stale")
	app.pressID("link-renew")
	app.mustFollow("created")
	fresh := app.supportCode()
	if fresh == code {
		t.Error("the new link is the old one")
	}
	app.pressID("link-copy")
	app.see("Linkki on kopioitu")
	next := value[string](app, "navigator.clipboard.readText()")
	if next == link {
		t.Error("the clipboard still holds the old link")
	}
	page.front()
	page.open(next)
	digits := page.toDigits()
	app.front()
	app.typeDigits(digits)
	app.mustBeHome("Aino")
	w.mustBe(fresh, login.StateRedeemed, "", 1)
}

// mustSayLate waits for the app's word on a login that took too long, and returns the
// support code that it shows. Of a link that nobody went on with, whichever is sooner
// decides what the app hears: its own question after the end ("make a new link"), or the
// press in the browser ("the link was too old"). Both are true, and both offer a new link.
func (b *tab) mustSayLate(failure string) string {
	b.Helper()
	if failure != "linkExpired" {
		return b.mustFail(failure)
	}
	b.seeElement(`[data-testid=error][data-failure=linkExpired], [data-testid=link-state][data-state=stale]`)
	if value[bool](b, `document.querySelector("[data-testid=error]") !== null`) {
		return b.mustFail(failure)
	}
	b.see("Linkki vanheni", "Tee uusi linkki")
	return b.supportCode()
}
