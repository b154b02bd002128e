package link_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"avain/internal/core/attempt"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/methods/link"
	"avain/internal/platform/browsersession"
	"avain/internal/platform/web"
	"avain/internal/protocol/client"
	"avain/internal/secret"
)

const (
	appLink = "smartumpay://return"
	attack  = "javascript:alert(1)"
)

// world is the feature over one attempt. What is asked of the attempt is remembered.
type world struct {
	*testing.T
	mux   *http.ServeMux
	owner secret.Text // the browser whose login it is

	a       login.Attempt
	calls   []string
	opened  secret.Text // by which browser
	event   login.Event // of the last move
	failing map[string]error
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, owner: secret.New(), failing: map[string]error{}, a: login.Attempt{
		ID: "attempt", Client: "app", Method: login.MethodLink, State: login.StateCreated, Person: "person",
		Device: login.Device{Name: "Ainon puhelin"}, CreatedAt: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC),
		Request: login.Request{RedirectURI: "https://app.example/return"},
	}}
	base := &url.URL{Scheme: "https", Host: "login.example"}
	kit, err := web.New(web.Config{BaseURL: base, Brand: web.Brand{Name: "SmartumPay", Help: "/help/login"}})
	if err != nil {
		t.Fatal(err)
	}
	clients, err := client.New(client.Config{Issuer: base.String(), Now: time.Now, Clients: []login.Client{
		{ID: "app", Name: "SmartumPay", Auth: login.AuthNone, AppLink: appLink},
		{ID: "plain", Name: "Kauppa", Auth: login.AuthNone},
		{ID: "planted", Name: "Kauppa", Auth: login.AuthNone, AppLink: attack},
	}})
	if err != nil {
		t.Fatal(err)
	}
	f, err := link.New(link.Deps{
		Attempts: w, People: w, Clients: clients, Cookies: browsersession.New(base), Notices: w, Web: kit,
		Answer: func(a login.Attempt, answer url.Values) string { return a.Request.RedirectURI + "?" + answer.Encode() },
		Back:   func(login.Attempt, *fault.Error) string { return "" },
	})
	if err != nil {
		t.Fatal(err)
	}
	w.mux = http.NewServeMux()
	f.Mount(w.mux)
	return w
}

// visit is a request of a browser; nil: of one without a cookie.
func (w *world) visit(method, path string, browser *secret.Text) *httptest.ResponseRecorder {
	w.Helper()
	r := httptest.NewRequestWithContext(w.Context(), method, path, http.NoBody)
	if browser != nil {
		set := httptest.NewRecorder()
		browsersession.New(&url.URL{Scheme: "https", Host: "login.example"}).Set(set, *browser)
		for _, cookie := range set.Result().Cookies() { //nolint:bodyclose // there is none
			r.AddCookie(cookie)
		}
	}
	answer := httptest.NewRecorder()
	w.mux.ServeHTTP(answer, r)
	return answer
}

// leads holds an answer against where it must lead.
func (w *world) leads(name string, answer *httptest.ResponseRecorder, to string) {
	w.Helper()
	if answer.Code != http.StatusSeeOther || answer.Header().Get("Location") != to {
		w.Errorf("%s: status %d to %q, want %q", name, answer.Code, answer.Header().Get("Location"), to)
	}
}

func (w *world) called(calls ...string) {
	w.Helper()
	if strings.Join(w.calls, " ") != strings.Join(calls, " ") {
		w.Errorf("calls %v, want %v", w.calls, calls)
	}
	w.calls = nil
}

func (w *world) call(name string, e login.Event) error {
	w.calls, w.event = append(w.calls, name), e
	return w.failing[name]
}

func (w *world) mine(browser secret.Text) error {
	if !browser.Equal(w.owner) {
		return fault.New(fault.Conflict, login.ReasonOtherBrowser, nil)
	}
	return nil
}

