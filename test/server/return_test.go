package server_test

import (
	"html"
	"net/url"
	"strings"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/core/diagnosis"
	"avain/internal/domain/login"
	"avain/internal/testkit/robot"
)

// appLink opens an app of the phone, as no demo has one.
const appLink = "com.example.pay:/return"

func withAppLink(c *config.Config) { c.Clients[0].AppLink = appLink }

// codeFor is the code that a page's link brings to the app.
func codeFor(t *testing.T, page robot.Page) string {
	t.Helper()
	return mustParse(t, html.UnescapeString(linkTo(t, page, appLink))).Query().Get("code")
}

// The page that a browser shows instead of handing its answer to the app has a link
// that does so, as long as that can work; the code itself is not in its address.
func TestReturnPageLeadsToTheApp(t *testing.T) {
	t.Parallel()
	r := newRig(t, withAppLink)
	for name, c := range map[string]struct {
		start func() (robot.Login, robot.Page)
		last  string // what the page without the link still shows
	}{
		"link": {func() (robot.Login, robot.Page) {
			l := r.link(r.Service + "/return")
			return l, r.press(r.walkLink(l), "Vahvista kirjautuminen")
		}, `class="digits"`},
		"direct": {func() (robot.Login, robot.Page) {
			l := r.start()
			return l, r.press(r.open(l), bank...)
		}, "/confirm"},
	} {
		r.app, r.browser = r.phone()
		r.app.RedirectURI = r.Service + "/return"
		l, page := c.start()
		if strings.Contains(page.URL, "code=") {
			t.Errorf("%s: the code stays in the address %s", name, page.URL)
		}
		received := codeFor(t, page)
		r.clock.pass(61 * time.Second)
		later, err := r.browser.Open(t.Context(), page.URL)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(later.Body, appLink) {
			t.Errorf("%s: the link is still there when its code has expired", name)
		}
		r.mustTell(later, c.last)
		if _, err := r.app.Redeem(t.Context(), l, received); code(err) != "invalid_grant" {
			t.Errorf("%s: after a minute the code was answered with %v", name, err)
		}

		l, page = c.start()
		if _, err := r.app.Redeem(t.Context(), l, codeFor(t, page)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := r.sessions(); n != 2 {
		t.Errorf("%d sessions, want 2", n)
	}
}

// A direct login whose redirect was lost is not lost: the same browser confirms and
// shows digits.
func TestDirectLoginWithLostRedirectIsRescued(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.app.RedirectURI = r.Service + "/return"
	l := r.start()
	stuck := r.press(r.open(l), bank...)
	if strings.Contains(stuck.Body, `class="digits"`) {
		t.Fatal("digits without a confirm page")
	}
	confirm, err := r.browser.Open(t.Context(), linkTo(t, stuck, "/confirm"))
	if err != nil {
		t.Fatal(err)
	}
	page := r.press(confirm, "Vahvista kirjautuminen")
	if _, err := r.app.Digits(t.Context(), l, digitsOn(t, page)); err != nil {
		t.Fatal(err)
	}
}

// Nobody came back for a minute: the code has died, and the login's page leads to
// the digits instead of to a dead end.
func TestDirectLoginWithDeadCodeIsRescued(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.start()
	r.press(r.open(l), bank...) // the app never gets it
	r.clock.pass(2 * time.Minute)
	confirm := r.open(l)
	page := r.press(confirm, "Vahvista kirjautuminen")
	if _, err := r.app.Digits(t.Context(), l, digitsOn(t, page)); err != nil {
		t.Fatal(err)
	}
}

// An address can make our /return page say why a login failed, in our words and no
// other; it cannot make it say that one went well.
func TestReturnPageTellsOfFailuresOnly(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for address, want := range map[string]login.Reason{
		"no_benefits": login.ReasonNoBenefits, "went_well": login.ReasonAttemptEnded, "still_running": login.ReasonAttemptEnded,
		"<b>": login.ReasonAttemptEnded, "": login.ReasonAttemptEnded,
	} {
		page := r.at(r.Service + "/return?error=access_denied&reason=" + url.QueryEscape(address))
		if d, ok := diagnosis.OfCode(footerCode(t, page), r.clock.now()); !ok || d.Reason != want {
			t.Errorf("%q: the page tells of %s, %v; want %s", address, d.Reason, ok, want)
		}
	}
}
