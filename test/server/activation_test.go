package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/domain/employment"
	"avain/internal/domain/hetu"
	"avain/internal/domain/login"
	"avain/internal/testkit/brokersim"
	"avain/internal/testkit/demo"
	"avain/internal/testkit/patience"
	"avain/internal/testkit/robot"
)

// The article's sentence.
const activated = "SmartumPlus työsuhde-edut ovat aktivoituneet ja käytössäsi!"

// employer adds one.
func (r *rig) employer(name string) employment.Employer {
	r.Helper()
	e := employment.Employer{ID: login.NewID(), Name: name, Locale: "fi", CreatedAt: r.clock.now()}
	if err := r.Inside.Store.Employments.AddEmployer(r.Context(), e); err != nil {
		r.Fatal(err)
	}
	return e
}

// invite adds somebody with two benefits and invites them.
func (r *rig) invite(e employment.Employer, email string, changes ...func(*employment.Employment)) (employment.Employment, employment.Invitation) {
	r.Helper()
	m := employment.Employment{
		Employer: e.ID, Email: email, Kind: employment.UserSmartumPlus,
		Benefits: []login.Benefit{{Kind: "lunch", ReleasedAt: r.clock.now()}, {Kind: "culture", ReleasedAt: r.clock.now()}},
	}
	for _, change := range changes {
		change(&m)
	}
	m, i, err := r.Inside.People.Hire(r.Context(), m, hetu.Code{}, true)
	if err != nil {
		r.Fatal(err)
	}
	r.Inside.Jobs.Wake()
	return m, i
}

// letter waits for the n-th letter to an address and gives it with the link in it.
func (r *rig) letter(to string, n int) (demo.Mail, string) {
	r.Helper()
	ctx, cancel := patience.Within(r.Context())
	defer cancel()
	all, err := r.Mailbox.Wait(ctx, to, n)
	if err != nil {
		r.Fatal(err)
	}
	for _, link := range all[n-1].Links {
		if strings.HasPrefix(link, r.Service+"/activate/") {
			return all[n-1], link
		}
	}
	r.Fatalf("no link in the letter: %v", all[n-1].Links)
	return demo.Mail{}, ""
}

// at opens an address.
func (r *rig) at(address string) robot.Page {
	r.Helper()
	page, err := r.browser.Open(r.Context(), address)
	if err != nil {
		r.Fatal(err)
	}
	return page
}

// activate walks from the link to the page after the bank.
func (r *rig) activate(link, user string) robot.Page {
	r.Helper()
	return r.press(r.at(link), "Aktivoi edut", "kuikka", user, "Vahvista")
}

// mustSay checks what a page says, and what it does not say.
func (r *rig) mustSay(page robot.Page, status int, words ...string) {
	r.Helper()
	if page.Status != status {
		r.Errorf("%s: status %d, want %d", page.URL, page.Status, status)
	}
	for _, word := range words {
		unwanted := strings.HasPrefix(word, "!")
		if strings.Contains(page.Body, strings.TrimPrefix(word, "!")) == unwanted {
			r.Errorf("the page says (or does not say) %q:\n%s", word, page.Body)
		}
	}
}

// eventually waits for something that happens beside the requests.
func (r *rig) eventually(what string, happened func() bool) {
	r.Helper()
	patience.Until(r, what, happened)
}

func (r *rig) invitation(id string) employment.Invitation {
	r.Helper()
	i, err := r.Inside.Store.Employments.InvitationByID(r.Context(), id)
	if err != nil {
		r.Fatal(err)
	}
	return i
}

func (r *rig) employment(id string) employment.Employment {
	r.Helper()
	m, err := r.Inside.Store.Employments.EmploymentByID(r.Context(), id)
	if err != nil {
		r.Fatal(err)
	}
	return m
}

