package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"avain/internal/domain/operations"
	"avain/internal/platform/audit"
	"avain/internal/platform/store/pgtest"
	"avain/internal/secret"

	"github.com/pressly/goose/v3"
	"pgregory.net/rapid"
)

// chained is a store with some entries and somebody who can write its database, but
// does not know the key.
type chained struct {
	testing.TB
	*Store
	driver Driver
	key    secret.Text
	db     *sql.DB
	head   operations.AuditHead
	begun  operations.AuditHead
}

const (
	oldEntries = 7 // from before the chain
	newEntries = 20
	allEntries = oldEntries + newEntries
)

// chainedStores makes one of each kind. The first entries are older than the chain.
func chainedStores(t *testing.T) []*chained {
	t.Helper()
	var all []*chained
	key := secret.New()
	for _, config := range []Config{
		{Driver: SQLite, Path: filepath.Join(t.TempDir(), "x.db")},
		{Driver: Postgres, DSN: secret.Of(pgtest.Database(t))},
	} {
		config.AuditKey, config.Log = key, slog.New(slog.DiscardHandler)
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
		c := &chained{TB: t, Store: s, driver: config.Driver, key: key, db: raw(t, s)}
		c.fill()
		all = append(all, c)
	}
	return all
}

func (c *chained) fill() {
	c.dropTriggers()
	for i := range oldEntries {
		c.exec(fmt.Sprintf("INSERT INTO audit (seq, at, actor, action, target, detail) VALUES (%d, %d, 'system', 'key.rotate', 'key:%d', 'null')", i+1, i*1000, i))
	}
	c.exec(fmt.Sprintf("UPDATE meta SET value = '%d:' WHERE name = 'audit_head'", oldEntries))
	tx, err := c.db.BeginTx(c.Context(), nil)
	if err != nil {
		c.Fatal(err)
	}
	if err := errors.Join(c.Audit.beginAuditChain(c.Context(), tx), tx.Commit()); err != nil {
		c.Fatal(err)
	}
	for i := range newEntries {
		if err := c.Audit.AppendAudit(c.Context(), operations.AuditEntry{
			At: time.UnixMilli(int64(100+i) * 1000), Actor: "person:P" + fmt.Sprint(i%3), Action: "session.create", Target: fmt.Sprint("session:S", i),
			Detail: map[string]string{"client": "smartumpay", "means": "metsä"},
		}); err != nil {
			c.Fatal(err)
		}
	}
	c.seal(newEntries)
	c.exec("CREATE TABLE audit_copy AS SELECT * FROM audit")
	if c.begun, err = c.Audit.AuditBeginning(c.Context()); err != nil || c.begun.Seq != oldEntries {
		c.Fatalf("begun at %v, %v", c.begun, err)
	}
	if c.head, err = c.Audit.AuditHead(c.Context()); err != nil || c.head.Seq != allEntries {
		c.Fatalf("head %v, %v", c.head, err)
	}
}

// seal seals what was written.
func (c *chained) seal(want int) {
	c.Helper()
	if n, err := c.Audit.SealAudit(c.Context()); err != nil || n != want {
		c.Fatalf("%s: %d entries were sealed, %v; want %d", c.driver, n, err, want)
	}
}

func (c *chained) dropTriggers() {
	c.Helper()
	names := map[Driver][]string{
		SQLite:   {"audit_no_update", "audit_no_delete", "audit_no_replace"},
		Postgres: {"audit_no_update", "audit_no_delete", "audit_no_truncate"},
	}[c.driver]
	for _, name := range names {
		statement := "DROP TRIGGER IF EXISTS " + name
		if c.driver == Postgres {
			statement += " ON audit"
		}
		c.exec(statement)
	}
}

func (c *chained) exec(statements ...string) {
	c.Helper()
	for _, statement := range statements {
		if _, err := c.db.ExecContext(c.Context(), statement); err != nil {
			c.Fatalf("%s: %v", statement, err)
		}
	}
}

