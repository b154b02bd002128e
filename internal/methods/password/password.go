package password

import (
	"context"
	"net/http"
	"time"

	"avain/internal/core/people"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/browsersession"
	"avain/internal/platform/passhash"
	"avain/internal/platform/web"
	"avain/internal/protocol/oauth"
	"avain/internal/secret"
)

const (
	signInPath = "/me/password"
	forgotPath = "/password/forgot"
	newPath    = "/password/new/"
)

// NewPath is where the letter's link leads, without our address.
func NewPath(ticket secret.Text) string { return newPath + ticket.Reveal() }

// People knows passwords: package people. CheckPassword holds back, by itself, a network
// that tries too often, on whatever path.
type People interface {
	CheckPassword(ctx context.Context, t people.Try) (login.Person, error)
	Recognise(ctx context.Context, person string, at people.Place) error
	ForgotPassword(ctx context.Context, name string) error
	ResetOf(ctx context.Context, ticket secret.Text) (login.Credential, login.Person, error)
	SetPassword(
		ctx context.Context, ticket, password secret.Text, also func(ctx context.Context, c login.Credential) error,
	) (login.Credential, error)
}

// Sessions are the sessions of people.
type Sessions interface {
	RevokeSessionsOfPerson(ctx context.Context, person, reason string, at time.Time) (int64, error)
}

// Auditor is told of new passwords.
type Auditor interface {
	PasswordSet(ctx context.Context, person string, sessions int64)
}

