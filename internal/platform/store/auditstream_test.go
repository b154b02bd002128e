package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/audit"
	"avain/internal/platform/store/pgtest"
	"avain/internal/secret"
	"avain/internal/testkit/patience"
)

// streams are stores of each kind with somebody who can write their databases.
func streams(t *testing.T) []*chained {
	t.Helper()
	var all []*chained
	for _, config := range []Config{
		{Driver: SQLite, Path: filepath.Join(t.TempDir(), "x.db")},
		{Driver: Postgres, DSN: secret.Of(pgtest.Database(t))},
	} {
		config.AuditKey, config.Log = secret.New(), slog.New(slog.DiscardHandler)
		s, err := Open(t.Context(), config)
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
		all = append(all, &chained{TB: t, Store: s, driver: config.Driver, key: config.AuditKey, db: raw(t, s)})
	}
	return all
}

// append adds entries, numbered on.
func (c *chained) append(n int) {
	c.Helper()
	for i := range n {
		if err := c.Audit.AppendAudit(c.Context(), operations.AuditEntry{At: c.now(), Actor: "person:P", Action: "session.create", Target: fmt.Sprint("session:", i)}); err != nil {
			c.Fatalf("%s: %v", c.driver, err)
		}
	}
}

// later lets time pass for this process.
func (c *chained) later(d time.Duration) {
	c.stream.now = func() time.Time { return time.Now().Add(d) }
}

func (c *chained) tidy() {
	c.Helper()
	if err := c.Audit.TidyAudit(c.Context()); err != nil {
		c.Fatalf("%s: %v", c.driver, err)
	}
}

// want verifies the log: it is whole, with so many entries and numbers.
func (c *chained) want(what string, entries, unsealed, pending int64) {
	c.Helper()
	v := c.walk()
	if v.Break != nil || v.Entries != entries || v.Unsealed != unsealed || v.Pending != pending {
		c.Errorf("%s: %s: %+v, %+v; want %d entries, %d unsealed, %d pending", c.driver, what, v, v.Break, entries, unsealed, pending)
	}
}

func (c *chained) walk() audit.Verdict {
	c.Helper()
	v, err := audit.NewChain(c.key).Verify(c.Context(), c.Audit, operations.AuditHead{}, nil)
	if err != nil {
		c.Fatal(err)
	}
	return v
}

func (c *chained) wantFault(what string, fault audit.Fault) {
	c.Helper()
	if v := c.walk(); v.Break == nil || v.Break.Fault != fault {
		c.Errorf("%s: %s: found %+v, want %s", c.driver, what, v.Break, fault)
	}
}

// faulty is a database that fails where it is told to.
type faulty struct {
	database
	undo, lose bool
}

var errFaulty = errors.New("as the test has it")

func (f *faulty) write(ctx context.Context, act func(context.Context, runner) error) error {
	undo, lose := f.undo, f.lose
	f.undo, f.lose = false, false
	err := f.database.write(ctx, func(ctx context.Context, tx runner) error {
		if err := act(ctx, tx); err != nil || !undo {
			return err
		}
		return errFaulty
	})
	if err == nil && lose {
		return errFaulty
	}
	return err
}

