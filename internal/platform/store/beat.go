package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"avain/internal/domain/fault"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	// nodeLives is for how long a node that says nothing is taken to live.
	nodeLives = 30 * time.Second

	beatSQL = `INSERT INTO nodes (id, ahead, key_names, seen_at) VALUES ($1, $2, $3, (%[1]s))
		ON CONFLICT (id) DO UPDATE SET ahead = excluded.ahead, key_names = excluded.key_names, seen_at = excluded.seen_at`
	forgetNodesSQL = `DELETE FROM nodes WHERE seen_at < (%[1]s) - $1`
	otherNodesSQL  = `SELECT ahead FROM nodes WHERE id <> $1 ORDER BY id`
)

// Beat says that a node lives, which keys it holds, and how far its clock is ahead of the
// database's, and answers the same of the others. It proves that logins can be written, by writing: a
// database that is full, read-only or demoted still answers whoever only reads. It waits in
// the same queue as they do.
func (s *Store) Beat(ctx context.Context, node string, ahead time.Duration) (others []time.Duration, err error) {
	s.stream.beat(node)
	now := s.db.clock()
	err = s.db.write(ctx, func(ctx context.Context, tx runner) error {
		others = nil // the transaction may be run again
		if _, err := tx.ExecContext(ctx, fmt.Sprintf(beatSQL, now), text(node), ahead.Milliseconds(), text(s.keyNames)); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, fmt.Sprintf(forgetNodesSQL, now), nodeLives.Milliseconds()); err != nil {
			return err
		}
		return eachRow(ctx, tx, otherNodesSQL, []any{text(node)}, func(row scanner) error {
			var ms int64
			err := row.Scan(&ms)
			others = append(others, time.Duration(ms)*time.Millisecond)
			return err
		})
	})
	return others, wrap("write that this node lives", err)
}

// Cause is why the database does not do what it should, in one of few words for a metric:
// full, read_only, queue_full, broken, unreachable, too_slow or failed.
func Cause(err error) string {
	switch {
	case errors.Is(err, errQueue):
		return "queue_full"
	case errors.Is(err, context.DeadlineExceeded):
		return "too_slow"
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		switch lite.Code() & 0xff { // the primary code
		case sqlite3.SQLITE_FULL:
			return "full"
		case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
			return "read_only"
		case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
			return "broken"
		}
		return "failed"
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch pg.Code {
		case "25006": // read_only_sql_transaction
			return "read_only"
		case "53100": // disk_full
			return "full"
		case "58030", "XX001", "XX002": // io_error, data_corrupted, index_corrupted
			return "broken"
		}
	}
	if fault.AsError(err).Kind == fault.Unavailable {
		return "unreachable"
	}
	return "failed"
}
