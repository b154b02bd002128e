package store_test

import (
	"strings"
	"testing"

	"avain/internal/platform/store"
	"avain/internal/platform/store/pgtest"
	"avain/internal/platform/store/storetest"
	"avain/internal/secret"

	"github.com/jackc/pgx/v5"
)

// Behind PgBouncer in transaction mode every statement may meet another server: everything
// works as without, when the configuration says so.
func TestThroughPgBouncer(t *testing.T) {
	t.Parallel()
	through := pgtest.Pooler(t)
	storetest.Run(t, func(t testing.TB) *store.Store {
		t.Helper()
		c := postgresConfig(t)
		c.Pooler = secret.Of(through(databaseOf(t, c)))
		return open(t, c)
	})
}

// Where it does not say so, the service does not start, instead of failing now and then.
func TestUnexpectedPgBouncerIsRefused(t *testing.T) {
	t.Parallel()
	c := postgresConfig(t)
	c.DSN = secret.Of(pgtest.Pooler(t)(databaseOf(t, c)))
	for range 5 {
		s, err := store.Open(t.Context(), c)
		if err == nil {
			_ = s.Close()
			t.Fatal("it starts")
		}
		if !strings.Contains(err.Error(), "name that under database.pooler_dsn") {
			t.Errorf("%v", err)
		}
	}
}

func databaseOf(t testing.TB, c store.Config) string {
	t.Helper()
	parsed, err := pgx.ParseConfig(c.DSN.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Database
}
