package server_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/testkit/robot"
)

// link starts a login by link. Its answer comes to our own /return, as for a native
// app whose claimed address the browser did not hand over.
func (r *rig) link(redirect string) robot.Login {
	r.Helper()
	l, err := r.app.Start(r.Context(), url.Values{"login_method": {"link"}, "redirect_uri": {redirect}, "device_model": {"Pixel 9"}})
	if err != nil {
		r.Fatal(err)
	}
	if !strings.HasPrefix(l.LoginLink, r.Service+"/l/") {
		r.Fatalf("login link %q", l.LoginLink)
	}
	return l
}

// walkLink opens the link and goes as far as the page that asks for confirmation.
func (r *rig) walkLink(l robot.Login) robot.Page {
	r.Helper()
	page, err := r.browser.Open(r.Context(), l.LoginLink)
	if err != nil {
		r.Fatal(err)
	}
	return r.press(page, append([]string{"Kirjaudu"}, bank...)...)
}

var shown = regexp.MustCompile(`class="digits" aria-label="(\d{6})"`)

func digitsOn(t *testing.T, page robot.Page) string {
	t.Helper()
	found := shown.FindStringSubmatch(page.Body)
	if found == nil {
		t.Fatalf("no digits on %s (%d):\n%s", page.URL, page.Status, page.Body)
	}
	return found[1]
}

// otherDigits are six digits that are not the right ones.
func otherDigits(right string, n int) string {
	guess := fmt.Sprintf("%06d", n)
	if guess == right {
		guess = fmt.Sprintf("%06d", 999_999-n)
	}
	return guess
}

func TestLoginLinkThatReturnsByItself(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.link(r.App + "/return")
	confirm := r.walkLink(l)
	for _, words := range []string{"Vahvista kirjautuminen", "Peruuta – en aloittanut tätä", "SmartumPay", "Pixel 9", "Aino V."} {
		if !strings.Contains(confirm.Body, words) {
			t.Errorf("the confirm page does not say %q:\n%s", words, confirm.Body)
		}
	}
	if strings.Contains(confirm.Body, "Virtanen") {
		t.Error("the name is not masked")
	}
	back := r.press(confirm, "Vahvista kirjautuminen")
	if _, err := r.finish(l, r.App+"/return", back.App); err != nil {
		t.Fatal(err)
	}
	if a := r.attempt(l.SupportCode); a.Method != login.MethodLink || a.State != login.StateRedeemed {
		t.Errorf("%s %s", a.Method, a.State)
	}
}

// finish redeems the code of an address that the app was opened with.
func (r *rig) finish(l robot.Login, redirect, address string) (robot.Tokens, error) {
	app := *r.app
	app.RedirectURI = redirect
	return app.Finish(r.Context(), l, address)
}

// The browser stays on our page: the person types six digits into the waiting app.
func TestLoginLinkWithSixDigits(t *testing.T) {
	t.Parallel()
	r := newRig(t, withAppLink)
	l := r.link(r.Service + "/return")
	r.app.RedirectURI = r.Service + "/return"
	states := make(chan string, 8)
	waiter := *r.app
	go func() {
		defer close(states)
		for known := ""; known != "confirmed"; {
			s, err := waiter.Status(t.Context(), l, known)
			if err != nil {
				t.Error(err)
				return
			}
			if s.State != known {
				states <- s.State
			}
			known = s.State
		}
	}()
	page := r.press(r.walkLink(l), "Vahvista kirjautuminen")
	digits := digitsOn(t, page)
	if again, err := r.browser.Open(t.Context(), page.URL); err != nil || digitsOn(t, again) != digits {
		t.Errorf("a reload shows other digits (%v)", err)
	}
	last := ""
	for state := range states {
		last = state
	}
	if last != "confirmed" {
		t.Fatalf("the app was last told %q", last)
	}
	if _, err := r.app.Digits(t.Context(), l, otherDigits(digits, 1)); code(err) != "insufficient_authorization" {
		t.Errorf("wrong digits: %v", err)
	}
	tokens, err := r.app.Digits(t.Context(), l, digits)
	if err != nil {
		t.Fatal(err)
	}
	if claims, err := r.app.UserInfo(t.Context(), tokens.AccessToken); err != nil || claims["name"] != "Aino Maria Virtanen" {
		t.Errorf("%v, %v", claims, err)
	}
	codeInBrowser := codeFor(t, page)
	if _, err := r.app.Redeem(t.Context(), l, codeInBrowser); code(err) != "invalid_grant" {
		t.Errorf("the browser's own code still works: %v", err)
	}
	after, err := r.browser.Open(t.Context(), page.URL)
	if err != nil {
		t.Fatal(err)
	}
	r.mustTell(after, "Tämä kirjautuminen on jo tehty", appLink)
}

