package bank

import (
	"context"
	"errors"
	"net/http"

	"avain/internal/broker"
	"avain/internal/core/attempt"
	"avain/internal/core/people"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/browsersession"
	"avain/internal/platform/web"
	"avain/internal/protocol/client"
	"avain/internal/protocol/oauth"
	"avain/internal/secret"
)

// Attempts moves attempts: package attempt.
type Attempts interface {
	ForBrowser(ctx context.Context, id string, browser secret.Text) (login.Attempt, error)
	Authenticate(ctx context.Context, j attempt.BrokerRequest, id login.Identity, person login.Person, e login.Event) (login.Attempt, error)
	End(ctx context.Context, a login.Attempt, event attempt.Event, reason login.Reason, e login.Event) (login.Attempt, error)
	Note(ctx context.Context, a login.Attempt, e login.Event) error
	Shown(ctx context.Context, a login.Attempt, e login.Event) error
}

// BrokerRequests are the ways to a broker and back: package attempt.
type BrokerRequests interface {
	NewBrokerRequest(a login.Attempt, browser secret.Text) attempt.BrokerRequest
	StartBrokerRequest(ctx context.Context, j attempt.BrokerRequest, browser secret.Text, e login.Event) (login.Attempt, error)
	ResumeBrokerRequest(ctx context.Context, broker string, state, browser secret.Text) (attempt.BrokerRequest, error)
	ClaimCallback(ctx context.Context, j attempt.BrokerRequest) (bool, error)
	CallbackDone(ctx context.Context, j attempt.BrokerRequest) (bool, error)
	BrokerFailed(ctx context.Context, j attempt.BrokerRequest, e login.Event) error
}

// Brokers prove persons: package broker.
type Brokers interface {
	Offer(ctx context.Context, locale string) broker.Offer
	Begin(ctx context.Context, in broker.Start) (broker.Redirect, error)
	Finish(ctx context.Context, in broker.Return) (login.Identity, error)
	Origins() []string
}

// Gate knows which means are switched off: package availability.
type Gate interface {
	Means(ctx context.Context, id string) (on bool, reasons map[string]string)
	MayChoose(ctx context.Context, id string) error
}

// Notices are what the people concerned are told, and what is done for them: package
// notices.
type Notices interface {
	Concerning(ctx context.Context, who operations.Viewer) []operations.Notice
	Arrange(ctx context.Context, who operations.Viewer) operations.MethodOverrides
}

// People finds persons: package people.
type People interface {
	Identify(ctx context.Context, id login.Identity) (login.Person, error)
	Activate(ctx context.Context, id login.Identity, in people.Accepted) (login.Person, error)
}

// Deps are what the feature needs.
type Deps struct {
	Attempts       Attempts
	BrokerRequests BrokerRequests
	Brokers        Brokers
	Gate           Gate
	Notices        Notices
	People         People
	Clients        *client.Registry
	Cookies        *browsersession.Cookies
	Web            *web.Kit

	// Continue is the dispatcher, and Back the address that tells the client why its
	// login ended: both of the feature authorize.
	Continue func(w http.ResponseWriter, r *http.Request, a login.Attempt) error
	Back     func(a login.Attempt, e *fault.Error) string
}

// Feature serves the pages of a login.
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

// Mount adds the endpoints to the mux.
func (f *Feature) Mount(mux *http.ServeMux) {
	mux.Handle("POST /login/{id}/means", f.d.Web.Page(f.choose))
	mux.Handle("POST /login/{id}/cancel", f.d.Web.Page(f.cancel))
	mux.Handle("GET /callback/{broker}", f.d.Web.Page(f.callback))
}

