package qr

import (
	"context"
	"errors"
	"net/http"
	"time"

	"avain/internal/core/attempt"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/notify"
	"avain/internal/platform/web"
	"avain/internal/protocol/oauth"
)

const home = "/me"

// Attempts moves attempts: package attempt.
type Attempts interface {
	ShowQR(ctx context.Context, session login.Session, network string) (login.QRPage, error)
	QR(ctx context.Context, session login.Session, page string) (login.QRPage, login.Attempt, error)
	Frame(p login.QRPage) string
	Typed(p login.QRPage) string
	TypeQR(ctx context.Context, session login.Session, p login.QRPage) (login.QRPage, error)
	Approve(ctx context.Context, p login.QRPage, number string, e login.Event) (login.Attempt, error)
	End(ctx context.Context, a login.Attempt, event attempt.Event, reason login.Reason, e login.Event) (login.Attempt, error)
}

// Deps are what the feature needs.
type Deps struct {
	Attempts Attempts
	Room     *notify.Hub
	Web      *web.Kit
	Now      func() time.Time
	App      string // name of the app
	OpenLink string // opens the app with a code, on the phone that shows it; may be empty

	// Signed is the session of a request, false when nobody is signed in: the feature home.
	// An act of the person keeps the session alive.
	Signed func(w http.ResponseWriter, r *http.Request, act bool) (login.Session, login.Person, bool, error)
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

// Mount adds the pages to the mux. A GET shows, only a POST acts.
func (f *Feature) Mount(mux *http.ServeMux) {
	mux.Handle("POST /me/qr", f.d.Web.Page(f.signed(true, f.begin)))
	mux.Handle("GET /me/qr/{page}", f.d.Web.Page(f.signed(false, f.show)))
	mux.Handle("POST /me/qr/{page}/typed", f.d.Web.Page(f.signed(true, f.typed)))
	mux.Handle("POST /me/qr/{page}/number", f.d.Web.Page(f.signed(true, f.number)))
	mux.Handle("POST /me/qr/{page}/refuse", f.d.Web.Page(f.signed(true, f.refuse)))
}

// visit is a request of somebody who is signed in.
type visit struct {
	w       http.ResponseWriter
	r       *http.Request
	session login.Session
}

// signed sends everybody to sign in who is not.
func (f *Feature) signed(act bool, h func(visit) error) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		session, _, ok, err := f.d.Signed(w, r, act)
		if err != nil {
			return err
		}
		if !ok {
			return web.SeeOther(w, home)
		}
		web.Offer(r.Context(), web.Ways{Retry: home, App: home})
		return h(visit{w, r, session})
	}
}

func address(p login.QRPage) string { return "/me/qr/" + p.ID }

// begin is "Näytä QR-koodi": the click that shows codes for two minutes.
func (f *Feature) begin(v visit) error {
	params, err := oauth.FormParams(v.r)
	if err != nil {
		return err
	}
	p, err := f.d.Attempts.ShowQR(v.r.Context(), v.session, web.KnownNetwork(v.r.Context()))
	if err != nil {
		return f.orAgain(v, err)
	}
	return web.SeeOther(v.w, address(p)+viewOf(params.Get("view")).query())
}

// orAgain asks the person to authenticate when that is what is missing (RFC 9470).
func (f *Feature) orAgain(v visit, err error) error {
	if !fault.HasReason(err, login.ReasonSignInAgain) {
		return err
	}
	web.Note(v.r.Context(), web.FieldReason, string(login.ReasonSignInAgain))
	return f.views.RenderStepUp(v.w, v.r)
}

// page finds the page of a request, with the login that has claimed it.
func (f *Feature) page(v visit) (login.QRPage, login.Attempt, error) {
	p, a, err := f.d.Attempts.QR(v.r.Context(), v.session, v.r.PathValue("page"))
	if err == nil && a.ID != "" {
		web.Note(v.r.Context(), web.FieldSupport, a.SupportCode)
		web.Note(v.r.Context(), web.FieldMethod, string(a.Method))
	}
	return p, a, err
}

func (f *Feature) typed(v visit) error {
	p, _, err := f.page(v)
	if err != nil {
		return err
	}
	if _, err = f.d.Attempts.TypeQR(v.r.Context(), v.session, p); err != nil && !fault.HasReason(err, login.ReasonQRExpired) {
		return f.orAgain(v, err)
	}
	return web.SeeOther(v.w, address(p)+asCode.query()) // the page knows when it is too late
}

// number is the person's word that the phone in their hand is the one that scanned.
func (f *Feature) number(v visit) error {
	params, err := oauth.FormParams(v.r)
	if err != nil {
		return err
	}
	p, a, err := f.page(v)
	if err != nil {
		return err
	}
	if a.State != login.StateClaimed {
		return web.SeeOther(v.w, address(p)) // an old tab; the page knows where the login stands
	}
	_, err = f.d.Attempts.Approve(v.r.Context(), p, params.Get("number"), login.Event{Browser: web.BrowserLabel(v.r)})
	switch e := (*fault.Error)(nil); {
	case err == nil, fault.HasReason(err, login.ReasonQRWrongNumber), errors.Is(err, fault.ErrMoved):
		return web.SeeOther(v.w, address(p))
	case errors.As(err, &e) && e.Param == "number":
		return f.views.RenderClaimed(v.w, v.r, f.claimed(p, a, true))
	default:
		return err
	}
}

// notMine is what the timeline says when a person denies having scanned.
const notMine = "not_started_by_me"

func (f *Feature) refuse(v visit) error {
	p, a, err := f.page(v)
	if err != nil {
		return err
	}
	if a.State == login.StateClaimed || a.State == login.StateApproved {
		_, err := f.d.Attempts.End(v.r.Context(), a, attempt.Deny, login.ReasonCancelledByPerson, login.Event{
			Step: login.StepCancel, Detail: notMine, Browser: web.BrowserLabel(v.r),
		})
		if err != nil && !errors.Is(err, fault.ErrMoved) {
			return err
		}
	}
	return web.SeeOther(v.w, address(p))
}
