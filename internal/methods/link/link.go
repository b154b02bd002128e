package link

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"avain/internal/core/attempt"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/reasons"
	"avain/internal/platform/browsersession"
	"avain/internal/platform/web"
	"avain/internal/protocol/client"
	"avain/internal/protocol/oauth"
	"avain/internal/secret"
)

// Attempts moves attempts: package attempt.
type Attempts interface {
	ByLink(ctx context.Context, link secret.Text) (login.Attempt, error)
	ByCode(ctx context.Context, code, browser secret.Text) (login.Attempt, error)
	ForBrowser(ctx context.Context, id string, browser secret.Text) (login.Attempt, error)
	OpenLink(ctx context.Context, a login.Attempt, browser secret.Text, e login.Event) (login.Attempt, error)
	Confirm(ctx context.Context, a login.Attempt, browser secret.Text, e login.Event) (secret.Text, login.Attempt, error)
	Code(a login.Attempt, browser secret.Text) (secret.Text, error)
	Digits(a login.Attempt, browser secret.Text) (string, error)
	End(ctx context.Context, a login.Attempt, event attempt.Event, reason login.Reason, e login.Event) (login.Attempt, error)
}

// People knows the names of persons.
type People interface {
	PersonByID(ctx context.Context, id string) (login.Person, error)
}

// Notices are what the people concerned are told: package notices.
type Notices interface {
	Concerning(ctx context.Context, who operations.Viewer) []operations.Notice
}

// Deps are what the feature needs.
type Deps struct {
	Attempts Attempts
	People   People
	Clients  *client.Registry
	Cookies  *browsersession.Cookies
	Notices  Notices
	Web      *web.Kit

	// Answer is the address that brings an answer to the client, and Back the one that
	// tells it why its login ended: both of the feature authorize.
	Answer func(a login.Attempt, answer url.Values) string
	Back   func(a login.Attempt, e *fault.Error) string
}

// Feature serves the pages of the login link.
type Feature struct {
	d     Deps
	views *Views
}

// New makes the feature. The error is a mistake in its own templates.
func New(d Deps) (*Feature, error) {
	views, err := NewViews(d.Web)
	if err != nil {
		return nil, err
	}
	return &Feature{d: d, views: views}, nil
}

// Mount adds the pages to the mux. A GET shows, only a POST acts: mail scanners,
// messengers and prefetching browsers open links too (threats 6, 20).
func (f *Feature) Mount(mux *http.ServeMux) {
	page := func(pattern string, h web.Handler) { mux.Handle(pattern, f.d.Web.Page(h)) }
	page("GET /l/{link}", f.link)
	page("POST /l/{link}", f.open)
	page("POST /l/{link}/refuse", f.refuseLink)
	page("GET /login/{id}/confirm", f.confirmPage)
	page("POST /login/{id}/confirm", f.confirm)
	page("POST /login/{id}/refuse", f.refuse)
	page("GET /login/{id}/digits", f.digits)
	page("GET /login/{id}/return", f.stuck)
	page("GET /return", f.fallback)
}

// link is what the person sees who opens the login link.
func (f *Feature) link(w http.ResponseWriter, r *http.Request) error {
	a, err := f.linked(r)
	if err != nil {
		return err
	}
	browser := f.d.Cookies.Ensure(w, r)
	if a.State != login.StateCreated {
		// This browser's login goes on; another browser is told so on that page.
		err := f.d.Cookies.Try(r, browser, func(browser secret.Text) error {
			_, err := f.d.Attempts.ForBrowser(r.Context(), a.ID, browser)
			return err
		})
		if err != nil {
			return err
		}
		return web.SeeOther(w, "/login/"+a.ID)
	}
	return f.views.RenderLink(w, r, LinkPage{
		Path: r.URL.EscapedPath(), About: f.about(a),
		Notices: f.d.Notices.Concerning(r.Context(), web.AskerWith(r, a.Device, a.Method)),
	})
}

func (f *Feature) linked(r *http.Request) (login.Attempt, error) {
	a, err := f.d.Attempts.ByLink(r.Context(), secret.Of(r.PathValue("link")))
	if err != nil {
		return login.Attempt{}, err
	}
	web.About(r.Context(), a)
	if a.State.Over() {
		return a, fault.New(fault.Gone, a.Reason, nil)
	}
	return a, nil
}

