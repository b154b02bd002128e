package wake

import "sync"

// Room is where callers wait for attempts. The zero value is ready.
type Room struct {
	mu      sync.Mutex
	waiting map[string]map[*seat]struct{}
	closed  bool
}

type seat struct{ call chan struct{} }

// Wait takes a seat for an attempt. The channel gets a value when the attempt may
// have moved since; hints that come faster than they are read become one. It is closed
// when the room closes. Leave gives the seat back.
func (r *Room) Wait(attempt string) (call <-chan struct{}, leave func()) {
	s := &seat{call: make(chan struct{}, 1)}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waiting == nil {
		r.waiting = make(map[string]map[*seat]struct{})
	}
	if r.waiting[attempt] == nil {
		r.waiting[attempt] = make(map[*seat]struct{}, 1)
	}
	r.waiting[attempt][s] = struct{}{}
	if r.closed {
		close(s.call)
	}
	return s.call, func() { r.leave(attempt, s) }
}

func (r *Room) leave(attempt string, s *seat) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.waiting[attempt], s)
	if len(r.waiting[attempt]) == 0 {
		delete(r.waiting, attempt)
	}
}

// Wake calls everybody who waits for the attempt. It never blocks.
func (r *Room) Wake(attempt string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	for s := range r.waiting[attempt] {
		select {
		case s.call <- struct{}{}:
		default: // called already
		}
	}
}

// Close sends everybody home, now and from now on: a server that stops must not wait
// for those who wait.
func (r *Room) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	r.closed = true
	for _, seats := range r.waiting {
		for s := range seats {
			close(s.call)
		}
	}
}

// Waiting counts the seats that are taken, for metrics.
func (r *Room) Waiting() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, seats := range r.waiting {
		n += len(seats)
	}
	return n
}
