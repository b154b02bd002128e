package jobs

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"

	"avain/internal/domain/queue"
	"avain/internal/platform/steady"
)

// Store is what the runner needs of it. Every method but the first two answers
// fault.ErrMoved when the job belongs to somebody else by now.
type Store interface {
	DueKinds(ctx context.Context, kinds []string, now time.Time) ([]string, error)
	ClaimJobs(ctx context.Context, claims []queue.Claim, now time.Time) ([]queue.Job, error)
	FinishJob(ctx context.Context, j queue.Job) error
	ExtendJob(ctx context.Context, j queue.Job, until time.Time) error
	RetryJob(ctx context.Context, j queue.Job, at time.Time, reason string) error
	ReleaseJob(ctx context.Context, j queue.Job, at time.Time) error
	BuryJob(ctx context.Context, j queue.Job, at time.Time, reason string) error
}

// Handler does one job. It must heed its context, which ends when the job's time is
// up, when the job has gone to somebody else, or when the process stops. A nil error
// means that the job is done; see [Stop], [After] and [ErrFinished] for others.
type Handler func(ctx context.Context, j queue.Job) error

// Options say how the jobs of a kind are worked on. Zero means the default.
type Options struct {
	Workers int           // at once, on this node; default 2. A slow kind never takes the workers of another
	Tries   int           // then the job is buried; default 10
	Backoff Backoff       // default: from 5 s to 1 h
	Lease   time.Duration // a job whose worker has died is begun again after at most this; default 1 min
	Timeout time.Duration // of one try; default 5 min. The lease is renewed until then
	// Rest is what stays of the payload of a job that is given up; nil: all of it. What
	// only the work needs, such as a name of a person, must not lie there for months.
	Rest func(payload []byte) []byte
}

func (o Options) withDefaults() Options {
	o.Workers, o.Tries = cmp.Or(o.Workers, 2), cmp.Or(o.Tries, 10)
	o.Backoff.First, o.Backoff.Most = cmp.Or(o.Backoff.First, 5*time.Second), cmp.Or(o.Backoff.Most, time.Hour)
	o.Lease, o.Timeout = cmp.Or(o.Lease, time.Minute), cmp.Or(o.Timeout, 5*time.Minute)
	return o
}

// Config is what a runner needs. Store, Now and Log must be given.
type Config struct {
	Store Store
	Now   func() time.Time
	Log   *slog.Logger
	// Scrub removes what looks like personal data or a secret from the text of an error
	// before it is logged and kept (web.Scrub). Without it only the kind of error is told.
	Scrub func(string) string
	// Observe is told how each try ended and how long it took. It may be nil.
	Observe func(kind string, outcome Outcome, took time.Duration)
	Keep    steady.Keeper
	// Random is uniform in [0, 1); it spreads tries that failed together. Default: crypto/rand.
	Random func() float64
	// Grace is how long a stopping runner lets handlers go on; default 10 s.
	Grace time.Duration
}

// Runner works on jobs. Make it with [New], tell it every kind with [Runner.Handle],
// then run it.
type Runner struct {
	Config
	kinds []*kind // in the order of Handle: it is what a claim asks for first
	wake  chan struct{}

	mu   sync.Mutex // guards the kinds' counts of running jobs
	jobs sync.WaitGroup
}

type kind struct {
	Options
	name    string
	handle  Handler
	running int
}

// New makes a runner without any handlers.
func New(c Config) *Runner {
	if c.Random == nil {
		c.Random = random
	}
	if c.Observe == nil {
		c.Observe = func(string, Outcome, time.Duration) {}
	}
	c.Grace = cmp.Or(c.Grace, 10*time.Second)
	return &Runner{Config: c, wake: make(chan struct{}, 1)}
}

// Handle says how jobs of a kind are done. Call it before Run. A second handler of the
// same kind is a mistake in the wiring, and panics.
func (r *Runner) Handle(name string, h Handler, o Options) {
	for _, k := range r.kinds {
		if k.name == name {
			panic("jobs: two handlers of " + name)
		}
	}
	r.kinds = append(r.kinds, &kind{Options: o.withDefaults(), name: name, handle: h})
}

// Kinds names the kinds that have a handler, in the order of Handle.
func (r *Runner) Kinds() []string {
	names := make([]string, len(r.kinds))
	for i, k := range r.kinds {
		names[i] = k.name
	}
	return names
}

// Wake makes the runner look for due jobs now instead of within a second. Whoever has
// ordered a job may call it, at any time and as often as they like.
func (r *Runner) Wake() {
	select {
	case r.wake <- struct{}{}:
	default: // it is about to look anyway
	}
}
