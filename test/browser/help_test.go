package browser_test

import (
	"strings"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/staff"
	"avain/internal/public/help"
)

// TestHelp: somebody's login fails; the help page answers why first, questions lead to
// the login link, and what they write reaches the staff. Without JavaScript, all of it.
func TestHelp(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	b := somebody.newTab()
	b.start()
	b.throughBank(vieno)
	code := b.mustEnd(login.ReasonNoBenefits)
	look := func(name string) { // which takes a script, of the test's
		b.withoutScripts(false)
		b.look("help/" + name)
		b.withoutScripts(true)
	}
	b.withoutScripts(true)
	b.press("Lue ohje")
	b.at(w.Service + "/help/login")
	if at := b.address(); !strings.HasSuffix(at, "?reason=no_benefits") {
		t.Errorf("the failure leads to %s", at)
	}
	b.see("Tämä keskeytti kirjautumisesi", b.title(login.ReasonNoBenefits), "Vaihtoehtoiset kirjautumistavat", "Oliko tästä apua?")
	if b.says(code) {
		t.Error("the help page shows a support code")
	}
	b.press("Ei")
	b.at(w.Service + "/help/thanks")
	look("thanks")
	b.pressFound(`[...document.querySelectorAll("label[for=comment]")]`, "the label of the comment", 1)
	b.key("Kukaan ei vastaa numerosta 045 123 4567")
	b.press("Lähetä")
	b.see("Kiitos palautteesta", "Viesti on perillä.")
	b.press("Takaisin ohjeeseen")
	b.at(w.Service + "/help/login")
	look("article")

	b.press("Työntekijä: en pääse kirjautumaan SmartumPay-sovellukseen")
	look("first-question")
	for _, answer := range []string{"Kyllä", "En ole varma", "En tiedä", "SmartumPlus-käyttäjä"} {
		b.press(answer)
	}
	b.see("Missä kohdassa kirjautuminen pysähtyy?")
	look("question")
	b.press("Pankki toimi, mutta en palaa sovellukseen")
	b.press("Takaisin")
	b.see("Missä kohdassa kirjautuminen pysähtyy?")
	for _, answer := range []string{"Pankki toimi, mutta en palaa sovellukseen", "Pankin sivun, tyhjän sivun tai ei mitään", "Ei"} {
		b.press(answer)
	}
	b.see("Kirjaudu kirjautumislinkillä", "Vahvista kirjautuminen", "Oliko tästä apua?")
	b.at(w.Service + help.GuidePath + "/yes/unsure/unsure/plus/back/nothing/no")
	look("answer")
	b.press("Kyllä")
	b.see("Mukavaa, että ohjeesta oli apua.")

	kept, err := w.Inside.Store.Operations.FeedbackComments(t.Context(), time.Time{}, time.Now().Add(time.Hour), 10)
	if err != nil || len(kept) != 1 || kept[0].Comment != "Kukaan ei vastaa numerosta […]" || kept[0].Reason != login.ReasonNoBenefits {
		t.Errorf("kept: %+v, %v", kept, err)
	}
	w.readByStaff()
}

// readByStaff looks at what the staff sees of it: agents the counts, leads what was
// written, operators who did what.
func (w *world) readByStaff() {
	w.Helper()
	agent, _, _ := w.newAgent(staff.RoleAgent)
	agent.open(w.Admin + "/console/voices")
	agent.see("Palaute ohjeista", agent.title(login.ReasonNoBenefits), "Kommentit näkyvät tiimin vetäjille.")
	if agent.says("Kukaan ei vastaa") {
		w.Error("an agent reads what people wrote")
	}
	agent.complaints.expect("status of 403")
	agent.open(w.Admin + "/console/trail")
	if agent.says("Kohde") {
		w.Error("an agent reads the audit log")
	}
	agent.shut()

	operator, _, _ := w.newAgent(staff.RoleOperator)
	operator.press("Palaute")
	operator.see("Palaute ohjeista", "Kukaan ei vastaa numerosta […]", "Viikoittain")
	operator.look("console/voices")
	operator.press("Tapahtumaloki")
	operator.see("staff.", "key.rotate")
	operator.pressFound(`[...document.querySelectorAll("label[for=action]")]`, "the label of the action", 1)
	operator.key("key.*")
	operator.press("Hae")
	operator.see("key.rotate")
	if operator.says("staff.invite") {
		w.Error("the search finds what was not searched for")
	}
	operator.look("console/trail")
}

// TestHelpFromTheApp: the app's screens lead to the same page, with the reason.
func TestHelpFromTheApp(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	app := somebody.newTab()
	app.start()
	app.throughBank(vieno)
	app.mustEnd(login.ReasonNoBenefits)
	app.press("Palaa sovellukseen")
	app.mustFail("noBenefits")
	page := app.pressIDOut("help")
	page.at(w.Service + "/help/login")
	page.see(page.title(login.ReasonNoBenefits), "Oliko tästä apua?")
	if at := page.address(); !strings.Contains(at, "reason=no_benefits") {
		t.Errorf("the app leads to %s", at)
	}
	page.shut()
	app.front()
	app.pressID("alternative")
	app.pressIDOut("help").see("Oliko tästä apua?")
}
