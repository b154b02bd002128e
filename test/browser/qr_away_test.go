package browser_test

import (
	"context"
	"net"
	"testing"
	"time"

	"avain/internal/domain/login"

	control "github.com/chromedp/cdproto/browser"
)

// TestQRPhoneElsewhere: the phone is in another network than the computer, the service
// is restarted and the phone loses its network while it waits. The page tells of the
// other network, and the phone goes on by itself.
func TestQRPhoneElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := w.newBrowser().owner(computer()).newTab()
	page.signInOnPage(aino)
	mobile := w.newBrowserWithCamera()
	mobile.wire.dialFrom(net.IPv4(127, 0, 0, 2))
	app := mobile.owner(phone()).newTab()
	app.complaints.expect(failedRequests...)
	app.allowCamera(control.PermissionSettingGranted)
	page.press("Näytä QR-koodi")
	app.point(page.film(".qr svg"))
	address := page.address()
	match, code := app.scan()
	page.see("Eri kuin tällä laitteella", "Jos joku muu pyysi sinulta koodia tai numeroa, peruuta.")

	w.restart()
	app.seeElement("[data-testid=match-state][data-trouble=false]")
	app.offline(true)
	app.seeElement("[data-testid=match-state][data-trouble=true]")
	app.see("Yhteys katkesi. Yritetään uudelleen…", match)
	page.leaveFor(address) // what reload does
	page.typeNumber(match)
	page.see("Viimeistellään puhelimessa")
	w.mustStand(code, login.StateApproved, "", 1)
	app.offline(false)
	app.mustBeHome("Aino")
	page.see("Puhelin on kirjautunut")
	w.mustStand(code, login.StateRedeemed, "", 2)
}

// TestQROldApp: an app that is too old is led to the update instead of the scanner; and
// where it comes there all the same, the service says so.
func TestQROldApp(t *testing.T) {
	t.Parallel()
	w, page, app := qrWorld(t)
	page.filmCode("Näytä QR-koodi")
	app.complaints.expect("status of 403")
	app.front()
	app.open(w.App + "/?version=1.15.0")
	app.pressID("alternative")
	app.seeElement("[data-testid=update] [data-store=google_play]")
	if app.hasID("method-qr") {
		t.Error("an old app offers the QR code")
	}
	app.open(w.App + "/#scan")
	app.pressID("scan-allow")
	app.seeElement("[data-testid=error][data-failure=update][data-reason=version_too_old]")
	app.seeElement("[data-store=google_play]")
	app.open(w.App + "/?version=1.16.0")
	app.seeID("start")
	match, _ := app.scan() // it has not spent the code
	page.typeNumber(match)
	page.see("Puhelin on kirjautunut")
}

// TestQRLockedPerson: whoever is locked out gets no phone in, however far the login is,
// and is told so where they prove who they are.
func TestQRLockedPerson(t *testing.T) {
	t.Parallel()
	w, page, app := qrWorld(t)
	page.complaints.expect("status of 403")
	person := w.person("aino")
	locked := func(lock func(context.Context, string, time.Time) error) {
		t.Helper()
		if err := lock(t.Context(), person, w.clock.now()); err != nil {
			t.Fatal(err)
		}
	}
	page.filmCode("Näytä QR-koodi")
	match, code := app.scan()
	page.front()
	page.see("Kirjoita puhelimen numero")
	locked(w.Inside.Store.People.LockPerson)
	page.keyNumber(match)
	page.see("Kirjaudu omalle sivullesi")
	page.press("Kirjaudu")
	page.throughBank(aino)
	page.see(page.title(login.ReasonPersonLocked))
	w.clock.pass(61 * time.Second)
	app.mustFailToScan("qrLate", login.ReasonApprovalLate)
	if a := w.attempt(code); a.State != login.StateExpired {
		t.Errorf("the login is %s", a.State)
	}

	locked(w.Inside.Store.People.UnlockPerson)
	page.signInOnPage(aino) // the lock has ended the old session
	page.filmCode("Näytä QR-koodi")
	locked(w.Inside.Store.People.LockPerson)
	app.front()
	app.pressID("retry")
	app.pressID("scan-allow")
	app.mustFail("locked")
}
