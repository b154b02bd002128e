package server_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/domain/login"
	"avain/internal/testkit/demo"
	"avain/internal/testkit/robot"
)

// tooMany are the words of a page that says so, and when to come again.
var tooMany = map[string][]string{
	"fi": {"Liian monta yritystä", "Voit yrittää uudelleen"},
	"sv": {"För många försök", "Du kan försöka igen om"},
	"en": {"Too many tries", "You can try again in"},
}

// mustPause checks an answer that tells its caller to come again, and when.
func mustPause(t *testing.T, what string, status int, body string, header http.Header, lang string) {
	t.Helper()
	seconds, err := strconv.Atoi(header.Get("Retry-After"))
	if status != http.StatusTooManyRequests || err != nil || seconds < 1 || seconds > 600 || header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s: %d, Retry-After %q, Cache-Control %q", what, status, header.Get("Retry-After"), header.Get("Cache-Control"))
		return
	}
	words := []string{`"reason":"rate_limited"`, `"support_code"`}
	if lang != "" {
		words = tooMany[lang]
	}
	for _, word := range words {
		if !strings.Contains(body, word) {
			t.Errorf("%s: the answer does not say %q:\n%s", what, word, body)
		}
	}
}

// Every path that a network can ask too often says so in the form that its callers
// read: a page in the person's language, or a document with a reason. Another network is
// answered meanwhile.
func TestEveryPathPausesANetworkThatAsksTooOften(t *testing.T) {
	t.Parallel()
	const enough = 3
	r := newRig(t, onNetworks, func(c *config.Config) {
		c.Limits.RequestsPerNetwork = config.Rate{Count: enough, Per: 15 * time.Minute}
	})
	form := url.Values{"client_id": {"smartumpay"}}
	network := 0
	for _, path := range []struct {
		method, address string
		form            url.Values
		page            bool
	}{
		{http.MethodPost, "/par", form, false},
		{http.MethodGet, "/authorize?client_id=smartumpay", nil, true},
		{http.MethodGet, "/l/" + login.NewID(), nil, true},
		{http.MethodPost, "/l/" + login.NewID(), url.Values{}, true},
		{http.MethodPost, "/l/" + login.NewID() + "/refuse", url.Values{}, true},
		{http.MethodGet, "/login/" + login.NewID(), nil, true},
		{http.MethodPost, "/login/" + login.NewID() + "/means", url.Values{"means": {"kuikka"}}, true},
		{http.MethodGet, "/login/" + login.NewID() + "/confirm", nil, true},
		{http.MethodPost, "/login/" + login.NewID() + "/confirm", url.Values{}, true},
		{http.MethodGet, "/login/" + login.NewID() + "/digits", nil, true},
		{http.MethodGet, "/return?code=x", nil, true},
		{http.MethodGet, "/callback/op?state=x&code=y", nil, true},
		{http.MethodPost, "/authorize-challenge", url.Values{"client_id": {"smartumpay"}, "auth_session": {"x"}, "tx_code": {"123456"}}, false},
		{http.MethodPost, "/authorize-challenge", url.Values{"client_id": {"smartumpay"}, "qr": {"AVAIN1:x"}}, false},
		{http.MethodPost, "/authorize-challenge", url.Values{"client_id": {"smartumpay"}, "typed_code": {"0123456789"}}, false},
		{http.MethodPost, "/attempt-status", form, false},
		{http.MethodPost, "/token", form, false},
		{http.MethodGet, "/userinfo", nil, false},
		{http.MethodGet, "/login-options", nil, false},
		{http.MethodGet, "/me", nil, true},
		{http.MethodPost, "/me/login", url.Values{}, true},
		{http.MethodPost, "/me/qr", url.Values{}, true},
		{http.MethodPost, "/me/qr/" + login.NewID() + "/number", url.Values{"number": {"12"}}, true},
	} {
		langs := []string{""}
		if path.page {
			langs = []string{"fi", "sv", "en"}
		}
		for _, lang := range langs {
			network++
			here := http.Header{"X-Forwarded-For": {"192.0.2." + strconv.Itoa(network)}, "Accept-Language": {lang}, "Sec-Fetch-Site": {"same-origin"}}
			for range enough {
				if status, _, _ := r.send(path.method, path.address, path.form, here); status == http.StatusTooManyRequests || status >= 500 {
					t.Fatalf("%s %s: %d before the limit", path.method, path.address, status)
				}
			}
			status, body, header := r.send(path.method, path.address, path.form, here)
			mustPause(t, path.method+" "+path.address, status, body, header, lang)
		}
	}
}

// paused is the answer to an app that must wait.
func (r *rig) paused(what string, err error) time.Duration {
	r.Helper()
	refusal, _ := errors.AsType[*robot.Refusal](err)
	if refusal == nil || refusal.Status != http.StatusTooManyRequests || refusal.Reason != string(login.ReasonRateLimited) || refusal.SupportCode == "" {
		r.Fatalf("%s: %v", what, err)
	}
	seconds, err := strconv.Atoi(refusal.Header.Get("Retry-After"))
	if err != nil || seconds < 1 || seconds > 600 {
		r.Fatalf("%s: Retry-After %q", what, refusal.Header.Get("Retry-After"))
	}
	return time.Duration(seconds) * time.Second
}

