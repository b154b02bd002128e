package browser_test

import "testing"

// failedRequests are complaints that a browser without a network cannot help.
var failedRequests = []string{"net::ERR_", "blocked by CORS policy"}

// TestOffline: without a network the app opens, says so, and goes on by itself when
// the network is back.
func TestOffline(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	app := somebody.newTab()
	app.complaints.expect(failedRequests...)
	app.logIn()
	app.untilInstalled()

	app.offline(true)
	app.reload()
	app.seeElement("[data-testid=home][data-freshness=offline]")
	app.seeID("offline", "benefit")
	app.see("Ei verkkoyhteyttä", "Aino Maria Virtanen")
	app.pressID("retry")
	app.seeElement("[data-testid=home][data-freshness=offline]")
	app.offline(false)
	app.mustBeHome("Aino") // by itself

	// Logging out works without a network, and the service hears of it later.
	app.offline(true)
	app.pressID("settings")
	app.pressID("logout")
	app.pressID("logout-confirm")
	app.seeElement("[data-testid=logged-out][data-because=queued]")
	if n := w.sessions("aino"); n != 1 {
		t.Errorf("%d sessions, want 1 until the service hears of it", n)
	}
	app.shut()

	app = somebody.newTab() // the start screen, from what is installed
	app.complaints.expect(failedRequests...)
	app.tellOffline(true)
	app.open(w.App)
	app.seeID("login", "alternative", "offline")
	app.see("Ei verkkoyhteyttä", "Kirjaudu sisään")
	app.pressID("login")
	app.seeElement("[data-testid=error][data-failure=network]")
	app.seeID("retry", "start-over")
	app.offline(false)
	app.pressID("retry")
	app.at(w.Service + "/login/")
	app.throughBank(aino)
	app.mustBeHome("Aino")
	app.eventually("the service hears of the logging out", func() bool { return w.sessions("aino") == 1 })
}

// untilInstalled waits until the app works without a network.
func (b *tab) untilInstalled() {
	b.Helper()
	b.must(second(evaluate[bool](b, "navigator.serviceWorker.ready.then(() => true)")))
	b.until(`navigator.serviceWorker.controller === null ? "the service worker does not answer for the page yet" : ""`)
}

// TestLostAnswers: whatever answer gets lost on the way, the app asks again, and the
// person is logged in once.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	app := somebody.newTab()
	app.complaints.expect("net::ERR_CONTENT_LENGTH_MISMATCH", "net::ERR_FAILED")

	// Of the very first request, the app says so and tries again when told to.
	app.wire.lose("/par", 1)
	app.open(w.App)
	app.pressID("login")
	app.seeElement("[data-testid=error][data-failure=network]")
	app.pressID("retry")
	app.at(w.Service + "/login/")

	// Of the code's exchange, it asks again by itself; also after a restart.
	app.wire.lose("/token", 1000)
	app.throughBank(aino)
	app.seeElement("[data-testid=finishing] [data-testid=offline]")
	app.seeID("start-over")
	app.shut()
	app = somebody.newTab()
	app.complaints.expect("net::ERR_CONTENT_LENGTH_MISMATCH", "net::ERR_FAILED")
	app.open(w.App)
	app.seeElement("[data-testid=finishing] [data-testid=offline]")
	if lost := app.wire.wasLost("/token"); lost < 2 {
		t.Errorf("%d answers got lost, want 2 at least", lost)
	}
	app.wire.lose("/token", 0)
	app.mustBeHome("Aino")
	if n := w.sessions("aino"); n != 1 {
		t.Errorf("%d sessions, want 1", n)
	}

	// Of the benefits and of a refresh, the home screen says that it is not fresh.
	for _, path := range []string{"/userinfo", "/token"} {
		app.wire.lose(path, 1)
		app.reload()
		app.seeElement("[data-testid=home][data-freshness=offline]")
		app.pressID("retry")
		app.mustBeHome("Aino")
	}
}
