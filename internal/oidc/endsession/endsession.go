package endsession

import (
	"context"
	"net/http"
	"time"

	"avain/internal/domain/login"
	"avain/internal/platform/web"
	"avain/internal/protocol/client"
	"avain/internal/protocol/signing"
)

// Sessions are the logged-in apps. fault.ErrNotFound.
type Sessions interface {
	SessionByID(ctx context.Context, id string) (login.Session, error)
	RevokeSession(ctx context.Context, id, reason string, at time.Time) error
}

// Browser is what a browser holds: whether somebody is signed in to our own pages there.
type Browser interface {
	SignedIn(r *http.Request) (bool, error)
	// SignOut ends that, if it is so.
	SignOut(w http.ResponseWriter, r *http.Request) error
}

// Auditor is told when a session ends.
type Auditor interface {
	Atomically(ctx context.Context, act func(ctx context.Context) error) error
	SessionRevoked(ctx context.Context, s login.Session, reason string)
}

// Deps are what the feature needs.
type Deps struct {
	Browser  Browser
	Sessions Sessions
	Clients  *client.Registry
	Signer   *signing.Signer
	Audit    Auditor
	Web      *web.Kit
	Now      func() time.Time
}

// Feature serves /logout.
type Feature struct{ d Deps }

// New makes the feature.
func New(d Deps) *Feature { return &Feature{d} }

// Mount adds the endpoint to the mux, for GET and POST (§2 of the specification).
func (f *Feature) Mount(mux *http.ServeMux) {
	mux.Handle("GET /logout", f.d.Web.Page(f.logout))
	mux.Handle("POST /logout", f.d.Web.CrossOriginPage(f.logout))
	mux.Handle("POST "+browserPath, f.d.Web.Page(f.logoutBrowser)) // from our own page only
}

// logout ends the session that a genuine ID token of ours names. A GET asks first, and
// only a POST acts: a link on some page must not be able to log anybody out (§2: the OP
// should ask).
func (f *Feature) logout(w http.ResponseWriter, r *http.Request) error {
	asked, err := f.read(r)
	if err != nil {
		return err
	}
	if !asked.proved {
		return f.withoutHint(w, r, asked)
	}
	live := asked.session.ID != "" && asked.session.RevokedAt.IsZero()
	if live && r.Method == http.MethodGet {
		return f.ask(w, r, "/logout", asked)
	}
	if live {
		const why = "logout_browser"
		if err := f.d.Audit.Atomically(r.Context(), func(ctx context.Context) error {
			f.d.Audit.SessionRevoked(ctx, asked.session, why)
			return f.d.Sessions.RevokeSession(ctx, asked.session.ID, why, f.d.Now())
		}); err != nil {
			return err
		}
	}
	return f.leave(w, r, asked)
}

// browserPath is where the page posts to that asks without a hint.
const browserPath = "/logout/browser"

// withoutHint ends nothing by itself, whoever sent the browser here. What it can offer is
// to end what this browser holds: our own pages. Which app the person means, and on which
// phone, nobody has said.
func (f *Feature) withoutHint(w http.ResponseWriter, r *http.Request, asked request) error {
	if r.Method == http.MethodPost {
		// A form of another site brings no cookies of ours; the address that follows does.
		return web.SeeOther(w, "/logout?"+asked.values().Encode())
	}
	in, err := f.d.Browser.SignedIn(r)
	if err != nil {
		return err
	}
	if in {
		return f.ask(w, r, browserPath, asked)
	}
	if asked.target != "" {
		return f.leave(w, r, asked)
	}
	return f.d.Web.RenderLoggedOut(w, r, web.LoggedOutPage{Nobody: true})
}

// logoutBrowser carries out what withoutHint has asked. Only our own page gets here: the
// address takes no form of another site (CSRF).
func (f *Feature) logoutBrowser(w http.ResponseWriter, r *http.Request) error {
	asked, err := f.read(r)
	if err != nil {
		return err
	}
	if err := f.d.Browser.SignOut(w, r); err != nil {
		return err
	}
	return f.leave(w, r, asked)
}

// ask shows the question, which repeats the request in the form that carries it out.
func (f *Feature) ask(w http.ResponseWriter, r *http.Request, action string, asked request) error {
	page := web.LogoutPage{Action: action, FormAction: []string{web.LeavesTo(asked.target)}}
	if asked.proved {
		page.Client = asked.client.Name
	}
	for _, name := range names {
		if asked.params.Has(name) {
			page.Hidden = append(page.Hidden, web.Hidden{Name: name, Value: asked.params.Get(name)})
		}
	}
	return f.d.Web.RenderLogout(w, r, page)
}

func (f *Feature) leave(w http.ResponseWriter, r *http.Request, asked request) error {
	if asked.target != "" {
		return f.d.Web.Leave(w, r, web.Leaving{Client: asked.client.Name, Address: asked.target})
	}
	return f.d.Web.RenderLoggedOut(w, r, web.LoggedOutPage{Client: asked.client.Name})
}