// Starts are limited per key and per network. Who waits as long as was said gets in.
func TestStartsArePaused(t *testing.T) {
	t.Parallel()
	r := newRig(t, onNetworks, func(c *config.Config) {
		c.Limits.StartsPerKey = config.Rate{Count: 2, Per: 10 * time.Minute}
		c.Limits.StartsPerNetwork = config.Rate{Count: 5, Per: 10 * time.Minute}
	})
	for range 2 {
		r.start()
	}
	_, err := r.app.Start(t.Context(), nil)
	wait := r.paused("a key's third start", err)
	other, _ := r.phone()
	if _, err := other.Start(t.Context(), nil); err != nil {
		t.Errorf("another key: %v", err)
	}
	r.clock.pass(wait)
	r.start()
	for name, start := range map[string]func(a *robot.App) error{
		"direct": func(a *robot.App) error { _, err := a.Start(t.Context(), nil); return err },
		"link": func(a *robot.App) error {
			_, err := a.Start(t.Context(), url.Values{"login_method": {"link"}})
			return err
		},
		"scan": func(a *robot.App) error { _, err := a.Scan(t.Context(), "AVAIN1:x"); return err },
	} {
		var err error
		for range 7 { // each with a key of its own: the network counts
			app, _ := r.phone()
			app.HTTP.Transport = from{"198.51.100." + strconv.Itoa(len(name)), app.HTTP.Transport}
			if err = start(app); reason(err) == login.ReasonRateLimited {
				break
			}
		}
		r.paused(name+", many keys of one network", err)
	}
	_, browser := r.phone()
	browser.HTTP.Transport = from{"198.51.100.99", browser.HTTP.Transport}
	page, err := browser.Open(t.Context(), r.Service+"/me") // sets the cookie
	if err != nil {
		t.Fatal(err)
	}
	for range 6 {
		if page, err = browser.Submit(t.Context(), r.Service+"/me/login", url.Values{}); err != nil {
			t.Fatal(err)
		}
	}
	mustPause(t, "sign-ins on the web", page.Status, page.Body, page.Header, "fi")
}

// What is counted for a person is paused for that person on this path, whichever app
// and network it comes from; every other path stays open, and a right answer costs
// nothing meanwhile.
func TestPausesCloseNoOtherPath(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	redirect := r.Service + "/return"
	confirmed := func() (robot.Login, robot.Page) {
		r.app, r.browser = r.phone()
		r.app.RedirectURI = redirect
		l := r.link(redirect)
		return l, r.press(r.walkLink(l), "Vahvista kirjautuminen")
	}
	for range 4 { // three guesses at each of four logins: twelve
		l, page := confirmed()
		for n := range 3 {
			if _, err := r.app.Digits(t.Context(), l, otherDigits(digitsOn(t, page), n)); err == nil || reason(err) == login.ReasonRateLimited {
				t.Fatalf("guess %d: %v", n, err)
			}
		}
	}
	l, page := confirmed()
	right := digitsOn(t, page)
	_, err := r.app.Digits(t.Context(), l, otherDigits(right, 9))
	wait := r.paused("the thirteenth guess", err)
	_, err = r.app.Digits(t.Context(), l, right)
	r.paused("the right digits", err)
	if a := r.attempt(l.SupportCode); a.State != login.StateConfirmed {
		t.Errorf("the pause has ended the login: %s", a.State)
	}
	r.app, r.browser = r.phone()
	r.login() // direct
	shown := r.showQR()
	s := r.scan(shown)
	r.number(shown, s.Match)
	if _, err := r.app.CollectAndRedeem(t.Context(), s); err != nil {
		t.Errorf("the QR code is closed, too: %v", err)
	}
	r.clock.pass(wait)
	l, page = confirmed()
	if _, err := r.app.Digits(t.Context(), l, digitsOn(t, page)); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}

// "Vahvista" too often in a row: the page says when it may be pressed again, and the
// login is still there then.
func TestConfirmationsArePaused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var l robot.Login
	var confirm, page robot.Page
	for n := range 13 {
		r.app, r.browser = r.phone()
		l = r.link(r.App + "/return")
		confirm = r.walkLink(l)
		if page = r.press(confirm, "Vahvista kirjautuminen"); n < 12 && page.App == "" {
			t.Fatalf("confirmation %d: %d\n%s", n, page.Status, page.Body)
		}
	}
	mustPause(t, "the thirteenth", page.Status, page.Body, page.Header, "fi")
	if !strings.Contains(page.Body, confirm.URL[len(r.Service):]) {
		t.Errorf("no way back to the confirm page:\n%s", page.Body)
	}
	again, err := r.browser.Open(t.Context(), confirm.URL)
	if err != nil {
		t.Fatal(err)
	}
	r.clock.pass(time.Minute)
	if back := r.press(again, "Vahvista kirjautuminen"); back.App == "" {
		t.Errorf("a minute later: %d\n%s", back.Status, back.Body)
	} else if _, err := r.finish(l, r.App+"/return", back.App); err != nil {
		t.Error(err)
	}
}

