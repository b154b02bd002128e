package loopback

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/textproto"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

func mailServer() *smtp.Server {
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return nil, errors.New("nobody is here") }))
	server.ErrorLog = log.New(io.Discard, "", 0)
	return server
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// A server that is stopped in the moment in which it begins, or in which somebody comes,
// must not race with itself, nor leave its listener open.
func TestSMTPStopsAtAnyMoment(t *testing.T) {
	t.Parallel()
	for range 200 {
		l := listen(t)
		s := ServeSMTP(mailServer(), l, nil)
		came := make(chan error, 1)
		go func() {
			conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String())
			if err == nil {
				err = conn.Close()
			}
			came <- err
		}()
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		<-came // too late or not: both are fine
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Fatalf("the listener is open: %v", err)
		}
	}
}

// Whoever does not finish is waited for no longer than the context.
func TestSMTPBreaksOff(t *testing.T) {
	t.Parallel()
	l := listen(t)
	s := ServeSMTP(mailServer(), l, nil)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	text := textproto.NewConn(conn)
	defer func() { _ = text.Close() }()
	if _, err := text.ReadLine(); err != nil { // the greeting
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := s.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if _, err := io.ReadAll(conn); err != nil && !errors.Is(err, net.ErrClosed) {
		t.Logf("broken off with %v", err)
	}
}
