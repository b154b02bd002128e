package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/operations"
	"avain/internal/secret"
)

const (
	answerColumns = `mark, request, status, answer, busy_until, expires_at`

	// A request that died on the way is taken over when its time is up.
	beginAnswerSQL = `INSERT INTO idempotency (` + answerColumns + `) VALUES ($1, $2, 0, '', $3, $4)
		ON CONFLICT (mark) DO UPDATE SET request = excluded.request, status = 0, answer = '', busy_until = excluded.busy_until, expires_at = excluded.expires_at
		WHERE idempotency.expires_at <= $5 OR (idempotency.status = 0 AND idempotency.busy_until <= $5 AND idempotency.request = excluded.request)
		RETURNING mark`
	answerSQL       = `SELECT ` + answerColumns + ` FROM idempotency WHERE mark = $1`
	endAnswerSQL    = `UPDATE idempotency SET status = $2, answer = $3 WHERE mark = $1 AND status = 0`
	forgetAnswerSQL = `DELETE FROM idempotency WHERE mark = $1 AND status = 0`

	purgeAnswersSQL = `DELETE FROM idempotency WHERE mark IN (SELECT mark FROM idempotency WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)`
)

// BeginAnswer takes a mark for a request. fault.ErrExists: somebody has it, and the
// answer says what became of it.
func (s *Operations) BeginAnswer(ctx context.Context, a operations.RecordedResponse, now time.Time) (operations.RecordedResponse, error) {
	var found operations.RecordedResponse
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		var mark []byte
		err := tx.QueryRowContext(ctx, beginAnswerSQL, hash(a.Mark), hash(a.Request), millis(a.Busy), millis(a.Expires), millis(now)).Scan(&mark)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		err = tx.QueryRowContext(ctx, answerSQL, hash(a.Mark)).Scan(hashColumn{&found.Mark}, hashColumn{&found.Request}, &found.Status,
			&found.Body, timeColumn{&found.Busy}, timeColumn{&found.Expires})
		if err != nil {
			return err
		}
		return fault.ErrExists
	})
	return found, wrap("begin answer", err)
}

// EndAnswer keeps the answer for whoever asks again.
func (s *Operations) EndAnswer(ctx context.Context, mark secret.Hash, status int, body string) error {
	return wrap("end answer", s.db.write(ctx, func(ctx context.Context, tx runner) error {
		_, err := tx.ExecContext(ctx, endAnswerSQL, hash(mark), status, text(body))
		return err
	}))
}

// ForgetAnswer gives a mark back: the request has changed nothing and may be sent again.
func (s *Operations) ForgetAnswer(ctx context.Context, mark secret.Hash) error {
	return wrap("forget answer", s.db.write(ctx, func(ctx context.Context, tx runner) error {
		_, err := tx.ExecContext(ctx, forgetAnswerSQL, hash(mark))
		return err
	}))
}

// PurgeAdmin deletes answers whose time is up and imports that ended before the time
// given, or never came to their end.
func (s *Operations) PurgeAdmin(ctx context.Context, now, importsBefore time.Time) (n int64, err error) {
	for _, purge := range []struct {
		query  string
		before time.Time
	}{{purgeAnswersSQL, now}, {purgeImportsSQL, importsBefore}} {
		for {
			var deleted int64
			err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
				r, err := tx.ExecContext(ctx, purge.query, millis(purge.before), purgeBatch)
				if err != nil {
					return err
				}
				deleted, err = r.RowsAffected()
				return err
			})
			if n += deleted; err != nil || deleted < purgeBatch {
				if err != nil {
					return n, wrap("purge admin", err)
				}
				break
			}
		}
	}
	return n, nil
}
