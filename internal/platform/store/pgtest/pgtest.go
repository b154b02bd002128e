package pgtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"avain/internal/testkit/patience"

	"github.com/jackc/pgx/v5"
)

// howToInstall is what a developer without PostgreSQL reads. Such tests fail: a
// skipped one would let half of the store go untested without anybody noticing.
var errNoServer = errors.New(`these tests run against a real PostgreSQL 15 or newer, and none was found.
Install it (Debian, Ubuntu: apt-get install postgresql; macOS: brew install postgresql), or put the folder
that holds initdb and postgres into PATH. It need not be running`)

// shared is the one server of this process.
var shared = sync.OnceValues(start)

var databases atomic.Int64

// Database makes an empty database and returns its DSN. The database is dropped when
// the test ends; the server stops when the process does.
func Database(t testing.TB) (dsn string) {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	return s.create(t, "")
}

// Like makes a database that is a copy of a template.
func Like(t testing.TB, template string) (dsn string) {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	return s.create(t, " TEMPLATE "+template)
}

// Template makes a database that lives as long as the process, lets prepare fill it, and
// answers its name, for [Like]. Nobody may be connected to it afterwards.
func Template(prepare func(dsn string) error) (name string, err error) {
	s, err := shared()
	if err != nil {
		return "", err
	}
	name = fmt.Sprintf("template_%d", databases.Add(1))
	if err := s.run("CREATE DATABASE " + name); err != nil {
		return "", fmt.Errorf("pgtest: make a template: %w", err)
	}
	return name, prepare(s.dsn(name))
}

func (s *server) create(t testing.TB, like string) (dsn string) {
	t.Helper()
	name := fmt.Sprintf("test_%d", databases.Add(1))
	if err := s.run("CREATE DATABASE " + name + like); err != nil {
		t.Fatalf("pgtest: make a database: %v", err)
	}
	t.Cleanup(func() {
		if err := s.run("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Errorf("pgtest: drop the database: %v", err)
		}
	})
	return s.dsn(name)
}

// run executes one statement as the superuser.
func (s *server) run(statement string) error {
	ctx, cancel := patience.Within(context.Background())
	defer cancel()
	conn, err := pgx.Connect(ctx, s.dsn("postgres"))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	if closing := conn.Close(ctx); err == nil {
		err = closing
	}
	return err
}
