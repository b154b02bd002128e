package server_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"avain/internal/core/diagnosis"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/reasons"
	"avain/internal/domain/staff"
	"avain/internal/testkit/demo"
	"avain/internal/testkit/robot"
)

// What people do, and leave undone: support reads what it came to, under the code that
// the person has seen. Brokers that misbehave have tests of their own.
func TestEveryJourneyIsDiagnosed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const link, go_, confirm = "Kirjaudu", "kuikka", "Vahvista kirjautuminen"
	for _, c := range []struct {
		want login.Reason
		walk func(r *rig) (code string)
	}{
		{login.ReasonNotOpened, func(r *rig) string { return r.start().SupportCode }},
		{login.ReasonAbandonedAtPage, func(r *rig) string { return r.begin(func(robot.Page) {}) }},
		{login.ReasonAbandonedAtBank, func(r *rig) string { return r.begin(func(p robot.Page) { r.press(p, go_) }) }},
		{login.ReasonCancelledByPerson, func(r *rig) string { return r.begin(func(p robot.Page) { r.press(p, "Peruuta") }) }},
		{login.ReasonCancelledAtBroker, func(r *rig) string { return r.begin(func(p robot.Page) { r.press(p, go_, "Keskeytä") }) }},
		{login.ReasonNoBenefits, func(r *rig) string { return r.begin(func(p robot.Page) { r.press(p, go_, "vieno", "Vahvista") }) }},
		{login.ReasonRedirectLost, func(r *rig) string { return r.begin(func(p robot.Page) { r.press(p, bank...) }) }},
		{login.ReasonOtherBrowser, func(r *rig) string { return r.begin(r.comesBackElsewhere) }},
		{login.ReasonRedirectLost, func(r *rig) string { // and then gives up in the app
			l := r.start()
			r.press(r.open(l), bank...)
			return r.givenUp(l)
		}},
		{login.ReasonWentWell, func(r *rig) string {
			l := r.start()
			r.must(r.app.Finish(t.Context(), l, r.press(r.open(l), bank...).App))
			return l.SupportCode
		}},

		{login.ReasonLinkNotOpened, func(r *rig) string { return r.link(r.App + "/return").SupportCode }},
		{login.ReasonCancelledByPerson, func(r *rig) string { return r.givenUp(r.link(r.App + "/return")) }},
		{login.ReasonAbandonedAtPage, func(r *rig) string { return r.opened(link) }},
		{login.ReasonAbandonedAtBank, func(r *rig) string { return r.opened(link, go_) }},
		{login.ReasonNotMine, func(r *rig) string { return r.opened("Peruuta – en aloittanut tätä") }},
		{login.ReasonNotConfirmed, func(r *rig) string { return r.opened(append([]string{link}, bank...)...) }},
		{login.ReasonNotMine, func(r *rig) string {
			return r.opened(append(append([]string{link}, bank...), "Peruuta – en aloittanut tätä")...)
		}},
		{login.ReasonDigitsNotTyped, func(r *rig) string {
			return r.opened(append(append([]string{link}, bank...), confirm)...)
		}},
		{login.ReasonLinkReused, func(r *rig) string {
			l := r.link(r.App + "/return")
			first, page := r.browser, r.at(l.LoginLink)
			_, r.browser = r.phone()
			other := r.at(l.LoginLink)
			if _, err := first.Press(t.Context(), page, link, nil); err != nil {
				t.Fatal(err)
			}
			r.press(other, link)
			return l.SupportCode
		}},
		{login.ReasonDigitsBurned, func(r *rig) string {
			l := r.link(r.Service + "/return")
			right := digitsOn(t, r.press(r.walkLink(l), confirm))
			for n := range 3 {
				if _, err := r.app.Digits(t.Context(), l, otherDigits(right, n)); err == nil {
					t.Fatal("wrong digits were taken")
				}
			}
			return l.SupportCode
		}},

		{login.ReasonApprovalLate, func(r *rig) string { return r.scan(r.onComputer()).SupportCode }},
		{login.ReasonQRWrongNumber, func(r *rig) string {
			page := r.onComputer()
			s := r.scan(page)
			r.number(page, otherNumber(s.Match))
			return s.SupportCode
		}},
		{login.ReasonAppGone, func(r *rig) string {
			page := r.onComputer()
			s := r.scan(page)
			r.number(page, s.Match)
			return s.SupportCode
		}},

		{login.ReasonPasswordWrong, func(r *rig) string { return r.knocked("hilma", wrongPassword) }},
		{login.ReasonStrongRequired, func(r *rig) string { return r.knocked("eero", demo.Password) }},
	} {
		t.Run(string(c.want), func(t *testing.T) { // one after the other, on one installation
			on := *r
			on.T = t
			on.app, on.browser = on.phone()
			on.browser.Agent = agentOfOpera
			code := c.walk(&on)
			a := on.attempt(code)
			d := diagnosis.Of(a, a.ExpiresAt.Add(time.Second))
			if d.Reason != c.want || d.Running {
				t.Errorf("support reads %s, want %s; timeline %+v", d.Reason, c.want, a.Timeline)
			}
			if d.Browser != "" && !strings.HasPrefix(d.Browser, "Opera 76 on Android") && !strings.HasPrefix(d.Browser, "other") {
				t.Errorf("in the browser %q", d.Browser)
			}
		})
	}
}

