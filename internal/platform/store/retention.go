package store

import (
	"context"
	"time"
)

const (
	// forgetPage is how many persons are looked at in one statement: a millisecond or so.
	forgetPage = 200
	// forgetPause leaves the core to those who log in: a million people take two minutes.
	forgetPause = 20 * time.Millisecond
)

const (
	// nothingLeft: no employer has a record of the human h, who has no session and no
	// user name. A lock outlives that: it keeps somebody out.
	nothingLeft = `h.same_as = h.id AND h.locked_at = 0 AND h.updated_at <= $2
		AND NOT EXISTS (SELECT 1 FROM persons r WHERE r.same_as = h.id AND (r.updated_at > $2
			OR EXISTS (SELECT 1 FROM employments m WHERE m.person = r.id)
			OR EXISTS (SELECT 1 FROM sessions s WHERE s.person = r.id)
			OR EXISTS (SELECT 1 FROM credentials c WHERE c.person = r.id)))`

	// A walk reads everybody, a page at a time: one long statement would keep the only core
	// of a small machine from the people who log in.
	forgetPageSQL  = `SELECT COALESCE(MAX(id), '') FROM (SELECT id FROM persons WHERE id > $1 ORDER BY id LIMIT $2) page`
	forgettableSQL = `SELECT h.id FROM persons h WHERE h.id > $1 AND h.id <= $3 AND ` + nothingLeft + ` ORDER BY h.id`

	forgetPersonSQL = `DELETE FROM persons WHERE same_as IN (SELECT h.id FROM persons h WHERE h.id = $1 AND ` + nothingLeft + `)`
)

// ForgetPersons deletes the persons of whom there has been nothing else for as long as
// persons are kept, in small transactions. It reads everybody once: call it daily. It
// answers how many records it deleted, even when it returns an error.
func (s *People) ForgetPersons(ctx context.Context, now time.Time, keep Retention) (total int64, err error) {
	before := now.Add(-keep.withDefaults().Persons)
	for after := ""; ; {
		var upTo string
		if err := s.db.reader().QueryRowContext(ctx, forgetPageSQL, after, forgetPage).Scan(&upTo); err != nil || upTo == "" {
			return total, wrap("forget persons", err)
		}
		ids, err := queryIDs(ctx, s.db.reader(), forgettableSQL, after, millis(before), upTo)
		if err != nil {
			return total, wrap("forget persons", err)
		}
		after = upTo
		if len(ids) == 0 {
			if err := rest(ctx, forgetPause); err != nil {
				return total, wrap("forget persons", err)
			}
			continue
		}
		var n int64
		err = s.db.write(ctx, func(ctx context.Context, tx runner) error {
			n = 0
			for _, id := range ids {
				result, err := tx.ExecContext(ctx, forgetPersonSQL, id, millis(before))
				if err != nil {
					return err
				}
				deleted, err := result.RowsAffected()
				if err != nil {
					return err
				}
				n += deleted
			}
			return nil
		})
		if total += n; err != nil {
			return total, wrap("forget persons", err)
		}
	}
}

// rest waits, unless the caller gives up.
func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
