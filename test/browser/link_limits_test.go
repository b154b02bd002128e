package browser_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/testkit/robot"
)

// startTwenty starts logins by link and gives them up, as fast as an app can: as many
// as one app may in ten minutes.
const startTwenty = `(async () => {
	const found = (id) => document.querySelector("[data-testid=" + id + "]");
	const pause = () => new Promise((go) => setTimeout(go, 20));
	const until = async (id) => { while (!found(id)) await pause(); return found(id); };
	for (let n = 0; n < 20; n++) {
		while (!found("link-elsewhere")) { found("alternative")?.click(); await pause(); }
		found("link-elsewhere").click();
		await until("waiting");
		(await until("start-over")).click();
		await until("start");
	}
	return true;
})()`

// TestTooManyStarts: an app that starts too many logins is told when the next one may
// begin, and then it does.
func TestTooManyStarts(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	app := somebody.newTab()
	app.withClock()
	app.complaints.expect("status of 429")
	app.open(w.App)
	app.seeID("start")
	app.must(second(evaluate[bool](app, startTwenty)))
	app.pressID("login")
	app.seeElement("[data-testid=error][data-failure=tooMany]")
	app.see("Liian monta yritystä", "Voit yrittää uudelleen", "sekunnin kuluttua")
	app.seeID("retry", "start-over", "alternative")
	app.look("fi/app/failed-too-many")
	app.pass(31 * time.Second)
	app.pressID("retry")
	app.at(w.Service + "/login/")
	app.throughBank(aino)
	app.mustBeHome("Aino")
}

// confirmTwelve confirms logins in the name of somebody else who has led the person to
// it, until the person's budget for that is empty.
func (w *world) confirmTwelve() {
	w.Helper()
	transport := &http.Transport{}
	w.Cleanup(transport.CloseIdleConnections)
	app, err := robot.NewApp(w.Service, "smartumpay", w.Service+"/return", &http.Client{Transport: transport, CheckRedirect: robot.NoRedirect})
	if err != nil {
		w.Fatal(err)
	}
	l, err := app.Start(w.Context(), url.Values{"login_method": {"link"}})
	if err != nil {
		w.Fatal(err)
	}
	browser := robot.NewBrowser(transport, w.App)
	page, err := browser.Open(w.Context(), l.LoginLink)
	for _, button := range []string{"Kirjaudu", "Kuikka Pankki", aino, "Vahvista"} {
		if err != nil {
			w.Fatal(err)
		}
		page, err = browser.Press(w.Context(), page, button, nil)
	}
	for range 12 {
		if err != nil {
			w.Fatal(err)
		}
		_, err = browser.Press(w.Context(), page, "Vahvista kirjautuminen", nil)
	}
	if err != nil {
		w.Fatal(err)
	}
}

// TestTooManyConfirmations: a person in whose name too many logins were confirmed is
// told when to press again; nothing is lost by waiting.
func TestTooManyConfirmations(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	app := somebody.newTab()
	app.withClock()
	page, code := app.startLink()
	page.withClock()
	page.complaints.expect("status of 429")
	page.toConfirm()
	w.confirmTwelve()
	page.press("Vahvista kirjautuminen")
	if got := page.mustEnd(login.ReasonRateLimited); got != code {
		t.Errorf("support code %s, want %s", got, code)
	}
	page.see("Voit yrittää uudelleen", "sekunnin kuluttua.")
	page.look("fi/service/error-too-many-live")
	w.mustBe(code, login.StateAuthenticated, "", 0)
	w.clock.pass(time.Minute)
	page.press("Yritä uudelleen")
	page.see("Vahvistatko kirjautumisen?")
	page.withClock()
	page.press("Vahvista kirjautuminen")
	page.mustBeHome("Aino")
	w.mustBe(code, login.StateRedeemed, "", 1)
}
