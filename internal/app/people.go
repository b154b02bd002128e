package app

import (
	"context"
	"errors"
	"io"
	"time"

	"avain/internal/account/activation"
	"avain/internal/account/home"
	"avain/internal/config"
	"avain/internal/core/people"
	"avain/internal/domain/login"
	"avain/internal/platform/jobs"
	"avain/internal/platform/passhash"
	"avain/internal/platform/refresh"
	"avain/internal/platform/store"
	"avain/internal/platform/web"
)

// costsFor is how long a node keeps to the costs of people's passwords: they change as
// people log in, or when many are added.
const costsFor = 5 * time.Minute

// people is who there is and who is invited.
func (s *Service) people(ctx context.Context, c config.Config, d Deps, m mechanisms) (*people.People, error) {
	costs, err := refresh.New(ctx, refresh.Config[passhash.Costs]{
		What: "costs of passwords", For: costsFor, Now: d.Now, Log: d.Log,
		Read: func(ctx context.Context) (passhash.Costs, error) {
			counts, err := s.Store.People.PasswordCosts(ctx)
			return passhash.NewCosts(counts), err
		},
	})
	if err != nil {
		return nil, err
	}
	s.WrongTries = people.NewWrongTries(m.zone)
	return people.New(people.Deps{
		Audit:  s.Audit,
		People: s.Store.People, Lookups: s.Store.Keys, Credentials: s.Store.People, Employments: s.Store.Employments,
		Invitations: s.Store.Employments, Limits: s.Store.Limits, Jobs: s.Store.Operations,
		Keys: m.keys.people, Now: d.Now, TicketKeys: m.keys.shared.Derive("invitations"),
		InvitationLife: c.Invitations.Life, RemindAfter: c.Invitations.RemindAfter, Passwords: m.passwords,
		Activated: m.events.activated, Costs: costs.Get, Wrong: s.WrongTries,
	}), nil
}

// activation is the page that the link of an invitation leads to.
func (s *Service) activation(c config.Config, d Deps, m mechanisms, own *home.Feature) (*activation.Feature, error) {
	return activation.New(activation.Deps{
		People: s.People, Browsers: m.cookies, Web: m.kit, Now: d.Now, App: c.Brand.Name, SignIn: "/me",
		Terms: activation.Terms(c.Invitations.Terms), Begin: own.Activate,
	})
}

// jobs makes the runner of everything that is done beside the requests, and tells it
// how. Without a mail server the jobs of mails have no handler: they wait, and leave
// when there is one.
func (s *Service) jobs(c config.Config, d Deps, m mechanisms) error {
	s.Jobs = jobs.New(jobs.Config{Store: s.Store.Operations, Now: d.Now, Log: d.Log, Scrub: web.Scrub, Observe: m.metrics.JobTried, Keep: m.keep})
	m.events.sender.Register(s.Jobs)
	m.events.logout.Register(s.Jobs, m.signer)
	s.Jobs.Handle(people.JobPasswordForgotten, s.People.Forgotten, jobs.Options{Tries: 6, Backoff: jobs.Backoff{First: 10 * time.Second, Most: 5 * time.Minute}})
	m.metrics.JobKinds(s.Jobs.Kinds()...)
	sender, err := NewMailer(c, d.Now)
	if errors.Is(err, errNoMail) {
		return nil
	}
	if err != nil {
		return err
	}
	s.mailer = sender
	s.Mails = activation.NewMails(activation.MailDeps{
		Invitations: s.People, States: s.Store.Employments, Sender: sender, Now: d.Now, BaseURL: c.Public.BaseURL,
		Benefit: func(locale, kind string) string {
			if name, err := m.kit.Text(m.kit.Speaks(locale), "benefit."+kind); err == nil {
				return name
			}
			return kind // one that the operator has added
		},
		Bounced: m.events.bounced,
	})
	s.Mails.Handle(s.Jobs)
	m.metrics.JobKinds(people.JobInvitation, people.JobReminder)
	s.passwordLetters(c, m)
	s.loginLetters(c, m)
	return nil
}

// remindEvery is how often it is looked whether somebody has to be reminded.
const remindEvery = time.Minute

func (h housekeeping) remind(ctx context.Context) error {
	ordered, err := h.people.Remind(ctx)
	if ordered > 0 {
		h.jobs.Wake()
	}
	return err
}

// Bounced takes a report that a letter could not be delivered, as it came to the bounce
// address, and notes it where the letter belongs, and in the audit log. Errors:
// mail.ErrNoBounce, fault.ErrNotFound.
func (s *Service) Bounced(ctx context.Context, actor string, report io.Reader) error {
	if s.mailer == nil {
		return errNoMail
	}
	b, err := s.mailer.ParseBounce(report)
	if err != nil {
		return err
	}
	return s.Audit.Atomically(ctx, func(ctx context.Context) error {
		s.Audit.BounceReported(ctx, actor)
		return s.Mails.Bounced(ctx, b)
	})
}

// names are people for those who ask whether somebody may log in, or what they are
// called: several times in a login, and never about benefits.
type names struct{ store *store.Store }

// PersonByID is the person without the benefits.
func (n names) PersonByID(ctx context.Context, id string) (login.Person, error) {
	return n.store.People.PersonOnly(ctx, id)
}