// The attacker's app starts, the victim confirms, again and again: without the
// victim's browser there are no digits and no code, and so no tokens.
func TestThreat01ConfirmedVictimsGiveTheAttackerNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	tokens := 0
	for n := range 25 {
		r.clock.pass(15 * time.Minute) // three confirmations and guesses more, of the person's budgets
		r.app, r.browser = r.phone()
		l := r.link(r.Service + "/return")
		r.app.RedirectURI = r.Service + "/return"
		page := r.press(r.walkLink(l), "Vahvista kirjautuminen")
		right := digitsOn(t, page)
		for guess := range 5 {
			if _, err := r.app.Digits(t.Context(), l, otherDigits(right, 1000*n+guess)); err == nil {
				tokens++
			}
		}
		for _, known := range []string{l.AuthSession, l.RequestURI, l.LoginLink, l.SupportCode, ""} {
			if _, err := r.app.Redeem(t.Context(), l, known); err == nil {
				tokens++
			}
		}
		if status, err := r.app.Status(t.Context(), l, ""); err != nil || status.State != "burned" {
			t.Errorf("after five wrong guesses: %+v, %v", status, err)
		}
		if _, err := r.app.Digits(t.Context(), l, right); err == nil {
			tokens++ // too late: burned
		}
	}
	if tokens != 0 || r.sessions() != 0 {
		t.Errorf("the attacker got %d tokens, %d sessions", tokens, r.sessions())
	}
}

// A leaked auth_session or link, with another key: nothing to see, nothing to get.
func TestThreat18LeakedAuthSessionNeedsTheKey(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.link(r.Service + "/return")
	page := r.press(r.walkLink(l), "Vahvista kirjautuminen")
	thief, _ := r.phone()
	thief.RedirectURI = r.Service + "/return"
	if _, err := thief.Status(t.Context(), l, ""); code(err) != "invalid_session" {
		t.Errorf("status: %v", err)
	}
	_, foreign := errors.AsType[*robot.Refusal](func() error { _, err := thief.Digits(t.Context(), l, digitsOn(t, page)); return err }())
	made := l
	made.AuthSession = "made-up"
	_, err := thief.Digits(t.Context(), made, "123456")
	if !foreign || code(err) != "invalid_session" {
		t.Errorf("made-up session: %v", err)
	}
	r.app.RedirectURI = r.Service + "/return"
	if _, err := r.app.Digits(t.Context(), l, digitsOn(t, page)); err != nil {
		t.Errorf("the rightful app was refused after that: %v", err)
	}
}

// Three wrong tries and the login is burned: of any number of guesses at once, three
// are looked at.
func TestThreat22SixDigitsCannotBeGuessed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.link(r.Service + "/return")
	r.app.RedirectURI = r.Service + "/return"
	page := r.press(r.walkLink(l), "Vahvista kirjautuminen")
	right := digitsOn(t, page)
	var looked, in atomic.Int32
	var all sync.WaitGroup
	for n := range 20 {
		twin := *r.app
		all.Go(func() {
			_, err := twin.Digits(t.Context(), l, otherDigits(right, n))
			refusal, _ := errors.AsType[*robot.Refusal](err)
			switch {
			case err == nil:
				in.Add(1)
			case refusal != nil && (refusal.Reason == "digits_wrong" || refusal.Reason == "digits_burned"):
				looked.Add(1)
			}
		})
	}
	all.Wait()
	if in.Load() != 0 || looked.Load() != 3 {
		t.Errorf("%d guesses were looked at, %d logged in; want 3 and 0", looked.Load(), in.Load())
	}
	if _, err := r.app.Digits(t.Context(), l, right); err == nil {
		t.Error("the right digits work after three wrong ones")
	}
	if a := r.attempt(l.SupportCode); a.State != login.StateBurned || a.Reason != login.ReasonDigitsBurned {
		t.Errorf("%s, %s", a.State, a.Reason)
	}
}

