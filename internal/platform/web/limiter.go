package web

import (
	"container/list"
	"sync"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"

	"golang.org/x/time/rate"
)

// Limit is a budget: Burst at once, and one more after Each.
type Limit struct {
	Each  time.Duration
	Burst int
}

// Limiter keeps one budget per key, in the memory of this node, for the flood of
// callers that must not reach the database (threat 34). Counters that decide about
// codes and passwords live in the database instead.
//
// It remembers a bounded number of keys and forgets the one unused for longest.
// Whoever commands more networks than that gets fresh budgets, which no memory
// could prevent; nobody else is refused because of them.
type Limiter struct {
	limit Limit
	most  int
	now   func() time.Time

	mu    sync.Mutex
	keys  map[string]*list.Element
	order *list.List // of *budget, last used first
}

type budget struct {
	key    string
	bucket *rate.Limiter
}

// NewLimiter makes a limiter for at most so many keys. A limit without Each never
// refuses.
func NewLimiter(limit Limit, most int, now func() time.Time) *Limiter {
	return &Limiter{limit: limit, most: max(most, 1), now: now, keys: make(map[string]*list.Element), order: list.New()}
}

// Allow takes one from the key's budget. When it is empty it returns false and how
// long to wait.
func (l *Limiter) Allow(key string) (ok bool, retryAfter time.Duration) {
	if l.limit.Each <= 0 {
		return true, 0
	}
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	reservation := l.budget(key).bucket.ReserveN(now, 1)
	if wait := reservation.DelayFrom(now); wait > 0 {
		reservation.CancelAt(now)
		return false, wait
	}
	return true, 0
}

// Check is [Limiter.Allow] as an error that answers 429 with Retry-After.
func (l *Limiter) Check(key string) error {
	ok, wait := l.Allow(key)
	if ok {
		return nil
	}
	e := fault.New(fault.TooMany, login.ReasonRateLimited, nil)
	e.RetryAfter = wait
	return e
}

func (l *Limiter) budget(key string) *budget {
	if el, ok := l.keys[key]; ok {
		l.order.MoveToFront(el)
		b, _ := el.Value.(*budget)
		return b
	}
	if l.order.Len() >= l.most {
		oldest := l.order.Back()
		if b, ok := l.order.Remove(oldest).(*budget); ok {
			delete(l.keys, b.key)
		}
	}
	b := &budget{key: key, bucket: rate.NewLimiter(rate.Every(l.limit.Each), max(l.limit.Burst, 1))}
	l.keys[key] = l.order.PushFront(b)
	return b
}
