package server_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/domain/employment"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/staff"
	"avain/internal/platform/audit"
	"avain/internal/testkit/demo"
	"avain/internal/testkit/patience"
	"avain/internal/testkit/robot"
)

const wrongPassword = "väärä-salasana-canary"

// knock tries a password in the app.
func (r *rig) knock(name, password string) (robot.Login, string, robot.Refusal) {
	r.Helper()
	l, code, err := r.app.Password(r.Context(), name, password, nil)
	if err == nil {
		return l, code, robot.Refusal{}
	}
	return l, code, refusal(err)
}

// withPassword logs in.
func (r *rig) withPassword(name, password string) robot.Tokens {
	r.Helper()
	l, code, refused := r.knock(name, password)
	if code == "" {
		r.Fatal(refused.Error())
	}
	tokens, err := r.app.Redeem(r.Context(), l, code)
	if err != nil {
		r.Fatal(err)
	}
	return tokens
}

// fill opens the first form of a page with a button and sends it with the fields.
func (r *rig) fill(page robot.Page, button string, fields url.Values) robot.Page {
	r.Helper()
	page, err := r.browser.Press(r.Context(), page, button, fields)
	if err != nil {
		r.Fatal(err)
	}
	return page
}

// onWeb signs in with a password on our own pages.
func (r *rig) onWeb(name, password string) robot.Page {
	r.Helper()
	return r.fill(r.at(r.Service+"/me/password"), "Kirjaudu", url.Values{"username": {name}, "password": {password}})
}

func TestPasswordInTheApp(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, name := range []string{"hilma", " Hilma@Example.com ", "HILMA"} {
		tokens := r.withPassword(name, demo.Password)
		claims, err := r.app.UserInfo(t.Context(), tokens.AccessToken)
		if err != nil || claims["name"] != "Hilma Aalto" || claims["benefits"] == nil {
			t.Fatalf("%q: %v, %v", name, claims, err)
		}
		if id := claimsOf(t, tokens.IDToken); id["acr"] != nil || !strings.Contains(strings.Join(texts(id["amr"]), " "), "pwd") {
			t.Errorf("acr %v, amr %v: a password is not strong", id["acr"], id["amr"])
		}
		if _, err := r.app.Refresh(t.Context(), tokens.RefreshToken); err != nil {
			t.Error(err)
		}
	}
	// The sample hash is weak, and without the key that is outside the database: the
	// first login has replaced it.
	c, err := r.Inside.Store.People.CredentialByName(t.Context(), "hilma")
	if err != nil || !strings.Contains(c.Hash, "m=19456,t=2,p=1,keyid=") {
		t.Errorf("the hash is %q, %v", c.Hash, err)
	}
	// With a bank she is the same person.
	l := r.start()
	page := r.press(r.open(l), "kuikka", "hilma", "Vahvista")
	tokens, err := r.app.Finish(t.Context(), l, page.App)
	if err != nil {
		t.Fatal(err)
	}
	if claims, err := r.app.UserInfo(t.Context(), tokens.AccessToken); err != nil || claims["sub"] != r.person("hilma").Subject {
		t.Errorf("%v, %v", claims, err)
	}
}

func texts(list any) []string {
	var all []string
	values, _ := list.([]any)
	for _, v := range values {
		s, _ := v.(string)
		all = append(all, s)
	}
	return all
}

