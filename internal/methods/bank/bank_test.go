package bank

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"avain/internal/broker"
	"avain/internal/core/attempt"
	"avain/internal/core/people"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/browsersession"
	"avain/internal/platform/web"
	"avain/internal/protocol/client"
	"avain/internal/secret"
)

var errStore = errors.New("the database does not answer")

// world is the feature over one attempt, one broker and one person.
type world struct {
	*testing.T
	mux   *http.ServeMux
	owner secret.Text

	a       login.Attempt
	off     map[login.Method]map[string]string // by notices
	fields  url.Values                         // of the broker's form
	taken   bool
	done    bool
	failing map[string]error
	calls   []string
	event   login.Event // of the last call that has one
	who     people.Accepted
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		T: t, owner: secret.New(), failing: map[string]error{}, taken: true,
		a: login.Attempt{ID: login.NewID(), Client: "app", Method: login.MethodDirect, State: login.StateOpened, Request: login.Request{RedirectURI: "https://app.example/return"}},
	}
	base := &url.URL{Scheme: "https", Host: "login.example"}
	kit, err := web.New(web.Config{BaseURL: base, Brand: web.Brand{Name: "SmartumPay", Help: "/help/login"}})
	if err != nil {
		t.Fatal(err)
	}
	clients, err := client.New(client.Config{Issuer: base.String(), Now: time.Now, Clients: []login.Client{{ID: "app", Name: "SmartumPay", Auth: login.AuthNone}}})
	if err != nil {
		t.Fatal(err)
	}
	f, err := New(Deps{
		Attempts: w, BrokerRequests: w, Brokers: w, Gate: w, Notices: w, People: w, Clients: clients, Cookies: browsersession.New(base), Web: kit,
		Continue: func(rw http.ResponseWriter, _ *http.Request, _ login.Attempt) error { return web.SeeOther(rw, "/on") },
		Back: func(_ login.Attempt, e *fault.Error) string {
			return "https://app.example/return?reason=" + string(e.Reason)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.mux = http.NewServeMux()
	f.Mount(w.mux)
	return w
}

// visit is a request of a browser; nil: of one without a cookie.
func (w *world) visit(method, path string, browser *secret.Text, form ...string) *httptest.ResponseRecorder {
	w.Helper()
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Set(form[i], form[i+1])
	}
	r := httptest.NewRequestWithContext(w.Context(), method, path, strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if browser != nil {
		set := httptest.NewRecorder()
		browsersession.New(&url.URL{Scheme: "https", Host: "login.example"}).Set(set, *browser)
		for _, cookie := range set.Result().Cookies() { //nolint:bodyclose // of a recorder
			r.AddCookie(cookie)
		}
	}
	answer := httptest.NewRecorder()
	w.mux.ServeHTTP(answer, r)
	return answer
}

func (w *world) own(method, path string, form ...string) *httptest.ResponseRecorder {
	w.Helper()
	return w.visit(method, strings.Replace(path, "ID", w.a.ID, 1), &w.owner, form...)
}

func (w *world) leads(name string, answer *httptest.ResponseRecorder, to string) {
	w.Helper()
	if answer.Code != http.StatusSeeOther || answer.Header().Get("Location") != to {
		w.Errorf("%s: status %d to %q, want %q", name, answer.Code, answer.Header().Get("Location"), to)
	}
}

func (w *world) called(name string, calls ...string) {
	w.Helper()
	if strings.Join(w.calls, " ") != strings.Join(calls, " ") {
		w.Errorf("%s: calls %v, want %v", name, w.calls, calls)
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

func (w *world) ForBrowser(_ context.Context, _ string, browser secret.Text) (login.Attempt, error) {
	return w.a, w.mine(browser)
}

func (w *world) NewBrokerRequest(a login.Attempt, _ secret.Text) attempt.BrokerRequest {
	return attempt.BrokerRequest{Attempt: a, State: secret.Of("the-state"), Nonce: secret.Of("n"), Verifier: secret.Of("v")}
}

func (w *world) StartBrokerRequest(_ context.Context, j attempt.BrokerRequest, _ secret.Text, e login.Event) (login.Attempt, error) {
	if j.Broker != "broker" || j.Means != "op" {
		w.Errorf("departs to %s of %s", j.Means, j.Broker)
	}
	return w.a, w.call("depart", e)
}

func (w *world) ResumeBrokerRequest(_ context.Context, from string, state, browser secret.Text) (attempt.BrokerRequest, error) {
	if from != "broker" || state.Reveal() != "the-state" {
		return attempt.BrokerRequest{}, fault.New(fault.NotFound, login.ReasonAttemptUnknown, nil)
	}
	return attempt.BrokerRequest{Attempt: w.a, Broker: "broker", Means: "op", State: state}, w.mine(browser)
}

func (w *world) ClaimCallback(context.Context, attempt.BrokerRequest) (bool, error) {
	return w.taken, w.call("take", login.Event{})
}

func (w *world) CallbackDone(context.Context, attempt.BrokerRequest) (bool, error) {
	return w.done, w.failing["finished"]
}

func (w *world) BrokerFailed(_ context.Context, _ attempt.BrokerRequest, e login.Event) error {
	return w.call("back", e)
}

func (w *world) Authenticate(_ context.Context, _ attempt.BrokerRequest, id login.Identity, person login.Person, e login.Event) (login.Attempt, error) {
	if id.Broker != "broker" || person.ID != "person" {
		w.Errorf("%+v is taken for %+v", id, person)
	}
	return w.a, w.call("authenticate", e)
}

func (w *world) End(_ context.Context, a login.Attempt, event attempt.Event, reason login.Reason, e login.Event) (login.Attempt, error) {
	return a, w.call("end:"+map[attempt.Event]string{attempt.Deny: "deny", attempt.Fail: "fail"}[event]+":"+string(reason), e)
}

func (w *world) Note(_ context.Context, _ login.Attempt, e login.Event) error {
	return w.call("note", e)
}

func (w *world) Shown(_ context.Context, _ login.Attempt, e login.Event) error {
	return w.call("shown", e)
}

func (*world) Offer(context.Context, string) broker.Offer { return broker.Offer{} }

func (w *world) Begin(_ context.Context, in broker.Start) (broker.Redirect, error) {
	w.calls = append(w.calls, "begin "+in.Means)
	return broker.Redirect{Broker: "broker", URL: "https://broker.example/auth", Fields: w.fields}, w.failing["begin"]
}

func (w *world) Finish(_ context.Context, in broker.Return) (login.Identity, error) {
	w.calls = append(w.calls, "finish "+in.Query.Get("code"))
	return login.Identity{Broker: "broker", Means: "nordea"}, w.failing["finish"]
}

func (*world) Origins() []string { return nil }

func (*world) Means(context.Context, string) (bool, map[string]string) { return true, nil }

func (w *world) MayChoose(context.Context, string) error { return w.failing["gate"] }

func (*world) Concerning(context.Context, operations.Viewer) []operations.Notice { return nil }

func (w *world) Arrange(context.Context, operations.Viewer) operations.MethodOverrides {
	return operations.MethodOverrides{Off: w.off}
}

func (w *world) Identify(context.Context, login.Identity) (login.Person, error) {
	return login.Person{ID: "person"}, w.failing["identify"]
}

func (w *world) Activate(_ context.Context, _ login.Identity, in people.Accepted) (login.Person, error) {
	w.who = in
	return login.Person{ID: "person"}, w.failing["identify"]
}

func TestChosenMeansLeadsToItsBroker(t *testing.T) {
	t.Parallel()
	for state, goes := range map[login.State]bool{
		login.StateCreated: true, login.StateOpened: true, login.StateAuthenticated: false, login.StateRedeemed: false, login.StateDenied: false,
	} {
		w := newWorld(t)
		w.a.State = state
		answer := w.own(http.MethodPost, "/login/ID/means", "means", "op")
		if !goes {
			w.leads(string(state), answer, page(w.a))
			w.called(string(state))
			continue
		}
		w.leads(string(state), answer, "https://broker.example/auth")
		w.called(string(state), "begin op", "depart")
	}
	w := newWorld(t)
	w.fields = url.Values{"request": {"signed"}}
	if answer := w.own(http.MethodPost, "/login/ID/means", "means", "op"); answer.Code != 200 || !strings.Contains(answer.Body.String(), `action="https://broker.example/auth"`) {
		t.Errorf("a broker that wants a form: %d %s", answer.Code, answer.Body)
	}
	w.failing["depart"] = errStore
	if answer := w.own(http.MethodPost, "/login/ID/means", "means", "op"); answer.Code != 500 {
		t.Errorf("nothing was written: %d", answer.Code)
	}
}

// Who cannot leave sees the means again, with why, and the timeline knows it.
func TestJourneyThatDoesNotBegin(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		where  string
		err    error
		means  string // that is written down
		status int
	}{
		"switched off":       {"gate", fault.New(fault.Unavailable, login.ReasonMeansUnavailable, nil), "", 303},
		"the broker is down": {"begin", fault.New(fault.Unavailable, login.ReasonBrokerDown, nil), "op", 303},
		"no such means":      {"begin", fault.New(fault.NotFound, login.ReasonMeansUnavailable, nil), "", 303},
		"a mistake of ours":  {"begin", errStore, "", 500},
		"no form of ours":    {"begin", fault.BadParam("means", "missing"), "", 400},
	} {
		w := newWorld(t)
		w.failing[c.where] = c.err
		answer := w.own(http.MethodPost, "/login/ID/means", "means", "op")
		if answer.Code != c.status || w.event.Means != c.means || c.status == 303 && (w.event.Step != login.StepChoose || w.event.Outcome != login.OutcomeFailed) {
			t.Errorf("%s: %d, %+v", name, answer.Code, w.event)
		}
	}
	w := newWorld(t)
	w.off = map[login.Method]map[string]string{login.MethodDirect: nil}
	w.leads("closed by a notice", w.own(http.MethodPost, "/login/ID/means", "means", "op"), page(w.a))
	if w.called("closed by a notice", "note"); w.event.Detail != "method.off_for_browser" {
		t.Errorf("%+v", w.event)
	}
	w.failing["note"] = errStore
	if answer := w.own(http.MethodPost, "/login/ID/means", "means", "op"); answer.Code != 500 {
		t.Errorf("nothing was written: %d", answer.Code)
	}
}

func TestCancelTellsTheApp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	answer := w.own(http.MethodPost, "/login/ID/cancel")
	if said := answer.Header().Get("Location") + answer.Body.String(); !strings.Contains(said, "https://app.example/return?reason=cancelled_by_person") {
		t.Errorf("%d %s", answer.Code, said)
	}
	w.called("cancel", "end:deny:cancelled_by_person")
	w.failing["end:deny:cancelled_by_person"] = fault.ErrMoved
	w.leads("pressed twice", w.own(http.MethodPost, "/login/ID/cancel"), page(w.a))
	w.failing["end:deny:cancelled_by_person"] = errStore
	if answer := w.own(http.MethodPost, "/login/ID/cancel"); answer.Code != 500 {
		t.Errorf("nothing was written: %d", answer.Code)
	}
	w.calls, w.a.State = nil, login.StateAuthenticated
	w.leads("an old tab", w.own(http.MethodPost, "/login/ID/cancel"), page(w.a))
	w.called("an old tab")
}

func TestFormsOfOtherBrowsersDoNothing(t *testing.T) {
	t.Parallel()
	w, other := newWorld(t), secret.New()
	for _, act := range []string{"means", "cancel"} {
		path := "/login/" + w.a.ID + "/" + act
		if answer := w.visit(http.MethodPost, path, &other); answer.Code != http.StatusConflict {
			t.Errorf("another browser, %s: %d", act, answer.Code)
		}
		if answer := w.visit(http.MethodPost, path, nil); answer.Code != 400 || !strings.Contains(answer.Body.String(), "/login/"+w.a.ID) {
			t.Errorf("no cookie, %s: %d", act, answer.Code)
		}
	}
	w.called("others")
}

const callback = "/callback/broker?state=the-state&code=c"

// However often the broker's answer is loaded, one request settles it.
func TestAnswerIsSettledOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leads("settled", w.own(http.MethodGet, callback), "/on")
	w.called("settled", "take", "finish c", "authenticate")
	w.taken = false
	if answer := w.own(http.MethodGet, callback); answer.Code != 200 || answer.Header().Get("Refresh") == "" {
		t.Errorf("the second click waits: %d", answer.Code)
	}
	w.done = true
	w.leads("the second click, later", w.own(http.MethodGet, callback), page(w.a))
	w.called("the second clicks", "take", "take")
	w.failing["finished"] = errStore
	if answer := w.own(http.MethodGet, callback); answer.Code != 500 {
		t.Errorf("nothing is known: %d", answer.Code)
	}
	w.failing["take"] = errStore
	if answer := w.own(http.MethodGet, callback); answer.Code != 500 {
		t.Errorf("nothing was taken: %d", answer.Code)
	}
	w.calls, w.a.State = nil, login.StateAuthenticated
	w.leads("loaded again", w.own(http.MethodGet, callback), page(w.a))
	w.called("loaded again")
}

// It acts only for the browser that left (login CSRF): any other changes nothing.
func TestThreat15AnswerOfAnotherBrowserDoesNothing(t *testing.T) {
	t.Parallel()
	w, other := newWorld(t), secret.New()
	for name, browser := range map[string]*secret.Text{"another": &other, "none": nil} {
		if answer := w.visit(http.MethodGet, callback, browser); answer.Code != http.StatusConflict {
			t.Errorf("%s: %d", name, answer.Code)
		}
		if w.called(name, "note"); w.event.Reason != login.ReasonOtherBrowser || w.event.Outcome != login.OutcomeRefused {
			t.Errorf("%s: %+v", name, w.event)
		}
	}
	for query, status := range map[string]int{"broker?code=c": 400, "broker?state=x&code=c": 404, "other?state=the-state&code=c": 404, "broker?state=a&state=b": 400} {
		if answer := w.own(http.MethodGet, "/callback/"+query); answer.Code != status {
			t.Errorf("%s: %d, want %d", query, answer.Code, status)
		}
	}
	w.called("others")
}

func TestWhoComesBackWithoutAnIdentity(t *testing.T) {
	t.Parallel()
	for reason, outcome := range map[login.Reason]string{login.ReasonCancelledAtBroker: login.OutcomeRefused, login.ReasonBrokerError: login.OutcomeFailed} {
		w := newWorld(t)
		w.failing["finish"] = fault.New(fault.Forbidden, reason, nil)
		w.leads(string(reason), w.own(http.MethodGet, callback), page(w.a))
		if w.called(string(reason), "take", "finish c", "back"); w.event.Outcome != outcome || w.event.Reason != reason {
			t.Errorf("%+v", w.event)
		}
		w.failing["back"] = errStore
		if answer := w.own(http.MethodGet, callback); answer.Code < 400 {
			t.Errorf("%s, nothing was written: %d", reason, answer.Code)
		}
	}
}

// A proven human whom we do not let in ends the login; what we could not find out does not.
func TestProvenButRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err    error
		status int
		calls  []string
	}{
		"nobody's":             {fault.New(fault.Forbidden, login.ReasonNoBenefits, nil), 303, []string{"take", "finish c", "end:fail:no_benefits"}},
		"the database is away": {errStore, 500, []string{"take", "finish c"}},
		"it comes back soon":   {fault.New(fault.Unavailable, login.ReasonInternal, nil), 503, []string{"take", "finish c"}},
	} {
		w := newWorld(t)
		w.failing["identify"] = c.err
		if answer := w.own(http.MethodGet, callback); answer.Code != c.status {
			t.Errorf("%s: %d", name, answer.Code)
		}
		w.called(name, c.calls...)
		if c.status == 303 && (w.event.Means != "nordea" || w.event.Chosen != "op") {
			t.Errorf("%s: the timeline does not tell which means it was instead: %+v", name, w.event)
		}
	}
	w := newWorld(t)
	w.failing["authenticate"] = fault.ErrMoved
	w.leads("cancelled in another tab", w.own(http.MethodGet, callback), page(w.a))
	w.failing["authenticate"] = errStore
	if answer := w.own(http.MethodGet, callback); answer.Code != 500 {
		t.Errorf("nothing was written: %d", answer.Code)
	}
}

// An identification that began on an invitation's page uses the invitation.
func TestIdentificationUsesTheInvitation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leads("without one", w.own(http.MethodGet, callback), "/on")
	if w.who != (people.Accepted{}) {
		t.Errorf("%+v", w.who)
	}
	w.a.Request.Invitation, w.a.Request.Terms, w.a.SupportCode = "invitation", "2026-1", "ABC-DEF"
	w.leads("with one", w.own(http.MethodGet, callback), "/on")
	if w.who.Invitation != "invitation" || w.who.Terms != "2026-1" || w.who.Code != "ABC-DEF" {
		t.Errorf("%+v", w.who)
	}
}
