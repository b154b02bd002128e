package connlimit

import (
	"net"
	"sync/atomic"
	"time"
)

// stage is what happens on a connection.
type stage uint32

const (
	quiet   stage = iota // nothing: nobody has asked yet, or again
	moving               // a request comes in, or an answer is taken: the other side's turn
	working              // the service is at work on a whole request
	waiting              // an app waits for news of its login
	stages
)

// String is the word for it in metrics.
func (s stage) String() string { return [stages]string{"quiet", "moving", "working", "waiting"}[s] }

// conn is a connection that is counted, from accepting to closing. The limiter's lock
// guards all of it.
type conn struct {
	net.Conn
	limiter *Limiter
	from    *network // nil: it has been counted out, or was taken out of the server

	stage stage         // derived from what is below, by settle
	atNow atomic.Uint32 // a copy that can be read without the lock
	since time.Duration // since it has been in this stage; of a request, since its first byte

	active      bool // the server has read a request's head, and not written the answer's end
	heard       bool // the first bytes of a request have come
	ahead       bool // bytes of the next request have come while this one is answered
	gone        bool // counted out
	taken       bool // out of the server, by package firstparty
	multiplexed bool // HTTP/2: many requests at a time
	writes      int  // that wait for the other side
	partial     int  // requests whose body has not come whole
	whole       int  // HTTP/2: requests that have
	waits       int  // requests that wait for news

	first     time.Duration // when the first byte came
	inNetwork link
	inAll     link
}

// join counts a new connection in, for which the network is held already.
func (c *conn) join(n *network) {
	l := c.limiter
	c.from = n
	l.open[c.stage]++
	c.count(1)
	c.list()
}

// leave counts it out, once.
func (c *conn) leave() {
	if c.gone {
		return
	}
	l := c.limiter
	c.gone = true
	l.open[c.stage]--
	if c.from == nil {
		return // taken
	}
	c.unlist()
	if c.stage != waiting {
		c.count(-1)
	}
	c.detach()
}

func (c *conn) detach() {
	n := c.from
	c.from = nil
	n.refs--
	c.limiter.drop(n)
}

// count adds to the numbers that the bounds hold against.
func (c *conn) count(n int) {
	l := c.limiter
	l.counted += n
	c.from.count += n
	c.from.site.count += n
	l.ranking.update(c.from.site)
}

// list puts it among those that may have to go.
func (c *conn) list() {
	switch c.stage {
	case quiet:
		c.from.quiet.add(&c.inNetwork, c)
		c.from.site.quiet++
		c.limiter.ranking.update(c.from.site)
	case moving:
		c.from.moving.add(&c.inNetwork, c)
		c.limiter.slowest.add(&c.inAll, c)
	default: // stays
	}
}

func (c *conn) unlist() {
	c.inNetwork.remove()
	c.inAll.remove()
	if c.stage == quiet {
		c.from.site.quiet--
		c.limiter.ranking.update(c.from.site)
	}
}

// settle finds out anew what happens here.
func (c *conn) settle() {
	if c.gone || c.from == nil {
		return
	}
	l := c.limiter
	was, is := c.stage, c.judge()
	if is == was {
		if c.taken {
			c.detach()
		}
		return
	}
	c.unlist()
	l.open[was]--
	l.open[is]++
	c.stage = is
	c.atNow.Store(uint32(is))
	switch {
	case is == waiting:
		c.count(-1)
	case was == waiting:
		c.count(1)
	}
	if c.taken {
		c.detach()
		return
	}
	if c.since = l.age(); is == moving && c.writes == 0 {
		c.since = c.first
	}
	c.list()
}

func (c *conn) judge() stage {
	switch {
	case c.taken, c.waits > 0:
		return waiting
	case c.writes > 0, c.active && c.partial > 0 && c.whole == 0, !c.active && c.heard:
		return moving
	case c.active:
		return working
	default:
		return quiet
	}
}

// Read notices the first bytes of a request. That they have been noticed and that the
// connection makes room for another one exclude each other: a request is not read and
// then lost.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 && stage(c.atNow.Load()) != waiting && !c.came() {
		return 0, net.ErrClosed
	}
	return n, err
}

// came reports whether the connection is still there.
func (c *conn) came() bool {
	c.limiter.mu.Lock()
	defer c.limiter.mu.Unlock()
	switch {
	case c.gone, c.multiplexed: // there, what comes need not be a request
	case c.active:
		c.ahead = c.ahead || c.partial == 0
	case !c.heard:
		c.heard, c.first = true, c.limiter.age()
		c.settle()
	}
	return !c.gone
}

// Write notices how long the other side takes for an answer.
func (c *conn) Write(b []byte) (int, error) {
	if stage(c.atNow.Load()) != working {
		return c.Conn.Write(b)
	}
	c.writing(1)
	defer c.writing(-1)
	return c.Conn.Write(b)
}

func (c *conn) writing(n int) {
	c.limiter.mu.Lock()
	defer c.limiter.mu.Unlock()
	c.writes += n
	c.settle()
}

// CloseWrite lets the server say that there is no more of an answer, and read on: a client
// that is still sending would lose the answer to a reset.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return net.ErrClosed
}

// Close counts the connection out, whoever holds it.
func (c *conn) Close() error {
	err := c.Conn.Close()
	c.limiter.mu.Lock()
	defer c.limiter.mu.Unlock()
	c.leave()
	return err
}
