package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// unavailable classifies the errors of a database that is away, full or busy, so
// that the answer says "try again" and not "our fault". Others pass unchanged.
func unavailable(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	if _, classified := errors.AsType[*fault.Error](err); classified || !away(err) {
		return err
	}
	e := fault.New(fault.Unavailable, login.ReasonInternal, err)
	e.RetryAfter = time.Second
	return e
}

func away(err error) bool {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pgAway(pg.Code)
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		switch lite.Code() & 0xff { // the primary code
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
			sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM:
			return true
		}
	}
	return errors.Is(err, context.DeadlineExceeded) || broken(err)
}

// broken reports whether a connection to a database has ended in the midst of something.
// What it was doing may have happened or not.
func broken(err error) bool {
	if pgconn.SafeToRetry(err) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return true
	}
	// The server says good-bye: admin_shutdown, crash_shutdown, cannot_connect_now.
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == "57P01" || pg.Code == "57P02" || pg.Code == "57P03")
}

// pgAway knows the SQLSTATEs of a server that is going, coming, full, or no longer
// the primary (PostgreSQL documentation, appendix A).
func pgAway(code string) bool {
	switch code {
	case "57P01", "57P02", "57P03", "25006", "40001", "40P01":
		return true
	}
	return strings.HasPrefix(code, "08") || strings.HasPrefix(code, "53")
}
