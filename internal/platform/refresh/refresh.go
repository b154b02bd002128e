package refresh

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Fresh is how long a node keeps to what it has read. With the 15 s that an answer of
// /login-options may be cached and the half a minute between two questions of an app,
// everybody follows within a minute.
const Fresh = 10 * time.Second

// patience is how long one caller waits for the database, once in Fresh.
const patience = time.Second

// Config says what is kept.
type Config[T any] struct {
	What string                               // for the log: "switches"
	Read func(ctx context.Context) (T, error) // what it answers is never changed
	For  time.Duration                        // how long a node keeps to it; default Fresh
	Now  func() time.Time
	Log  *slog.Logger
}

// Value is the last known T. It is safe for concurrent use.
type Value[T any] struct {
	c       Config[T]
	last    atomic.Pointer[reading[T]]
	reading sync.Mutex // held by the one caller who reads
}

// reading is what was read at one moment.
type reading[T any] struct {
	value T
	again time.Time // when it is to be read again
}

// New reads for the first time.
func New[T any](ctx context.Context, c Config[T]) (*Value[T], error) {
	c.For = cmp.Or(c.For, Fresh)
	k := &Value[T]{c: c}
	return k, k.Refresh(ctx)
}

// Refresh reads now: who has changed something sees it at once.
func (k *Value[T]) Refresh(ctx context.Context) error {
	again := k.c.Now().Add(k.c.For)
	value, err := k.c.Read(ctx)
	if err == nil {
		k.last.Store(&reading[T]{value, again})
	}
	return err
}

// Get is the current value. When it is due one caller reads it, while the others go on
// with the last known.
func (k *Value[T]) Get(ctx context.Context) T {
	last := k.last.Load()
	if k.c.Now().Before(last.again) || !k.reading.TryLock() {
		return last.value
	}
	defer k.reading.Unlock()
	// Not the caller's context: one who hangs up would leave the others with what is old.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := k.Refresh(ctx); err != nil {
		k.c.Log.WarnContext(ctx, "cannot be read; the last known ones hold", "what", k.c.What, "error", err)
		k.last.CompareAndSwap(last, &reading[T]{last.value, k.c.Now().Add(Fresh)})
	}
	return k.last.Load().value
}
