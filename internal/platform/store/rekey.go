package store

import (
	"context"
	"time"
)

// What the database holds of an identity code: a person, employers' records of them, and
// those whom an invitation has held back. They are looked up by one another, so all of one
// human's move to a new key together.
const (
	underCodeSQL = `SELECT (SELECT COUNT(*) FROM persons WHERE hetu_lookup = $1) + (SELECT COUNT(*) FROM employments WHERE hetu_lookup = $1)
		+ (SELECT COUNT(*) FROM held_activations WHERE lookup = $1)`

	// A human who is there twice stays so: which of the two they are, no hash can tell.
	rekeyPersonSQL = `UPDATE persons SET hetu_lookup = $2, updated_at = $3 WHERE hetu_lookup = $1
		AND NOT EXISTS (SELECT 1 FROM persons WHERE hetu_lookup = $2)`
	rekeyEmploymentsSQL = `UPDATE employments SET hetu_lookup = $2 WHERE hetu_lookup = $1`

	// Held twice by one invitation, once under each key: released is released.
	releaseTwinSQL = `UPDATE held_activations SET released_at = (SELECT MAX(o.released_at) FROM held_activations o
			WHERE o.invitation = held_activations.invitation AND o.lookup = $1)
		WHERE lookup = $2 AND released_at = 0 AND invitation IN (SELECT invitation FROM held_activations WHERE lookup = $1)`
	dropTwinSQL  = `DELETE FROM held_activations WHERE lookup = $1 AND invitation IN (SELECT invitation FROM held_activations WHERE lookup = $2)`
	rekeyHeldSQL = `UPDATE held_activations SET lookup = $2 WHERE lookup = $1`
)

// Rekey moves everything that is known of one identity code to the first of its look-up
// values, from the others: those under keys that are on their way out. When nothing is
// left under them it writes nothing, so that it may be asked at every login.
func (s *Keys) Rekey(ctx context.Context, lookups [][]byte) error {
	if len(lookups) < 2 {
		return nil
	}
	for _, from := range lookups[1:] {
		var n int64
		if err := s.db.reader().QueryRowContext(ctx, underCodeSQL, from).Scan(&n); err != nil {
			return wrap("rekey", err)
		}
		if n == 0 {
			continue
		}
		err := s.db.write(ctx, func(ctx context.Context, tx runner) error { return rekey(ctx, tx, from, lookups[0], s.now()) })
		if err != nil {
			return wrap("rekey", err)
		}
	}
	return nil
}

func rekey(ctx context.Context, tx runner, from, to []byte, at time.Time) error {
	_, err := tx.ExecContext(ctx, rekeyPersonSQL, from, to, millis(at))
	for _, query := range []string{rekeyEmploymentsSQL, releaseTwinSQL, dropTwinSQL, rekeyHeldSQL} {
		if err == nil {
			_, err = tx.ExecContext(ctx, query, from, to)
		}
	}
	return err
}
