package browser_test

import (
	"strings"
	"testing"
	"time"

	"avain/internal/console"
	"avain/internal/domain/employment"
	"avain/internal/domain/hetu"
	"avain/internal/domain/login"
	"avain/internal/domain/reasons"
	"avain/internal/domain/staff"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp/kb"
)

// authenticator gives the tab what a laptop has built in. A person who does not prove
// to be the one who holds it is one who cancels.
func (b *tab) authenticator() (verify func(is bool)) {
	b.Helper()
	b.must(call(b, webauthn.Enable, webauthn.EnableParams{}))
	answer, err := ask(b, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: "ctap2", Ctap2version: "ctap2_1", Transport: "internal", HasResidentKey: true, HasUserVerification: true,
		AutomaticPresenceSimulation: true, IsUserVerified: true,
	}})
	b.must(err)
	return func(is bool) {
		b.Helper()
		b.must(call(b, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: answer.AuthenticatorID, IsUserVerified: is}))
	}
}

// staff invites somebody into the console and answers the link.
func (w *world) staff(role staff.Role) (id, link string) {
	w.Helper()
	who, secret, err := w.Inside.Console.Invite(w.Context(), "system", "Sanna Salo", role)
	if err != nil {
		w.Fatal(err)
	}
	return who.ID, secret.Reveal()
}

// newAgent is somebody of the staff at their computer, signed in.
func (w *world) newAgent(role staff.Role) (agent *tab, id string, verify func(bool)) {
	w.Helper()
	id, link := w.staff(role)
	agent = w.browser.stranger(computer()).newTab()
	verify = agent.authenticator()
	agent.open(link)
	agent.press("Tee pääsyavain")
	agent.at(w.Admin + console.Root)
	agent.see("Etsi asiakas tai kirjautuminen", "Sanna Salo")
	return agent, id, verify
}

// search types something into the one field and sends it.
func (b *tab) search(typed string) {
	b.Helper()
	b.open(b.world.Admin + console.Root)
	b.fill("Tukikoodi, nimi, sähköposti tai työnantaja", typed)
	b.pressFound(`[...document.querySelectorAll("form[role=search] button")]`, "the button of the search", 1)
}

// act opens a form of the page, gives a reason and sends it.
func (b *tab) act(summary, because string, times int) {
	b.Helper()
	const open = `[...document.querySelectorAll("details[open] form")].filter((f) => f.querySelector("[name=because]")).at(0)`
	b.pressFound(`[...document.querySelectorAll("summary")].filter((s) => squeeze(s.innerText) === `+quote(summary)+`).slice(0, 1)`, summary, 1)
	b.until(open + ` ? "" : "no form opens"`)
	b.must(second(evaluate[bool](b, "("+open+`).querySelector("[name=because]").focus(), true`)))
	b.key(because)
	b.pressFound("[("+open+`).querySelector("button")]`, "the button of "+summary, times)
}

