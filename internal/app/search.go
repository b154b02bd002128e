package app

import (
	"context"
	"time"

	"avain/internal/broker"
	"avain/internal/config"
	"avain/internal/console/support"
	"avain/internal/core/people"
	"avain/internal/domain/employment"
	"avain/internal/domain/login"
	"avain/internal/platform/store"
	"avain/internal/platform/web"
)

// search mounts the search, and what is found, on the console.
func (s *Service) search(c config.Config, d Deps, m mechanisms, kit *web.Kit) {
	seen := records{s.Store}
	support.New(support.Deps{
		Console: s.Console, Search: seen, People: seen, Employments: seen, Logins: seen, Staff: seen,
		Acts: acts{s.People, s.Store}, Looks: s.Audit, Audit: s.Audit, Sealer: m.keys.aead, Web: kit,
		Now: d.Now, Zone: m.zone, Wake: s.Jobs.Wake, Means: m.meansName,
		Client: func(id string) string {
			if client, ok := m.clients.Get(id); ok && client.Name != "" {
				return client.Name
			}
			return id
		},
		Brand: Words(c),
	})
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

// acts are what the console can do to people.
type acts struct {
	people *people.People
	store  *store.Store
}

// Invite orders a letter; what stands in it the console does not learn.
func (a acts) Invite(ctx context.Context, m employment.Employment) (employment.Invitation, bool, error) {
	whole, err := a.store.Employments.EmploymentByID(ctx, m.ID) // the console has only what it may show
	if err != nil {
		return employment.Invitation{}, false, err
	}
	i, ordered, err := a.people.Invite(ctx, whole)
	return showInvitation(i), ordered, err
}

// RevokeSession logs a device out, with everything that follows from it.
func (a acts) RevokeSession(ctx context.Context, id, reason string, at time.Time) error {
	return a.store.Sessions.RevokeSession(ctx, id, reason, at)
}

// ReleaseActivation lets a human activate who was held because of another name.
func (a acts) ReleaseActivation(ctx context.Context, employment, id string, at time.Time) error {
	return a.store.Employments.ReleaseActivation(ctx, employment, id, at)
}

// PausePerson pauses login link and QR code.
func (a acts) PausePerson(ctx context.Context, id string, until, at time.Time) error {
	return a.store.People.PausePerson(ctx, id, until, at)
}
