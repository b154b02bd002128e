package notify

import (
	"slices"
	"sync"
)

// maxPerAttempt is how many may wait for one attempt: the app, and what is left of its
// connections from before a tunnel or a sleep. Beyond it the one who has waited longest
// is sent home, so that whoever holds one attempt cannot fill the room.
const maxPerAttempt = 4

// Guest is somebody who waits. The room calls its methods while it is locked: they must
// not block, and not call the room.
type Guest interface {
	// Called says that the attempt may have moved.
	Called()
	// SentHome says that there is nothing to wait for any more: the room closes, or
	// others have come for the same attempt. The guest still has to leave.
	SentHome()
}

// Room is where callers wait for attempts. The zero value is ready.
type Room struct {
	mu      sync.Mutex
	waiting map[string][]Guest // in the order of coming
	count   int
	closed  bool
}

// Sit takes a seat for an attempt. In a room that is closed the guest is sent home at
// once.
func (r *Room) Sit(attempt string, g Guest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waiting == nil {
		r.waiting = make(map[string][]Guest)
	}
	r.waiting[attempt] = append(r.waiting[attempt], g)
	r.count++
	if before := len(r.waiting[attempt]) - 1; before >= maxPerAttempt {
		r.waiting[attempt][before-maxPerAttempt].SentHome()
	}
	if r.closed {
		g.SentHome()
	}
}

// Leave gives the seat back.
func (r *Room) Leave(attempt string, g Guest) {
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
// read become one. It is closed when the guest is sent home. Leave gives the seat back.
func (r *Room) Wait(attempt string) (call <-chan struct{}, leave func()) {
	s := &seat{call: make(chan struct{}, 1)}
	r.Sit(attempt, s)
	return s.call, func() { r.Leave(attempt, s) }
}

// seat is a guest with a channel. The room's lock guards it.
type seat struct {
	call chan struct{}
	home bool
}

func (s *seat) Called() {
	if s.home {
		return
	}
	select {
	case s.call <- struct{}{}:
	default: // called already
	}
}

func (s *seat) SentHome() {
	if !s.home {
		s.home = true
		close(s.call)
	}
}

// Wake calls everybody who waits for the attempt. It never blocks.
func (r *Room) Wake(attempt string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, g := range r.waiting[attempt] {
		g.Called()
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
	for _, guests := range r.waiting {
		for _, g := range guests {
			g.SentHome()
		}
	}
}

// Waiting counts the seats that are taken.
func (r *Room) Waiting() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count
}
