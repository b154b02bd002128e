package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"avain/internal/testkit/patience"

	"github.com/jackc/pgx/v5"
)

// poolerGuard runs the pooler ($1: its program, $2: the folder) until standard input ends.
const poolerGuard = `
"$1" "$2/pgbouncer.ini" >"$2/log" 2>&1 </dev/null &
pooler=$!
read -r _
kill -KILL $pooler 2>/dev/null
wait $pooler
rm -rf "$2"
`

// poolerSettings: few connections for many clients, so that each transaction meets another.
const poolerSettings = `
[databases]
* = host=%s user=avain
[pgbouncer]
listen_addr =
unix_socket_dir = %s
auth_type = any
pool_mode = transaction
default_pool_size = 4
max_client_conn = 1000
max_db_connections = 4
`

// Pooler runs a PgBouncer in transaction mode before the server of this process, as long as
// the test lives. It returns what makes the DSN of a database lead through it.
func Pooler(t testing.TB) (through func(database string) string) {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer" // Debian's, which is in no ordinary PATH
	}
	if !exists(program) {
		t.Fatal("these tests need PgBouncer (Debian, Ubuntu: apt-get install pgbouncer; macOS: brew install pgbouncer)")
	}
	folder, err := os.MkdirTemp("", "avain-pb-")
	if err != nil {
		t.Fatal(err)
	}
	as, err := unprivileged(folder)
	if err != nil {
		t.Fatal(err)
	}
	settings := fmt.Appendf(nil, poolerSettings, s.folder, folder)
	if err := os.WriteFile(filepath.Join(folder, "pgbouncer.ini"), settings, 0o644); err != nil { //nolint:gosec // it runs as somebody else
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.Background(), "/bin/sh", "-c", poolerGuard, "guard", program, folder) //nolint:gosec // our own paths
	cmd.SysProcAttr, cmd.Dir = as, folder
	cmd.SysProcAttr.Setpgid = true
	pipe, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(pipe.Close(), cmd.Wait()); err != nil {
			t.Errorf("pgtest: stop PgBouncer: %v", err)
		}
	})
	through = func(database string) string {
		return fmt.Sprintf("host=%s port=6432 user=avain dbname=%s sslmode=disable", folder, database)
	}
	awaitPooler(t, folder, through("postgres"))
	return through
}

// awaitPooler polls until the pooler answers.
func awaitPooler(t testing.TB, folder, dsn string) {
	t.Helper()
	ctx, cancel := patience.Within(t.Context())
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, dsn)
		if err == nil {
			_ = conn.Close(ctx)
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(folder, "log"))
			t.Fatalf("pgtest: PgBouncer does not start: %v\n%s", err, log)
		}
	}
}
