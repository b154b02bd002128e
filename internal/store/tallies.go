package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"avain/internal/login"
)

const (
	addTallySQL = `INSERT INTO tallies (dimension, hour, value, ok, gone, failed) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (dimension, hour, value) DO UPDATE SET
			ok = tallies.ok + excluded.ok, gone = tallies.gone + excluded.gone, failed = tallies.failed + excluded.failed`

	talliesSQL = `SELECT hour, value, ok, gone, failed FROM tallies
		WHERE dimension = $1 AND hour >= $2 AND hour < $3 ORDER BY hour, value`

	purgeTalliesSQL = `DELETE FROM tallies WHERE dimension = $3 AND hour < $1 AND hour IN (SELECT hour FROM tallies
		WHERE dimension = $3 AND hour < $1 ORDER BY hour LIMIT $2)`
)

// AddTallies adds counts to what is there, all or none. Nodes may do so at once.
func (s *Store) AddTallies(ctx context.Context, counted []login.Tally) error {
	// Two nodes that add to the same rows in different orders would wait for each other.
	counted = slices.SortedFunc(slices.Values(counted), func(a, b login.Tally) int {
		return cmp.Or(cmp.Compare(a.Dimension, b.Dimension), a.Hour.Compare(b.Hour), cmp.Compare(a.Value, b.Value))
	})
	return wrap("add tallies", s.db.write(ctx, func(ctx context.Context, tx runner) error {
		for _, t := range counted {
			if _, err := tx.ExecContext(ctx, addTallySQL, string(t.Dimension), millis(t.Hour), text(t.Value), t.OK, t.Gone, t.Failed); err != nil {
				return err
			}
		}
		return nil
	}))
}

// Tallies lists what was counted in one dimension in the hours that began in [from, to),
// by hour and value.
func (s *Store) Tallies(ctx context.Context, d login.Dimension, from, to time.Time) ([]login.Tally, error) {
	var all []login.Tally
	err := eachRow(ctx, s.db.reader(), talliesSQL, []any{string(d), millis(from), millis(to)}, func(row scanner) error {
		t := login.Tally{Dimension: d}
		err := row.Scan(timeColumn{&t.Hour}, &t.Value, &t.OK, &t.Gone, &t.Failed)
		all = append(all, t)
		return err
	})
	if err != nil {
		return nil, wrap("read tallies", err)
	}
	return all, nil
}

// PurgeTallies deletes the tallies of hours before an instant, and the alerts that
// ended before it, in small transactions.
func (s *Store) PurgeTallies(ctx context.Context, before time.Time) (total int64, err error) {
	for _, d := range login.Dimensions() {
		n, err := s.inBatches(ctx, purgeTalliesSQL, []any{millis(before), purgeBatch, string(d)})
		if total += n; err != nil {
			return total, wrap("purge tallies", err)
		}
	}
	n, err := s.inBatches(ctx, purgeAlertsSQL, []any{millis(before), purgeBatch})
	return total + n, wrap("purge alerts", err)
}
