package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
)

const (
	// queueLength bounds the writes that wait. Beyond it, writes are refused at
	// once: a flood must not turn into memory and minutes of waiting (threat 34).
	queueLength = 4096
	// batchLength bounds the writes of one transaction, and so the time that the
	// first of them waits for the last.
	batchLength = 256
	// carefulFor is how many batches run with savepoints after one in which a write failed.
	carefulFor = 32
)

var (
	errClosed = errors.New("the store is closed")
	errQueue  = errors.New("too many writes are waiting")
)

// groupCommit lets many writes share one transaction, and thereby one wait for the
// disk. One goroutine, run, does all the work on one connection.
type groupCommit struct {
	conn *sql.Conn
	tx   runner // the connection's prepared statements
	log  *slog.Logger

	gate   sync.RWMutex // guards closed, and jobs against a send after its close
	closed bool
	jobs   chan *job
	done   chan struct{}

	careful int // batches that still run with savepoints; run's own

	batches, writes atomic.Int64
}

// job is a write that waits for its turn. Whoever moves state away from waiting
// decides: the caller, that it never runs; or run, that its outcome will be told.
type job struct {
	ctx    context.Context
	act    func(context.Context, runner) error
	state  atomic.Int32
	err    error
	answer chan error
}

const (
	waiting int32 = iota
	running
	abandoned
)

func newGroupCommit(conn *sql.Conn, tx runner, log *slog.Logger) *groupCommit {
	g := &groupCommit{conn: conn, tx: tx, log: log, jobs: make(chan *job, queueLength), done: make(chan struct{})}
	go g.run()
	return g
}

// write queues the act and waits for its outcome. A caller who gives up before the
// act began gets its context's error and nothing happens; once the act has begun,
// the caller waits for the truth.
func (g *groupCommit) write(ctx context.Context, act func(context.Context, runner) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j := &job{ctx: ctx, act: act, answer: make(chan error, 1)}
	if err := g.enqueue(j); err != nil {
		return err
	}
	select {
	case err := <-j.answer:
		return err
	case <-ctx.Done():
		if j.state.CompareAndSwap(waiting, abandoned) {
			return ctx.Err()
		}
		return <-j.answer
	}
}

func (g *groupCommit) enqueue(j *job) error {
	g.gate.RLock()
	defer g.gate.RUnlock()
	if g.closed {
		return fault.New(fault.Unavailable, login.ReasonInternal, errClosed)
	}
	select {
	case g.jobs <- j:
		return nil
	default:
		busy := fault.New(fault.Unavailable, login.ReasonInternal, errQueue)
		busy.RetryAfter = time.Second
		return busy
	}
}

// close refuses new writes, waits for the accepted ones, and closes the connection.
// Closing again does no harm.
func (g *groupCommit) close() error {
	g.gate.Lock()
	again := g.closed
	if !again {
		g.closed = true
		close(g.jobs)
	}
	g.gate.Unlock()
	<-g.done
	if again {
		return nil
	}
	return g.conn.Close()
}

func (g *groupCommit) run() {
	defer close(g.done)
	batch := make([]*job, 0, batchLength)
	for first := range g.jobs {
		batch = g.gather(append(batch[:0], first))
		// Whoever is about to write gets the chance to come along. Without it a busy core
		// wakes this goroutine for every single write, and each waits for the disk alone;
		// on an idle one it costs nothing.
		runtime.Gosched()
		batch = g.gather(batch)
		for rest := batch; len(rest) > 0; {
			rest = rest[g.survive(rest):]
		}
		clear(batch)
	}
}

// gather adds the writes that are waiting already. It does not wait for more.
func (g *groupCommit) gather(batch []*job) []*job {
	for len(batch) < batchLength {
		select {
		case j, ok := <-g.jobs:
			if !ok {
				return batch
			}
			batch = append(batch, j)
		default:
			return batch
		}
	}
	return batch
}

