package browser_test

import (
	"testing"

	"avain/internal/domain/login"
)

// TestLockedPerson: whoever is locked is told so on every way, with a code for support:
// in the app that they were logged in to, after a direct login, and after a link.
func TestLockedPerson(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	app := somebody.newTab()
	app.complaints.expect("status of 403", "status of 400", "status of 401")
	app.logIn()
	if err := w.Inside.Store.People.LockPerson(t.Context(), w.person("aino"), w.clock.now()); err != nil {
		t.Fatal(err)
	}
	app.reload()
	app.seeElement("[data-testid=logged-out][data-because=locked]")
	app.see("Tilisi on lukittu. Ota yhteyttä asiakaspalveluun.")
	app.look("fi/app/logged-out-locked")

	app.pressID("login")
	app.at(w.Service + "/login/")
	direct := app.supportCode()
	app.throughBank(aino)
	if got := app.mustEnd(login.ReasonPersonLocked); got != direct {
		t.Errorf("the page shows the support code %s, want %s", got, direct)
	}
	app.lookAlike("fi/service/ended-locked-live")
	app.press("Palaa sovellukseen")
	if got := app.mustFail("locked"); got != direct {
		t.Errorf("the app shows the support code %s, want %s", got, direct)
	}
	app.lookAlike("fi/app/failed-locked")
	app.pressID("start-over")

	page, linked := app.startLink()
	page.complaints.expect("status of 403")
	page.toConfirm()
	page.press("Vahvista kirjautuminen")
	if got := page.mustEnd(login.ReasonPersonLocked); got != linked {
		t.Errorf("the page shows the support code %s, want %s", got, linked)
	}
	app.front()
	if got := app.mustFail("locked"); got != linked {
		t.Errorf("the app shows the support code %s, want %s", got, linked)
	}
	for _, code := range []string{direct, linked} {
		w.mustBe(code, login.StateDenied, login.ReasonPersonLocked, 0) // the lock has ended the old session
	}
}

// forgetKey removes the app's key, as a browser that is short of space may.
const forgetKey = `new Promise((done, failed) => {
	const open = indexedDB.open("smartumpay");
	open.onerror = () => failed(open.error);
	open.onsuccess = () => {
		const tx = open.result.transaction("singles", "readwrite");
		tx.objectStore("singles").delete("key");
		tx.oncomplete = () => { open.result.close(); done(true); };
	};
})`

// TestClearedStorage: a browser that has thrown the app's key away logs the person out,
// and the app says who did it. One that has thrown away everything begins anew.
func TestClearedStorage(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	app := somebody.newTab()
	app.complaints.expect("status of 400", "status of 401")
	app.logIn()
	app.must(second(evaluate[bool](app, forgetKey)))
	app.reload()
	app.seeElement("[data-testid=logged-out][data-because=storage]")
	app.see("Selain on poistanut sovelluksen tietoja")
	app.lookAlike("fi/app/logged-out-storage")
	app.pressID("login")
	app.at(w.Service + "/login/")
	app.throughBank(aino)
	app.mustBeHome("Aino")

	app.must(second(evaluate[bool](app, `(async () => {
		for (const { name } of await indexedDB.databases()) indexedDB.deleteDatabase(name);
		localStorage.clear();
		return true;
	})()`)))
	app.open(w.App + "/?again")
	app.seeID("start", "login", "alternative")

	// In the middle of a link: the app has forgotten it, and the person starts again.
	link, _ := app.carryLink()
	app.open(w.Service + "/demo")
	app.open(w.App)
	app.mustFollow("created")
	app.open(link)
	app.press("Kirjaudu")
	app.see("Kuikka Pankki")
}
