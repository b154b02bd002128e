package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"avain/internal/platform/store/migrations"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

// sqliteDB is one file: a pool of connections that can only read, and one that
// writes.
type sqliteDB struct {
	path    string
	readers *sql.DB
	reads   *statements
	writer  *sql.DB
	writes  *statements
	commits *groupCommit
}

func openSQLite(ctx context.Context, path string, conns int, log *slog.Logger) (_ *sqliteDB, err error) {
	if path == "" || strings.Contains(path, ":memory:") {
		return nil, errors.New("SQLite needs a file: several connections share it")
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	if err := makePrivate(path); err != nil {
		return nil, err
	}
	if conns <= 0 {
		conns = 4
	}
	d := &sqliteDB{path: path}
	if d.writer, err = openFile(path, 1, writerPragmas()); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.closePools())
		}
	}()
	if d.readers, err = openFile(path, conns, readerPragmas()); err != nil {
		return nil, err
	}
	conn, err := d.writer.Conn(ctx)
	if err != nil {
		return nil, err
	}
	d.reads, d.writes = newStatements(d.readers), newStatements(conn)
	if err := demandDurable(ctx, conn); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	d.commits = newGroupCommit(conn, d.writes, log)
	return d, nil
}

// makePrivate makes the file before SQLite would, so that nobody else may read it;
// the -wal and -shm files inherit its mode.
func makePrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the operator names the file
	if err != nil {
		return err
	}
	return f.Close()
}

// writerPragmas make commits durable (synchronous=FULL waits for the disk: a code
// that was redeemed stays redeemed when the power fails, threat 31) and keep the
// write-ahead log short.
func writerPragmas() []string {
	return []string{
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)",
		"wal_autocheckpoint(8000)", "journal_size_limit(67108864)", "cache_size(-32768)",
		"temp_store(MEMORY)", "trusted_schema(OFF)", "secure_delete(ON)",
	}
}

// readerPragmas make sure that a look-up can never write.
func readerPragmas() []string {
	return []string{"busy_timeout(10000)", "query_only(ON)", "cache_size(-4096)", "trusted_schema(OFF)"}
}

func openFile(path string, conns int, pragmas []string) (*sql.DB, error) {
	q := url.Values{"_pragma": pragmas, "_txlock": {"immediate"}}
	name := url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// demandDurable refuses to run when the file system or a build of SQLite did not
// accept the pragmas that everything rests on; SQLite itself stays silent.
func demandDurable(ctx context.Context, conn *sql.Conn) error {
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		var got string
		if err := conn.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(&got); err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("SQLite: %s is %s, want %s", pragma, got, want)
		}
	}
	return nil
}

func (d *sqliteDB) reader() runner { return d.reads }

func (d *sqliteDB) write(ctx context.Context, act func(context.Context, runner) error) error {
	return d.commits.write(ctx, act)
}

// forUpdate has nothing to say: only one transaction writes at a time.
func (d *sqliteDB) forUpdate() string { return "" }

func (d *sqliteDB) clock() string {
	return "SELECT CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER)"
}

func (d *sqliteDB) dialect() dialect {
	return dialect{goose: goose.DialectSQLite3, files: migrations.SQLite}
}

func (d *sqliteDB) bare(context.Context) (*sql.DB, error) {
	return openFile(d.path, 1, writerPragmas())
}

// emptyLog moves what is in the write-ahead log to the file and empties it: rows that
// have been erased would lie in it until it is written over. A reader in the middle of
// something may keep it; then it goes with the next one, or when the service stops.
func (d *sqliteDB) emptyLog(ctx context.Context, log *slog.Logger) {
	var busy, frames, done int
	err := d.readers.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &done)
	if err != nil || busy != 0 {
		log.WarnContext(ctx, "the write-ahead log could not be emptied now; erased rows lie in it until it is written over", "error", err)
	}
}

func (d *sqliteDB) stats() Stats {
	s := poolStats(d.readers)
	s.Queue, s.Batches, s.Writes = len(d.commits.jobs), d.commits.batches.Load(), d.commits.writes.Load()
	for _, suffix := range []string{"", "-wal"} {
		if info, err := os.Stat(d.path + suffix); err == nil {
			s.Bytes += info.Size()
		}
	}
	return s
}

func (d *sqliteDB) close() error {
	return errors.Join(d.commits.close(), d.reads.close(), d.closePools())
}

func (d *sqliteDB) closePools() error {
	var errs []error
	for _, db := range []*sql.DB{d.readers, d.writer} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}
