package browser_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"avain/internal/config"
	"avain/internal/domain/login"
	"avain/internal/testkit/demo"
	"avain/internal/testkit/loopback"
	"avain/internal/testkit/robot"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// partner is a client whose redirect URI is a page of its own site, from where it leads
// on to the scheme of its app.
type partner struct {
	*httptest.Server
	mu     sync.Mutex
	heard  []url.Values
	opened int // so many times a browser has asked for the app, which is not installed
}

// watch counts how often a tab asks for the client's app.
func (p *partner) watch(b *tab) {
	b.Helper()
	b.must(chromedp.Listen(b.ctx, func(event any) {
		if e, ok := event.(*network.EventRequestWillBeSent); ok && strings.HasPrefix(e.Request.URL, partnerScheme) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.opened++
		}
	}))
}

const partnerScheme = "fi.partner.test:"

// newPartnerWorld is an installation with such a client.
func newPartnerWorld(t *testing.T) (*world, *partner) {
	t.Helper()
	p := &partner{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.heard = append(p.heard, r.URL.Query())
		p.mu.Unlock()
		if from := r.Referer(); from != "" {
			t.Errorf("the client learns where its person was: %s", from)
		}
		w.Header().Set("Location", partnerScheme+"//back?"+r.URL.RawQuery)
		w.WriteHeader(http.StatusFound)
	}))
	t.Cleanup(p.Close)
	w := newWorldAt(t, &clock{}, demo.Options{Change: func(c *config.Config) {
		c.Clients = append(c.Clients, config.Client{
			ID: "partner", Name: "Kuntokortti", Profile: login.ProfileCompatible, Auth: login.AuthNone,
			RedirectURIs: []string{p.URL + "/return"}, PostLogoutRedirectURIs: []string{p.URL + "/out"},
			Scopes: []string{"openid", "profile", "offline_access"},
		})
	}})
	w.origins = append(w.origins, p.URL)
	return w, p
}

// last is what the client has heard last, and how often it has heard something.
func (p *partner) last() (url.Values, int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.heard) == 0 {
		return nil, 0
	}
	return p.heard[len(p.heard)-1], len(p.heard)
}

// app is the client's app.
func (p *partner) app(w *world) *robot.App {
	w.Helper()
	app, err := robot.NewApp(w.Service, "partner", p.URL+"/return", loopback.Client(w))
	if err != nil {
		w.Fatal(err)
	}
	app.Scope, app.Now = "openid profile offline_access", w.clock.now
	return app
}

// mustLeave waits until a watched tab asks for the client's app, for the nth time, and
// answers what it would bring.
func (b *tab) mustLeave(p *partner, times int) url.Values {
	b.Helper()
	b.eventually("the browser would open the app", func() bool {
		if strings.Contains(strings.Join(b.complaints.all(), "\n"), "form-action") {
			b.fail("the browser blocks the way to the app")
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.opened == times
	})
	answer, n := p.last()
	if n < times {
		b.Errorf("the client has heard %d answers, want %d", n, times)
	}
	return answer
}

// TestLeavingForAnAppBehindASite: every page that ends at a client gets there, with and
// without scripts, when the client's own site leads on to its app. Chromium applies
// form-action to each redirect behind a form.
func TestLeavingForAnAppBehindASite(t *testing.T) {
	t.Parallel()
	for name, scriptless := range map[string]bool{"with scripts": false, "without scripts": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, p := newPartnerWorld(t)
			somebody := w.newBrowser().owner(phone())
			visit := func(address string) *tab {
				page := somebody.newTab()
				page.withoutScripts(scriptless)
				p.watch(page)
				page.open(address)
				return page
			}
			app := p.app(w)

			l, err := app.Start(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			page := visit(l.AuthorizeURL)
			page.press("Peruuta")
			if heard := page.mustLeave(p, 1); heard.Get("error") != "access_denied" || heard.Get("state") != l.State {
				t.Errorf("cancelled: the client hears %v", heard)
			}
			page.see("Palataan palveluun Kuntokortti")
			page.pressAndStay("Jatka") // for a browser that does not go on by itself
			page.mustLeave(p, 2)

			l, err = app.Start(t.Context(), url.Values{"login_method": {"link"}})
			page.must(err)
			page = visit(l.LoginLink)
			page.toConfirm()
			page.press("Vahvista kirjautuminen")
			heard := page.mustLeave(p, 3)
			tokens, err := app.Finish(t.Context(), l, p.URL+"/return?"+heard.Encode())
			if err != nil {
				t.Fatalf("confirmed: %v", err)
			}

			page = visit(w.Service + "/logout?" + url.Values{
				"id_token_hint": {tokens.IDToken}, "post_logout_redirect_uri": {p.URL + "/out"}, "state": {"bye"},
			}.Encode())
			page.press("Kirjaudu ulos")
			if heard := page.mustLeave(p, 4); heard.Get("state") != "bye" {
				t.Errorf("logged out: the client hears %v", heard)
			}
			if _, err := app.Refresh(t.Context(), tokens.RefreshToken); err == nil {
				t.Error("still logged in")
			}

			// Without a token that says who: our own pages' sign-in is asked about.
			page = visit(w.Service + "/me")
			page.press("Kirjaudu")
			page.throughBank(aino)
			page.open(w.Service + "/logout?" + url.Values{
				"client_id": {"partner"}, "post_logout_redirect_uri": {p.URL + "/out"}, "state": {"bye2"},
			}.Encode())
			page.see("näiltä sivuilta tässä selaimessa")
			page.press("Kirjaudu ulos")
			if heard := page.mustLeave(p, 5); heard.Get("state") != "bye2" {
				t.Errorf("logged out of our pages: the client hears %v", heard)
			}
			page.open(w.Service + "/logout")
			page.see("Tässä selaimessa ei ole kirjauduttu")
			if !scriptless {
				page.look("leave")
			}
		})
	}
}

// TestLeavingFromAnOldTab: the login goes on in another tab, and somebody presses in the
// old one, which leads where the login stands: to the client.
func TestLeavingFromAnOldTab(t *testing.T) {
	t.Parallel()
	w, p := newPartnerWorld(t)
	somebody := w.newBrowser().owner(phone())
	page, app := somebody.newTab(), p.app(w)
	p.watch(page)
	l, err := app.Start(t.Context(), nil)
	page.must(err)
	old := map[string]*tab{"Kuikka Pankki": somebody.newTab(), "Peruuta": somebody.newTab()}
	for _, b := range old {
		b.open(l.AuthorizeURL)
		p.watch(b)
	}
	page.front()
	page.open(l.AuthorizeURL)
	page.press("Kuikka Pankki")
	page.press(aino)
	page.pressAndStay("Vahvista")
	page.mustLeave(p, 1)

	left := 1
	for button, b := range old {
		b.front()
		b.press(button)
		left++
		b.mustLeave(p, left)
	}
	heard, _ := p.last()
	if _, err := app.Finish(t.Context(), l, p.URL+"/return?"+heard.Encode()); err != nil {
		t.Errorf("the code of the old tab: %v", err)
	}
}
