package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"avain/internal/domain/fault"
)

// openBatch opens a database whose writer is held busy until release is called: the
// writes that come meanwhile form one batch.
func openBatch(t *testing.T) (d *sqliteDB, hold func() (release func())) {
	t.Helper()
	d, err := openSQLite(t.Context(), filepath.Join(t.TempDir(), "x.db"), 0, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
	if err := d.write(t.Context(), insert("CREATE TABLE x (n BIGINT NOT NULL UNIQUE)")); err != nil {
		t.Fatal(err)
	}
	return d, func() func() {
		busy, free := make(chan struct{}), make(chan struct{})
		go func() {
			_ = d.write(context.Background(), func(context.Context, runner) error { close(busy); <-free; return nil })
		}()
		<-busy
		return func() { close(free) }
	}
}

func insert(queries ...string) func(context.Context, runner) error {
	return func(ctx context.Context, tx runner) error {
		for _, q := range queries {
			if _, err := tx.ExecContext(ctx, q); err != nil {
				return err
			}
		}
		return nil
	}
}

// enqueue queues writes in this order and waits, after release, for their outcomes.
func enqueue(d *sqliteDB, release func(), acts ...func(context.Context, runner) error) []error {
	errs := make([]error, len(acts))
	var all sync.WaitGroup
	for i, act := range acts {
		before := len(d.commits.jobs)
		all.Go(func() { errs[i] = d.write(context.Background(), act) })
		for len(d.commits.jobs) == before { // until it stands in the queue
			runtime.Gosched()
		}
	}
	release()
	all.Wait()
	return errs
}

func rows(t *testing.T, d *sqliteDB) (n string) {
	t.Helper()
	const query = "SELECT COALESCE(GROUP_CONCAT(n), '') FROM (SELECT n FROM x ORDER BY n)"
	if err := d.reader().QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

var errTest = errors.New("test")

func TestBatchKeepsWritesApart(t *testing.T) {
	t.Parallel()
	d, hold := openBatch(t)
	before := d.stats()
	errs := enqueue(d, hold(),
		insert("INSERT INTO x VALUES (1)"),
		func(ctx context.Context, tx runner) error {
			return errors.Join(insert("INSERT INTO x VALUES (2)")(ctx, tx), errTest)
		},
		insert("INSERT INTO x VALUES (3)", "INSERT INTO x VALUES (1)"), // the second fails
		func(ctx context.Context, tx runner) error {
			_ = insert("INSERT INTO x VALUES (4)")(ctx, tx)
			panic("in the middle of a write")
		},
		insert("INSERT INTO x VALUES (5)"),
	)
	for i, want := range []bool{true, false, false, false, true} {
		if (errs[i] == nil) != want {
			t.Errorf("write %d: %v, want success %v", i, errs[i], want)
		}
	}
	if !errors.Is(errs[1], errTest) || !errors.Is(errs[3], errPanic) {
		t.Errorf("got %v and %v", errs[1], errs[3])
	}
	if got := rows(t, d); got != "1,5" {
		t.Errorf("rows %s, want 1,5", got)
	}
	if after := d.stats(); after.Batches-before.Batches > 2 {
		t.Errorf("%d transactions for one batch", after.Batches-before.Batches)
	}
}

// A write that fails makes the others of its batch run again, but not those of the batches
// after it: who fails on purpose does not double their work.
func TestFailedWriteRunsTheOthersAgainOnce(t *testing.T) {
	t.Parallel()
	d, hold := openBatch(t)
	fails := func(ctx context.Context, tx runner) error {
		return errors.Join(insert("INSERT INTO x VALUES (1000)")(ctx, tx), errTest)
	}
	runs := 0
	counted := func(n int) func(context.Context, runner) error {
		return func(ctx context.Context, tx runner) error {
			runs++
			return insert(fmt.Sprintf("INSERT INTO x VALUES (%d)", n))(ctx, tx)
		}
	}
	n := 0
	for round, c := range []struct {
		fail bool
		want int
	}{{false, 1}, {true, 2}, {true, 1}, {false, 1}, {true, 1}} {
		runs = 0
		n += 2
		second := insert(fmt.Sprintf("INSERT INTO x VALUES (%d)", n+1))
		if c.fail {
			second = fails
		}
		errs := enqueue(d, hold(), counted(n), second)
		if errs[0] != nil || (errs[1] != nil) != c.fail || c.fail && !errors.Is(errs[1], errTest) {
			t.Errorf("round %d: %v", round, errs)
		}
		if runs != c.want {
			t.Errorf("round %d: the good write ran %d times, want %d", round, runs, c.want)
		}
	}
	if got := rows(t, d); got != "2,3,4,6,8,9,10" {
		t.Errorf("rows %s", got)
	}
}

func TestAloneIsUndoneToo(t *testing.T) {
	t.Parallel()
	d, _ := openBatch(t)
	for name, act := range map[string]func(context.Context, runner) error{
		"error": insert("INSERT INTO x VALUES (1)", "nonsense"),
		"panic": func(ctx context.Context, tx runner) error {
			_ = insert("INSERT INTO x VALUES (1)")(ctx, tx)
			panic("alone")
		},
	} {
		if err := d.write(t.Context(), act); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := d.write(t.Context(), insert("INSERT INTO x VALUES (2)")); err != nil {
		t.Fatal(err)
	}
	if got := rows(t, d); got != "2" {
		t.Errorf("rows %s, want 2", got)
	}
}

// When a full disk makes SQLite roll the transaction back by itself, nobody in it may
// be told that all went well, and those behind it must not suffer.
func TestBrokenTransactionIsToldToAll(t *testing.T) {
	t.Parallel()
	d, hold := openBatch(t)
	errs := enqueue(d, hold(),
		insert("INSERT INTO x VALUES (1)"),
		func(context.Context, runner) error { return fault.ErrMoved }, // saw what never came to be
		func(ctx context.Context, tx runner) error {
			return errors.Join(insert("ROLLBACK")(ctx, tx), errTest)
		},
		insert("INSERT INTO x VALUES (4)"),
	)
	for i, err := range errs[:3] {
		if err == nil || errors.Is(err, fault.ErrMoved) {
			t.Errorf("write %d: %v, want the transaction's error", i, err)
		}
	}
	if errs[3] != nil {
		t.Errorf("the write behind: %v", errs[3])
	}
	if got := rows(t, d); got != "4" {
		t.Errorf("rows %s, want 4", got)
	}
}

func TestAbandonedWriteNeverRuns(t *testing.T) {
	t.Parallel()
	d, hold := openBatch(t)
	release := hold()
	ctx, cancel := context.WithCancel(t.Context())
	told := make(chan error)
	go func() { told <- d.write(ctx, insert("INSERT INTO x VALUES (1)")) }()
	for len(d.commits.jobs) == 0 { // until it stands in the queue
		runtime.Gosched()
	}
	cancel()
	if err := <-told; !errors.Is(err, context.Canceled) { // although the writer is busy
		t.Errorf("got %v, want canceled", err)
	}
	release()
	if err := d.write(t.Context(), insert("INSERT INTO x VALUES (2)")); err != nil {
		t.Fatal(err)
	}
	if got := rows(t, d); got != "2" {
		t.Errorf("rows %s, want 2", got)
	}
}

// A write that has begun is told as it went, even if its caller gave up meanwhile.
func TestBegunWriteIsToldTruthfully(t *testing.T) {
	t.Parallel()
	d, _ := openBatch(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := d.write(ctx, func(ctx context.Context, tx runner) error {
		cancel()
		return insert("INSERT INTO x VALUES (1)")(ctx, tx)
	})
	if got := rows(t, d); err != nil || got != "1" {
		t.Errorf("told %v, rows %s", err, got)
	}
}

func TestFullQueueRefuses(t *testing.T) {
	t.Parallel()
	d, hold := openBatch(t)
	release := hold()
	var all sync.WaitGroup
	for i := range queueLength {
		all.Go(func() {
			if err := d.write(context.Background(), insert(fmt.Sprintf("INSERT INTO x VALUES (%d)", i))); err != nil {
				t.Errorf("write %d: %v", i, err)
			}
		})
	}
	for len(d.commits.jobs) < queueLength { // until the queue is full
		runtime.Gosched()
	}
	err := d.write(t.Context(), insert("INSERT INTO x VALUES (-1)"))
	if e := fault.AsError(err); e.Kind != fault.Unavailable || e.RetryAfter == 0 {
		t.Errorf("got %v, want unavailable with a time to retry", err)
	}
	release()
	all.Wait()
}

// Close waits for what was accepted, and refuses what comes later.
func TestCloseFinishesTheQueue(t *testing.T) {
	t.Parallel()
	d, hold := openBatch(t)
	release := hold()
	errs := make(chan error, 10)
	for i := range cap(errs) {
		go func() { errs <- d.write(context.Background(), insert(fmt.Sprintf("INSERT INTO x VALUES (%d)", i))) }()
	}
	for len(d.commits.jobs) < cap(errs) { // until all stand in the queue
		runtime.Gosched()
	}
	closed := make(chan error)
	go func() { closed <- d.commits.close() }()
	for refused := false; !refused; { // until the gate is shut
		d.commits.gate.RLock()
		refused = d.commits.closed
		d.commits.gate.RUnlock()
	}
	if err := d.write(t.Context(), insert("INSERT INTO x VALUES (99)")); fault.AsError(err).Kind != fault.Unavailable {
		t.Errorf("after close: %v", err)
	}
	release()
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Errorf("accepted before close: %v", err)
		}
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if got := rows(t, d); got != "0,1,2,3,4,5,6,7,8,9" {
		t.Errorf("rows %s", got)
	}
}

// panickyOnce panics at one COMMIT, and then no more.
type panickyOnce struct {
	runner
	done *atomic.Bool
}

func (p panickyOnce) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if query == "COMMIT" && p.done.CompareAndSwap(false, true) {
		panic("commit")
	}
	return p.runner.ExecContext(ctx, query, args...)
}

// A panic in the commit itself, and not in a write, is told to the batch; the goroutine
// that all writes wait for goes on.
func TestThreat54CommitThatPanics(t *testing.T) {
	t.Parallel()
	d, _ := openBatch(t)
	g := newGroupCommit(d.commits.conn, panickyOnce{d.commits.tx, &atomic.Bool{}}, slog.New(slog.DiscardHandler))
	defer func() { close(g.jobs); <-g.done }()
	if err := g.write(t.Context(), insert("INSERT INTO x VALUES (1)")); !errors.Is(err, errPanic) {
		t.Errorf("%v", err)
	}
	if err := g.write(t.Context(), insert("INSERT INTO x VALUES (2)")); err != nil {
		t.Errorf("the next: %v", err)
	}
	if got := rows(t, d); got != "2" {
		t.Errorf("rows %s, want 2", got)
	}
}
