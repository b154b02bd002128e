package loopback

import (
	"context"
	"crypto/tls"
	"net"
	"sync"

	"github.com/emersion/go-smtp"
)

// SMTP is a mail server that runs, and can be stopped at any moment.
//
// go-smtp leaves the order to its users: Shutdown waits for conversations while Serve
// may be counting a new one, which is a data race, and neither Shutdown nor Close knows
// of a listener that Serve has not come to yet. So here nobody comes in any more
// before the server hears that it is over.
type SMTP struct {
	server  *smtp.Server
	door    *door
	serving sync.WaitGroup
}

// ServeSMTP lets the server take letters at the listener, until Close. With a TLS
// configuration the conversation is encrypted from its first byte.
func ServeSMTP(server *smtp.Server, l net.Listener, implicit *tls.Config) *SMTP {
	s := &SMTP{server: server, door: &door{Listener: l, inside: map[*guest]struct{}{}}}
	var through net.Listener = s.door
	if implicit != nil {
		through = tls.NewListener(through, implicit)
	}
	s.serving.Go(func() { _ = server.Serve(through) }) // ends when the door is closed
	return s
}

// Close lets nobody in any more, and waits for the conversations that are going on.
// When the context ends first, it breaks them off and returns its error.
func (s *SMTP) Close(ctx context.Context) error {
	err := s.door.Close()
	s.serving.Wait()
	if ending := s.server.Shutdown(ctx); ending != nil {
		s.door.breakOff()
		return ending
	}
	return err
}

// door is a listener that may be closed twice, and knows who came in.
type door struct {
	net.Listener
	once   sync.Once
	closed error

	mu     sync.Mutex
	inside map[*guest]struct{}
}

func (d *door) Accept() (net.Conn, error) {
	conn, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	g := &guest{Conn: conn, door: d}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inside[g] = struct{}{}
	return g, nil
}

func (d *door) Close() error {
	d.once.Do(func() { d.closed = d.Listener.Close() })
	return d.closed
}

func (d *door) breakOff() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for g := range d.inside {
		_ = g.Conn.Close() // it may be going this moment
	}
}

type guest struct {
	net.Conn
	door *door
}

func (g *guest) Close() error {
	g.door.mu.Lock()
	delete(g.door.inside, g)
	g.door.mu.Unlock()
	return g.Conn.Close()
}