// TestConsole is a morning at the desk: somebody's login has failed, and is explained;
// somebody's phone is lost, and is logged out; somebody has no letter, and gets one.
func TestConsole(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	app := somebody.newTab()
	app.start()
	code := app.supportCode()
	app.throughBank(vieno)
	app.mustEnd(login.ReasonNoBenefits)
	app.press("Palaa sovellukseen")
	app.pressID("retry")
	app.throughBank(aino)
	app.mustBeHome("Aino")
	app.shut()

	agent, id, _ := w.newAgent(staff.RoleOperator)
	if at := agent.address(); strings.Contains(at, "#") {
		t.Errorf("the ticket stays in the address: %s", at)
	}
	agent.look("console/start")

	agent.search(strings.ToLower(strings.ReplaceAll(code, "-", " ")))
	agent.at(w.Admin + "/console/attempts/")
	agent.see(code, agent.title(login.ReasonNoBenefits), "Todennäköinen syy", "Vastaus asiakkaalle", "Epäonnistui", "Henkilö tunnistettiin", "Kuikka Pankki")
	agent.look("console/attempt")

	refused := reasons.Code(login.ReasonVersionTooOld, time.Now())
	agent.search(refused)
	agent.at(w.Admin + "/console/refusals/")
	agent.see(refused, agent.title(login.ReasonVersionTooOld), "Todennäköinen syy", "Vastaus asiakkaalle", "Päivitä sovellus näin")
	agent.look("console/refusal")

	agent.search("virtänen AIN")
	agent.see("Tulokset", "Aino Maria Virtanen")
	if at := agent.address(); strings.Contains(strings.ToLower(at), "virt") {
		t.Errorf("what was searched for is in the address: %s", at)
	}
	agent.look("console/found")
	agent.press("Aino Maria Virtanen")
	agent.see("Viimeiset kirjautumiset", "Laitteet", "Työnantajat", "✓")
	agent.look("console/person")
	person := w.person("aino")

	agent.act("Kirjaa laite ulos", "puhelin katosi", 2)
	agent.see("Laite on kirjattu ulos.", "puhelin katosi", "Ei kirjautuneita laitteita.")
	agent.back()
	agent.see("Aino Maria Virtanen")
	agent.open(w.Admin + "/console/people/" + person)
	if n := w.sessions("aino"); n != 0 {
		t.Errorf("%d sessions after the device was logged out", n)
	}
	if n := w.audited("staff.log_out_device", "person:"+person); n != 1 {
		t.Errorf("%d entries for one device", n)
	}
	agent.act("Pysäytä linkki ja QR-koodi", "yritys huijata", 1)
	agent.see("ovat tauolla")
	agent.act("Lopeta tauko", "asia selvisi", 1)
	agent.see("Tauko on päättynyt.", "asia selvisi")

	record := w.hire()
	w.clock.pass(2 * time.Minute) // else the agent's letter would be taken for a second click on the employer's
	agent.search("VIENO@example.com")
	agent.press("Vieno Hautala")
	agent.see("ei ole vielä aktivoinut")
	agent.act("Lähetä kutsu uudelleen", "kirje ei tullut", 2)
	agent.see("Uusi kutsu on lähdössä.", "kirje ei tullut")
	agent.look("console/record")
	if n := w.audited("staff.invite_person", "employment:"+record); n != 1 {
		t.Errorf("%d entries for one invitation", n)
	}

	agent.press("Henkilökunta")
	agent.look("console/staff")
	agent.fill("Nimi", "Pekka")
	agent.press("Tee kutsu")
	agent.see("Tämä ratkaisee, kuka pääsee konsoliin.")
	agent.look("console/confirm")
	agent.press("Vahvista pääsyavaimella")
	agent.see("Kutsu: Pekka", "/console/invited#")
	agent.reload()
	if agent.says("/console/invited#") {
		t.Error("the link is shown again")
	}
	agent.press("Oma kirjautuminen: Sanna Salo")
	agent.look("console/passkeys")
	agent.press("Lisää pääsyavain")
	agent.see("Sinulla on jo pääsyavain tällä laitteella.")
	agent.open(w.Admin + "/console/nothing")
	agent.complaints.expect("status of 404", "status of 401", "status of 403")
	agent.see("Tällaista ei löydy")
	agent.look("console/failure")

	w.leaveAndComeBack(agent, id, person)
}

// hire lets an employer add Vieno, whose letter leaves at once.
func (w *world) hire() (record string) {
	w.Helper()
	employers, err := w.Inside.Store.Employments.Employers(w.Context(), "", 1)
	if err != nil || len(employers) == 0 {
		w.Fatal(err)
	}
	m, _, err := w.Inside.People.Hire(w.Context(), employment.Employment{
		Employer: employers[0].ID, Kind: employment.UserSmartumPlus, GivenName: "Vieno", FamilyName: "Hautala", Email: "vieno@example.com",
	}, hetu.Code{}, true)
	if err != nil {
		w.Fatal(err)
	}
	return m.ID
}

