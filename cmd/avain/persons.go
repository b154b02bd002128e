package main

import (
	"context"
	"errors"
	"time"

	"avain/internal/app"
	"avain/internal/core/provisioning"
	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/hetu"
	"avain/internal/platform/audit"
	"avain/internal/platform/store"
)

type personsListCommand struct {
	configFlag
	Employer   string `arg:"" help:"Id of the employer."`
	Email      string `help:"Only who has this address."`
	ExternalID string `help:"Only who has this id at the employer."`
	UserName   string `help:"Only who has this name in the employer's directory."`
}

// Help is shown by avain admin persons list --help.
func (personsListCommand) Help() string {
	return `Lists an employer's people. Times are UTC. Identity codes are never shown.

  avain admin persons list 5fPmrVnSIqyO2nBN0fZ1Lw
  avain admin persons list 5fPmrVnSIqyO2nBN0fZ1Lw --email aino@example.com --json`
}

// personOut is a person in JSON.
type personOut struct {
	ID          string    `json:"id"`
	State       string    `json:"state"`
	ExternalID  string    `json:"external_id,omitempty"`
	UserName    string    `json:"user_name,omitempty"`
	Email       string    `json:"email,omitempty"`
	GivenName   string    `json:"given_name,omitempty"`
	FamilyName  string    `json:"family_name,omitempty"`
	Benefits    []string  `json:"benefits"`
	ActivatedAt time.Time `json:"activated_at,omitzero"`
	EndedAt     time.Time `json:"ended_at,omitzero"`
}

// Run lists.
func (c personsListCommand) Run(ctx context.Context, t terminal) error {
	return withService(ctx, t, c.configFlag, func(s *app.Service) error {
		if _, err := s.Store.Employments.EmployerByID(ctx, c.Employer); err != nil {
			return unknown("employer", err)
		}
		values, rows := []personOut{}, [][]string{}
		for f := (store.EmploymentFilter{Email: c.Email, ExternalID: c.ExternalID, UserName: c.UserName}); ; {
			all, err := s.Store.Employments.Employments(ctx, c.Employer, f, listPage)
			if err != nil {
				return err
			}
			for _, m := range all {
				p := newPersonOut(m)
				values = append(values, p)
				rows = append(rows, []string{p.ID, p.State, when(p.ActivatedAt), p.ExternalID, p.Email, p.GivenName + " " + p.FamilyName})
				f.After = m.ID
			}
			if len(all) < listPage {
				return t.table(values, []string{"ID", "STATE", "ACTIVATED", "EXTERNAL ID", "E-MAIL", "NAME…"}, rows)
			}
		}
	})
}

func newPersonOut(m employment.Employment) personOut {
	p := personOut{
		ID: m.ID, State: "added", ExternalID: m.ExternalID, UserName: m.UserName, Email: m.Email, GivenName: m.GivenName,
		FamilyName: m.FamilyName, ActivatedAt: m.ActivatedAt, EndedAt: m.EndedAt, Benefits: []string{},
	}
	switch {
	case !m.EndedAt.IsZero():
		p.State = "ended"
	case !m.ActivatedAt.IsZero():
		p.State = "active"
	}
	for _, b := range m.Benefits {
		p.Benefits = append(p.Benefits, b.Kind)
	}
	return p
}

type personsAddCommand struct {
	configFlag
	Employer   string   `arg:"" help:"Id of the employer."`
	Email      string   `help:"Where the invitation goes."`
	ExternalID string   `help:"The employer's own id of the person."`
	UserName   string   `help:"The name in the employer's directory."`
	GivenName  string   `help:"Given name."`
	FamilyName string   `help:"Family name."`
	Locale     string   `help:"fi, sv or en; the employer's when left out."`
	Benefit    []string `help:"Kinds of benefits."`
	Invite     bool     `help:"Send the invitation."`
}

// Help is shown by avain admin persons add --help.
func (personsAddCommand) Help() string {
	return `Prints the id of the new record. An identity code does not belong on a command line: use avain admin import for people who have to be the right ones.

  avain admin persons add 5fPmrVnSIqyO2nBN0fZ1Lw --email aino@example.com --benefit lunch,sports --invite`
}

