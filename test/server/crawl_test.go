package server_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"avain/internal/domain/login"
	"avain/internal/testkit/robot"
)

// crawl opens, with the live cookies of the browser, every address that a login by
// link or QR code has, as prefetchers, previews and scanners do.
func (r *rig) crawl(l robot.Login, more ...string) {
	r.Helper()
	id := r.attempt(l.SupportCode).ID
	paths := append([]string{
		"/", "/me", "/me/login", "/me/logout", "/me/qr", "/login/" + id, "/login/" + id + "/means", "/login/" + id + "/means?means=koivu", "/login/" + id + "/cancel",
		"/login/" + id + "/confirm", "/login/" + id + "/refuse", "/login/" + id + "/digits", "/login/" + id + "/confirm?confirm=1",
		"/return", "/return?error=access_denied", "/callback/op?state=x&code=y", "/authorize-challenge?auth_session=" + url.QueryEscape(l.AuthSession),
		"/attempt-status?auth_session=" + url.QueryEscape(l.AuthSession), "/token?grant_type=authorization_code", "/par", "/logout", "/activate",
	}, more...)
	if l.LoginLink != "" {
		link := strings.TrimPrefix(l.LoginLink, r.Service)
		paths = append(paths, link, link+"/refuse", link+"/confirm", link+"?lang=fi")
	}
	for _, path := range paths {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions} {
			if status, body, _ := r.send(method, path, nil, nil); status >= 500 {
				r.Errorf("%s %s: %d %s", method, path, status, body)
			}
		}
	}
}

// outcome is what a crawler must not change: where a login stands and how it came there.
// That a page was shown may be noted.
func outcome(a login.Attempt) string {
	var steps []string
	for _, e := range a.Timeline {
		if e.Step != "page" {
			steps = append(steps, e.Step+" "+e.Outcome)
		}
	}
	return string(a.State) + " " + string(a.Reason) + " " + a.Person + " " + a.Session + ": " + strings.Join(steps, ", ")
}

// In every state of a link login a crawler with the person's live cookies opens every
// address: nothing is opened, confirmed, refused or shown anew. A browser that has just
// logged in once more proves nothing: the next login asks the bank again (Keycloak
// #26100).
func TestThreat06CrawlerConfirmsNoLink(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.signIn() // a live web session, too
	for range 2 {
		l := r.link(r.Service + "/return")
		var page robot.Page
		var codes []string
		for _, step := range []struct {
			state login.State
			act   func()
		}{
			{login.StateCreated, func() {}},
			{login.StateOpened, func() {
				opened, err := r.browser.Open(t.Context(), l.LoginLink)
				if err != nil {
					t.Fatal(err)
				}
				page = r.press(opened, "Kirjaudu")
			}},
			{login.StateAuthenticated, func() { page = r.press(page, bank...) }},
			{login.StateConfirmed, func() {
				page = r.press(page, "Vahvista kirjautuminen")
				if code := mustParse(t, page.URL).Query().Get("code"); code != "" {
					codes = append(codes, "/return?code="+url.QueryEscape(code))
				}
			}},
			{login.StateRedeemed, func() {
				r.app.RedirectURI = r.Service + "/return"
				if _, err := r.app.Digits(t.Context(), l, digitsOn(t, page)); err != nil {
					t.Fatal(err)
				}
			}},
		} {
			step.act()
			before := r.attempt(l.SupportCode)
			if before.State != step.state {
				t.Fatalf("the login is %s, want %s:\n%s", before.State, step.state, page.Body)
			}
			sessions := r.sessions()
			r.crawl(l, codes...)
			after := r.attempt(l.SupportCode)
			if outcome(after) != outcome(before) || after.Browser != before.Browser || r.sessions() != sessions {
				t.Errorf("a crawler changed a login that was %s:\n%s\n%s", step.state, outcome(before), outcome(after))
			}
		}
	}
}

// The same for a QR login: no address approves, refuses, shows or spends anything.
func TestThreat06CrawlerApprovesNoPhone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	page := r.showQR()
	address := strings.TrimPrefix(strings.Split(page.URL, "?")[0], r.Service)
	all := []string{address, address + "/number", address + "/number?number=", address + "/typed", address + "/refuse", address + "?view=code", address + "?view=app"}
	frame := frameOn(t, page)
	for _, path := range all {
		r.send(http.MethodGet, path, nil, nil)
	}
	if r.running() != 0 || frameOn(t, r.seen(page)) == "" {
		t.Error("a crawler claimed the code")
	}
	s, err := r.app.Scan(t.Context(), frame)
	if err != nil {
		t.Fatal(err)
	}
	crawlAs := func(state login.State) {
		t.Helper()
		before := r.attempt(s.SupportCode)
		r.crawl(s.Login, slices.Concat(all, []string{address + "/number?number=" + s.Match})...)
		after := r.attempt(s.SupportCode)
		if before.State != state || outcome(after) != outcome(before) {
			t.Errorf("a crawler changed a login that was %s (want %s):\n%s\n%s", before.State, state, outcome(before), outcome(after))
		}
	}
	crawlAs(login.StateClaimed)
	r.number(page, s.Match)
	crawlAs(login.StateApproved)
	if _, err := r.app.CollectAndRedeem(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	crawlAs(login.StateRedeemed)
}
