package home

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"time"

	"avain/internal/core/attempt"
	"avain/internal/core/people"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/browsersession"
	"avain/internal/platform/web"
	"avain/internal/protocol/oauth"
	"avain/internal/secret"
)

const (
	home      = "/me"
	returnURI = "/me/return"

	// mark stands before the name of one of our pages at the end of the state of a sign-in
	// that leads on to it. The state is ours, and the verifier hangs on it: nobody can add
	// the mark on the way.
	mark = "~"

	// longest is the life of a session on the web, whatever is done in it. Unused, it
	// ends after browsersession.Idle.
	longest = 2 * time.Hour
)

// Attempts moves attempts: package attempt.
type Attempts interface {
	Start(ctx context.Context, in attempt.StartRequest) (attempt.Started, error)
	Verified(ctx context.Context, in attempt.StartRequest, person login.Person) (secret.Text, login.Attempt, error)
	Unverified(ctx context.Context, in attempt.StartRequest, why error) (login.Attempt, error)
	ByCode(ctx context.Context, code, browser secret.Text) (login.Attempt, error)
	Redeem(ctx context.Context, in attempt.RedeemRequest) (attempt.Granted, error)
}

// Sessions keeps sessions. Look-ups return fault.ErrNotFound.
type Sessions interface {
	SessionByRefresh(ctx context.Context, hash secret.Hash) (login.Session, error)
	UseSession(ctx context.Context, id string, at, idleUntil time.Time, once ...login.ReplayKey) (login.Session, error)
	RevokeSession(ctx context.Context, id, reason string, at time.Time) error
}

// People finds people. fault.ErrNotFound when there is none.
type People interface {
	PersonByID(ctx context.Context, id string) (login.Person, error)
}

// Auditor is told of sessions.
type Auditor interface {
	Atomically(ctx context.Context, act func(ctx context.Context) error) error
	SessionRevoked(ctx context.Context, s login.Session, reason string)
}

// Stores are where the app is to be had; each may be empty.
type Stores struct{ AppStore, GooglePlay, AppGallery string }

// Deps are what the feature needs.
type Deps struct {
	Attempts Attempts
	Sessions Sessions
	People   People
	Audit    Auditor
	Browsers *browsersession.Cookies // of any browser
	SignedIn *browsersession.Cookies // of one whose person is signed in
	Devices  *browsersession.Cookies // of one in which somebody has got in
	Web      *web.Kit
	Now      func() time.Time
	BaseURL  string // issuer; no trailing slash
	App      string // name of the app
	Stores   Stores

	// Passwords reports whether people may sign in with Smartum credentials now.
	Passwords func(ctx context.Context) bool

	// Recognise remembers where a person has got in: package people.
	Recognise func(ctx context.Context, person string, at people.Place) error

	// Limit holds back floods of starts, and says whom the login counts against.
	Limit func(ctx context.Context, who login.Starter) (login.Source, error)

	// Waiting names the employers who have not finished the benefits of a person.
	Waiting func(ctx context.Context, person string) ([]string, error)
}

// Client is what our own pages are to the rest of the service.
func Client(baseURL, name string) login.Client {
	return login.Client{
		ID: login.WebClient, Name: name, Profile: login.ProfileCompatible, Auth: login.AuthInternal,
		RedirectURIs: []string{baseURL + returnURI}, Scopes: []string{oauth.ScopeOpenID, oauth.ScopeOfflineAccess},
	}
}

// Feature serves the pages.
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

// Mount adds the pages to the mux.
func (f *Feature) Mount(mux *http.ServeMux) {
	mux.Handle("GET "+home, f.d.Web.Page(f.page))
	mux.Handle("POST /me/login", f.d.Web.Page(f.signIn))
	mux.Handle("GET "+returnURI, f.d.Web.Page(f.back))
	mux.Handle("POST /me/logout", f.d.Web.Page(f.signOut))
}

// Signed is the session and person of a request, false when nobody is signed in. An
// act of the person keeps the session alive; a page that loads itself again does not.
func (f *Feature) Signed(w http.ResponseWriter, r *http.Request, act bool) (login.Session, login.Person, bool, error) {
	value, ok := f.d.SignedIn.Secret(r)
	if !ok {
		return login.Session{}, login.Person{}, false, nil
	}
	s, err := f.d.Sessions.SessionByRefresh(r.Context(), value.Hash())
	if errors.Is(err, fault.ErrNotFound) {
		return login.Session{}, login.Person{}, false, nil
	}
	if err != nil {
		return login.Session{}, login.Person{}, false, err
	}
	// The secret of an app's session opens nothing here, nor one that was exchanged.
	if s.Client != login.WebClient || !s.Refresh.Equal(value.Hash()) || !s.Live(f.d.Now()) {
		return login.Session{}, login.Person{}, false, nil
	}
	p, err := f.d.People.PersonByID(r.Context(), s.Person)
	if errors.Is(err, fault.ErrNotFound) || err == nil && (p.Locked() || s.Outgrown(p)) {
		return login.Session{}, login.Person{}, false, nil
	}
	if err != nil || !act {
		return s, p, err == nil, err
	}
	now := f.d.Now()
	if s, err = f.d.Sessions.UseSession(r.Context(), s.ID, now, now.Add(browsersession.Idle)); err != nil {
		return s, p, false, err
	}
	f.d.SignedIn.Set(w, value)
	return s, p, s.Live(now), nil
}

