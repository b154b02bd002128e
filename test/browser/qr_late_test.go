package browser_test

import (
	"strings"
	"testing"
	"time"

	"avain/internal/domain/login"

	control "github.com/chromedp/cdproto/browser"
)

// TestQRTooLate: everything that runs out, one after another: the code that was filmed,
// the page that shows codes, the number, and the sign-in. Each says so by itself, and
// leads on.
func TestQRTooLate(t *testing.T) {
	t.Parallel()
	w, page, app := qrWorld(t)
	page.complaints.expect("status of 403") // the page that asks for a new sign-in
	page.filmCode("Näytä QR-koodi")
	w.clock.pass(61 * time.Second)
	app.openScanner()
	app.pressID("scan-allow")
	app.mustFailToScan("qrExpired", login.ReasonQRExpired) // the picture is a minute old

	w.clock.pass(time.Minute)
	page.front()
	page.see(page.title(login.ReasonQRExpired)) // the page has shown codes for two

	page.filmCode("Hae uusi koodi")
	_, code := app.scanAgain()
	w.clock.pass(61 * time.Second)
	app.mustFailToScan("qrLate", login.ReasonApprovalLate)
	page.front()
	page.see(page.title(login.ReasonApprovalLate))
	w.mustStand(code, login.StateExpired, login.ReasonApprovalLate, 1)

	w.clock.pass(7 * time.Minute)
	page.press("Hae uusi koodi")
	page.see(page.title(login.ReasonSignInAgain))
	page.press("Tunnistaudu uudelleen")
	page.throughBank(aino)
	page.filmCode("Näytä QR-koodi")
	match, code := app.scanAgain()
	page.typeNumber(match)
	page.see("Puhelin on kirjautunut")
	app.front()
	app.mustBeHome("Aino")
	w.mustStand(code, login.StateRedeemed, "", 2)
}

// typedCode shows a new code to type and answers it as it stands on the page.
func (b *tab) typedCode() string {
	b.Helper()
	b.front()
	b.leaveFor(b.world.Service + "/me")
	b.press("Näytä QR-koodi")
	b.press("En voi skannata")
	code := b.text(".digits.typed")
	if len(code) != 11 || code[5] != ' ' {
		b.Fatalf("%q is no code to type", code)
	}
	return code
}

// typeCode types a code into the app, which shows the scanner.
func (b *tab) typeCode(code string) {
	b.Helper()
	b.front()
	b.pressID("cannot-scan")
	b.seeID("typed-screen")
	b.pressID("typed-code")
	b.key(code)
	b.pressID("typed-send")
}

// TestQRTypedCode: who cannot scan types ten characters, in whatever case, with spaces,
// and with letters that look like digits.
func TestQRTypedCode(t *testing.T) {
	t.Parallel()
	w, page, app := qrWorld(t)
	app.openScanner()
	app.typeCode("7k3")
	app.see("Koodissa on kymmenen merkkiä.")
	app.until(`document.activeElement === byID("typed-code")[0] ? "" : "the field has no focus"`)
	app.key("00000000000")
	app.pressID("typed-send")
	app.mustFailToScan("qrUnknown", login.ReasonQRUnknown)

	old := page.typedCode()
	w.clock.pass(61 * time.Second)
	app.front()
	app.pressID("retry")
	app.typeCode(old)
	app.mustFailToScan("qrExpired", login.ReasonQRExpired)

	shown := page.typedCode()
	app.front()
	app.pressID("retry")
	app.typeCode(strings.ToLower(strings.NewReplacer("0", "o", "1", "l", " ", " - ").Replace(shown)))
	match, code := app.mustMatch("Aino V.")
	page.typeNumber(match)
	page.see("Puhelin on kirjautunut")
	app.front()
	app.mustBeHome("Aino")
	w.mustStand(code, login.StateRedeemed, "", 2)

	other := page.stranger(phone()).newTab()
	other.openScanner()
	other.typeCode(shown)
	other.mustFailToScan("qrUsed", login.ReasonQRUsed)
	w.mustStand(code, login.StateRedeemed, "", 2)
}

// TestQRCameraDenied: without the camera there are other ways, and the camera is off
// whenever nobody looks through it.
func TestQRCameraDenied(t *testing.T) {
	t.Parallel()
	w, page, app := qrWorld(t)
	app.allowCamera(control.PermissionSettingDenied)
	app.openScanner()
	app.see("Puhelin kysyy seuraavaksi lupaa kameraan.")
	app.pressID("scan-allow")
	app.seeID("camera-denied", "scan-allow", "cannot-scan")
	app.see("Kamera ei ole sallittu", "Valitse kuva", "En voi skannata")
	app.allowCamera(control.PermissionSettingGranted)
	app.lookAtDesk()
	app.pressID("scan-allow")

	const isOff = `window.filmed?.getTracks().every((track) => track.readyState === "ended") ? "" : "the camera is on"`
	on := func() {
		app.seeElement("[data-testid=scan][data-stage=looking] video")
		app.until(`(window.filmed = document.querySelector("video").srcObject) !== null && document.querySelector("video").readyState > 1 ? "" : "there is no picture"`)
	}
	on()
	app.minimize(true)
	app.until(isOff)
	app.minimize(false)
	app.seeElement("[data-testid=scan][data-stage=explaining]")
	app.pressID("scan-allow")
	on()
	app.back()
	app.seeID("alternative-methods")
	app.until(isOff)
	app.pressID("method-qr")

	app.pressID("scan-allow")
	page.filmCode("Näytä QR-koodi")
	_, code := app.mustMatch("Aino V.")
	w.mustStand(code, login.StateClaimed, "", 1)
}