// open is "Kirjaudu": the first browser owns the link, a second one burns it.
func (f *Feature) open(w http.ResponseWriter, r *http.Request) error {
	a, err := f.linked(r)
	if err != nil {
		return err
	}
	browser, ok := f.d.Cookies.Owner(r, a.Browser, a.ID) // any other secret would burn the link
	if !ok {
		web.Offer(r.Context(), web.Ways{Retry: r.URL.EscapedPath()})
		return fault.New(fault.Invalid, login.ReasonCookiesBlocked, nil)
	}
	a, err = f.d.Attempts.OpenLink(r.Context(), a, browser, login.Event{Browser: web.BrowserLabel(r)})
	if err != nil {
		return err
	}
	return web.SeeOther(w, "/login/"+a.ID)
}

// notMine is what the timeline says when a person denies having started a login: the
// difference between a change of mind and a phisher.
const notMine = "not_started_by_me"

func (f *Feature) refuseLink(w http.ResponseWriter, r *http.Request) error {
	a, err := f.linked(r)
	if err != nil && !refused(a) {
		return err
	}
	return f.deny(w, r, a)
}

// refused reports whether the person has said so already: pressed twice, or reloaded.
func refused(a login.Attempt) bool {
	return a.State == login.StateDenied && a.Reason == login.ReasonCancelledByPerson
}

// deny ends a login that the person says they did not start. There is nothing to go
// back to: the app that waits is perhaps a stranger's, and learns only that it is over.
func (f *Feature) deny(w http.ResponseWriter, r *http.Request, a login.Attempt) error {
	if refused(a) {
		return f.views.RenderRefused(w, r, a)
	}
	ended, err := f.d.Attempts.End(r.Context(), a, attempt.Deny, login.ReasonCancelledByPerson, login.Event{
		Step: login.StepCancel, Detail: notMine, Browser: web.BrowserLabel(r),
	})
	if err != nil && !errors.Is(err, fault.ErrMoved) {
		return err
	}
	return f.views.RenderRefused(w, r, ended)
}

// mine finds the attempt of a page or form of this browser.
func (f *Feature) mine(r *http.Request) (login.Attempt, secret.Text, error) {
	browser, ok := f.d.Cookies.Secret(r)
	if !ok {
		return login.Attempt{}, browser, fault.New(fault.Conflict, login.ReasonOtherBrowser, nil)
	}
	var a login.Attempt
	err := f.d.Cookies.Try(r, browser, func(owner secret.Text) (err error) {
		browser = owner
		a, err = f.d.Attempts.ForBrowser(r.Context(), r.PathValue("id"), owner)
		return err
	})
	if err == nil {
		web.About(r.Context(), a)
	}
	return a, browser, err
}

// Show renders the page of a link login that waits for the person's confirmation,
// or of any login whose code has gone out and has not been redeemed.
func (f *Feature) Show(w http.ResponseWriter, r *http.Request, a login.Attempt) error {
	if a.State == login.StateConfirmed && a.Method == login.MethodLink {
		return web.SeeOther(w, "/login/"+a.ID+"/digits")
	}
	return web.SeeOther(w, "/login/"+a.ID+"/confirm")
}

func confirmable(a login.Attempt) bool {
	return a.State == login.StateAuthenticated || a.State == login.StateConfirmed
}

func (f *Feature) confirmPage(w http.ResponseWriter, r *http.Request) error {
	a, _, err := f.mine(r)
	if err != nil {
		return err
	}
	if !confirmable(a) {
		return web.SeeOther(w, "/login/"+a.ID)
	}
	person, err := f.d.People.PersonByID(r.Context(), a.Person)
	if err != nil {
		return err
	}
	return f.views.RenderConfirm(w, r, ConfirmPage{
		Attempt: a.ID, About: f.about(a), Name: web.MaskedName(login.Identity{
			GivenName: person.GivenName, FamilyName: person.FamilyName, Name: person.Name,
		}),
		FormAction: []string{web.LeavesTo(a.Request.RedirectURI)},
	})
}

// confirm is "Vahvista kirjautuminen". The click is the gesture that browsers want
// before they open an app.
func (f *Feature) confirm(w http.ResponseWriter, r *http.Request) error {
	a, browser, err := f.mine(r)
	if err != nil {
		return err
	}
	if !confirmable(a) {
		return web.SeeOther(w, "/login/"+a.ID)
	}
	web.Offer(r.Context(), web.Ways{Retry: r.URL.EscapedPath()}) // to the same page, when it is pressed too often
	rescue := a.Method == login.MethodDirect                     // its redirect was lost once already
	code, a, err := f.d.Attempts.Confirm(r.Context(), a, browser, login.Event{Browser: web.BrowserLabel(r)})
	if err != nil {
		return err
	}
	if rescue {
		return web.SeeOther(w, "/login/"+a.ID+"/digits")
	}
	return f.d.Web.Leave(w, r, web.Leaving{Client: f.app(a), Address: f.d.Answer(a, url.Values{"code": {code.Reveal()}})})
}