func (f *Feature) page(w http.ResponseWriter, r *http.Request) error {
	_, person, ok, err := f.Signed(w, r, true)
	if err != nil {
		return err
	}
	if !ok {
		why, err := f.whyOut(r)
		if err != nil {
			return err
		}
		return f.ask(w, r, why)
	}
	if next := pageOf(r.URL.Query().Get("next")); next != "" {
		return web.SeeOther(w, next) // signed in meanwhile, in another tab
	}
	page := ActivePage{App: f.d.App, Name: person.GivenName, Plus: person.SmartumPlus, Benefits: person.Benefits, Stores: f.d.Stores, Phone: web.OnPhone(r)}
	if len(page.Benefits) == 0 {
		if page.Waiting, err = f.d.Waiting(r.Context(), person.ID); err != nil {
			return err
		}
	}
	return f.views.RenderActive(w, r, page)
}

// whyOut is why somebody is not signed in any more, when that has a reason that they
// should know: they have become a SmartumPlus user, and had come with a password.
func (f *Feature) whyOut(r *http.Request) (login.Reason, error) {
	value, ok := f.d.SignedIn.Secret(r)
	if !ok {
		return "", nil
	}
	s, err := f.d.Sessions.SessionByRefresh(r.Context(), value.Hash())
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		return "", err
	}
	if s.RevokedWhy == string(login.ReasonStrongRequired) {
		return login.ReasonStrongRequired, nil
	}
	return "", nil
}

// ask shows the page of somebody who is not signed in, with why when that has a reason.
func (f *Feature) ask(w http.ResponseWriter, r *http.Request, why login.Reason) error {
	f.d.Browsers.Ensure(w, r)
	return f.views.RenderSignIn(w, r, SignInPage{
		App: f.d.App, Failed: why, Next: r.URL.Query().Get("next"), Password: f.d.Passwords(r.Context()),
	})
}

// pageOf is where else than to the person's page a sign-in leads, by its name: a link
// from outside can choose among our pages and name no other (threat 19).
func pageOf(next string) string {
	switch next {
	case "devices":
		return "/me/devices" // the feature devices
	case "data":
		return "/me/data" // the feature privacy
	default:
		return ""
	}
}

func (f *Feature) signIn(w http.ResponseWriter, r *http.Request) error {
	web.Offer(r.Context(), web.Ways{Retry: home})
	form, err := oauth.FormParams(r)
	if err != nil {
		return err
	}
	request := login.Request{}
	if next := form.Get("next"); pageOf(next) != "" {
		request.State = mark + next
	}
	return f.begin(w, r, request)
}

// Activate begins a sign-in that uses an invitation on its way back from the bank. It
// asks for a fresh proof like any other, whoever is signed in to this browser, and goes
// on in the language of the page that it began on.
func (f *Feature) Activate(w http.ResponseWriter, r *http.Request, invitation, terms string) error {
	return f.begin(w, r, login.Request{Invitation: invitation, Terms: terms, UILocales: []string{f.d.Web.Language(r)}})
}

// begin starts a sign-in: an attempt that belongs to this browser from the start. Its
// verifier is derived from the browser's secret, so no other browser can finish it
// (login CSRF, threat 15).
func (f *Feature) begin(w http.ResponseWriter, r *http.Request, request login.Request) error {
	browser, ok := f.d.Browsers.Secret(r)
	if !ok {
		return fault.New(fault.Invalid, login.ReasonCookiesBlocked, nil)
	}
	source, err := f.d.Limit(r.Context(), login.Starter{})
	if err != nil {
		return err
	}
	in := f.startOf(r, browser, request)
	in.Source = source
	started, err := f.d.Attempts.Start(r.Context(), in)
	if err != nil {
		return err
	}
	f.d.Browsers.Ensure(w, r)
	return web.SeeOther(w, "/login/"+started.Attempt.ID)
}

