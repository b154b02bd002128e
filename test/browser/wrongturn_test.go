package browser_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/testkit/brokersim"
)

// TestCancelAtEachStep: at each step there is a way out, it says what happened, and
// the person can go on.
func TestCancelAtEachStep(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	app := somebody.newTab()
	app.start()
	code := app.supportCode()

	atBank := func() { app.press("Kuikka Pankki") }
	for step, walk := range map[string]func(){
		"user id":      atBank,
		"confirmation": func() { atBank(); app.press(aino) },
		"number":       func() { app.press("Mobiilivarmenne") },
		"waiting":      func() { app.atWaiting("045 157 1001") },
	} {
		walk()
		app.at(w.Banks)
		app.press("Keskeytä")
		if got := app.mustTurnBack(login.ReasonCancelledAtBroker); got != code {
			t.Errorf("cancelled at %s: support code %s, want %s", step, got, code)
		}
	}
	app.press("Peruuta")
	if got := app.mustFail("cancelled"); got != code {
		t.Errorf("the app shows the support code %s, the page %s", got, code)
	}
	a := w.attempt(code)
	refused := 0
	for _, e := range a.Timeline {
		if e.Reason == login.ReasonCancelledAtBroker {
			refused += max(1, e.Count) // the same again is one line with a count
		}
	}
	if a.State != login.StateDenied || refused != 4 {
		t.Errorf("the attempt is %s, with %d cancellations at the broker", a.State, refused)
	}

	app.pressID("start-over")
	app.seeID("start")
	app.pressID("login")
	app.press("Peruuta")
	app.mustFail("cancelled")
	app.pressID("retry")
	app.at(w.Service + "/login/")
	app.throughBank(aino)
	app.mustBeHome("Aino")
}

// TestExpiredAttempt: ten minutes are over, at whatever step; the pages say so, lead
// back to the app, and the app begins anew.
func TestExpiredAttempt(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	app := somebody.newTab()
	app.complaints.expect("status of 410") // the bank's page that says so
	atBank := func() { app.press("Kuikka Pankki"); app.press(aino) }
	for _, step := range []struct {
		name       string
		walk, then func()
		pass       time.Duration
	}{
		{"a reload", func() {}, func() { app.reload() }, 11 * time.Minute},
		{"choosing", func() {}, func() { app.press("Kuikka Pankki") }, 11 * time.Minute},
		{"cancelling", func() {}, func() { app.press("Peruuta") }, 11 * time.Minute},
		{"coming back", atBank, func() { app.press("Vahvista") }, 11 * time.Minute},
		{"too late at the bank", atBank, func() { app.press("Vahvista"); app.see("Aika loppui"); app.press("Palaa palveluun") }, 16 * time.Minute},
	} {
		w.clock.right()
		app.start()
		code := app.supportCode()
		step.walk()
		w.clock.pass(step.pass)
		step.then()
		if got := app.mustEnd(login.ReasonAttemptExpired); got != code {
			t.Errorf("%s: support code %s, want %s", step.name, got, code)
		}
		app.press("Palaa sovellukseen")
		if got := app.mustFail("expired"); got != code {
			t.Errorf("%s: the app shows the support code %s, want %s", step.name, got, code)
		}
		if got := w.attempt(code).State; got != login.StateExpired {
			t.Errorf("%s: the attempt is %s", step.name, got)
		}
		app.pressID("start-over")
		app.seeID("start")
	}

	// A code that was not redeemed in time. The phone's clock is behind by then.
	w.clock.right()
	app.start()
	app.wire.change(func(answer *http.Response) {
		if location, err := answer.Location(); err == nil && strings.HasPrefix(location.Path, "/return") {
			w.clock.pass(2 * time.Minute) // the code is on its way for so long
		}
	})
	app.throughBank(aino)
	app.mustFail("expired")
	app.wire.change(nil)
	app.pressID("retry")
	app.at(w.Service + "/login/")
	app.throughBank(aino)
	app.mustBeHome("Aino")
}

// TestPhoneWithWrongClock: a phone that lives in another hour logs in all the same.
func TestPhoneWithWrongClock(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	w.clock.pass(3 * time.Hour)
	somebody.newTab().logIn()
}

// TestDoubleClicks: every button is pressed twice, the bank's last one while the
// answer is slow. One login comes of it.
func TestDoubleClicks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	app := w.newBrowser().owner(computer()).newTab()
	app.open(w.App)
	app.pressTwice("Kirjaudu sisään")
	app.at(w.Service + "/login/")
	app.pressTwice("Kuikka Pankki")
	app.at(w.Banks)
	app.pressTwice(aino)
	app.see("Vahvista pankin sovelluksessa")
	app.must(w.OP.Misbehave(brokersim.Slow))
	at := app.pressAndStay("Vahvista")
	app.eventually("the browser comes back", func() bool { return app.wire.wasAsked("/callback/op") == 1 })
	app.must(app.click(at)) // the bank's page still shows, because our answer is slow
	app.eventually("the browser comes back again", func() bool { return app.wire.wasAsked("/callback/op") == 2 })
	app.see("Viimeistellään kirjautumista") // the second time, while the first is being dealt with
	app.mustBeHome("Aino")
	if n := w.sessions("aino"); n != 1 {
		t.Errorf("%d sessions, want 1", n)
	}
}

// TestBackButton: the back button, at each step. Nothing breaks, nothing is lost.
func TestBackButton(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	app := somebody.newTab()
	app.start()

	app.back() // from the page of the means to the app
	app.at(w.App)
	app.pressID("continue")
	app.at(w.Service + "/login/")

	app.press("Kuikka Pankki")
	app.at(w.Banks)
	app.back() // from the bank to the means: another bank
	app.at(w.Service + "/login/")
	app.press("Revontuli")
	app.at(w.Banks)
	app.press(aino)
	app.see("Vahvista pankin sovelluksessa")
	app.back() // from the confirmation: to the means, or to the bank, which knows where it is
	app.until(`location.href.startsWith(` + quote(w.Service) + `) && byWords("Koivu").length === 1 || byWords("Vahvista").length === 1 ? "" : "lost on the way back"`)
	if strings.HasPrefix(app.address(), w.Service) {
		app.press("Koivu")
		app.press(aino)
	}
	app.press("Vahvista")
	app.mustBeHome("Aino")

	// Back from the home screen: whatever comes up logs nobody out, and the app is
	// where it was.
	for range 3 {
		app.back()
		app.until(`document.readyState === "loading" ? "loading" : ""`)
	}
	app.open(w.App)
	app.mustBeHome("Aino")
	if n := w.sessions("aino"); n != 1 {
		t.Errorf("%d sessions, want 1", n)
	}
}
