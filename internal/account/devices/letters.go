package devices

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/queue"
	"avain/internal/platform/jobs"
	"avain/internal/platform/mail"
)

// JobNewLogin is the kind of the job that tells a person of a new login.
const JobNewLogin = "mail.new_login"

// order is the job's payload.
type order struct {
	Session string `json:"session"`
}

// NewLogin orders the letter about a login: for apps, not for browsers that are signed
// in to our own pages for minutes. Write it in the transaction of the login.
func NewLogin(s login.Session) []queue.Job {
	if s.Client == login.WebClient {
		return nil
	}
	payload, _ := json.Marshal(order{s.ID}) // a text can always be encoded
	return []queue.Job{{
		ID: login.NewID(), Kind: JobNewLogin, Key: s.ID, Payload: payload, At: s.CreatedAt, CreatedAt: s.CreatedAt,
	}}
}

// LetterDeps are what the letters need.
type LetterDeps struct {
	Sessions SessionStore
	People   PersonStore
	Sender   mail.Sender
	BaseURL  string // no trailing slash; every link begins with it (threat 19)
}

// Letters does the jobs that logins order.
type Letters struct{ d LetterDeps }

// NewLetters makes it.
func NewLetters(d LetterDeps) *Letters { return &Letters{d} }

// Handle tells the runner how the jobs are done.
func (l *Letters) Handle(r *jobs.Runner) {
	r.Handle(JobNewLogin, l.newLogin, jobs.Options{
		Workers: 4, Tries: 12, Backoff: jobs.Backoff{First: 20 * time.Second, Most: time.Hour}, Lease: 2 * time.Minute, Timeout: 4 * time.Minute,
	})
}

// newLogin tells the person by mail: whoever took over their phone cannot take that
// back. A person without an address has none to be told at.
func (l *Letters) newLogin(ctx context.Context, j queue.Job) error {
	var o order
	if err := json.Unmarshal(j.Payload, &o); err != nil {
		return jobs.Stop(errors.New("the job's payload is not readable"))
	}
	s, err := l.d.Sessions.SessionByID(ctx, o.Session)
	if errors.Is(err, fault.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	p, err := l.d.People.PersonByID(ctx, s.Person)
	if err != nil || p.Email == "" {
		return err
	}
	err = l.d.Sender.Send(ctx, mail.Message{
		To: p.Email, Locale: p.Locale, Template: mail.TemplateNewLogin, ID: s.ID,
		Data: mail.NewLogin{
			Name: p.GivenName, Device: s.Device.Label(), Method: s.Method, Place: s.Place.In(p.Locale), At: s.CreatedAt, Link: l.d.BaseURL + Path,
		},
	})
	if mail.Permanent(err) {
		return jobs.Stop(err)
	}
	return err
}