func (w *world) ByLink(_ context.Context, link secret.Text) (login.Attempt, error) {
	if link.Reveal() != "the-link" {
		return login.Attempt{}, fault.New(fault.NotFound, login.ReasonAttemptUnknown, nil)
	}
	return w.a, nil
}

func (w *world) ByCode(_ context.Context, code, browser secret.Text) (login.Attempt, error) {
	if code.Reveal() != "the-code" {
		return login.Attempt{}, fault.New(fault.NotFound, login.ReasonAttemptEnded, nil)
	}
	return w.a, w.mine(browser)
}

func (w *world) ForBrowser(_ context.Context, id string, browser secret.Text) (login.Attempt, error) {
	if id != w.a.ID {
		return login.Attempt{}, fault.New(fault.NotFound, login.ReasonPageUnknown, nil)
	}
	return w.a, w.mine(browser)
}

func (w *world) OpenLink(_ context.Context, a login.Attempt, browser secret.Text, e login.Event) (login.Attempt, error) {
	w.opened = browser
	return a, w.call("open", e)
}

func (w *world) Confirm(_ context.Context, a login.Attempt, _ secret.Text, e login.Event) (secret.Text, login.Attempt, error) {
	return secret.Of("the-code"), a, w.call("confirm", e)
}

func (w *world) Code(login.Attempt, secret.Text) (secret.Text, error) {
	return secret.Of("the-code"), w.failing["code"]
}

func (w *world) Digits(login.Attempt, secret.Text) (string, error) {
	return "471108", w.failing["digits"]
}

func (w *world) End(_ context.Context, a login.Attempt, event attempt.Event, reason login.Reason, e login.Event) (login.Attempt, error) {
	if event != attempt.Deny || reason != login.ReasonCancelledByPerson {
		w.Errorf("ended by %v for %s", event, reason)
	}
	return a, w.call("end", e)
}

func (w *world) PersonByID(context.Context, string) (login.Person, error) {
	return login.Person{GivenName: "Aino", FamilyName: "Virtanen"}, w.failing["person"]
}

func (*world) Concerning(context.Context, operations.Viewer) []operations.Notice { return nil }

// A GET shows, only a POST acts: mail scanners and messengers open links too.
func TestThreat20OnlyAPressOpensALink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := w.visit(http.MethodGet, "/l/the-link", nil)
	if body := page.Body.String(); page.Code != 200 || !strings.Contains(body, "Ainon puhelin") || !strings.Contains(body, `action="/l/the-link"`) {
		t.Errorf("%d: %s", page.Code, body)
	}
	if len(page.Result().Cookies()) == 0 { //nolint:bodyclose // of a recorder
		t.Error("the browser gets no secret to press with")
	}
	w.called()
	w.leads("pressed", w.visit(http.MethodPost, "/l/the-link", &w.owner), "/login/attempt")
	if w.called("open"); !w.opened.Equal(w.owner) {
		t.Error("opened for another browser")
	}
}

// Without a cookie the browser could not own the link: nobody may, and nothing burns.
func TestLinkIsNotOpenedWithoutACookie(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if answer := w.visit(http.MethodPost, "/l/the-link", nil); answer.Code != 400 || !strings.Contains(answer.Body.String(), `href="/l/the-link"`) {
		t.Errorf("%d: %s", answer.Code, answer.Body)
	}
	w.called()
	w.failing["open"] = fault.New(fault.Gone, login.ReasonLinkReused, nil)
	if answer := w.visit(http.MethodPost, "/l/the-link", &w.owner); answer.Code != http.StatusGone {
		t.Errorf("a used link: %d", answer.Code)
	}
}