// The whole of J1: letter, page, terms, bank, the article's sentence, QR code, app; and
// coming back later.
func TestActivation(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	m, i := r.invite(r.employer("Merituuli Oy"), "vieno@example.com", func(m *employment.Employment) { m.GivenName = "Vieno" })
	letter, link := r.letter("vieno@example.com", 1)
	if !strings.Contains(letter.Subject, "Merituuli Oy") || !strings.Contains(letter.Text, "Vieno") || !strings.Contains(letter.Text, "Lounas") {
		t.Errorf("the letter:\n%s\n%s", letter.Subject, letter.Text)
	}
	r.eventually("the mail is noted as sent", func() bool { return r.invitation(i.ID).Mail == employment.MailSent })

	page := r.at(link)
	r.mustSay(page, http.StatusOK, "Merituuli Oy", "Lounas", "Kulttuuri", "Olet SmartumPlus-käyttäjä", "Aktivoi edut", "2026-01", "https://example.com/kayttoehdot",
		"!Vieno", "!vieno@example.com", "!"+strings.TrimPrefix(link, r.Service))
	page = r.press(page, "Aktivoi edut", "kuikka", "vieno", "Vahvista")
	r.mustSay(page, http.StatusOK, activated, "Merituuli Oy", "Lounas", "Näytä QR-koodi", "App Store", "Hei, Vieno")

	done := r.employment(m.ID)
	if !done.Active() || done.Terms != "2026-01" || done.TermsAt.IsZero() || done.Person == "" || done.Benefits[0].ActivatedAt.IsZero() {
		t.Errorf("the record: %+v", done)
	}
	if i := r.invitation(i.ID); i.UsedAt.IsZero() || !i.RemindAt.IsZero() {
		t.Errorf("the invitation: %+v", i)
	}

	// Later: the link says that it is used, and leads to the page.
	used := r.at(link)
	r.mustSay(used, http.StatusGone, "Kutsu on jo käytetty", `href="/me"`, "Kirjaudu")
	r.app, r.browser = r.phone()
	r.mustSay(r.signIn("vieno"), http.StatusOK, activated, "Merituuli Oy")
	r.showQR()

	// And the app lets the person in.
	l := r.start()
	if _, err := r.app.Finish(t.Context(), l, r.press(r.open(l), "kuikka", "vieno", "Vahvista").App); err != nil {
		t.Error(err)
	}
}

// The language is the person's, else the employer's; a switch goes before both, and
// holds from the letter to the page after the bank.
func TestActivationSpeaksThePersonsLanguage(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.employer("Merituuli Oy")
	r.invite(e, "sv@example.com", func(m *employment.Employment) { m.Locale = "sv" })
	letter, link := r.letter("sv@example.com", 1)
	if !strings.Contains(letter.Text, "Aktivera förmånerna") {
		t.Errorf("the letter:\n%s", letter.Text)
	}
	page := r.at(link)
	r.mustSay(page, http.StatusOK, "Lunch", "Aktivera förmånerna", `<html lang="sv">`)
	page = r.press(page, "Aktivera förmånerna")
	r.mustSay(page, http.StatusOK, `<html lang="sv">`)
	page = r.press(page, "kuikka", "vieno", "Bekräfta")
	r.mustSay(page, http.StatusOK, "SmartumPlus-personalförmånerna är aktiverade och redo att användas!")

	r.invite(e, "en@example.com")
	_, link = r.letter("en@example.com", 1)
	r.app, r.browser = r.phone()
	page = r.at(link + "?lang=en")
	r.mustSay(page, http.StatusOK, "Activate benefits", "Merituuli Oy")
	r.mustSay(r.press(page, "Activate benefits", "kuikka", "noor", "Confirm"), http.StatusOK, "SmartumPlus benefits are now activated and ready for use!")
}

