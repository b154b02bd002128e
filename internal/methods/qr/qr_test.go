package qr

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"avain/internal/core/attempt"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/notify"
	"avain/internal/platform/web"
)

var (
	start    = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	errStore = errors.New("the database does not answer")
)

// world is the feature over one page and the login that has claimed it, if one has.
type world struct {
	*testing.T
	mux     *http.ServeMux
	f       *Feature
	kit     *web.Kit
	records bytes.Buffer // of requests
	p       login.QRPage
	a       login.Attempt
	typed   string
	signed  bool
	acted   bool // the visit kept the session alive
	failing map[string]error
	calls   []string
	event   login.Event
	looks   int
	onLook  func(n int) // happens before the nth look at the page
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, signed: true, failing: map[string]error{}, p: login.QRPage{ID: "page", State: login.QRShown, ShownUntil: start.Add(1)}}
	kit, err := web.New(web.Config{BaseURL: &url.URL{Scheme: "https", Host: "login.example"}, Brand: web.Brand{Name: "SmartumPay", Help: "/help/login"}, Log: slog.New(slog.NewTextHandler(&w.records, nil))})
	if err != nil {
		t.Fatal(err)
	}
	w.kit = kit
	w.f, err = New(Deps{
		Attempts: w, Room: new(notify.Hub), Web: kit, Now: func() time.Time { return start }, App: "SmartumPay", OpenLink: "smartumpay://open",
		Signed: func(_ http.ResponseWriter, _ *http.Request, act bool) (login.Session, login.Person, bool, error) {
			w.acted = act
			return login.Session{ID: "session"}, login.Person{}, w.signed, w.failing["signed"]
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.mux = http.NewServeMux()
	w.f.Mount(w.mux)
	return w
}

// claimed is the page when a phone has scanned it, and its login stands so.
func (w *world) claimed(state login.State) {
	w.p.State, w.a = login.QRClaimed, login.Attempt{ID: "attempt", Method: login.MethodQR, State: state, Device: login.Device{Name: "Ainon puhelin"}}
}

func (w *world) visit(method, path string, form ...string) *httptest.ResponseRecorder {
	w.Helper()
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Set(form[i], form[i+1])
	}
	r := httptest.NewRequestWithContext(w.Context(), method, path, strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer := httptest.NewRecorder()
	w.mux.ServeHTTP(answer, r)
	return answer
}

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

func (w *world) ShowQR(context.Context, login.Session, string) (login.QRPage, error) {
	w.calls = append(w.calls, "show")
	return w.p, w.failing["show"]
}

func (w *world) QR(_ context.Context, _ login.Session, page string) (login.QRPage, login.Attempt, error) {
	if page != w.p.ID {
		return login.QRPage{}, login.Attempt{}, fault.New(fault.NotFound, login.ReasonPageUnknown, nil)
	}
	w.looks++
	if w.onLook != nil {
		w.onLook(w.looks)
	}
	return w.p, w.a, w.failing["page"]
}

func (*world) Frame(login.QRPage) string { return "AVAIN1:frame" }

func (w *world) Typed(login.QRPage) string { return w.typed }

func (w *world) TypeQR(context.Context, login.Session, login.QRPage) (login.QRPage, error) {
	w.calls = append(w.calls, "type")
	return w.p, w.failing["type"]
}

func (w *world) Approve(_ context.Context, _ login.QRPage, number string, e login.Event) (login.Attempt, error) {
	w.calls, w.event = append(w.calls, "approve "+number), e
	return w.a, w.failing["approve"]
}

func (w *world) End(_ context.Context, a login.Attempt, event attempt.Event, reason login.Reason, e login.Event) (login.Attempt, error) {
	if event != attempt.Deny || reason != login.ReasonCancelledByPerson {
		w.Errorf("ended by %v for %s", event, reason)
	}
	w.calls, w.event = append(w.calls, "end"), e
	return a, w.failing["end"]
}

// A code is shown until its last moment, and a page that a phone has claimed shows how far
// that login has come.
func TestWherePagesStand(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edit func(w *world)
		want stage
	}{
		"shown":                    {func(*world) {}, stageShown},
		"typed":                    {func(w *world) { w.typed = "7K3MQ0ZT5W" }, stageTyped},
		"at its end":               {func(w *world) { w.p.ShownUntil = start }, stageLapsed},
		"replaced":                 {func(w *world) { w.p.State = "another" }, stageLapsed},
		"claimed":                  {func(w *world) { w.claimed(login.StateClaimed) }, stageClaimed},
		"claimed, after its end":   {func(w *world) { w.claimed(login.StateClaimed); w.p.ShownUntil = start }, stageClaimed},
		"approved":                 {func(w *world) { w.claimed(login.StateApproved) }, stageApproved},
		"logged in":                {func(w *world) { w.claimed(login.StateRedeemed) }, stageOver},
		"a login, but not claimed": {func(w *world) { w.a.State = login.StateClaimed }, stageShown},
	} {
		w := newWorld(t)
		c.edit(w)
		if got := w.f.stageOf(w.p, w.a); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestPagesShowWhereTheyStand(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edit  func(w *world)
		shows string
	}{
		"shown":     {func(*world) {}, "seen=" + string(stageShown)},
		"typed":     {func(w *world) { w.typed = "7K3MQ0ZT5W" }, ">7K3MQ<"},
		"lapsed":    {func(w *world) { w.p.ShownUntil = start }, `action="/me/qr"`},
		"claimed":   {func(w *world) { w.claimed(login.StateClaimed) }, "Ainon puhelin"},
		"approved":  {func(w *world) { w.claimed(login.StateApproved) }, "seen=" + string(stageApproved)},
		"logged in": {func(w *world) { w.claimed(login.StateRedeemed) }, "Ainon puhelin"},
		"ended":     {func(w *world) { w.claimed(login.StateBurned); w.a.Reason = login.ReasonQRReused }, `action="/me/qr"`},
	} {
		w := newWorld(t)
		c.edit(w)
		page := w.visit(http.MethodGet, "/me/qr/page")
		if said := page.Body.String() + page.Header().Get("Refresh"); page.Code != 200 || !strings.Contains(said, c.shows) || w.acted {
			t.Errorf("%s: %d, kept alive %t: %s", name, page.Code, w.acted, said)
		}
	}
}

// A page that has seen where things stand is answered when they have changed.
func TestNewsAreThereAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.claimed(login.StateApproved)
	if page := w.visit(http.MethodGet, "/me/qr/page?seen="+string(stageClaimed)); page.Code != 200 || !strings.Contains(page.Header().Get("Refresh")+page.Body.String(), "seen="+string(stageApproved)) {
		t.Errorf("%d %s", page.Code, page.Body)
	}
	if seatOf(w.p, w.a) != "attempt" || seatOf(w.p, login.Attempt{}) != "page" {
		t.Error("news are called out under the page until it is claimed, then under the login")
	}
}

func TestOnlyAClickShowsACode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leads("usual", w.visit(http.MethodPost, "/me/qr"), "/me/qr/page")
	w.leads("the app on this phone", w.visit(http.MethodPost, "/me/qr", "view", "app"), "/me/qr/page?view=app")
	w.leads("words of others", w.visit(http.MethodPost, "/me/qr", "view", "<b>"), "/me/qr/page")
	if w.called("show", "show", "show"); !w.acted {
		t.Error("a click does not keep the session alive")
	}
	w.failing["show"] = fault.New(fault.Forbidden, login.ReasonSignInAgain, nil)
	if answer := w.visit(http.MethodPost, "/me/qr"); answer.Code != 403 || !strings.Contains(answer.Body.String(), `action="/me/login"`) {
		t.Errorf("not fresh enough: %d", answer.Code)
	}
	w.failing["show"] = errStore
	if answer := w.visit(http.MethodPost, "/me/qr"); answer.Code != 500 {
		t.Errorf("nothing is known: %d", answer.Code)
	}
}

