package demo

import (
	"context"
	_ "embed"
	"errors"
	"html/template"
	"net/http"
	"strings"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/hetu"
	"avain/internal/domain/login"
	"avain/internal/platform/mail"
	"avain/internal/platform/store"
	"avain/internal/platform/web"
)

//go:embed employer.html
var employerText string

var employerPage = template.Must(template.New("employer").Parse(employerText))

// employerID is the employer whose page the demo has. Its people are added there.
const employerID = "DemoEmployer0000000000"

func seedEmployer(ctx context.Context, db *store.Store, now time.Time) error {
	err := db.Employments.AddEmployer(ctx, employment.Employer{ID: employerID, Name: "Revontuli Oy", Locale: "fi", CreatedAt: now})
	if errors.Is(err, fault.ErrExists) {
		return nil // kept from the last time
	}
	return err
}

// employee is one line of the employer's page.
type employee struct {
	employment.Employment
	Invitation employment.Invitation // the newest; without an id when there is none
}

// showEmployer is the page of an employer's personnel department.
func (d *Demo) showEmployer(kit *web.Kit) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		db := d.Inside.Store
		all, err := db.Employments.Employments(r.Context(), employerID, store.EmploymentFilter{}, 200)
		if err != nil {
			return err
		}
		list := make([]employee, 0, len(all))
		for _, m := range all {
			one := employee{Employment: m}
			invitations, err := db.Employments.InvitationsOf(r.Context(), m.ID)
			if err != nil {
				return err
			}
			if len(invitations) > 0 {
				one.Invitation = invitations[0]
			}
			list = append(list, one)
		}
		demoHead(w)
		return employerPage.Execute(w, map[string]any{
			"Style": kit.Asset("style.css"), "Icon": kit.Asset("icon.svg"), "Demo": d, "Staff": list, "Kinds": benefitKinds(),
			"Sent": r.URL.Query().Get("sent") != "",
		})
	}
}

// demoHead sets the headers of the demo's own pages.
func demoHead(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
}

// hire adds a person as the form says, and sends the invitation.
func (d *Demo) hire(w http.ResponseWriter, r *http.Request) error {
	m := employment.Employment{
		Employer: employerID, Email: strings.TrimSpace(r.PostFormValue("email")), GivenName: strings.TrimSpace(r.PostFormValue("given")),
		Locale: r.PostFormValue("locale"), Kind: employment.UserSmartumPlus,
	}
	if err := mail.CheckAddress(m.Email); err != nil || strings.Contains(m.Email, "<") {
		return fault.BadParam("email", "write one e-mail address")
	}
	if r.PostFormValue("kind") == string(employment.UserSmartum) {
		m.Kind = employment.UserSmartum
	}
	for _, kind := range r.PostForm["benefit"] {
		b := login.Benefit{Kind: kind}
		if r.PostFormValue("later") == "" {
			b.ReleasedAt = d.now()
		}
		m.Benefits = append(m.Benefits, b)
	}
	if _, _, err := d.Inside.People.Hire(r.Context(), m, hetu.Code{}, true); err != nil {
		return err
	}
	d.Inside.Jobs.Wake()
	return web.SeeOther(w, "/demo/employer?sent=1")
}

// manage is what an employer does later: send the invitation again, release the
// benefits, end the employment.
func (d *Demo) manage(w http.ResponseWriter, r *http.Request) error {
	db, ctx := d.Inside.Store, r.Context()
	m, err := db.Employments.EmploymentOf(ctx, employerID, r.PathValue("id"))
	if errors.Is(err, fault.ErrNotFound) {
		return fault.New(fault.NotFound, login.ReasonPageUnknown, err)
	}
	if err != nil {
		return err
	}
	switch r.PostFormValue("do") {
	case "again":
		_, _, err = d.Inside.People.Invite(ctx, m)
		d.Inside.Jobs.Wake()
	case "release":
		for i := range m.Benefits {
			m.Benefits[i].ReleasedAt = d.now()
		}
		err = db.Employments.ChangeEmployment(ctx, m, d.now())
	case "end":
		err = db.Employments.EndEmployment(ctx, employerID, m.ID, d.now())
	default:
		err = fault.BadParam("do", "again, release or end")
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, "/demo/employer")
}

// State says in English how far a person has come.
func (s employee) State() string {
	switch {
	case !s.EndedAt.IsZero():
		return "no longer employed"
	case !s.ActivatedAt.IsZero():
		return "has activated the benefits"
	case s.Invitation.ID == "":
		return "not invited"
	case !s.Invitation.RevokedAt.IsZero():
		return "invitation taken back"
	default:
		return "invited; mail " + string(s.Invitation.Mail) + " " + s.Invitation.MailDetail
	}
}

// Open reports whether something can still be done for the person to activate.
func (s employee) Open() bool { return s.EndedAt.IsZero() && s.ActivatedAt.IsZero() }
