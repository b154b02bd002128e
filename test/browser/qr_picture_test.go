package browser_test

import (
	"bytes"
	"image"
	"image/png"
	"testing"

	"avain/internal/domain/login"

	control "github.com/chromedp/cdproto/browser"
	"rsc.io/qr"
)

// picture is the QR code of a text that is not ours.
func (b *tab) picture(text string) image.Image {
	b.Helper()
	code, err := qr.Encode(text, qr.M)
	b.must(err)
	drawn, err := png.Decode(bytes.NewReader(code.PNG()))
	b.must(err)
	return drawn
}

// mustSayScanned waits until the scanner says what it has seen; it has opened nothing.
func (b *tab) mustSayScanned(kind, words string) {
	b.Helper()
	b.seeElement(`[data-testid=scanned]:has([data-kind=` + kind + `])`)
	b.see(words)
	b.at(b.world.App + "/#scan")
}

// TestQRPicture: who has no camera takes a picture of the code, or of the whole screen.
// Whatever else is in a picture, or before the camera, the app says what it is.
func TestQRPicture(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowserWithoutCamera()
	page, app := b.stranger(computer()).newTab(), b.owner(phone()).newTab()
	app.allowCamera(control.PermissionSettingGranted)
	page.signInOnPage(aino)
	app.openScanner()
	app.pressID("scan-allow")
	app.seeID("camera-none", "cannot-scan")
	app.see("Kameraa ei löytynyt", "Valitse kuva")

	for _, c := range []struct{ text, kind, words string }{
		{"https://login.smartum.fi.example/AVAIN1:abcdefgh", "web", "(login.smartum.fi.example)"},
		{"https://smаrtum.fi/", "web", "(xn--"}, // the second letter is Cyrillic
		{"WIFI:S:Koti;T:WPA;P:salasana;;", "other", "jonkin toisen palvelun koodi"},
		{"AVAIN2:0123456789abcdef", "newer", "Päivitä sovellus"},
	} {
		app.upload(app.asPNG(app.picture(c.text)))
		app.mustSayScanned(c.kind, c.words)
	}
	app.upload(app.asPNG(image.NewGray(image.Rect(0, 0, 800, 600))))
	app.mustSayScanned("empty", "Kuvasta ei löytynyt koodia.")
	app.upload([]byte("AVAIN1:this is no picture"))
	app.mustSayScanned("noPicture", "Kuvaa ei voitu avata.")
	app.upload(app.asPNG(app.picture("AVAIN1:" + "0123456789abcdefABCDEF.2.abcdefghijklmnop")))
	app.mustFailToScan("qrUnknown", login.ReasonQRUnknown)

	page.front()
	page.press("Näytä QR-koodi")
	page.seeElement(".qr svg")
	screenshot := page.snap("body")
	app.front()
	app.pressID("retry")
	app.upload(screenshot)
	match, code := app.mustMatch("Aino V.")
	page.typeNumber(match)
	page.see("Puhelin on kirjautunut")
	app.front()
	app.mustBeHome("Aino")
	w.mustStand(code, login.StateRedeemed, "", 2)

	other := b.stranger(phone()).newTab()
	other.openScanner()
	other.upload(screenshot)
	other.mustFailToScan("qrUsed", login.ReasonQRUsed)
	w.mustStand(code, login.StateRedeemed, "", 2)
}

func (b *tab) asPNG(picture image.Image) []byte {
	b.Helper()
	var file bytes.Buffer
	b.must(png.Encode(&file, picture))
	return file.Bytes()
}

// TestQRBeforeTheCamera: the camera of a slow phone sees other codes first. The app says
// what they are, goes on looking, finds ours, and claims it once, although the camera
// still sees it.
func TestQRBeforeTheCamera(t *testing.T) {
	t.Parallel()
	w, page, app := qrWorld(t)
	page.press("Näytä QR-koodi")
	code := page.film(".qr svg")
	app.point(app.picture("https://example.com/menu"))
	app.openScanner()
	app.pressID("scan-allow")
	app.mustSayScanned("web", "(example.com)")
	app.seeElement("[data-testid=scan][data-stage=looking] video")
	app.point(app.picture("00020101021229300012"))
	app.mustSayScanned("other", "jonkin toisen palvelun koodi")
	// On a slow phone the scanner is still there when the answer has come.
	app.must(second(evaluate[bool](app, "(history.go = (n) => setTimeout(() => History.prototype.go.call(history, n), 2000)) !== undefined")))
	app.point(code)
	match, supportCode := app.mustMatch("Aino V.")
	w.mustStand(supportCode, login.StateClaimed, "", 1)
	app.reload()
	if again, _ := app.mustMatch("Aino V."); again != match {
		t.Errorf("after a reload the number is %s, before %s", again, match)
	}
	app.pressID("start-over")
	app.seeID("start")
}
