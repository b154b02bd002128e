package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
)

const (
	// spendSQL takes one from a budget, if one is left, in one statement: of many callers
	// on many nodes no more get through than the budget has (threats 5, 22). The row says
	// when the budget is full again; each spending puts that off.
	spendSQL = `INSERT INTO budgets (key, full_at) VALUES ($1, $3)
		ON CONFLICT (key) DO UPDATE SET
			full_at = CASE WHEN budgets.full_at > $2 THEN budgets.full_at + $4 ELSE $3 END
		WHERE budgets.full_at <= $5
		RETURNING full_at`

	fullAtSQL = `SELECT full_at FROM budgets WHERE key = $1`

	repaySQL = `UPDATE budgets SET full_at = full_at - $2 WHERE key = $1`
)

// Spend takes one from each budget, or nothing: when one is empty, the error says how
// long to wait.
func (s *Limits) Spend(ctx context.Context, at time.Time, budgets ...login.RateLimit) error {
	_, err := s.SpendFirst(ctx, at, budgets)
	return err
}

// SpendFirst takes one from each budget of the first group of which none is empty, in
// one transaction, and answers which group that was. When there is none, nothing is
// taken, and the error says how long to wait.
func (s *Limits) SpendFirst(ctx context.Context, at time.Time, groups ...[]login.RateLimit) (paid int, err error) {
	err = s.db.write(ctx, func(ctx context.Context, tx runner) error {
		paid, err = spendFirst(ctx, tx, at, groups)
		return err
	})
	return paid, wrap("spend", err)
}

func spendFirst(ctx context.Context, tx runner, at time.Time, groups [][]login.RateLimit) (int, error) {
	var empty *fault.Error // the one that is soonest not empty any more
	for i, group := range groups {
		err := spendAll(ctx, tx, at, group)
		if err == nil {
			return i, nil
		}
		e := fault.AsError(err)
		if e.Kind != fault.TooMany {
			return 0, err
		}
		if empty == nil || e.RetryAfter < empty.RetryAfter {
			empty = e
		}
	}
	return 0, empty
}

func spendAll(ctx context.Context, tx runner, at time.Time, group []login.RateLimit) error {
	for i, b := range group {
		if err := spend(ctx, tx, b, at); err != nil {
			return errors.Join(err, repay(ctx, tx, group[:i]))
		}
	}
	return nil
}

func repay(ctx context.Context, tx runner, budgets []login.RateLimit) error {
	for _, b := range budgets {
		if _, err := tx.ExecContext(ctx, repaySQL, b.Key[:], b.Interval.Milliseconds()); err != nil {
			return err
		}
	}
	return nil
}

// spend takes one from the budget, inside the transaction of what it pays for. When
// nothing is left it takes nothing and answers an error that says how long to wait, and
// the transaction must be undone: what was not allowed has not happened.
func spend(ctx context.Context, tx runner, b login.RateLimit, at time.Time) error {
	each, now := b.Interval.Milliseconds(), millis(at)
	latest := now + int64(b.Burst-1)*each // a budget that is full by then has one left now
	var full int64
	err := tx.QueryRowContext(ctx, spendSQL, b.Key[:], now, now+each, each, latest).Scan(&full)
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if err := tx.QueryRowContext(ctx, fullAtSQL, b.Key[:]).Scan(&full); err != nil {
		return err
	}
	e := fault.New(fault.TooMany, login.ReasonRateLimited, nil)
	e.RetryAfter = time.Duration(full-latest) * time.Millisecond
	return e
}