// survive is commit. Should it panic itself, nothing of the batch is durable, everybody
// in it is told so, and the goroutine that all writes wait for goes on.
func (g *groupCommit) survive(jobs []*job) (n int) {
	defer func() {
		if p := recover(); p != nil {
			g.log.Error("store: a batch of writes panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			_ = g.exec(context.Background(), "ROLLBACK") // fails when there is none to roll back
			for _, j := range jobs {
				j.err = errPanic
				select {
				case j.answer <- j.err:
				default: // has its answer already
				}
			}
			n = len(jobs)
		}
	}()
	return g.commit(jobs)
}

// commit runs jobs in one transaction and answers them. It returns how many it has
// dealt with: fewer than all when the transaction broke half-way.
//
// A savepoint for each write would cost a tenth of it, and few writes fail. So they run
// without; when one does fail, all of it is undone and they run again, each in a savepoint
// of its own, so that a failure undoes its own statements only. A write may run several
// times, as on PostgreSQL. The next batches have savepoints from the start: whoever makes
// writes fail on purpose (replays) does not double the work of others.
func (g *groupCommit) commit(jobs []*job) int {
	ctx := context.Background() // a batch outlives any one of its callers
	ran, n, alone := 0, 0, len(jobs) == 1
	careful := !alone && g.careful > 0
	err := g.exec(ctx, "BEGIN IMMEDIATE")
	for n < len(jobs) && err == nil {
		if g.begin(jobs[n]) {
			err = g.runOne(ctx, jobs[n], careful)
			ran++
			if jobs[n].err != nil && err == nil && !careful && !alone {
				_ = g.exec(ctx, "ROLLBACK") // fails when the job's error (disk full, I/O) has done it
				g.careful = carefulFor
				return g.commit(jobs)
			}
		}
		n++
	}
	if careful {
		g.careful--
	}
	switch {
	case err == nil && alone && jobs[0].err != nil:
		if err = g.exec(ctx, "ROLLBACK"); err != nil {
			err = because(jobs[0].err, err)
		}
	case err == nil:
		err = g.exec(ctx, "COMMIT")
	}
	if err != nil {
		// Nothing of this transaction is durable. SQLite may have rolled it back by
		// itself already; then this fails, and that is no news.
		_ = g.exec(ctx, "ROLLBACK")
		g.log.Error("store: a batch of writes failed", "writes", ran, "error", err)
		n = max(n, 1)
	}
	g.batches.Add(1)
	g.writes.Add(int64(ran))
	for _, j := range jobs[:n] {
		g.answer(j, err)
	}
	return n
}

// begin claims the job, unless its caller has gone. One that is run again is claimed
// already.
func (g *groupCommit) begin(j *job) bool {
	if err := j.ctx.Err(); err != nil {
		j.err = err
		return false
	}
	return j.state.CompareAndSwap(waiting, running) || j.state.Load() == running
}

// answer tells a caller how its write went. When the transaction failed, even a job
// with an answer of its own is told so: it may have seen what never came to be.
func (g *groupCommit) answer(j *job, batch error) {
	if batch != nil {
		j.err = unavailable(batch)
	}
	j.answer <- j.err
}

// runOne runs one job, in a savepoint when careful. The error that it returns is the
// transaction's; the job's own is in the job.
func (g *groupCommit) runOne(ctx context.Context, j *job, careful bool) error {
	if !careful {
		j.err = g.contain(ctx, j)
		return nil
	}
	if err := g.exec(ctx, "SAVEPOINT job"); err != nil {
		return err
	}
	if j.err = g.contain(ctx, j); j.err != nil {
		// Fails when the job's error (disk full, I/O) has ended the transaction.
		if err := g.exec(ctx, "ROLLBACK TO job"); err != nil {
			return because(j.err, err)
		}
	}
	return g.exec(ctx, "RELEASE job")
}

// because says that undoing failed after something else had: a full disk ends the whole
// transaction, and then there is none to undo. The first one tells what is wrong.
func because(first, undoing error) error { return fmt.Errorf("%w (then %w)", first, undoing) }

// contain keeps a panic from ending the one goroutine that everybody waits for.
func (g *groupCommit) contain(ctx context.Context, j *job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			g.log.Error("store: a write panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = errPanic
		}
	}()
	return j.act(ctx, g.tx)
}

var errPanic = errors.New("the write panicked")

func (g *groupCommit) exec(ctx context.Context, query string) error {
	_, err := g.tx.ExecContext(ctx, query)
	return err
}