// Of a login that goes on, the link leads its own browser there, and tells any other.
func TestLinkOfALoginThatGoesOn(t *testing.T) {
	t.Parallel()
	w, other := newWorld(t), secret.New()
	w.a.State = login.StateAuthenticated
	w.leads("its browser", w.visit(http.MethodGet, "/l/the-link", &w.owner), "/login/attempt")
	if answer := w.visit(http.MethodGet, "/l/the-link", &other); answer.Code != http.StatusConflict {
		t.Errorf("another browser: %d", answer.Code)
	}
	w.a.State, w.a.Reason = login.StateExpired, login.ReasonAttemptExpired
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		if answer := w.visit(method, "/l/the-link", &w.owner); answer.Code != http.StatusGone {
			t.Errorf("%s of one that is over: %d", method, answer.Code)
		}
	}
	if answer := w.visit(http.MethodGet, "/l/another", &w.owner); answer.Code != http.StatusNotFound {
		t.Errorf("another link: %d", answer.Code)
	}
	w.called()
}

// "I did not start this" ends the login, once, and says so however often it is pressed.
func TestRefusalEndsTheLogin(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/l/the-link/refuse", "/login/attempt/refuse"} {
		w := newWorld(t)
		if answer := w.visit(http.MethodPost, path, &w.owner); answer.Code != 200 || w.event.Detail != "not_started_by_me" || w.event.Step != login.StepCancel {
			t.Errorf("%s: %d, %+v", path, answer.Code, w.event)
		}
		w.called("end")
		w.a.State, w.a.Reason = login.StateDenied, login.ReasonCancelledByPerson
		if answer := w.visit(http.MethodPost, path, &w.owner); answer.Code != 200 {
			t.Errorf("%s again: %d", path, answer.Code)
		}
		w.called()
		w.a.Reason = login.ReasonPersonLocked
		if answer := w.visit(http.MethodPost, path, &w.owner); answer.Code == 200 {
			t.Errorf("%s of one that was denied otherwise: %d", path, answer.Code)
		}
		w.called()
		w.a.State, w.failing["end"] = login.StateCreated, fault.ErrMoved // over at the same moment
		if answer := w.visit(http.MethodPost, path, &w.owner); answer.Code != 200 {
			t.Errorf("%s, too late: %d", path, answer.Code)
		}
		w.failing["end"] = context.DeadlineExceeded
		if answer := w.visit(http.MethodPost, path, &w.owner); answer.Code < 500 {
			t.Errorf("%s, and nothing was written: %d", path, answer.Code)
		}
	}
}

// Only the person who proved who they are, in that browser, lets the app in.
func TestConfirmPage(t *testing.T) {
	t.Parallel()
	for state, shown := range map[login.State]bool{
		login.StateCreated: false, login.StateAuthenticated: true, login.StateConfirmed: true, login.StateRedeemed: false,
	} {
		w, other := newWorld(t), secret.New()
		w.a.State = state
		page := w.visit(http.MethodGet, "/login/attempt/confirm", &w.owner)
		if body := page.Body.String(); shown && (page.Code != 200 || !strings.Contains(body, "Aino V.") || strings.Contains(body, "Virtanen")) {
			t.Errorf("%s: %d %s", state, page.Code, body)
		}
		pressed := w.visit(http.MethodPost, "/login/attempt/confirm", &w.owner)
		if !shown {
			w.leads(string(state), page, "/login/attempt")
			w.leads(string(state), pressed, "/login/attempt")
			w.called()
			continue
		}
		if w.called("confirm"); !strings.Contains(pressed.Body.String()+pressed.Header().Get("Location"), "https://app.example/return?code=the-code") {
			t.Errorf("%s, pressed: %d %s", state, pressed.Code, pressed.Body)
		}
		for name, browser := range map[string]*secret.Text{"another": &other, "none": nil} {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				if answer := w.visit(method, "/login/attempt/confirm", browser); answer.Code != http.StatusConflict {
					t.Errorf("%s, %s browser: %d", state, name, answer.Code)
				}
			}
		}
		w.called()
		w.failing["confirm"], w.failing["person"] = context.DeadlineExceeded, context.DeadlineExceeded
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if answer := w.visit(method, "/login/attempt/confirm", &w.owner); answer.Code < 500 {
				t.Errorf("%s, nothing is known: %d", state, answer.Code)
			}
		}
	}
}

