package activation

import (
	"context"
	"net/http"
	"time"

	"avain/internal/core/people"
	"avain/internal/domain/login"
	"avain/internal/platform/browsersession"
	"avain/internal/platform/web"
	"avain/internal/protocol/oauth"
	"avain/internal/secret"
)

// People knows what a link is about: package people.
type People interface {
	ByTicket(ctx context.Context, ticket secret.Text) (people.Invited, error)
}

// Terms are what people accept before they activate.
type Terms struct {
	Version string            // empty: nothing has to be accepted
	URLs    map[string]string // per language
}

// Deps are what the feature needs.
type Deps struct {
	People   People
	Browsers *browsersession.Cookies
	Web      *web.Kit
	Now      func() time.Time
	App      string // name of the app
	SignIn   string // path of the page where somebody signs in who has activated
	Terms    Terms

	// Begin starts a sign-in to our own pages, with a fresh strong authentication, that
	// activates on its way back: the feature home.
	Begin func(w http.ResponseWriter, r *http.Request, invitation, terms string) error
}

// Feature serves the pages of an invitation.
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

// Path is where the link of an invitation leads, without our address.
func Path(ticket secret.Text) string { return "/activate/" + ticket.Reveal() }

// Mount adds the pages to the mux. A GET shows, only a POST acts: mail scanners open
// every link before the person does (threat 20). The ticket is a path that no record
// holds, because records hold patterns.
func (f *Feature) Mount(mux *http.ServeMux) {
	mux.Handle("GET /activate/{ticket}", f.d.Web.Page(f.page))
	mux.Handle("POST /activate/{ticket}", f.d.Web.Page(f.accept))
}

func (f *Feature) page(w http.ResponseWriter, r *http.Request) error {
	about, err := f.about(r)
	if err != nil {
		return err
	}
	f.d.Browsers.Ensure(w, r)
	return f.show(w, r, about, "")
}

// accept is the button: whoever pressed it proves who they are next, whatever proof
// this browser has from before. The invitation is used when they come back.
func (f *Feature) accept(w http.ResponseWriter, r *http.Request) error {
	about, err := f.about(r)
	if err != nil {
		return err
	}
	form, err := oauth.FormParams(r)
	if err != nil {
		return err
	}
	if about.Why(f.d.Now()) != "" {
		return f.show(w, r, about, "")
	}
	// Terms that have changed since the page was shown have not been read.
	if form.Get("terms") != f.d.Terms.Version {
		return f.show(w, r, about, login.ReasonTermsRequired)
	}
	if _, ok := f.d.Browsers.Secret(r); !ok {
		f.d.Browsers.Ensure(w, r)
		return f.show(w, r, about, login.ReasonCookiesBlocked)
	}
	return f.d.Begin(w, r, about.Invitation.ID, f.d.Terms.Version)
}

// about finds what the link is about. An unknown one gets the same answer whatever is
// wrong with it (threat 26).
func (f *Feature) about(r *http.Request) (people.Invited, error) {
	web.Offer(r.Context(), web.Ways{App: f.d.SignIn})
	about, err := f.d.People.ByTicket(r.Context(), secret.Of(r.PathValue("ticket")))
	if err != nil {
		return people.Invited{}, err
	}
	web.Prefer(r.Context(), []string{about.Locale()})
	return about, nil
}

// show renders the page by the state of the invitation, with what went wrong when the
// button was pressed.
func (f *Feature) show(w http.ResponseWriter, r *http.Request, about people.Invited, failed login.Reason) error {
	why := about.Why(f.d.Now())
	if why != "" {
		web.Note(r.Context(), web.FieldReason, string(why))
	}
	switch why {
	case "":
		return f.views.RenderInvitation(w, r, f.invitation(r, about, failed))
	case login.ReasonBenefitsPending:
		return f.views.RenderPending(w, r, PendingPage{Employer: about.Employer.Name})
	default:
		return f.views.RenderEnded(w, r, EndedPage{Reason: why, SignIn: f.d.SignIn})
	}
}

// invitation says of whose benefits the link is, and not whose it is: whoever holds it
// may have found it (threat 9).
func (f *Feature) invitation(r *http.Request, about people.Invited, failed login.Reason) InvitationPage {
	page := InvitationPage{
		App: f.d.App, Employer: about.Employer.Name, Kind: about.Employment.Kind, ValidUntil: about.Invitation.ExpiresAt,
		Terms: f.d.Terms.Version, TermsURL: f.d.Terms.in(f.d.Web.Language(r)), Failed: failed,
	}
	for _, b := range about.Employment.Benefits {
		if !b.ReleasedAt.IsZero() {
			page.Benefits = append(page.Benefits, b.Kind)
		}
	}
	return page
}

// in is the address of the terms in a language, else in one that there is.
func (t Terms) in(lang string) string {
	for _, l := range append([]string{lang}, web.Languages()...) {
		if address := t.URLs[l]; address != "" {
			return address
		}
	}
	return ""
}