func TestCodeToType(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err    error
		status int
	}{
		"in time":   {nil, 303},
		"too late":  {fault.New(fault.Gone, login.ReasonQRExpired, nil), 303}, // the page knows
		"not fresh": {fault.New(fault.Forbidden, login.ReasonSignInAgain, nil), 403},
		"away":      {errStore, 500},
	} {
		w := newWorld(t)
		w.failing["type"] = c.err
		answer := w.visit(http.MethodPost, "/me/qr/page/typed")
		if answer.Code != c.status || c.status == 303 && answer.Header().Get("Location") != "/me/qr/page?view=code" {
			t.Errorf("%s: %d to %s", name, answer.Code, answer.Header().Get("Location"))
		}
		w.called("type")
	}
}

// The number approves a login that waits for it, and no other.
func TestNumberApproves(t *testing.T) {
	t.Parallel()
	for state, asked := range map[login.State]bool{login.StateClaimed: true, login.StateApproved: false, login.StateRedeemed: false, login.StateBurned: false} {
		w := newWorld(t)
		w.claimed(state)
		w.leads(string(state), w.visit(http.MethodPost, "/me/qr/page/number", "number", "42"), "/me/qr/page")
		if asked {
			w.called("approve 42")
		} else {
			w.called()
		}
	}
	for name, c := range map[string]struct {
		err    error
		status int
	}{
		"the wrong one":  {fault.New(fault.Forbidden, login.ReasonQRWrongNumber, nil), 303}, // the page tells it
		"pressed twice":  {fault.ErrMoved, 303},
		"no number":      {fault.BadParam("number", "two digits"), 200},
		"something else": {fault.BadParam("other", "x"), 400},
		"away":           {errStore, 500},
	} {
		w := newWorld(t)
		w.claimed(login.StateClaimed)
		w.failing["approve"] = c.err
		answer := w.visit(http.MethodPost, "/me/qr/page/number", "number", "4x")
		if answer.Code != c.status || c.status == 200 && !strings.Contains(answer.Body.String(), `id="malformed"`) {
			t.Errorf("%s: %d %s", name, answer.Code, answer.Body)
		}
	}
}