// One password is sprayed over many names, with a fresh key for each try in the app and
// by the forms of the pages: one network has one budget for both, and it does not matter
// in which order it is spent. Another network types on.
func TestThreat46SprayingHasOneBudget(t *testing.T) {
	t.Parallel()
	r := newRig(t, onNetworks)
	const budget = 60 // then one a second
	paths := func(address string) (inApp, onPage func(n int) bool) {
		_, browser := r.phone()
		browser.HTTP.Transport = from{address, browser.HTTP.Transport}
		page, err := browser.Open(t.Context(), r.Service+"/me/password")
		if err != nil {
			t.Fatal(err)
		}
		var app *robot.App
		inApp = func(n int) bool {
			if app == nil || n%20 == 0 { // a key has a limit of its own
				app, _ = r.phone()
				app.HTTP.Transport = from{address, app.HTTP.Transport}
			}
			_, _, err := app.Password(t.Context(), "name"+strconv.Itoa(n), wrongPassword, nil)
			return reason(err) == login.ReasonRateLimited
		}
		onPage = func(n int) bool {
			page, err := browser.Press(t.Context(), page, "Kirjaudu", url.Values{"username": {"other" + strconv.Itoa(n)}, "password": {wrongPassword}})
			if err != nil {
				t.Fatal(err)
			}
			return page.Status == http.StatusTooManyRequests
		}
		return inApp, onPage
	}
	until := func(try func(n int) bool, most int) int {
		for n := range most {
			if try(n) {
				return n
			}
		}
		return most
	}
	for address, first := range map[string]string{"192.0.2.1": "app", "192.0.2.2": "page"} {
		inApp, onPage := paths(address)
		if first == "page" {
			inApp, onPage = onPage, inApp
		}
		began := r.clock.now()
		n, more := until(inApp, 10*budget), until(onPage, budget)
		refilled := int(r.clock.now().Sub(began)/time.Second) + 1 // the clock runs on: a second is one more try
		if n < budget || n+more > budget+refilled {
			t.Errorf("%s first: %d tries and %d on the other path, want %d and at most %d more", first, n, more, budget, refilled)
		}
	}
	inApp, onPage := paths("198.51.100.1")
	if inApp(0) || onPage(0) {
		t.Error("another network is refused")
	}
}

// 400 wrong passwords at once, from as many networks and in both ways: each is told that
// it is wrong, or at once that there are too many and when to come again; nobody hears
// that the service cannot. People who log in with a bank meanwhile notice nothing, and
// the right password gets in as soon as the flood is over.
func TestThreat51FloodOfPasswordsLeavesOtherLoginsAlone(t *testing.T) {
	t.Parallel()
	const guesses, logins = 400, 5
	r := newRig(t, onNetworks, func(c *config.Config) {
		c.Limits.StartsPerKey = config.Rate{Count: 1_000_000, Per: time.Minute}
	})
	type answer struct {
		status int
		header http.Header
	}
	answers := make(chan answer, guesses)
	var flood sync.WaitGroup
	for n := range guesses {
		app, client := *r.app, *r.app.HTTP // one key for all: making 400 takes longer than using it
		client.Transport = from{fmt.Sprintf("198.51.%d.%d", n/200, 1+n%200), client.Transport}
		app.HTTP = &client
		browser := robot.NewBrowser(client.Transport, r.App)
		guess := func() answer {
			_, _, err := app.Password(t.Context(), "name"+strconv.Itoa(n), wrongPassword, nil)
			refused := refusal(err)
			return answer{refused.Status, refused.Header}
		}
		if n%2 == 0 {
			guess = func() answer {
				page, err := browser.Open(t.Context(), r.Service+"/me/password")
				if err == nil {
					page, err = browser.Press(t.Context(), page, "Kirjaudu", url.Values{"username": {"name" + strconv.Itoa(n)}, "password": {wrongPassword}})
				}
				if err != nil {
					t.Error(err)
				}
				return answer{page.Status, page.Header}
			}
		}
		flood.Go(func() { answers <- guess() })
	}
	for range logins {
		r.app, r.browser = r.phone()
		r.login()
	}
	flood.Wait()
	close(answers)
	for a := range answers {
		seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
		if a.status != http.StatusForbidden && (a.status != http.StatusTooManyRequests || err != nil || seconds < 1 || seconds > 10) {
			t.Errorf("%d, Retry-After %q", a.status, a.header.Get("Retry-After"))
		}
	}
	r.withPassword("hilma", demo.Password)
}
