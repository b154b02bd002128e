package broker

import (
	"context"
	"sync"
	"time"

	"avain/internal/platform/steady"
)

// lifetime ties background fetches to the registry: Close ends them and waits.
type lifetime struct {
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
	keep   steady.Keeper
}

func newLifetime(keep steady.Keeper) *lifetime {
	ctx, cancel := context.WithCancel(context.Background())
	return &lifetime{ctx: ctx, cancel: cancel, keep: keep}
}

func (l *lifetime) end() {
	l.cancel()
	l.work.Wait()
}

// cached is one document of a broker: fetched by one goroutine at a time, however
// many people wait for it; served stale while a fresh copy is on its way; and never
// served after it has expired.
type cached[T any] struct {
	life    *lifetime
	now     func() time.Time
	fetch   func(context.Context) (T, error)
	fresh   time.Duration     // how long a copy needs no refresh
	keep    time.Duration     // how long it may be used at all; 0: for ever
	expires func(T) time.Time // the document's own end; nil or zero: none
	pause   time.Duration     // least time between a failure and the next try
	eager   bool              // after a failure nobody waits for the next try: there is something else to show

	mu       sync.Mutex
	value    T
	at       time.Time // when value was fetched; zero: never
	err      error     // of the last try
	failedAt time.Time
	forcedAt time.Time
	running  chan struct{} // closed when the fetch in flight is over; nil: none
}

// get answers at once when there is a usable copy, and otherwise waits for one, at
// most as long as ctx allows.
func (c *cached[T]) get(ctx context.Context) (T, error) {
	c.mu.Lock()
	if c.usable() {
		if c.stale() {
			c.start()
		}
		defer c.mu.Unlock()
		return c.value, nil
	}
	if c.pausing() || (c.eager && c.err != nil) {
		c.start()
		defer c.mu.Unlock()
		var none T
		return none, c.err
	}
	running := c.start()
	c.mu.Unlock()
	return c.wait(ctx, running)
}

// warm starts a refresh when one is needed, and waits for nothing.
func (c *cached[T]) warm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.usable() || c.stale() {
		c.start()
	}
}

// held is the copy that is there, if it may be used.
func (c *cached[T]) held() (value T, at time.Time, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.usable() {
		return value, time.Time{}, false
	}
	return c.value, c.at, true
}

// force fetches although there is a usable copy, but not more often than every, and
// waits. It answers what is there then.
func (c *cached[T]) force(ctx context.Context, every time.Duration) (T, error) {
	c.mu.Lock()
	if !c.forcedAt.IsZero() && c.now().Before(c.forcedAt.Add(every)) && c.usable() {
		defer c.mu.Unlock()
		return c.value, nil
	}
	c.forcedAt = c.now()
	c.failedAt = time.Time{}
	running := c.start()
	c.mu.Unlock()
	return c.wait(ctx, running)
}

// try is force without a limit and tells whether the fetch itself went well.
func (c *cached[T]) try(ctx context.Context) error {
	c.mu.Lock()
	c.failedAt = time.Time{}
	running := c.start()
	c.mu.Unlock()
	select {
	case <-running:
	case <-ctx.Done():
		return ctx.Err()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

func (c *cached[T]) wait(ctx context.Context, running <-chan struct{}) (T, error) {
	select {
	case <-running:
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.usable() {
		return c.value, nil
	}
	var none T
	if c.err != nil {
		return none, c.err
	}
	return none, errExpired
}

// start begins a fetch unless one is in flight or has just failed; with the lock
// held. The fetch belongs to the registry, not to the request that caused it: a
// person who goes away must not take it from the others.
func (c *cached[T]) start() <-chan struct{} {
	if c.running != nil {
		return c.running
	}
	done := make(chan struct{})
	if c.pausing() {
		close(done)
		return done
	}
	c.running = done
	c.life.work.Go(func() {
		var value T
		err := c.life.keep.Do(c.life.ctx, "broker", func(ctx context.Context) (err error) {
			value, err = c.fetch(ctx)
			return err
		})
		c.mu.Lock()
		defer c.mu.Unlock()
		defer close(done)
		c.running, c.err = nil, err
		if err != nil {
			c.failedAt = c.now()
			return
		}
		c.value, c.at, c.failedAt = value, c.now(), time.Time{}
	})
	return done
}

func (c *cached[T]) pausing() bool {
	return !c.failedAt.IsZero() && c.now().Before(c.failedAt.Add(c.pause))
}

func (c *cached[T]) stale() bool { return !c.now().Before(c.at.Add(c.fresh)) }

func (c *cached[T]) usable() bool {
	if c.at.IsZero() || (c.keep > 0 && !c.now().Before(c.at.Add(c.keep))) {
		return false
	}
	if c.expires == nil {
		return true
	}
	end := c.expires(c.value)
	return end.IsZero() || c.now().Before(end)
}
