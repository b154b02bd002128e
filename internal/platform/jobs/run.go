package jobs

import (
	"context"
	"errors"
	"time"

	"avain/internal/domain/queue"
)

// pollEvery is how soon a job is begun that another node ordered, or whose time has
// come. A poll that finds nothing is one read.
const pollEvery = time.Second

// Run works on jobs until the context ends. Then it claims no more, gives the handlers
// that run their grace, interrupts the rest, and returns when all have returned.
func (r *Runner) Run(ctx context.Context) {
	work, interrupt := context.WithCancelCause(context.WithoutCancel(ctx))
	defer interrupt(nil)
	clock := time.NewTicker(pollEvery)
	defer clock.Stop()
	failing := false
	for ctx.Err() == nil {
		err := r.Keep.Do(ctx, "jobs", func(ctx context.Context) error { return r.round(ctx, work) })
		if err != nil && !failing && ctx.Err() == nil {
			r.Log.ErrorContext(ctx, "jobs cannot be claimed; it is tried again each second", "error", r.text(err))
		}
		failing = err != nil
		select {
		case <-ctx.Done():
		case <-clock.C:
		case <-r.wake:
		}
	}
	r.drain(interrupt)
}

// round begins as many due jobs as there are free workers.
func (r *Runner) round(ctx, work context.Context) error {
	for {
		free := r.free()
		due, err := r.Store.DueKinds(ctx, namesOf(free), r.Now())
		if err != nil || len(due) == 0 {
			return err
		}
		jobs, err := r.claim(ctx, free, due)
		if err != nil {
			return err
		}
		for _, j := range jobs {
			r.begin(work, j)
		}
		// None although some were due: another node was faster, but may not have taken
		// all. The next round finds out at the next poll.
		if len(jobs) == 0 {
			return nil
		}
	}
}

// free lists the kinds that have free workers, with claims for as many jobs.
func (r *Runner) free() []queue.Claim {
	r.mu.Lock()
	defer r.mu.Unlock()
	var free []queue.Claim
	for _, k := range r.kinds {
		if n := k.Workers - k.running; n > 0 {
			free = append(free, queue.Claim{Kind: k.name, Limit: n})
		}
	}
	return free
}

func namesOf(claims []queue.Claim) []string {
	names := make([]string, len(claims))
	for i, c := range claims {
		names[i] = c.Kind
	}
	return names
}

// claim takes jobs of the kinds that are due.
func (r *Runner) claim(ctx context.Context, free []queue.Claim, due []string) ([]queue.Job, error) {
	now := r.Now()
	var claims []queue.Claim
	for _, name := range due {
		for _, c := range free {
			if c.Kind == name {
				c.Until = now.Add(r.kind(name).Lease)
				claims = append(claims, c)
			}
		}
	}
	return r.Store.ClaimJobs(ctx, claims, now)
}

func (r *Runner) kind(name string) *kind {
	for _, k := range r.kinds {
		if k.name == name {
			return k
		}
	}
	return nil
}

// begin works on a job in a goroutine of its own and looks for more afterwards.
func (r *Runner) begin(work context.Context, j queue.Job) {
	k := r.kind(j.Kind)
	r.count(k, 1)
	r.jobs.Go(func() {
		defer r.Wake()
		defer r.count(k, -1)
		_ = r.Keep.Do(work, "jobs", func(ctx context.Context) error { r.do(ctx, k, j); return nil }) // its lease ends
	})
}

func (r *Runner) count(k *kind, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k.running += n
}

var errStopping = errors.New("the process stops")

// drain waits for the handlers that run, and interrupts them when their grace is over.
func (r *Runner) drain(interrupt context.CancelCauseFunc) {
	grace := time.AfterFunc(r.Grace, func() { interrupt(errStopping) })
	defer grace.Stop()
	r.jobs.Wait()
}
