package pgtest_test

import (
	"testing"

	"avain/internal/platform/store/pgtest"

	"github.com/jackc/pgx/v5"
)

func TestDatabasesAreSeparate(t *testing.T) {
	t.Parallel()
	for range 2 {
		conn, err := pgx.Connect(t.Context(), pgtest.Database(t))
		if err != nil {
			t.Fatal(err)
		}
		// Fails the second time if it is the same database.
		if _, err := conn.Exec(t.Context(), "CREATE TABLE here (x BIGINT)"); err != nil {
			t.Error(err)
		}
		if err := conn.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
