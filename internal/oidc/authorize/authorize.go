package authorize

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"avain/internal/core/attempt"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/browsersession"
	"avain/internal/platform/web"
	"avain/internal/protocol/client"
	"avain/internal/protocol/dpop"
	"avain/internal/protocol/oauth"
	"avain/internal/secret"
)

// Attempts moves attempts: package attempt.
type Attempts interface {
	Start(ctx context.Context, in attempt.StartRequest) (attempt.Started, error)
	ByRequestURI(ctx context.Context, requestURI secret.Text, client string) (login.Attempt, error)
	ForBrowser(ctx context.Context, id string, browser secret.Text) (login.Attempt, error)
	Issue(ctx context.Context, a login.Attempt, bearer secret.Text, e login.Event) (secret.Text, login.Attempt, error)
}

// Gate knows which methods are open, and for which versions of the app: package
// appgate.
type Gate interface {
	Admit(ctx context.Context, m login.Method, who operations.Viewer, own bool) error
}

// Deps are what the feature needs.
type Deps struct {
	Attempts Attempts
	Gate     Gate
	Clients  *client.Registry
	Proofs   *dpop.Verifier
	Cookies  *browsersession.Cookies
	Web      *web.Kit
	Now      func() time.Time
	BaseURL  string // issuer; no trailing slash

	AttemptLife time.Duration
	// Limit holds back floods of starts, per network or client and per key, and says whom
	// the login counts against.
	Limit func(ctx context.Context, who login.Starter) (login.Source, error)

	// Show renders the page of an attempt that waits for the person, or that is
	// over: the feature bank. Confirm does for one that waits to be confirmed, or to
	// be fetched by an app that the browser cannot reach: the feature link.
	Show    func(w http.ResponseWriter, r *http.Request, a login.Attempt) error
	Confirm func(w http.ResponseWriter, r *http.Request, a login.Attempt) error
}

// Feature serves the beginning and the end of a login.
type Feature struct{ d Deps }

// New makes the feature.
func New(d Deps) *Feature { return &Feature{d} }

// Mount adds the endpoints to the mux.
func (f *Feature) Mount(mux *http.ServeMux) {
	web.MountCORS(mux, "/par", f.d.Clients.OriginAllowed, f.d.Web.OAuth(f.par), http.MethodPost)
	// A client may also POST its request, from its own site (OpenID Connect Core
	// §3.1.2.1), so cross-origin protection stays out: starting proves nothing.
	mux.Handle("GET /authorize", f.d.Web.Page(f.begin))
	mux.Handle("POST /authorize", f.d.Web.CrossOriginPage(f.begin))
	mux.Handle("GET /login/{id}", f.d.Web.Page(f.page))
}

// maxAddress is what every proxy on the way takes, in bytes (RFC 9110 §4.1 asks for
// 8,000).
const maxAddress = 7000

// begin is the authorization endpoint. With a request_uri it shows the attempt that
// /par started; with plain parameters, which the compatible profile allows, it
// starts one that belongs to this browser.
func (f *Feature) begin(w http.ResponseWriter, r *http.Request) error {
	params, err := f.paramsOf(r)
	if err != nil {
		return err
	}
	c, ok := f.d.Clients.Get(params.Get("client_id"))
	if !ok || c.Internal() { // our own pages begin their logins themselves
		e := fault.New(fault.Invalid, login.ReasonClientUnknown, nil)
		e.Param = "client_id"
		return e
	}
	web.Note(r.Context(), web.FieldClient, c.ID)
	web.Prefer(r.Context(), params.Words("ui_locales"))
	if again := "/authorize?" + params.Values().Encode(); r.Method == http.MethodPost && len(again) <= maxAddress {
		// A form of another site comes without our cookie (SameSite=Lax), and would get one
		// more each time. A redirect comes with it.
		return web.SeeOther(w, again)
	}
	browser := f.d.Cookies.Ensure(w, r)
	if uri := params.Get("request_uri"); uri != "" {
		pushed, isOurs := strings.CutPrefix(uri, oauth.RequestURIPrefix)
		if !isOurs {
			return fault.BadParam("request_uri", "must come from the pushed authorization request endpoint")
		}
		a, err := f.d.Attempts.ByRequestURI(r.Context(), secret.Of(pushed), c.ID)
		if err != nil {
			return err
		}
		if !f.good(c, a) {
			return fault.New(fault.NotFound, login.ReasonRequestExpired, nil)
		}
		return web.SeeOther(w, "/login/"+a.ID)
	}
	return f.beginPlain(w, r, params, c, browser)
}

