package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"avain/internal/domain/login"
)

// standingsMost is how many attempts one statement looks up. The number is fixed, so
// that the statement is parsed once; shorter lists repeat their last id.
const standingsMost = 32

const (
	standingsSQL = `SELECT id, state, reason, updated_at, expires_at FROM attempts WHERE id IN (
		$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
		$17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32)`

	// The condition on the state is that of the index attempts_updated_at, word for word.
	movedSinceSQL = `SELECT id, updated_at FROM attempts WHERE updated_at > $1 AND state <> 'created'`
)

// AttemptStatuses tells how far attempts are, by their ids. One that does not exist is left
// out.
func (s *Attempts) AttemptStatuses(ctx context.Context, ids []string) (map[string]login.AttemptStatus, error) {
	found := make(map[string]login.AttemptStatus, len(ids))
	for some := range slices.Chunk(ids, standingsMost) {
		if err := s.standings(ctx, some, found); err != nil {
			return nil, wrap("read standings", err)
		}
	}
	return found, nil
}

func (s *Attempts) standings(ctx context.Context, ids []string, found map[string]login.AttemptStatus) error {
	args := make([]any, standingsMost)
	for i := range args {
		args[i] = text(ids[min(i, len(ids)-1)])
	}
	return eachRow(ctx, s.db.reader(), standingsSQL, args, func(row scanner) error {
		var at login.AttemptStatus
		err := row.Scan(&at.Attempt, &at.State, &at.Reason, timeColumn{&at.UpdatedAt}, timeColumn{&at.ExpiresAt})
		found[at.Attempt] = at
		return err
	})
}

// MovedSince lists the attempts that have changed since then, by the clocks of the
// nodes that changed them, each with the time of its last change. Attempts that have
// only been started are left out.
func (s *Attempts) MovedSince(ctx context.Context, since time.Time) (map[string]time.Time, error) {
	moved := map[string]time.Time{}
	err := eachRow(ctx, s.db.reader(), movedSinceSQL, []any{millis(since)}, func(row scanner) error {
		var id string
		var at time.Time
		err := row.Scan(&id, timeColumn{&at})
		moved[id] = at
		return err
	})
	if err != nil {
		return nil, wrap("read what has moved", err)
	}
	return moved, nil
}

// eachRow runs a query and hands over its rows.
func eachRow(ctx context.Context, r runner, query string, args []any, take func(scanner) error) (err error) {
	var rows *sql.Rows
	if rows, err = r.QueryContext(ctx, query, args...); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := take(rows); err != nil {
			return fmt.Errorf("row: %w", err)
		}
	}
	return rows.Err()
}
