package browser_test

import (
	"testing"
	"time"

	"avain/internal/domain/login"

	control "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp/kb"
)

// scanWords are what a person goes by in a login by QR code.
type scanWords struct {
	active, show       string // the activation page
	ask, network, done string // the page of the code
	scan, aim          string // the scanner
	match, waiting     string // the number
}

var whileScanning = map[string]scanWords{
	"fi": {
		"SmartumPlus työsuhde-edut ovat aktivoituneet ja käytössäsi!", "Näytä QR-koodi",
		"Kirjoita puhelimen numero", "Sama kuin tällä laitteella", "Puhelin on kirjautunut",
		"Skannaa QR-koodi", "Kohdista kamera tietokoneen koodiin.",
		"Kirjoita tämä numero tietokoneelle", "Odotetaan vahvistusta tietokoneelta…",
	},
	"sv": {
		"SmartumPlus-personalförmånerna är aktiverade och redo att användas!", "Visa QR-koden",
		"Skriv telefonens nummer", "Samma som den här enhetens", "Telefonen är inloggad",
		"Skanna QR-koden", "Rikta kameran mot koden på datorn.",
		"Skriv det här talet på datorn", "Väntar på bekräftelse från datorn…",
	},
	"en": {
		"SmartumPlus benefits are now activated and ready for use!", "Show the QR code",
		"Type the phone's number", "The same as this device's", "The phone is logged in",
		"Scan the QR code", "Point the camera at the code on the computer.",
		"Type this number on the computer", "Waiting for the computer's approval…",
	},
}

// qrWorld is somebody with a computer, signed in to the activation page, and a phone
// with a camera that the app may use.
func qrWorld(t *testing.T) (w *world, page, app *tab) {
	t.Helper()
	w = newWorld(t)
	b := w.newBrowserWithCamera()
	b.wire.hurryUp(2 * time.Second)
	page, app = b.stranger(computer()).newTab(), b.owner(phone()).newTab()
	app.allowCamera(control.PermissionSettingGranted)
	page.signInOnPage(aino)
	return w, page, app
}

// signInOnPage signs in on the web, as far as the page that can show a QR code.
func (b *tab) signInOnPage(name string) {
	b.Helper()
	b.front()
	b.open(b.world.Service + "/me")
	b.press("Kirjaudu")
	b.throughBank(name)
	b.see(whileScanning["fi"].active)
}

// filmCode presses what brings a new code to the page, and holds the phones before it.
func (b *tab) filmCode(button string) {
	b.Helper()
	b.front()
	b.press(button)
	b.point(b.film(".qr svg"))
}

// leaveFor types an address while a page may be about to load itself again, which would
// win against a single one.
func (b *tab) leaveFor(address string) {
	b.Helper()
	b.open("about:blank")
	b.open(address)
}

// openScanner walks to the scanner, which has not asked for the camera yet.
func (b *tab) openScanner() {
	b.Helper()
	b.front()
	b.open(b.world.App)
	b.pressID("alternative")
	b.pressID("method-qr")
	b.seeElement("[data-testid=scan][data-stage=explaining]")
}

// scan walks to the scanner and scans what is before the phone. It answers the number
// that the app shows, and the support code.
func (b *tab) scan() (match, supportCode string) {
	b.Helper()
	b.openScanner()
	b.pressID("scan-allow")
	return b.mustMatch("Aino V.")
}

// scanAgain scans a new code after a login that has failed.
func (b *tab) scanAgain() (match, supportCode string) {
	b.Helper()
	b.front()
	b.pressID("retry")
	b.pressID("scan-allow")
	return b.mustMatch("Aino V.")
}

// mustMatch waits for the number that the phone shows, and for whose account it is.
func (b *tab) mustMatch(name string) (match, supportCode string) {
	b.Helper()
	b.seeElement("[data-testid=match-screen][data-state=claimed]")
	if got := b.text("[data-testid=masked-name]"); got != name {
		b.Errorf("the phone shows the name %q", got)
	}
	match = b.text("[data-testid=match]")
	if len(match) != 2 {
		b.Errorf("the phone shows the number %q", match)
	}
	return match, b.supportCode()
}

// typeNumber types a number on the page.
func (b *tab) typeNumber(number string) {
	b.Helper()
	b.front()
	b.see("Kirjoita puhelimen numero")
	b.keyNumber(number)
}

// keyNumber types into the field of the page, which has the focus. A page that loads
// itself again at that moment may lose keys: half a number is not sent, and is typed
// once more.
func (b *tab) keyNumber(number string) {
	b.Helper()
	for range 5 {
		b.key(kb.Backspace + kb.Backspace + number + "\r")
		b.until(`document.readyState === "loading" ? "loading" : ""`)
		if !value[bool](b, `document.querySelector("#number") !== null`) {
			return
		}
	}
	b.fail("the number cannot be typed")
}

// otherNumber is two digits that are not the right ones.
func otherNumber(right string) string {
	if right == "07" {
		return "70"
	}
	return "07"
}

