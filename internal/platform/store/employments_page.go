package store

import (
	"context"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
)

// What follows is for directories, which know people by user name and count their
// pages instead of following a cursor.
const (
	namedEmploymentsSQL = `SELECT ` + employmentColumns + ` FROM employments WHERE employer = $1 AND user_name <> '' ORDER BY user_name LIMIT $2 OFFSET $3`
	countNamedSQL       = `SELECT COUNT(*) FROM employments WHERE employer = $1 AND user_name <> ''`

	// A record that a directory has deleted gives its names back.
	unnameEmploymentSQL = `UPDATE employments SET user_name = '', user_name_key = '', external_id = '', updated_at = $3 WHERE id = $1 AND employer = $2`
)

// NamedEmployments lists an employer's records that have a user name, by it, and says
// how many there are altogether. It walks over the ones before offset.
func (s *Employments) NamedEmployments(ctx context.Context, employer string, offset, limit int) (all []employment.Employment, total int64, err error) {
	if err := s.db.reader().QueryRowContext(ctx, countNamedSQL, text(employer)).Scan(&total); err != nil {
		return nil, 0, wrap("count employments", err)
	}
	if limit == 0 {
		return nil, total, nil
	}
	all, err = s.employments(ctx, namedEmploymentsSQL, text(employer), limit, offset)
	return all, total, err
}

// ForgetEmployment ends an employer's record and takes its names away, so that they
// can be given to another one. fault.ErrNotFound.
func (s *Employments) ForgetEmployment(ctx context.Context, employer, id string, at time.Time) error {
	return s.changeEmployer(ctx, "forget employment", employer, id, func(ctx context.Context, tx runner) error {
		if err := mustChange(fault.ErrNotFound)(tx.ExecContext(ctx, endEmploymentSQL, id, employer, millis(at))); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, revokeInvitationsSQL, id, millis(at)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, unnameEmploymentSQL, id, employer, millis(at))
		return err
	})
}
