package api

import (
	"context"
	"errors"
	"strconv"
	"unicode/utf8"

	"avain/internal/admin/api/openapi"
	"avain/internal/core/provisioning"
	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/platform/audit"
)

// person finds a record of an employer that the key sees.
func (f *Feature) person(ctx context.Context, employer, id string) (employment.Employment, error) {
	if _, err := f.employer(ctx, employer); err != nil {
		return employment.Employment{}, err
	}
	m, err := f.Employments.EmploymentOf(ctx, employer, id)
	if err != nil {
		return employment.Employment{}, missing(err)
	}
	return m, nil
}

// ListPersons answers one page.
func (f *Feature) ListPersons(ctx context.Context, r openapi.ListPersonsRequestObject) (openapi.ListPersonsResponseObject, error) {
	e, err := f.employer(ctx, r.Employer)
	if err != nil {
		return nil, err
	}
	after, limit, err := page(r.Params.Cursor, r.Params.Limit)
	if err != nil {
		return nil, err
	}
	if err := noLonger(value{"email", r.Params.Email, 254}, value{"external_id", r.Params.ExternalID, 200}, value{"user_name", r.Params.UserName, 200}); err != nil {
		return nil, err
	}
	all, err := f.List(ctx, e.ID, Filter{After: after, Email: r.Params.Email, ExternalID: r.Params.ExternalID, UserName: r.Params.UserName}, limit+1)
	if err != nil {
		return nil, err
	}
	list := openapi.ListPersons200JSONResponse{Persons: []openapi.Person{}}
	if len(all) > limit {
		all = all[:limit]
		list.Next = cursorOf(all[limit-1].ID)
	}
	for _, m := range all {
		list.Persons = append(list.Persons, f.personOut(m))
	}
	return list, nil
}

// CreatePerson adds a person, and invites them if asked to.
func (f *Feature) CreatePerson(ctx context.Context, r openapi.CreatePersonRequestObject) (openapi.CreatePersonResponseObject, error) {
	e, err := f.employer(ctx, r.Employer)
	if err != nil {
		return nil, err
	}
	said, code, mistakes := f.Rules.Read(entryOf(*r.Body))
	m, wrong := employment.Employment{Employer: e.ID, Kind: employment.UserSmartumPlus}.With(said, f.Now())
	if len(mistakes) == 0 {
		mistakes = wrong
	}
	if len(mistakes) == 0 && m.ExternalID == "" && m.UserName == "" && m.Email == "" && r.Body.Hetu == "" {
		mistakes = append(mistakes, fault.FieldError{Detail: "external_id, user_name, email or hetu is needed: without any nobody could be recognised, nor invited"})
	}
	if r.Body.Invite && m.Email == "" {
		mistakes = append(mistakes, fault.FieldError{Field: "email", Detail: "is needed for an invitation"})
	}
	if len(mistakes) > 0 {
		return nil, invalid(mistakes)
	}
	if m.Lookup, err = f.People.Lookup(ctx, code); err != nil {
		return nil, err
	}
	made, err := again(ctx, f, r.Params.IdempotencyKey, func(id string) (openapi.Person, error) {
		m.ID = id
		written, err := f.hire(ctx, m, r.Body.Invite)
		return f.personOut(written), err
	})
	return openapi.CreatePerson201JSONResponse(made), err
}

func (f *Feature) hire(ctx context.Context, m employment.Employment, invite bool) (employment.Employment, error) {
	h, err := f.People.Prepare(m, invite)
	if err != nil {
		return m, err
	}
	actor := audit.ByKey(callOf(ctx).key)
	err = f.Audit.Atomically(ctx, func(ctx context.Context) error {
		f.Audit.EmploymentAdded(ctx, actor, h.Employment)
		if h.Invitation == nil {
			return f.Employments.AddEmployment(ctx, h.Employment, h.Jobs...)
		}
		f.Audit.InvitationSent(ctx, actor, *h.Invitation)
		return f.Invitations.AddInvited(ctx, h.Employment, *h.Invitation, h.Jobs...)
	})
	switch {
	case errors.Is(err, fault.ErrExists):
		known, finding := f.Employments.EmploymentOf(ctx, m.Employer, m.ID)
		if finding == nil { // the try before was cut off after this
			return known, nil
		}
		return m, taken()
	case err != nil:
		return m, err
	}
	if h.Invitation != nil {
		f.Wake()
	}
	return h.Employment, nil
}

