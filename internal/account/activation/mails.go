package activation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"avain/internal/core/people"
	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/queue"
	"avain/internal/platform/jobs"
	"avain/internal/platform/mail"
	"avain/internal/secret"
)

// Invitations is what the mails need to know of them: package people.
type Invitations interface {
	ByInvitation(ctx context.Context, id string) (people.Invited, error)
	TicketOf(i employment.Invitation) secret.Text
}

// States keeps how far a mail has come. fault.ErrNotFound: no such invitation.
type States interface {
	Mailing(ctx context.Context, invitation, address string) error
	Mailed(ctx context.Context, invitation string, state employment.MailState, detail string, at time.Time, jobs ...queue.Job) error
}

// MailDeps are what the mails stand on.
type MailDeps struct {
	Invitations Invitations
	States      States
	Sender      mail.Sender
	Now         func() time.Time
	BaseURL     string // no trailing slash; every link begins with it (threat 19)

	// Benefit is the name of a kind of benefit in a language.
	Benefit func(locale, kind string) string
	// Bounced answers the jobs that are ordered when a letter has come back, was refused
	// for good or given up: events for the operator's systems. It may be nil.
	Bounced func(m employment.Employment, invitation string) []queue.Job
}

// Mails does the jobs that inviting orders.
type Mails struct{ d MailDeps }

// NewMails makes it.
func NewMails(d MailDeps) *Mails {
	if d.Bounced == nil {
		d.Bounced = func(employment.Employment, string) []queue.Job { return nil }
	}
	return &Mails{d}
}

// tries are for about two days, as mail servers do (RFC 5321 §4.5.4.1): greylisting
// takes minutes, a full mailbox or a server that is down takes a weekend.
func tries() jobs.Options {
	return jobs.Options{
		Workers: 4, Tries: 20, Backoff: jobs.Backoff{First: 20 * time.Second, Most: 4 * time.Hour},
		Lease: 2 * time.Minute, Timeout: 4 * time.Minute,
	}
}

// Handle tells the runner how the jobs are done.
func (m *Mails) Handle(r *jobs.Runner) {
	r.Handle(people.JobInvitation, m.invitation, tries())
	r.Handle(people.JobReminder, m.reminder, tries())
}

// noteTime bounds the writing down of how a try ended.
const noteTime = 10 * time.Second

// reminderMark is what tells the letter of a reminder from that of its invitation.
const reminderMark = "-r"

// invitation sends the mail that invites. The letter is named after the invitation, so
// that one which is sent twice, because we died between the mail server's answer and
// our note of it, is the same letter to whoever gets it.
func (m *Mails) invitation(ctx context.Context, j queue.Job) error {
	return m.send(ctx, j, mail.TemplateInvitation, "")
}

func (m *Mails) reminder(ctx context.Context, j queue.Job) error {
	return m.send(ctx, j, mail.TemplateReminder, reminderMark)
}

func (m *Mails) send(ctx context.Context, j queue.Job, template, mark string) error {
	var order people.MailJob
	if err := json.Unmarshal(j.Payload, &order); err != nil {
		return jobs.Stop(errors.New("the job's payload is not readable"))
	}
	about, err := m.d.Invitations.ByInvitation(ctx, order.Invitation)
	if fault.HasReason(err, login.ReasonInvitationUnknown) {
		return nil // erased meanwhile
	}
	if err != nil {
		return err
	}
	switch why := about.Why(m.d.Now()); {
	case why == login.ReasonBenefitsPending && template == mail.TemplateReminder:
		return nil // nobody is reminded of what they cannot do yet
	case why != "" && why != login.ReasonBenefitsPending:
		return nil // a newer one was sent, or it is over: this link would disappoint
	}
	letter := m.letter(about, template, mark)
	// Before it leaves: whoever activates through the link proves to read this address.
	if err := m.d.States.Mailing(ctx, about.Invitation.ID, letter.To); err != nil {
		return err
	}
	err = m.d.Sender.Send(ctx, letter)
	if err != nil && errors.Is(ctx.Err(), context.Canceled) {
		return err // we stop, or lost the job: it says nothing about the letter
	}
	// A server that let us wait until the try's time was up is noted like any other.
	noting, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTime)
	defer cancel()
	return m.note(noting, about, j, err)
}

// note writes down how far the letter has come, and answers what becomes of the job.
func (m *Mails) note(ctx context.Context, about people.Invited, j queue.Job, sent error) error {
	var refused *mail.Refused
	invitation := about.Invitation.ID
	lost := func() []queue.Job { return m.d.Bounced(about.Employment, invitation) }
	switch {
	case sent == nil:
		return m.mailed(ctx, invitation, employment.MailSent, "")
	case errors.As(sent, &refused) && refused.Permanent:
		return m.mailed(ctx, invitation, employment.MailRefused, sent.Error(), lost()...)
	case mail.Permanent(sent): // cannot be written: no address, or a mistake of ours
		return errors.Join(jobs.Stop(sent), m.mailed(ctx, invitation, employment.MailFailed, sent.Error(), lost()...))
	case j.Tries >= tries().Tries:
		return errors.Join(sent, m.mailed(ctx, invitation, employment.MailFailed, sent.Error(), lost()...))
	default:
		return errors.Join(sent, m.mailed(ctx, invitation, employment.MailQueued, sent.Error()))
	}
}

func (m *Mails) mailed(ctx context.Context, invitation string, state employment.MailState, detail string, jobs ...queue.Job) error {
	err := m.d.States.Mailed(ctx, invitation, state, detail, m.d.Now(), jobs...)
	if errors.Is(err, fault.ErrNotFound) {
		return nil
	}
	return err
}

// Bounced notes that a letter came back that a mail server had taken. fault.ErrNotFound:
// it is no letter of an invitation.
func (m *Mails) Bounced(ctx context.Context, b mail.Bounce) error {
	invitation := strings.TrimSuffix(b.ID, reminderMark)
	if !login.ValidID(invitation) {
		return fault.ErrNotFound
	}
	about, err := m.d.Invitations.ByInvitation(ctx, invitation)
	if fault.HasReason(err, login.ReasonInvitationUnknown) {
		return fault.ErrNotFound
	}
	if err != nil {
		return err
	}
	return m.d.States.Mailed(ctx, invitation, employment.MailBounced, strings.TrimSpace(b.Status+" "+b.Text), m.d.Now(),
		m.d.Bounced(about.Employment, invitation)...)
}

// letter is the mail. Its link is made from the configuration and from a secret that is
// in no job and in no database.
func (m *Mails) letter(about people.Invited, template, mark string) mail.Message {
	kind := mail.SmartumPlus
	if about.Employment.Kind == employment.UserSmartum {
		kind = mail.Smartum
	}
	locale := about.Locale()
	benefits := make([]string, 0, len(about.Employment.Benefits))
	for _, b := range about.Employment.Benefits {
		benefits = append(benefits, m.d.Benefit(locale, b.Kind))
	}
	return mail.Message{
		To: about.Employment.Email, Locale: locale, Template: template, ID: about.Invitation.ID + mark,
		Data: mail.Invitation{
			Kind: kind, Name: about.Employment.GivenName, Employer: about.Employer.Name, Benefits: benefits,
			ValidUntil: about.Invitation.ExpiresAt, Link: fmt.Sprint(m.d.BaseURL, Path(m.d.Invitations.TicketOf(about.Invitation))),
		},
	}
}