// Run adds the person.
func (c personsAddCommand) Run(ctx context.Context, t terminal) error {
	return withService(ctx, t, c.configFlag, func(s *app.Service) error {
		e := provisioning.Entry{
			ExternalID: &c.ExternalID, UserName: &c.UserName, Email: &c.Email, GivenName: &c.GivenName, FamilyName: &c.FamilyName, Locale: &c.Locale,
		}
		for _, kind := range c.Benefit {
			e.Benefits = append(e.Benefits, provisioning.Benefit{Kind: kind})
		}
		said, _, mistakes := s.Importer.Rules.Read(e)
		m, wrong := employment.Employment{Employer: c.Employer, Kind: employment.UserSmartumPlus}.With(said, time.Now())
		mistakes = append(mistakes, wrong...)
		if c.Invite && m.Email == "" {
			mistakes = append(mistakes, fault.FieldError{Field: "email", Detail: "is needed for an invitation"})
		}
		if len(mistakes) > 0 {
			return usageError{mistakes}
		}
		if _, err := s.Store.Employments.EmployerByID(ctx, c.Employer); err != nil {
			return unknown("employer", err)
		}
		err := s.Audit.Atomically(ctx, func(ctx context.Context) (err error) {
			var i employment.Invitation
			if m, i, err = s.People.Hire(ctx, m, hetu.Code{}, c.Invite); err != nil {
				return err
			}
			s.Audit.EmploymentAdded(ctx, audit.System, m)
			if c.Invite {
				s.Audit.InvitationSent(ctx, audit.System, i)
			}
			return nil
		})
		if errors.Is(err, fault.ErrExists) {
			return errors.New("another person of this employer has this external id or user name")
		}
		if err != nil {
			return err
		}
		return t.say(act{m.ID, "added"}, "%s", m.ID)
	})
}

// recordArgs name an employer's record of a person.
type recordArgs struct {
	configFlag
	Employer string `arg:"" help:"Id of the employer."`
	Person   string `arg:"" help:"Id of the person's record."`
}

// change does something to the record, or to what belongs to it, and says what.
func (c recordArgs) change(ctx context.Context, t terminal, id, said string, act func(*app.Service, employment.Employment) error) error {
	return withService(ctx, t, c.configFlag, func(s *app.Service) error {
		m, err := s.Store.Employments.EmploymentOf(ctx, c.Employer, c.Person)
		if err != nil {
			return unknown("person of this employer", err)
		}
		if err := act(s, m); err != nil {
			return err
		}
		return t.done(id, said)
	})
}

type personsEndCommand struct{ recordArgs }

// Help is shown by avain admin persons end --help.
func (personsEndCommand) Help() string {
	return `The person has left: benefits are over and invitations dead. The account stays.

  avain admin persons end 5fPmrVnSIqyO2nBN0fZ1Lw pQ0oWwv4iXH8rQ2m1mWm7g`
}

// Run ends the employment.
func (c personsEndCommand) Run(ctx context.Context, t terminal) error {
	return c.change(ctx, t, c.Person, "ended", func(s *app.Service, m employment.Employment) error {
		return s.Audit.Atomically(ctx, func(ctx context.Context) error {
			s.Audit.EmploymentEnded(ctx, audit.System, m)
			return s.Store.Employments.EndEmployment(ctx, m.Employer, m.ID, time.Now())
		})
	})
}

type personsResumeCommand struct{ recordArgs }

// Help is shown by avain admin persons resume --help.
func (personsResumeCommand) Help() string {
	return `The person works for the employer again.

  avain admin persons resume 5fPmrVnSIqyO2nBN0fZ1Lw pQ0oWwv4iXH8rQ2m1mWm7g`
}

// Run takes the end back.
func (c personsResumeCommand) Run(ctx context.Context, t terminal) error {
	return c.change(ctx, t, c.Person, "resumed", func(s *app.Service, m employment.Employment) error {
		return s.Audit.Atomically(ctx, func(ctx context.Context) error {
			s.Audit.EmploymentResumed(ctx, audit.System, m)
			return s.Store.Employments.ResumeEmployment(ctx, m.Employer, m.ID, time.Now())
		})
	})
}