// startOf is a sign-in of the browser, with our own pages as the client.
func (f *Feature) startOf(r *http.Request, browser secret.Text, request login.Request) attempt.StartRequest {
	state := secret.NewShort().Reveal() + request.State
	sum := sha256.Sum256([]byte(verifier(browser, state).Reveal()))
	request.RedirectURI, request.State = f.d.BaseURL+returnURI, state
	request.Scopes = []string{oauth.ScopeOpenID, oauth.ScopeOfflineAccess}
	request.CodeChallenge = base64.RawURLEncoding.EncodeToString(sum[:])
	return attempt.StartRequest{
		Client: login.WebClient, Method: login.MethodDirect, Browser: browser, Key: browsersession.Key(browser), Request: request,
		Device: login.Device{Platform: "web"}, Place: f.d.Web.Place(r.Context()), Label: web.BrowserLabel(r),
	}
}

func verifier(browser secret.Text, state string) secret.Text {
	return browser.Derive("web sign-in verifier", state)
}

// back is our own redirect URI. It is idempotent for the browser that signed in, which
// may come twice after a double click at the bank.
func (f *Feature) back(w http.ResponseWriter, r *http.Request) error {
	params, err := oauth.QueryParams(r)
	if err != nil {
		return err
	}
	web.Offer(r.Context(), web.Ways{Retry: home, App: home})
	if params.Has("error") {
		return f.ask(w, r, f.d.Web.Worded(login.Reason(params.Get("reason"))))
	}
	browser, ok := f.d.Browsers.Secret(r)
	if !ok || !params.Has("code") {
		return web.SeeOther(w, home)
	}
	code := secret.Of(params.Get("code"))
	var a login.Attempt
	err = f.d.Browsers.Try(r, browser, func(owner secret.Text) (err error) {
		browser = owner
		a, err = f.d.Attempts.ByCode(r.Context(), code, owner)
		return err
	})
	if err != nil {
		return err
	}
	web.About(r.Context(), a)
	before, _, signed, err := f.Signed(w, r, false)
	if err != nil {
		return err
	}
	if signed && a.Session == before.ID {
		return web.SeeOther(w, homeIn(a))
	}
	granted, err := f.d.Attempts.Redeem(r.Context(), attempt.RedeemRequest{
		Code: code, Client: login.WebClient, RedirectURI: f.d.BaseURL + returnURI, Verifier: verifier(browser, params.Get("state")),
		Key: browsersession.Key(browser), Idle: browsersession.Idle, Absolute: longest,
	})
	if err != nil {
		return err
	}
	if signed {
		if err := f.end(r.Context(), before, "signed_in_again"); err != nil {
			return err
		}
	}
	f.d.SignedIn.Set(w, granted.Refresh)
	if err := f.recognise(w, r, granted.Session.Person); err != nil {
		return err
	}
	return web.SeeOther(w, homeIn(a))
}

// recognise lets this browser try a password later, should somebody elsewhere use up what
// strangers may try.
func (f *Feature) recognise(w http.ResponseWriter, r *http.Request, person string) error {
	browser, ok := f.d.Devices.Secret(r)
	if !ok {
		browser = secret.New()
	}
	f.d.Devices.Set(w, browser)
	return f.d.Recognise(r.Context(), person, people.Place{Browser: browser, Network: web.KnownNetwork(r.Context())})
}

// homeIn is the page of the person, in the language in which the sign-in began when
// that was not the browser's own choice.
func homeIn(a login.Attempt) string {
	if _, next, _ := strings.Cut(a.Request.State, mark); pageOf(next) != "" {
		return pageOf(next)
	}
	if len(a.Request.UILocales) == 1 {
		return home + "?lang=" + a.Request.UILocales[0]
	}
	return home
}

func (f *Feature) end(ctx context.Context, s login.Session, reason string) error {
	if err := f.d.Audit.Atomically(ctx, func(ctx context.Context) error {
		f.d.Audit.SessionRevoked(ctx, s, reason)
		return f.d.Sessions.RevokeSession(ctx, s.ID, reason, f.d.Now())
	}); err != nil {
		return err
	}
	return nil
}

// SignedIn reports whether somebody is signed in to this browser.
func (f *Feature) SignedIn(r *http.Request) (bool, error) {
	_, _, ok, err := f.Signed(nil, r, false)
	return ok, err
}

// SignOut ends that, and forgets the session here.
func (f *Feature) SignOut(w http.ResponseWriter, r *http.Request) error {
	s, _, ok, err := f.Signed(w, r, false)
	if err != nil {
		return err
	}
	if ok {
		if err := f.end(r.Context(), s, "logout_web"); err != nil {
			return err
		}
	}
	f.d.SignedIn.Clear(w)
	return nil
}

func (f *Feature) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := f.SignOut(w, r); err != nil {
		return err
	}
	return web.SeeOther(w, home)
}
