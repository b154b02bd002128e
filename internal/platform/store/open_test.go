package store_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"avain/internal/domain/fault"
	"avain/internal/platform/store"
	"avain/internal/platform/store/pgtest"
	"avain/internal/platform/store/storetest"
	"avain/internal/secret"

	"github.com/jackc/pgx/v5"
)

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	const password = "canary-password"
	for name, c := range map[string]struct {
		config store.Config
		kind   fault.Kind
	}{
		"no driver":         {store.Config{Path: "x"}, fault.Internal},
		"no file":           {store.Config{Driver: store.SQLite}, fault.Internal},
		"memory":            {store.Config{Driver: store.SQLite, Path: "file::memory:"}, fault.Internal},
		"no such folder":    {store.Config{Driver: store.SQLite, Path: filepath.Join(t.TempDir(), "no", "x.db")}, fault.Internal},
		"a folder":          {store.Config{Driver: store.SQLite, Path: t.TempDir()}, fault.Internal},
		"malformed DSN":     {store.Config{Driver: store.Postgres, DSN: secret.Of("postgres://u:" + password + "@[host/db")}, fault.Internal},
		"nobody is there":   {store.Config{Driver: store.Postgres, DSN: secret.Of("postgres://u:" + password + "@127.0.0.1:1/db")}, fault.Unavailable},
		"no such database":  {store.Config{Driver: store.Postgres, DSN: secret.Of(strings.Replace(pgtest.Database(t), "dbname=", "dbname=not_", 1))}, fault.Unavailable},
		"answers too early": {store.Config{Driver: store.Postgres, DSN: secret.Of(pgtest.Database(t) + " synchronous_commit=off")}, fault.Internal},
	} {
		c.config.Log = quiet()
		s, err := store.Open(t.Context(), c.config)
		if err == nil {
			t.Errorf("%s: opened (%v)", name, s.Close())
			continue
		}
		if kind := fault.AsError(err).Kind; kind != c.kind {
			t.Errorf("%s: %v is %v, want %v", name, err, kind, c.kind)
		}
		if strings.Contains(err.Error(), password) {
			t.Errorf("%s: the error shows the password: %v", name, err)
		}
	}
}

func TestCheckSchema(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]store.Config{"sqlite": emptySQLite(t), "postgres": emptyPostgres(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkSchema(t, config)
		})
	}
}

func checkSchema(t *testing.T, c store.Config) {
	t.Helper()
	c.Log = quiet()
	s, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if err := s.CheckSchema(t.Context()); !errors.Is(err, store.ErrSchema) {
		t.Errorf("empty: %v", err)
	}
	for range 2 { // migrating again does nothing
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.CheckSchema(t.Context()); err != nil {
		t.Errorf("migrated: %v", err)
	}
	if c.Driver != store.Postgres {
		return
	}
	conn, err := pgx.Connect(t.Context(), c.DSN.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	for name, statement := range map[string]string{
		"newer": "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)",
		"older": "DELETE FROM goose_db_version WHERE version_id > 1",
	} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
		if err := s.CheckSchema(t.Context()); !errors.Is(err, store.ErrSchema) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Nodes that start together migrate one after the other.
func TestMigrateTogether(t *testing.T) {
	t.Parallel()
	c := emptyPostgres(t)
	errs := make(chan error)
	for range 3 {
		go func() { errs <- migrate(t, c) }()
	}
	for range 3 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func migrate(t *testing.T, c store.Config) error {
	c.Log = quiet()
	s, err := store.Open(t.Context(), c)
	if err != nil {
		return err
	}
	return errors.Join(s.Migrate(t.Context()), s.Close())
}

// A server that closes our connections is an inconvenience, not an error page.
func TestLostConnectionsAreReplaced(t *testing.T) {
	t.Parallel()
	c := postgresConfig(t)
	s := open(t, c)
	conn, err := pgx.Connect(t.Context(), c.DSN.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	for round := range 3 {
		storetest.Start(t, s)
		const others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
		if _, err := conn.Exec(t.Context(), others); err != nil {
			t.Fatal(err)
		}
		// The very next act may meet a dead connection in its hands; it must say so
		// in a way that lets the caller try again, and the one after must succeed.
		a := storetest.Attempt()
		err := s.Attempts.StartAttempt(t.Context(), a, storetest.Secrets())
		if err != nil && fault.AsError(err).Kind != fault.Unavailable {
			t.Errorf("round %d: %v", round, err)
		}
		if err := s.Attempts.StartAttempt(t.Context(), storetest.Attempt(), storetest.Secrets()); err != nil {
			t.Errorf("round %d, again: %v", round, err)
		}
	}
}

func TestStats(t *testing.T) {
	onBoth(t, func(t *testing.T, config func(testing.TB) store.Config) {
		c := config(t)
		s := open(t, c)
		before := s.Stats() // migrating has written, too
		storetest.Start(t, s)
		got := s.Stats()
		if c.Driver == store.SQLite && (got.Writes != before.Writes+1 || got.Batches != before.Batches+1 || got.Bytes == 0) {
			t.Errorf("%+v", got)
		}
		if got.Open == 0 {
			t.Errorf("no connection is open: %+v", got)
		}
	})
}