// restore undoes what the attacker did.
func (c *chained) restore() {
	c.Helper()
	c.exec("DELETE FROM audit", "INSERT INTO audit SELECT * FROM audit_copy")
	c.setHead(c.head.String())
}

func (c *chained) setHead(value string) {
	c.Helper()
	c.exec("UPDATE meta SET value = '" + value + "' WHERE name = 'audit_head'")
}

func (c *chained) verify(known operations.AuditHead) audit.Verdict {
	c.Helper()
	v, err := audit.NewChain(c.key).Verify(c.Context(), c.Audit, known, nil)
	if err != nil {
		c.Fatal(err)
	}
	// Where it is known outside the database where the chain began, nothing is missed.
	recorded, err := audit.NewChain(c.key).Begun(c.begun).Verify(c.Context(), c.Audit, known, nil)
	if err != nil || (recorded.Break == nil) != (v.Break == nil) {
		c.Errorf("%s: with its beginning known: %+v, without: %+v, %v", c.driver, recorded.Break, v.Break, err)
	}
	return v
}

func (c *chained) wantBreak(what string, known operations.AuditHead, want audit.Break) {
	c.Helper()
	if got := c.verify(known); got.Break == nil || *got.Break != want {
		c.Errorf("%s: %s: found %+v, want %+v", c.driver, what, got.Break, want)
	}
}

func TestAuditChainIsWhole(t *testing.T) {
	t.Parallel()
	for _, c := range chainedStores(t) {
		v := c.verify(c.head)
		if v.Break != nil || v.Entries != allEntries || v.Before != oldEntries || v.Head != c.head {
			t.Errorf("%s: %+v", c.driver, v)
		}
		// Doing the beginning again changes nothing.
		if err := c.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if v := c.verify(c.head); v.Break != nil {
			t.Errorf("%s: %+v", c.driver, v.Break)
		}
		// Whoever has another key finds nothing as it should be.
		other, err := audit.NewChain(secret.New()).Verify(t.Context(), c.Audit, operations.AuditHead{}, nil)
		if err != nil || other.Break == nil || other.Break.Seq != 1 {
			t.Errorf("%s: with another key: %+v, %v", c.driver, other.Break, err)
		}
	}
}

// columnTricks are ways of altering one column of one entry.
func columnTricks(driver Driver) map[string]string {
	tricks := map[string]string{
		"at":               "at = at + 1",
		"actor":            "actor = actor || 'x'",
		"actor, emptied":   "actor = ''",
		"action":           "action = 'session.revoke'",
		"target":           "target = 'session:S99'",
		"detail, a word":   "detail = REPLACE(detail, 'smartumpay', 'other')",
		"detail, a space":  "detail = detail || ' '",
		"across the edge":  "actor = actor || SUBSTR(action, 1, 1), action = SUBSTR(action, 2)",
		"two columns":      "actor = target, target = actor",
		"hash, cut":        "hash = SUBSTR(hash, 1, 31)",
		"hash, of another": "hash = (SELECT hash FROM audit_copy o WHERE o.seq = 26)",
	}
	if driver == SQLite { // which stores what it is given
		tricks["actor as bytes"] = "actor = CAST(actor AS BLOB)"
		tricks["target as bytes"] = "target = CAST(target AS BLOB)"
		tricks["time as text"] = "at = 'noon'"
		tricks["hash as text"] = "hash = 'x'"
	}
	return tricks
}

