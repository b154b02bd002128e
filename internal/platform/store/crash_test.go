package store_test

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/audit"
	"avain/internal/platform/store"
	"avain/internal/platform/store/pgtest"
	"avain/internal/platform/store/storetest"
	"avain/internal/secret"
)

const (
	// crashVictim names the database that a child process writes until it is killed: a path,
	// or a DSN.
	crashVictim = "AVAIN_STORE_CRASH_VICTIM"
	crashes     = 12
	crashPerson = "crash-person"
)

// TestCrash kills a process in the middle of its writes, again and again, on one
// database. Whatever that process was told is durable must be there; whatever it was
// told is spent must stay spent; and the file must be sound. (This proves the order
// of answer and commit. That the disk holds what was committed is what the pragma
// synchronous=FULL is for, which Open demands.)
//
// A login and its entry in the audit log are there both or neither, and the log is whole,
// though the processes left numbers behind that they never used.
func TestCrash(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "crash.db")
		crash(t, path)
		checkFile(t, path)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		crash(t, pgtest.Database(t))
	})
}

func crash(t *testing.T, database string) {
	t.Helper()
	s := open(t, victimConfig(database))
	p := storetest.Person()
	p.ID = crashPerson
	if err := s.People.AddPerson(t.Context(), p, nil, nil); err != nil {
		t.Fatal(err)
	}
	acknowledged := 0
	for round := range crashes {
		for _, line := range killed(t, database, rand.IntN(400)) { //nolint:gosec // when to kill is no secret
			acknowledged++
			checkAcknowledged(t, s, round, line)
		}
		checkAudited(t, s, database, round)
	}
	if acknowledged < crashes {
		t.Errorf("only %d writes were acknowledged", acknowledged)
	}
}

// crashKey keys the audit log.
const crashKey = "crash"

func victimConfig(database string) store.Config {
	c := store.Config{Driver: store.SQLite, Path: database, AuditKey: secret.Of(crashKey), Log: quiet()}
	if strings.Contains(database, "host=") || strings.Contains(database, "://") {
		c.Driver, c.DSN, c.Path = store.Postgres, secret.Of(database), ""
	}
	return c
}

// checkAudited holds the sessions against the audit log.
func checkAudited(t *testing.T, s *store.Store, database string, round int) {
	t.Helper()
	if _, err := s.Audit.SealAudit(t.Context()); err != nil {
		t.Fatal(err)
	}
	var entries []operations.AuditEntry
	sessions := sessionIDs(t, database)
	for before := -1; before != len(sessions); { // a server ends what a killed client has begun a moment later
		before = len(sessions)
		var err error
		if entries, _, err = s.Audit.SearchAudit(t.Context(), operations.AuditQuery{Limit: 1_000_000, Action: "session.create"}); err != nil {
			t.Fatal(err)
		}
		sessions = sessionIDs(t, database)
	}
	told := map[string]int{}
	for _, e := range entries {
		told[e.Target]++
	}
	for _, id := range sessions {
		if told["session:"+id] != 1 {
			t.Errorf("crash %d: the log tells of session %s %d times", round, id, told["session:"+id])
		}
		delete(told, "session:"+id)
	}
	if len(told) > 0 {
		t.Errorf("crash %d: the log tells of %d sessions that are not there", round, len(told))
	}
	v, err := audit.NewChain(secret.Of(crashKey)).Verify(t.Context(), s.Audit, operations.AuditHead{}, nil)
	if err != nil || v.Break != nil {
		t.Errorf("crash %d: %+v, %v", round, v.Break, err)
	}
}

