package api

import (
	"context"
	"slices"

	"avain/internal/admin/api/openapi"
	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/audit"
)

// whyAdmin is why a session ended that an API key has ended.
const whyAdmin = "admin"

// sessionsOf lists the live sessions of the human behind an employer's record. Only the
// operator's own keys come here: devices are not an employer's business (package apikey
// gives no other key the scope; this is the second lock).
func (f *Feature) sessionsOf(ctx context.Context, employer, person string) (employment.Employment, []login.Session, error) {
	m, err := f.person(ctx, employer, person)
	if err != nil {
		return m, nil, err
	}
	if !callOf(ctx).key.OfAll() {
		return m, nil, fault.New(fault.Forbidden, login.ReasonClientRefused, nil).WithDetail("Sessions are only for keys of all employers.")
	}
	if m.Person == "" {
		return m, nil, nil
	}
	all, err := f.Sessions.SessionsOfPerson(ctx, m.Person)
	now := f.Now()
	return m, slices.DeleteFunc(all, func(s login.Session) bool { return !s.Live(now) }), err
}

// ListSessions answers the newest first.
func (f *Feature) ListSessions(ctx context.Context, r openapi.ListSessionsRequestObject) (openapi.ListSessionsResponseObject, error) {
	_, all, err := f.sessionsOf(ctx, r.Employer, r.Person)
	if err != nil {
		return nil, err
	}
	list := openapi.ListSessions200JSONResponse{Sessions: []openapi.Session{}}
	for _, s := range all {
		list.Sessions = append(list.Sessions, openapi.Session{
			ID: s.ID, Client: s.Client, Method: string(s.Method), Device: s.Device.Name, Platform: s.Device.Platform, Place: s.Place.In("en"),
			CreatedAt: s.CreatedAt, UsedAt: s.UsedAt,
		})
	}
	return list, nil
}

// RevokeSession logs one app out.
func (f *Feature) RevokeSession(ctx context.Context, r openapi.RevokeSessionRequestObject) (openapi.RevokeSessionResponseObject, error) {
	m, all, err := f.sessionsOf(ctx, r.Employer, r.Person)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(all, func(s login.Session) bool { return s.ID == r.Session }) {
		return nil, missing(nil)
	}
	if err := f.Audit.Atomically(ctx, func(ctx context.Context) error {
		f.Audit.SessionEnded(ctx, audit.ByKey(callOf(ctx).key), m.Person, r.Session)
		return f.Sessions.RevokeSession(ctx, r.Session, whyAdmin, f.Now())
	}); err != nil {
		return nil, missing(err)
	}
	return openapi.RevokeSession204Response{}, nil
}

// RevokeSessions logs a person out everywhere.
func (f *Feature) RevokeSessions(ctx context.Context, r openapi.RevokeSessionsRequestObject) (openapi.RevokeSessionsResponseObject, error) {
	m, _, err := f.sessionsOf(ctx, r.Employer, r.Person)
	if err != nil {
		return nil, err
	}
	if m.Person == "" {
		return openapi.RevokeSessions204Response{}, nil
	}
	if err := f.Audit.Atomically(ctx, func(ctx context.Context) error {
		f.Audit.SessionEnded(ctx, audit.ByKey(callOf(ctx).key), m.Person, "")
		_, err := f.Sessions.RevokeSessionsOfPerson(ctx, m.Person, whyAdmin, f.Now())
		return err
	}); err != nil {
		return nil, err
	}
	return openapi.RevokeSessions204Response{}, nil
}
