package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"avain/internal/login"
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
)

// spend takes one from the budget, inside the transaction of what it pays for. When
// nothing is left it answers an error that says how long to wait, and the transaction
// must be undone: what was not allowed has not happened.
func spend(ctx context.Context, tx runner, b login.Budget, at time.Time) error {
	each, now := b.Each.Milliseconds(), millis(at)
	latest := now + int64(b.Burst-1)*each // a budget that is full by then has one left now
	var full int64
	err := tx.QueryRowContext(ctx, spendSQL, b.Key[:], now, now+each, each, latest).Scan(&full)
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if err := tx.QueryRowContext(ctx, fullAtSQL, b.Key[:]).Scan(&full); err != nil {
		return err
	}
	e := login.E(login.TooMany, login.ReasonRateLimited, nil)
	e.RetryAfter = time.Duration(full-latest) * time.Millisecond
	return e
}