// mustStand holds a QR login in the database against what it should be, and counts the
// sessions, of which one is that of the page.
func (w *world) mustStand(supportCode string, state login.State, reason login.Reason, sessions int) {
	w.Helper()
	if a := w.attempt(supportCode); a.State != state || a.Reason != reason || a.Method != login.MethodQR {
		w.Errorf("the login by %s is %s (%s), want %s (%s)", a.Method, a.State, a.Reason, state, reason)
	}
	if n := w.sessions("aino"); n != sessions {
		w.Errorf("%d sessions, want %d", n, sessions)
	}
}

// mustFailToScan waits for the app's screen for a login by QR code that has failed: it
// leads back to the scanner.
func (b *tab) mustFailToScan(failure string, reason login.Reason) {
	b.Helper()
	b.front()
	b.seeElement(`[data-testid=error][data-failure=` + failure + `][data-reason=` + string(reason) + `]`)
	b.seeID("retry", "start-over", "alternative")
	b.see("Skannaa uusi koodi")
}

// TestQRLogin is the journey of the article, in each language: signed in on a computer,
// the phone scans the page and shows a number, that is typed on the page, and both tell
// the result.
func TestQRLogin(t *testing.T) {
	t.Parallel()
	w, page, _ := qrWorld(t)
	phones := 0
	for language, say := range whileScanning {
		device := phone()
		device.languages = language
		somebody := page.stranger(device)
		somebody.allowCamera(control.PermissionSettingGranted)
		app := somebody.newTab()
		page.front()
		page.leaveFor(w.Service + "/me?lang=" + language)
		page.see(say.active)
		page.press(say.show)
		code := page.film(".qr svg")

		app.lookAtDesk()
		app.front()
		app.open(w.App)
		app.press(inLanguage[language].alternative)
		app.see(inLanguage[language].qr)
		app.pressID("method-qr")
		app.see(say.scan)
		app.pressID("scan-allow")
		app.seeElement("[data-testid=scan][data-stage=looking] video")
		app.see(say.aim)
		if app.hasID("torch") {
			t.Error("there is a button for a lamp that this camera has not")
		}
		app.point(code)
		match, supportCode := app.mustMatch("Aino V.")
		app.see(say.match, say.waiting)
		w.mustStand(supportCode, login.StateClaimed, "", phones+1)

		page.front()
		page.see(say.ask, "Chrome, Pixel 9", say.network)
		page.keyNumber(match)
		page.see(say.done, "Pixel 9")
		app.front()
		app.mustBeHome("Aino")
		app.seeLanguage(language)
		phones++
		w.mustStand(supportCode, login.StateRedeemed, "", phones+1) // and that of the page
		app.shut()
	}
}

// TestQRTwoPhones: two phones scan one code. Nobody gets in, all three screens say why,
// and a new code works.
func TestQRTwoPhones(t *testing.T) {
	t.Parallel()
	w, page, app := qrWorld(t)
	somebody := page.stranger(phone())
	somebody.allowCamera(control.PermissionSettingGranted)
	other := somebody.newTab()
	page.filmCode("Näytä QR-koodi")
	_, code := app.scan()
	other.openScanner()
	other.pressID("scan-allow")
	other.mustFailToScan("qrUsed", login.ReasonQRReused)
	app.mustFailToScan("qrUsed", login.ReasonQRReused)
	if got := app.supportCode(); got != code {
		t.Errorf("the phone shows the support code %s, before %s", got, code)
	}
	page.front()
	page.see(page.title(login.ReasonQRReused))
	w.mustStand(code, login.StateBurned, login.ReasonQRReused, 1)

	page.filmCode("Hae uusi koodi")
	match, code := app.scanAgain()
	page.typeNumber(match)
	page.see("Puhelin on kirjautunut")
	app.front()
	app.mustBeHome("Aino")
	w.mustStand(code, login.StateRedeemed, "", 2)
}

// TestQRWrongNumber: the number is somebody else's, or typed wrongly. The login is
// over, both screens say why, and a new code works, with an impatient double click.
func TestQRWrongNumber(t *testing.T) {
	t.Parallel()
	w, page, app := qrWorld(t)
	page.filmCode("Näytä QR-koodi")
	match, code := app.scan()
	page.typeNumber(otherNumber(match))
	page.see(page.title(login.ReasonQRWrongNumber))
	app.mustFailToScan("qrNumber", login.ReasonQRWrongNumber)
	w.mustStand(code, login.StateBurned, login.ReasonQRWrongNumber, 1)

	// The person says on the page that this is not their phone.
	page.filmCode("Hae uusi koodi")
	_, code = app.scanAgain()
	page.front()
	page.press("Peruuta – en ole kirjautumassa")
	page.see(page.title(login.ReasonCancelledByPerson))
	app.mustFailToScan("cancelled", login.ReasonCancelledByPerson)
	w.mustStand(code, login.StateDenied, login.ReasonCancelledByPerson, 1)

	page.filmCode("Hae uusi koodi")
	match, code = app.scanAgain()
	page.front()
	page.fill("Puhelimessa näkyvä numero", match)
	page.pressTwice("Kirjaudu puhelimella")
	page.see("Puhelin on kirjautunut")
	app.front()
	app.mustBeHome("Aino")
	w.mustStand(code, login.StateRedeemed, "", 2)
}
