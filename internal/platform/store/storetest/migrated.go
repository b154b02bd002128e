package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"avain/internal/platform/store"
	"avain/internal/platform/store/pgtest"
	"avain/internal/secret"

	"github.com/jackc/pgx/v5"
)

// Migrated puts an empty SQLite database with this program's schema at a path where there
// is none: what avain migrate makes there, all but the head of the audit log, which hangs
// on the installation's key. It is made once per process. Migrations are one durable
// transaction each; with the race detector they take a second, and hundreds of tests need
// nothing but what comes out.
func Migrated(t testing.TB, path string) {
	t.Helper()
	content, err := migrated()
	if err == nil {
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Fresh is the path of such a copy, in a folder that goes when the test ends.
func Fresh(t testing.TB) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "avain.db")
	Migrated(t, path)
	return path
}

// FreshPostgres is the same in PostgreSQL: the DSN of a database of the test's own.
func FreshPostgres(t testing.TB) (dsn string) {
	t.Helper()
	template, err := migratedPostgres()
	if err != nil {
		t.Fatal(err)
	}
	return pgtest.Like(t, template)
}

var migrated = sync.OnceValues(func() (_ []byte, err error) {
	folder, err := os.MkdirTemp("", "avain-migrated-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	path, ctx := filepath.Join(folder, "avain.db"), context.Background()
	s, err := store.Open(ctx, store.Config{Driver: store.SQLite, Path: path, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(s.Migrate(ctx), s.Close()); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return nil, err
	}
	_, err = db.ExecContext(ctx, Headless)
	if err := errors.Join(err, db.Close()); err != nil {
		return nil, fmt.Errorf("take the head of the audit log away: %w", err)
	}
	return os.ReadFile(path) //nolint:gosec // the folder made above
})

var migratedPostgres = sync.OnceValues(func() (string, error) {
	return pgtest.Template(func(dsn string) error {
		ctx := context.Background()
		s, err := store.Open(ctx, store.Config{Driver: store.Postgres, DSN: secret.Of(dsn), Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			return err
		}
		if err := errors.Join(s.Migrate(ctx), s.Close()); err != nil {
			return err
		}
		conn, err := pgx.Connect(ctx, dsn)
		if err != nil {
			return err
		}
		_, err = conn.Exec(ctx, Headless)
		return errors.Join(err, conn.Close(ctx))
	})
})

// Headless takes an empty audit log back to before its chain began, which avain migrate then
// does with the installation's key.
const Headless = `UPDATE meta SET value = '0:' WHERE name = 'audit_head'; DELETE FROM goose_db_version WHERE version_id = 26`