func (f *Feature) refuse(w http.ResponseWriter, r *http.Request) error {
	a, _, err := f.mine(r)
	if err != nil {
		return err
	}
	if a.State.Over() && !refused(a) {
		return web.SeeOther(w, "/login/"+a.ID)
	}
	return f.deny(w, r, a)
}

// digits is the page for a browser that stays: the way back to the app, and the six
// digits for when there is none.
func (f *Feature) digits(w http.ResponseWriter, r *http.Request) error {
	a, browser, err := f.mine(r)
	if err != nil {
		return err
	}
	if a.State != login.StateConfirmed {
		return web.SeeOther(w, "/login/"+a.ID)
	}
	digits, err := f.d.Attempts.Digits(a, browser)
	if errors.Is(err, fault.ErrNotFound) {
		return web.SeeOther(w, "/login/"+a.ID+"/return")
	}
	if err != nil {
		return err
	}
	return f.views.RenderReturn(w, r, ReturnPage{App: f.appLink(a, browser), Digits: digits, About: f.about(a)})
}

// stuck is the same for a direct login. It has shown no confirm page, and digits come
// only after one.
func (f *Feature) stuck(w http.ResponseWriter, r *http.Request) error {
	a, browser, err := f.mine(r)
	if err != nil {
		return err
	}
	if a.State != login.StateConfirmed {
		return web.SeeOther(w, "/login/"+a.ID)
	}
	return f.views.RenderReturn(w, r, ReturnPage{
		App: f.appLink(a, browser), Confirm: "/login/" + a.ID + "/confirm", About: f.about(a),
	})
}

// fallback is the claimed address of the native apps, reached by a browser that did
// not hand it to the app. The code in the address is of no use to anybody but the app,
// and it leaves the address at once: the page that follows may be reloaded when the
// code is long gone.
func (f *Feature) fallback(w http.ResponseWriter, r *http.Request) error {
	params, err := oauth.QueryParams(r)
	if err != nil {
		return err
	}
	if params.Has("error") {
		return fault.New(fault.Forbidden, knownReason(params.Get("reason")), nil)
	}
	browser, ok := f.d.Cookies.Secret(r)
	if !ok || !params.Has("code") {
		return fault.New(fault.Conflict, login.ReasonOtherBrowser, nil)
	}
	var a login.Attempt
	err = f.d.Cookies.Try(r, browser, func(browser secret.Text) (err error) {
		a, err = f.d.Attempts.ByCode(r.Context(), secret.Of(params.Get("code")), browser)
		return err
	})
	if err != nil {
		return err
	}
	web.About(r.Context(), a)
	if a.Method == login.MethodLink {
		return web.SeeOther(w, "/login/"+a.ID+"/digits")
	}
	return web.SeeOther(w, "/login/"+a.ID+"/return")
}

// appLink is a real link to the app with the answer that the browser did not hand
// over, for as long as its code lives. It exists for clients that are configured with
// one.
func (f *Feature) appLink(a login.Attempt, browser secret.Text) string {
	c, ok := f.d.Clients.Get(a.Client)
	if !ok || c.AppLink == "" {
		return ""
	}
	code, err := f.d.Attempts.Code(a, browser)
	if err != nil {
		return "" // expired: the digits live longer
	}
	a.Request.RedirectURI = c.AppLink
	return f.d.Answer(a, url.Values{"code": {code.Reveal()}})
}

// knownReason keeps what an address says about a failure to the words that we know, and
// to those that tell of one: no address makes a page of ours say that all went well.
func knownReason(s string) login.Reason {
	for _, reason := range login.Reasons() {
		if s == string(reason) && reasons.Of(reason).Fault != reasons.FaultNobody {
			return reason
		}
	}
	return login.ReasonAttemptEnded
}

// about is what a person is told about the login they are asked to let in.
func (f *Feature) about(a login.Attempt) About {
	return About{App: f.app(a), Device: a.Device.Label(), Place: a.Place, Started: a.CreatedAt}
}

// app is the name of the client.
func (f *Feature) app(a login.Attempt) string {
	if c, ok := f.d.Clients.Get(a.Client); ok {
		return c.Name
	}
	return a.Client
}
