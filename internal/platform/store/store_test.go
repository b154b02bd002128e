package store_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"avain/internal/domain/login"
	"avain/internal/platform/store"
	"avain/internal/platform/store/pgtest"
	"avain/internal/platform/store/storetest"
	"avain/internal/secret"

	"go.uber.org/goleak"
)

// TestMain lets the test binary be its own victim (see TestCrash), and proves that
// the store leaves no goroutine behind.
func TestMain(m *testing.M) {
	if path := os.Getenv(crashVictim); path != "" {
		os.Exit(writeUntilKilled(path))
	}
	goleak.VerifyTestMain(m)
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// open opens and migrates; the store is closed when the test ends.
func open(t testing.TB, config store.Config) *store.Store {
	t.Helper()
	config.Log = quiet()
	s, err := store.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.CheckSchema(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func sqliteConfig(t testing.TB) store.Config {
	config := emptySQLite(t)
	storetest.Migrated(t, config.Path)
	return config
}

func emptySQLite(t testing.TB) store.Config {
	return store.Config{Driver: store.SQLite, Path: filepath.Join(t.TempDir(), "a b?&#%41.db")}
}

func postgresConfig(t testing.TB) store.Config {
	return store.Config{Driver: store.Postgres, DSN: secret.Of(storetest.FreshPostgres(t))}
}

func emptyPostgres(t testing.TB) store.Config {
	return store.Config{Driver: store.Postgres, DSN: secret.Of(pgtest.Database(t))}
}

// onBoth runs a test once per database. config makes a fresh database with its schema.
func onBoth(t *testing.T, test func(t *testing.T, config func(testing.TB) store.Config)) {
	t.Helper()
	t.Parallel()
	for name, config := range map[string]func(testing.TB) store.Config{"sqlite": sqliteConfig, "postgres": postgresConfig} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, config)
		})
	}
}

func TestConformance(t *testing.T) {
	onBoth(t, func(t *testing.T, config func(testing.TB) store.Config) {
		storetest.Run(t, func(t testing.TB) *store.Store { return open(t, config(t)) })
	})
}

// Somebody begins logins in great numbers and finishes none: a day later only those that
// left for a broker have a row, 10,000 of a network at most. The gate runs a part;
// AVAIN_ABANDONED=100000 is the figure of the threat model.
func TestThreat38AbandonedLoginsLeaveBoundedRows(t *testing.T) {
	onBoth(t, func(t *testing.T, config func(testing.TB) store.Config) {
		starts := 2_000
		if v := os.Getenv("AVAIN_ABANDONED"); v != "" {
			var err error
			if starts, err = strconv.Atoi(v); err != nil {
				t.Fatalf("AVAIN_ABANDONED: %v", err)
			}
		}
		storetest.Abandoned(t, open(t, config(t)), starts)
	})
}

// The gate runs five rounds; the figure of bars.md needs AVAIN_RACE_ROUNDS=1000.
func TestThreat05RedeemRace(t *testing.T) {
	onBoth(t, func(t *testing.T, config func(testing.TB) store.Config) {
		rounds := 5
		if v := os.Getenv("AVAIN_RACE_ROUNDS"); v != "" {
			var err error
			if rounds, err = strconv.Atoi(v); err != nil {
				t.Fatalf("AVAIN_RACE_ROUNDS: %v", err)
			}
		}
		storetest.RedeemRace(t, open(t, config(t)), 1000, rounds)
	})
}

// Two nodes on one database: what one revokes or redeems, the other knows at once.
func TestThreat27RevocationIsSeenByOtherNodes(t *testing.T) {
	onBoth(t, func(t *testing.T, config func(testing.TB) store.Config) {
		c := config(t)
		here, there := open(t, c), open(t, c)
		session := storetest.SignIn(t, here)
		at := storetest.Noon()
		for _, marks := range [][]login.ReplayKey{nil, {storetest.Mark()}} {
			if got, err := there.Sessions.UseSession(t.Context(), session.ID, at, session.IdleUntil, marks...); err != nil || !got.Live(at) {
				t.Fatalf("before: %+v, %v", got, err)
			}
		}
		if err := here.Sessions.RevokeSession(t.Context(), session.ID, "stolen", at); err != nil {
			t.Fatal(err)
		}
		for _, marks := range [][]login.ReplayKey{nil, {storetest.Mark()}} {
			if got, err := there.Sessions.UseSession(t.Context(), session.ID, at, session.IdleUntil, marks...); err != nil || got.Live(at) {
				t.Errorf("after: %+v, %v", got, err)
			}
		}
	})
}
