package browser_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"avain/internal/brokersim"
	"avain/internal/login"
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
			refused++
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
	app.pressTwice("Vahvista")
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

// TestStranger: verified, but without benefits.
func TestStranger(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	app := somebody.newTab()
	app.start()
	code := app.supportCode()
	app.throughBank(vieno)
	if got := app.mustEnd(login.ReasonNoBenefits); got != code {
		t.Errorf("support code %s, want %s", got, code)
	}
	if app.says("Hautala") {
		t.Error("the page of a login that failed shows a whole name")
	}
	app.press("Palaa sovellukseen")
	if got := app.mustFail("noBenefits"); got != code {
		t.Errorf("the app shows the support code %s, want %s", got, code)
	}
	app.pressID("retry")
	app.at(w.Service + "/login/")
	app.throughBank(aino)
	app.mustBeHome("Aino")
}

// TestMisbehavingBroker: whatever the broker does wrong, the person reads what
// happened, has a code for support, and gets in with the next try. (Every toggle, and
// what support reads, is in test/server.)
func TestMisbehavingBroker(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	app := somebody.newTab()
	app.complaints.expect("status of 503", "status of 404", "status of 400")
	app.start()
	code := app.supportCode()
	confirm := func() { app.press(aino); app.press("Vahvista") }
	for _, c := range []struct {
		toggle brokersim.Toggle
		walk   func()
		reason login.Reason
	}{
		{brokersim.ServerError, func() {}, login.ReasonBrokerError},
		{brokersim.CancelAtBank, func() { app.press(aino) }, login.ReasonCancelledAtBroker},
		{brokersim.MissingCode, confirm, login.ReasonBrokerResponse},
		{brokersim.PlaintextToken, confirm, login.ReasonBrokerResponse},
		{brokersim.WrongNonce, confirm, login.ReasonBrokerResponse},
		{brokersim.MissingHETU, confirm, login.ReasonIdentityIncomplete},
		{brokersim.WrongACR, confirm, login.ReasonIdentificationWeak},
		{brokersim.IdentificationError, func() { confirm(); app.press("Palaa palveluun") }, login.ReasonBrokerError},
	} {
		app.must(w.OP.Misbehave(c.toggle))
		app.press("Kuikka Pankki")
		c.walk()
		if got := app.mustTurnBack(c.reason); got != code {
			t.Errorf("%s: support code %s, want %s", c.toggle, got, code)
		}
		app.must(w.OP.Behave())
	}

	// A broker that keeps the person: back, and try again.
	app.must(w.OP.Misbehave(brokersim.NoReturnPage))
	app.press("Kuikka Pankki")
	app.see("Tunnistautumista ei voi aloittaa")
	app.must(w.OP.Behave())
	app.back()
	app.at(w.Service + "/login/")

	// A broker that sends the person back to nowhere.
	app.must(w.OP.Misbehave(brokersim.WrongState))
	app.press("Kuikka Pankki")
	confirm()
	app.mustEnd(login.ReasonAttemptUnknown)
	app.must(w.OP.Behave())
	app.open(w.App)
	app.pressID("continue")
	app.at(w.Service + "/login/")
	app.throughBank(aino)
	app.mustBeHome("Aino")
	if n := w.sessions("aino"); n != 1 {
		t.Errorf("%d sessions, want 1", n)
	}
}

// TestEveryFailureInTheApp: each failure that the app has words for, brought about
// by the reason that the service gives.
func TestEveryFailureInTheApp(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	app := somebody.newTab()
	app.open(w.App)
	app.seeID("start")
	for reason, failure := range map[login.Reason]string{
		login.ReasonCancelledByPerson:   "cancelled",
		login.ReasonNoBenefits:          "noBenefits",
		login.ReasonPersonLocked:        "locked",
		login.ReasonAttemptExpired:      "expired",
		login.ReasonOtherBrowser:        "otherBrowser",
		login.ReasonCookiesBlocked:      "cookies",
		login.ReasonRateLimited:         "tooMany",
		login.ReasonBrokerDown:          "bankDown",
		login.ReasonBrokerTimeout:       "bankTimeout",
		login.ReasonBrokerResponse:      "identification",
		login.ReasonClockWrong:          "clock",
		login.ReasonRequestInvalid:      "app",
		login.ReasonInternal:            "server",
		login.Reason("not_yet_thought"): "cancelled", // by its OAuth code, access_denied
	} {
		app.pressID("login")
		app.at(w.Service + "/login/")
		code := app.supportCode()
		app.wire.change(sayInstead(string(reason)))
		app.press("Peruuta")
		if got := app.mustFail(failure); got != code {
			t.Errorf("%s: the app shows the support code %s, want %s", reason, got, code)
		}
		app.wire.change(nil)
		app.pressID("start-over")
		app.seeID("start")
	}
}

// TestEndedSession: whoever is logged out by the service is told so, and why.
func TestEndedSession(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	app := somebody.newTab()
	app.logIn()
	w.clock.pass(91 * 24 * time.Hour) // nobody has used the session for so long
	app.reload()
	app.seeElement("[data-testid=logged-out][data-because=ended]")
	app.seeID("login", "alternative")
	w.clock.right()
	app.pressID("login")
	app.at(w.Service + "/login/")
	app.throughBank(aino)
	app.mustBeHome("Aino")
}

// TestCookiesBlocked: a browser that keeps no cookies of the service, and one that
// keeps nothing at all.
func TestCookiesBlocked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	service, err := url.Parse(w.Service)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	blockCookies(t, folder, service.String())
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
