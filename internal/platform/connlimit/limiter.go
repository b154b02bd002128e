package connlimit

import (
	"log/slog"
	"math"
	"net"
	"net/netip"
	"sync"
	"time"

	"avain/internal/platform/crowd"
)

const (
	// slow is how long a request may take to come in, or an answer to be taken, before
	// its connection may be closed to make room. Phones on a bad network need a second.
	slow = 2 * time.Second
	// settled is how long nothing must have happened, for what is quiet to be the first to
	// go: who has just connected is about to ask, and who has just been answered, to ask
	// again.
	settled = 500 * time.Millisecond
	// looked is how many of the slowest connections are compared for the busiest site.
	looked = 64
	// beyond is how many times as many as there is room for there may be, when all of
	// them are at work and a stranger comes.
	beyond = 2
)

// Limits are how many connections there may be.
type Limits struct {
	Altogether int // besides those of apps that wait
	PerNetwork int // likewise
	Files      int // of all, because each one holds a file descriptor; 0: nobody knows
}

// Config is what a Limiter needs.
type Config struct {
	Limits  Limits
	Proxies []netip.Prefix // that are trusted: everybody comes through them
	Now     func() time.Time
	Log     *slog.Logger
}

// Limiter bounds the connections of one node. It is safe for concurrent use.
type Limiter struct {
	limits  Limits
	proxies []netip.Prefix
	now     func() time.Time
	log     *slog.Logger
	began   time.Time

	mu      sync.Mutex
	sites   map[netip.Prefix]*site
	behind  *network         // of trusted proxies
	ranking ranking          // of sites with quiet connections
	slowest queue            // of all connections that are moving, the longest first
	counted int              // without those that wait
	open    [stages]int      // by what they do
	refused [reasons]int64   // since the start
	evicted [evictions]int64 // likewise
	told    told
}

// network is what [crowd.Place] says; the trusted proxies are one of their own.
type network struct {
	site   *site
	prefix netip.Prefix
	count  int // without those that wait
	refs   int // with them, unless they have left the server
	quiet  queue
	moving queue
}

// site is the networks of one holder: an IPv6 /48, or one IPv4 address.
type site struct {
	prefix   netip.Prefix
	proxies  bool
	networks []*network
	count    int
	quiet    int // of count
	place    int // in the ranking
}

// weight is how busy a site is beside others. Behind the proxies is everybody: they are
// asked for room last.
func (s *site) weight() int {
	if s.proxies {
		return 0
	}
	return s.count
}

// New makes a limiter of no connections.
func New(c Config) *Limiter {
	l := &Limiter{limits: c.Limits, proxies: c.Proxies, now: c.Now, log: c.Log, began: c.Now(), sites: map[netip.Prefix]*site{}}
	through := &site{proxies: true, place: nowhere}
	l.behind = &network{site: through}
	through.networks = []*network{l.behind}
	return l
}

// age is the time since the limiter was made: a number that only grows.
func (l *Limiter) age() time.Duration { return l.now().Sub(l.began) }

// enter counts a connection in, in the place of others where there is no room, or
// refuses it.
func (l *Limiter) enter(raw net.Conn) (*conn, bool) {
	from, proxy := l.from(raw.RemoteAddr())
	l.mu.Lock()
	n := l.behind
	if !proxy {
		n = l.network(from)
	}
	n.refs++ // whoever makes room may be the last of this very network
	victims, why := l.admit(n)
	var c *conn
	if why == admitted {
		c = &conn{Conn: raw, limiter: l, since: l.age()}
		c.join(n)
	} else {
		l.refused[why]++
		n.refs--
		l.drop(n)
	}
	line := l.tell(why)
	l.mu.Unlock()
	closeAll(victims)
	line.write(l.log)
	return c, c != nil
}

func closeAll(victims []*conn) {
	for _, v := range victims {
		_ = v.Conn.Close() // nobody reads there any more
	}
}

// from is the address of the other side, and whether a trusted proxy has it.
func (l *Limiter) from(remote net.Addr) (addr netip.Addr, proxy bool) {
	if remote == nil {
		return addr, false
	}
	at, err := netip.ParseAddrPort(remote.String())
	if err != nil {
		return addr, false
	}
	addr = at.Addr().Unmap().WithZone("")
	for _, p := range l.proxies {
		if p.Contains(addr) {
			return addr, true
		}
	}
	return addr, false
}

// network finds a network, or begins to count it.
func (l *Limiter) network(addr netip.Addr) *network {
	in, around := crowd.Place(addr)
	s := l.sites[around]
	if s == nil {
		s = &site{prefix: around, place: nowhere}
		l.sites[around] = s
	}
	for _, n := range s.networks {
		if n.prefix == in {
			return n
		}
	}
	n := &network{site: s, prefix: in}
	s.networks = append(s.networks, n)
	return n
}

