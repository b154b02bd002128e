package notify

import (
	"slices"
	"sync"
)

// maxPerAttempt is how many may wait for one attempt: the app, and what is left of its
// connections from before a tunnel or a sleep. Beyond it the one who has waited longest
// is sent home, so that whoever holds one attempt cannot fill the hub.
const maxPerAttempt = 4

// Subscriber is somebody who waits. The hub calls its methods while it is locked: they must
// not block, and not call the hub.
type Subscriber interface {
	// Notified says that the attempt may have moved.
	Notified()
	// Evicted says that there is nothing to wait for any more: the hub closes, or
	// others have come for the same attempt. The subscriber still has to leave.
	Evicted()
}

// Hub is where callers wait for attempts. The zero value is ready.
type Hub struct {
	mu      sync.Mutex
	waiting map[string][]Subscriber // in the order of coming
	count   int
	closed  bool
}

// Subscribe takes a seat for an attempt. In a hub that is closed the subscriber is sent home at
// once.
func (r *Hub) Subscribe(attempt string, g Subscriber) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waiting == nil {
		r.waiting = make(map[string][]Subscriber)
	}
	r.waiting[attempt] = append(r.waiting[attempt], g)
	r.count++
	if before := len(r.waiting[attempt]) - 1; before >= maxPerAttempt {
		r.waiting[attempt][before-maxPerAttempt].Evicted()
	}
	if r.closed {
		g.Evicted()
	}
}

// Unsubscribe gives the seat back.
func (r *Hub) Unsubscribe(attempt string, g Subscriber) {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.waiting[attempt]
	i := slices.Index(all, g)
	if i < 0 {
		return
	}
	r.count--
	if len(all) == 1 {
		delete(r.waiting, attempt)
		return
	}
	r.waiting[attempt] = slices.Delete(all, i, i+1)
}

// Wait takes a seat for a caller that has a goroutine to wait with. The channel gets a
// value when the attempt may have moved since; hints that come faster than they are
// read become one. It is closed when the subscriber is sent home. Leave gives the seat back.
func (r *Hub) Wait(attempt string) (call <-chan struct{}, leave func()) {
	s := &waiter{call: make(chan struct{}, 1)}
	r.Subscribe(attempt, s)
	return s.call, func() { r.Unsubscribe(attempt, s) }
}

// waiter is a subscriber with a channel. The hub's lock guards it.
type waiter struct {
	call chan struct{}
	home bool
}

func (s *waiter) Notified() {
	if s.home {
		return
	}
	select {
	case s.call <- struct{}{}:
	default: // called already
	}
}

func (s *waiter) Evicted() {
	if !s.home {
		s.home = true
		close(s.call)
	}
}

// Notify calls everybody who waits for the attempt. It never blocks.
func (r *Hub) Notify(attempt string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, g := range r.waiting[attempt] {
		g.Notified()
	}
}

// Close sends everybody home, now and from now on: a server that stops must not wait
// for those who wait.
func (r *Hub) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	r.closed = true
	for _, guests := range r.waiting {
		for _, g := range guests {
			g.Evicted()
		}
	}
}

// Waiting counts the seats that are taken.
func (r *Hub) Waiting() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count
}