// Without the terms nothing happens, nor with those of another day.
func TestActivationNeedsTheTerms(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	m, _ := r.invite(r.employer("Merituuli Oy"), "vieno@example.com")
	_, link := r.letter("vieno@example.com", 1)
	for _, terms := range []url.Values{{"terms": nil}, {"terms": {"2025-01"}}, {"terms": {""}}} {
		page, err := r.browser.Press(t.Context(), r.at(link), "Aktivoi edut", terms)
		if err != nil {
			t.Fatal(err)
		}
		r.mustSay(page, http.StatusUnprocessableEntity, "Hyväksy ensin käyttöehdot", "Merituuli Oy", "Aktivoi edut")
	}
	if r.employment(m.ID).Active() {
		t.Error("activated without the terms")
	}
	r.mustSay(r.activate(link, "vieno"), http.StatusOK, activated)
}

// A browser that has lost its cookie is told, on the page that it came from, and may
// press again.
func TestActivationWithoutCookies(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	m, _ := r.invite(r.employer("Merituuli Oy"), "vieno@example.com")
	_, link := r.letter("vieno@example.com", 1)
	page, err := r.browser.Submit(t.Context(), link, url.Values{"terms": {"2026-01"}})
	if err != nil {
		t.Fatal(err)
	}
	r.mustSay(page, http.StatusUnprocessableEntity, "evästeet", "Merituuli Oy", "Aktivoi edut")
	r.mustSay(r.press(page, "Aktivoi edut", "kuikka", "vieno", "Vahvista"), http.StatusOK, activated)
	if !r.employment(m.ID).Active() {
		t.Error("not activated")
	}
}

// Where the operator has no terms, there is nothing to tick.
func TestActivationWithoutTerms(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *config.Config) { c.Invitations.Terms = config.Terms{} })
	m, _ := r.invite(r.employer("Merituuli Oy"), "vieno@example.com", func(m *employment.Employment) { m.Kind = employment.UserSmartum })
	_, link := r.letter("vieno@example.com", 1)
	r.mustSay(r.at(link), http.StatusOK, "!käyttöehdot", "Olet Smartum-käyttäjä")
	r.mustSay(r.activate(link, "vieno"), http.StatusOK, "Smartum-etusi ovat aktivoituneet ja käytössäsi!", "!"+activated, "Lounas")
	if m := r.employment(m.ID); !m.Active() || m.Terms != "" {
		t.Errorf("%+v", m)
	}
}

