package firstparty

import (
	"context"
	"errors"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/notify"
	"avain/internal/platform/steady"
)

const (
	// keepAlive is how often a stream without news carries a comment, below the minute
	// after which proxies give up on silent connections. The login is read at the same
	// moment, in case hint and lookout have both missed something, and an app that has
	// gone is found out: the first write after that is answered with a reset, so the
	// second fails.
	keepAlive = 25 * time.Second
	// stay is how long a stream may last whatever happens; the app then proves anew that
	// it has the key.
	stay = 10 * time.Minute
	// full is when an app that found no seat should ask again.
	full = 5 * time.Second
)

// hall is where apps wait that have nothing to do with a goroutine: their connections
// have been taken out of net/http, and a few desks serve them all. A waiting app costs
// its connection and a stream of some hundred bytes (docs/decisions/0010).
//
// It also counts the requests that wait in their own goroutines, because what both have
// in common runs out first: file descriptors.
type hall struct {
	room  *notify.Room
	look  func(ctx context.Context, ids []string) (map[string]login.AttemptStatus, error)
	now   func() time.Time
	began time.Time
	keep  steady.Keeper
	most  int
	desks []*desk
	turn  atomic.Uint32

	mu       sync.Mutex
	inside   int
	networks map[string]int // how many of each are inside
}

func newHall(d Deps) *hall {
	h := &hall{
		room: d.Room, look: d.AttemptStatuses, now: d.Now, began: d.Now(), most: d.MaxWaiting, keep: d.Keep, networks: map[string]int{},
		desks: make([]*desk, min(4, runtime.GOMAXPROCS(0))),
	}
	for i := range h.desks {
		h.desks[i] = &desk{hall: h, bell: make(chan struct{}, 1)}
	}
	return h
}

// enter counts a caller of a network in, or refuses: a flood of waiting apps must not use
// up the file descriptors that logging in needs, and one network not all the places
// (threat 34). Half of them is much, because phone operators put many people behind one
// address. leave counts the caller out.
func (h *hall) enter(network string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	e := fault.New(fault.Unavailable, login.ReasonRateLimited, errors.New("as many apps wait as may"))
	switch {
	case h.inside >= h.most:
	case h.most > 1 && h.networks[network] >= (h.most+1)/2:
		e = fault.New(fault.TooMany, login.ReasonRateLimited, errors.New("as many apps of one network wait as may"))
	default:
		h.inside++
		h.networks[network]++
		return nil
	}
	e.RetryAfter = full
	return e
}

func (h *hall) leave(network string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.inside--
	if h.networks[network]--; h.networks[network] == 0 {
		delete(h.networks, network)
	}
}

func (h *hall) waiting() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.inside
}

// run serves the hall until ctx ends, then sends everybody home.
func (h *hall) run(ctx context.Context) {
	var all sync.WaitGroup
	for _, d := range h.desks {
		d.start()
		all.Go(func() { d.run(ctx) })
	}
	all.Wait()
}

// open reports whether somebody serves the hall.
func (h *hall) open() bool { return h.desks[0].isOpen() }

// beat is the next full second of the hall's own time, so that a desk gets up once a
// second and not once for each of its streams.
func (h *hall) beat(t time.Time) time.Time {
	return h.began.Add((t.Sub(h.began) + time.Second - 1).Truncate(time.Second))
}

// seat takes over a connection on which the attempt's state has just been told, and
// whose network was counted in. It never fails: a hall that closes at this moment says goodbye.
func (h *hall) seat(conn net.Conn, network string, a login.Attempt) {
	s := &stream{
		conn: conn, network: network, attempt: a.ID, support: a.SupportCode, state: a.State, place: nowhere,
		until: h.now().Add(stay), desk: h.desks[h.turn.Add(1)%uint32(len(h.desks))], //nolint:gosec // four at most
	}
	h.room.Sit(a.ID, s)
	// Look once after taking the seat: a move may have come just before it.
	if !s.desk.call(s, false) {
		s.end(againEvent(spread))
	}
}
