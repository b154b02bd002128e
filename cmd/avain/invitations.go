package main

import (
	"context"
	"errors"
	"time"

	"avain/internal/app"
	"avain/internal/domain/employment"
	"avain/internal/platform/audit"
)

type invitationsListCommand struct {
	recordArgs
}

// Help is shown by avain admin invitations list --help.
func (invitationsListCommand) Help() string {
	return `Lists the invitations of a person, the newest first, and what became of their mails. Times are UTC.

  avain admin invitations list 5fPmrVnSIqyO2nBN0fZ1Lw pQ0oWwv4iXH8rQ2m1mWm7g`
}

// invitationOut is an invitation in JSON.
type invitationOut struct {
	ID         string               `json:"id"`
	State      string               `json:"state"`
	Mail       employment.MailState `json:"mail"`
	MailDetail string               `json:"mail_detail,omitempty"`
	CreatedAt  time.Time            `json:"created_at"`
	ExpiresAt  time.Time            `json:"expires_at"`
}

// Run lists.
func (c invitationsListCommand) Run(ctx context.Context, t terminal) error {
	return withService(ctx, t, c.configFlag, func(s *app.Service) error {
		m, err := s.Store.Employments.EmploymentOf(ctx, c.Employer, c.Person)
		if err != nil {
			return unknown("person of this employer", err)
		}
		all, err := s.Store.Employments.InvitationsOf(ctx, m.ID)
		if err != nil {
			return err
		}
		values, rows := []invitationOut{}, [][]string{}
		for _, i := range all {
			state := "expired"
			switch {
			case !i.UsedAt.IsZero():
				state = "used"
			case !i.RevokedAt.IsZero():
				state = "revoked"
			case i.Open(time.Now()):
				state = "open"
			}
			values = append(values, invitationOut{i.ID, state, i.Mail, i.MailDetail, i.CreatedAt, i.ExpiresAt})
			rows = append(rows, []string{i.ID, state, string(i.Mail), when(i.CreatedAt), when(i.ExpiresAt), i.MailDetail})
		}
		return t.table(values, []string{"ID", "STATE", "MAIL", "SENT", "EXPIRES", "MAIL SERVER…"}, rows)
	})
}

type invitationsSendCommand struct{ recordArgs }

// Help is shown by avain admin invitations send --help.
func (invitationsSendCommand) Help() string {
	return `Sends an invitation, or sends it again: the links that were sent before are dead. The running service sends the mail.
Within a minute of the last letter no second one is sent.

  avain admin invitations send 5fPmrVnSIqyO2nBN0fZ1Lw pQ0oWwv4iXH8rQ2m1mWm7g`
}

// Run invites.
func (c invitationsSendCommand) Run(ctx context.Context, t terminal) error {
	return c.change(ctx, t, c.Person, "ordered", func(s *app.Service, m employment.Employment) error {
		if m.Email == "" || !m.ActivatedAt.IsZero() || !m.EndedAt.IsZero() {
			return errors.New("the person has no e-mail address, has activated already, or has left")
		}
		return s.Audit.Atomically(ctx, func(ctx context.Context) error {
			i, ordered, err := s.People.Invite(ctx, m)
			if ordered {
				s.Audit.InvitationSent(ctx, audit.System, i)
			}
			return err
		})
	})
}

type invitationsRevokeCommand struct {
	recordArgs
	Invitation string `arg:"" help:"Id of the invitation."`
}

// Help is shown by avain admin invitations revoke --help.
func (invitationsRevokeCommand) Help() string {
	return `The invitation's link opens nothing any more.

  avain admin invitations revoke 5fPmrVnSIqyO2nBN0fZ1Lw pQ0oWwv4iXH8rQ2m1mWm7g 2mWm7gpQ0oWwv4iXH8rQ1A`
}

// Run revokes.
func (c invitationsRevokeCommand) Run(ctx context.Context, t terminal) error {
	return c.change(ctx, t, c.Invitation, "revoked", func(s *app.Service, m employment.Employment) error {
		err := s.Audit.Atomically(ctx, func(ctx context.Context) error {
			s.Audit.InvitationRevoked(ctx, audit.System, m.ID, c.Invitation)
			return s.Store.Employments.RevokeInvitation(ctx, m.ID, c.Invitation, time.Now())
		})
		if err != nil {
			return unknown("invitation of this person", err)
		}
		return nil
	})
}