// A user name that nobody has and a wrong password get the same answer, in the app and
// on the web, and the same line in what support sees.
func TestUnknownUserAndWrongPasswordAreTheSame(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, _, wrong := r.knock("hilma", wrongPassword)
	_, _, unknown := r.knock("nobody", wrongPassword)
	_, _, plus := r.knock("eero", wrongPassword) // that he needs more is told to nobody else
	for who, got := range map[string]robot.Refusal{"nobody": unknown, "eero": plus} {
		if got.Status != http.StatusForbidden || got.Code != "insufficient_authorization" || got.Reason != "password_wrong" || got.RequestURI != "" || got.AuthSession != "" ||
			got.Description != wrong.Description || got.Status != wrong.Status || got.Code != wrong.Code || got.Reason != wrong.Reason || len(got.Header) != len(wrong.Header) {
			t.Errorf("%s: %+v, hilma: %+v", who, got, wrong)
		}
		a := r.attempt(got.SupportCode)
		if a.State != login.StateFailed || a.Reason != login.ReasonPasswordWrong || a.Person != "" || a.Method != login.MethodCredentials {
			t.Errorf("support sees %+v", a)
		}
	}
	web := map[string]string{}
	for _, name := range []string{"hilma", "nobody", "eero"} {
		page := r.onWeb(name, wrongPassword)
		r.mustTell(page, "väärin")
		if page.Status != http.StatusForbidden || strings.Contains(page.Body, wrongPassword) {
			t.Errorf("%s: %d %s", name, page.Status, page.Body)
		}
		body := strings.ReplaceAll(page.Body, `value="`+name+`"`, "")
		web[name] = supportCode.ReplaceAllString(body, "")
	}
	if web["nobody"] != web["hilma"] || web["eero"] != web["hilma"] {
		t.Errorf("the pages differ:\n%s\n%s\n%s", web["hilma"], web["nobody"], web["eero"])
	}
	if n := r.sessions(); n != 0 {
		t.Errorf("%d sessions", n)
	}
}

// The old password of a SmartumPlus person is not enough: the answer has the article's
// sentence as its reason, and a login that goes on in the browser, on the same phone.
func TestSmartumPlusGoesOnWithTheBank(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l, code, refused := r.knock("eero", demo.Password)
	if code != "" || refused.Status != http.StatusForbidden || refused.Reason != "strong_authentication_required" || refused.RequestURI == "" || refused.ExpiresIn < 60 {
		t.Fatalf("%q, %+v", code, refused)
	}
	l = r.app.GoOn(l, refused)
	page := r.press(r.open(l), "kuikka", "eero", "Vahvista")
	tokens, err := r.app.Finish(t.Context(), l, page.App)
	if err != nil {
		t.Fatal(err)
	}
	if claims, err := r.app.UserInfo(t.Context(), tokens.AccessToken); err != nil || claims["sub"] != r.person("eero").Subject {
		t.Errorf("%v, %v", claims, err)
	}
	if a := r.attempt(l.SupportCode); a.Method != login.MethodDirect || a.State != login.StateRedeemed {
		t.Errorf("%+v", a)
	}

	r.app, r.browser = r.phone()
	r.mustTell(r.onWeb("eero", demo.Password), "SmartumPlus-käyttäjät eivät voi kirjautua Smartum-tunnuksilla.")
	for language, sentence := range map[string]string{
		"sv": "SmartumPlus-användare kan inte logga in med Smartum-uppgifter.", "en": "SmartumPlus users can't log in with Smartum credentials.",
	} {
		r.at(r.Service + "/me/password?lang=" + language)
		page, err := r.browser.Submit(t.Context(), r.Service+"/me/password?lang="+language, url.Values{"username": {"eero"}, "password": {demo.Password}})
		if err != nil {
			t.Fatal(err)
		}
		r.mustTell(page, strings.ReplaceAll(sentence, "'", "&#39;"))
	}
}

func TestPasswordOnTheWeb(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	page := r.at(r.Service + "/me")
	if !strings.Contains(page.Body, `href="/me/password"`) {
		t.Error("no way to the password")
	}
	page = r.onWeb("hilma@example.com", demo.Password)
	if page.Status != http.StatusOK || !strings.HasPrefix(page.URL, r.Service+"/me") || !strings.Contains(page.Body, "Hei, Hilma") || strings.Contains(page.Body, activated) {
		t.Fatalf("%d %s: %s", page.Status, page.URL, page.Body)
	}
	// A browser without cookies is told so before anything is looked at.
	_, r.browser = r.phone()
	page, err := r.browser.Submit(t.Context(), r.Service+"/me/password", url.Values{"username": {"hilma"}, "password": {demo.Password}})
	if err != nil {
		t.Fatal(err)
	}
	r.mustTell(page, "eväste")
	// The code of another browser's sign-in is worth nothing here (threat 15).
	if n := r.sessions(); n != 1 {
		t.Errorf("%d sessions", n)
	}
}

