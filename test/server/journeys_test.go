package server_test

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/testkit/robot"
)

func TestDirectLogin(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	tokens := r.login()
	claims, err := r.app.UserInfo(t.Context(), tokens.AccessToken)
	if err != nil || claims["name"] != "Aino Maria Virtanen" {
		t.Fatalf("userinfo: %v, %v", claims, err)
	}
	again, err := r.app.Refresh(t.Context(), tokens.RefreshToken)
	if err != nil || again.AccessToken == tokens.AccessToken || again.RefreshToken != "" {
		t.Fatalf("a strict client keeps its refresh token: %+v, %v", again, err)
	}
	if err := r.app.Revoke(t.Context(), tokens.RefreshToken); err != nil {
		t.Fatal(err)
	}
	if _, err := r.app.Refresh(t.Context(), tokens.RefreshToken); code(err) != "invalid_grant" {
		t.Errorf("refresh after logging out: %v", err)
	}
	if _, err := r.app.UserInfo(t.Context(), again.AccessToken); code(err) != "invalid_token" {
		t.Errorf("userinfo after logging out: %v", err)
	}
}

// code is the OAuth error code of a refusal.
func code(err error) string {
	if refusal, ok := errors.AsType[*robot.Refusal](err); ok {
		return refusal.Code
	}
	return ""
}

func TestMobileCertificate(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.start()
	page := r.mobile(r.press(r.open(l), "mobile"))
	tokens, err := r.app.Finish(t.Context(), l, page.App)
	if err != nil {
		t.Fatalf("%v: %s", err, page.Body)
	}
	if a := r.attempt(l.SupportCode); a.Means != "mobile" || a.Broker != "telia" || tokens.AccessToken == "" {
		t.Errorf("means %q by %q", a.Means, a.Broker)
	}
}

// mobile goes through Mobile Certificate: number, PIN on the phone, and the waiting
// page that leads on by itself.
func (r *rig) mobile(page robot.Page) robot.Page {
	r.Helper()
	page, err := r.browser.Press(r.Context(), page, "Jatka", url.Values{"phone": {"+358451571001"}})
	if err != nil {
		r.Fatal(err)
	}
	if !strings.Contains(page.Body, "/phone/") {
		return page // it has failed before the phone rang
	}
	handset := robot.NewBrowser(nil, "")
	asked, err := handset.Open(r.Context(), linkTo(r.T, page, "/phone/"))
	if err != nil {
		r.Fatal(err)
	}
	if asked.Status == http.StatusOK { // else the phone does not ring
		if _, err := handset.Press(r.Context(), asked, "Vahvista", url.Values{"pin": {"1234"}}); err != nil {
			r.Fatal(err)
		}
	}
	page, err = r.browser.Open(r.Context(), page.URL)
	if err != nil {
		r.Fatal(err)
	}
	return page
}

// linkTo finds a link of a page.
func linkTo(t *testing.T, page robot.Page, part string) string {
	t.Helper()
	for piece := range strings.SplitSeq(page.Body, `"`) {
		if strings.Contains(piece, part) {
			base, err := url.Parse(page.URL)
			if err != nil {
				t.Fatal(err)
			}
			link, err := base.Parse(piece)
			if err != nil {
				t.Fatal(err)
			}
			return link.String()
		}
	}
	t.Fatalf("no link to %q on %s:\n%s", part, page.URL, page.Body)
	return ""
}

func TestStrangerIsToldThatThereAreNoBenefits(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.start()
	page := r.press(r.open(l), "kuikka", "vieno", "Vahvista")
	r.mustTell(page, "etuja", l.SupportCode)
	if a := r.attempt(l.SupportCode); a.State != login.StateFailed || a.Reason != login.ReasonNoBenefits {
		t.Errorf("state %s, reason %s", a.State, a.Reason)
	}
	back := linkTo(t, page, "/return?")
	_, err := r.app.Finish(t.Context(), l, strings.ReplaceAll(back, "&amp;", "&"))
	refusal, ok := errors.AsType[*robot.Refusal](err)
	if !ok || refusal.Code != "access_denied" || refusal.Reason != "no_benefits" || refusal.SupportCode != l.SupportCode {
		t.Errorf("the app is told %v", err)
	}
}

func TestCancelling(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		buttons []string
		state   login.State
		reason  login.Reason
	}{
		{"at the means", []string{"Peruuta"}, login.StateDenied, login.ReasonCancelledByPerson},
		{"at the bank's first page", []string{"kuikka", "Keskeytä"}, login.StateOpened, login.ReasonCancelledAtBroker},
		{"at the bank's confirmation", []string{"kuikka", "aino", "Keskeytä"}, login.StateOpened, login.ReasonCancelledAtBroker},
		{"at Mobile Certificate", []string{"mobile", "Keskeytä"}, login.StateOpened, login.ReasonCancelledAtBroker},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			l := r.start()
			page := r.press(r.open(l), c.buttons...)
			a := r.attempt(l.SupportCode)
			if a.State != c.state || !contains(reasonsOf(a), c.reason) {
				t.Fatalf("state %s, reasons %v", a.State, reasonsOf(a))
			}
			if c.state == login.StateDenied {
				if _, err := r.app.Finish(t.Context(), l, page.App); code(err) != "access_denied" {
					t.Errorf("the app is told %v", err)
				}
				return
			}
			r.mustTell(page, `role="alert"`, "kuikka", l.SupportCode) // and may choose again
			if page = r.press(page, bank...); page.App == "" {
				t.Fatalf("a second try failed: %s", page.Body)
			}
			if _, err := r.app.Finish(t.Context(), l, page.App); err != nil {
				t.Error(err)
			}
		})
	}
}

