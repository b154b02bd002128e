package browser_test

import (
	"testing"
)

// TestDevices: two phones and a browser of one person. The first phone is told of the
// second, looks at the list, and says that it was a stranger's; the second is out.
func TestDevices(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	mine := somebody.newTab()
	mine.open(w.App)
	mine.choose("fi")
	mine.start()
	mine.throughBank("Aino Maria Virtanen")
	mine.mustBeHome("Aino")

	theirs := w.browser.stranger(phone()).newTab()
	theirs.open(w.App)
	theirs.choose("fi")
	theirs.start()
	theirs.throughBank("Aino Maria Virtanen")
	theirs.mustBeHome("Aino")

	mine.front()
	mine.reload()
	mine.mustBeHome("Aino")
	mine.see("Uusi laite kirjautui", "Tämä en ollut minä", "Se olin minä")
	mine.look("app/home-new-device")
	mine.pressID("was-me")
	mine.until(`document.querySelector("[data-testid=new-device]") ? "still told" : ""`)
	mine.reload()
	mine.mustBeHome("Aino")
	mine.until(`document.querySelector("[data-testid=new-device]") ? "told again" : ""`)

	mine.pressID("settings")
	mine.pressID("devices")
	mine.see("Laitteet", "tämä laite", "Verkkopankki tai Mobiilivarmenne", "Kirjaa ulos")
	mine.look("app/devices")
	mine.pressID("not-me")
	mine.see("Kirjataanko laite ulos?", "eivät toimi vuorokauteen")
	mine.look("app/devices-not-me")
	mine.pressID("not-me-no")
	mine.pressID("not-me")
	mine.pressID("not-me-yes")
	mine.see("Laite on kirjattu ulos.", "ovat tauolla", "Et ole kirjautuneena muilla laitteilla.")
	if n := w.sessions("aino"); n != 1 {
		t.Errorf("%d sessions", n)
	}
	theirs.front()
	theirs.complaints.expect("status of 400", "status of 401")
	theirs.reload()
	theirs.seeID("logged-out")

	page := w.browser.stranger(computer()).newTab()
	page.open(w.Service + "/me/devices?lang=fi")
	page.press("Kirjaudu")
	page.throughBank("Aino Maria Virtanen")
	page.at(w.Service + "/me/devices")
	page.see("Laitteesi", "Selain", "ovat tauolla")
	page.look("service/me-devices")
	page.press("Tämä en ollut minä")
	page.see("Laite on kirjattu ulos")
	if n := w.sessions("aino"); n != 1 {
		t.Errorf("%d sessions, want the browser's only", n)
	}
}
