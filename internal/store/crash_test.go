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

	"avain/internal/login"
	"avain/internal/store"
	"avain/internal/store/storetest"
)

const (
	// crashVictim names the database that a child process writes until it is killed.
	crashVictim = "AVAIN_STORE_CRASH_VICTIM"
	crashes     = 12
	crashPerson = "crash-person"
)

// TestCrash kills a process in the middle of its writes, again and again, on one
// database. Whatever that process was told is durable must be there; whatever it was
// told is spent must stay spent; and the file must be sound. (This proves the order
// of answer and commit. That the disk holds what was committed is what the pragma
// synchronous=FULL is for, which Open demands.)
func TestCrash(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "crash.db")
	s := open(t, store.Config{Driver: store.SQLite, Path: path})
	p := storetest.Person()
	p.ID = crashPerson
	if err := s.AddPerson(t.Context(), p, nil, nil); err != nil {
		t.Fatal(err)
	}
	acknowledged := 0
	for round := range crashes {
		for _, line := range killed(t, path, rand.IntN(400)) { //nolint:gosec // when to kill is no secret
			acknowledged++
			checkAcknowledged(t, s, round, line)
		}
	}
	if acknowledged < crashes {
		t.Errorf("only %d writes were acknowledged", acknowledged)
	}
	checkFile(t, path)
}

// killed runs a victim, kills it after it has reported some lines, and returns all
// that it has reported.
func killed(t *testing.T, path string, after int) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // ourselves
	cmd.Env = append(os.Environ(), crashVictim+"="+path)
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
func writeUntilKilled(path string) int {
	ctx := context.Background()
	s, err := store.Open(ctx, store.Config{Driver: store.SQLite, Path: path, Log: quiet()})
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
	if err := s.StartAttempt(ctx, a, storetest.Secrets()); err != nil {
		return err
	}
	report("started", a.ID)
	r := login.Redemption{Attempt: a.ID, Code: storetest.NewHash(), At: storetest.Noon(), Session: storetest.Session(crashPerson), Event: storetest.Event("redeem")}
	_, err := s.MoveAttempt(ctx, login.Move{
		Attempt: a.ID, From: []login.State{login.StateCreated}, To: login.StateConfirmed, At: storetest.Noon(), Event: storetest.Event("confirm"),
		SetIdentity: &login.Proven{Person: crashPerson}, SetCode: r.Code, SetCodeEnds: storetest.Noon().Add(time.Minute),
	})
	if err != nil {
		return err
	}
	if _, err := s.RedeemCode(ctx, r); err != nil {
		return err
	}
	report("redeemed", a.ID, r.Session.ID, hex.EncodeToString(r.Code[:]))
	return nil
}

func checkAcknowledged(t *testing.T, s *store.Store, round int, line string) {
	t.Helper()
	words := strings.Fields(line)
	a, err := s.AttemptByID(t.Context(), words[1])
	if err != nil {
		t.Errorf("crash %d: %s: lost: %v", round, line, err)
		return
	}
	if words[0] != "redeemed" {
		return
	}
	if _, err := s.SessionByID(t.Context(), words[2]); a.State != login.StateRedeemed || a.Session != words[2] || err != nil {
		t.Errorf("crash %d: %s: revived: %s, %v", round, line, a.State, err)
	}
	again := login.Redemption{Attempt: a.ID, At: storetest.Noon(), Session: storetest.Session(crashPerson)}
	if n, err := hex.Decode(again.Code[:], []byte(words[3])); n != len(again.Code) || err != nil {
		t.Fatalf("the victim wrote %q", line)
	}
	if _, err := s.RedeemCode(t.Context(), again); !errors.Is(err, login.ErrMoved) {
		t.Errorf("crash %d: %s: redeemed again: %v", round, line, err)
	}
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