// An act and the entries about it happen both or neither.
func TestActAndEntryAreOneTransaction(t *testing.T) {
	t.Parallel()
	for _, c := range streams(t) {
		p := login.Person{ID: login.NewID(), Subject: login.NewID(), Locale: "fi"}
		if err := c.People.AddPerson(t.Context(), p, nil, nil); err != nil {
			t.Fatal(err)
		}
		f := &faulty{database: c.Store.db.database}
		c.Store.db.database = f
		lock := func(also error) error {
			return c.Atomically(t.Context(), func(ctx context.Context) error {
				if err := c.People.LockPerson(ctx, p.ID, c.now()); err != nil {
					return err
				}
				if now, err := c.People.PersonByID(ctx, p.ID); err != nil || now.LockedAt.IsZero() {
					t.Errorf("%s: the act does not see what it has done: %v", c.driver, err)
				}
				if err := c.Audit.AppendAudit(ctx, operations.AuditEntry{At: c.now(), Actor: "system", Action: "person.lock", Target: "person:" + p.ID}); err != nil {
					return err
				}
				_ = c.Operations.RevokeAPIKey(ctx, "nobody's", c.now()) // swallowed: all of it fails all the same
				return also
			})
		}
		state := func() (locked bool, entries int) {
			now, err := c.People.PersonByID(t.Context(), p.ID)
			if err != nil {
				t.Fatal(err)
			}
			found, _, err := c.Audit.SearchAudit(t.Context(), operations.AuditQuery{Action: "person.lock", Limit: 9})
			if err != nil {
				t.Fatal(err)
			}
			return !now.LockedAt.IsZero(), len(found)
		}
		for what, err := range map[string]error{"a call that failed": lock(nil), "an act that failed": lock(errFaulty)} {
			if locked, entries := state(); err == nil || locked || entries != 0 {
				t.Errorf("%s: %s: %v; locked %v, %d entries", c.driver, what, err, locked, entries)
			}
		}
		good := func() error {
			return c.Atomically(t.Context(), func(ctx context.Context) error {
				if err := c.People.LockPerson(ctx, p.ID, c.now()); err != nil {
					return err
				}
				return c.Audit.AppendAudit(ctx, operations.AuditEntry{At: c.now(), Actor: "system", Action: "person.lock", Target: "person:" + p.ID})
			})
		}
		f.undo = true
		if err := good(); !errors.Is(err, errFaulty) {
			t.Fatal(err)
		}
		if locked, entries := state(); locked || entries != 0 {
			t.Errorf("%s: a transaction that came to nothing: locked %v, %d entries", c.driver, locked, entries)
		}
		if err := good(); err != nil {
			t.Fatal(err)
		}
		if locked, entries := state(); !locked || entries != 1 {
			t.Errorf("%s: locked %v, %d entries", c.driver, locked, entries)
		}
		c.want("a number is open", 0, 1, 1)
		c.tidy()
		c.want("the number is voided", 0, 2, 0)
		c.seal(2)
		c.want("all is sealed", 2, 0, 0)
		voids, _, err := c.Audit.SearchAudit(t.Context(), operations.AuditQuery{Action: audit.ActionVoid, Limit: 9})
		if err != nil || len(voids) != 1 || voids[0].Num != 1 || voids[0].Detail["why"] != audit.VoidUndone {
			t.Errorf("%s: voids %+v, %v", c.driver, voids, err)
		}
	}
}

// A commit whose answer was lost has happened: its number is not voided, whether it is
// sealed before this process finds out or afterwards.
func TestLostAnswerIsNoVoid(t *testing.T) {
	t.Parallel()
	for _, c := range streams(t) {
		f := &faulty{database: c.Store.db.database}
		c.Store.db.database = f
		c.append(1)
		for i, sealFirst := range []bool{false, true} {
			f.lose = true
			if err := c.Audit.AppendAudit(t.Context(), operations.AuditEntry{At: c.now(), Action: "lost"}); !errors.Is(err, errFaulty) {
				t.Fatal(err)
			}
			if sealFirst {
				c.seal(1)
			}
			c.tidy()
			if !sealFirst {
				c.seal(2)
			}
			c.want("a lost answer", int64(2+i), 0, 0)
		}
		c.later(time.Minute)
		c.tidy()
		c.want("a minute later", 3, 0, 0)
	}
}