const agentOfOpera = "Mozilla/5.0 (Linux; Android 10; VOG-L29) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/106.0.5249.126 Mobile Safari/537.36 OPR/76.2.4027.73374"

// begin begins a direct login and shows the page of the means.
func (r *rig) begin(walk func(robot.Page)) string {
	r.Helper()
	l := r.start()
	walk(r.open(l))
	return l.SupportCode
}

// opened opens a login link and presses buttons.
func (r *rig) opened(buttons ...string) string {
	r.Helper()
	l := r.link(r.App + "/return")
	r.press(r.at(l.LoginLink), buttons...)
	return l.SupportCode
}

// givenUp ends a login in the app.
func (r *rig) givenUp(l robot.Login) string {
	r.Helper()
	form := url.Values{"auth_session": {l.AuthSession}, "error": {"access_denied"}, "client_id": {"smartumpay"}}
	if err := r.app.Post(r.Context(), "/authorize-challenge", form, nil); err != nil {
		r.Fatal(err)
	}
	return l.SupportCode
}

// knocked tries a password and answers the support code that the app shows.
func (r *rig) knocked(name, password string) string {
	r.Helper()
	_, code, refused := r.knock(name, password)
	if code != "" || refused.SupportCode == "" {
		r.Fatalf("%q, %+v", code, refused)
	}
	return refused.SupportCode
}

// onComputer shows a QR code on a computer.
func (r *rig) onComputer() robot.Page {
	r.Helper()
	r.browser.Agent = ""
	return r.showQR()
}

// comesBackElsewhere goes to the bank, whose app then opens another browser.
func (r *rig) comesBackElsewhere(means robot.Page) {
	r.Helper()
	_, elsewhere := r.phone()
	callback := r.stopAt("/callback/", r.press(means, "kuikka", "aino"), "Vahvista")
	page, err := elsewhere.Open(r.Context(), callback)
	if err != nil {
		r.Fatal(err)
	}
	r.mustTell(page, "selai")
}

