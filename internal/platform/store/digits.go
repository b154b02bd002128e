package store

import (
	"context"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/secret"
)

const (
	// Asking again for the digits of an attempt neither adds time nor gives back tries.
	showDigitsSQL = `INSERT INTO digits (attempt, hash, expires_at, tries) VALUES ($1, $2, $3, 0) ON CONFLICT DO NOTHING`

	tryDigitsSQL = `UPDATE digits SET tries = tries + 1
		WHERE attempt = $1 AND tries < $3 AND expires_at > $4
		RETURNING hash IN ($2, $5), tries`
)

func showDigits(ctx context.Context, tx runner, attempt string, d login.Digits) error {
	_, err := tx.ExecContext(ctx, showDigitsSQL, attempt, d.Hash[:], millis(d.Expires))
	return err
}

// TryDigits spends one of the tries that an attempt's digits have, and one of the
// person's budget, and says whether these were the right ones, and how many tries were
// spent by then. The hashes are those of the same digits by the two generations of their
// key, or by the one that there is. It is one statement: of many guesses at once no more than most are
// looked at (threat 22). fault.ErrNotFound: there are no digits, they have expired, or
// no try is left. When the budget is empty nothing is spent and nothing is looked at,
// and the error says how long to wait.
func (s *Attempts) TryDigits(ctx context.Context, attempt string, hashes []secret.Hash, at time.Time, most int, b login.RateLimit) (right bool, tries int, err error) {
	if !storable(attempt) || len(hashes) == 0 {
		return false, 0, fault.ErrNotFound
	}
	h, older := hashes[0], hashes[len(hashes)-1]
	err = s.db.write(ctx, func(ctx context.Context, tx runner) error {
		err := tx.QueryRowContext(ctx, tryDigitsSQL, attempt, h[:], most, millis(at), older[:]).Scan(&right, &tries)
		if err != nil {
			return one(err, fault.ErrNotFound)
		}
		return spend(ctx, tx, b, at)
	})
	if err != nil {
		return false, 0, wrap("try digits", err)
	}
	return right, tries, nil
}
