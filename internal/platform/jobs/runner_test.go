package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/queue"
	"avain/internal/platform/jobs"
	"avain/internal/platform/store"
	"avain/internal/platform/store/storetest"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a runner over a real store, in a bubble where time passes by itself.
type world struct {
	t      *testing.T
	store  *store.Store
	runner *jobs.Runner
	stop   func() // ends Run and waits for it

	mu    sync.Mutex
	ended []jobs.Outcome
}

// inBubble builds a world and runs the test in it. The runner starts with w.run.
func inBubble(t *testing.T, test func(t *testing.T, w *world), change ...func(*jobs.Config)) {
	t.Helper()
	t.Parallel()
	path := storetest.Fresh(t)
	synctest.Test(t, func(t *testing.T) {
		s, err := store.Open(t.Context(), store.Config{Driver: store.SQLite, Path: path, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}()
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		w := &world{t: t, store: s, stop: func() {}}
		c := jobs.Config{
			Store: s.Operations, Now: time.Now, Log: slog.New(slog.DiscardHandler), Random: func() float64 { return 0.5 },
			Scrub: func(text string) string { return text }, Observe: w.observe,
		}
		for _, f := range change {
			f(&c)
		}
		w.runner = jobs.New(c)
		test(t, w)
		w.stop()
	})
}

func (w *world) observe(_ string, o jobs.Outcome, _ time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = append(w.ended, o)
}

// run starts the runner.
func (w *world) run() {
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); w.runner.Run(ctx) }()
	w.stop = func() { cancel(); <-done }
}

func (w *world) add(kind string) queue.Job {
	w.t.Helper()
	j := queue.Job{ID: login.NewID(), Kind: kind, Payload: []byte(`{}`), At: time.Now(), CreatedAt: time.Now()}
	if err := w.store.Operations.AddJobs(w.t.Context(), j); err != nil {
		w.t.Fatal(err)
	}
	return j
}

func TestBackoffThenBuried(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		var at []time.Time
		w.runner.Handle("mail", func(context.Context, queue.Job) error {
			at = append(at, time.Now())
			return errors.New("connection refused")
		}, jobs.Options{Tries: 5, Backoff: jobs.Backoff{First: 10 * time.Second, Most: 30 * time.Second}})
		start := time.Now()
		w.add("mail")
		w.run()
		pass(5 * time.Minute)
		want := []time.Duration{0, 10 * time.Second, 30 * time.Second, 60 * time.Second, 90 * time.Second}
		if len(at) != len(want) {
			t.Fatalf("%d tries, want %d", len(at), len(want))
		}
		for i := range want {
			if got := at[i].Sub(start); got != want[i] {
				t.Errorf("try %d after %v, want %v", i+1, got, want[i])
			}
		}
	})
}

// pass lets time go by, and everything come to rest that it sets off.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