// good reports whether the request_uri of the attempt may be used at this moment: until
// its last second, and exactly so. One whose login is over still leads to the page that
// says why. The client that is exact has it both ways: used up means refused; but not
// before somebody has logged in, because browsers load pages in advance (FAPI 2.0
// §5.3.2.2, note 3).
func (f *Feature) good(c login.Client, a login.Attempt) bool {
	late := !f.d.Now().Before(a.CreatedAt.Add(c.RequestURILife(f.d.AttemptLife)))
	if c.Exact {
		return !late && (a.State == login.StateCreated || a.State == login.StateOpened)
	}
	return !late || a.State.Over()
}

func (f *Feature) paramsOf(r *http.Request) (oauth.Params, error) {
	if r.Method == http.MethodPost {
		return oauth.FormParams(r)
	}
	return oauth.QueryParams(r)
}

// beginPlain serves requests by parameters. Errors go to the client once its
// redirect URI is known to be its own, and to the person before.
func (f *Feature) beginPlain(w http.ResponseWriter, r *http.Request, p oauth.Params, c login.Client, browser secret.Text) error {
	redirectURI, err := redirectOf(p, c)
	if err != nil {
		return err
	}
	a := login.Attempt{Client: c.ID, Request: login.Request{RedirectURI: redirectURI, State: p.Get("state")}}
	if c.Profile == login.ProfileStrict {
		err := fault.BadParam("request_uri", "this client must push its request first (RFC 9126)")
		return f.sendBack(w, r, a, err)
	}
	request, err := requestOf(p, c, redirectURI)
	if err != nil {
		return f.sendBack(w, r, a, fault.AsError(err))
	}
	if jkt := p.Get("dpop_jkt"); jkt != "" && !challengePattern.MatchString(jkt) {
		return f.sendBack(w, r, a, fault.BadParam("dpop_jkt", "must be a JWK thumbprint, 43 characters"))
	}
	if err := f.admit(r, c, login.MethodDirect, login.Device{}); err != nil {
		return f.sendBack(w, r, a, fault.AsError(err))
	}
	in := attempt.StartRequest{
		Client: c.ID, Method: login.MethodDirect, Request: request, Key: p.Get("dpop_jkt"),
		Browser: browser, Place: f.d.Web.Place(r.Context()), Label: web.BrowserLabel(r), Device: login.Device{Platform: "web"},
	}
	if in.Source, err = f.d.Limit(r.Context(), login.Starter{}); err != nil { // the key is only named here
		return err
	}
	started, err := f.d.Attempts.Start(r.Context(), in)
	if err != nil {
		return err
	}
	return web.SeeOther(w, "/login/"+started.Attempt.ID)
}

// admit asks whether the method is open. Apps of other companies have versions of
// their own, which say nothing here.
func (f *Feature) admit(r *http.Request, c login.Client, m login.Method, d login.Device) error {
	who := web.AskerWith(r, d, m)
	if d.Platform != "" {
		who.Platform = d.Platform // the request is the app's own
	}
	return f.d.Gate.Admit(r.Context(), m, who, c.Sector == "")
}

// page is the page of an attempt: THE place to come back to.
func (f *Feature) page(w http.ResponseWriter, r *http.Request) error {
	browser := f.d.Cookies.Ensure(w, r)
	var a login.Attempt
	err := f.d.Cookies.Try(r, browser, func(browser secret.Text) (err error) {
		a, err = f.d.Attempts.ForBrowser(r.Context(), r.PathValue("id"), browser)
		return err
	})
	if err != nil {
		return err
	}
	return f.dispatch(w, r, a, f.d.Web.Leave) // a form may have led here: pressed twice, or an old tab's
}

