package jobs_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"avain/internal/domain/queue"
	"avain/internal/platform/jobs"
)

// Wake begins a job at once; without it the poll does within a second.
func TestWake(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		var at []time.Time
		w.runner.Handle("mail", func(context.Context, queue.Job) error { at = append(at, time.Now()); return nil }, jobs.Options{})
		w.run()
		pass(1500 * time.Millisecond)
		start := time.Now()
		w.add("mail")
		w.runner.Wake()
		w.runner.Wake()
		synctest.Wait()
		w.add("mail")
		pass(time.Second)
		want := []time.Duration{0, 500 * time.Millisecond}
		for i := range at {
			if got := at[i].Sub(start); i >= len(want) || got != want[i] {
				t.Errorf("job %d begun after %v", i, got)
			}
		}
		if len(at) != 2 {
			t.Errorf("%d jobs begun", len(at))
		}
	})
}

// A kind never has more running than it has workers, and one that is slow, or has a
// long queue, holds up no other.
func TestWorkersAndNoStarvation(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		var now, most, slow, quick atomic.Int32
		w.runner.Handle("slow", func(context.Context, queue.Job) error {
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
			time.Sleep(time.Minute)
			slow.Add(1)
			return nil
		}, jobs.Options{Workers: 3})
		w.runner.Handle("quick", func(context.Context, queue.Job) error { quick.Add(1); return nil }, jobs.Options{Workers: 1})
		for range 30 {
			w.add("slow")
		}
		w.run()
		pass(time.Second)
		for range 20 {
			w.add("quick")
		}
		pass(2 * time.Second)
		if n := quick.Load(); n != 20 {
			t.Errorf("%d quick jobs done beside the slow ones, want 20", n)
		}
		pass(11 * time.Minute)
		if slow.Load() != 30 || most.Load() != 3 {
			t.Errorf("%d slow jobs done, %d at once; want 30 and 3", slow.Load(), most.Load())
		}
	})
}

// Poison at the head of the queue holds up nobody behind it.
func TestPoisonHoldsUpNobody(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		poison := w.add("mail").ID
		done := 0
		w.runner.Handle("mail", func(_ context.Context, j queue.Job) error {
			if j.ID == poison {
				panic("poison")
			}
			done++
			return nil
		}, jobs.Options{Workers: 1})
		for range 10 {
			w.add("mail")
		}
		w.run()
		pass(time.Second)
		if done != 10 {
			t.Errorf("%d jobs done behind the poison, want 10", done)
		}
	})
}

// What was due first is begun first.
func TestOrder(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		var want, got []string
		w.runner.Handle("mail", func(_ context.Context, j queue.Job) error { got = append(got, j.ID); return nil }, jobs.Options{Workers: 1})
		for range 10 {
			want = append(want, w.add("mail").ID)
			time.Sleep(time.Millisecond)
		}
		w.run()
		pass(time.Second)
		if !slices.Equal(got, want) {
			t.Errorf("begun in another order than due")
		}
	})
}

// A stop lets handlers finish within the grace, claims nothing new, and gives back what
// it had to interrupt, without counting the try.
func TestGracefulStop(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		var late atomic.Int32
		w.runner.Handle("short", func(context.Context, queue.Job) error { time.Sleep(5 * time.Second); return nil }, jobs.Options{})
		w.runner.Handle("long", func(ctx context.Context, _ queue.Job) error { <-ctx.Done(); return ctx.Err() }, jobs.Options{})
		w.runner.Handle("late", func(context.Context, queue.Job) error { late.Add(1); return nil }, jobs.Options{})
		w.add("short")
		w.add("long")
		w.run()
		pass(time.Second)
		start := time.Now()
		stopped := make(chan time.Duration, 1)
		go func() { w.stop(); stopped <- time.Since(start) }()
		synctest.Wait()
		w.add("late")
		w.runner.Wake()
		if took := <-stopped; took != 10*time.Second {
			t.Errorf("stopped after %v, want the grace of 10 s", took)
		}
		w.wantEnds(jobs.Done, jobs.Interrupted)
		if late.Load() != 0 {
			t.Error("a job was begun while stopping")
		}
		if back := w.claim("long"); len(back) != 1 || back[0].Tries != 1 {
			t.Errorf("given back: %+v", back)
		}
	})
}

// A database that is away costs time, not jobs.
func TestDatabaseAway(t *testing.T) {
	var down atomic.Bool
	down.Store(true)
	inBubble(t, func(t *testing.T, w *world) {
		w.runner.Handle("mail", func(context.Context, queue.Job) error { return nil }, jobs.Options{})
		w.add("mail")
		w.run()
		pass(time.Minute)
		w.wantEnds()
		down.Store(false)
		pass(time.Second)
		w.wantEnds(jobs.Done)
	}, func(c *jobs.Config) { c.Store = flaky{c.Store, &down} })
}

// watched counts what reaches the database.
type watched struct {
	jobs.Store
	reads, writes *atomic.Int32
}

func (s watched) DueKinds(ctx context.Context, kinds []string, now time.Time) ([]string, error) {
	s.reads.Add(1)
	return s.Store.DueKinds(ctx, kinds, now)
}

func (s watched) ClaimJobs(ctx context.Context, claims []queue.Claim, now time.Time) ([]queue.Job, error) {
	s.writes.Add(1)
	return s.Store.ClaimJobs(ctx, claims, now)
}

// With nothing due, a minute costs sixty reads and no write.
func TestIdleCost(t *testing.T) {
	var reads, writes atomic.Int32
	inBubble(t, func(t *testing.T, w *world) {
		for _, kind := range []string{"a", "b", "c"} {
			w.runner.Handle(kind, func(context.Context, queue.Job) error { return nil }, jobs.Options{})
		}
		before := w.store.Stats().Writes
		w.run()
		pass(time.Minute)
		if n := reads.Load(); n != 61 || writes.Load() != 0 || w.store.Stats().Writes != before {
			t.Errorf("%d reads, %d claims, %d writes", n, writes.Load(), w.store.Stats().Writes-before)
		}
	}, func(c *jobs.Config) { c.Store = watched{c.Store, &reads, &writes} })
}
