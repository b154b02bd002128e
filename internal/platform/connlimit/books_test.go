package connlimit

import (
	"container/heap"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// wire is the other side of a connection that exists in a test only.
type wire struct {
	net.Conn
	from   string
	closed bool
}

func (w *wire) RemoteAddr() net.Addr { return address(w.from) }
func (w *wire) Close() error         { w.closed = true; return nil }

func (*wire) Read([]byte) (int, error)    { return 1, nil }
func (*wire) Write(b []byte) (int, error) { return len(b), nil }

type address string

func (address) Network() string  { return "tcp" }
func (a address) String() string { return string(a) }

type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newLimiter(limits Limits) (*Limiter, *clock) {
	c := &clock{at: time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)}
	return New(Config{
		Limits: limits, Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}, Now: c.now, Log: slog.New(slog.DiscardHandler),
	}), c
}

// callers are networks of every kind: addresses, homes of one site and of another,
// proxies, and one whose address nobody can read.
var callers = []string{
	"192.0.2.1:1", "192.0.2.2:1", "[::ffff:192.0.2.2]:7", "[2001:db8:0:1100::1]:1", "[2001:db8:0:11ff::2]:1", "[2001:db8:0:1200::1]:1",
	"[2001:db8:1::1]:1", "10.0.0.1:1", "10.0.0.2:1", "@",
}

// books plays with the limiter and holds what it has written down against what is true.
type books struct {
	*rapid.T
	l     *Limiter
	clock *clock
	conns []*conn // that the test has not closed
}

func (b *books) some() *conn {
	if len(b.conns) == 0 {
		b.Skip("nobody is there")
	}
	return rapid.SampledFrom(b.conns).Draw(b.T, "conn")
}

// watched does something to a connection, and sees that none of the others was closed
// whose turn it was not.
func (b *books) watched(acting *conn, act func()) {
	before := map[*conn]stage{}
	since := map[*conn]time.Duration{}
	for _, c := range b.conns {
		if !c.gone && c != acting {
			before[c], since[c] = c.stage, c.since
		}
	}
	act()
	for c, was := range before {
		if now := b.l.age(); c.gone && was != quiet && (was != moving || now-since[c] < slow) {
			b.Errorf("a connection that was %s since %s was closed", was, now-since[c])
		}
	}
}

func (b *books) accept(*rapid.T) {
	from := rapid.SampledFrom(callers).Draw(b.T, "from")
	b.watched(nil, func() {
		if c, ok := b.l.enter(&wire{from: from}); ok {
			b.conns = append(b.conns, c)
			if all := b.l.all(); b.l.limits.Files > 0 && all > b.l.limits.Files {
				b.Errorf("%d connections, of %d files", all, b.l.limits.Files)
			}
		}
	})
}

func (b *books) state(to http.ConnState) func(*rapid.T) {
	return func(*rapid.T) {
		c := b.some()
		b.watched(c, func() { b.l.changed(c, to) })
	}
}

func (b *books) on(act func(c *conn)) func(*rapid.T) {
	return func(*rapid.T) {
		c := b.some()
		b.watched(c, func() { act(c) })
	}
}

func (b *books) close(*rapid.T) {
	c := b.some()
	b.watched(c, func() { _ = c.Close() })
	b.conns = slices.DeleteFunc(b.conns, func(other *conn) bool { return other == c })
}

// counts sees that every number is the one that counting anew gives.
func (b *books) counts() {
	var open [stages]int
	counted, moves := 0, 0
	of, sites, quietOf := map[*network]int{}, map[*site]int{}, map[*site]int{}
	refs := map[*network]int{}
	for _, c := range b.conns {
		if c.gone {
			if c.from != nil || !c.Conn.(*wire).closed {
				b.Error("one is counted out and open")
			}
			continue
		}
		open[c.stage]++
		if c.from == nil {
			continue
		}
		refs[c.from]++
		if c.stage != waiting {
			counted++
			of[c.from]++
			sites[c.from.site]++
		}
		if c.stage == quiet {
			quietOf[c.from.site]++
		}
		if c.stage == moving {
			moves++
		}
		if c.from.site.proxies != strings.HasPrefix(c.RemoteAddr().String(), "10.") {
			b.Error("a proxy is a network")
		}
	}
	if counted != b.l.counted || open != b.l.open {
		b.Errorf("counted %d %v, not %d %v", b.l.counted, b.l.open, counted, open)
	}
	queued := 0
	for c := b.l.slowest.first(); c != nil; c = c.inAll.next() {
		queued++
	}
	if queued != moves {
		b.Errorf("%d are queued, %d are moving", queued, moves)
	}
	b.networks(of, refs, sites, quietOf)
}