func taken() error {
	return conflict("Another person of this employer has this external_id or user_name; find them with GET …/persons?external_id=…")
}

// GetPerson answers one.
func (f *Feature) GetPerson(ctx context.Context, r openapi.GetPersonRequestObject) (openapi.GetPersonResponseObject, error) {
	m, err := f.person(ctx, r.Employer, r.Person)
	return openapi.GetPerson200JSONResponse(f.personOut(m)), err
}

// UpdatePerson changes what the employer says.
func (f *Feature) UpdatePerson(ctx context.Context, r openapi.UpdatePersonRequestObject) (openapi.UpdatePersonResponseObject, error) {
	m, err := f.person(ctx, r.Employer, r.Person)
	if err != nil {
		return nil, err
	}
	said, _, mistakes := f.Rules.Read(provisioning.Entry{
		ExternalID: r.Body.ExternalID, UserName: r.Body.UserName, Email: r.Body.Email, GivenName: r.Body.GivenName, FamilyName: r.Body.FamilyName,
		Locale: r.Body.Locale, Kind: (*string)(r.Body.Kind),
	})
	if len(mistakes) > 0 {
		return nil, invalid(mistakes)
	}
	if err := f.Audit.Atomically(ctx, func(ctx context.Context) error {
		f.Audit.EmploymentChanged(ctx, audit.ByKey(callOf(ctx).key), m, "record")
		return f.Employments.AmendEmployment(ctx, m.Employer, m.ID, said, f.Now())
	}); errors.Is(err, fault.ErrExists) {
		return nil, taken()
	} else if err != nil {
		return nil, amended(err)
	}
	m, err = f.Employments.EmploymentOf(ctx, m.Employer, m.ID)
	return openapi.UpdatePerson200JSONResponse(f.personOut(m)), err
}

// amended is what came of a change: what is wrong with it, or the record is not there.
func amended(err error) error {
	if mistakes, ok := errors.AsType[fault.FieldErrors](err); ok {
		return invalid(mistakes)
	}
	return missing(err)
}

// EndPerson says that a person has left.
func (f *Feature) EndPerson(ctx context.Context, r openapi.EndPersonRequestObject) (openapi.EndPersonResponseObject, error) {
	m, err := f.person(ctx, r.Employer, r.Person)
	if err != nil {
		return nil, err
	}
	if err := f.Audit.Atomically(ctx, func(ctx context.Context) error {
		f.Audit.EmploymentEnded(ctx, audit.ByKey(callOf(ctx).key), m)
		return f.Employments.EndEmployment(ctx, m.Employer, m.ID, f.Now())
	}); err != nil {
		return nil, missing(err)
	}
	m, err = f.Employments.EmploymentOf(ctx, m.Employer, m.ID)
	return openapi.EndPerson200JSONResponse(f.personOut(m)), err
}

// ResumePerson says that a person is back.
func (f *Feature) ResumePerson(ctx context.Context, r openapi.ResumePersonRequestObject) (openapi.ResumePersonResponseObject, error) {
	m, err := f.person(ctx, r.Employer, r.Person)
	if err != nil {
		return nil, err
	}
	if err := f.Audit.Atomically(ctx, func(ctx context.Context) error {
		f.Audit.EmploymentResumed(ctx, audit.ByKey(callOf(ctx).key), m)
		return f.Employments.ResumeEmployment(ctx, m.Employer, m.ID, f.Now())
	}); err != nil {
		return nil, missing(err)
	}
	m, err = f.Employments.EmploymentOf(ctx, m.Employer, m.ID)
	return openapi.ResumePerson200JSONResponse(f.personOut(m)), err
}