// killed runs a victim, kills it after it has reported some lines, and returns all
// that it has reported.
func killed(t *testing.T, database string, after int) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // ourselves
	cmd.Env = append(os.Environ(), crashVictim+"="+database)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var lines []string
	scanner := bufio.NewScanner(out)
	for scanner.Scan() {
		lines = append(lines, scanner.Text())
		if len(lines) == after+1 {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || len(lines) <= after {
		t.Fatalf("the victim ended by itself after %d lines: %v", len(lines), err)
	}
	return lines
}

// writeUntilKilled is the victim: it starts, confirms and redeems attempts from many
// goroutines, and reports each step after it has been acknowledged.
func writeUntilKilled(database string) int {
	ctx := context.Background()
	s, err := store.Open(ctx, victimConfig(database))
	if err != nil {
		fmt.Fprintln(os.Stderr, "victim:", err)
		return 1
	}
	var out sync.Mutex
	report := func(words ...string) {
		out.Lock()
		defer out.Unlock()
		fmt.Println(strings.Join(words, " "))
	}
	var all sync.WaitGroup
	all.Go(func() { // as the service does each second
		for err == nil {
			if _, err := s.Audit.SealAudit(ctx); err != nil {
				fmt.Fprintln(os.Stderr, "victim:", err)
				return
			}
		}
	})
	for range 8 {
		all.Go(func() {
			for err == nil {
				if err := victimLogin(ctx, s, report); err != nil {
					fmt.Fprintln(os.Stderr, "victim:", err)
					return
				}
			}
		})
	}
	all.Wait()
	return 1
}

func victimLogin(ctx context.Context, s *store.Store, report func(...string)) error {
	a := storetest.Attempt()
	a.SupportCode = a.ID // unique, however long this runs
	if err := s.Attempts.StartAttempt(ctx, a, storetest.Secrets()); err != nil {
		return err
	}
	report("started", a.ID)
	r := login.Redemption{Attempt: a.ID, Code: storetest.NewHash(), At: storetest.Noon(), Session: storetest.Session(crashPerson), Event: storetest.Event("redeem")}
	_, err := s.Attempts.MoveAttempt(ctx, login.Transition{
		Attempt: a.ID, From: []login.State{login.StateCreated}, To: login.StateConfirmed, At: storetest.Noon(), Event: storetest.Event("confirm"),
		SetIdentity: &login.AuthResult{Person: crashPerson}, SetCode: r.Code, SetCodeEnds: storetest.Noon().Add(time.Minute),
	})
	if err != nil {
		return err
	}
	err = s.Atomically(ctx, func(ctx context.Context) error {
		if _, err := s.Attempts.RedeemCode(ctx, r); err != nil {
			return err
		}
		return s.Audit.AppendAudit(ctx, operations.AuditEntry{At: time.Now(), Actor: "person:" + crashPerson, Action: "session.create", Target: "session:" + r.Session.ID})
	})
	if err != nil {
		return err
	}
	report("redeemed", a.ID, r.Session.ID, hex.EncodeToString(r.Code[:]))
	return nil
}

func checkAcknowledged(t *testing.T, s *store.Store, round int, line string) {
	t.Helper()
	words := strings.Fields(line)
	a, err := s.Attempts.AttemptByID(t.Context(), words[1])
	if err != nil {
		t.Errorf("crash %d: %s: lost: %v", round, line, err)
		return
	}
	if words[0] != "redeemed" {
		return
	}
	if _, err := s.Sessions.SessionByID(t.Context(), words[2]); a.State != login.StateRedeemed || a.Session != words[2] || err != nil {
		t.Errorf("crash %d: %s: revived: %s, %v", round, line, a.State, err)
	}
	again := login.Redemption{Attempt: a.ID, At: storetest.Noon(), Session: storetest.Session(crashPerson)}
	if n, err := hex.Decode(again.Code[:], []byte(words[3])); n != len(again.Code) || err != nil {
		t.Fatalf("the victim wrote %q", line)
	}
	if _, err := s.Attempts.RedeemCode(t.Context(), again); !errors.Is(err, fault.ErrMoved) {
		t.Errorf("crash %d: %s: redeemed again: %v", round, line, err)
	}
}

// sessionIDs reads the sessions that there are.
func sessionIDs(t *testing.T, database string) (all []string) {
	t.Helper()
	driver := map[store.Driver]string{store.SQLite: "sqlite", store.Postgres: "pgx"}[victimConfig(database).Driver]
	db, err := sql.Open(driver, database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	rows, err := db.QueryContext(t.Context(), "SELECT id FROM sessions")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		all = append(all, id)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// checkFile asks SQLite whether the file is sound.
func checkFile(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var verdict string
	if err := db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity check: %s, %v", verdict, err)
	}
}