// Continue is the dispatcher: it reads where the attempt stands and takes the next
// step. It may be called again at any time and does the same again.
func (f *Feature) Continue(w http.ResponseWriter, r *http.Request, a login.Attempt) error {
	return f.dispatch(w, r, a, redirect)
}

// leave is how the browser gets to the client.
type leave func(w http.ResponseWriter, r *http.Request, to web.Leaving) error

// redirect is enough where no form of ours led: the last button was the broker's.
func redirect(w http.ResponseWriter, _ *http.Request, to web.Leaving) error {
	return web.SeeOther(w, to.Address)
}

func (f *Feature) dispatch(w http.ResponseWriter, r *http.Request, a login.Attempt, leave leave) error {
	web.About(r.Context(), a)
	c, _ := f.d.Clients.Get(a.Client)
	switch {
	case c.Internal() && a.State == login.StateRedeemed:
		return web.SeeOther(w, a.Request.RedirectURI) // signed in to our own pages: there they are
	case a.State != login.StateAuthenticated && a.State != login.StateConfirmed:
		return f.d.Show(w, r, a)
	case a.Method == login.MethodLink:
		return f.d.Confirm(w, r, a)
	default:
		return f.sendCode(w, r, a, leave)
	}
}

// sendCode lets the code out to the client, by the browser that owns the attempt.
func (f *Feature) sendCode(w http.ResponseWriter, r *http.Request, a login.Attempt, leave leave) error {
	browser, ok := f.d.Cookies.Owner(r, a.Browser, a.ID)
	if !ok {
		return fault.New(fault.Conflict, login.ReasonOtherBrowser, nil)
	}
	c, _ := f.d.Clients.Get(a.Client)
	code, a, err := f.d.Attempts.Issue(r.Context(), a, browser, login.Event{Browser: web.BrowserLabel(r)})
	switch {
	case a.State.Over():
		return f.d.Show(w, r, a)
	case fault.HasReason(err, login.ReasonCodeExpired) && c.Internal():
		return web.SeeOther(w, a.Request.RedirectURI) // no app waits for digits
	case fault.HasReason(err, login.ReasonCodeExpired):
		return f.d.Confirm(w, r, a) // the redirect was lost; there is another way back
	}
	if err != nil {
		return err
	}
	return leave(w, r, web.Leaving{Client: c.Name, Address: f.Answer(a, url.Values{"code": {code.Reveal()}})})
}

// Back is the address that tells the client why its login ended, for the pages'
// way back to the app.
func (f *Feature) Back(a login.Attempt, e *fault.Error) string {
	values := url.Values{"error": {web.OAuthCode(e)}}
	if e.Detail != "" {
		values.Set("error_description", web.Description(e))
	}
	if e.Reason != "" {
		values.Set("reason", string(e.Reason))
	}
	if a.SupportCode != "" {
		values.Set("support_code", a.SupportCode)
	}
	return f.Answer(a, values)
}

// sendBack answers a request that is refused before there is a login. Its support code
// tells the reason and the time by itself.
func (f *Feature) sendBack(w http.ResponseWriter, r *http.Request, a login.Attempt, e *fault.Error) error {
	if e.Reason != "" {
		web.Note(r.Context(), web.FieldReason, string(e.Reason))
	}
	a.SupportCode = web.SupportCode(r.Context())
	return web.SeeOther(w, f.Back(a, e))
}

// Answer is the address that brings an answer to the client: its redirect URI, with
// the issuer that gave it (RFC 9207: mix-up).
func (f *Feature) Answer(a login.Attempt, answer url.Values) string {
	if a.Request.State != "" {
		answer.Set("state", a.Request.State)
	}
	answer.Set("iss", f.d.BaseURL)
	separator := "?"
	if strings.Contains(a.Request.RedirectURI, "?") {
		separator = "&"
	}
	return a.Request.RedirectURI + separator + answer.Encode()
}