// mine finds the attempt of a form that this browser has sent. A browser without
// our cookie has blocked it: the page that held the form had set it.
func (f *Feature) mine(r *http.Request) (login.Attempt, secret.Text, error) {
	browser, ok := f.d.Cookies.Secret(r)
	if !ok {
		if id := r.PathValue("id"); login.ValidID(id) {
			web.Offer(r.Context(), web.Ways{Retry: "/login/" + id})
		}
		return login.Attempt{}, browser, fault.New(fault.Invalid, login.ReasonCookiesBlocked, nil)
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

// waiting reports whether the attempt waits for the person to choose.
func waiting(a login.Attempt) bool {
	return a.State == login.StateCreated || a.State == login.StateOpened
}

// choose sends the browser to the broker of the chosen means. The browser that
// chooses first owns the attempt from then on.
func (f *Feature) choose(w http.ResponseWriter, r *http.Request) error {
	a, browser, err := f.mine(r)
	if err != nil {
		return err
	}
	if !waiting(a) {
		return web.SeeOther(w, page(a)) // an old tab; the page knows where the login stands
	}
	params, err := oauth.FormParams(r)
	if err != nil {
		return err
	}
	j := f.d.BrokerRequests.NewBrokerRequest(a, browser)
	j.Means = params.Get("means")
	if err := f.d.Gate.MayChoose(r.Context(), j.Means); err != nil {
		return f.staysHere(w, r, a, "", err)
	}
	if f.closed(r, a) {
		return f.staysHere(w, r, a, "", fault.New(fault.Unavailable, login.ReasonMeansUnavailable, nil).WithDetail("method.off_for_browser"))
	}
	away, err := f.d.Brokers.Begin(r.Context(), broker.Start{
		Means: j.Means, State: j.State, Nonce: j.Nonce, Verifier: j.Verifier, Locale: f.d.Web.Language(r),
	})
	if err != nil {
		return f.staysHere(w, r, a, j.Means, err)
	}
	web.Note(r.Context(), web.FieldMeans, j.Means)
	web.Note(r.Context(), web.FieldBroker, away.Broker)
	j.Broker = away.Broker
	if _, err = f.d.BrokerRequests.StartBrokerRequest(r.Context(), j, browser, login.Event{Browser: web.BrowserLabel(r)}); err != nil {
		return err
	}
	if away.Fields != nil {
		return f.views.RenderPost(w, r, PostPage{Action: away.URL, Fields: away.Fields, FormAction: f.leadsTo(a)})
	}
	return web.SeeOther(w, away.URL)
}

// staysHere notes why the journey did not begin and shows the means again, with the
// reason on top. A request that no page of ours sends gets an error instead. The means is
// named when it is one of ours: what a form says, anybody can write.
func (f *Feature) staysHere(w http.ResponseWriter, r *http.Request, a login.Attempt, means string, err error) error {
	e := fault.AsError(err)
	if e.Kind == fault.Invalid || e.Kind == fault.Internal {
		return err
	}
	if e.Kind == fault.NotFound {
		means = ""
	}
	web.Note(r.Context(), web.FieldReason, string(e.Reason))
	note := login.Event{Step: login.StepChoose, Outcome: login.OutcomeFailed, Reason: e.Reason, Detail: e.Detail, Browser: web.BrowserLabel(r), Means: means}
	if err := f.d.Attempts.Note(r.Context(), a, note); err != nil {
		return err
	}
	return web.SeeOther(w, page(a))
}

// cancel ends the login at the person's wish and tells the app.
func (f *Feature) cancel(w http.ResponseWriter, r *http.Request) error {
	a, _, err := f.mine(r)
	if err != nil {
		return err
	}
	if !waiting(a) {
		return web.SeeOther(w, page(a))
	}
	reason := login.ReasonCancelledByPerson
	ended, err := f.d.Attempts.End(r.Context(), a, attempt.Deny, reason, login.Event{
		Step: login.StepCancel, Browser: web.BrowserLabel(r),
	})
	if errors.Is(err, fault.ErrMoved) {
		return web.SeeOther(w, page(a)) // pressed twice
	}
	if err != nil {
		return err
	}
	back := f.d.Back(ended, fault.New(fault.Forbidden, reason, nil))
	return f.d.Web.Leave(w, r, web.Leaving{Client: f.app(ended), Address: back})
}

// app is the name of the client.
func (f *Feature) app(a login.Attempt) string {
	if c, ok := f.d.Clients.Get(a.Client); ok {
		return c.Name
	}
	return a.Client
}

func page(a login.Attempt) string { return "/login/" + a.ID }