// A direct login comes here when its redirect was lost: it leads to the digits, not into
// the same redirect again.
func TestConfirmationRescuesADirectLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.a.State, w.a.Method = login.StateConfirmed, login.MethodDirect
	w.leads("direct", w.visit(http.MethodPost, "/login/attempt/confirm", &w.owner), "/login/attempt/digits")
	w.called("confirm")
}

func TestWayBackForABrowserThatStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/login/attempt/digits", "/login/attempt/return"} {
		w.a.State = login.StateAuthenticated
		w.leads("not confirmed, "+path, w.visit(http.MethodGet, path, &w.owner), "/login/attempt")
		if answer := w.visit(http.MethodGet, path, nil); answer.Code != http.StatusConflict {
			t.Errorf("no browser, %s: %d", path, answer.Code)
		}
	}
	w.a.State = login.StateConfirmed
	page := w.visit(http.MethodGet, "/login/attempt/digits", &w.owner).Body.String()
	if !strings.Contains(page, "471108") || !strings.Contains(page, ">471<") || !strings.Contains(page, ">108<") || !strings.Contains(page, `href="smartumpay://return?code=the-code"`) {
		t.Errorf("digits: %s", page)
	}
	stuck := w.visit(http.MethodGet, "/login/attempt/return", &w.owner).Body.String()
	if strings.Contains(stuck, "471108") || !strings.Contains(stuck, `href="/login/attempt/confirm"`) {
		t.Errorf("a page without confirmation shows digits: %s", stuck)
	}
	for name, prepare := range map[string]func(){
		"no link is configured":   func() { w.a.Client = "plain" },
		"the code has expired":    func() { w.a.Client, w.failing["code"] = "app", fault.ErrNotFound },
		"the client is forgotten": func() { w.a.Client, w.failing["code"] = "gone", nil },
		"the link would be code":  func() { w.a.Client = "planted" },
	} {
		prepare()
		if page := w.visit(http.MethodGet, "/login/attempt/digits", &w.owner).Body.String(); !strings.Contains(page, "471108") || strings.Contains(page, "the-code") {
			t.Errorf("%s: %s", name, page)
		}
	}
	w.failing["digits"] = fault.ErrNotFound
	w.leads("no digits", w.visit(http.MethodGet, "/login/attempt/digits", &w.owner), "/login/attempt/return")
	w.failing["digits"] = context.DeadlineExceeded
	if answer := w.visit(http.MethodGet, "/login/attempt/digits", &w.owner); answer.Code < 500 {
		t.Errorf("nothing is known: %d", answer.Code)
	}
}

// The code leaves the address at once, and only its own browser gets further.
func TestFallbackOfTheClaimedAddress(t *testing.T) {
	t.Parallel()
	w, other := newWorld(t), secret.New()
	w.leads("a link", w.visit(http.MethodGet, "/return?code=the-code", &w.owner), "/login/attempt/digits")
	w.a.Method = login.MethodDirect
	w.leads("direct", w.visit(http.MethodGet, "/return?code=the-code", &w.owner), "/login/attempt/return")
	for name, c := range map[string]struct {
		query   string
		browser *secret.Text
		status  int
	}{
		"another browser": {"code=the-code", &other, 409}, "no browser": {"code=the-code", nil, 409}, "no code": {"state=x", &w.owner, 409},
		"another code": {"code=x", &w.owner, 404}, "refused": {"error=access_denied&reason=cancelled_by_person", &w.owner, 403},
		"two codes": {"code=a&code=b", &w.owner, 400},
	} {
		if answer := w.visit(http.MethodGet, "/return?"+c.query, c.browser); answer.Code != c.status {
			t.Errorf("%s: %d, want %d", name, answer.Code, c.status)
		}
	}
}
