package browser_test

import (
	"testing"
	"time"

	"avain/internal/testkit/loopback"
	"avain/internal/testkit/robot"

	"github.com/chromedp/cdproto/emulation"
)

// onPage signs in on the web and shows the QR code, with or without scripts.
func onPage(t *testing.T) (*world, *tab) {
	t.Helper()
	w := newWorld(t)
	page := w.newBrowser().owner(computer()).newTab()
	page.open(w.Service + "/me")
	page.press("Kirjaudu")
	page.throughBank(aino)
	page.see("SmartumPlus työsuhde-edut ovat aktivoituneet ja käytössäsi!", "Aino")
	page.press("Näytä QR-koodi")
	page.seeElement(".qr svg")
	return w, page
}

// phoneApp is an app without a screen.
func (w *world) phoneApp() *robot.App {
	w.Helper()
	app, err := robot.NewApp(w.Service, "smartumpay", w.App+"/return", loopback.Client(w))
	if err != nil {
		w.Fatal(err)
	}
	return app
}

// frame is what the code on the page says, by way of the link for this very device.
func (b *tab) frame() string {
	b.Helper()
	b.press("Sovellus on tässä laitteessa")
	b.seeElement(`a[href*="/open#"]`)
	frame := value[string](b, `decodeURIComponent(new URL(document.querySelector('a[href*="/open#"]').href).hash.slice(1))`)
	b.press("Käytä toista puhelinta")
	b.seeElement(".qr svg")
	return frame
}

// TestQRPageByItself: nobody touches the page but to type the number, and it tells
// everything that happens, with and without scripts in the browser.
func TestQRPageByItself(t *testing.T) {
	t.Parallel()
	for name, scriptless := range map[string]bool{"with scripts": false, "without scripts": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, page := onPage(t)
			app, frame := w.phoneApp(), page.frame()
			if scriptless {
				page.scriptless = true
				page.must(call(page, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
				page.reload()
			}
			s, err := app.Scan(t.Context(), frame)
			if err != nil {
				t.Fatal(err)
			}
			page.see("Kirjoita puhelimen numero", "Robot (Pixel 9)")
			page.fill("Puhelimessa näkyvä numero", s.Match)
			page.press("Kirjaudu puhelimella")
			page.see("Viimeistellään puhelimessa")
			began := time.Now()
			if _, err := app.CollectAndRedeem(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			page.see("Puhelin on kirjautunut")
			t.Logf("the page said so after %s", time.Since(began).Round(time.Millisecond))
			page.back()
			page.reload()
		})
	}
}

// TestQRPageWhileTyping: what a person has typed so far stays, although the page asks
// for news meanwhile. The field has the focus from the start, which browsers give it when
// they first draw the page: a moment after its words are there. (Nothing is asked of the
// page between the keys: while another is on its way, browsers answer no questions.)
func TestQRPageWhileTyping(t *testing.T) {
	t.Parallel()
	w, page := onPage(t)
	app := w.phoneApp()
	s, err := app.Scan(t.Context(), page.frame())
	if err != nil {
		t.Fatal(err)
	}
	page.see("Kirjoita puhelimen numero")
	page.until(`document.activeElement?.id === "number" ? "" : "the field has no focus"`)
	page.key(s.Match[:1])
	pause := time.NewTimer(4 * time.Second) // several times as long as the page waits before it asks
	defer pause.Stop()
	<-pause.C
	page.key(s.Match[1:] + "\r")
	page.see("Viimeistellään puhelimessa")
}