// One link in two browsers is one link in two hands: burned, and both are told.
func TestThreat24SecondBrowserBurnsTheLink(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.link(r.Service + "/return")
	_, second := r.phone()
	their, err := second.Open(t.Context(), l.LoginLink) // looking does no harm
	if err != nil || their.Status != http.StatusOK {
		t.Fatalf("%d, %v", their.Status, err)
	}
	page, err := r.browser.Open(t.Context(), l.LoginLink)
	if err != nil {
		t.Fatal(err)
	}
	mine := r.press(page, "Kirjaudu")
	burned, err := second.Press(t.Context(), their, "Kirjaudu", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.mustTell(burned, "kahdessa selaimessa", l.SupportCode)
	after, err := r.browser.Open(t.Context(), mine.URL)
	if err != nil {
		t.Fatal(err)
	}
	r.mustTell(after, "kahdessa selaimessa")
	if status, err := r.app.Status(t.Context(), l, ""); err != nil || status.State != "burned" || status.Reason != "link_reused" {
		t.Errorf("the app is told %+v, %v", status, err)
	}
}

// The code reaches an app that did not start the login: it says so, and the login
// is over.
func TestThreat29UnexpectedCodeIsReportedAndBurned(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.link(r.App + "/return")
	back := r.press(r.walkLink(l), "Vahvista kirjautuminen")
	stranger, _ := r.phone()
	received := mustParse(t, back.App).Query().Get("code")
	if _, err := stranger.Redeem(t.Context(), robot.Login{Verifier: "guess"}, received); code(err) != "invalid_grant" {
		t.Errorf("the code alone is worth something: %v", err)
	}
	if err := stranger.Report(t.Context(), received); err != nil {
		t.Fatal(err)
	}
	if _, err := r.finish(l, r.App+"/return", back.App); code(err) != "invalid_grant" {
		t.Errorf("after the report: %v", err)
	}
	if a := r.attempt(l.SupportCode); a.State != login.StateBurned || a.Reason != login.ReasonUnexpectedCode {
		t.Errorf("%s, %s", a.State, a.Reason)
	}
}

func TestLinkTakesNoLongerThanItMay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		walk   func(r *rig, l robot.Login) robot.Page
		reason login.Reason
	}{
		"opened late": {func(r *rig, l robot.Login) robot.Page {
			page, err := r.browser.Open(r.Context(), l.LoginLink)
			if err != nil {
				r.Fatal(err)
			}
			r.clock.pass(2 * time.Minute)
			return r.press(page, "Kirjaudu")
		}, login.ReasonLinkExpired},
		"confirmed late": {func(r *rig, l robot.Login) robot.Page {
			confirm := r.walkLink(l)
			r.clock.pass(2 * time.Minute)
			return r.press(confirm, "Vahvista kirjautuminen")
		}, login.ReasonConfirmLate},
		"refused on the link": {func(r *rig, l robot.Login) robot.Page {
			page, err := r.browser.Open(r.Context(), l.LoginLink)
			if err != nil {
				r.Fatal(err)
			}
			return r.press(page, "en aloittanut")
		}, login.ReasonCancelledByPerson},
		"refused on the confirm page": {func(r *rig, l robot.Login) robot.Page {
			return r.press(r.walkLink(l), "en aloittanut")
		}, login.ReasonCancelledByPerson},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			l := r.link(r.Service + "/return")
			page := c.walk(r, l)
			r.mustTell(page, l.SupportCode)
			a := r.attempt(l.SupportCode)
			if a.Reason != c.reason || !a.State.Over() || r.sessions() != 0 {
				t.Errorf("%s, %s", a.State, a.Reason)
			}
			if strings.HasPrefix(name, "refused") && a.Timeline[len(a.Timeline)-1].Detail != "not_started_by_me" {
				t.Errorf("support does not see that it was refused: %+v", a.Timeline)
			}
		})
	}
}

// Digits live for three minutes; after that the login starts again from the app.
func TestDigitsExpire(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.link(r.Service + "/return")
	r.app.RedirectURI = r.Service + "/return"
	page := r.press(r.walkLink(l), "Vahvista kirjautuminen")
	r.clock.pass(181 * time.Second)
	_, err := r.app.Digits(t.Context(), l, digitsOn(t, page))
	if refusal, _ := errors.AsType[*robot.Refusal](err); refusal == nil || refusal.Reason != "digits_expired" {
		t.Errorf("got %v", err)
	}
}

// Vahvista is felt by the waiting app at once, not at its next poll.
func TestWaitingAppIsWoken(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.link(r.Service + "/return")
	confirm := r.walkLink(l)
	told := make(chan robot.Status, 1)
	waiter := *r.app
	if _, err := waiter.Status(t.Context(), l, ""); err != nil { // has its nonce now
		t.Fatal(err)
	}
	go func() {
		s, err := waiter.Status(t.Context(), l, "authenticated")
		if err != nil {
			t.Error(err)
		}
		told <- s
	}()
	r.press(confirm, "Vahvista kirjautuminen")
	if s := <-told; s.State != "confirmed" {
		t.Errorf("told %+v", s)
	}
}
