package browser_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/login"

	control "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
)

// setScripts turns JavaScript on or off in the tab.
func (b *tab) setScripts(on bool) {
	b.Helper()
	b.scriptless = !on
	b.must(call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on}))
}

// TestQRWithoutJavaScript: the computer's browser has scripts off. The person signs in,
// reloads every page, goes back and forth, and the page tells the news all the same.
func TestQRWithoutJavaScript(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowserWithCamera()
	page, app := b.stranger(computer()).newTab(), b.owner(phone()).newTab()
	app.allowCamera(control.PermissionSettingGranted)
	app.openScanner()
	page.setScripts(false)
	page.signInOnPage(aino)
	page.reload()
	page.see("Näytä QR-koodi")
	page.press("Näytä QR-koodi")
	first := page.address()
	page.press("Takaisin")
	page.see(whileScanning["fi"].active)
	page.filmCode("Näytä QR-koodi")
	if page.address() == first {
		t.Error("the second code is on the page of the first")
	}
	app.front()
	app.pressID("scan-allow")
	match, code := app.mustMatch("Aino V.")
	page.front()
	page.see("Kirjoita puhelimen numero", "Chrome, Pixel 9")
	page.open(first) // an old tab, or the history: another code has replaced that one
	page.see(page.title(login.ReasonQRExpired))
	page.back()
	page.typeNumber(match)
	page.see("Puhelin on kirjautunut")
	app.front()
	app.mustBeHome("Aino")
	w.mustStand(code, login.StateRedeemed, "", 2)
	page.front()
	page.reload()
	page.see("Puhelin on kirjautunut")
	page.press("Kirjaudu ulos")
	page.see("Kirjaudu omalle sivullesi")
	page.back()
	page.reload()
	page.see("Kirjaudu omalle sivullesi")
	w.mustStand(code, login.StateRedeemed, "", 1)
}

// mustCoverCode lets the animations of the page run on for a minute, and looks whether
// its code can still be scanned.
func (b *tab) mustCoverCode() {
	b.Helper()
	covered := func(after time.Duration) string {
		return value[string](b, fmt.Sprintf("document.getAnimations().forEach((each) => { each.currentTime = %d }), getComputedStyle(document.querySelector('.stale')).visibility", after.Milliseconds()))
	}
	// A page that is alive gets there in 27 s, and its successor begins anew.
	if early, late := covered(34*time.Second), covered(time.Minute); early != "hidden" || late != "visible" {
		b.Errorf("what covers an old code is %s after 34 s and %s after a minute", early, late)
	}
	b.see("Sivu ei ole enää ajan tasalla.")
	b.photograph("fi/service/qr-live-covered")
}

// TestQRReloadAndBack: reload and back on each screen of the app and each page, and a
// second tab with the same page. Nothing is lost, nothing happens twice.
func TestQRReloadAndBack(t *testing.T) {
	t.Parallel()
	w, page, app := qrWorld(t)
	app.lookAtDesk()
	app.openScanner()
	app.pressID("cannot-scan")
	app.seeID("typed-screen")
	app.reload()
	app.seeID("typed-screen")
	app.back()
	app.seeElement("[data-testid=scan][data-stage=explaining]")
	app.pressID("scan-allow")
	app.seeElement("[data-testid=scan][data-stage=looking] video")
	app.reload()
	app.seeElement("[data-testid=scan][data-stage=explaining]") // nothing opens the camera but a press
	app.back()
	app.seeID("alternative-methods")
	app.back()
	app.seeID("start")

	page.wire.change(func(answer *http.Response) { answer.Header.Del("Refresh") })
	page.press("Näytä QR-koodi") // on a page that asks for no news, as one out of the history
	page.seeElement(".qr svg")
	page.mustCoverCode()
	page.wire.change(nil)
	page.filmCode("Päivitä koodi")
	second := page.newTab()
	address, _, _ := strings.Cut(page.address(), "?") // with the query, the page waits for news
	second.open(address)
	second.seeElement(".qr svg")
	page.front()
	page.reload()
	page.seeElement(".qr svg")
	match, code := app.scan()
	app.reload()
	if again, _ := app.mustMatch("Aino V."); again != match {
		t.Errorf("after a reload the phone shows %s, before %s", again, match)
	}
	app.back()
	app.open(w.App) // wherever that has led
	if again, _ := app.mustMatch("Aino V."); again != match {
		t.Errorf("after going back the phone shows %s, before %s", again, match)
	}
	for _, tab := range []*tab{page, second} {
		tab.front()
		tab.see("Kirjoita puhelimen numero", "Chrome, Pixel 9")
	}
	second.keyNumber(match)
	second.see("Puhelin on kirjautunut")
	page.front()
	page.see("Puhelin on kirjautunut")
	app.front()
	app.mustBeHome("Aino")
	w.mustStand(code, login.StateRedeemed, "", 2)

	page.back() // to where the same page showed its code
	page.reload()
	page.see("Puhelin on kirjautunut")
	page.press("Takaisin")
	page.see(whileScanning["fi"].active)
	app.open(w.App + "/#scan") // no way of logging in lies over somebody who is in
	app.mustBeHome("Aino")
	w.mustStand(code, login.StateRedeemed, "", 2)
}
