package browser_test

import (
	"testing"

	"avain/internal/testkit/demo"
	"avain/internal/testkit/patience"
)

// passwordWords are what a person with Smartum credentials goes by.
type passwordWords struct {
	open, name, password, send string // in the app
	wrong, plus, goOn          string
}

var whileTyping = map[string]passwordWords{
	"fi": {
		"Kirjaudu Smartum-tunnuksilla", "Käyttäjätunnus tai sähköposti", "Salasana", "Kirjaudu", "Käyttäjätunnus tai salasana on väärin",
		"SmartumPlus-käyttäjät eivät voi kirjautua Smartum-tunnuksilla.", "Jatka verkkopankilla tai Mobiilivarmenteella",
	},
	"sv": {
		"Logga in med Smartum-uppgifter", "Användarnamn eller e-post", "Lösenord", "Logga in", "Användarnamnet eller lösenordet är fel",
		"SmartumPlus-användare kan inte logga in med Smartum-uppgifter.", "Fortsätt med bank eller Mobilcertifikat",
	},
	"en": {
		"Log in with Smartum credentials", "User name or e-mail", "Password", "Log in", "The user name or the password is wrong",
		"SmartumPlus users can't log in with Smartum credentials.", "Continue with bank or Mobile Certificate",
	},
}

// typePassword fills the app's screen and sends it.
func (b *tab) typePassword(name, password string) {
	b.Helper()
	b.write("username", name)
	b.write("password", password)
	b.pressID("password-send")
}

// write replaces what stands in a field.
func (b *tab) write(id, text string) {
	b.Helper()
	b.pressID(id)
	b.must(second(evaluate[bool](b, `(document.activeElement.select?.(), true)`)))
	b.key(text)
}

// TestPasswordInEachLanguage logs in with Smartum credentials, wrongly and rightly, and
// takes a SmartumPlus user on to the bank.
func TestPasswordInEachLanguage(t *testing.T) {
	t.Parallel()
	for language, say := range whileTyping {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			w, somebody := newPhone(t)
			app := somebody.newTab()
			app.complaints.expect("status of 403")
			app.open(w.App)
			app.choose(language)
			app.press(say.open)
			app.see(say.name, say.password)
			if language == "fi" {
				app.look("app/password")
			}
			app.typePassword("eero", demo.Password)
			app.see(say.plus)
			if language == "fi" {
				app.look("app/password-strong")
			}
			app.press(say.goOn)
			app.at(w.Service + "/login/")
			app.seeLanguage(language)
			app.press("Kuikka Pankki")
			app.press("Eero Mäkelä")
			app.press(inLanguage[language].confirm)
			app.mustBeHome("Eero")
			app.logOut()
			app.open(w.App)

			app.press(say.open)
			app.typePassword("hilma", "ei tämä ole oikea")
			app.see(say.wrong)
			app.seeID("support-code")
			app.typePassword(" Hilma@example.com ", demo.Password)
			app.mustBeHome("Hilma")
			if n, m := w.sessions("hilma"), w.sessions("eero"); n != 1 || m != 0 {
				t.Errorf("%d and %d sessions", n, m)
			}
		})
	}
}

// TestForgottenPassword goes from the app to the mailbox and back.
func TestForgottenPassword(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	app := somebody.newTab()
	app.open(w.App)
	app.choose("fi")
	app.pressID("use-password")
	page := app.pressOut("Unohditko salasanan?")
	page.at(w.Service + "/password/forgot")
	page.look("service/password-forgot")
	page.fill("Käyttäjätunnus tai sähköposti", "hilma")
	page.press("Lähetä linkki")
	page.see("Katso sähköpostisi")

	ctx, cancel := patience.Within(t.Context())
	defer cancel()
	letters, err := w.Mailbox.Wait(ctx, "hilma@example.com", 1)
	if err != nil {
		t.Fatal(err)
	}
	page.open(w.Mail)
	page.press(letters[0].Subject)
	page.open(letters[0].Links[0])
	page.at(w.Service + "/password/new/")
	page.look("service/password-new")
	page.complaints.expect("status of 422")
	page.fill("Uusi salasana", "hilmahilmahilma")
	page.press("Tallenna salasana")
	page.see("Salasana on liian helppo arvata")
	page.fill("Uusi salasana", "kuusi kettua koivussa")
	page.press("Tallenna salasana")
	page.see("Uusi salasana on käytössä")

	page.complaints.expect("status of 410")
	page.open(letters[0].Links[0])
	page.see("Linkki ei ole enää voimassa")
	page.press("Tilaa uusi linkki")
	page.at(w.Service + "/password/forgot")

	app.front()
	app.typePassword("hilma", "kuusi kettua koivussa")
	app.mustBeHome("Hilma")
}