// What is done to entries before they are sealed is found: at once by whoever verifies, and
// for good by the process that wrote them.
func TestUnsealedEntriesAreGuarded(t *testing.T) {
	t.Parallel()
	const where = " WHERE num = 2 AND stream = (SELECT MAX(stream) FROM audit_unsealed)"
	tests := map[string]struct {
		attack  []string
		atOnce  audit.Fault // by verifying before anything is sealed; empty: not yet
		forever audit.Fault // once the process has looked
	}{
		"removed":         {[]string{"DELETE FROM audit_unsealed" + where}, "", audit.Missing},
		"the last":        {[]string{"DELETE FROM audit_unsealed WHERE num = 3"}, "", audit.Missing},
		"all":             {[]string{"DELETE FROM audit_unsealed"}, "", audit.Missing},
		"actor":           {[]string{"UPDATE audit_unsealed SET actor = 'person:Q'" + where}, audit.Altered, audit.Missing},
		"time":            {[]string{"UPDATE audit_unsealed SET at = at + 1" + where}, audit.Altered, audit.Missing},
		"detail":          {[]string{"UPDATE audit_unsealed SET detail = '{}'" + where}, audit.Altered, audit.Missing},
		"moved":           {[]string{"UPDATE audit_unsealed SET num = 99" + where}, audit.Altered, audit.Missing},
		"swapped targets": {[]string{"UPDATE audit_unsealed SET target = 'session:9' WHERE num IN (1, 2)"}, audit.Altered, audit.Missing},
		"copied": {
			[]string{"INSERT INTO audit_unsealed SELECT stream, 4, at, actor, action, target, detail, hash FROM audit_unsealed" + where},
			audit.Altered, audit.Altered,
		},
		"a void thought up": {
			[]string{"UPDATE audit_unsealed SET actor = 'system', action = 'audit.void', detail = '{\"why\":\"undone\"}'" + where},
			audit.Altered, audit.Missing,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, c := range streams(t) {
				c.append(3)
				c.exec(test.attack...)
				if v := c.walk(); test.atOnce == "" && v.Break != nil || test.atOnce != "" && (v.Break == nil || v.Break.Fault != test.atOnce) {
					t.Errorf("%s: at once: %+v", c.driver, v.Break)
				}
				if _, err := c.Audit.SealAudit(t.Context()); err != nil {
					t.Fatal(err)
				}
				c.later(time.Minute)
				c.tidy()
				if _, err := c.Audit.SealAudit(t.Context()); err != nil {
					t.Fatal(err)
				}
				c.wantFault("in the end", test.forever)
			}
		})
	}
}

// An entry that was sealed cannot be put in a second time, neither by waiting for the sealer
// nor into the chain.
func TestSealedEntriesComeOnce(t *testing.T) {
	t.Parallel()
	for _, c := range streams(t) {
		c.append(3)
		c.exec("CREATE TABLE copy AS SELECT * FROM audit_unsealed")
		c.seal(3)
		c.exec("INSERT INTO audit_unsealed SELECT * FROM copy WHERE num = 2")
		c.wantFault("waiting again", audit.Inserted)
		c.seal(0)
		c.wantFault("put aside", audit.Altered)
		if aside, err := c.Audit.AuditRefused(t.Context(), 9); err != nil || len(aside) != 1 || aside[0].Num != 2 {
			t.Errorf("%s: put aside: %+v, %v", c.driver, aside, err)
		}
		if since, refused, err := c.Audit.AuditUnsealedSince(t.Context()); err != nil || !since.IsZero() || refused != 1 {
			t.Errorf("%s: since %s, %d refused, %v", c.driver, since, refused, err)
		}
		// Whoever hides that it was sealed gets it in again, and is found out by the chain.
		c.exec("DELETE FROM audit_refused", "DELETE FROM audit_sealed", "INSERT INTO audit_unsealed SELECT * FROM copy WHERE num = 2")
		c.seal(1)
		c.wantFault("sealed twice", audit.Inserted)
	}
}

// A process that ends in an orderly way leaves nothing open, and one that finds a hole then
// says so.
func TestStreamIsClosedInTheEnd(t *testing.T) {
	t.Parallel()
	for _, attack := range []string{"", "DELETE FROM audit_unsealed WHERE num = 3"} {
		for _, c := range streams(t) {
			c.append(3)
			if attack != "" {
				c.exec(attack)
			}
			if err := c.Audit.closeOwnStream(t.Context()); err != nil {
				t.Fatal(err)
			}
			if open, err := c.Audit.AuditStreams(t.Context()); err != nil || len(open) > 0 {
				t.Errorf("%s: open %v, %v", c.driver, open, err)
			}
			if attack != "" {
				c.wantFault("its last entry was removed", audit.Missing)
			} else {
				c.want("closed", 3, 0, 0)
			}
			c.append(1) // in another stream
			c.seal(1)
			if attack == "" {
				c.want("and on", 4, 0, 0)
			}
		}
	}
}

