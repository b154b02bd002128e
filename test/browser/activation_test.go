package browser_test

import (
	"net/http"
	"strings"
	"testing"

	"avain/internal/domain/employment"
	"avain/internal/domain/hetu"
	"avain/internal/domain/login"
	"avain/internal/testkit/patience"
)

// activationWords are what a person goes by from the letter to the benefits.
type activationWords struct {
	letter, title, kind, benefit string
	accept, open, missing        string // the button, and what happens without the terms
	hello                        string
	used, signIn                 string
}

var whileActivating = map[string]activationWords{
	"fi": {
		"Aktivoi edut", "Aktivoi SmartumPlus-etusi", "Olet SmartumPlus-käyttäjä", "Kulttuuri",
		"Olen lukenut käyttöehdot ja hyväksyn ne", "Aktivoi edut", "Hyväksy ensin käyttöehdot", "Hei, Vieno", "Kutsu on jo käytetty", "Kirjaudu",
	},
	"sv": {
		"Aktivera förmånerna", "Aktivera dina SmartumPlus-förmåner", "Du är SmartumPlus-användare", "Kultur",
		"Jag har läst användarvillkoren och godkänner dem", "Aktivera förmånerna", "Godkänn först villkoren", "Hej, Vieno", "Inbjudan är redan använd", "Logga in",
	},
	"en": {
		"Activate benefits", "Activate your SmartumPlus benefits", "You are a SmartumPlus user", "Culture",
		"I have read the terms of use and accept them", "Activate benefits", "Accept the terms first", "Hi, Vieno", "The invitation has been used", "Log in",
	},
}

// invite adds somebody by the employer Revontuli Oy and gives the link of their letter.
func (w *world) invite(email, locale string, released bool) (employment.Employment, string) {
	w.Helper()
	e := employment.Employer{ID: login.NewID(), Name: "Revontuli Oy", Locale: "fi", CreatedAt: w.clock.now()}
	if err := w.Inside.Store.Employments.AddEmployer(w.Context(), e); err != nil {
		w.Fatal(err)
	}
	m := employment.Employment{Employer: e.ID, Email: email, Kind: employment.UserSmartumPlus, Locale: locale}
	for _, kind := range []string{"lunch", "culture"} {
		b := login.Benefit{Kind: kind}
		if released {
			b.ReleasedAt = w.clock.now()
		}
		m.Benefits = append(m.Benefits, b)
	}
	m, _, err := w.Inside.People.Hire(w.Context(), m, hetu.Code{}, true)
	if err != nil {
		w.Fatal(err)
	}
	w.Inside.Jobs.Wake()
	return m, w.letterLink(email)
}

// letterLink waits for the letter to an address, and gives the link of its button.
func (w *world) letterLink(email string) string {
	w.Helper()
	ctx, cancel := patience.Within(w.Context())
	defer cancel()
	letters, err := w.Mailbox.Wait(ctx, email, 1)
	if err != nil {
		w.Fatal(err)
	}
	for _, link := range letters[0].Links {
		if strings.HasPrefix(link, w.Service+"/activate/") {
			return link
		}
	}
	w.Fatalf("no link in the letter: %v", letters[0].Links)
	return ""
}

// TestActivation is the journey of the article in each language: the letter leads to
// the page, without the terms nothing happens, and after the bank there are the
// benefits. The letter's language holds, whatever the browser asks for.
func TestActivation(t *testing.T) {
	t.Parallel()
	for language, say := range whileActivating {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			d := computer()
			d.languages = map[string]string{"fi": "en-GB,en", "sv": "fi-FI,fi", "en": "sv-FI,sv"}[language]
			page := w.newBrowser().owner(d).newTab()
			m, link := w.invite("vieno@example.com", language, true)
			if letter := w.Mailbox.Mails("vieno@example.com")[0]; !strings.Contains(letter.Text, say.letter) {
				t.Errorf("the letter:\n%s", letter.Text)
			}
			page.open(link)
			page.seeLanguage(language)
			page.see(say.title, say.kind, say.benefit, "Revontuli Oy")
			page.press(say.open)
			page.complaints.expect("status of 422")
			page.see(say.missing, say.title)
			page.reload()
			page.press(say.accept)
			page.press(say.open)
			page.at(w.Service + "/login/")
			page.seeLanguage(language)
			page.see(inLanguage[language].service)
			page.press(inLanguage[language].bank)
			page.press(vieno)
			page.press(inLanguage[language].confirm)
			page.at(w.Service + "/me")
			page.seeLanguage(language)
			page.see(whileScanning[language].active, whileScanning[language].show, say.benefit, say.hello, "Revontuli Oy")
			if done, err := w.Inside.Store.Employments.EmploymentByID(t.Context(), m.ID); err != nil || !done.Active() || done.Terms != "2026-01" {
				t.Errorf("%+v, %v", done, err)
			}
			page.reload()
			page.see(whileScanning[language].active)
			page.complaints.expect("status of 410")
			page.open(link)
			page.see(say.used)
			page.press(say.signIn)
			page.see(whileScanning[language].active)
		})
	}
}

