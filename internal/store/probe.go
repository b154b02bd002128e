package store

import (
	"context"
	"errors"
	"strconv"

	"avain/internal/login"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const probeSQL = `INSERT INTO meta (name, value) VALUES ('probe', $1) ON CONFLICT (name) DO UPDATE SET value = $1`

// Probe proves that logins can be written, by writing: a database that is full, read-only
// or demoted still answers whoever only reads. It waits in the same queue as they do.
func (s *Store) Probe(ctx context.Context) error {
	now := strconv.FormatInt(s.now().UnixMilli(), 10)
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		_, err := tx.ExecContext(ctx, probeSQL, now)
		return err
	})
	return wrap("write a probe", err)
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
	if login.AsError(err).Kind == login.Unavailable {
		return "unreachable"
	}
	return "failed"
}