// leaveAndComeBack signs out and in, comes too late with a form, and is kept out.
func (w *world) leaveAndComeBack(agent *tab, id, person string) {
	w.Helper()
	agent.press("Kirjaudu ulos")
	agent.see("Kirjaudu konsoliin")
	agent.look("console/sign-in")
	agent.open(w.Admin + "/console/people/" + person)
	agent.press("Kirjaudu pääsyavaimella")
	agent.at(w.Admin + "/console/people/" + person)
	agent.see("Aino Maria Virtanen")

	w.clock.pass(console.Idle + time.Minute)
	agent.act("Pysäytä linkki ja QR-koodi", "myöhässä mutta tallessa", 1)
	agent.see("Kirjautumisesi ehti vanhentua.")
	agent.look("console/late")
	agent.press("Kirjaudu pääsyavaimella")
	agent.see("Olet taas kirjautunut.")
	agent.press("Lähetä")
	agent.see("Kirjautumislinkki ja QR-koodi ovat tauolla.", "myöhässä mutta tallessa")

	if err := w.Inside.Console.Disable(w.Context(), "system", id); err != nil {
		w.Fatal(err)
	}
	agent.reload()
	agent.see("Kirjaudu konsoliin")
	agent.press("Kirjaudu pääsyavaimella")
	agent.see("Pääsyavain ei kelpaa tähän konsoliin.")
}

// audited counts the entries of an action on a target.
func (w *world) audited(action, target string) int {
	w.Helper()
	entries, err := w.Inside.Store.People.StaffActsOn(w.Context(), target, 100)
	if err != nil {
		w.Fatal(err)
	}
	n := 0
	for _, e := range entries {
		if e.Action == action {
			n++
		}
	}
	return n
}

// TestConsoleWrongTurns: what can go wrong before somebody of the staff is in.
func TestConsoleWrongTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser().owner(computer()).newTab()
	b.complaints.expect("status of 410", "status of 403")
	verify := b.authenticator()

	_, link := w.staff(staff.RoleAgent)
	b.open(link)
	b.see("Tervetuloa tukikonsoliin")
	b.look("console/invited")
	b.press("English")
	b.see("Welcome to the support console")
	verify(false)
	b.press("Make a passkey")
	b.see("No passkey was used.")
	b.look("console/invited-cancelled")
	verify(true)
	b.press("Make a passkey") // nothing was lost
	b.see("Find a customer or a login")
	if b.says("Staff") {
		t.Error("an agent is led to the staff")
	}
	b.open(w.Admin + "/console/staff")
	b.see("This is not part of your role")

	for what, address := range map[string]string{"used": link, "made up": w.Admin + "/console/invited#" + strings.Repeat("A", 43), "without a ticket": w.Admin + "/console/invited"} {
		stranger := w.browser.stranger(computer()).newTab()
		stranger.complaints.expect("status of 410")
		stranger.authenticator()
		stranger.open(address)
		if what != "without a ticket" {
			stranger.press("Tee pääsyavain")
		}
		stranger.see("Tämä linkki tai kirjautumisyritys ei ole enää voimassa.")
		stranger.shut()
	}

	_, late := w.staff(staff.RoleAgent)
	w.clock.pass(console.InvitationLife)
	stranger := w.browser.stranger(computer()).newTab()
	stranger.complaints.expect("status of 410")
	stranger.authenticator()
	stranger.open(late)
	stranger.press("Tee pääsyavain")
	stranger.see("ei ole enää voimassa")

	w.byKeyboard(b)
	w.withoutScript()
}

// byKeyboard finds somebody and helps them without a pointer.
func (w *world) byKeyboard(agent *tab) {
	w.Helper()
	agent.front()
	agent.open(w.Admin + console.Root)
	agent.mustFocus("Support code, name, e-mail or employer")
	agent.key("aino")
	agent.key(kb.Enter)
	agent.see("Results")
	agent.tabTo("Aino Maria Virtanen")
	agent.key(kb.Enter)
	agent.see("Last logins")
	agent.tabTo("Pause link and QR code")
	agent.key(kb.Enter)
	agent.tabTo("Reason")
	agent.key("asked on the phone")
	agent.key(kb.Enter)
	agent.see("Login link and QR code are paused.", "asked on the phone")
}

// withoutScript is told what passkeys need, and so is who has a browser from before.
func (w *world) withoutScript() {
	w.Helper()
	plain := w.browser.stranger(computer()).newTab()
	plain.scriptless = true
	plain.must(call(plain, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	plain.open(w.Admin + "/console/sign-in")
	plain.see("Pääsyavain tarvitsee JavaScriptin.")
	plain.shut()
	old := w.browser.stranger(computer()).newTab()
	_, err := ask(old, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: "delete window.PublicKeyCredential"})
	old.must(err)
	old.open(w.Admin + "/console/sign-in")
	old.see("Tämä selain tai laite ei osaa käyttää pääsyavaimia.")
}