// "That was not me" ends the login that waits for a number or for its phone, and no other.
func TestRefusalEndsTheLogin(t *testing.T) {
	t.Parallel()
	for state, ends := range map[login.State]bool{login.StateClaimed: true, login.StateApproved: true, login.StateRedeemed: false, login.StateDenied: false} {
		w := newWorld(t)
		w.claimed(state)
		w.leads(string(state), w.visit(http.MethodPost, "/me/qr/page/refuse"), "/me/qr/page")
		if !ends {
			w.called()
			continue
		}
		if w.called("end"); w.event.Detail != "not_started_by_me" || w.event.Step != login.StepCancel {
			t.Errorf("%+v", w.event)
		}
		w.failing["end"] = fault.ErrMoved
		w.leads("over at the same moment", w.visit(http.MethodPost, "/me/qr/page/refuse"), "/me/qr/page")
		w.failing["end"] = errStore
		if answer := w.visit(http.MethodPost, "/me/qr/page/refuse"); answer.Code != 500 {
			t.Errorf("%s, nothing was written: %d", state, answer.Code)
		}
	}
}

// Pages belong to who is signed in; nobody else learns whether there is one.
func TestStrangersAreSentToSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.claimed(login.StateClaimed)
	pages := map[string]string{"/me/qr": http.MethodPost, "/me/qr/page": http.MethodGet, "/me/qr/page/typed": http.MethodPost, "/me/qr/page/number": http.MethodPost, "/me/qr/page/refuse": http.MethodPost}
	for path, method := range pages {
		w.signed = false
		w.leads(path, w.visit(method, path), "/me")
		w.signed = true
		if path != "/me/qr" {
			if answer := w.visit(method, strings.Replace(path, "/page", "/other", 1)); answer.Code != 404 {
				t.Errorf("another page, %s: %d", path, answer.Code)
			}
		}
	}
	w.failing["signed"] = errStore
	for path, method := range pages {
		if answer := w.visit(method, path); answer.Code != 500 {
			t.Errorf("nothing is known, %s: %d", path, answer.Code)
		}
	}
	w.called()
}

