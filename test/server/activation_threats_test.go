package server_test

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"avain/internal/domain/employment"
	"avain/internal/domain/login"
	"avain/internal/testkit/demo"
)

func (r *rig) formRequest(path string, form url.Values, header http.Header) *http.Request {
	r.Helper()
	request, err := http.NewRequestWithContext(r.Context(), http.MethodPost, r.Service+path, strings.NewReader(form.Encode()))
	if err != nil {
		r.Fatal(err)
	}
	request.Header = header
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return request
}

// A forwarded letter: the first human who proves who they are has the benefits, and the
// second one is told so and gets nothing; nobody is let in by the ticket or the address.
func TestThreat09FirstHumanKeepsTheBenefits(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	m, _ := r.invite(r.employer("Merituuli Oy"), "vieno@example.com")
	_, link := r.letter("vieno@example.com", 1)
	late := r.press(r.at(link), "Aktivoi edut", "kuikka", "maija") // another human, who is slower
	first := r.browser

	r.app, r.browser = r.phone()
	r.mustSay(r.activate(link, "vieno"), http.StatusOK, activated)
	owner := r.employment(m.ID)

	r.browser = first
	refused := r.press(late, "Vahvista")
	r.mustTell(refused, "Kutsu kuuluu toiselle henkilölle")
	r.mustSay(refused, refused.Status, "!aktivoituneet", "!Vieno", "!Hautala", "Kirjaudu")
	r.mustSay(r.at(r.Service+"/me"), http.StatusOK, "!aktivoituneet")
	r.mustSay(r.at(link), http.StatusGone, "Kutsu on jo käytetty", "!Vieno", "!Lounas")
	if after := r.employment(m.ID); after.Person != owner.Person || !after.ActivatedAt.Equal(owner.ActivatedAt) {
		t.Errorf("before %+v\nafter %+v", owner, after)
	}
	if maija := r.person("maija"); len(maija.Benefits) != 3 {
		t.Errorf("the second human has %v", maija.Benefits)
	}
	a, b := r.person("vieno"), r.person("maija")
	if a.ID == b.ID {
		t.Error("two humans are one person")
	}

	// The right one may come as often as they like.
	r.app, r.browser = r.phone()
	r.mustSay(r.signIn("vieno"), http.StatusOK, activated, "Merituuli Oy")
}

// Mail scanners open every link, follow what they find, and look again: the human still
// succeeds.
func TestThreat20MailScannersUseNothingUp(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	m, i := r.invite(r.employer("Merituuli Oy"), "vieno@example.com")
	letter, link := r.letter("vieno@example.com", 1)
	before, used := r.employment(m.ID), r.invitation(i.ID)
	_, scanner := r.phone()
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions} {
		for _, address := range append(letter.Links, link+"?lang=sv", link+"?x=1", link+"/", strings.ToUpper(link[len(r.Service):])) {
			if !strings.HasPrefix(address, "http") {
				address = r.Service + address
			}
			request, err := http.NewRequestWithContext(t.Context(), method, address, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("User-Agent", "Barracuda Sentinel (EE)")
			answer, err := scanner.HTTP.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			if policy := answer.Header.Get("Referrer-Policy"); policy != "same-origin" && policy != "no-referrer" {
				t.Errorf("%s %s: Referrer-Policy %q", method, address, policy)
			}
			if err := answer.Body.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	// Those that press buttons in a sandbox, without what browsers send along or from a
	// page of their own, get no further than the choice of a bank.
	for _, header := range []http.Header{{}, {"Sec-Fetch-Site": {"cross-site"}}, {"Origin": {"https://scanner.example"}}} {
		status, _, headers := r.send(http.MethodPost, strings.TrimPrefix(link, r.Service), url.Values{"terms": {"2026-01"}}, header)
		if status == http.StatusSeeOther && !strings.HasPrefix(headers.Get("Location"), "/login/") {
			t.Errorf("%v: sent to %s", header, headers.Get("Location"))
		}
	}
	if after := r.invitation(i.ID); !after.UsedAt.Equal(used.UsedAt) || after.Mail != used.Mail && after.Mail != employment.MailSent {
		t.Errorf("before %+v\nafter %+v", used, after)
	}
	if after := r.employment(m.ID); !after.UpdatedAt.Equal(before.UpdatedAt) || after.Active() {
		t.Errorf("before %+v\nafter %+v", before, after)
	}
	r.mustSay(r.activate(link, "vieno"), http.StatusOK, activated)
}

// Every ticket that is none gets one answer, however near it comes (threats 26 and 28).
func TestThreat28TruncatedTicketsAreUnknown(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, i := r.invite(r.employer("Merituuli Oy"), "vieno@example.com")
	_, link := r.letter("vieno@example.com", 1)
	ticket := strings.TrimPrefix(link, r.Service+"/activate/")
	tries := []string{ticket + "A", ticket + "%00", "x" + ticket, strings.ToLower(ticket), i.ID, login.NewID(), "%F0%9F%94%91", strings.Repeat("a", 4000)}
	for n := 1; n < len(ticket); n++ {
		flipped := []byte(ticket)
		flipped[n] ^= 1
		tries = append(tries, ticket[:n], url.PathEscape(string(flipped)))
	}
	for _, try := range tries {
		page := r.at(r.Service + "/activate/" + try)
		if page.Status != http.StatusNotFound || !strings.Contains(page.Body, "Kutsua ei löydy") || strings.Contains(page.Body, "Merituuli") {
			t.Fatalf("%s: %d\n%s", try, page.Status, page.Body)
		}
		if strings.Contains(page.Body, try) && len(try) > 10 {
			t.Errorf("the page repeats %s", try)
		}
	}
	r.mustSay(r.activate(link, "vieno"), http.StatusOK, activated)
}

// The ticket is where it has to be, in the letter and in the address, and nowhere else:
// not in the database, the log, the metrics, or on a page, whatever happens to it.
func TestThreat32TicketsAreNowhere(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.employer("Merituuli Oy")
	m, i := r.invite(e, "vieno@example.com")
	_, link := r.letter("vieno@example.com", 1)
	ticket := strings.TrimPrefix(link, r.Service+"/activate/")
	var pages bytes.Buffer
	note := func(body string) { pages.WriteString(body) }
	var referrers []string
	r.browser.Visit = func(address string) { referrers = append(referrers, address) }
	page := r.at(link)
	note(page.Body)
	note(r.press(page, "Aktivoi edut").Body)
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodHead} {
		_, body, _ := r.send(method, "/activate/"+ticket, nil, nil)
		note(body)
	}
	_, body, _ := r.send(http.MethodPost, "/activate/"+ticket, url.Values{"terms": {"a", "b"}}, http.Header{"Accept": {"text/html"}})
	note(body)
	_, body, _ = r.send(http.MethodPost, "/activate/"+ticket, url.Values{"terms": {"2026-01"}}, http.Header{"Sec-Fetch-Site": {"cross-site"}, "Accept": {"text/html"}})
	note(body)
	note(r.activate(link, "vieno").Body)
	note(r.at(link).Body)
	if _, _, err := r.Inside.People.Invite(t.Context(), m); err == nil {
		t.Error("somebody who has activated was invited again")
	}
	// One that cannot be sent, and one whose sending fails.
	_, refused := r.invite(e, "refused@example.com")
	_, delayed := r.invite(e, "greylist@example.com")
	r.eventually("the mail fails", func() bool {
		return r.invitation(refused.ID).Mail == employment.MailRefused && r.invitation(delayed.ID).MailDetail != ""
	})
	// A database that is gone while the page is asked for.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Inside.Store.Employments.InvitationByID(ctx, i.ID); err == nil {
		t.Error("a cancelled question was answered")
	}
	places := r.places()
	places["pages"] = pages.String()
	for _, invitation := range []string{i.ID, refused.ID, delayed.ID} {
		secret := r.Inside.People.Ticket(invitation).Reveal()
		for where, content := range places {
			if strings.Contains(content, secret) {
				t.Errorf("%s holds a ticket", where)
			}
		}
	}
	if len(ticket) < 43 {
		t.Errorf("a ticket of %d characters", len(ticket))
	}
	for _, address := range referrers {
		if strings.Contains(address, ticket) && !strings.HasPrefix(address, link) {
			t.Errorf("the ticket travels in %s", address)
		}
	}
	// Nor does the log know anybody's address or name.
	for _, word := range []string{"vieno@", "refused@", "Vieno", "Hautala", "Merituuli"} {
		if strings.Contains(places["log"]+places["metrics"], word) {
			t.Errorf("the log or the metrics say %q", word)
		}
	}
}