// Whoever can write the database, and drop the triggers, but does not know the key,
// cannot alter anything without a trace.
func TestAuditAlterationsAreFound(t *testing.T) {
	t.Parallel()
	for _, c := range chainedStores(t) {
		for name, set := range columnTricks(c.driver) {
			for _, seq := range []int64{oldEntries + 1, oldEntries + 2, 15, allEntries} {
				if seq == 26 && strings.HasPrefix(name, "hash, of") {
					continue
				}
				c.exec(fmt.Sprintf("UPDATE audit SET %s WHERE seq = %d", set, seq))
				got := c.verify(operations.AuditHead{}).Break
				if got == nil || got.Fault != audit.Altered || got.Through != seq || got.Seq != seq && (got.Seq != 1 || seq != oldEntries+1) {
					t.Errorf("%s: %s of %d: %+v", c.driver, name, seq, got)
				}
				c.restore()
			}
			if strings.HasPrefix(name, "hash") || strings.HasPrefix(name, "detail, a word") {
				continue
			}
			// Of the oldest entries only a sum is known.
			c.exec(fmt.Sprintf("UPDATE audit SET %s WHERE seq = 3", set))
			if got := c.verify(operations.AuditHead{}).Break; got == nil || got.Fault != audit.Altered || got.Through > oldEntries+1 {
				t.Errorf("%s: %s of an old entry: %+v", c.driver, name, got)
			}
			c.restore()
		}
	}
}

func TestAuditManipulationsAreFound(t *testing.T) {
	t.Parallel()
	const forged = "INSERT INTO audit (seq, at, actor, action, target, detail, hash) SELECT %s, at, 'system', action, target, detail, %s FROM audit_copy WHERE seq = %d"
	tests := map[string]struct {
		attack []string
		head   bool // the head is set to what is then the last entry
		want   audit.Break
	}{
		"removed":                {[]string{"DELETE FROM audit WHERE seq = 12"}, false, audit.Break{Fault: audit.Removed, Seq: 12, Through: 12}},
		"several removed":        {[]string{"DELETE FROM audit WHERE seq BETWEEN 12 AND 14"}, false, audit.Break{Fault: audit.Removed, Seq: 12, Through: 14}},
		"first removed":          {[]string{"DELETE FROM audit WHERE seq = 1"}, false, audit.Break{Fault: audit.Removed, Seq: 1, Through: 1}},
		"all old ones removed":   {[]string{fmt.Sprint("DELETE FROM audit WHERE seq <= ", oldEntries)}, false, audit.Break{Fault: audit.Removed, Seq: 1, Through: oldEntries}},
		"removed and renumbered": {slices.Concat([]string{"DELETE FROM audit WHERE seq BETWEEN 12 AND 13"}, renumber(14, -2)), true, audit.Break{Fault: audit.Removed, Seq: 12, Through: 13}},
		"swapped":                {swap(12, 13), false, audit.Break{Fault: audit.Reordered, Seq: 12, Through: 12}},
		"swapped from afar":      {swap(11, 21), false, audit.Break{Fault: audit.Reordered, Seq: 11, Through: 11}},
		"inserted": {
			slices.Concat(renumber(12, 1), []string{fmt.Sprintf(forged, "12", "hash", 12)}), true,
			audit.Break{Fault: audit.Inserted, Seq: 12, Through: 12},
		},
		"inserted as if old": {
			slices.Concat(renumber(12, 1), []string{fmt.Sprintf(forged, "12", "NULL", 12)}), true,
			audit.Break{Fault: audit.Inserted, Seq: 12, Through: 12},
		},
		"appended":            {[]string{fmt.Sprintf(forged, fmt.Sprint(allEntries+1), "hash", 12)}, false, audit.Break{Fault: audit.Altered, Seq: allEntries + 1, Through: allEntries + 1}},
		"appended far away":   {[]string{fmt.Sprintf(forged, "9000000000000000000", "hash", 12)}, false, audit.Break{Fault: audit.Inserted, Seq: 9e18, Through: 9e18}},
		"numbered below one":  {[]string{fmt.Sprintf(forged, "-5", "hash", 12)}, false, audit.Break{Fault: audit.Inserted, Seq: -5, Through: -5}},
		"numbered nought":     {[]string{fmt.Sprintf(forged, "0", "hash", 12)}, false, audit.Break{Fault: audit.Inserted, Seq: 0, Through: 0}},
		"end removed":         {[]string{"DELETE FROM audit WHERE seq > 20"}, false, audit.Break{Fault: audit.Cut, Seq: 21, Through: allEntries}},
		"all removed":         {[]string{"DELETE FROM audit"}, false, audit.Break{Fault: audit.Cut, Seq: 1, Through: allEntries}},
		"hashes taken away":   {[]string{"UPDATE audit SET hash = NULL"}, false, audit.Break{Fault: audit.WrongHead, Seq: allEntries, Through: allEntries}},
		"some hashes taken":   {[]string{"UPDATE audit SET hash = NULL WHERE seq < 15"}, false, audit.Break{Fault: audit.Altered, Seq: 1, Through: 15}},
		"head put back":       {[]string{"UPDATE meta SET value = (SELECT '20:' || " + "'%s') WHERE name = 'audit_head'"}, false, audit.Break{Fault: audit.WrongHead, Seq: 20, Through: 20}},
		"head with no number": {[]string{"UPDATE meta SET value = REPLACE(value, '27:', '26:') WHERE name = 'audit_head'"}, false, audit.Break{Fault: audit.WrongHead, Seq: 26, Through: 26}},
	}
	for _, c := range chainedStores(t) {
		rows, err := c.Audit.AuditRows(t.Context(), 19, 20, 1)
		if err != nil || len(rows) != 1 {
			t.Fatal(rows, err)
		}
		for name, test := range tests {
			for _, statement := range test.attack {
				c.exec(strings.ReplaceAll(statement, "%s", fmt.Sprintf("%x", rows[0].Hash[:])))
			}
			if test.head {
				c.followHead()
			}
			c.wantBreak(name, operations.AuditHead{}, test.want)
			c.restore()
		}
		if v := c.verify(c.head); v.Break != nil {
			t.Fatalf("%s: the test left traces: %+v", c.driver, v.Break)
		}
	}
}