// The app on this very phone is opened by a link, where there is one for it.
func TestLinkToTheAppOnThisPhone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if page := w.visit(http.MethodGet, "/me/qr/page?view=app").Body.String(); !strings.Contains(page, `href="smartumpay://open#AVAIN1:frame"`) {
		t.Errorf("%s", page)
	}
	w.f.d.OpenLink = ""
	if page := w.visit(http.MethodGet, "/me/qr/page?view=app").Body.String(); strings.Contains(page, "AVAIN1:frame\"") || !strings.Contains(page, `class="qr"`) {
		t.Errorf("without a link: %s", page)
	}
	for address, want := range map[string]string{"smartumpay://open": "smartumpay://open", "javascript:alert(1)": "", "JavaScript:alert(1)": "", "": ""} {
		if got := appLink(address); string(got) != want {
			t.Errorf("%q becomes %q", address, got)
		}
	}
}

// The record of a request names the login that has claimed the page, as soon as one has.
func TestRecordNamesTheLogin(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepare func(w *world)
		named   bool
	}{
		"claimed": {func(w *world) { w.claimed(login.StateClaimed); w.a.SupportCode = "ABC-DEF" }, true},
		"shown":   {func(w *world) { w.a.SupportCode = "ABC-DEF" }, false}, // of no login
		"foreign": {func(w *world) {
			w.claimed(login.StateClaimed)
			w.a.SupportCode, w.failing["page"] = "ABC-DEF", errStore
		}, false},
	} {
		w := newWorld(t)
		c.prepare(w)
		w.kit.Middleware(w.mux).ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/me/qr/page", http.NoBody))
		if record := w.records.String(); strings.Contains(record, "ABC-DEF") != c.named || !strings.Contains(record, "/me/qr/") {
			t.Errorf("%s: %s", name, record)
		}
	}
}

// A page that has seen where things stand is answered when they change, when that cannot be
// found out, or after a while.
func TestPageWaitsForNews(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		onLook func(w *world, n int)
		after  time.Duration
		status int
		shows  stage
	}{
		"nothing happens": {func(*world, int) {}, hold, 200, stageClaimed},
		"approved": {func(w *world, n int) {
			if n == 3 { // one for the request, one with the seat taken
				w.claimed(login.StateApproved)
			}
		}, poll, 200, stageApproved},
		"approved before the seat was taken": {func(w *world, n int) {
			if n == 2 {
				w.claimed(login.StateApproved)
			}
		}, 0, 200, stageApproved},
		"the database goes away": {func(w *world, n int) {
			if n == 3 {
				w.failing["page"] = errStore
			}
		}, poll, 500, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.claimed(login.StateClaimed)
			w.onLook = func(n int) { c.onLook(w, n) }
			begun := time.Now()
			page := w.visit(http.MethodGet, "/me/qr/page?seen="+string(stageClaimed))
			if waited := time.Since(begun); page.Code != c.status || waited != c.after {
				t.Errorf("%s: %d after %s, want after %s", name, page.Code, waited, c.after)
			}
			if said := page.Header().Get("Refresh") + page.Body.String(); c.shows != "" && !strings.Contains(said, "seen="+string(c.shows)) {
				t.Errorf("%s: %s", name, said)
			}
		})
	}
}