// A process that died leaves numbers without entries. Another closes its stream; should it
// live after all, what it goes on to write is in another one.
func TestDeadStreamsAreClosed(t *testing.T) {
	t.Parallel()
	for _, c := range streams(t) {
		c.append(2)
		given := entryNumbers{}
		c.stream.take(&given, 1) // its transaction will never end
		c.append(2)
		c.want("under way", 0, 4, 1)
		if err := c.Audit.CloseDeadStreams(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.want("too early to say", 0, 4, 1)
		c.exec("UPDATE audit_streams SET opened_at = 0, node = 'n'")
		if _, err := c.Beat(t.Context(), "n", 0); err != nil {
			t.Fatal(err)
		}
		if err := c.Audit.CloseDeadStreams(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.want("its node lives", 0, 4, 1)
		c.exec("DELETE FROM nodes")
		if err := c.Audit.CloseDeadStreams(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.want("dead", 5, 0, 0)
		voids, _, err := c.Audit.SearchAudit(t.Context(), operations.AuditQuery{Action: audit.ActionVoid, Limit: 9})
		if err != nil || len(voids) != 1 || voids[0].Num != 3 || voids[0].Detail["why"] != audit.VoidDied {
			t.Errorf("%s: voids %+v, %v", c.driver, voids, err)
		}
		c.append(1)
		c.want("alive after all", 5, 1, 0)
		c.seal(1)
		found, _, err := c.Audit.SearchAudit(t.Context(), operations.AuditQuery{Limit: 9})
		if err != nil || len(found) != 6 || found[0].Stream == found[1].Stream || found[0].Num != 1 {
			t.Errorf("%s: %+v, %v", c.driver, found, err)
		}
		c.later(time.Minute)
		c.tidy()
		c.want("a minute later", 6, 0, 0)
	}
}

// A hole in a stream that is closed was made by somebody: closing accounts for every number.
func TestHolesInClosedStreamsAreFound(t *testing.T) {
	t.Parallel()
	for _, c := range streams(t) {
		c.append(3)
		c.exec("CREATE TABLE copy AS SELECT * FROM audit_streams", "DELETE FROM audit_unsealed WHERE num = 2")
		c.seal(2)
		c.exec("DELETE FROM audit_streams")
		c.wantFault("closed by the attacker", audit.Removed)
		c.exec("INSERT INTO audit_streams SELECT * FROM copy")
		c.later(time.Minute)
		c.tidy()
		c.seal(1)
		c.wantFault("opened again", audit.Missing)
	}
}

// Closing waits for the transactions that write to the stream, and one that comes later
// begins another: no entry is lost, none comes into a closed stream.
func TestClosingWaitsForTransactions(t *testing.T) {
	t.Parallel()
	c := streams(t)[1] // on SQLite only one transaction writes at a time
	c.append(1)
	c.exec("UPDATE audit_streams SET opened_at = 0")
	inside, goOn := make(chan struct{}), make(chan struct{})
	failed := make(chan error, 2)
	tx, err := c.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	given := entryNumbers{}
	if err := c.stream.write(t.Context(), tx, &given, []operations.AuditRow{{At: 1, Actor: "a", Action: "b", Target: "c", Detail: "null"}}); err != nil {
		t.Fatal(err)
	}
	go func() {
		close(inside)
		failed <- c.Audit.CloseDeadStreams(context.WithoutCancel(t.Context()))
	}()
	<-inside
	go func() {
		failed <- c.Audit.AppendAudit(context.WithoutCancel(t.Context()), operations.AuditEntry{At: c.now(), Action: "later"})
		close(goOn)
	}()
	c.untilLocked()
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	<-goOn
	if err := errors.Join(<-failed, <-failed); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Audit.SealAudit(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.want("closed meanwhile", 3, 0, 0)
}

// untilLocked waits until a transaction waits for another one.
func (c *chained) untilLocked() {
	c.Helper()
	for n := 0; n == 0; {
		const query = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
		if err := c.db.QueryRowContext(c.Context(), query).Scan(&n); err != nil {
			c.Fatal(err)
		}
	}
}

// One node seals; when it is no more another does.
func TestOneNodeSeals(t *testing.T) {
	t.Parallel()
	c := streams(t)[1]
	other := c.secondNode()
	c.append(2)
	c.seal(2)
	c.append(3)
	if n, err := other.Audit.SealAudit(t.Context()); n != 0 || err != nil {
		t.Errorf("both seal: %d, %v", n, err)
	}
	c.exec("UPDATE leases SET until = 0")
	if n, err := other.Audit.SealAudit(t.Context()); n != 3 || err != nil {
		t.Errorf("the other sealed %d, %v", n, err)
	}
	c.append(1)
	c.seal(0)
	c.want("in turns", 5, 1, 0)
}

// What is not sealed yet is found like everything else, and whoever turns pages misses
// nothing.
func TestUnsealedEntriesAreFound(t *testing.T) {
	t.Parallel()
	for _, c := range streams(t) {
		c.append(3)
		c.seal(3)
		c.append(5)
		var seen []string
		q := operations.AuditQuery{Limit: 2}
		for range 9 {
			found, left, err := c.Audit.SearchAudit(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range found {
				seen = append(seen, fmt.Sprint(e.Num))
			}
			if q.Before = left; left == 0 {
				break
			}
		}
		// The first page has the oldest of the unsealed ones: newer ones are before it.
		if got := strings.Join(seen, " "); got != "5 4 3 2 1" {
			t.Errorf("%s: %s", c.driver, got)
		}
		found, _, err := c.Audit.SearchAudit(t.Context(), operations.AuditQuery{Action: "session.*", Target: "session:1", Limit: 9})
		if err != nil || len(found) != 2 || found[0].Seq != 0 || found[1].Seq != 2 {
			t.Errorf("%s: %+v, %v", c.driver, found, err)
		}
		all, _, err := c.Audit.SearchAudit(t.Context(), operations.AuditQuery{Limit: 99})
		nums := make([]int64, len(all))
		for i, e := range all {
			nums[i] = e.Num
		}
		if want := []int64{8, 7, 6, 5, 4, 3, 2, 1}; err != nil || !slices.Equal(nums, want) {
			t.Errorf("%s: %v, %v", c.driver, nums, err)
		}
	}
}

// Whoever acts waits neither for a transaction of another node nor for the one that seals.
func TestActsWaitForNobody(t *testing.T) {
	t.Parallel()
	c := streams(t)[1] // on SQLite only one transaction writes at a time
	c.append(1)
	other := c.secondNode()
	tx, err := c.db.BeginTx(t.Context(), nil) // of the first node, and as if it also sealed
	if err != nil {
		t.Fatal(err)
	}
	given := entryNumbers{}
	if err := c.stream.write(t.Context(), tx, &given, []operations.AuditRow{{At: 1, Actor: "a", Action: "b", Target: "c", Detail: "null"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Audit.lockAuditHead(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	for node, s := range map[string]*Store{"the same": c.Store, "another": other} {
		ctx, cancel := context.WithTimeout(t.Context(), patience.Limit())
		if err := s.Audit.AppendAudit(ctx, operations.AuditEntry{At: c.now(), Action: "x"}); err != nil {
			t.Errorf("%s node waits: %v", node, err)
		}
		cancel()
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	c.want("all of them", 0, 4, 0)
}

// A chain from before there were streams goes on, and keeps its proof.
func TestOldChainsGoOn(t *testing.T) {
	t.Parallel()
	for _, c := range streams(t) {
		chain := audit.NewChain(c.key)
		head, err := c.Audit.AuditHead(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			row := operations.AuditRow{Seq: head.Seq + 1, At: head.Seq * 1000, Actor: "system", Action: "key.rotate", Target: "key:1", Detail: "null"}
			head = operations.AuditHead{Seq: row.Seq, Hash: chain.Next(head.Hash, row)}
			const query = "INSERT INTO audit (seq, at, actor, action, target, detail, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)"
			if _, err := c.db.ExecContext(t.Context(), query, row.Seq, row.At, row.Actor, row.Action, row.Target, row.Detail, head.Hash[:]); err != nil {
				t.Fatal(err)
			}
		}
		c.setHead(head.String())
		c.append(3)
		c.want("written", 5, 3, 0)
		c.seal(3)
		c.want("sealed", 8, 0, 0)
		if v, err := chain.Verify(t.Context(), c.Audit, head, nil); err != nil || v.Break != nil {
			t.Errorf("%s: the old head is not part of it: %+v, %v", c.driver, v.Break, err)
		}
		c.dropTriggers()
		c.exec("UPDATE audit SET target = 'key:2' WHERE seq = 3")
		c.wantFault("an old entry altered", audit.Altered)
		c.exec("UPDATE audit SET target = 'key:1' WHERE seq = 3", "UPDATE audit SET stream = 1, num = 1 WHERE seq = 3")
		c.wantFault("made to look like a new one", audit.Altered)
	}
}
