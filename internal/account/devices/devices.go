package devices

import (
	"context"
	"net/http"
	"slices"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/web"
)

// pause is for how long login link and QR code are paused for a person who says that a
// login was not theirs (product.md J9): whoever led them there tries again the same day.
const pause = 24 * time.Hour

// Why a session ended, as its row and the audit log have it.
const (
	whyOther = "logged_out_elsewhere"
	whyNotMe = "not_me"
)

// SessionStore keeps sessions. Look-ups return fault.ErrNotFound.
type SessionStore interface {
	SessionByID(ctx context.Context, id string) (login.Session, error)
	SessionsOfPerson(ctx context.Context, person string) ([]login.Session, error)
	RevokeSession(ctx context.Context, id, reason string, at time.Time) error
}

// PersonStore keeps people. Look-ups return fault.ErrNotFound.
type PersonStore interface {
	PersonByID(ctx context.Context, id string) (login.Person, error)
	PausePerson(ctx context.Context, id string, until, at time.Time) error
}

// Auditor is told of what a person ends.
type Auditor interface {
	Atomically(ctx context.Context, act func(ctx context.Context) error) error
	SessionRevoked(ctx context.Context, s login.Session, reason string)
	LoginDisowned(ctx context.Context, s login.Session, until time.Time)
}

// Deps are what the feature needs.
type Deps struct {
	Sessions SessionStore
	People   PersonStore
	Audit    Auditor
	Web      *web.Kit
	Now      func() time.Time
	Origins  func(origin string) bool // web origins of apps that may call (CORS)
	Client   func(id string) string   // name of a client, as people know it

	// Signed is who is signed in to our pages: the feature home.
	Signed func(w http.ResponseWriter, r *http.Request, act bool) (login.Session, login.Person, bool, error)
	// Holder is whose access token a request brings: the feature token.
	Holder func(w http.ResponseWriter, r *http.Request) (login.Session, login.Person, error)
}

// Feature serves the pages and the app's calls.
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

// Mount adds pages and calls to the mux.
func (f *Feature) Mount(mux *http.ServeMux) {
	mux.Handle("GET "+Path, f.d.Web.Page(f.page))
	mux.Handle("POST "+Path+"/logout", f.d.Web.Page(f.pageAll))
	mux.Handle("POST "+Path+"/{id}/logout", f.d.Web.Page(f.form(f.logOut, "out")))
	mux.Handle("POST "+Path+"/{id}/not-me", f.d.Web.Page(f.form(f.disown, "notme")))

	for path, call := range map[string]struct {
		method string
		h      web.Handler
	}{
		"/devices":             {http.MethodGet, f.list},
		"/devices/logout":      {http.MethodPost, f.callAll},
		"/devices/{id}/logout": {http.MethodPost, f.call(f.callEnd)},
		"/devices/{id}/not-me": {http.MethodPost, f.call(f.callNotMe)},
	} {
		web.MountCORS(mux, path, f.d.Origins, f.d.Web.OAuth(call.h), call.method)
	}
}

// of lists the sessions of a person that live, the one that asks first, then the one
// that was used last.
func (f *Feature) of(ctx context.Context, own login.Session, person login.Person) ([]login.Session, error) {
	all, err := f.d.Sessions.SessionsOfPerson(ctx, person.ID)
	if err != nil {
		return nil, err
	}
	now := f.d.Now()
	all = slices.DeleteFunc(all, func(s login.Session) bool { return !s.Live(now) })
	slices.SortStableFunc(all, func(a, b login.Session) int {
		if own := own.ID; a.ID == own || b.ID == own {
			return compare(b.ID == own, a.ID == own)
		}
		return b.UsedAt.Compare(a.UsedAt)
	})
	return all, nil
}

func compare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}

// mine finds one of the person's sessions. Another's looks like none (threat 26).
func (f *Feature) mine(ctx context.Context, person login.Person, id string) (login.Session, error) {
	if !login.ValidID(id) {
		return login.Session{}, unknown(nil)
	}
	s, err := f.d.Sessions.SessionByID(ctx, id)
	if err != nil {
		return login.Session{}, unknown(err)
	}
	// The session may hang on a record of the same human: ask whose it is, not what it says.
	owner, err := f.d.People.PersonByID(ctx, s.Person)
	if err != nil || owner.ID != person.ID {
		return login.Session{}, unknown(err)
	}
	return s, nil
}

func unknown(err error) error { return fault.New(fault.NotFound, login.ReasonPageUnknown, err) }

// end logs a device out. One that is out already stays so.
func (f *Feature) end(ctx context.Context, s login.Session, reason string) error {
	if !s.RevokedAt.IsZero() {
		return nil
	}
	return f.d.Audit.Atomically(ctx, func(ctx context.Context) error {
		f.d.Audit.SessionRevoked(ctx, s, reason)
		return f.d.Sessions.RevokeSession(ctx, s.ID, reason, f.d.Now())
	})
}

// endOthers logs out every device but the one that asks.
func (f *Feature) endOthers(ctx context.Context, own login.Session, person login.Person) error {
	all, err := f.of(ctx, own, person)
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.ID == own.ID {
			continue
		}
		if err := f.end(ctx, s, whyOther); err != nil {
			return err
		}
	}
	return nil
}

// notMe logs a device out that the person does not know, and pauses the ways in by
// which somebody can be led to log another in: both or neither.
func (f *Feature) notMe(ctx context.Context, s login.Session, person login.Person) (until time.Time, err error) {
	now := f.d.Now()
	until = now.Add(pause)
	return until, f.d.Audit.Atomically(ctx, func(ctx context.Context) error {
		if err := f.end(ctx, s, whyNotMe); err != nil {
			return err
		}
		f.d.Audit.LoginDisowned(ctx, s, until)
		return f.d.People.PausePerson(ctx, person.ID, until, now)
	})
}