// Deps are what the feature needs.
type Deps struct {
	People   People
	Sessions Sessions
	Audit    Auditor
	Browsers *browsersession.Cookies
	Devices  *browsersession.Cookies // of browsers in which somebody has got in
	Web      *web.Kit
	Now      func() time.Time
	Rules    passhash.Rules
	App      string // name of the app
	SignIn   string // path of the page where somebody signs in with bank or Mobile Certificate

	// Limit holds back floods of letters and of new passwords, per network, before anything
	// is looked up or hashed.
	Limit func(ctx context.Context) error
	// Admit answers why passwords cannot be used now: the operator has switched them off.
	Admit func(ctx context.Context) error
	// Enter signs the person in to our own pages, and Refused writes down that a password
	// was not accepted: the feature home.
	Enter   func(w http.ResponseWriter, r *http.Request, person login.Person) error
	Refused func(r *http.Request, why error) (login.Attempt, error)
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

// Mount adds the pages to the mux. A GET shows, only a POST acts (threat 20).
func (f *Feature) Mount(mux *http.ServeMux) {
	for pattern, h := range map[string]web.Handler{
		"GET " + signInPath: f.page, "POST " + signInPath: f.signIn,
		"GET " + forgotPath: f.forgotPage, "POST " + forgotPath: f.forgot,
		"GET " + newPath + "{ticket}": f.newPage, "POST " + newPath + "{ticket}": f.set,
	} {
		mux.Handle(pattern, f.d.Web.Page(h))
	}
}

func (f *Feature) page(w http.ResponseWriter, r *http.Request) error {
	if err := f.d.Admit(r.Context()); err != nil {
		return err
	}
	f.d.Browsers.Ensure(w, r)
	return f.views.RenderSignIn(w, r, SignInPage{App: f.d.App, Strong: f.d.SignIn})
}

// signIn checks the password. Whoever has no cookie of ours has blocked it, and is told
// before the password is looked at.
func (f *Feature) signIn(w http.ResponseWriter, r *http.Request) error {
	web.Offer(r.Context(), web.Ways{Retry: signInPath})
	if err := f.d.Admit(r.Context()); err != nil {
		return err
	}
	form, err := oauth.FormParams(r)
	if err != nil {
		return err
	}
	if _, ok := f.d.Browsers.Secret(r); !ok {
		return fault.New(fault.Invalid, login.ReasonCookiesBlocked, nil)
	}
	name, typed := form.Get("username"), form.Get("password")
	if len(name) > people.MaxUserName || len(typed) > passhash.MaxBytes {
		name, typed = "", "" // nobody's
	}
	at := f.place(r)
	person, err := f.d.People.CheckPassword(r.Context(), people.Try{Name: name, Password: passhash.Of(typed), Place: at})
	if err == nil {
		f.d.Devices.Set(w, at.Browser)
		return f.d.Enter(w, r, person)
	}
	reason := fault.AsError(err).Reason
	if reason != login.ReasonPasswordWrong && reason != login.ReasonStrongRequired {
		return err
	}
	a, err := f.d.Refused(r, err)
	if err != nil {
		return err
	}
	web.About(r.Context(), a)
	return f.views.RenderSignIn(w, r, SignInPage{
		App: f.d.App, Strong: f.d.SignIn, UserName: form.Get("username"), Failed: reason, SupportCode: a.SupportCode,
	})
}

// place is where the browser is. One in which nobody has got in so far has a cookie to
// come, which it gets when somebody does.
func (f *Feature) place(r *http.Request) people.Place {
	browser, ok := f.d.Devices.Secret(r)
	if !ok {
		browser = secret.New()
	}
	return people.Place{Browser: browser, Network: web.KnownNetwork(r.Context())}
}

func (f *Feature) forgotPage(w http.ResponseWriter, r *http.Request) error {
	return f.views.RenderForgot(w, r, ForgotPage{App: f.d.App})
}

// forgot answers the same whether there is such a person or not: who has an account
// with us is nobody's business.
func (f *Feature) forgot(w http.ResponseWriter, r *http.Request) error {
	web.Offer(r.Context(), web.Ways{Retry: forgotPath})
	form, err := oauth.FormParams(r)
	if err != nil {
		return err
	}
	if err := f.d.Limit(r.Context()); err != nil {
		return err
	}
	name := form.Get("username")
	if people.UserName(name) == "" || len(name) > people.MaxUserName {
		return f.views.RenderForgot(w, r, ForgotPage{App: f.d.App, Empty: true})
	}
	if err := f.d.People.ForgotPassword(r.Context(), name); err != nil {
		return err
	}
	return f.views.RenderOrdered(w, r, OrderedPage{App: f.d.App, Again: forgotPath})
}

func (f *Feature) newPage(w http.ResponseWriter, r *http.Request) error {
	web.Offer(r.Context(), web.Ways{Retry: forgotPath})
	c, _, err := f.d.People.ResetOf(r.Context(), secret.Of(r.PathValue("ticket")))
	if err != nil {
		return err
	}
	return f.views.RenderNew(w, r, NewPage{App: f.d.App, UserName: nameOf(c), MinLength: f.d.Rules.MinLength})
}

// set spends the ticket, unless the password is too weak: then the person tries another
// one with the same ticket.
func (f *Feature) set(w http.ResponseWriter, r *http.Request) error {
	web.Offer(r.Context(), web.Ways{Retry: forgotPath})
	form, err := oauth.FormParams(r)
	if err != nil {
		return err
	}
	if err := f.d.Limit(r.Context()); err != nil {
		return err
	}
	ticket := secret.Of(r.PathValue("ticket"))
	c, person, err := f.d.People.ResetOf(r.Context(), ticket)
	if err != nil {
		return err
	}
	typed := passhash.Of(form.Get("password"))
	if err := f.d.Rules.Check(r.Context(), typed, c.UserName, c.Email, person.Name); err != nil {
		if !fault.HasReason(err, login.ReasonPasswordWeak) {
			return err
		}
		return f.views.RenderNew(w, r, NewPage{
			App: f.d.App, UserName: nameOf(c), MinLength: f.d.Rules.MinLength, Weak: fault.AsError(err).Detail, Stay: !form.Has("logout"),
		})
	}
	at := f.place(r)
	if _, err = f.d.People.SetPassword(r.Context(), ticket, typed, func(ctx context.Context, c login.Credential) (err error) {
		var ended int64
		if form.Has("logout") {
			if ended, err = f.d.Sessions.RevokeSessionsOfPerson(ctx, c.Person, "password_set", f.d.Now()); err != nil {
				return err
			}
		}
		f.d.Audit.PasswordSet(ctx, c.Person, ended)
		// Whoever has the letter is the person: guesses from elsewhere must not keep them out
		// of where they are now.
		return f.d.People.Recognise(ctx, c.Person, at)
	}); err != nil {
		return err
	}
	f.d.Devices.Set(w, at.Browser)
	return f.views.RenderChanged(w, r, ChangedPage{App: f.d.App, SignIn: signInPath, LoggedOut: form.Has("logout")})
}

// nameOf is what the person logs in with.
func nameOf(c login.Credential) string {
	if c.UserName != "" {
		return c.UserName
	}
	return c.Email
}
