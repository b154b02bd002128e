package jobs_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"avain/internal/domain/queue"
	"avain/internal/platform/jobs"
)

// claim is what another node would do.
func (w *world) claim(kind string) []queue.Job {
	w.t.Helper()
	now := time.Now()
	got, err := w.store.Operations.ClaimJobs(w.t.Context(), []queue.Claim{{Kind: kind, Limit: 10, Until: now.Add(time.Minute)}}, now)
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

// Long work keeps its lease: nobody else gets the job meanwhile.
func TestLeaseIsRenewed(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		t.Helper()
		w.runner.Handle("import", func(context.Context, queue.Job) error {
			time.Sleep(4 * time.Minute)
			return nil
		}, jobs.Options{Lease: 30 * time.Second})
		w.add("import")
		w.run()
		for range 23 { // 3:50
			time.Sleep(10 * time.Second)
			if stolen := w.claim("import"); len(stolen) != 0 {
				t.Fatalf("claimed under the lease: %+v", stolen)
			}
		}
		pass(time.Minute)
		w.wantEnds(jobs.Done)
		w.nothingLeft()
	})
}

// flaky is a store that fails while it is down.
type flaky struct {
	jobs.Store
	down *atomic.Bool
}

func (f flaky) ExtendJob(ctx context.Context, j queue.Job, until time.Time) error {
	if f.down.Load() {
		return errDown
	}
	return f.Store.ExtendJob(ctx, j, until)
}

func (f flaky) FinishJob(ctx context.Context, j queue.Job) error {
	if f.down.Load() {
		return errDown
	}
	return f.Store.FinishJob(ctx, j)
}

func (f flaky) DueKinds(ctx context.Context, kinds []string, now time.Time) ([]string, error) {
	if f.down.Load() {
		return nil, errDown
	}
	return f.Store.DueKinds(ctx, kinds, now)
}

var errDown = errors.New("the database is down")

// A worker that cannot renew its lease stops before somebody else may have begun, and
// what it answers afterwards changes nothing.
func TestLostLeaseInterrupts(t *testing.T) {
	var began, interrupted time.Time
	var down atomic.Bool
	inBubble(t, func(t *testing.T, w *world) {
		w.runner.Handle("import", func(ctx context.Context, _ queue.Job) error {
			if !began.IsZero() {
				return nil
			}
			began = time.Now()
			down.Store(true)
			<-ctx.Done()
			interrupted = time.Now()
			down.Store(false)
			return nil // as if it had been done
		}, jobs.Options{Lease: 30 * time.Second})
		w.add("import")
		w.run()
		pass(30 * time.Second)
		if held := interrupted.Sub(began); held != 30*time.Second {
			t.Errorf("interrupted after %v, want the lease of 30 s", held)
		}
		pass(time.Minute)
		w.nothingLeft()
	}, func(c *jobs.Config) { c.Store = flaky{c.Store, &down} })
}

// Somebody else's claim interrupts at the next renewal, and stays untouched.
func TestStolenJobIsLeftAlone(t *testing.T) {
	var held error
	inBubble(t, func(t *testing.T, w *world) {
		w.runner.Handle("import", func(ctx context.Context, j queue.Job) error {
			// Give it away behind the runner's back, as an operator could.
			if err := w.store.Operations.RetryJob(t.Context(), j, time.Now(), "taken away"); err != nil {
				return err
			}
			if got := w.claim("import"); len(got) != 1 || got[0].Claim <= j.Claim {
				t.Errorf("claimed %+v", got)
			}
			<-ctx.Done()
			held = context.Cause(ctx)
			return ctx.Err()
		}, jobs.Options{Lease: 30 * time.Second, Workers: 1})
		w.add("import")
		w.run()
		pass(11 * time.Second)
		w.wantEnds(jobs.Lost)
		if held == nil {
			t.Error("the handler was not told")
		}
	})
}

// A handler that hangs loses its time, and when it does not even heed its context, its
// job: another node begins it.
func TestTimeout(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		release := make(chan struct{})
		w.runner.Handle("polite", func(ctx context.Context, _ queue.Job) error {
			<-ctx.Done()
			return ctx.Err()
		}, jobs.Options{Timeout: 2 * time.Minute, Tries: 1})
		w.runner.Handle("deaf", func(context.Context, queue.Job) error { <-release; return nil },
			jobs.Options{Timeout: 2 * time.Minute, Lease: 30 * time.Second, Workers: 1})
		w.add("polite")
		w.add("deaf")
		w.run()
		pass(2*time.Minute - time.Second)
		if got := w.claim("deaf"); len(got) != 0 {
			t.Errorf("claimed before its time was up: %+v", got)
		}
		pass(32 * time.Second)
		if dead := w.dead(); len(dead) != 1 || dead[0].Kind != "polite" || dead[0].Error != "the job took too long" {
			t.Errorf("dead: %+v", dead)
		}
		if got := w.claim("deaf"); len(got) != 1 || got[0].Tries != 2 {
			t.Errorf("another node claimed %+v", got)
		}
		close(release)
		synctest.Wait()
		w.wantEnds(jobs.Buried, jobs.Lost)
	})
}

// A job whose every try ended with the death of the process is buried unbegun.
func TestJobThatKillsTheProcess(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		begun := 0
		w.runner.Handle("mail", func(context.Context, queue.Job) error { begun++; return nil }, jobs.Options{Tries: 3})
		w.add("mail")
		for range 3 {
			if got := w.claim("mail"); len(got) != 1 { // by a process that dies
				t.Fatalf("claimed %+v", got)
			}
			time.Sleep(time.Minute)
		}
		w.run()
		pass(time.Minute)
		w.wantEnds(jobs.Buried)
		if dead := w.dead(); begun != 0 || len(dead) != 1 || dead[0].Tries != 4 {
			t.Errorf("begun %d times; dead: %+v", begun, dead)
		}
	})
}

// The end of a job is written when the database is back, so that what was done is not
// done again.
func TestEndIsWrittenLater(t *testing.T) {
	var down atomic.Bool
	begun := 0
	inBubble(t, func(t *testing.T, w *world) {
		w.runner.Handle("mail", func(context.Context, queue.Job) error {
			begun++
			down.Store(true)
			return nil
		}, jobs.Options{})
		w.add("mail")
		w.run()
		pass(3500 * time.Millisecond)
		down.Store(false)
		pass(5 * time.Minute)
		w.wantEnds(jobs.Done)
		w.nothingLeft()
	}, func(c *jobs.Config) { c.Store = flaky{c.Store, &down} })
	if begun != 1 {
		t.Errorf("begun %d times", begun)
	}
}

// When it stays away, the job is begun again: twice is harmless, never is not.
func TestEndIsNotWritten(t *testing.T) {
	var down atomic.Bool
	begun := 0
	inBubble(t, func(t *testing.T, w *world) {
		w.runner.Handle("mail", func(context.Context, queue.Job) error {
			if begun++; begun == 1 {
				down.Store(true)
			}
			return nil
		}, jobs.Options{})
		w.add("mail")
		w.run()
		pass(30 * time.Second)
		w.wantEnds(jobs.Unsettled)
		down.Store(false)
		pass(time.Minute)
		w.wantEnds(jobs.Unsettled, jobs.Done)
	}, func(c *jobs.Config) { c.Store = flaky{c.Store, &down} })
}
