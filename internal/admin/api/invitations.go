package api

import (
	"context"
	"time"

	"avain/internal/admin/api/openapi"
	"avain/internal/domain/employment"
	"avain/internal/platform/audit"
)

// ListInvitations answers the newest first.
func (f *Feature) ListInvitations(ctx context.Context, r openapi.ListInvitationsRequestObject) (openapi.ListInvitationsResponseObject, error) {
	m, err := f.person(ctx, r.Employer, r.Person)
	if err != nil {
		return nil, err
	}
	all, err := f.Invitations.InvitationsOf(ctx, m.ID)
	if err != nil {
		return nil, err
	}
	list := openapi.ListInvitations200JSONResponse{Invitations: []openapi.Invitation{}}
	for _, i := range all {
		list.Invitations = append(list.Invitations, invitationOut(i, f.Now()))
	}
	return list, nil
}

// InvitePerson sends an invitation; the ones before are dead. Who asks again at once is
// answered the same one.
func (f *Feature) InvitePerson(ctx context.Context, r openapi.InvitePersonRequestObject) (openapi.InvitePersonResponseObject, error) {
	m, err := f.person(ctx, r.Employer, r.Person)
	if err != nil {
		return nil, err
	}
	switch {
	case m.Email == "":
		return nil, conflict("The person has no e-mail address; PATCH it first.")
	case !m.EndedAt.IsZero():
		return nil, conflict("The person has left; POST …/resume first.")
	case !m.ActivatedAt.IsZero():
		return nil, conflict("The person has activated already: there is nothing to invite to.")
	}
	made, err := again(ctx, f, r.Params.IdempotencyKey, func(string) (openapi.Invitation, error) {
		var i employment.Invitation
		ordered := false
		if err := f.Audit.Atomically(ctx, func(ctx context.Context) (err error) {
			if i, ordered, err = f.People.Invite(ctx, m); ordered {
				f.Audit.InvitationSent(ctx, audit.ByKey(callOf(ctx).key), i)
			}
			return err
		}); err != nil {
			return openapi.Invitation{}, err
		}
		if ordered {
			f.Wake()
		}
		return invitationOut(i, f.Now()), nil
	})
	return openapi.InvitePerson201JSONResponse(made), err
}

// RevokeInvitation makes one worthless.
func (f *Feature) RevokeInvitation(ctx context.Context, r openapi.RevokeInvitationRequestObject) (openapi.RevokeInvitationResponseObject, error) {
	m, err := f.person(ctx, r.Employer, r.Person)
	if err != nil {
		return nil, err
	}
	if err := f.Audit.Atomically(ctx, func(ctx context.Context) error {
		f.Audit.InvitationRevoked(ctx, audit.ByKey(callOf(ctx).key), m.ID, r.Invitation)
		return f.Invitations.RevokeInvitation(ctx, m.ID, r.Invitation, f.Now())
	}); err != nil {
		return nil, missing(err)
	}
	return openapi.RevokeInvitation204Response{}, nil
}

func invitationOut(i employment.Invitation, now time.Time) openapi.Invitation {
	state := openapi.InvitationStateExpired
	switch {
	case !i.UsedAt.IsZero():
		state = openapi.InvitationStateUsed
	case !i.RevokedAt.IsZero():
		state = openapi.InvitationStateRevoked
	case i.Open(now):
		state = openapi.InvitationStateOpen
	}
	return openapi.Invitation{
		ID: i.ID, State: state, Mail: openapi.InvitationMail(i.Mail), MailAt: i.MailAt, MailDetail: i.MailDetail,
		CreatedAt: i.CreatedAt, ExpiresAt: i.ExpiresAt, RemindAt: i.RemindAt, HeldAt: i.HeldAt,
	}
}
