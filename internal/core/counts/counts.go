package counts

import (
	"context"
	"hash/maphash"
	"log/slog"
	"sync"
	"time"

	"avain/internal/core/diagnosis"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
)

// FlushEvery is how often a node adds what it has counted, and so the most that it loses
// when it crashes.
const FlushEvery = 10 * time.Second

// Store adds counts to those of the other nodes, all or none.
type Store interface {
	AddTallies(ctx context.Context, counted []operations.Tally) error
}

// Counter counts on one node. It is safe for concurrent use.
type Counter struct {
	mu      sync.Mutex
	pending map[cell]counted
	seen    map[column]bound
	met     map[int64]acquaintances // by hour
	seed    maphash.Seed
}

// counted is what a cell has.
type counted struct {
	operations.Counts
	people operations.People
}

func (c counted) plus(d counted) counted {
	return counted{c.Plus(d.Counts), c.people.Plus(d.people)}
}

type column struct {
	dimension operations.Dimension
	hour      int64 // milliseconds
}

type cell struct {
	column
	value string
}

// New makes a counter.
func New() *Counter {
	return &Counter{pending: map[cell]counted{}, seen: map[column]bound{}, met: map[int64]acquaintances{}, seed: maphash.MakeSeed()}
}

// Observe is told of every event of a timeline after it has been written, with the
// attempt as it is then, and counts what it has ended. It only touches memory.
func (c *Counter) Observe(a login.Attempt, e login.Event) {
	trips := journeys(a, e)
	over := a.EndedBy(e) && opened(a)
	if !over && len(trips) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	who := known(a)
	add := func(d operations.Dimension, value string, n operations.Counts) {
		at := column{d, e.At.Truncate(operations.TallyHour).UnixMilli()}
		if c.seen[at] == nil {
			c.seen[at] = bound{}
		}
		one := cell{at, c.seen[at].value(value)}
		c.pending[one] = c.pending[one].plus(counted{n, c.people(one, who, n)})
	}
	for _, j := range trips {
		n := operations.Counts{OK: 1}
		if j.reason != "" {
			n = ending(j.reason, j.detail)
		}
		add(operations.DimensionMeans, orNone(j.means), n)
		add(operations.DimensionBroker, orNone(j.broker), n)
		if n.OK == 0 {
			add(operations.DimensionMeansReason, orNone(j.means)+" "+string(j.reason), n)
		}
	}
	if !over {
		return
	}
	d := diagnosis.Of(a, e.At)
	n := verdict(a, d)
	browser, release := browserOf(a.Timeline)
	add(operations.DimensionAll, "", n)
	add(operations.DimensionMethod, orNone(string(a.Method)), n)
	add(operations.DimensionPlatform, platformOf(a.Device), n)
	add(operations.DimensionVersion, versionOf(a.Device), n)
	add(operations.DimensionBrowser, browser, n)
	add(operations.DimensionRelease, release, n)
	if n.OK == 0 {
		add(operations.DimensionReason, string(d.Reason), n)
	}
}

// opened reports whether anybody has tried: an app that asked for a login which nobody
// ever came for says nothing about whether logins work. A flood of those would bury what
// does.
func opened(a login.Attempt) bool {
	if a.Person != "" || !a.Browser.Zero() {
		return true
	}
	for _, e := range a.Timeline {
		switch {
		case e.Step == login.StepStart, e.Step == login.StepExpire:
		case e.Step == login.StepCancel && e.Detail == "app":
		default:
			return true
		}
	}
	return false
}

// Flush adds what has been counted since the last time. What cannot be added now is kept
// for the next time. When the database has added it and its answer was lost, it is added
// twice: that is rare, and a count is no account.
func (c *Counter) Flush(ctx context.Context, s Store) error {
	c.mu.Lock()
	taken := c.pending
	c.pending, c.seen = map[cell]counted{}, latest(c.seen)
	c.forget()
	c.mu.Unlock()
	if len(taken) == 0 {
		return nil
	}
	batch := make([]operations.Tally, 0, len(taken))
	for at, n := range taken {
		batch = append(batch, operations.Tally{Dimension: at.dimension, Hour: time.UnixMilli(at.hour).UTC(), Value: at.value, Counts: n.Counts, People: n.people})
	}
	added := false
	defer func() { // also when it panics
		if added {
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for at, n := range taken {
			c.pending[at] = c.pending[at].plus(n)
		}
	}()
	err := s.AddTallies(ctx, batch)
	added = err == nil
	return err
}

// latest forgets the values of hours that are long over.
func latest(seen map[column]bound) map[column]bound {
	newest := int64(0)
	for at := range seen {
		newest = max(newest, at.hour)
	}
	kept := map[column]bound{}
	for at, values := range seen {
		if newest-at.hour <= operations.TallyHour.Milliseconds() {
			kept[at] = values
		}
	}
	return kept
}

// lastFlush is how long a node that stops waits for the database.
const lastFlush = 5 * time.Second

// Run adds to the store every [FlushEvery] until the context ends, and a last time then.
func (c *Counter) Run(ctx context.Context, s Store, log *slog.Logger) {
	Regularly(ctx, "logins", func(ctx context.Context) error { return c.Flush(ctx, s) }, log)
}

// Regularly calls flush every [FlushEvery] until the context ends, and a last time then.
// What cannot be added must be kept for the next time; of is what is counted.
func Regularly(ctx context.Context, of string, flush func(context.Context) error, log *slog.Logger) {
	clock := time.NewTicker(FlushEvery)
	defer clock.Stop()
	for {
		select {
		case <-ctx.Done():
			last(context.WithoutCancel(ctx), of, flush, log)
			return
		case <-clock.C:
			if err := flush(ctx); err != nil {
				log.WarnContext(ctx, "counts could not be added; they are kept", "of", of, "error", err)
			}
		}
	}
}

func last(ctx context.Context, of string, flush func(context.Context) error, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, lastFlush)
	defer cancel()
	if err := flush(ctx); err != nil {
		log.WarnContext(ctx, "the last counts are lost", "of", of, "error", err)
	}
}