// followHead does for the attacker what the trigger would do.
func (c *chained) followHead() {
	c.Helper()
	var seq int64
	var sum []byte
	if err := c.db.QueryRowContext(c.Context(), "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").Scan(&seq, &sum); err != nil {
		c.Fatal(err)
	}
	c.setHead(fmt.Sprintf("%d:%x", seq, sum))
}

// renumber moves all entries from one on, the way around the primary key.
func renumber(from, by int) []string {
	return []string{
		fmt.Sprintf("UPDATE audit SET seq = seq + 1000 WHERE seq >= %d", from),
		fmt.Sprintf("UPDATE audit SET seq = seq - 1000 + %d WHERE seq >= 1000", by),
	}
}

func swap(a, b int) []string {
	return []string{
		fmt.Sprintf("UPDATE audit SET seq = 1000 WHERE seq = %d", a), fmt.Sprintf("UPDATE audit SET seq = %d WHERE seq = %d", a, b),
		fmt.Sprintf("UPDATE audit SET seq = %d WHERE seq = 1000", b),
	}
}

// A log that was cut together with its head is the log of an earlier day: only a head
// that was noted elsewhere tells. Whoever knows the key can write another log; the same
// note tells.
func TestAuditKnownHead(t *testing.T) {
	t.Parallel()
	for _, c := range chainedStores(t) {
		c.exec("DELETE FROM audit WHERE seq > 20")
		c.followHead()
		if v := c.verify(operations.AuditHead{}); v.Break != nil {
			t.Errorf("%s: %+v: nothing in the database tells", c.driver, v.Break)
		}
		c.wantBreak("cut with its head", c.head, audit.Break{Fault: audit.Cut, Seq: 21, Through: allEntries})
		c.restore()

		c.rewrite()
		if v := c.verify(operations.AuditHead{}); v.Break != nil {
			t.Errorf("%s: %+v: it was written with the key", c.driver, v.Break)
		}
		c.wantBreak("rewritten with the key", c.head, audit.Break{Fault: audit.Rewritten, Seq: allEntries, Through: allEntries})
		c.restore()

		// A head of long ago holds as long as the log goes on.
		for range 3 {
			if err := c.Audit.AppendAudit(t.Context(), operations.AuditEntry{At: time.Now(), Actor: "system", Action: "key.rotate", Target: "key:9"}); err != nil {
				t.Fatal(err)
			}
		}
		c.seal(3)
		if v := c.verify(c.head); v.Break != nil || v.Entries != allEntries+3 {
			t.Errorf("%s: %+v", c.driver, v)
		}
	}
}

