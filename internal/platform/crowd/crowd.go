package crowd

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/secret"
)

const (
	// tightest is the part of its share that a network keeps when there is no room left.
	tightest = 10
	// victims is how many of the largest crowds are asked to make room for a stranger, and
	// remembered how many more.
	victims, remembered = 64, 1000

	comeBack = 15 * time.Second // until then something of the same network may give way
)

// Limits are how many logins may be unfinished.
type Limits struct {
	Altogether int
	PerNetwork int
	PerClient  int // that has proved who it is
}

// Store counts unfinished logins: package store.
type Store interface {
	RunningAttempts(ctx context.Context) (int64, error)
	// Crowds lists where at least so many come from, the largest first.
	Crowds(ctx context.Context, least int64, most int) ([]login.Crowd, error)
}

// Deps are what a crowd needs.
type Deps struct {
	Store Store
	// Room ends one login of the source that costs no more than so much, and says whether
	// there was one: package attempt.
	Room    func(ctx context.Context, from login.Source, cost login.Cost) (bool, error)
	Key     secret.Text // makes sources of addresses; outside the database, shared by all nodes
	Clients []string    // that prove who they are
	Limits  Limits
}

// Crowd is what one node knows of the unfinished logins of all. It is safe for
// concurrent use.
type Crowd struct {
	d       Deps
	clients map[login.Source]bool

	mu     sync.Mutex
	total  int64
	counts map[login.Source]int64 // of the large crowds, as last read
	since  map[login.Source]int64 // begun by this node since
	begun  int64                  // likewise, in all
	large  []login.Source         // those that can make room, the largest first
	dry    map[victim]bool        // where there was nothing to end, since the last look
}

// victim is a crowd that is asked for one of its logins.
type victim struct {
	from login.Source
	cost login.Cost
}

// New makes a crowd that knows of nobody until it looks.
func New(d Deps) *Crowd {
	c := &Crowd{d: d, clients: map[login.Source]bool{}, since: map[login.Source]int64{}, dry: map[victim]bool{}}
	for _, id := range d.Clients {
		c.clients[c.Client(id)] = true
	}
	return c
}

// Network is the source of a login that comes from an address. Callers whose address is
// unknown are one network.
func (c *Crowd) Network(from netip.Addr) login.Source {
	network, site := Place(from)
	switch {
	case !network.IsValid():
		return login.Source{Network: c.hash("network", "unknown")}
	case network == site:
		return login.Source{Network: c.hash("network", network.Addr().String())}
	default:
		return login.Source{Network: c.hash("network", network.String()), Site: c.hash("site", site.String())}
	}
}

// Client is the source of the logins of a client that has proved who it is: its server
// has one address, and everybody who logs in there would share it.
func (c *Crowd) Client(id string) login.Source {
	return login.Source{Network: c.hash("client", id)}
}

func (c *Crowd) hash(kind, what string) secret.Hash { return c.d.Key.Derive(kind, what).Hash() }

// Admit lets one more login begin, or says when to come back. Whoever has used up their
// own share begins it in the place of one of their own; everybody else, when there is
// no room at all, in the place of one of the largest crowd.
func (c *Crowd) Admit(ctx context.Context, who login.Source) error {
	full, large := c.judge(who)
	if full != (login.Source{}) {
		made, err := c.room(ctx, []login.Source{full}, login.CostNothing, login.CostLittle)
		if err == nil && !made {
			err = tooMany(fault.TooMany)
		}
		if err != nil {
			return err
		}
	}
	if _, err := c.room(ctx, large, login.Costs()...); err != nil {
		return err
	}
	if !c.enter(who) {
		return tooMany(fault.Unavailable)
	}
	return nil
}

// room ends the login that costs least, of the first of the crowds that has one.
func (c *Crowd) room(ctx context.Context, crowds []login.Source, costs ...login.Cost) (bool, error) {
	for _, cost := range costs {
		for _, from := range crowds {
			at := victim{from, cost}
			if c.isDry(at) {
				continue
			}
			made, err := c.d.Room(ctx, from, cost)
			if err != nil || made {
				c.leave(from, made)
				return made, err
			}
			c.nowDry(at)
		}
	}
	return false, nil
}

func (c *Crowd) isDry(at victim) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dry[at]
}

func (c *Crowd) nowDry(at victim) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dry[at] = true
}

func tooMany(kind fault.Kind) error {
	e := fault.New(kind, login.ReasonRateLimited, errors.New("too many unfinished logins"))
	e.RetryAfter = comeBack
	return e
}

// judge returns the network, site or client whose share is used up, if one is; and else
// the crowds that have to make room, if there is none.
func (c *Crowd) judge(who login.Source) (full login.Source, large []login.Source) {
	c.mu.Lock()
	defer c.mu.Unlock()
	network, site := login.Source{Network: who.Network}, login.Source{Site: who.Site}
	switch share := c.share(); {
	case c.clients[network]:
		if c.open(network) >= int64(c.d.Limits.PerClient) {
			full = network
		}
	case c.open(network) >= share:
		full = network
	case !who.Site.Zero() && c.open(site) >= PerSite*share:
		full = site
	}
	if full == (login.Source{}) && c.total+c.begun >= int64(c.d.Limits.Altogether) {
		large = c.large[:min(len(c.large), victims)]
	}
	return full, large
}

func (c *Crowd) open(s login.Source) int64 { return c.counts[s] + c.since[s] }

// share is how many logins of one network may be unfinished: all that are configured
// while there is room, and fewer the less of it is left.
func (c *Crowd) share() int64 {
	altogether := int64(c.d.Limits.Altogether)
	return Share(int64(c.d.Limits.PerNetwork), altogether, altogether-c.total-c.begun)
}

func (c *Crowd) least() int64 { return Least(int64(c.d.Limits.PerNetwork)) }

// enter counts a login that begins. However small the crowds are that it comes from,
// there is an end: at twice what there is room for.
func (c *Crowd) enter(who login.Source) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.total+c.begun >= 2*int64(c.d.Limits.Altogether) {
		return false
	}
	c.begun++
	c.since[login.Source{Network: who.Network}]++
	if !who.Site.Zero() {
		c.since[login.Source{Site: who.Site}]++
	}
	return true
}

func (c *Crowd) leave(from login.Source, made bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if made {
		c.begun--
		c.since[from]--
	}
}

// Look reads the counts of all nodes. The number is how many logins are unfinished
// altogether.
func (c *Crowd) Look(ctx context.Context) (int64, error) {
	total, err := c.d.Store.RunningAttempts(ctx)
	if err != nil {
		return 0, err
	}
	// Whoever is below half of the smallest share cannot use it up before the next look.
	crowds, err := c.d.Store.Crowds(ctx, max(1, c.least()/2), remembered)
	if err != nil {
		return total, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total, c.begun = total, 0
	c.counts, c.since = map[login.Source]int64{}, map[login.Source]int64{}
	c.large, c.dry = nil, map[victim]bool{}
	for _, crowd := range crowds {
		c.counts[crowd.Source] = crowd.Open
		if !c.clients[crowd.Source] && c.weight(crowd.Source) >= c.least() {
			c.large = append(c.large, crowd.Source)
		}
	}
	slices.SortStableFunc(c.large, func(a, b login.Source) int { return cmp.Compare(c.weight(b), c.weight(a)) })
	return total, nil
}

// weight makes a site comparable with a network.
func (c *Crowd) weight(s login.Source) int64 {
	if s.Network.Zero() {
		return c.counts[s] / PerSite
	}
	return c.counts[s]
}
