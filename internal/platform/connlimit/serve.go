package connlimit

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"
)

// Listener counts and bounds the connections of a listener. TLS, if any, comes on top:
// connections count before their handshake.
func (l *Limiter) Listener(under net.Listener) net.Listener { return &listener{under, l} }

type listener struct {
	net.Listener
	limiter *Limiter
}

// Accept returns the next connection that may stay. Those that may not are closed at
// once. A process without file descriptors could not even do that, so that one that does
// nothing gives way; without any, the server pauses, up to a second, and asks again.
func (l *listener) Accept() (net.Conn, error) {
	for {
		raw, err := l.Listener.Accept()
		if err != nil {
			if outOfFiles(err) && l.limiter.spare() {
				continue
			}
			return nil, err
		}
		if c, ok := l.limiter.enter(raw); ok {
			return c, nil
		}
		_ = raw.Close() // it was never ours
	}
}

func outOfFiles(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// Guard lets a server tell what happens on its connections. Call it before the server
// serves the limiter's listener.
func (l *Limiter) Guard(server *http.Server) {
	server.ConnState = l.changed
	server.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, connKey{}, counted(c))
	}
	server.Handler = l.handler(server.Handler)
}

type connKey struct{}

// counted is what the listener gave out for a connection, below TLS; nil for others.
func counted(c net.Conn) *conn {
	if over, ok := c.(interface{ NetConn() net.Conn }); ok {
		c = over.NetConn()
	}
	own, _ := c.(*conn)
	return own
}

func connOf(ctx context.Context) *conn {
	c, _ := ctx.Value(connKey{}).(*conn)
	return c
}

// changed hears of the server's states. It counts nobody out: a connection that has left
// the server is still open, and closing says so itself.
func (l *Limiter) changed(nc net.Conn, to http.ConnState) {
	c := counted(nc)
	if c == nil || to == http.StateNew || to == http.StateClosed {
		return
	}
	l.mu.Lock()
	var victim *conn
	switch to {
	case http.StateActive:
		c.active = true
	case http.StateIdle:
		c.active, c.heard, c.ahead = false, c.ahead, false
		if c.first = l.age(); !c.multiplexed {
			c.partial = 0 // a body that nobody wanted
		}
	case http.StateHijacked:
		c.taken = true
	default: // sorted out above
	}
	c.settle()
	if to == http.StateIdle {
		victim = l.tooMany(c)
	}
	l.mu.Unlock()
	if victim != nil {
		_ = victim.Conn.Close() // nobody reads there any more
	}
}

// tooMany is a settled connection that is one too many, now that c has become quiet: the
// share of c's network has become smaller, or apps have stopped waiting.
func (l *Limiter) tooMany(c *conn) (v *conn) {
	switch {
	case c.gone || c.from == nil:
	case !c.from.site.proxies && c.from.count > l.share():
		v = c.from.quiet.first()
	case l.left() < 0:
		v = l.quietest()
	}
	if v == nil || l.since(v) < settled {
		return nil
	}
	l.evict(v)
	return v
}

// handler notices when a request has come whole: before that the service has nothing to
// work on, however long it takes.
func (l *Limiter) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := connOf(r.Context())
		if c == nil {
			next.ServeHTTP(w, r)
			return
		}
		empty := r.Body == nil || r.Body == http.NoBody
		if r.ProtoMajor < 2 {
			if !empty {
				r = c.receive(r)
			}
			next.ServeHTTP(w, r)
			return // until the answer is out, the server says that the connection is active
		}
		if empty {
			c.stream(func() { c.multiplexed = true; c.whole++ })
			defer c.stream(func() { c.whole--; c.first = l.age() })
			next.ServeHTTP(w, r)
			return
		}
		c.stream(func() { c.multiplexed = true })
		r = c.receive(r)
		defer c.over(r)
		next.ServeHTTP(w, r)
	})
}

// stream changes what is known of the requests.
func (c *conn) stream(change func()) {
	c.limiter.mu.Lock()
	defer c.limiter.mu.Unlock()
	change()
	c.settle()
}

// receive is the request with a body that says when it has come whole.
func (c *conn) receive(r *http.Request) *http.Request {
	c.stream(func() { c.partial++ })
	with := *r
	with.Body = &body{ReadCloser: r.Body, conn: c}
	return &with
}

// over ends a request of HTTP/2. What else comes in on its connection has as long as a
// new one, so that this answer can get out.
func (c *conn) over(r *http.Request) {
	in, _ := r.Body.(*body)
	c.stream(func() {
		if in.whole {
			c.whole--
		} else {
			in.whole = true // whatever of it is read later
			c.partial--
		}
		c.first = c.limiter.age()
	})
}

// body is a request's body.
type body struct {
	io.ReadCloser
	conn  *conn
	whole bool // guarded by the limiter's lock
}

// Read notices the end.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		b.conn.stream(func() {
			if b.whole {
				return
			}
			b.whole = true
			b.conn.partial--
			if b.conn.multiplexed {
				b.conn.whole++
			}
		})
	}
	return n, err
}

// Waits says that the request of this context waits for news, from now until the
// function is called. Whoever says so bounds how many do.
func Waits(ctx context.Context) (over func()) {
	c := connOf(ctx)
	if c == nil {
		return func() {}
	}
	c.stream(func() { c.waits++ })
	return sync.OnceFunc(func() { c.stream(func() { c.waits-- }) })
}