// Guessing empties the budget of the user name, and of nothing else: the person gets in
// with a bank, others get in with their passwords, and later the password works again.
func TestGuessingPausesTheUserNameOnly(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, name := range []string{"hilma", "nobody"} {
		r.app, _ = r.phone() // a phone has a limit of its own
		var last robot.Refusal
		tries := 0
		for ; tries < 12; tries++ {
			if _, _, last = r.knock(name, wrongPassword); last.Status == http.StatusTooManyRequests {
				break
			}
		}
		wait, err := strconv.Atoi(last.Header.Get("Retry-After"))
		if tries != 10 || err != nil || wait < 1 || wait > 90*60 || last.Reason != "rate_limited" {
			t.Fatalf("%s: after %d tries %+v", name, tries, last)
		}
	}
	if _, code, refused := r.knock("hilma", demo.Password); code != "" || refused.Status != http.StatusTooManyRequests {
		t.Errorf("the right password gets in between the guesses: %+v", refused)
	}
	page := r.onWeb("hilma", demo.Password)
	r.mustTell(page)
	if page.Status != http.StatusTooManyRequests || page.Header.Get("Retry-After") == "" {
		t.Errorf("on the web: %d", page.Status)
	}
	l := r.start()
	if page := r.press(r.open(l), "kuikka", "hilma", "Vahvista"); page.App == "" {
		t.Errorf("the bank does not let her in: %s", page.Body)
	}
	if _, _, refused := r.knock("eero", demo.Password); refused.Reason != "strong_authentication_required" {
		t.Errorf("another user name: %+v", refused)
	}
	r.clock.pass(90*time.Minute + time.Second)
	r.withPassword("hilma", demo.Password)
}

