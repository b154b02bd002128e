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

// streamServer is where apps wait that have nothing to do with a goroutine: their connections
// have been taken out of net/http, and a few workers serve them all. A waiting app costs
// its connection and a stream of some hundred bytes (docs/decisions/0010).
//
// It also counts the requests that wait in their own goroutines, because what both have
// in common runs out first: file descriptors.
type streamServer struct {
	room    *notify.Hub
	look    func(ctx context.Context, ids []string) (map[string]login.AttemptStatus, error)
	now     func() time.Time
	began   time.Time
	keep    steady.Keeper
	most    int
	workers []*streamWorker
	turn    atomic.Uint32

	mu       sync.Mutex
	inside   int
	networks map[string]int // how many of each are inside
}

func newStreamServer(d Deps) *streamServer {
	h := &streamServer{
		room: d.Room, look: d.AttemptStatuses, now: d.Now, began: d.Now(), most: d.MaxWaiting, keep: d.Keep, networks: map[string]int{},
		workers: make([]*streamWorker, min(4, runtime.GOMAXPROCS(0))),
	}
	for i := range h.workers {
		h.workers[i] = &streamWorker{server: h, bell: make(chan struct{}, 1)}
	}
	return h
}

// acquire counts a caller of a network in, or refuses: a flood of waiting apps must not use
// up the file descriptors that logging in needs, and one network not all the places
// (threat 34). Half of them is much, because phone operators put many people behind one
// address. leave counts the caller out.
func (h *streamServer) acquire(network string) error {
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

func (h *streamServer) release(network string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.inside--
	if h.networks[network]--; h.networks[network] == 0 {
		delete(h.networks, network)
	}
}

func (h *streamServer) waiting() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.inside
}

// run serves the stream server until ctx ends, then sends everybody home.
func (h *streamServer) run(ctx context.Context) {
	var all sync.WaitGroup
	for _, d := range h.workers {
		d.start()
		all.Go(func() { d.run(ctx) })
	}
	all.Wait()
}

// running reports whether somebody serves the stream server.
func (h *streamServer) running() bool { return h.workers[0].running() }

// alignToSecond is the next full second of the server's own time, so that a worker gets up once a
// second and not once for each of its streams.
func (h *streamServer) alignToSecond(t time.Time) time.Time {
	return h.began.Add((t.Sub(h.began) + time.Second - 1).Truncate(time.Second))
}

// seat takes over a connection on which the attempt's state has just been told, and
// whose network was counted in. It never fails: a stream server that closes at this moment says goodbye.
func (h *streamServer) serve(conn net.Conn, network string, a login.Attempt) {
	s := &stream{
		conn: conn, network: network, attempt: a.ID, support: a.SupportCode, state: a.State, place: nowhere,
		until: h.now().Add(stay), worker: h.workers[h.turn.Add(1)%uint32(len(h.workers))], //nolint:gosec // four at most
	}
	h.room.Subscribe(a.ID, s)
	// Look once after taking the seat: a move may have come just before it.
	if !s.worker.call(s, false) {
		s.end(againEvent(spread))
	}
}