// rewrite is what somebody does who has the key, too.
func (c *chained) rewrite() {
	c.Helper()
	rows, err := c.Audit.AuditRows(c.Context(), 0, allEntries, allEntries)
	if err != nil {
		c.Fatal(err)
	}
	chain, before := audit.NewChain(c.key), audit.NewChain(c.key).Before()
	var last secret.Hash
	for _, row := range rows {
		if row.Seq == 15 {
			row.Actor = "person:other"
		}
		if row.Hash.Zero() {
			before.Add(row)
			last = before.Sum()
			continue
		}
		last = chain.Next(last, row)
		if _, err := c.db.ExecContext(c.Context(), "UPDATE audit SET actor = $1, hash = $2 WHERE seq = $3", row.Actor, last[:], row.Seq); err != nil {
			c.Fatal(err)
		}
	}
	c.followHead()
}

// Whatever is done to the rows, in whatever order: if they are not the same in the
// end, it is found.
func TestAuditAnythingIsFound(t *testing.T) {
	t.Parallel()
	c := chainedStores(t)[0]
	moves := []string{
		"UPDATE audit SET actor = 'x' WHERE seq = %d", "UPDATE audit SET at = %[2]d WHERE seq = %[1]d", "DELETE FROM audit WHERE seq = %d",
		"UPDATE audit SET target = COALESCE((SELECT target FROM audit_copy WHERE seq = %[2]d), '') WHERE seq = %[1]d",
		"UPDATE audit SET hash = (SELECT hash FROM audit_copy WHERE seq = %[2]d) WHERE seq = %[1]d",
		"INSERT OR REPLACE INTO audit SELECT %d, at, actor, action, target, detail, hash, stream, num FROM audit_copy WHERE seq = %d",
		"INSERT OR REPLACE INTO audit SELECT * FROM audit_copy WHERE seq BETWEEN %d AND %d",
		"UPDATE meta SET value = (SELECT %[1]d || ':' || LOWER(HEX(hash)) FROM audit_copy WHERE seq = %[2]d) WHERE name = 'audit_head' AND %[2]d BETWEEN 8 AND 27",
	}
	rapid.Check(t, func(rt *rapid.T) {
		c.TB = t
		defer c.restore()
		for range rapid.IntRange(1, 4).Draw(rt, "moves") {
			seq := rapid.IntRange(1, allEntries+2)
			move := moves[rapid.IntRange(0, len(moves)-1).Draw(rt, "move")]
			statement := fmt.Sprintf(move, seq.Draw(rt, "entry"), seq.Draw(rt, "other"))
			statement, _, _ = strings.Cut(statement, "%!(EXTRA")
			c.exec(statement)
		}
		var differences int64
		const compare = "SELECT (SELECT COUNT(*) FROM (SELECT * FROM audit EXCEPT SELECT * FROM audit_copy)) + (SELECT COUNT(*) FROM (SELECT * FROM audit_copy EXCEPT SELECT * FROM audit))"
		if err := c.db.QueryRowContext(t.Context(), compare).Scan(&differences); err != nil {
			rt.Fatal(err)
		}
		head, err := c.Audit.AuditHead(t.Context())
		if err != nil {
			rt.Fatal(err)
		}
		same := differences == 0 && head == c.head
		if got := c.verify(c.head).Break; (got == nil) != same {
			rt.Fatalf("%d differences, head %v; found %+v", differences, head, got)
		}
	})
}