// drop forgets a network that has no connections.
func (l *Limiter) drop(n *network) {
	s := n.site
	if n.refs > 0 || s.proxies {
		return
	}
	for i, other := range s.networks {
		if other == n {
			last := len(s.networks) - 1
			s.networks[i], s.networks[last] = s.networks[last], nil
			s.networks = s.networks[:last]
			break
		}
	}
	if len(s.networks) == 0 {
		delete(l.sites, s.prefix)
	}
}

// admit finds room for a connection of a network. Whoever has used up their own share
// makes it themselves. When there is no room for anybody, the busiest make it for all
// others, and when nothing of theirs may go, there is some more for strangers.
func (l *Limiter) admit(n *network) (victims []*conn, why reason) {
	if !n.site.proxies {
		v, full := l.own(n)
		if full && v == nil {
			return nil, crowded
		}
		if v != nil {
			l.evict(v)
			victims = append(victims, v)
		}
	}
	makes := func(v *conn) bool {
		if v != nil {
			l.evict(v)
			victims = append(victims, v)
		}
		return v != nil
	}
	for range 2 { // two, so that what is too much gets less
		if l.left() > 0 || !makes(l.anybody(n)) {
			break
		}
	}
	if l.left() > 0 || l.beside(n) || makes(l.quietest()) && l.left() > 0 {
		return victims, admitted
	}
	return victims, full
}

// beside reports whether a stranger gets in although there is no room.
func (l *Limiter) beside(n *network) bool {
	return l.files() > 0 && n.site.weight() < l.least() && l.counted < beyond*l.limits.Altogether
}

// own reports whether a network has used up its share, and who of it may go.
func (l *Limiter) own(n *network) (victim *conn, full bool) {
	switch share := l.share(); {
	case n.count >= share:
		return l.oldest(n), true
	case n.site.count >= crowd.PerSite*share:
		for _, other := range n.site.networks {
			if v := l.oldest(other); v != nil && (victim == nil || other.count > victim.from.count) {
				victim = v
			}
		}
		return victim, true
	default:
		return nil, false
	}
}

// oldest is the connection of a network whose end costs least; nil when none may go.
func (l *Limiter) oldest(n *network) *conn {
	still := n.quiet.first()
	if still != nil && l.since(still) >= settled {
		return still
	}
	if c := n.moving.first(); c != nil && l.since(c) >= slow {
		return c
	}
	return still
}

// anybody is who makes room for a connection of n: the longest quiet one of the busiest
// site; else, of the slowest, one of the busiest site, unless n's is busier.
func (l *Limiter) anybody(n *network) (victim *conn) {
	if c := l.quietest(); c != nil && l.since(c) >= settled {
		return c
	}
	for c, i := l.slowest.first(), 0; c != nil && i < looked && l.since(c) >= slow; c, i = c.inAll.next(), i+1 {
		if w := c.from.site.weight(); w >= n.site.weight() && (victim == nil || w > victim.from.site.weight()) {
			victim = c
		}
	}
	return victim
}

// since is how long a connection has been in its stage.
func (l *Limiter) since(c *conn) time.Duration { return l.age() - c.since }

// quietest is the longest quiet connection of the busiest site that has one.
func (l *Limiter) quietest() (longest *conn) {
	if len(l.ranking) == 0 {
		return nil
	}
	for _, in := range l.ranking[0].networks {
		if c := in.quiet.first(); c != nil && (longest == nil || in.count > longest.from.count) {
			longest = c
		}
	}
	return longest
}

func (l *Limiter) share() int {
	return int(crowd.Share(int64(l.limits.PerNetwork), int64(l.limits.Altogether), int64(l.left())))
}

func (l *Limiter) least() int { return int(crowd.Least(int64(l.limits.PerNetwork))) }

// left is how many more there may be: of what they cost in memory, or in files.
func (l *Limiter) left() int { return min(l.limits.Altogether-l.counted, l.files()) }

// files is how many more file descriptors there are.
func (l *Limiter) files() int {
	if l.limits.Files == 0 {
		return math.MaxInt
	}
	return l.limits.Files - l.all()
}

func (l *Limiter) all() (n int) {
	for _, open := range l.open {
		n += open
	}
	return n
}

// evict takes a connection out that has to make room. It is closed when nobody holds
// the lock: closing waits for whoever reads there.
func (l *Limiter) evict(c *conn) {
	if c.stage == quiet {
		l.evicted[wasQuiet]++
	} else {
		l.evicted[wasSlow]++
	}
	c.leave()
}

// spare closes one connection because the process has no file descriptor left, and
// reports whether there was one that may go.
func (l *Limiter) spare() bool {
	l.mu.Lock()
	v := l.anybody(l.behind)
	if v == nil {
		v = l.quietest()
	}
	if v != nil {
		l.evict(v)
	}
	l.mu.Unlock()
	if v == nil {
		return false
	}
	_ = v.Conn.Close() // the same
	return true
}
