package app

import (
	"time"

	"avain/internal/account/devices"
	"avain/internal/config"
	"avain/internal/domain/employment"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/queue"
	"avain/internal/platform/backchannel"
	"avain/internal/platform/webhook"
	"avain/internal/protocol/client"
)

// events turns what happens into messages for the operator's systems. What it answers
// is written in the transaction of what has happened.
type events struct {
	sender *webhook.Sender
	logout *backchannel.Sender
	now    func() time.Time
	mail   bool // there is a mail server: people are told of new logins
}

func (s *Service) events(c config.Config, d Deps, clients *client.Registry) (events, error) {
	sender, err := webhook.New(c.Webhooks, d.Now, d.Log)
	if err != nil {
		return events{}, err
	}
	s.closers = append(s.closers, func() error { sender.Close(); return nil })
	out, err := backchannel.New(backchannel.Config{
		Issuer: c.Public.BaseURL, Clients: c.LoginClients(), Subject: clients.Subject, Now: d.Now, Log: d.Log,
	})
	if err != nil {
		return events{}, err
	}
	s.closers = append(s.closers, func() error { out.Close(); return nil })
	return events{sender, out, d.Now, c.Mail.Set()}, nil
}

func (e events) loggedIn(s login.Session) []queue.Job {
	ordered := e.sender.Jobs(webhook.Event{
		Type: webhook.SessionCreated, At: s.CreatedAt, Person: s.Person, Session: s.ID, Client: s.Client, Method: s.Method,
	})
	if e.mail {
		ordered = append(ordered, devices.NewLogin(s)...)
	}
	return ordered
}

// activated also tells that the record which the employer had kept of the human, from
// before anybody knew who they are, has become part of another.
func (e events) activated(m employment.Employment, p login.Person) []queue.Job {
	ordered := e.sender.Jobs(webhook.Event{
		Type: webhook.PersonActivated, At: m.ActivatedAt, Person: p.ID, Employer: m.Employer, Employment: m.ID,
	})
	if m.Person == p.ID {
		return ordered
	}
	return append(ordered, e.sender.Jobs(webhook.Event{
		Type: webhook.PersonJoined, At: m.ActivatedAt, Person: p.ID, Former: m.Person,
	})...)
}

// revoked is asked by the store, so that no way of ending a session is forgotten. Our
// own pages are told of like any client: sessions are created there, too.
func (e events) revoked(s login.Session, subject func() (string, error)) ([]queue.Job, error) {
	ordered := e.sender.Jobs(webhook.Event{
		Type: webhook.SessionRevoked, At: s.RevokedAt, Person: s.Person, Session: s.ID, Client: s.Client, Method: s.Method, Why: s.RevokedWhy,
	})
	tokens, err := e.logout.Jobs(s, subject)
	return append(ordered, tokens...), err
}

func (e events) bounced(m employment.Employment, invitation string) []queue.Job {
	return e.sender.Jobs(webhook.Event{
		Type: webhook.InvitationBounced, At: e.now(), Employer: m.Employer, Employment: m.ID, Person: m.Person, Invitation: invitation,
	})
}

// erased tells of each record that a person was known by, or, of somebody whom nobody
// had identified, of the employers' records.
func (e events) erased(gone operations.ErasureResult) (ordered []queue.Job) {
	for _, person := range gone.Persons {
		ordered = append(ordered, e.sender.Jobs(webhook.Event{Type: webhook.PersonErased, At: e.now(), Person: person})...)
	}
	if len(gone.Persons) > 0 {
		return ordered
	}
	for _, employment := range gone.Employments {
		ordered = append(ordered, e.sender.Jobs(webhook.Event{Type: webhook.PersonErased, At: e.now(), Employment: employment})...)
	}
	return ordered
}