// Support sees on a person's page that their password is typed wrongly: how often on which
// day, from how many networks, and whether where the person has been before. The person
// finds it in their data. What was tried with names that nobody has is counted for nobody.
func TestThreat38SupportSeesWrongPasswords(t *testing.T) {
	t.Parallel()
	r := newRig(t, onNetworks)
	zone, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().In(zone)
	today := time.Date(now.Year(), now.Month(), now.Day()+1, 12, 0, 0, 0, zone) // far from midnight
	r.clock.pass(time.Until(today))
	elsewhere := func(n int) {
		r.app, r.browser = r.phone()
		at := from{"192.0.2." + strconv.Itoa(n), r.app.HTTP.Transport}
		r.app.HTTP.Transport, r.browser.HTTP.Transport = at, at
	}
	hilma, a := r.person("hilma"), r.agent(staff.RoleAgent)
	page := func() string {
		t.Helper()
		if err := r.Inside.WrongTries.Flush(t.Context(), r.Inside.Store.People); err != nil {
			t.Fatal(err)
		}
		got := a.get("/console/people/" + hilma.ID + "?lang=en")
		if got.Status != http.StatusOK {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		return got.Body
	}
	if body := page(); !strings.Contains(body, "No wrong passwords lately.") {
		t.Error(body)
	}
	elsewhere(1)
	r.withPassword("hilma", demo.Password)
	r.knock("hilma", wrongPassword) // the app, that she has used
	elsewhere(2)
	r.onWeb("hilma", wrongPassword)
	for range 3 {
		r.knock("hilma@example.com", wrongPassword)
		r.knock("nobody", wrongPassword)
	}
	for _, words := range []string{
		today.Format("2.1.2006"), "5 wrong passwords", "from 2 networks", "1 of them from a device or network where the person has logged in before",
	} {
		if body := page(); !strings.Contains(body, words) {
			t.Errorf("%q is not in %s", words, body)
		}
	}
	kept, err := r.Inside.Privacy.Export(t.Context(), audit.System, hilma.ID)
	if err != nil {
		t.Fatal(err)
	}
	data, err := kept.Bytes()
	if err != nil || !strings.Contains(string(data), `"day": "`+today.Format(time.DateOnly)+`"`) || strings.Contains(string(data), "192.0.2.") {
		t.Errorf("%v: %s", err, data)
	}
	if rest, err := r.Inside.Store.People.WrongTriesOf(t.Context(), "", 1); err != nil || len(rest) > 0 {
		t.Errorf("nobody's: %+v, %v", rest, err)
	}
}

// While somebody guesses at a user name, its owner gets in with their password where they
// have been: in the app, with the key of an earlier session, and in a browser, which has
// a cookie from then; in the app also when it was the bank that let them in. A letter's
// link makes a browser known, too.
func TestThreat44OwnDevicesGetInWhileSomebodyGuesses(t *testing.T) {
	t.Parallel()
	r := newRig(t, onNetworks)
	places := 0
	elsewhere := func() {
		places++
		r.app, r.browser = r.phone()
		at := from{"192.0.2." + strconv.Itoa(places), r.app.HTTP.Transport}
		r.app.HTTP.Transport, r.browser.HTTP.Transport = at, at
	}
	type place struct {
		app     *robot.App
		browser *robot.Browser
	}
	elsewhere()
	r.withPassword("hilma", demo.Password)
	page := r.onWeb("hilma", demo.Password)
	if !strings.Contains(page.Body, "Hei, Hilma") {
		t.Fatal(page.Body)
	}
	own := place{r.app, r.browser}
	elsewhere()
	l := r.start()
	if _, err := r.app.Finish(t.Context(), l, r.press(r.open(l), "kuikka", "hilma", "Vahvista").App); err != nil {
		t.Fatal(err)
	}
	byBank := place{r.app, r.browser}
	elsewhere()
	r.forgot("hilma")
	link := r.resetLink("hilma@example.com", 1)
	// Without the tick: a device that is logged out because of a new password is a stranger's.
	if _, err := r.browser.Submit(t.Context(), link, url.Values{"password": {newPassword}}); err != nil {
		t.Fatal(err)
	}
	byLetter := place{r.app, r.browser}

	for range 11 {
		elsewhere()
		r.knock("hilma", wrongPassword)
	}
	elsewhere()
	if _, code, refused := r.knock("hilma", newPassword); code != "" || refused.Status != http.StatusTooManyRequests {
		t.Fatalf("a stranger: %+v", refused)
	}
	if page := r.onWeb("hilma", newPassword); page.Status != http.StatusTooManyRequests {
		t.Fatalf("a stranger's browser: %d", page.Status)
	}
	elsewhere() // another network: it is the device that counts
	network := r.app.HTTP.Transport
	for what, p := range map[string]place{"own": own, "by bank": byBank} {
		r.app = p.app
		r.app.HTTP.Transport = network
		if _, code, refused := r.knock("hilma", newPassword); code == "" {
			t.Errorf("%s, in the app: %+v", what, refused)
		}
	}
	for what, p := range map[string]place{"own": own, "by letter": byLetter} {
		r.browser = p.browser
		r.browser.HTTP.Transport = network
		if page := r.onWeb("hilma", newPassword); page.Status != http.StatusOK || !strings.Contains(page.Body, "Hei, Hilma") {
			t.Errorf("%s, in the browser: %d %s", what, page.Status, page.Body)
		}
	}
}

// resetLink waits for the n-th letter about a forgotten password.
func (r *rig) resetLink(to string, n int) string {
	r.Helper()
	ctx, cancel := patience.Within(r.Context())
	defer cancel()
	for have := n; ; have++ {
		all, err := r.Mailbox.Wait(ctx, to, have)
		if err != nil {
			r.Fatal(err)
		}
		seen := 0
		for _, m := range all {
			for _, link := range m.Links {
				if !strings.HasPrefix(link, r.Service+"/password/new/") {
					continue
				}
				if seen++; seen == n {
					return link
				}
				break
			}
		}
	}
}

// forgot orders a letter.
func (r *rig) forgot(name string) robot.Page {
	r.Helper()
	page := r.fill(r.at(r.Service+"/password/forgot"), "Lähetä linkki", url.Values{"username": {name}})
	r.Inside.Jobs.Wake()
	return page
}

const newPassword = "uusi hieno lause sanoja"

func TestForgottenPassword(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	elsewhere := r.withPassword("hilma", demo.Password)
	other := r.app

	answers := map[string]string{}
	for _, name := range []string{"nobody", "eero", "hilma"} {
		page := r.forgot(name)
		if page.Status != http.StatusOK {
			t.Fatalf("%s: %d %s", name, page.Status, page.Body)
		}
		answers[name] = supportCode.ReplaceAllString(page.Body, "")
	}
	if answers["nobody"] != answers["hilma"] || answers["eero"] != answers["hilma"] {
		t.Errorf("the page tells who has an account:\n%s\n%s\n%s", answers["nobody"], answers["eero"], answers["hilma"])
	}
	first := r.resetLink("hilma@example.com", 1)

	// A scanner opens the link before the person does, as HEAD and as GET (threat 20).
	for range 3 {
		for _, method := range []string{http.MethodHead, http.MethodGet} {
			if status, _, header := r.send(method, strings.TrimPrefix(first, r.Service), nil, nil); status != http.StatusOK || header.Get("Referrer-Policy") != "same-origin" {
				t.Errorf("%s: %d, %v", method, status, header)
			}
		}
	}
	// Who presses twice gets one letter; later, a new link kills the one before.
	r.forgot("hilma@example.com")
	r.noJobs()
	r.clock.pass(employment.PressedTwice)
	r.forgot("hilma@example.com")
	link := r.resetLink("hilma@example.com", 2)
	r.mustTell(r.at(first), "Linkki ei ole enää voimassa", "Tilaa uusi linkki", `href="/password/forgot"`)

	page := r.at(link)
	for typed, says := range map[string]string{"kissa": "liian lyhyt", "aaaaaaaaaaaaaaaa": "liian helppo arvata"} {
		if weak := r.fill(page, "Tallenna", url.Values{"password": {typed}}); weak.Status != http.StatusUnprocessableEntity || !strings.Contains(weak.Body, says) || strings.Contains(weak.Body, typed) {
			t.Errorf("%s: %d %s", typed, weak.Status, weak.Body)
		}
	}
	page, err := r.browser.Submit(t.Context(), link, url.Values{"password": {newPassword}}) // without the tick
	if err != nil {
		t.Fatal(err)
	}
	if page.Status != http.StatusOK || !strings.Contains(page.Body, "Uusi salasana on käytössä") {
		t.Fatalf("%d %s", page.Status, page.Body)
	}
	// Once is enough, for the person and for whoever finds the letter.
	r.mustTell(r.at(link), "Linkki ei ole enää voimassa", "Tilaa uusi linkki", `href="/password/forgot"`)
	if status, _, _ := r.post(strings.TrimPrefix(link, r.Service), url.Values{"password": {"jonkun toisen salasana"}}); status != http.StatusGone {
		t.Errorf("the second time: %d", status)
	}
	if _, code, _ := r.knock("hilma", demo.Password); code != "" {
		t.Error("the old password works")
	}
	r.withPassword("hilma", newPassword)
	// Nobody asked to end the others.
	if _, err := other.UserInfo(t.Context(), elsewhere.AccessToken); err != nil {
		t.Errorf("the other device is out: %v", err)
	}
	ctx, cancel := patience.Within(t.Context())
	defer cancel()
	if all, err := r.Mailbox.Wait(ctx, "hilma@example.com", 5); err != nil { // 2 logins, 2 links, "changed"
		t.Fatalf("%d letters, %v", len(all), err)
	}
	if all := r.Mailbox.Mails("eero@example.com"); len(all) != 0 {
		t.Errorf("a SmartumPlus person gets a letter about a password: %v", all)
	}
}

func TestForgottenPasswordEndsTheOthersIfWished(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	elsewhere := r.withPassword("hilma", demo.Password)
	r.forgot("hilma")
	link := r.resetLink("hilma@example.com", 1)
	r.fill(r.at(link), "Tallenna", url.Values{"password": {newPassword}, "logout": {"yes"}})
	if _, err := r.app.UserInfo(t.Context(), elsewhere.AccessToken); code(err) != "invalid_token" {
		t.Errorf("the other device: %v", err)
	}
	// Half an hour, not longer.
	r.forgot("hilma")
	late := r.resetLink("hilma@example.com", 2)
	r.clock.pass(31 * time.Minute)
	r.mustTell(r.at(late), "Linkki ei ole enää voimassa", "Tilaa uusi linkki", `href="/password/forgot"`)
	if status, _, _ := r.post(strings.TrimPrefix(late, r.Service), url.Values{"password": {newPassword}}); status != http.StatusGone {
		t.Errorf("after half an hour: %d", status)
	}
}

// What the operator switches off is off everywhere, and says so.
func TestPasswordsSwitchedOff(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *config.Config) { c.Methods.Off = []login.Method{login.MethodCredentials} })
	if _, code, refused := r.knock("hilma", demo.Password); code != "" || refused.Reason != "means_unavailable" {
		t.Errorf("in the app: %+v", refused)
	}
	page := r.at(r.Service + "/me/password")
	r.mustTell(page)
	if page.Status != http.StatusForbidden || strings.Contains(r.at(r.Service+"/me").Body, "/me/password") {
		t.Errorf("on the web: %d", page.Status)
	}
	if status, _, _ := r.post("/me/password", url.Values{"username": {"hilma"}, "password": {demo.Password}}); status != http.StatusForbidden {
		t.Errorf("a form that was open: %d", status)
	}
	if _, body, _ := r.send(http.MethodGet, "/login-options?platform=web&version=1.16.0&locale=fi", nil, nil); !strings.Contains(body, `"credentials"`) || strings.Contains(body, `"method":"credentials","state":"on"`) {
		t.Errorf("options: %s", body)
	}
	if n := r.sessions(); n != 0 {
		t.Errorf("%d sessions", n)
	}
	if err := r.Inside.Store.Operations.SetSwitch(t.Context(), operations.Switch{Name: operations.MethodSwitch(login.MethodCredentials), On: true, By: "system", At: r.clock.now()}); err != nil {
		t.Fatal(err)
	}
	r.clock.pass(time.Minute)
	r.withPassword("hilma", demo.Password)
}