// A log to which two nodes write at once is one chain, and can be verified meanwhile.
func TestAuditChainOfTwoNodes(t *testing.T) {
	t.Parallel()
	for _, c := range chainedStores(t) {
		nodes := []*Store{c.Store}
		if c.driver == Postgres {
			nodes = append(nodes, c.secondNode())
		}
		const each = 60
		var all sync.WaitGroup
		for _, node := range nodes {
			for range 4 {
				all.Go(func() {
					for range each {
						if err := node.Audit.AppendAudit(context.WithoutCancel(t.Context()), operations.AuditEntry{At: time.Now(), Actor: "system", Action: "key.rotate", Target: "key:1"}); err != nil {
							t.Error(err)
						}
					}
				})
			}
		}
		for i := range 10 {
			if _, err := nodes[i%len(nodes)].Audit.SealAudit(t.Context()); err != nil {
				t.Error(err)
			}
			if v := c.verify(c.head); v.Break != nil {
				t.Errorf("%s: meanwhile: %+v", c.driver, v.Break)
			}
		}
		all.Wait()
		for _, node := range nodes {
			if _, err := node.Audit.SealAudit(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if v := c.verify(c.head); v.Break != nil || v.Unsealed+v.Pending > 0 || v.Entries != int64(allEntries+4*each*len(nodes)) {
			t.Errorf("%s: %+v, %d entries", c.driver, v.Break, v.Entries)
		}
	}
}

// secondNode is another process's store of the same database.
func (c *chained) secondNode() *Store {
	c.Helper()
	pg, ok := c.Store.db.database.(*postgresDB)
	if !ok {
		c.Fatal("not PostgreSQL")
	}
	s, err := Open(c.Context(), Config{Driver: Postgres, DSN: secret.Of(pg.config.ConnString()), AuditKey: c.key, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		c.Fatal(err)
	}
	c.Cleanup(func() {
		if err := s.Close(); err != nil {
			c.Error(err)
		}
	})
	return s
}

// An installation that is older than the chain keeps its log, and from the upgrade on
// nobody can change it without a trace.
func TestAuditChainBeginsInAnOldDatabase(t *testing.T) {
	t.Parallel()
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
		c := &chained{TB: t, Store: s, driver: config.Driver, key: config.AuditKey, db: raw(t, s)}
		d := s.db.dialect()
		provider, err := goose.NewProvider(d.goose, c.db, d.files, goose.WithDisableGlobalRegistry(true))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := provider.UpTo(t.Context(), 13); err != nil {
			t.Fatal(err)
		}
		const old = 2500 // more than are read at once
		for seq := 1; seq <= old; seq += 500 {
			var rows []string
			for i := range 500 {
				rows = append(rows, fmt.Sprintf("(%d, %d, 'system', 'key.rotate', 'key:%d', 'null')", seq+i, seq, i))
			}
			c.exec("INSERT INTO audit (seq, at, actor, action, target, detail) VALUES " + strings.Join(rows, ", "))
		}
		c.exec(fmt.Sprintf("UPDATE meta SET value = '%d' WHERE name = 'audit_seq'", old))
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.CheckSchema(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.Audit.AppendAudit(t.Context(), operations.AuditEntry{At: time.Now(), Actor: "system", Action: "key.rotate", Target: "key:new"}); err != nil {
			t.Fatal(err)
		}
		c.seal(1)
		if v := c.verify(operations.AuditHead{}); v.Break != nil || v.Entries != old+1 || v.Before != old {
			t.Errorf("%s: %+v, %+v", c.driver, v, v.Break)
		}
		c.dropTriggers()
		c.exec("UPDATE audit SET target = 'key:other' WHERE seq = 1234")
		c.wantBreak("an old entry altered", operations.AuditHead{}, audit.Break{Fault: audit.Altered, Seq: 1, Through: old + 1})
		// As a log from before the chain would be: it has begun, and never begins by itself again.
		c.setHead("2501:")
		for what, check := range map[string]func(context.Context) error{"serve": s.CheckSchema, "migrate": s.Migrate} {
			if err := check(t.Context()); !errors.Is(err, ErrAuditBroken) {
				t.Errorf("%s: %s: %v", c.driver, what, err)
			}
		}
	}
}