// Somebody who knows a person's password waits until she becomes a SmartumPlus user
// (pre-hijacking). With that moment everything that the password has begun is over: the
// app, the browser, a phone that a QR code has let in, and a login whose code was not
// redeemed yet. Apps and pages say why, and the bank leads on. What the bank has begun
// stays.
func TestThreat42PasswordSessionsEndWithTheUpgrade(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.start()
	byBank, err := r.app.Finish(t.Context(), l, r.press(r.open(l), "kuikka", "hilma", "Vahvista").App)
	if err != nil {
		t.Fatal(err)
	}
	bankApp := r.app

	r.app, r.browser = r.phone()
	stolen := r.withPassword("hilma", demo.Password)
	r.mustSay(r.onWeb("hilma", demo.Password), http.StatusOK, "Hei, Hilma")
	thief, thiefBrowser := r.app, r.browser
	r.app, _ = r.phone()
	pending, code, refused := r.knock("hilma", demo.Password)
	if code == "" {
		t.Fatal(refused.Error())
	}
	waiting := r.app

	r.app, r.browser = r.phone()
	r.invite(r.employer("Merituuli Oy"), "hilma.uusi@example.com")
	_, link := r.letter("hilma.uusi@example.com", 1)
	r.mustSay(r.activate(link, "hilma"), http.StatusOK, activated)

	if _, err := thief.UserInfo(t.Context(), stolen.AccessToken); err == nil {
		t.Error("the access token shows the new benefits")
	}
	if _, err := thief.Refresh(t.Context(), stolen.RefreshToken); reason(err) != login.ReasonStrongRequired || refusal(err).Code != "invalid_grant" || refusal(err).SupportCode == "" {
		t.Errorf("refresh: %v", err)
	}
	if _, err := waiting.Redeem(t.Context(), pending, code); reason(err) != login.ReasonStrongRequired {
		t.Errorf("a code from before: %v", err)
	}
	r.browser = thiefBrowser
	r.mustSay(r.at(r.Service+"/me"), http.StatusOK, "SmartumPlus-käyttäjät eivät voi kirjautua Smartum-tunnuksilla.", "!Hei, Hilma", "!Merituuli")
	r.mustSay(r.signIn("hilma"), http.StatusOK, "Merituuli Oy")

	if _, err := bankApp.Refresh(t.Context(), byBank.RefreshToken); err != nil {
		t.Errorf("what the bank has begun: %v", err)
	}
}
