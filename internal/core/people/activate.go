package people

import (
	"context"
	"errors"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/names"
	"avain/internal/secret"
)

// Accepted is what a person did on the activation page before proving who they are.
type Accepted struct {
	Invitation string // id
	Terms      string // version
	At         time.Time
	Code       string // support code of the login, which the person reads to support
}

// Activate binds the invitation to the human whom a broker has proved: the first one
// who comes (threat 9), unless the employer has said who it must be. What the human
// had before, under another record, is theirs still. Somebody who comes back with
// their own invitation is let in again, and nothing changes.
//
// Errors: ReasonInvitationUnknown, ReasonInvitationForeign, ReasonNameDiffers, and why it
// cannot be used.
func (p *People) Activate(ctx context.Context, id login.Identity, in Accepted) (login.Person, error) {
	lookups, err := p.lookups(ctx, id.HETU)
	if err != nil {
		return login.Person{}, err
	}
	about, err := p.ByInvitation(ctx, in.Invitation)
	if err != nil {
		return login.Person{}, err
	}
	now := p.d.Now()
	if why := about.Why(now); why == login.ReasonBenefitsPending {
		return login.Person{}, fault.New(fault.Conflict, why, nil)
	}
	if err := p.hold(ctx, about, id, lookups, in.Code); err != nil {
		return login.Person{}, err
	}
	activation := employment.Activation{
		Invitation: in.Invitation, Lookups: lookups, Terms: in.Terms, TermsAt: in.At, At: now,
		Sealed: func(person string) ([]byte, error) { return p.d.Keys.seal(id.HETU, person) },
		Person: login.Person{
			ID: login.NewID(), Subject: newSubject(), Email: about.Employment.Email, Locale: about.Locale(),
			GivenName: about.Employment.GivenName, FamilyName: about.Employment.FamilyName, Name: id.Name, CreatedAt: now,
		},
	}
	var done employment.Activated
	err = p.d.Audit.Atomically(ctx, func(ctx context.Context) (err error) {
		if done, err = p.d.People.Activate(ctx, activation, p.d.Activated); err == nil {
			p.d.Audit.Activated(ctx, done.Person.ID, in.Invitation)
		}
		return err
	})
	switch {
	case errors.Is(err, fault.ErrNotFound):
		return login.Person{}, fault.New(fault.NotFound, login.ReasonInvitationUnknown, err)
	case errors.Is(err, fault.ErrExists):
		return login.Person{}, fault.New(fault.Forbidden, login.ReasonInvitationForeign, err)
	case errors.Is(err, fault.ErrMoved):
		return login.Person{}, fault.New(fault.Gone, whyMoved(about, now), err)
	case err != nil:
		return login.Person{}, err
	}
	return p.rename(ctx, done.Person, id)
}

// hold stops a human whose name is wholly another than the one that the employer gave: the
// letter may have reached somebody else, by a mistyped address or a mailbox that was read
// (threat 41). Nothing is bound, and the invitation stays open for the one it is meant for.
// An identity code that the employer gave says more than a name, and somebody of the staff
// may have released this human. Errors: ReasonNameDiffers.
func (p *People) hold(ctx context.Context, about Invited, id login.Identity, lookups [][]byte, code string) error {
	m, now := about.Employment, p.d.Now()
	if about.Employer.AnyName || len(m.Lookup) > 0 || about.Why(now) != "" || !names.Says(m.GivenName, m.FamilyName) {
		return nil
	}
	given, family := id.GivenName, id.FamilyName
	if given == "" && family == "" {
		given, family = id.Name, id.Name // the broker does not say which word is which
	}
	if names.Agree(m.GivenName, m.FamilyName, given, family) {
		return nil
	}
	released, err := p.d.Invitations.HoldActivation(ctx, employment.HeldActivation{
		ID: login.NewID(), Invitation: about.Invitation.ID, SupportCode: code, HeldAt: now,
	}, m.ID, lookups)
	if err != nil || released {
		return err
	}
	return fault.New(fault.Forbidden, login.ReasonNameDiffers, nil)
}

// whyMoved explains an invitation that could not be used: what was seen before, or
// that somebody was faster.
func whyMoved(about Invited, now time.Time) login.Reason {
	if why := about.Why(now); why != "" {
		return why
	}
	return login.ReasonInvitationUsed
}

// newSubject is random: nothing about the person can be read from it.
func newSubject() string { return secret.NewShort().Reveal() }
