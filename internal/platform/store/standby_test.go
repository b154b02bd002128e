package store_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"testing"

	"avain/internal/domain/fault"
	"avain/internal/platform/store"
	"avain/internal/platform/store/pgtest"
	"avain/internal/platform/store/storetest"
	"avain/internal/secret"
	"avain/internal/testkit/patience"

	"github.com/jackc/pgx/v5"
)

// A planned switchover: the old server goes on answering over the connections that there
// are and refuses every write. No write fails: it finds the new primary by itself.
func TestSwitchover(t *testing.T) {
	t.Parallel()
	old, next := pgtest.Own(t), pgtest.Own(t)
	dsn := fmt.Sprintf("host=%s,%s user=avain dbname=postgres sslmode=disable target_session_attrs=read-write", old.Host(), next.Host())
	readOnly := func(s pgtest.Server, word string) {
		t.Helper()
		s.Run(t, "ALTER SYSTEM SET default_transaction_read_only = "+word)
		s.Run(t, "SELECT pg_reload_conf()")
		waitFor(t, "the server is read-only: "+word, func() bool { return show(t, s, "default_transaction_read_only") == word })
	}
	for _, s := range []pgtest.Server{old, next} {
		db := open(t, store.Config{Driver: store.Postgres, DSN: secret.Of(s.DSN())})
		if err := db.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	readOnly(next, "on")
	db := open(t, store.Config{Driver: store.Postgres, DSN: secret.Of(dsn), Conns: 8})
	start := func() error { return db.Attempts.StartAttempt(t.Context(), storetest.Attempt(), storetest.Secrets()) }
	together(t, 8, start) // every connection leads to the old one

	// Forth and back: each must be found again.
	for round, to := range []pgtest.Server{next, old, next} {
		from := old
		if to == old {
			from = next
		}
		readOnly(to, "off")
		readOnly(from, "on")
		before := count(t, to)
		together(t, 8, start)
		if got := count(t, to) - before; got != 8 {
			t.Errorf("round %d: %d of 8 logins are in the new primary", round, got)
		}
	}

	// With nobody to write to, it is said at once, and whoever tries again gets in.
	readOnly(next, "on")
	if err := start(); fault.AsError(err).Kind != fault.Unavailable || fault.AsError(err).RetryAfter == 0 {
		t.Errorf("nobody is primary: %v", err)
	}
	beat := func(s *store.Store) error { _, err := s.Beat(t.Context(), "n", 0); return err }
	if err := beat(db); err == nil {
		t.Error("nobody is primary, and the beat is written")
	}
	readOnly(old, "off")
	waitFor(t, "a login is begun again", func() bool { return start() == nil })
	if err := beat(db); err != nil {
		t.Errorf("the beat: %v", err)
	}

	// One server alone, behind one name: why it cannot be written to has a word.
	alone := open(t, store.Config{Driver: store.Postgres, DSN: secret.Of(next.DSN())})
	if err := beat(alone); err == nil || store.Cause(err) != "read_only" {
		t.Errorf("a server that only reads: %v, %s", err, store.Cause(err))
	}
}

func together(t *testing.T, n int, act func() error) {
	t.Helper()
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			if err := act(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func show(t *testing.T, s pgtest.Server, setting string) (value string) {
	t.Helper()
	ask(t, s, "SHOW "+setting, &value)
	return value
}

func count(t *testing.T, s pgtest.Server) (n int) {
	t.Helper()
	ask(t, s, "SELECT COUNT(*) FROM attempts", &n)
	return n
}

func ask(t *testing.T, s pgtest.Server, query string, to any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	if err := conn.QueryRow(t.Context(), query).Scan(to); err != nil {
		t.Fatal(err)
	}
}

func waitFor(t *testing.T, what string, is func() bool) {
	t.Helper()
	patience.Until(t, what, is)
}

// A connection that ends in the midst of a statement: a write whose COMMIT was not sent,
// and what only reads, happen after all; otherwise somebody is told to try again. Nothing
// happens twice.
func TestConnectionsThatBreak(t *testing.T) {
	t.Parallel()
	server := pgtest.Own(t)
	cut := newCutter(t, filepath.Join(server.Host(), ".s.PGSQL.5432"))
	config := store.Config{
		Driver: store.Postgres, Conns: 1, Log: slog.New(slog.DiscardHandler),
		DSN: secret.Of(fmt.Sprintf("host=127.0.0.1 port=%d user=avain dbname=postgres sslmode=disable", cut.port)),
	}
	db := open(t, config)
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	first := storetest.Start(t, db)
	for _, at := range []string{"begin", "INSERT", "commit", "SELECT"} {
		for range 3 {
			before, a := count(t, server), storetest.Attempt()
			// Statements are prepared, so only their values go over the line.
			cut.at(map[string]string{"INSERT": a.ID, "SELECT": first.ID}[at])
			if at == "begin" || at == "commit" {
				cut.at(at)
			}
			var err error
			if at == "SELECT" {
				_, err = db.Attempts.AttemptByID(t.Context(), first.ID)
			} else {
				err = db.Attempts.StartAttempt(t.Context(), a, storetest.Secrets())
			}
			if !cut.done() {
				t.Fatalf("%s: nothing was cut", at)
			}
			switch got := count(t, server) - before; {
			case at == "SELECT" && (err != nil || got != 0):
				t.Errorf("reading: %v", err)
			case at == "commit" && (fault.AsError(err).Kind != fault.Unavailable || got > 1):
				t.Errorf("at the commit: %v, %d rows", err, got)
			case at != "SELECT" && at != "commit" && (err != nil || got != 1):
				t.Errorf("at %s: %v, %d rows", at, err, got)
			}
		}
	}
}

// cutter stands between a program and its server, and cuts the connection when the program
// says a word.
type cutter struct {
	port int

	mu   sync.Mutex
	word string
}

func newCutter(t *testing.T, socket string) *cutter {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{port: listener.Addr().(*net.TCPAddr).Port} //nolint:forcetypeassert // of a TCP listener
	var all sync.WaitGroup
	t.Cleanup(func() { _ = listener.Close(); all.Wait() })
	all.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			var dialer net.Dialer
			server, err := dialer.DialContext(context.WithoutCancel(t.Context()), "unix", socket)
			if err != nil {
				_ = client.Close()
				continue
			}
			all.Go(func() { _, _ = io.Copy(client, server); _ = client.Close() })
			all.Go(func() { c.pump(server, client) })
		}
	})
	return c
}

func (c *cutter) pump(server, client net.Conn) {
	defer func() { _ = server.Close(); _ = client.Close() }()
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if err != nil || c.cuts(buffer[:n]) {
			return
		}
		if _, err := server.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (c *cutter) cuts(said []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.word == "" || !bytes.Contains(said, []byte(c.word)) {
		return false
	}
	c.word = ""
	return true
}

func (c *cutter) at(word string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.word = word
}

func (c *cutter) done() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.word == ""
}
