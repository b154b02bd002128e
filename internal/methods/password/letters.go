package password

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"avain/internal/core/people"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/queue"
	"avain/internal/platform/jobs"
	"avain/internal/platform/mail"
	"avain/internal/secret"
)

// Addressees knows whom to write to about a credential: package people.
type Addressees interface {
	AddresseeOf(ctx context.Context, credential string) (people.Addressee, error)
	ResetTicket(r people.ResetJob) secret.Text
	ResetOf(ctx context.Context, ticket secret.Text) (login.Credential, login.Person, error)
}

// LetterDeps are what the letters need.
type LetterDeps struct {
	People  Addressees
	Sender  mail.Sender
	BaseURL string // no trailing slash; every link begins with it (threat 19)
}

// Letters does the jobs that passwords order.
type Letters struct{ d LetterDeps }

// NewLetters makes it.
func NewLetters(d LetterDeps) *Letters { return &Letters{d} }

// Handle tells the runner how the jobs are done. A link that is good for half an hour
// is not worth trying for longer.
func (l *Letters) Handle(r *jobs.Runner) {
	r.Handle(people.JobPasswordReset, l.reset, jobs.Options{
		Workers: 2, Tries: 6, Backoff: jobs.Backoff{First: 10 * time.Second, Most: 5 * time.Minute}, Lease: 2 * time.Minute, Timeout: 4 * time.Minute,
	})
	r.Handle(people.JobPasswordChanged, l.changed, jobs.Options{
		Workers: 2, Tries: 20, Backoff: jobs.Backoff{First: 20 * time.Second, Most: 4 * time.Hour}, Lease: 2 * time.Minute, Timeout: 4 * time.Minute,
	})
}

// reset sends the link for a new password, unless a newer one was ordered or it was
// used meanwhile. The letter is named after the reset: sent twice, it is the same one.
func (l *Letters) reset(ctx context.Context, j queue.Job) error {
	order, to, err := l.about(ctx, j)
	if err != nil || to.Address == "" {
		return err
	}
	ticket := l.d.People.ResetTicket(order)
	if _, _, err := l.d.People.ResetOf(ctx, ticket); err != nil {
		if fault.HasReason(err, login.ReasonResetExpired) {
			return nil
		}
		return err
	}
	return l.send(ctx, mail.Message{
		To: to.Address, Locale: to.Locale, Template: mail.TemplatePasswordReset, ID: order.Reset,
		Data: mail.PasswordReset{Name: to.Name, ValidUntil: j.CreatedAt.Add(people.ResetLife), Link: l.d.BaseURL + NewPath(ticket)},
	})
}

func (l *Letters) changed(ctx context.Context, j queue.Job) error {
	_, to, err := l.about(ctx, j)
	if err != nil || to.Address == "" {
		return err
	}
	return l.send(ctx, mail.Message{
		To: to.Address, Locale: to.Locale, Template: mail.TemplatePasswordChanged, ID: j.ID,
		Data: mail.PasswordChanged{Name: to.Name, At: j.CreatedAt, Link: l.d.BaseURL + forgotPath},
	})
}

func (l *Letters) about(ctx context.Context, j queue.Job) (people.ResetJob, people.Addressee, error) {
	var order people.ResetJob
	if err := json.Unmarshal(j.Payload, &order); err != nil {
		return order, people.Addressee{}, jobs.Stop(errors.New("the job's payload is not readable"))
	}
	to, err := l.d.People.AddresseeOf(ctx, order.Credential)
	if err != nil {
		return order, to, fmt.Errorf("whom to write to: %w", err)
	}
	return order, to, nil
}

func (l *Letters) send(ctx context.Context, letter mail.Message) error {
	err := l.d.Sender.Send(ctx, letter)
	if mail.Permanent(err) {
		return jobs.Stop(err)
	}
	return err
}
