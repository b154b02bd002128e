package browser_test

import (
	"net/http"
	"strings"
	"testing"

	"avain/internal/domain/login"
)

// TestOldVersion: an app that is too old for the alternative methods leads to the store
// of its phone. The ordinary login works all the same.
func TestOldVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	const (
		iPhone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
		huawei = "Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1 Mobile HuaweiBrowser/5.0.4 HUAWEI"
	)
	for _, c := range []struct{ agent, store, button, address string }{
		{androidAgent, "google_play", "Avaa Google Play", "https://play.google.com/"},
		{iPhone, "app_store", "Avaa App Store", "https://apps.apple.com/"},
		{huawei, "appgallery", "Avaa AppGallery", "https://appgallery.huawei.com/"},
	} {
		d := phone()
		d.agent = c.agent
		app := b.stranger(d).newTab()
		app.front()
		app.open(w.App + "/?version=1.15.0")
		app.pressID("alternative")
		app.seeElement("[data-testid=update] [data-testid=store][data-store=" + c.store + "]")
		app.see("Päivitä sovellus", "versiosta 1.16.0 alkaen", "Sinulla on versio 1.15.0.", c.button)
		if address := value[string](app, `document.querySelector("[data-testid=store]").href`); !strings.HasPrefix(address, c.address) {
			t.Errorf("%s: the button leads to %s", c.store, address)
		}
		if n := value[int](app, `document.querySelectorAll("[data-testid^=card-]").length`); n != 0 {
			t.Errorf("%s: an old app offers %d alternative methods", c.store, n)
		}
		if c.store != "google_play" {
			app.shut()
			continue
		}
		app.look("fi/app/alternative-too-old")
		app.reload()
		app.seeID("update")
		app.press("Kirjaudu sisään")
		app.at(w.Service + "/login/")
		code := app.supportCode()
		app.throughBank(aino)
		app.mustBeHome("Aino")
		w.mustBe(code, login.StateRedeemed, "", 1)
		if v := w.attempt(code).Device.AppVersion; v != "1.15.0" {
			t.Errorf("the service was told version %s", v)
		}
	}

	// Too old for any login.
	app := b.stranger(phone()).newTab()
	app.front()
	app.open(w.App + "/?version=1.9.0")
	app.seeID("update", "store")
	app.see("Päivitä sovellus", "Tämä versio on liian vanha kirjautumiseen.")
	app.look("fi/app/start-too-old")
}

// TestThreat16ForeignLoginChangesNobody: somebody brings their own finished login into
// the app of a person who is logged in. The app stays with its person, tells them, and
// has the other login burned, which the other one is told of.
func TestThreat16ForeignLoginChangesNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	lurer, victim := b.owner(phone()).newTab(), b.stranger(phone()).newTab()
	victim.front()
	victim.logIn()

	lurer.front()
	page, code := lurer.startLink()
	page.press("Kirjaudu")
	page.throughBank("Noor O'Brien-Åström")
	var bait string
	page.wire.change(func(answer *http.Response) {
		// The page that leads to the app goes on by itself.
		if away, ok := strings.CutPrefix(answer.Header.Get("Refresh"), "0; url="+w.App+"/return"); ok {
			bait = w.App + "/return" + away
			answer.Header.Set("Refresh", "0; url="+w.App+"/")
		}
	})
	page.press("Vahvista kirjautuminen")
	page.at(w.App)
	page.wire.change(nil)
	if !strings.Contains(bait, "code=") {
		t.Fatalf("caught %q", bait)
	}

	victim.front()
	victim.open(bait)
	victim.seeElement("[data-testid=error][data-failure=foreign]")
	victim.see("Tätä kirjautumista ei aloitettu täällä", "Oma kirjautumisesi on ennallaan.")
	victim.look("fi/app/foreign-logged-in")
	victim.pressID("start-over")
	victim.mustBeHome("Aino")
	if victim.says("Noor") {
		t.Error("the app shows the stranger's name")
	}
	lurer.front()
	if got := lurer.mustFail("burned"); got != code {
		t.Errorf("the lurer's app shows the support code %s, want %s", got, code)
	}
	w.mustBe(code, login.StateBurned, login.ReasonUnexpectedCode, 1)
	if n := w.sessions("noor"); n != 0 {
		t.Errorf("the lurer has %d sessions", n)
	}
}

// TestThreat16AnotherPersonOnTheLink: the link was carried to a browser in which
// somebody else confirmed. Whoever is logged in by then stays; and an app that nobody
// is logged in to says whose account it is.
func TestThreat16AnotherPersonOnTheLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	somebody := b.owner(phone())
	app, page := somebody.newTab(), b.stranger(computer()).newTab()
	app.front()
	link, code := app.carryLink()
	page.front()
	page.open(link)
	page.press("Kirjaudu")
	page.throughBank("Noor O'Brien-Åström")
	page.see("Noor O.")
	page.press("Vahvista kirjautuminen")
	digits := page.digits()

	direct := somebody.newTab() // meanwhile, in the same app
	direct.open(w.App)
	direct.seeElement("[data-testid=waiting]")
	direct.pressID("start-over")
	direct.seeID("start")
	direct.pressID("login")
	direct.at(w.Service + "/login/")
	direct.throughBank(aino)
	direct.mustBeHome("Aino")
	app.front()
	app.mustBeHome("Aino") // no field for anybody's digits
	w.mustBe(code, login.StateDenied, login.ReasonCancelledByPerson, 1)
	app.logOut()

	link, code = app.carryLink()
	page.front()
	page.open(link)
	page.press("Kirjaudu")
	page.throughBank("Noor O'Brien-Åström")
	page.press("Vahvista kirjautuminen")
	if again := page.digits(); again == digits {
		t.Error("two logins have the same digits")
	} else {
		digits = again
	}
	app.front()
	app.typeDigits(digits)
	app.mustBeHome("Noor")
	app.see("Noor O'Brien-Åström")
	w.mustBe(code, login.StateRedeemed, "", 0)
}