// A link dies when the next one is sent, with time, and with the employment; each death
// has its own page, on which nobody can activate.
func TestActivationTooLate(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.employer("Merituuli Oy")
	m, _ := r.invite(e, "wrong@example.com")
	_, old := r.letter("wrong@example.com", 1)
	oldPage := r.at(old)
	m.Email = "vieno@example.com"
	if err := r.Inside.Store.Employments.ChangeEmployment(t.Context(), m, r.clock.now()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Inside.People.Invite(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	r.Inside.Jobs.Wake()
	_, link := r.letter("vieno@example.com", 1)
	revoked := []string{"Kutsu ei ole enää voimassa", `href="/me"`, "!<form"}
	r.mustSay(r.at(old), http.StatusGone, revoked...)
	r.mustSay(r.press(oldPage, "Aktivoi edut"), http.StatusGone, revoked...)

	r.clock.pass(30*24*time.Hour - time.Minute)
	page := r.at(link)
	r.mustSay(page, http.StatusOK, "Aktivoi edut")
	atBank := r.press(page, "Aktivoi edut", "kuikka", "vieno")
	r.clock.pass(time.Minute)
	expired := []string{"Kutsu on vanhentunut", `href="/me"`, "!<form"}
	r.mustSay(r.at(link), http.StatusGone, expired...)
	r.mustSay(r.press(page, "Aktivoi edut"), http.StatusGone, expired...)
	r.mustTell(r.press(atBank, "Vahvista"), "Kutsu on vanhentunut") // while the person was at the bank
	if r.employment(m.ID).Active() {
		t.Error("activated too late")
	}

	gone, _ := r.invite(e, "gone@example.com")
	_, link = r.letter("gone@example.com", 1)
	_, r.browser = r.phone() // the first one has been told, and was sent home
	atBank = r.press(r.at(link), "Aktivoi edut", "kuikka", "vieno")
	if err := r.Inside.Store.Employments.EndEmployment(t.Context(), e.ID, gone.ID, r.clock.now()); err != nil {
		t.Fatal(err)
	}
	r.mustSay(r.at(link), http.StatusGone, revoked...)
	after := r.press(atBank, "Vahvista") // it ended while the person was at the bank
	r.mustTell(after, "Kutsu ei ole enää voimassa")
	r.mustSay(r.at(r.Service+"/me"), http.StatusOK, "!aktivoituneet")
}

// Benefits that are not ready: a page that waits, and lets the person on when they are.
func TestActivationWaitsForTheEmployer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	m, _ := r.invite(r.employer("Merituuli Oy"), "vieno@example.com", func(m *employment.Employment) {
		m.Benefits = []login.Benefit{{Kind: "lunch"}}
	})
	_, link := r.letter("vieno@example.com", 1)
	page := r.at(link)
	r.mustSay(page, http.StatusOK, "Työnantajasi ei ole vielä valmis", "Merituuli Oy", "!<form")
	if refresh := page.Header.Get("Refresh"); refresh != "60" {
		t.Errorf("Refresh: %q", refresh)
	}
	answer, err := r.browser.Submit(t.Context(), link, url.Values{"terms": {"2026-01"}})
	if err != nil {
		t.Fatal(err)
	}
	r.mustSay(answer, http.StatusOK, "Työnantajasi ei ole vielä valmis")
	m.Benefits[0].ReleasedAt = r.clock.now()
	if err := r.Inside.Store.Employments.ChangeEmployment(t.Context(), m, r.clock.now()); err != nil {
		t.Fatal(err)
	}
	r.mustSay(r.activate(link, "vieno"), http.StatusOK, activated)

	// Taken back later, the page says so and waits.
	m.Benefits[0].ReleasedAt = time.Time{}
	if err := r.Inside.Store.Employments.ChangeEmployment(t.Context(), m, r.clock.now()); err != nil {
		t.Fatal(err)
	}
	page = r.at(r.Service + "/me")
	r.mustSay(page, http.StatusOK, "Työnantajasi ei ole vielä valmis", "Merituuli Oy", "!"+activated)
	if page.Header.Get("Refresh") == "" {
		t.Error("the page does not load itself again")
	}
}

// The same human comes twice at once, with a double click and in two tabs; and two
// browsers race for one invitation: one human gets it, once.
func TestActivationRaces(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.employer("Merituuli Oy")
	m, _ := r.invite(e, "vieno@example.com")
	_, link := r.letter("vieno@example.com", 1)
	page := r.at(link)
	first, second := r.press(page, "Aktivoi edut", "kuikka", "vieno"), r.press(page, "Aktivoi edut", "kuikka", "vieno")
	r.mustSay(r.press(first, "Vahvista"), http.StatusOK, activated)
	r.mustSay(r.press(second, "Vahvista"), http.StatusOK, activated)
	at := r.employment(m.ID).ActivatedAt

	_, browserA := r.phone()
	_, browserB := r.phone()
	raced, _ := r.invite(e, "shared@example.com")
	_, link = r.letter("shared@example.com", 1)
	ends := make(chan robot.Page, 2)
	var all sync.WaitGroup
	ready := map[*robot.Browser]robot.Page{} // both are at the bank before one of them goes on
	for browser, user := range map[*robot.Browser]string{browserA: "matti", browserB: "maija"} {
		r.browser = browser
		ready[browser] = r.press(r.at(link), "Aktivoi edut", "kuikka", user)
	}
	for browser, at := range ready {
		all.Go(func() {
			end, err := browser.Press(t.Context(), at, "Vahvista", nil)
			if err != nil {
				t.Error(err)
			}
			ends <- end
		})
	}
	all.Wait()
	winners := 0
	for range 2 {
		end := <-ends
		if strings.Contains(end.Body, activated) {
			winners++
		} else {
			r.mustTell(end, "Kutsu kuuluu toiselle henkilölle")
		}
	}
	if winners != 1 || !r.employment(raced.ID).Active() {
		t.Errorf("%d winners", winners)
	}
	if again := r.employment(m.ID).ActivatedAt; !again.Equal(at) {
		t.Errorf("activated at %v and again at %v", at, again)
	}
}

// Somebody with benefits from another employer keeps them, under one account, whoever
// the browser is signed in as.
func TestActivationOfSomebodyWhoHasBenefits(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.mustSay(r.signIn("matti"), http.StatusOK, activated) // somebody else uses this computer
	before := r.person("aino")
	m, _ := r.invite(r.employer("Merituuli Oy"), "aino@example.com")
	_, link := r.letter("aino@example.com", 1)
	page := r.activate(link, "aino")
	r.mustSay(page, http.StatusOK, activated, "Merituuli Oy", before.Benefits[0].Employer, "Hei, Aino")
	after := r.person("aino")
	if after.ID != before.ID || after.Subject != before.Subject || len(after.Benefits) != len(before.Benefits)+2 || r.employment(m.ID).Person != before.ID {
		t.Errorf("before %+v\nafter %+v", before, after)
	}

	// A record that stood alone, with an older account, is joined: nothing is lost.
	alone := login.Person{ID: login.NewID(), Subject: login.NewID(), Name: "A. V.", Locale: "fi", CreatedAt: r.clock.now()}
	if err := r.Inside.Store.People.AddPerson(t.Context(), alone, nil, nil); err != nil {
		t.Fatal(err)
	}
	r.invite(r.employer("Pohjoistuuli Oy"), "old@example.com", func(m *employment.Employment) { m.Person = alone.ID })
	_, link = r.letter("old@example.com", 1)
	r.mustSay(r.activate(link, "aino"), http.StatusOK, activated, "Merituuli Oy", "Pohjoistuuli Oy", before.Benefits[0].Employer)
	if joined, err := r.Inside.Store.People.PersonByID(t.Context(), alone.ID); err != nil || joined.ID != before.ID || joined.Subject != alone.Subject {
		t.Errorf("%+v, %v", joined, err)
	}
}

// An employer who knows the identity code means one human and no other; that one is told
// what to do when they try to log in first.
func TestActivationByIdentityCode(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var code hetu.Code
	for _, p := range brokersim.People() {
		if p.UserID == "vieno" {
			code = p.HETU
		}
	}
	m := employment.Employment{
		Employer: r.employer("Merituuli Oy").ID, Email: "vieno@example.com", Kind: employment.UserSmartumPlus,
		Benefits: []login.Benefit{{Kind: "lunch", ReleasedAt: r.clock.now()}},
	}
	m, _, err := r.Inside.People.Hire(t.Context(), m, code, true)
	if err != nil {
		t.Fatal(err)
	}
	r.mustTell(r.signIn("vieno"), "Aktivoi ensin etusi")
	_, link := r.letter("vieno@example.com", 1)
	r.mustTell(r.activate(link, "matti"), "Kutsu kuuluu toiselle henkilölle")
	if r.employment(m.ID).Active() || !r.invitation(mustInvitation(r, m)).UsedAt.IsZero() {
		t.Error("somebody else has used it")
	}
	r.mustSay(r.activate(link, "vieno"), http.StatusOK, activated)
}

func mustInvitation(r *rig, m employment.Employment) string {
	r.Helper()
	all, err := r.Inside.Store.Employments.InvitationsOf(r.Context(), m.ID)
	if err != nil || len(all) == 0 {
		r.Fatalf("%v, %v", all, err)
	}
	return all[0].ID
}