func (r *rig) must(_ robot.Tokens, err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// Who is refused before there is a login has a code too: it tells by itself why.
func TestRefusedRequestsExplainThemselves(t *testing.T) {
	t.Parallel()
	r := newRig(t, exact)
	refusedApp := func(err error) string { return refusal(err).SupportCode }
	page := func(address string) string {
		return footerCode(t, r.at(address))
	}
	early, _ := r.phone()
	early.Now = func() time.Time { return r.clock.now().Add(time.Hour) }
	_, clockWrong := early.Start(t.Context(), nil)
	r.byOperator(operations.Switch{Name: operations.MethodSwitch(login.MethodLink)})
	r.clock.pass(time.Minute)
	noCookie, err := r.browser.Open(t.Context(), r.start().AuthorizeURL)
	if err != nil {
		t.Fatal(err)
	}
	_, blocked := r.phone()
	denied, err := blocked.Submit(t.Context(), noCookie.URL+"/means", url.Values{"means": {"kuikka"}})
	if err != nil {
		t.Fatal(err)
	}
	for want, code := range map[login.Reason]string{
		login.ReasonVersionTooOld:    refusedApp(r.startBy("link", url.Values{"app_version": {"1.15.0"}})),
		login.ReasonMeansUnavailable: refusedApp(r.startBy("link", url.Values{"app_version": {"1.16.0"}})),
		login.ReasonClockWrong:       refusedApp(clockWrong),
		login.ReasonRequestInvalid:   refusedApp(r.startBy("carrier-pigeon", nil)),
		login.ReasonCookiesBlocked:   footerCode(t, denied),
		login.ReasonPageUnknown:      page(r.Service + "/no-such-page"),
		login.ReasonClientUnknown:    page(r.Service + "/authorize?client_id=nobody"),
		login.ReasonAttemptUnknown:   page(r.Service + "/login/" + login.NewID()),
		login.ReasonNothingFailed:    page(r.Service + "/me/password"),
	} {
		d, ok := diagnosis.OfCode(code, r.clock.now())
		if !ok || d.Reason != want || r.clock.now().Sub(d.At) > 6*time.Minute {
			t.Errorf("%s reads %s at %v, %v; want %s", code, d.Reason, d.At, ok, want)
		}
		if _, err := r.Inside.Store.Attempts.AttemptBySupportCode(t.Context(), code); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("%s: a refusal left a row, %v", want, err)
		}
	}
	if _, ok := diagnosis.OfCode(r.start().SupportCode, r.clock.now()); ok {
		t.Error("the code of a login reads as that of a refusal")
	}
}

// The console explains what avain explain does: the code of a login, and that of a
// request that was refused before there was one.
func TestConsoleExplainsRefusedRequests(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.agent(staff.RoleAgent)
	code := refusal(r.startBy("link", url.Values{"app_version": {"1.15.0"}})).SupportCode
	got := a.post("/console/search", url.Values{"q": {strings.ToLower(code)}})
	if want := "/console/refusals/" + code; got.Status != http.StatusSeeOther || !strings.HasSuffix(got.Header.Get("Location"), want) {
		t.Fatalf("%d, to %s, want %s", got.Status, got.Header.Get("Location"), want)
	}
	page := a.get("/console/refusals/" + code)
	for _, word := range []string{code, "Päivitä sovellus", "vähintään versioon 1.16.0", "Uppdatera appen", "Update the app"} {
		if page.Status != http.StatusOK || !strings.Contains(page.Body, word) {
			t.Errorf("%d, without %q:\n%s", page.Status, word, page.Body)
		}
	}
	for _, other := range []string{"K7Q-4TM", "nonsense", r.start().SupportCode} {
		if got := a.get("/console/refusals/" + other); got.Status != http.StatusNotFound {
			t.Errorf("%s: %d", other, got.Status)
		}
	}
}

// A page that says no in the middle of a login shows the login's code, so the timeline
// says what the person saw: here, pressed too often. The same twice says nothing more.
func TestPagesThatSayNoAreOnTheTimeline(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var l robot.Login
	var confirm, page robot.Page
	for range 13 {
		r.app, r.browser = r.phone()
		l = r.link(r.App + "/return")
		confirm = r.walkLink(l)
		page = r.press(confirm, "Vahvista kirjautuminen")
	}
	before := len(r.attempt(l.SupportCode).Timeline)
	r.mustTell(page, l.SupportCode)
	page = r.press(confirm, "Vahvista kirjautuminen")
	a := r.attempt(l.SupportCode)
	if d := diagnosis.Of(a, r.clock.now()); d.Reason != login.ReasonRateLimited || !d.Running || len(a.Timeline) != before {
		t.Errorf("support reads %s; timeline %+v", d.Reason, a.Timeline)
	}
	if e := reasons.Of(login.ReasonRateLimited); !strings.Contains(page.Body, "Liian monta") || e.Gone {
		t.Errorf("the page says\n%s", page.Body)
	}
}
