package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"avain/internal/domain/fault"
	"avain/internal/domain/queue"
)

// Outcome is how one try of a job ended.
type Outcome string

// The outcomes.
const (
	Done        Outcome = "done"
	Retried     Outcome = "retried"     // failed; it is begun again later
	Buried      Outcome = "buried"      // failed; it is on the list of dead jobs
	Interrupted Outcome = "interrupted" // the process stopped; the try does not count
	Lost        Outcome = "lost"        // the lease ran out; the job is somebody else's
	Unsettled   Outcome = "unsettled"   // the database did not take the end; the job is begun again
)

// Outcomes lists them all.
func Outcomes() []Outcome { return []Outcome{Done, Retried, Buried, Interrupted, Lost, Unsettled} }

// ErrFinished is what a handler answers that has finished its job itself, in the
// transaction that holds its effect.
var ErrFinished = errors.New("the job has been finished with its effect")

// verdict is an error that says what becomes of the job.
type verdict struct {
	cause error
	stop  bool
	after time.Duration
}

func (v *verdict) Error() string { return v.cause.Error() }
func (v *verdict) Unwrap() error { return v.cause }

// Stop makes an error permanent: trying again would not help, the job is buried.
func Stop(err error) error { return &verdict{cause: err, stop: true} }

// After makes the next try wait for as long as the other side has asked for, within
// reason: at least the usual pause, at most a day. The try counts.
func After(err error, wait time.Duration) error { return &verdict{cause: err, after: wait} }

const maxWait = 24 * time.Hour

// settle writes down how the try ended.
func (r *Runner) settle(ctx context.Context, k *kind, j queue.Job, err error) Outcome {
	ctx = context.WithoutCancel(ctx)
	var v *verdict
	switch {
	case errors.Is(err, ErrFinished):
		return Done
	case err == nil:
		return r.write(ctx, j, Done, func(ctx context.Context) error { return r.Store.FinishJob(ctx, j) })
	case errors.Is(err, errLost):
		r.Log.WarnContext(ctx, "a job was lost to another worker", "kind", k.name, "job", j.ID, "try", j.Tries)
		return Lost
	case errors.Is(err, errStopping):
		return r.write(ctx, j, Interrupted, func(ctx context.Context) error { return r.Store.ReleaseJob(ctx, j, r.Now()) })
	case errors.As(err, &v) && v.stop, j.Tries >= k.Tries:
		why := r.text(err)
		r.Log.ErrorContext(ctx, "a job was given up", "kind", k.name, "job", j.ID, "try", j.Tries, "error", why)
		if k.Rest != nil {
			j.Payload = k.Rest(j.Payload)
		}
		return r.write(ctx, j, Buried, func(ctx context.Context) error { return r.Store.BuryJob(ctx, j, r.Now(), why) })
	}
	wait, why := k.Backoff.after(j.Tries, r.Random()), r.text(err)
	if v != nil {
		wait = min(max(wait, v.after), maxWait)
	}
	r.Log.WarnContext(ctx, "a job failed; it is tried again", "kind", k.name, "job", j.ID, "try", j.Tries, "after", wait.String(), "error", why)
	return r.write(ctx, j, Retried, func(ctx context.Context) error { return r.Store.RetryJob(ctx, j, r.Now().Add(wait), why) })
}

// How often, and for how long each time, the end of a try is written. A job whose end
// is not written is begun again, and whoever it concerns may hear twice.
const (
	writeTries = 5
	writeTime  = 5 * time.Second
)

func (r *Runner) write(ctx context.Context, j queue.Job, outcome Outcome, act func(context.Context) error) Outcome {
	for try := 1; ; try++ {
		once, cancel := context.WithTimeout(ctx, writeTime)
		err := act(once)
		cancel()
		switch {
		case err == nil:
			return outcome
		case errors.Is(err, fault.ErrMoved):
			r.Log.WarnContext(ctx, "a job ended after it had gone to another worker", "kind", j.Kind, "job", j.ID, "outcome", string(outcome))
			return Lost
		case try == writeTries:
			r.Log.ErrorContext(ctx, "the end of a job was not written; it is begun again", "kind", j.Kind, "job", j.ID, "outcome", string(outcome), "error", r.text(err))
			return Unsettled
		}
		<-time.After(pollEvery)
	}
}

// maxWhy bounds what is kept of an error, in bytes.
const maxWhy = 500

// text is what is kept and logged of an error. The cause comes from libraries, which
// quote addresses and answers of strangers.
func (r *Runner) text(err error) string {
	why := r.scrub(err.Error())
	if len(why) > maxWhy {
		why = why[:maxWhy]
		for !utf8.ValidString(why) {
			why = why[:len(why)-1]
		}
	}
	return why
}

func (r *Runner) scrub(text string) string {
	if r.Scrub == nil {
		return fmt.Sprintf("[%d bytes hidden]", len(text))
	}
	return r.Scrub(text)
}
