package browser_test

import (
	"strings"
	"testing"
	"time"

	"avain/internal/domain/login"

	control "github.com/chromedp/cdproto/browser"
)

// TestEveryQRScreen looks at every screen of the app in a login by QR code, and at the
// pages as a person meets them. (The pages alone are among those of TestEveryPage.)
func TestEveryQRScreen(t *testing.T) {
	t.Parallel()
	for _, language := range lookLanguages() {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			b := w.newBrowserWithCamera()
			b.wire.hurryUp(2 * time.Second)
			page, app := b.stranger(computer()).newTab(), b.owner(phone()).newTab()
			page.signInOnPage(aino)
			page.open(w.Service + "/me?lang=" + language)
			app.front()
			app.open(w.App)
			app.choose(language)
			lookScanning(page, app, language)
			lookAfterScan(page, app, language)
			lookOffered(w, page, app, language)
		})
	}
}

// lookScanning looks at the scanner, and at what it says of things that are not ours.
func lookScanning(page, app *tab, language string) {
	app.Helper()
	at := func(name string) { app.look(language + "/app/" + name) }
	app.pressID("alternative")
	app.pressID("method-qr")
	app.seeElement("[data-stage=explaining]")
	at("scan")
	app.allowCamera(control.PermissionSettingDenied)
	app.pressID("scan-allow")
	app.seeID("camera-denied")
	at("scan-denied")
	app.allowCamera(control.PermissionSettingGranted)
	app.point(app.picture("https://example.com/menu"))
	app.pressID("scan-allow")
	app.seeElement("[data-stage=looking] video")
	app.seeElement("[data-testid=scanned]:has([data-kind=web])")
	at("scan-web")
	app.reload()
	app.lookAtDesk()
	app.pressID("scan-allow")
	app.seeElement("[data-stage=looking] video")
	app.until(`document.querySelector("video").readyState > 1 ? "" : "there is no picture"`)
	at("scan-looking")
	app.pressID("cannot-scan")
	app.seeID("typed-screen")
	at("typed")
	app.pressID("typed-code")
	app.key("7k3mq0z")
	app.pressID("typed-send")
	app.until(`document.querySelector(".field-error").innerText === "" ? "no word of the missing characters" : ""`)
	at("typed-short")
	app.until(`document.activeElement === byID("typed-code")[0] ? "" : "the field has no focus"`)
	app.key("00000000000")
	app.pressID("typed-send")
	app.seeElement("[data-failure=qrUnknown]")
	at("failed-" + string(login.ReasonQRUnknown))
	page.front()
}

// lookAfterScan looks at both sides of a code that was scanned.
func lookAfterScan(page, app *tab, language string) {
	app.Helper()
	say := whileScanning[language]
	page.press(say.show)
	code := page.film(".qr svg")
	page.photograph(language + "/service/qr-live-code")
	app.point(code)
	app.front()
	app.pressID("retry")
	app.pressID("scan-allow")
	match, _ := app.mustMatch("Aino V.")
	app.look(language + "/app/match")
	page.front()
	page.see(say.ask)
	page.photograph(language + "/service/qr-live-number")
	page.keyNumber(otherNumber(match))
	app.front()
	app.seeElement("[data-failure=qrNumber]")
	app.look(language + "/app/failed-" + string(login.ReasonQRWrongNumber))
	app.pressID("start-over")
	app.seeID("start")
}

// lookOffered looks at the question that comes before a code from this very phone.
func lookOffered(w *world, page, app *tab, language string) {
	app.Helper()
	link := w.App + "/open#AVAIN1:0123456789abcdefABCDEF.2.abcdefghijklmnop"
	app.open(link)
	app.seeID("offered")
	app.look(language + "/app/offered")
	app.pressID("offer-no")
	app.seeID("start")
	page.front()
	page.leaveFor(w.Service + "/me")
	page.press(whileScanning[language].show)
	page.leaveFor(strings.Split(page.address(), "?")[0] + "?view=app")
	link = page.openLink()
	app.front()
	app.open(link)
	app.pressID("offer-yes")
	match, _ := app.mustMatch("Aino V.")
	app.look(language + "/app/match-here")
	page.front()
	page.see(whileScanning[language].ask)
	page.keyNumber(match)
	page.see(whileScanning[language].done)
	page.photograph(language + "/service/qr-live-done")
	app.front()
	app.mustBeHome("Aino")
	app.open(link)
	app.seeID("offered", "logged-in-as")
	app.look(language + "/app/offered-logged-in")
}
