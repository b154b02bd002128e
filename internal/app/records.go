package app

import (
	"context"

	"avain/internal/domain/employment"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/staff"
	"avain/internal/platform/store"
)

// records are the store as the support console may see it (threats 7, 56). It is a list of
// what is shown: each look-up is written out, and takes over by name (shown.go) what an agent
// needs. A look-up that the store gets tomorrow, and a field that a record gets, are not on
// it, so that no mistake on a page can show them.
type records struct{ store *store.Store }

// PersonsNamed finds ids.
func (r records) PersonsNamed(ctx context.Context, typed string, limit int) ([]string, error) {
	return r.store.People.PersonsNamed(ctx, typed, limit)
}

// EmploymentsNamed finds ids.
func (r records) EmploymentsNamed(ctx context.Context, typed string, limit int) ([]string, error) {
	return r.store.People.EmploymentsNamed(ctx, typed, limit)
}

// EmployersNamed finds ids.
func (r records) EmployersNamed(ctx context.Context, typed string, limit int) ([]string, error) {
	return r.store.People.EmployersNamed(ctx, typed, limit)
}

// FindByAddress finds ids.
func (r records) FindByAddress(ctx context.Context, address string, limit int) (persons, employments []string, err error) {
	return r.store.People.FindByAddress(ctx, address, limit)
}

// UserNamesOf are the names that a person logs in with.
func (r records) UserNamesOf(ctx context.Context, person string) ([]string, error) {
	return r.store.People.UserNamesOf(ctx, person)
}

// PersonByID is a person without the benefits.
func (r records) PersonByID(ctx context.Context, id string) (login.Person, error) {
	p, err := r.store.People.PersonOnly(ctx, id)
	return showPerson(p), err
}

// EmployerByID is an employer.
func (r records) EmployerByID(ctx context.Context, id string) (employment.Employer, error) {
	e, err := r.store.Employments.EmployerByID(ctx, id)
	return showEmployer(e), err
}

// EmploymentByID is an employer's record.
func (r records) EmploymentByID(ctx context.Context, id string) (employment.Employment, error) {
	m, err := r.store.Employments.EmploymentByID(ctx, id)
	return showEmployment(m), err
}

// HeldActivations have no name and no key of a human: a support code, and times.
func (r records) HeldActivations(ctx context.Context, employment string) ([]employment.HeldActivation, error) {
	return r.store.Employments.HeldActivations(ctx, employment)
}

// EmploymentsOfPerson are employers' records.
func (r records) EmploymentsOfPerson(ctx context.Context, person string) ([]employment.Employment, error) {
	all, err := r.store.Employments.EmploymentsOfPerson(ctx, person)
	return showEach(all, showEmployment), err
}

// EmploymentsOf is one page of an employer's records.
func (r records) EmploymentsOf(ctx context.Context, employer, after string, limit int) ([]employment.Employment, error) {
	all, err := r.store.Employments.Employments(ctx, employer, store.EmploymentFilter{After: after}, limit)
	return showEach(all, showEmployment), err
}

// InvitationsOf are the invitations to an employer's record.
func (r records) InvitationsOf(ctx context.Context, employment string) ([]employment.Invitation, error) {
	all, err := r.store.Employments.InvitationsOf(ctx, employment)
	return showEach(all, showInvitation), err
}

// SessionByID is a session.
func (r records) SessionByID(ctx context.Context, id string) (login.Session, error) {
	s, err := r.store.Sessions.SessionByID(ctx, id)
	return showSession(s), err
}

// SessionsOfPerson are where a person is or was logged in.
func (r records) SessionsOfPerson(ctx context.Context, person string) ([]login.Session, error) {
	all, err := r.store.Sessions.SessionsOfPerson(ctx, person)
	return showEach(all, showSession), err
}

// AttemptByID is a login.
func (r records) AttemptByID(ctx context.Context, id string) (login.Attempt, error) {
	a, err := r.store.Attempts.AttemptByID(ctx, id)
	return showAttempt(a), err
}

// AttemptBySupportCode is a login.
func (r records) AttemptBySupportCode(ctx context.Context, code string) (login.Attempt, error) {
	a, err := r.store.Attempts.AttemptBySupportCode(ctx, code)
	return showAttempt(a), err
}

// AttemptsOfPerson are a person's logins, the newest first.
func (r records) AttemptsOfPerson(ctx context.Context, person string, limit int) ([]login.Attempt, error) {
	all, err := r.store.People.AttemptsOfPerson(ctx, person, limit)
	return showEach(all, showAttempt), err
}

// WrongTriesOf are the days on which a person's password was typed wrongly.
func (r records) WrongTriesOf(ctx context.Context, person string, days int) ([]login.WrongDay, error) {
	all, err := r.store.People.WrongTriesOf(ctx, person, days)
	return showEach(all, showWrongDay), err
}

// StaffActsOn are what colleagues did.
func (r records) StaffActsOn(ctx context.Context, target string, limit int) ([]operations.AuditEntry, error) {
	all, err := r.store.People.StaffActsOn(ctx, target, limit)
	return showEach(all, showAct), err
}

// StaffByID is a colleague.
func (r records) StaffByID(ctx context.Context, id string) (staff.Member, error) {
	s, err := r.store.Staff.StaffByID(ctx, id)
	return showStaff(s), err
}