// A password and the secret of a letter's link are nowhere that somebody else reads.
func TestThreat32PasswordsAndTicketsStayWithTheirOwners(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	pages := ""
	r.knock("hilma", wrongPassword)
	r.knock(wrongPassword+"-as-user-name", "x") // typed into the wrong field
	pages += r.onWeb("hilma", wrongPassword).Body
	r.withPassword("hilma", demo.Password)
	r.forgot("hilma")
	link := r.resetLink("hilma@example.com", 1)
	ticket := strings.TrimPrefix(link, r.Service+"/password/new/")
	pages += r.fill(r.at(link), "Tallenna", url.Values{"password": {"canary"}}).Body
	pages += r.fill(r.at(link), "Tallenna", url.Values{"password": {newPassword}}).Body
	used := r.at(link)
	r.mustTell(used)
	places := r.places()
	places["error page"], places["pages"] = used.Body, pages
	for name, canary := range map[string]string{
		"wrong password": wrongPassword, "password": demo.Password, "new password": newPassword, "ticket": ticket, "ticket of the job": ticket[:20],
	} {
		for where, content := range places {
			if strings.Contains(content, canary) && !(where == "pages" && strings.HasPrefix(name, "ticket")) { // a form names its own address
				t.Errorf("%s holds the %s", where, name)
			}
		}
	}
}

// Whatever a request says about its host, the link of the letter is our own.
func TestThreat19LinksForNewPasswordsAreOurOwn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for i, name := range []string{"Host", "X-Forwarded-Host", "Forwarded"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.Service+"/password/forgot", strings.NewReader("username=hilma"))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		switch name {
		case "Host":
			request.Host = "evil.example"
		case "Forwarded":
			request.Header.Set(name, "host=evil.example;proto=https")
		default:
			request.Header.Set(name, "evil.example")
		}
		if status, body, _ := r.do(request); status != http.StatusOK || strings.Contains(body, "evil.example") {
			t.Fatalf("%s: %d %s", name, status, body)
		}
		r.Inside.Jobs.Wake()
		r.resetLink("hilma@example.com", i+1)
		r.clock.pass(employment.PressedTwice + time.Second) // else it is one order
	}
	for _, m := range r.Mailbox.Mails("hilma@example.com") {
		if strings.Contains(string(m.Raw), "evil.example") {
			t.Errorf("%s", m.Raw)
		}
	}
}
