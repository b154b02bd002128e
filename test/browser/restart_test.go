package browser_test

import (
	"path/filepath"
	"testing"

	"avain/internal/domain/login"
)

// TestAppRestartedInTheMiddle: a tab that is closed, or a browser that is, loses no
// login for ten minutes; and who is in stays in.
func TestAppRestartedInTheMiddle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	folder := filepath.Join(t.TempDir(), "chromium")
	somebody := w.newBrowserIn(folder).owner(phone())
	app := somebody.newTab()
	app.start()
	code := app.supportCode()
	app.shut()

	app = somebody.newTab()
	app.open(w.App)
	app.seeID("pending")
	if got := app.supportCode(); got != code {
		t.Errorf("the app shows the support code %s, the page %s", got, code)
	}
	app.pressID("continue")
	app.at(w.Service + "/login/")
	app.press("Kuikka Pankki")
	app.press(aino)
	app.see("Vahvista pankin sovelluksessa")
	app.shut() // at the bank

	app = somebody.newTab()
	app.open(w.App)
	app.pressID("continue")
	app.at(w.Service + "/login/")
	app.throughBank(aino)
	app.mustBeHome("Aino")
	if got := w.attempt(code).State; got != login.StateRedeemed {
		t.Errorf("the attempt is %s", got)
	}
	app.shut()

	app = somebody.newTab()
	app.open(w.App)
	app.mustBeHome("Aino")
	somebody.quit() // the whole browser

	app = w.newBrowserIn(folder).owner(phone()).newTab()
	app.open(w.App)
	app.mustBeHome("Aino")
	if n := w.sessions("aino"); n != 1 {
		t.Errorf("%d sessions, want 1", n)
	}
}

// TestServerRestartedInTheMiddle: a deployment in the middle of a login is not
// noticed: not on the page of the means, not while the code is being redeemed, not
// afterwards.
func TestServerRestartedInTheMiddle(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	app := somebody.newTab()
	// The home screen asks for the devices, and the last restart may cut that short.
	app.complaints.expect("net::ERR_EMPTY_RESPONSE", "net::ERR_CONNECTION")
	app.start()
	app.until(`document.readyState === "complete" ? "" : "pictures are on their way"`)
	w.restart()
	app.wire.lose("/token", 1000)
	app.complaints.expect("/token") // its answers are cut off
	app.throughBank(aino)
	app.seeElement("[data-testid=finishing] [data-testid=offline]")
	w.restart()
	app.wire.lose("/token", 0)
	app.mustBeHome("Aino")
	w.restart()
	app.reload()
	app.mustBeHome("Aino")
	if n := w.sessions("aino"); n != 1 {
		t.Errorf("%d sessions, want 1", n)
	}
	app.logOut()
	if n := w.sessions("aino"); n != 0 {
		t.Errorf("%d sessions after logging out", n)
	}
}
