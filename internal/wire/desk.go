package wire

import (
	"context"
	"time"

	"avain/internal/broker"
	"avain/internal/config"
	"avain/internal/console/desk"
	"avain/internal/login"
	"avain/internal/people"
	"avain/internal/secret"
	"avain/internal/store"
	"avain/internal/web"
)

// desk mounts the search, and what is found, on the console.
func (s *Service) desk(c config.Config, d Deps, m mechanisms, kit *web.Kit) error {
	zone, err := time.LoadLocation("Europe/Helsinki") // where agents and people look at their clocks
	if err != nil {
		return err
	}
	desk.New(desk.Deps{
		Console: s.Console, Records: records{s.Store}, Acts: acts{s.People, s.Store}, Audit: s.Audit, Sealer: m.keys.aead, Web: kit,
		Now: d.Now, Zone: zone, Wake: s.Jobs.Wake, Means: m.meansName,
		Client: func(id string) string {
			if client, ok := m.clients.Get(id); ok && client.Name != "" {
				return client.Name
			}
			return id
		},
		Brand: Words(c),
	})
	return nil
}

// meansName is a bank or method as people read it; the id of one that is gone.
func (m mechanisms) meansName(lang, id string) string {
	switch id {
	case "":
		return ""
	case login.MeansUnknown:
		return broker.UnknownName(lang)
	}
	for _, offered := range m.brokers.Offer(context.Background(), lang).Means {
		if offered.ID == id {
			return offered.Name
		}
	}
	return id
}

// records are the store as the support console may see it: no hash, no key and nothing of
// what a client asked for gets there, so that no mistake on a page can show it (threat 7).
type records struct{ *store.Store }

func withoutKeys(a login.Attempt) login.Attempt {
	a.Key, a.Browser, a.Request, a.Session = "", secret.Hash{}, login.Request{}, ""
	return a
}

func withoutTokens(s login.Session) login.Session {
	s.Key, s.Nonce, s.Refresh, s.Previous, s.Scopes = "", "", secret.Hash{}, secret.Hash{}, nil
	return s
}

func withoutCode(m login.Employment) login.Employment {
	m.Lookup = nil
	return m
}

// PersonByID is a person without the benefits.
func (r records) PersonByID(ctx context.Context, id string) (login.Person, error) {
	p, err := r.PersonOnly(ctx, id)
	p.Subject = "" // of tokens
	return p, err
}

// AttemptByID is a login without keys.
func (r records) AttemptByID(ctx context.Context, id string) (login.Attempt, error) {
	a, err := r.Store.AttemptByID(ctx, id)
	return withoutKeys(a), err
}

// AttemptBySupportCode is a login without keys.
func (r records) AttemptBySupportCode(ctx context.Context, code string) (login.Attempt, error) {
	a, err := r.Store.AttemptBySupportCode(ctx, code)
	return withoutKeys(a), err
}

// AttemptsOfPerson are logins without keys.
func (r records) AttemptsOfPerson(ctx context.Context, person string, limit int) ([]login.Attempt, error) {
	all, err := r.Store.AttemptsOfPerson(ctx, person, limit)
	for i := range all {
		all[i] = withoutKeys(all[i])
	}
	return all, err
}

// SessionByID is a session without what its tokens hang on.
func (r records) SessionByID(ctx context.Context, id string) (login.Session, error) {
	s, err := r.Store.SessionByID(ctx, id)
	return withoutTokens(s), err
}

// SessionsOfPerson are sessions without what their tokens hang on.
func (r records) SessionsOfPerson(ctx context.Context, person string) ([]login.Session, error) {
	all, err := r.Store.SessionsOfPerson(ctx, person)
	for i := range all {
		all[i] = withoutTokens(all[i])
	}
	return all, err
}

// EmploymentByID is an employer's record without the hash of an identity code.
func (r records) EmploymentByID(ctx context.Context, id string) (login.Employment, error) {
	m, err := r.Store.EmploymentByID(ctx, id)
	return withoutCode(m), err
}

// EmploymentsOfPerson are employers' records without the hash of an identity code.
func (r records) EmploymentsOfPerson(ctx context.Context, person string) ([]login.Employment, error) {
	all, err := r.Store.EmploymentsOfPerson(ctx, person)
	for i := range all {
		all[i] = withoutCode(all[i])
	}
	return all, err
}

// EmploymentsOf is one page of an employer's records, without the hashes of identity
// codes.
func (r records) EmploymentsOf(ctx context.Context, employer, after string, limit int) ([]login.Employment, error) {
	all, err := r.Employments(ctx, employer, store.EmploymentFilter{After: after}, limit)
	for i := range all {
		all[i] = withoutCode(all[i])
	}
	return all, err
}

// InvitationsOf are invitations without the hash of the ticket.
func (r records) InvitationsOf(ctx context.Context, employment string) ([]login.Invitation, error) {
	all, err := r.Store.InvitationsOf(ctx, employment)
	for i := range all {
		all[i].Token = secret.Hash{}
	}
	return all, err
}

// acts are what the console can do to people.
type acts struct {
	people *people.People
	store  *store.Store
}

// Invite orders a letter; what stands in it the console does not learn.
func (a acts) Invite(ctx context.Context, m login.Employment) (login.Invitation, error) {
	i, err := a.people.Invite(ctx, m)
	i.Token = secret.Hash{}
	return i, err
}

// RevokeSession logs a device out, with everything that follows from it.
func (a acts) RevokeSession(ctx context.Context, id, why string, at time.Time) error {
	return a.store.RevokeSession(ctx, id, why, at)
}

// PausePerson pauses login link and QR code.
func (a acts) PausePerson(ctx context.Context, id string, until, at time.Time) error {
	return a.store.PausePerson(ctx, id, until, at)
}
