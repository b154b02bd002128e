package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"avain/internal/testkit/patience"

	"github.com/jackc/pgx/v5"
)

// server is a PostgreSQL in a temporary folder. Its guard is a shell that waits on a
// pipe from us: when this process ends, however it ends, the pipe closes, and the
// guard stops the server and removes the folder. So no TestMain is needed, and a
// killed test leaves nothing behind.
type server struct {
	folder string
	pipe   io.WriteCloser // never closed by us: held for the life of the process
}

func (s *server) dsn(database string) string {
	return fmt.Sprintf("host=%s user=avain dbname=%s sslmode=disable", s.folder, database)
}

// guard runs the server ($1: its program, $2: the folder) until standard input ends.
const guard = `
"$1" -D "$2/data" -k "$2" >"$2/log" 2>&1 </dev/null &
server=$!
read -r _
kill -INT $server 2>/dev/null
wait $server
rm -rf "$2"
`

func start() (*server, error) {
	bin, err := findBinaries()
	if err != nil {
		return nil, err
	}
	// Not t.TempDir: a socket's path may have 107 bytes at most.
	folder, err := os.MkdirTemp("", "avain-pg-")
	if err != nil {
		return nil, err
	}
	as, err := unprivileged(folder)
	if err != nil {
		return nil, err
	}
	if err := initialise(bin, folder, as); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	cmd := exec.CommandContext(context.Background(), "/bin/sh", "-c", guard, "guard", filepath.Join(bin, "postgres"), folder) //nolint:gosec // our own paths
	cmd.SysProcAttr, cmd.Dir = as, folder
	// A group of its own: Ctrl-C in the terminal must not reach it before us.
	cmd.SysProcAttr.Setpgid = true
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{folder: folder, pipe: pipe}
	return s, s.await()
}

// findBinaries returns the folder of initdb and postgres: the one in PATH, else the
// newest of Debian's.
func findBinaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil && exists(filepath.Join(filepath.Dir(path), "postgres")) {
			return filepath.Dir(path), nil
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	var newest string
	top := 14
	for _, path := range found {
		version, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		if err == nil && version > top {
			newest, top = filepath.Dir(path), version
		}
	}
	if newest == "" {
		return "", errNoServer
	}
	return newest, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// unprivileged gives the folder to somebody who is not root, because PostgreSQL
// refuses to run as root, and says how to run a process as them.
func unprivileged(folder string) (*syscall.SysProcAttr, error) {
	if os.Getuid() != 0 {
		return &syscall.SysProcAttr{}, nil
	}
	somebody, err := user.Lookup("postgres")
	if err != nil {
		if somebody, err = user.Lookup("nobody"); err != nil {
			return nil, fmt.Errorf("find a user to run PostgreSQL as: %w", err)
		}
	}
	uid, err1 := strconv.ParseUint(somebody.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(somebody.Gid, 10, 32)
	if err := errors.Join(err1, err2, os.Chown(folder, int(uid), int(gid))); err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}

// settings make the server small and fast. Its data lives as long as the tests: a
// crash of the machine may eat it, so nothing is ever flushed to the disk.
const settings = `
listen_addresses = ''
max_connections = 200
shared_buffers = 32MB
fsync = off
full_page_writes = off
autovacuum = off
deadlock_timeout = 100ms
max_wal_size = 256MB
log_min_messages = error
`

func initialise(bin, folder string, as *syscall.SysProcAttr) error {
	data := filepath.Join(folder, "data")
	ctx, cancel := patience.Within(context.Background())
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", data, //nolint:gosec // our own paths
		"-U", "avain", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync", "--no-instructions")
	attributes := *as
	cmd.SysProcAttr, cmd.Dir = &attributes, folder
	cmd.Env = slices.Concat(os.Environ(), []string{"LC_ALL=C"})
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	file, err := os.OpenFile(filepath.Join(data, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(settings)
	return errors.Join(err, file.Close())
}

// await polls until the server answers.
func (s *server) await() error {
	ctx, cancel := patience.Within(context.Background())
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, s.dsn("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			log, reading := os.ReadFile(filepath.Join(s.folder, "log"))
			return fmt.Errorf("PostgreSQL does not start: %w\n%s", errors.Join(err, reading), log)
		}
	}
}

// Server is a PostgreSQL of one test alone, which may do to it what would harm others.
type Server struct{ s *server }

// Own starts one, with no database of ours in it. It takes seconds; for most tests
// [Database] is enough.
func Own(t testing.TB) Server {
	t.Helper()
	s, err := start()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		if err := s.pipe.Close(); err != nil { // the guard ends it
			t.Errorf("pgtest: stop the server: %v", err)
		}
	})
	return Server{s}
}

// DSN is that of the database "postgres", for the superuser.
func (o Server) DSN() string { return o.s.dsn("postgres") }

// Host is where it listens: the folder of its socket.
func (o Server) Host() string { return o.s.folder }

// Run executes one statement.
func (o Server) Run(t testing.TB, statement string) {
	t.Helper()
	if err := o.s.run(statement); err != nil {
		t.Fatalf("pgtest: %s: %v", statement, err)
	}
}
