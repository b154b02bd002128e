package store

import (
	"context"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
)

const (
	setAddressesSQL = `UPDATE employments SET addresses = $3 WHERE id = $1 AND employer = $2`
)

// ChangeUser lets a directory change what it says of a person: what change makes of the
// record is written, all of it or nothing, and nobody changes the record in between. Kind,
// benefits and what the person did stay. The record ends or goes on as EndedAt says. When
// nothing is different, nothing is written, and after is before.
//
// Errors: those of change, as they are; fault.ErrNotFound, also for another employer's
// record; fault.ErrExists: the external id or the user name is another one's.
func (s *Employments) ChangeUser(ctx context.Context, employer, id string, at time.Time, change func(before employment.Employment) (employment.Employment, error)) (before, after employment.Employment, err error) {
	if !storable(id) || !storable(employer) {
		return before, after, fault.ErrNotFound
	}
	var refused error
	err = s.db.write(ctx, func(ctx context.Context, tx runner) error {
		if before, err = findEmployment(ctx, tx, lockRecordSQL, id, employer); err != nil {
			return err
		}
		if after, refused = change(before); refused != nil {
			return refused
		}
		if before.SaysSame(after) {
			after = before
			return nil
		}
		if err := changeUser(ctx, tx, before, after, at); err != nil {
			return err
		}
		after, err = findEmployment(ctx, tx, employmentOfSQL, id, employer)
		return err
	})
	if refused != nil {
		return before, after, refused
	}
	return before, after, wrap("change user", err)
}

func changeUser(ctx context.Context, tx runner, before, after employment.Employment, at time.Time) error {
	after.Kind, after.Benefits = before.Kind, before.Benefits
	if _, err := writeEmployment(ctx, tx, before, after, at); err != nil {
		return err
	}
	addresses, err := addressesColumn(after.Addresses)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, setAddressesSQL, before.ID, before.Employer, addresses); err != nil {
		return err
	}
	switch {
	case before.EndedAt.IsZero() == after.EndedAt.IsZero():
		return nil
	case after.EndedAt.IsZero():
		_, err = tx.ExecContext(ctx, resumeEmploymentSQL, before.ID, before.Employer, millis(at))
		return err
	}
	if _, err := tx.ExecContext(ctx, endEmploymentSQL, before.ID, before.Employer, millis(at)); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, revokeInvitationsSQL, before.ID, millis(at))
	return err
}

// Users lists an employer's records that have a user name, by id and without their
// benefits: it is for walks over many. Whoever has the address is among those that are
// listed for it, and so is whoever has several: which ones, only their record says.
func (s *Employments) Users(ctx context.Context, employer string, f EmploymentFilter, limit int) ([]employment.Employment, error) {
	query, args := f.query(listEmploymentsSQL+"AND user_name <> '' ", addressIsSQL, text(employer), text(f.After), limit)
	all, err := scanEmployments(ctx, s.db.reader(), query+inOrderSQL, args...)
	return all, wrap("list users", err)
}

func addressIsSQL(lower string) string {
	return "AND ((LOWER(email) <> '' AND LOWER(email) = " + lower + ") OR addresses <> '[]') "
}
