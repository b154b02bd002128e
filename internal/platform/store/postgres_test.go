package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"avain/internal/domain/fault"

	"github.com/jackc/pgx/v5/pgconn"
)

// PostgreSQL gives up one of two transactions that wait for each other. It is run
// again, and its caller does not notice.
func TestDeadlockIsRunAgain(t *testing.T) {
	t.Parallel()
	s := both(t)[Postgres]
	const insertSQL, touchSQL = "INSERT INTO meta (name, value) VALUES ($1, '')", "UPDATE meta SET value = value || 'x' WHERE name = $1"
	for _, name := range []string{"a", "b"} {
		if err := s.db.write(t.Context(), func(ctx context.Context, tx runner) error {
			_, err := tx.ExecContext(ctx, insertSQL, name)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	var runs atomic.Int32
	var both, all sync.WaitGroup // both: each holds its first row
	both.Add(2)
	for _, order := range [][]string{{"a", "b"}, {"b", "a"}} {
		all.Go(func() {
			var first sync.Once
			err := s.db.write(t.Context(), func(ctx context.Context, tx runner) error {
				runs.Add(1)
				if _, err := tx.ExecContext(ctx, touchSQL, order[0]); err != nil {
					return err
				}
				first.Do(func() { both.Done(); both.Wait() })
				_, err := tx.ExecContext(ctx, touchSQL, order[1])
				return err
			})
			if err != nil {
				t.Errorf("order %v: %v", order, err)
			}
		})
	}
	all.Wait()
	if n := runs.Load(); n < 3 {
		t.Errorf("%d runs: there was no deadlock, the test is blind", n)
	}
	var values string
	if err := s.db.reader().QueryRowContext(t.Context(), "SELECT string_agg(value, ',') FROM meta WHERE name IN ('a', 'b')").Scan(&values); err != nil || values != "xx,xx" {
		t.Errorf("values %q, %v; want each touched twice", values, err)
	}
}

// A caller who gives up while the transaction runs is told how it ended.
func TestPostgresBegunWriteIsToldTruthfully(t *testing.T) {
	t.Parallel()
	s := both(t)[Postgres]
	ctx, cancel := context.WithCancel(t.Context())
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		cancel()
		_, err := tx.ExecContext(ctx, "INSERT INTO meta (name, value) VALUES ('told', '')")
		return err
	})
	var n int
	query := "SELECT COUNT(*) FROM meta WHERE name = 'told'"
	if scan := s.db.reader().QueryRowContext(t.Context(), query).Scan(&n); err != nil || scan != nil || n != 1 {
		t.Errorf("told %v, rows %d (%v)", err, n, scan)
	}
}

func TestUnavailable(t *testing.T) {
	t.Parallel()
	pg := func(code string) error { return fmt.Errorf("x: %w", &pgconn.PgError{Code: code}) }
	for _, err := range []error{pg("57P01"), pg("53300"), pg("08006"), pg("25006"), driver.ErrBadConn, context.DeadlineExceeded} {
		e := fault.AsError(unavailable(err))
		if e.Kind != fault.Unavailable || e.RetryAfter == 0 || !errors.Is(e, err) {
			t.Errorf("%v: %v", err, e)
		}
	}
	for _, err := range []error{nil, pg("23505"), context.Canceled, fault.ErrMoved, fault.New(fault.Forbidden, "", nil)} {
		if got := unavailable(err); got != err { //nolint:errorlint // the very same
			t.Errorf("%v became %v", err, got)
		}
	}
}
