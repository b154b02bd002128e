package activation

import (
	"embed"
	"net/http"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/login"
	"avain/internal/platform/web"
)

//go:embed templates/*.html
var templateFiles embed.FS

// pendingFor is how often the page of somebody whose employer has not finished loads
// itself again: employers take hours.
const pendingFor = time.Minute

// Views are the pages of an invitation.
type Views struct {
	kit        *web.Kit
	invitation *web.Template
	pending    *web.Template
	ended      *web.Template
}

// NewViews parses the templates. The error is a mistake in one of them.
func NewViews(kit *web.Kit) (*Views, error) {
	v := &Views{kit: kit}
	for name, at := range map[string]**web.Template{"invitation": &v.invitation, "pending": &v.pending, "ended": &v.ended} {
		t, err := kit.Template(templateFiles, "templates/"+name+".html")
		if err != nil {
			return nil, err
		}
		*at = t
	}
	return v, nil
}

// InvitationPage asks a person to activate.
type InvitationPage struct {
	App        string
	Employer   string
	Kind       employment.UserKind
	Benefits   []string // kinds
	ValidUntil time.Time
	Terms      string       // version; empty: nothing to accept
	TermsURL   string       // may be empty
	Failed     login.Reason // why the button did not help; empty at first
}

// RenderInvitation shows it.
func (v *Views) RenderInvitation(w http.ResponseWriter, r *http.Request, p InvitationPage) error {
	status := http.StatusOK
	if p.Failed != "" {
		status = http.StatusUnprocessableEntity
		web.Note(r.Context(), web.FieldReason, string(p.Failed))
	}
	if p.Kind != employment.UserSmartum {
		p.Kind = employment.UserSmartumPlus
	}
	return v.kit.Render(w, r, status, web.Page{Template: v.invitation, Title: "activation.title." + string(p.Kind), Data: p})
}

// PendingPage tells a person that the employer has not finished.
type PendingPage struct{ Employer string }

// RenderPending shows it. It loads itself again, so that a person who waits need not.
func (v *Views) RenderPending(w http.ResponseWriter, r *http.Request, p PendingPage) error {
	return v.kit.Render(w, r, http.StatusOK, web.Page{
		Template: v.pending, Title: "reason.benefits_pending.title", Data: p, Refresh: pendingFor,
	})
}

// EndedPage says why an invitation cannot be used, and what to do.
type EndedPage struct {
	Reason login.Reason
	SignIn string // path of the page where somebody signs in who has activated
}

// RenderEnded shows it.
func (v *Views) RenderEnded(w http.ResponseWriter, r *http.Request, p EndedPage) error {
	reason := v.kit.Worded(p.Reason)
	return v.kit.Render(w, r, http.StatusGone, web.Page{
		Template: v.ended, Title: "reason." + string(reason) + ".title", Data: struct {
			Reason  string
			Buttons []web.Button
		}{string(reason), v.kit.Buttons(reason, web.Ways{App: p.SignIn})},
	})
}

// Previews are the pages with sample data.
func (v *Views) Previews() []web.Preview {
	sample := InvitationPage{
		App: "SmartumPay", Employer: "Kuusiston Konepaja Oy", Kind: employment.UserSmartumPlus, Benefits: []string{"lunch", "sports", "commuting"},
		ValidUntil: time.Date(2026, time.December, 22, 10, 5, 0, 0, time.UTC), Terms: "2026-01", TermsURL: "https://example.com/terms",
	}
	invitation := func(change func(*InvitationPage)) web.Handler {
		return func(w http.ResponseWriter, r *http.Request) error {
			p := sample
			change(&p)
			return v.RenderInvitation(w, r, p)
		}
	}
	ended := func(reason login.Reason) web.Handler {
		return func(w http.ResponseWriter, r *http.Request) error {
			return v.RenderEnded(w, r, EndedPage{Reason: reason, SignIn: "/me"})
		}
	}
	return []web.Preview{
		{Name: "activation", Render: invitation(func(*InvitationPage) {})},
		{Name: "activation-smartum", Render: invitation(func(p *InvitationPage) { p.Kind, p.Terms = employment.UserSmartum, "" })},
		{Name: "activation-terms", Render: invitation(func(p *InvitationPage) { p.Failed = login.ReasonTermsRequired })},
		{Name: "activation-cookies", Render: invitation(func(p *InvitationPage) { p.Failed = login.ReasonCookiesBlocked })},
		{Name: "activation-pending", Render: func(w http.ResponseWriter, r *http.Request) error {
			return v.RenderPending(w, r, PendingPage{Employer: sample.Employer})
		}},
		{Name: "activation-used", Render: ended(login.ReasonInvitationUsed)},
		{Name: "activation-expired", Render: ended(login.ReasonInvitationExpired)},
		{Name: "activation-revoked", Render: ended(login.ReasonInvitationRevoked)},
	}
}
