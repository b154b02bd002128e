package store

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
)

// What a full, read-only or broken database, or a queue without room, does to a beat.
func TestBeatFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		harm func(t *testing.T, s *Store, path string)
		want string
	}{
		"nothing":   {func(*testing.T, *Store, string) {}, ""},
		"read-only": {func(t *testing.T, s *Store, _ string) { pragma(t, s, "PRAGMA query_only = ON") }, "read_only"},
		"broken": {func(t *testing.T, _ *Store, path string) {
			for _, file := range []string{path, path + "-wal"} {
				scribble(t, file)
			}
		}, "broken"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "x.db")
			s, err := Open(t.Context(), Config{Driver: SQLite, Path: path, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() }) // a broken one says so
			if err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			c.harm(t, s, path)
			_, err = s.Beat(t.Context(), "n", 0)
			if c.want == "" && err != nil || c.want != "" && (err == nil || Cause(err) != c.want) {
				t.Errorf("%v: %s, want %s", err, Cause(err), c.want)
			}
			// It reads all the same, which is why reading proves nothing.
			if _, err := s.Clock(t.Context()); err != nil {
				t.Errorf("it does not read: %v", err)
			}
		})
	}
	full := openFull(t)
	if e := fault.AsError(full); e.Kind != fault.Unavailable || e.RetryAfter == 0 {
		t.Errorf("whoever writes to a full disk is told %v", e)
	}
	for err, want := range map[error]string{
		full: "full",
		fault.New(fault.Unavailable, login.ReasonInternal, errQueue): "queue_full",
		unavailable(context.DeadlineExceeded):                        "too_slow",
		unavailable(io.ErrUnexpectedEOF):                             "unreachable",
		errors.New("odd"):                                            "failed",
	} {
		if got := Cause(err); got != want {
			t.Errorf("%v: %s, want %s", err, got, want)
		}
	}
}

// openFull is what a database says that has no room for another row.
func openFull(t *testing.T) error {
	t.Helper()
	s, err := Open(t.Context(), Config{Driver: SQLite, Path: filepath.Join(t.TempDir(), "x.db"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	pragma(t, s, "PRAGMA max_page_count = 1") // SQLite takes what there is, and no more
	return fill(t, s)
}

// pragma runs a statement on the connection that writes.
func pragma(t *testing.T, s *Store, statement string) {
	t.Helper()
	d, ok := s.db.database.(*sqliteDB)
	if !ok {
		t.Fatal("not SQLite")
	}
	if _, err := d.commits.conn.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// fill writes until there is no room.
func fill(t *testing.T, s *Store) error {
	t.Helper()
	for range 1000 {
		err := s.db.write(t.Context(), func(ctx context.Context, tx runner) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO meta (name, value) VALUES (HEX(RANDOMBLOB(16)), HEX(RANDOMBLOB(1000)))")
			return err
		})
		if err != nil {
			return wrap("fill", err)
		}
	}
	t.Fatal("there is always room")
	return nil
}

// scribble writes nonsense over a file.
func scribble(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, make([]byte, info.Size()), 0o600); err != nil {
		t.Fatal(err)
	}
}
