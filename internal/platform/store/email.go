package store

import (
	"context"
	"database/sql"
	"errors"

	"avain/internal/domain/login"
)

// Of several employers' addresses, one that is proved comes first, and then the oldest:
// a new employer does not change by what a person is known elsewhere.
const emailOfSQL = `SELECT email, email_proved FROM employments
	WHERE person IN ` + recordsOf + ` AND activated_at > 0 AND ended_at = 0 AND email <> ''
	ORDER BY email_proved DESC, activated_at, id LIMIT 1`

// EmailOf is the address that a person is known by: of an employment that they have
// activated and that has not ended. It is empty when there is none.
func (s *People) EmailOf(ctx context.Context, person string) (login.Email, error) {
	if !storable(person) {
		return login.Email{}, nil
	}
	var e login.Email
	err := s.db.reader().QueryRowContext(ctx, emailOfSQL, person).Scan(&e.Address, &e.Proved)
	if errors.Is(err, sql.ErrNoRows) {
		return login.Email{}, nil
	}
	return e, wrap("find address", err)
}
