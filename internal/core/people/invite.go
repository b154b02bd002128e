package people

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/hetu"
	"avain/internal/domain/login"
	"avain/internal/domain/queue"
	"avain/internal/secret"
)

// The jobs that inviting orders. Their payload is a [MailJob].
const (
	JobInvitation = "mail.invitation"
	JobReminder   = "mail.reminder"
)

// MailJob names the invitation that a mail is about. The mail's program makes the
// ticket again with [People.Ticket], so that it is in no job and in no database.
type MailJob struct {
	Invitation string `json:"invitation"`
}

// Hire writes an employer's record of a person. The identity code may be empty; when
// the employer gives it, nobody else can activate. With invite, an invitation is
// written and its mail ordered in the same transaction. Errors: fault.ErrExists.
func (p *People) Hire(ctx context.Context, m employment.Employment, code hetu.Code, invite bool) (employment.Employment, employment.Invitation, error) {
	now := p.d.Now()
	m.ID, m.CreatedAt, m.UpdatedAt = login.NewID(), now, now
	if !code.Zero() {
		lookups, err := p.lookups(ctx, code)
		if err != nil {
			return employment.Employment{}, employment.Invitation{}, err
		}
		m.Lookup = lookups[0]
	}
	if !invite {
		return m, employment.Invitation{}, p.d.Employments.AddEmployment(ctx, m)
	}
	i, job, err := p.newInvitation(m, now)
	if err != nil {
		return employment.Employment{}, employment.Invitation{}, err
	}
	return m, i, p.d.Employments.AddInvited(ctx, m, i, job)
}

// Invite writes a new invitation and orders its mail; the links that were sent before
// are dead. It answers the invitation that stands, and whether this call ordered it: one
// that somebody ordered just now (employment.PressedTwice) is enough. Errors: a Conflict when
// the person has activated already or left.
func (p *People) Invite(ctx context.Context, m employment.Employment) (stands employment.Invitation, ordered bool, err error) {
	i, job, err := p.newInvitation(m, p.d.Now())
	if err != nil {
		return employment.Invitation{}, false, err
	}
	stands, err = p.d.Invitations.Invite(ctx, i, job)
	if errors.Is(err, fault.ErrMoved) {
		return employment.Invitation{}, false, fault.New(fault.Conflict, login.ReasonInvitationUsed, err)
	}
	return stands, err == nil && stands.ID == i.ID, err
}

func (p *People) newInvitation(m employment.Employment, now time.Time) (employment.Invitation, queue.Job, error) {
	i := employment.Invitation{
		ID: login.NewID(), Employment: m.ID, CreatedAt: now, ExpiresAt: now.Add(p.d.InvitationLife), Mail: employment.MailQueued, MailAt: now,
	}
	if p.d.RemindAfter > 0 {
		i.RemindAt = now.Add(p.d.RemindAfter)
	}
	i.Token = p.Ticket(i.ID).Hash()
	job, err := mailJob(JobInvitation, i.ID, now)
	return i, job, err
}

func mailJob(kind, invitation string, now time.Time) (queue.Job, error) {
	return order(kind, invitation, MailJob{Invitation: invitation}, now)
}

// order makes a job. Of one kind and key there is one at most.
func order(kind, key string, payload any, now time.Time) (queue.Job, error) {
	text, err := json.Marshal(payload)
	if err != nil {
		return queue.Job{}, fmt.Errorf("order %s: %w", kind, err)
	}
	return queue.Job{ID: login.NewID(), Kind: kind, Key: key, Payload: text, At: now, CreatedAt: now}, nil
}

// Ticket is the secret of a new invitation's link. It is derived from a key that is not
// in the database, which holds its hash only.
func (p *People) Ticket(invitation string) secret.Text {
	return p.d.TicketKeys.First().Derive("invitation", invitation)
}

// TicketOf is the secret of the link of an invitation that is there, whichever generation
// of the key it was made with: the letter of a reminder has the link of the first one.
func (p *People) TicketOf(i employment.Invitation) secret.Text {
	for _, ticket := range p.d.TicketKeys.Derive("invitation", i.ID) {
		if ticket.Hash().Equal(i.Token) {
			return ticket
		}
	}
	return p.Ticket(i.ID)
}

// Invited is an invitation with all that belongs to it.
type Invited struct {
	Invitation employment.Invitation
	Employment employment.Employment
	Employer   employment.Employer
}

// Locale is the language of the person, else the employer's.
func (i Invited) Locale() string {
	if i.Employment.Locale != "" {
		return i.Employment.Locale
	}
	return i.Employer.Locale
}

// ByTicket finds what a link is about, whatever has become of it: see [Invited.Why].
// Errors: ReasonInvitationUnknown.
func (p *People) ByTicket(ctx context.Context, ticket secret.Text) (Invited, error) {
	i, err := p.d.Invitations.InvitationByToken(ctx, ticket.Hash())
	return p.invited(ctx, i, err)
}

// ByInvitation is ByTicket for those who know the invitation's id: mail and staff.
func (p *People) ByInvitation(ctx context.Context, id string) (Invited, error) {
	i, err := p.d.Invitations.InvitationByID(ctx, id)
	return p.invited(ctx, i, err)
}

func (p *People) invited(ctx context.Context, i employment.Invitation, err error) (Invited, error) {
	all := Invited{Invitation: i}
	if err == nil {
		all.Employment, err = p.d.Employments.EmploymentByID(ctx, i.Employment)
	}
	if err == nil {
		all.Employer, err = p.d.Employments.EmployerByID(ctx, all.Employment.Employer)
	}
	if errors.Is(err, fault.ErrNotFound) {
		return Invited{}, fault.New(fault.NotFound, login.ReasonInvitationUnknown, err)
	}
	return all, err
}

// Why says why an invitation cannot be used at the time; empty when it can.
func (i Invited) Why(now time.Time) login.Reason {
	switch {
	case !i.Invitation.UsedAt.IsZero() || !i.Employment.ActivatedAt.IsZero():
		return login.ReasonInvitationUsed
	case !i.Invitation.RevokedAt.IsZero() || !i.Employment.EndedAt.IsZero():
		return login.ReasonInvitationRevoked
	case !now.Before(i.Invitation.ExpiresAt):
		return login.ReasonInvitationExpired
	case !i.Employment.Released():
		return login.ReasonBenefitsPending
	default:
		return ""
	}
}

// remindersAtOnce bounds one look for due reminders.
const remindersAtOnce = 500

// Remind orders the mails of reminders that are due, and says how many. Any node may
// do so at any time: a reminder is taken once.
func (p *People) Remind(ctx context.Context) (reminded int, err error) {
	now := p.d.Now()
	due, err := p.d.Invitations.DueReminders(ctx, now, remindersAtOnce)
	if err != nil {
		return 0, err
	}
	for _, i := range due {
		job, err := mailJob(JobReminder, i.ID, now)
		if err != nil {
			return reminded, err
		}
		taken, err := p.d.Invitations.Remind(ctx, i.ID, now, job)
		if err != nil {
			return reminded, err
		}
		if taken {
			reminded++
		}
	}
	return reminded, nil
}
