package loopback

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"runtime"
	"syscall"
	"testing"
)

// What this package is for: a server that closes empties the transport of everybody,
// and with it the hands of those who talk to another server.
func TestNobodyEmptiesOurTransport(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	client := Client(t)
	ask := func() (reused bool) {
		t.Helper()
		trace := &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) { reused = got.Reused }}
		request, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			t.Fatal(err)
		}
		if err := answer.Body.Close(); err != nil {
			t.Fatal(err)
		}
		return reused
	}
	ask()
	httptest.NewServer(http.NotFoundHandler()).Close()
	if !ask() {
		t.Error("a stranger's server has closed our connection")
	}
}

// A port can be listened on again and again, refuses while nobody listens, and is
// given to nobody else.
func TestPortIsKept(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Log("here a port is only a free one")
		return
	}
	address := PortFor(t).Address()
	for range 3 {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(conn.Close(), l.Close()); err != nil {
			t.Fatal(err)
		}
		if _, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("nobody listens, and %v", err)
		}
	}
}

// Neither for a listener nor for a connection does the kernel choose a port that is
// taken, not even when it is the only one that it may choose.
func TestPortGoesToNobodyElse(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Log("here a port is only a free one")
		return
	}
	port := PortFor(t).Number
	const onlyPorts = 51 // IP_LOCAL_PORT_RANGE of Linux 6.3
	var refused error
	only := func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) {
			refused = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, onlyPorts, port<<16|port)
		})
	}
	if l, err := (&net.ListenConfig{Control: only}).Listen(t.Context(), "tcp", "127.0.0.1:0"); refused == nil && err == nil {
		t.Errorf("a listener got %s", l.Addr())
		_ = l.Close()
	}
	target, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = target.Close() }()
	if conn, err := (&net.Dialer{Control: only}).DialContext(t.Context(), "tcp", target.Addr().String()); refused == nil && err == nil {
		t.Errorf("a connection got %s", conn.LocalAddr())
		_ = conn.Close()
	}
	if refused != nil {
		t.Logf("this kernel cannot be asked: %v", refused)
	}
}
