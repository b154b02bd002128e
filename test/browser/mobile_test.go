package browser_test

import (
	"testing"

	"avain/internal/domain/login"
	"avain/internal/testkit/brokersim"
)

// atWaiting goes from the page of the means to the page that waits for the phone.
func (b *tab) atWaiting(number string) {
	b.Helper()
	b.press("Mobiilivarmenne")
	b.fill("Puhelinnumero", number)
	b.press("Jatka")
	b.see("Vahvista puhelimessasi")
}

// confirmOnPhone answers the simulated phone, which rings in another tab.
func (b *tab) confirmOnPhone() {
	b.Helper()
	ring := b.pressOut("Avaa simuloitu puhelin")
	ring.see("Simuloitu puhelin", b.text(".event b")) // the same event id on both
	ring.fill("Mobiilivarmenteen tunnusluku", "4321")
	ring.press("Vahvista")
	ring.see("Väärä tunnusluku")
	ring.fill("Mobiilivarmenteen tunnusluku", brokersim.PIN)
	ring.press("Vahvista")
	ring.see("Palaa selaimeen")
	ring.shut()
	b.front()
}

// TestLoginWithMobileCertificate walks the way by phone number and PIN, with the
// wrong turns that are possible on it.
func TestLoginWithMobileCertificate(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	app := somebody.newTab()
	app.start()
	code := app.supportCode()

	// A number without Mobile Certificate; the right one; refused on the phone.
	app.press("Mobiilivarmenne")
	app.fill("Puhelinnumero", "+358451579105")
	app.press("Jatka")
	app.see("Numerolla ei ole Mobiilivarmennetta")
	app.fill("Puhelinnumero", "045 157 1001")
	app.press("Jatka")
	ring := app.pressOut("Avaa simuloitu puhelin")
	ring.press("Hylkää")
	ring.see("Palaa selaimeen")
	ring.shut()
	app.front()
	app.see("Tunnistautuminen keskeytettiin puhelimessa")
	app.press("Palaa palveluun")
	app.mustTurnBack(login.ReasonCancelledAtBroker)

	// A phone that does not answer.
	app.press("Mobiilivarmenne")
	app.fill("Puhelinnumero", "+358451579208")
	app.press("Jatka")
	app.see("Puhelin ei vastannut ajoissa")
	app.press("Palaa palveluun")
	app.mustTurnBack(login.ReasonBrokerTimeout)

	app.atWaiting("045 157 1001")
	app.confirmOnPhone()
	app.mustBeHome("Aino")
	if a := w.attempt(code); a.State != login.StateRedeemed || a.Means != "mobile" {
		t.Errorf("the attempt is %s by %s", a.State, a.Means)
	}
}