// The callback, the page of the login and the redirect may each be loaded again, in
// any order, and lead to the same code.
func TestDoubleClickReloadAndBackButton(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.start()
	means := r.open(l)
	if again := r.open(l); again.URL != means.URL || again.Status != 200 {
		t.Errorf("reloading the page of the means: %d %s", again.Status, again.URL)
	}
	confirm := r.press(means, "kuikka", "aino")
	var visited []string
	r.browser.Visit = func(address string) { visited = append(visited, address) }
	first := r.press(confirm, "Vahvista")
	callback := visited[slices.IndexFunc(visited, func(a string) bool { return strings.Contains(a, "/callback/") })]
	for name, address := range map[string]string{"the callback": callback, "the login's page": means.URL, "the start": l.AuthorizeURL} {
		again, err := r.browser.Open(t.Context(), address)
		if err != nil || again.App != first.App {
			t.Errorf("%s loaded again leads to %q (%v), want %q", name, again.App, err, first.App)
		}
	}
	if _, err := r.app.Finish(t.Context(), l, first.App); err != nil {
		t.Fatal(err)
	}
	after, err := r.browser.Open(t.Context(), callback)
	if err != nil {
		t.Fatal(err)
	}
	r.mustTell(after, l.SupportCode)
	if r.sessions() != 1 {
		t.Errorf("%d sessions, want 1", r.sessions())
	}
}

func TestExpiredLoginSaysSo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.start()
	confirm := r.press(r.open(l), "kuikka", "aino")
	r.clock.pass(11 * time.Minute)
	page, err := r.browser.Open(t.Context(), l.AuthorizeURL)
	if err != nil {
		t.Fatal(err)
	}
	r.mustTell(page, l.SupportCode)
	if a := r.attempt(l.SupportCode); a.State != login.StateExpired {
		t.Errorf("state %s", a.State)
	}
	r.clock.pass(-11 * time.Minute) // the bank must not be the one that refuses
	late := r.press(confirm, "Vahvista")
	if late.App != "" && strings.Contains(late.App, "code=") {
		t.Error("a code went out after the end")
	}
	if r.sessions() != 0 {
		t.Error("somebody is logged in")
	}
}

func TestLanguages(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for locale, words := range map[string]string{"fi": "Valitse pankkisi", "sv": "Välj din bank", "en": "Choose your bank"} {
		l, err := r.app.Start(t.Context(), url.Values{"ui_locales": {locale}})
		if err != nil {
			t.Fatal(err)
		}
		_, browser := r.phone()
		page, err := browser.Open(t.Context(), l.AuthorizeURL)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(page.Body, words) || !strings.Contains(page.Body, `<html lang="`+locale+`"`) {
			t.Errorf("%s: the page does not say %q:\n%s", locale, words, page.Body)
		}
	}
}

// A link can ask, and only the person's click or the client's own form logs out; the
// browser is then sent to the registered address and nowhere else.
func TestLogoutInTheBrowser(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	tokens := r.login()
	address := r.Service + "/logout?" + url.Values{
		"id_token_hint": {tokens.IDToken}, "post_logout_redirect_uri": {r.App + "/"}, "state": {"s1"}, "ui_locales": {"en"},
	}.Encode()
	question, err := r.browser.Open(t.Context(), address)
	if err != nil || question.App != "" {
		t.Fatalf("not asked but sent to %q, %v", question.App, err)
	}
	if _, err := r.app.Refresh(t.Context(), tokens.RefreshToken); err != nil {
		t.Fatalf("a mere link logged out: %v", err)
	}
	if done := r.press(question, "Log out"); done.App != r.App+"/?state=s1" {
		t.Errorf("sent to %q", done.App)
	}
	if _, err := r.app.Refresh(t.Context(), tokens.RefreshToken); code(err) != "invalid_grant" {
		t.Errorf("still logged in: %v", err)
	}
	for name, bend := range map[string]url.Values{
		"unregistered target":  {"id_token_hint": {tokens.IDToken}, "post_logout_redirect_uri": {"https://evil.example/"}},
		"target without hint":  {"post_logout_redirect_uri": {r.App + "/"}},
		"access token as hint": {"id_token_hint": {tokens.AccessToken}},
		"garbage hint":         {"id_token_hint": {"x.y.z"}},
		"another client":       {"id_token_hint": {tokens.IDToken}, "client_id": {"other"}},
	} {
		status, _, header := r.send(http.MethodGet, "/logout?"+bend.Encode(), nil, nil)
		if status != http.StatusBadRequest || header.Get("Location") != "" {
			t.Errorf("%s: %d %q", name, status, header.Get("Location"))
		}
	}
}
