package jobs

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/queue"
)

var (
	errLost    = errors.New("the job has gone to somebody else")
	errTimeout = errors.New("the job took too long")
	errCrashed = errors.New("no try came to an end; the process may have died in each")
)

// do is one try of one job, from its claim to its end.
func (r *Runner) do(work context.Context, k *kind, j queue.Job) {
	start := r.Now()
	ctx, cancel := context.WithTimeoutCause(work, k.Timeout, errTimeout)
	defer cancel()
	var err error
	if j.Tries > k.Tries {
		// Every try has been counted when it began, and none has come to an end: the job
		// kills the process, and must not go on doing so.
		err = Stop(errCrashed)
	} else {
		err = r.underLease(ctx, k, j)
	}
	outcome := r.settle(work, k, j, err)
	r.Observe(k.name, outcome, r.Now().Sub(start))
}

// underLease calls the handler and keeps the claim from running out meanwhile.
func (r *Runner) underLease(ctx context.Context, k *kind, j queue.Job) error {
	ctx, lose := context.WithCancelCause(ctx)
	renewing := make(chan struct{})
	go func() {
		defer close(renewing)
		_ = r.Keep.Do(ctx, "jobs", func(ctx context.Context) error { r.renew(ctx, k, j, lose); return nil })
	}()
	err := r.contain(ctx, k, j)
	cause := context.Cause(ctx)
	lose(nil)
	<-renewing
	if err != nil && cause != nil && !errors.Is(err, ErrFinished) {
		return cause // what the handler made of its interruption says less
	}
	return err
}

// renew moves the end of the lease each third of it, until the context ends. When
// somebody else has the job, or might have it because the database did not answer in
// time, it takes the job from the handler.
func (r *Runner) renew(ctx context.Context, k *kind, j queue.Job, lose context.CancelCauseFunc) {
	until := j.At
	clock := time.NewTicker(k.Lease / 3)
	defer clock.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-clock.C:
		}
		next := r.Now().Add(k.Lease)
		switch err := r.Store.ExtendJob(ctx, j, next); {
		case err == nil:
			until = next
		case errors.Is(err, fault.ErrMoved), !r.Now().Before(until):
			lose(errLost)
			return
		}
	}
}

// contain turns a panic into an error: one job must not end the process.
func (r *Runner) contain(ctx context.Context, k *kind, j queue.Job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
			if r.Keep.Panicked != nil {
				r.Keep.Panicked("job")
			}
			r.Log.ErrorContext(ctx, "a job panicked", "kind", k.name, "job", j.ID, "panic", r.text(err), "stack", r.scrub(string(debug.Stack())))
		}
	}()
	return k.handle(ctx, j)
}
