package store

import (
	"context"
	"errors"
	"time"

	"avain/internal/domain/login"
	"avain/internal/secret"
)

const (
	// A key is recognised as long as there is a session of this human with it, alive or
	// not, unless it ended because somebody did not trust the device any more.
	recognisedSQL = `SELECT
		EXISTS (SELECT 1 FROM sessions WHERE person IN ` + recordsOf + ` AND jkt = $2 AND jkt <> ''
			AND (revoked_at = 0 OR revoked_why IN ('logout_app', 'logout_browser', 'logout_web', 'signed_in_again'))),
		EXISTS (SELECT 1 FROM recognised WHERE mark = $3 AND expires_at > $5),
		EXISTS (SELECT 1 FROM recognised WHERE mark = $4 AND expires_at > $5)`

	recogniseSQL = `INSERT INTO recognised (mark, person, expires_at) VALUES ($1, $2, $3)
		ON CONFLICT (mark) DO UPDATE SET expires_at = excluded.expires_at`

	purgeRecognisedSQL = `DELETE FROM recognised WHERE mark IN (SELECT mark FROM recognised
		WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)`
)

// Recognised looks whether a human has been where a try comes from. It takes the same
// statement and answers one row for a human whom nobody knows.
func (s *People) Recognised(ctx context.Context, from login.From, now time.Time) (seen login.Seen, err error) {
	err = s.db.reader().QueryRowContext(ctx, recognisedSQL,
		text(from.Person), text(from.Key), from.Browser[:], from.Network[:], millis(now)).Scan(&seen.Key, &seen.Browser, &seen.Network)
	return seen, wrap("recognise", err)
}

// Recognise remembers where a human has got in, until the time given, and gives back
// what the try that succeeded has cost: budgets count the tries that fail.
func (s *People) Recognise(ctx context.Context, person string, marks []secret.Hash, until time.Time, spent []login.RateLimit) error {
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		for _, mark := range marks {
			if _, err := tx.ExecContext(ctx, recogniseSQL, mark[:], text(person), millis(until)); err != nil {
				return err
			}
		}
		return errors.Join(repay(ctx, tx, spent))
	})
	return wrap("remember where from", err)
}