// PutBenefit gives a benefit.
func (f *Feature) PutBenefit(ctx context.Context, r openapi.PutBenefitRequestObject) (openapi.PutBenefitResponseObject, error) {
	m, err := f.person(ctx, r.Employer, r.Person)
	if err != nil {
		return nil, err
	}
	b, mistakes := f.Rules.ReadBenefit(provisioning.Benefit{Kind: r.Kind, StartsOn: r.Body.StartsOn, EndsOn: r.Body.EndsOn, Released: r.Body.Released})
	if len(mistakes) > 0 {
		return nil, invalid(mistakes)
	}
	if err := f.Audit.Atomically(ctx, func(ctx context.Context) error {
		f.Audit.EmploymentChanged(ctx, audit.ByKey(callOf(ctx).key), m, "benefit:"+b.Kind)
		return f.Employments.PutBenefit(ctx, m.Employer, m.ID, b, f.Now())
	}); err != nil {
		return nil, amended(err)
	}
	m, err = f.Employments.EmploymentOf(ctx, m.Employer, m.ID)
	return openapi.PutBenefit200JSONResponse(f.personOut(m)), err
}

// value is one that has a length at most, in characters.
type value struct {
	name, text string
	most       int
}

// noLonger refuses what nothing can match: it is a slip, and not a person who is not there.
func noLonger(all ...value) error {
	var mistakes fault.FieldErrors
	for _, v := range all {
		if utf8.RuneCountInString(v.text) > v.most {
			mistakes = append(mistakes, fault.FieldError{Field: v.name, Detail: "at most " + strconv.Itoa(v.most) + " characters"})
		}
	}
	if len(mistakes) > 0 {
		return invalid(mistakes)
	}
	return nil
}

// DropBenefit takes one away.
func (f *Feature) DropBenefit(ctx context.Context, r openapi.DropBenefitRequestObject) (openapi.DropBenefitResponseObject, error) {
	if err := noLonger(value{"kind", r.Kind, 40}); err != nil {
		return nil, err
	}
	m, err := f.person(ctx, r.Employer, r.Person)
	if err != nil {
		return nil, err
	}
	for _, b := range m.Benefits {
		if b.Kind != r.Kind {
			continue
		}
		if err := f.Audit.Atomically(ctx, func(ctx context.Context) error {
			f.Audit.EmploymentChanged(ctx, audit.ByKey(callOf(ctx).key), m, "benefit:"+b.Kind)
			return f.Employments.DropBenefit(ctx, m.Employer, m.ID, b.Kind, f.Now())
		}); err != nil {
			return nil, missing(err)
		}
	}
	return openapi.DropBenefit204Response{}, nil
}

func entryOf(p openapi.PersonNew) provisioning.Entry {
	e := provisioning.Entry{
		ExternalID: &p.ExternalID, UserName: &p.UserName, Email: &p.Email, GivenName: &p.GivenName, FamilyName: &p.FamilyName,
		Locale: &p.Locale, Kind: (*string)(p.Kind), HETU: p.Hetu,
	}
	for _, b := range p.Benefits {
		e.Benefits = append(e.Benefits, provisioning.Benefit{Kind: b.Kind, StartsOn: &b.StartsOn, EndsOn: &b.EndsOn, Released: b.Released})
	}
	return e
}

func (f *Feature) personOut(m employment.Employment) openapi.Person {
	p := openapi.Person{
		ID: m.ID, Employer: m.Employer, State: openapi.PersonStateAdded, Kind: openapi.UserKind(m.Kind), ExternalID: m.ExternalID,
		UserName: m.UserName, Email: m.Email, GivenName: m.GivenName, FamilyName: m.FamilyName, Locale: openapi.Locale(m.Locale),
		IdentityKnown: len(m.Lookup) > 0, Benefits: []openapi.Benefit{}, ActivatedAt: m.ActivatedAt, EndedAt: m.EndedAt,
		CreatedAt: m.CreatedAt, UpdatedAt: m.UpdatedAt,
	}
	switch {
	case !m.EndedAt.IsZero():
		p.State = openapi.PersonStateEnded
	case !m.ActivatedAt.IsZero():
		p.State = openapi.PersonStateActive
	}
	for _, b := range m.Benefits {
		p.Benefits = append(p.Benefits, openapi.Benefit{
			Kind: b.Kind, StartsOn: provisioning.Day(b.StartsAt, f.Rules.Zone, 0), EndsOn: provisioning.Day(b.EndsAt, f.Rules.Zone, -1),
			Released: !b.ReleasedAt.IsZero(), Active: !b.ActivatedAt.IsZero(),
		})
	}
	return p
}
