package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"avain/internal/domain/operations"
)

const (
	addTallySQL = `INSERT INTO tallies (dimension, hour, value, ok, gone, broken, failed, people_ok, people_failed, marks)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (dimension, hour, value) DO UPDATE SET
			ok = tallies.ok + excluded.ok, gone = tallies.gone + excluded.gone,
			broken = tallies.broken + excluded.broken, failed = tallies.failed + excluded.failed,
			people_ok = tallies.people_ok + excluded.people_ok, people_failed = tallies.people_failed + excluded.people_failed,
			marks = tallies.marks | excluded.marks`

	tallyColumns = `dimension, hour, value, ok, gone, broken, failed, people_ok, people_failed, marks`

	talliesSQL = `SELECT ` + tallyColumns + ` FROM tallies
		WHERE dimension = $1 AND hour >= $2 AND hour < $3 ORDER BY hour, value`

	// One statement: what a node adds at once is in every dimension or in none.
	allTalliesSQL = `SELECT ` + tallyColumns + ` FROM tallies
		WHERE hour >= $1 AND hour < $2 ORDER BY dimension, hour, value`

	purgeTalliesSQL = `DELETE FROM tallies WHERE dimension = $3 AND hour < $1 AND hour IN (SELECT hour FROM tallies
		WHERE dimension = $3 AND hour < $1 ORDER BY hour LIMIT $2)`
)

// AddTallies adds counts to what is there, all or none. Nodes may do so at once.
func (s *Operations) AddTallies(ctx context.Context, counted []operations.Tally) error {
	// Two nodes that add to the same rows in different orders would wait for each other.
	counted = slices.SortedFunc(slices.Values(counted), func(a, b operations.Tally) int {
		return cmp.Or(cmp.Compare(a.Dimension, b.Dimension), a.Hour.Compare(b.Hour), cmp.Compare(a.Value, b.Value))
	})
	return wrap("add tallies", s.db.write(ctx, func(ctx context.Context, tx runner) error {
		for _, t := range counted {
			if _, err := tx.ExecContext(ctx, addTallySQL, string(t.Dimension), millis(t.Hour), text(t.Value),
				t.OK, t.Gone, t.Broken, t.Failed, t.People.OK, t.People.Failed, int64(t.People.Marks)); err != nil {
				return err
			}
		}
		return nil
	}))
}

// Tallies lists what was counted in one dimension in the hours that began in [from, to),
// by hour and value.
func (s *Operations) Tallies(ctx context.Context, d operations.Dimension, from, to time.Time) ([]operations.Tally, error) {
	return s.tallies(ctx, talliesSQL, string(d), millis(from), millis(to))
}

// AllTallies lists what was counted in the hours that began in [from, to), of every
// dimension at one moment: a login that is in one of them is in all of its dimensions.
func (s *Operations) AllTallies(ctx context.Context, from, to time.Time) ([]operations.Tally, error) {
	return s.tallies(ctx, allTalliesSQL, millis(from), millis(to))
}

func (s *Operations) tallies(ctx context.Context, query string, args ...any) ([]operations.Tally, error) {
	var all []operations.Tally
	err := eachRow(ctx, s.db.reader(), query, args, func(row scanner) error {
		var t operations.Tally
		var marks int64
		err := row.Scan(&t.Dimension, timeColumn{&t.Hour}, &t.Value, &t.OK, &t.Gone, &t.Broken, &t.Failed,
			&t.People.OK, &t.People.Failed, &marks)
		t.People.Marks = operations.Marks(marks) //nolint:gosec // 64 marks, not a number
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
func (s *Operations) PurgeTallies(ctx context.Context, before time.Time) (total int64, err error) {
	for _, d := range operations.Dimensions() {
		n, err := s.inBatches(ctx, purgeTalliesSQL, []any{millis(before), purgeBatch, string(d)})
		if total += n; err != nil {
			return total, wrap("purge tallies", err)
		}
	}
	n, err := s.inBatches(ctx, purgeAlertsSQL, []any{millis(before), purgeBatch})
	return total + n, wrap("purge alerts", err)
}
