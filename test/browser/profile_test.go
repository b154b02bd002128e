package browser_test

import (
	"net/http"
	"strings"
	"testing"

	"avain/internal/domain/login"
)

// TestSecondBrowser: a login belongs to the browser that began it. Others are told
// so, learn nothing, and change nothing.
func TestSecondBrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	app, other := b.owner(phone()).newTab(), b.stranger(computer()).newTab()
	other.complaints.expect("status of 409")

	app.front()
	app.start()
	page := app.address()
	app.press("Kuikka Pankki")
	app.press(aino)
	other.front()
	other.open(page)
	other.mustEnd(login.ReasonOtherBrowser)

	// The bank's answer, in another browser: it is caught on its way to the right one.
	var callback string
	app.front()
	app.wire.change(func(answer *http.Response) {
		location, err := answer.Location()
		if err == nil && strings.HasPrefix(location.Path, "/callback/") && callback == "" {
			callback = location.String()
			answer.Header.Set("Location", w.App+"/")
		}
	})
	app.press("Vahvista")
	app.seeID("pending")
	app.wire.change(nil)
	other.front()
	other.open(callback)
	other.mustEnd(login.ReasonOtherBrowser)
	if n := w.sessions("aino"); n != 0 {
		t.Fatal("the other browser is logged in")
	}
	app.front()
	app.open(callback)
	app.mustBeHome("Aino")
}

// TestForeignLogin: somebody lures a person into finishing a login that was begun in
// another app. The app takes nothing from it (threats 15, 16).
func TestForeignLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	lurer, victim := b.owner(phone()).newTab(), b.stranger(phone()).newTab()
	lurer.front()
	lurer.start()
	link := lurer.address()
	victim.front()
	victim.open(link)
	victim.throughBank(aino)
	victim.seeElement("[data-testid=error][data-failure=foreign]")
	victim.seeID("retry", "start-over")
	victim.pressID("start-over")
	victim.seeID("start")
	lurer.front()
	lurer.complaints.expect("status of 409")
	lurer.reload()
	lurer.mustEnd(login.ReasonOtherBrowser)
	if n := w.sessions("aino"); n != 0 {
		t.Errorf("%d sessions, want none", n)
	}
}

// TestCookiesBlocked: a browser that keeps no cookies of the service, and one that
// keeps nothing at all.
func TestCookiesBlocked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	folder := t.TempDir()
	blockCookies(t, folder, w.Service)
	b := w.newBrowserIn(folder)
	app := b.owner(phone()).newTab()
	app.complaints.expect("status of 400")
	app.start()
	app.press("Kuikka Pankki")
	app.see(app.title(login.ReasonCookiesBlocked))
	app.supportCode()
	app.press("Yritä uudelleen")
	app.at(w.Service + "/login/")
	app.see("Kuikka Pankki")
	b.quit()

	folder = t.TempDir()
	blockCookies(t, folder, "")
	app = w.newBrowserIn(folder).owner(phone()).newTab()
	app.open(w.App)
	app.seeID("error", "retry")
	app.see("Selain ei tallenna tietoja")
}