func (b *books) networks(of, refs map[*network]int, sites, quietOf map[*site]int) {
	all := []*site{b.l.behind.site}
	for prefix, s := range b.l.sites {
		if s.prefix != prefix || len(s.networks) == 0 {
			b.Errorf("%s: %+v", prefix, s)
		}
		all = append(all, s)
	}
	ranked := 0
	for _, s := range all {
		for _, n := range s.networks {
			if n.count != of[n] || n.refs != refs[n] || n.refs == 0 && !s.proxies {
				b.Errorf("%s: %d and %d, not %d and %d", n.prefix, n.count, n.refs, of[n], refs[n])
			}
		}
		if s.count != sites[s] || s.quiet != quietOf[s] || (s.quiet > 0) != (s.place != nowhere) {
			b.Errorf("%s: %d, quiet %d at %d, not %d and %d", s.prefix, s.count, s.quiet, s.place, sites[s], quietOf[s])
		}
		if s.place != nowhere {
			ranked++
		}
	}
	if ranked != len(b.l.ranking) {
		b.Errorf("%d are ranked, not %d", len(b.l.ranking), ranked)
	}
	for i, s := range b.l.ranking {
		if s.place != i || i > 0 && b.l.ranking.Less(i, (i-1)/2) {
			b.Error("the ranking is no heap")
		}
	}
}

// Whatever happens, in whatever order: the numbers are right, nobody is closed who is at
// work, and when all have gone nothing is left.
func TestBooksProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		l, clock := newLimiter(Limits{
			Altogether: rapid.IntRange(1, 12).Draw(r, "altogether"), PerNetwork: rapid.IntRange(1, 6).Draw(r, "per network"),
			Files: rapid.SampledFrom([]int{0, 5, 14}).Draw(r, "files"),
		})
		b := &books{T: r, l: l, clock: clock}
		r.Repeat(map[string]func(*rapid.T){
			"accept": b.accept, "accept another": b.accept, "accept one more": b.accept, "close": b.close,
			"active": b.state(http.StateActive), "idle": b.state(http.StateIdle), "hijacked": b.state(http.StateHijacked),
			"new": b.state(http.StateNew), "closed": b.state(http.StateClosed),
			"read":  b.on(func(c *conn) { _, _ = c.Read(make([]byte, 1)) }),
			"write": b.on(func(c *conn) { c.writing(1) }),
			"written": b.on(func(c *conn) {
				if c.writes > 0 {
					c.writing(-1)
				}
			}),
			"body": b.on(func(c *conn) { c.stream(func() { c.partial++ }) }),
			"whole": b.on(func(c *conn) {
				if c.partial > 0 {
					c.stream(func() { c.partial-- })
				}
			}),
			"wait": b.on(func(c *conn) { c.stream(func() { c.waits++ }) }),
			"over": b.on(func(c *conn) {
				if c.waits > 0 {
					c.stream(func() { c.waits-- })
				}
			}),
			"spare": func(*rapid.T) { b.watched(nil, func() { l.spare() }) },
			"pass":  func(*rapid.T) { clock.pass(rapid.SampledFrom([]time.Duration{time.Second, slow}).Draw(r, "time")) },
			"":      func(*rapid.T) { b.counts() },
		})
		for _, c := range b.conns {
			_ = c.Close()
			_ = c.Close()
		}
		b.conns = nil
		b.counts()
		if l.counted != 0 || l.all() != 0 || len(l.sites) != 0 || len(l.ranking) != 0 || l.slowest.first() != nil || l.behind.refs != 0 {
			r.Errorf("something is left: %+v", l)
		}
		heap.Init(&l.ranking)
	})
}

// fill lets so many connections of a network begin to send.
func fill(t *testing.T, l *Limiter, n int, from func(i int) string, act func(c *conn)) (all []*conn, refused int) {
	t.Helper()
	for i := range n {
		c, ok := l.enter(&wire{from: from(i)})
		if !ok {
			refused++
			continue
		}
		act(c)
		all = append(all, c)
	}
	return all, refused
}

func at(from string) func(int) string { return func(int) string { return from } }

func everywhere(i int) string { return fmt.Sprintf("198.%d.%d.%d:1", 18+i>>16, i>>8&255, i&255) }

func sends(c *conn)  { _, _ = c.Read(make([]byte, 1)) }
func works(c *conn)  { sends(c); c.limiter.changed(c, http.StateActive) }
func rests(c *conn)  { works(c); c.limiter.changed(c, http.StateIdle) }
func waits(c *conn)  { works(c); c.stream(func() { c.waits++ }) }
func seated(c *conn) { waits(c); c.limiter.changed(c, http.StateHijacked) }
