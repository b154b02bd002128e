package passhash

import (
	"context"
	"sync/atomic"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"

	"golang.org/x/sync/semaphore"
)

const (
	// placesEach is how many callers may wait for, or be in, each slot: with hashes of
	// today's parameters the last of them waits for less than a second.
	placesEach = 32
	// comeAgain is when a caller who found no place may try again: the whole queue has
	// moved on by then.
	comeAgain = 2 * time.Second
)

// queue bounds what guessing can take: memory and cores by its slots, the time that an
// honest caller waits by its places. Who finds no place hears so at once, which costs
// nothing (threat 51); without it they would wait for half a minute, and hold a
// connection while they do.
type queue struct {
	slots  *semaphore.Weighted // first come, first served
	many   int                 // of them
	places int64
	taken  *atomic.Int64
}

func newQueue(slots int) queue {
	return queue{semaphore.NewWeighted(int64(slots)), slots, int64(slots) * placesEach, new(atomic.Int64)}
}

// slot waits for as many slots as a hash has lanes, or for all there are.
func (q queue) slot(ctx context.Context, lanes int) (free func(), err error) {
	n := int64(min(lanes, q.many))
	if err := q.slots.Acquire(ctx, n); err != nil {
		return nil, err
	}
	return func() { q.slots.Release(n) }, nil
}

// Place is a place in the queue for a slot; only from there is anything computed.
type Place struct{ hasher *Hasher }

// Enter takes a place, before anything is looked up or counted. Error: a fault.TooMany
// that says when to come again.
func (h *Hasher) Enter() (*Place, error) {
	if h.taken.Add(1) > h.places {
		h.taken.Add(-1)
		e := fault.New(fault.TooMany, login.ReasonRateLimited, nil)
		e.RetryAfter = comeAgain
		return nil, e
	}
	return &Place{h}, nil
}

// Leave gives the place back. It must be called once.
func (p *Place) Leave() { p.hasher.taken.Add(-1) }
