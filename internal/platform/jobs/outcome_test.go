package jobs_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/queue"
	"avain/internal/platform/jobs"
)

var errRefused = errors.New("refused")

// dead lists the jobs that were given up.
func (w *world) dead() []queue.Job {
	w.t.Helper()
	dead, err := w.store.Operations.DeadJobs(w.t.Context(), "", queue.Place{}, 100)
	if err != nil {
		w.t.Fatal(err)
	}
	return dead
}

// wantEnds demands what became of the tries, in their order.
func (w *world) wantEnds(want ...jobs.Outcome) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Equal(w.ended, want) {
		w.t.Errorf("ended %v, want %v", w.ended, want)
	}
}

// nothingLeft demands that no job is left, alive or dead.
func (w *world) nothingLeft() {
	w.t.Helper()
	depths, err := w.store.Operations.JobDepths(w.t.Context())
	if err != nil || len(depths) != 0 {
		w.t.Errorf("left: %+v, %v", depths, err)
	}
}

func TestDone(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		var got queue.Job
		w.runner.Handle("mail", func(_ context.Context, j queue.Job) error { got = j; return nil }, jobs.Options{})
		j := w.add("mail")
		w.run()
		pass(time.Second)
		if got.ID != j.ID || got.Tries != 1 || string(got.Payload) != `{}` {
			t.Errorf("the handler saw %+v", got)
		}
		w.wantEnds(jobs.Done)
		w.nothingLeft()
	})
}

func TestStopBuriesAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.runner.Handle("mail", func(context.Context, queue.Job) error { return jobs.Stop(errRefused) }, jobs.Options{})
		j := w.add("mail")
		w.run()
		pass(time.Minute)
		w.wantEnds(jobs.Buried)
		dead := w.dead()
		if len(dead) != 1 || dead[0].ID != j.ID || dead[0].Error != "refused" || dead[0].Tries != 1 || dead[0].DeadAt.IsZero() {
			t.Fatalf("dead: %+v", dead)
		}
		if err := w.store.Operations.ReviveJob(t.Context(), j.ID, time.Now()); err != nil {
			t.Fatal(err)
		}
		pass(2 * time.Second)
		w.wantEnds(jobs.Buried, jobs.Buried)
	})
}

// Whatever a handler wraps around it, the verdict inside counts.
func TestVerdictsAreFoundInside(t *testing.T) {
	t.Parallel()
	if err := jobs.Stop(errRefused); !errors.Is(err, errRefused) || err.Error() != "refused" {
		t.Errorf("%v", err)
	}
	if err := jobs.After(errRefused, time.Minute); !errors.Is(err, errRefused) {
		t.Errorf("%v", err)
	}
}

func TestAfter(t *testing.T) {
	for name, c := range map[string]struct{ asked, want time.Duration }{
		"longer than usual":  {10 * time.Minute, 10 * time.Minute},
		"shorter than usual": {time.Millisecond, 20 * time.Second},
		"out of all reason":  {365 * 24 * time.Hour, 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.runner.Handle("hook", func(context.Context, queue.Job) error { return jobs.After(errRefused, c.asked) },
					jobs.Options{Backoff: jobs.Backoff{First: 20 * time.Second, Most: time.Hour}})
				w.add("hook")
				w.run()
				start := time.Now()
				pass(time.Second)
				depths, err := w.store.Operations.JobDepths(t.Context())
				if err != nil || len(depths) != 1 || depths[0].Oldest.Sub(start) != c.want {
					t.Errorf("next try at %+v (%v), want it after %v", depths, err, c.want)
				}
				w.wantEnds(jobs.Retried)
			})
		})
	}
}

func TestPanicIsOneFailedTry(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		tries := 0
		w.runner.Handle("mail", func(context.Context, queue.Job) error {
			if tries++; tries == 1 {
				panic("at the disco")
			}
			return nil
		}, jobs.Options{})
		w.add("mail")
		w.run()
		pass(time.Minute)
		w.wantEnds(jobs.Retried, jobs.Done)
	})
}

// A handler that finishes the job with its effect is believed.
func TestFinishedWithItsEffect(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.runner.Handle("import", func(ctx context.Context, j queue.Job) error {
			if err := w.store.Operations.FinishJob(ctx, j); err != nil {
				return err
			}
			return jobs.ErrFinished
		}, jobs.Options{})
		w.add("import")
		w.run()
		pass(time.Second)
		w.wantEnds(jobs.Done)
		w.nothingLeft()
	})
}

// What is kept of an error has been scrubbed and cut; without a scrubber nothing of
// it is kept.
func TestWhyIsScrubbed(t *testing.T) {
	leak := errors.New("550 <aino@example.com> unknown " + strings.Repeat("ä", 400))
	for name, c := range map[string]struct {
		scrub func(string) string
		want  string
	}{
		"scrubbed":    {func(s string) string { return strings.ReplaceAll(s, "aino@example.com", "…") }, "550 <…> unknown ä"},
		"no scrubber": {nil, "[831 bytes hidden]"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.runner.Handle("mail", func(context.Context, queue.Job) error { return jobs.Stop(leak) }, jobs.Options{})
				w.add("mail")
				w.run()
				time.Sleep(time.Second)
				dead := w.dead()
				if len(dead) != 1 || !strings.HasPrefix(dead[0].Error, c.want) || strings.Contains(dead[0].Error, "aino") || len(dead[0].Error) > 500 {
					t.Errorf("kept: %+v", dead)
				}
			}, func(config *jobs.Config) { config.Scrub = c.scrub })
		})
	}
}

// What only the work needs does not lie among the dead jobs, whichever way the job ends
// there; one that is tried again keeps it.
func TestRestOfAJobThatIsGivenUp(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		var got []string
		w.runner.Handle("mail", func(_ context.Context, j queue.Job) error {
			got = append(got, string(j.Payload))
			return errors.New("refused")
		}, jobs.Options{Tries: 2, Rest: func([]byte) []byte { return []byte(`"rest"`) }})
		whole := string(w.add("mail").Payload)
		w.run()
		pass(time.Minute)
		w.wantEnds(jobs.Retried, jobs.Buried)
		if dead := w.dead(); len(dead) != 1 || string(dead[0].Payload) != `"rest"` || len(got) != 2 || got[1] != whole {
			t.Errorf("worked on %q, kept %+v", got, dead)
		}
	})
}

func TestTwoHandlersOfAKind(t *testing.T) {
	t.Parallel()
	r := jobs.New(jobs.Config{})
	r.Handle("mail", nil, jobs.Options{})
	defer func() {
		if recover() == nil {
			t.Error("a second handler was taken")
		}
	}()
	r.Handle("mail", nil, jobs.Options{})
}