// TestActivationWithoutJavaScript: neither the letter's page nor those behind it need
// scripts; reloading and going back lose nothing, and an impatient double click does
// nothing twice. It is a phone: the page leads with the app.
func TestActivationWithoutJavaScript(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	page := somebody.newTab()
	page.setScripts(false)
	m, link := w.invite("vieno@example.com", "fi", true)
	say := whileActivating["fi"]
	page.open(link)
	page.reload()
	page.press("Svenska")
	page.see(whileActivating["sv"].title)
	page.press("Suomi")
	page.press(say.accept)
	page.pressTwice(say.open)
	page.at(w.Service + "/login/")
	page.reload()
	page.backTo(say.title) // the browser has kept the tick
	page.see(say.title)
	page.press(say.open)
	page.see("Tunnistaudu")
	page.press("Kuikka Pankki")
	page.press("Keskeytä")
	page.press("Kuikka Pankki")
	page.press(vieno)
	page.pressTwice("Vahvista")
	page.see(whileScanning["fi"].active, "Avaa SmartumPay", "Käytä toista puhelinta")
	page.reload()
	page.see(whileScanning["fi"].active)
	if done, err := w.Inside.Store.Employments.EmploymentByID(t.Context(), m.ID); err != nil || !done.Active() {
		t.Errorf("%+v, %v", done, err)
	}
	page.press("Kirjaudu ulos")
	page.press("Kirjaudu")
	page.throughBank(vieno)
	page.see(whileScanning["fi"].active)
}

// TestForwardedInvitation: two humans with one letter. The first has the benefits; the
// second is told so, on the page of the link and after the bank, and finds the way on.
func TestForwardedInvitation(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	_, link := w.invite("vieno@example.com", "fi", true)
	say := whileActivating["fi"]
	first, second := somebody.newTab(), somebody.stranger(computer()).newTab()
	for _, b := range []*tab{first, second} {
		b.front()
		b.open(link)
		b.press(say.accept)
		b.press(say.open)
		b.at(w.Service + "/login/")
	}
	first.front()
	first.throughBank(vieno)
	first.see(whileScanning["fi"].active)
	second.front()
	second.throughBank("Matti Kivi")
	second.see(second.title(login.ReasonInvitationForeign))
	second.supportCode()
	second.press("Kirjaudu")
	second.see("Kirjaudu omalle sivullesi", second.title(login.ReasonInvitationForeign))
	second.press("Kirjaudu")
	second.throughBank("Matti Kivi")
	second.see(whileScanning["fi"].active)
	if second.says("Revontuli Oy") {
		t.Error("the second human has the benefits of the first")
	}
	second.complaints.expect("status of 410")
	second.open(link)
	second.see(say.used)
	first.front()
	first.reload()
	first.see(whileScanning["fi"].active, "Revontuli Oy")
}

// TestActivationWaits: the employer has not finished. The page says so, loads itself
// again, and lets the person on when the benefits are there.
func TestActivationWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	b.wire.change(func(answer *http.Response) { // a minute is long
		if answer.Header.Get("Refresh") == "60" {
			answer.Header.Set("Refresh", "1")
		}
	})
	page := b.owner(computer()).newTab()
	m, link := w.invite("vieno@example.com", "fi", false)
	page.open(link)
	page.see(page.title(login.ReasonBenefitsPending), "Revontuli Oy")
	for i := range m.Benefits {
		m.Benefits[i].ReleasedAt = w.clock.now()
	}
	if err := w.Inside.Store.Employments.ChangeEmployment(t.Context(), m, w.clock.now()); err != nil {
		t.Fatal(err)
	}
	page.see(whileActivating["fi"].title)
}

// TestActivationInTheDemo is what the demo's landing page tells a newcomer to do.
func TestActivationInTheDemo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := w.newBrowser().owner(computer()).newTab()
	page.open(w.Service + "/demo/employer")
	page.look("fi/service/employer")
	page.press("Send the invitation")
	page.see("The invitation is on its way.")
	link := w.letterLink("vieno@example.com")
	page.open(w.Mail)
	page.see("Revontuli Oy: aktivoi SmartumPlus-etusi")
	page.open(link)
	page.press(whileActivating["fi"].accept)
	page.press(whileActivating["fi"].open)
	page.throughBank(vieno)
	page.see(whileScanning["fi"].active, "Lounas")
	page.open(w.Service + "/demo/employer")
	page.see("has activated the benefits")
}
