package connlimit_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"avain/internal/platform/connlimit"
	"avain/internal/testkit/patience"
)

// house is a real server behind a limiter, on real sockets. Each network that comes to it
// does so through a door of its own, which says where its callers are from.
type house struct {
	*testing.T
	*connlimit.Limiter
	server  *http.Server
	overTLS bool
	running sync.WaitGroup

	mu     sync.Mutex
	now    time.Time
	moved  chan struct{} // closed when a connection changes its state
	doors  map[string]string
	inside chan struct{} // told of each request to /work; one goes on for each in release
	leave  chan struct{}
}

func newHouse(t *testing.T, limits connlimit.Limits, overTLS bool) *house {
	t.Helper()
	h := &house{
		T: t, overTLS: overTLS, now: time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC), moved: make(chan struct{}), doors: map[string]string{},
		inside: make(chan struct{}, 1000), leave: make(chan struct{}),
	}
	h.Limiter = connlimit.New(connlimit.Config{
		Limits: limits, Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}, Now: h.clock, Log: slog.New(slog.DiscardHandler),
	})
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, http.MaxBytesReader(w, r.Body, 1<<20))
	})
	mux.HandleFunc("/work", func(w http.ResponseWriter, r *http.Request) {
		h.inside <- struct{}{}
		select {
		case <-h.leave:
		case <-r.Context().Done():
		}
		_, _ = io.WriteString(w, "done")
	})
	mux.HandleFunc("/unread", func(http.ResponseWriter, *http.Request) {}) // answers before the body has come
	h.server = &http.Server{Handler: mux, ReadHeaderTimeout: patience.Limit(), ReadTimeout: patience.Limit(), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	h.Guard(h.server)
	told := h.server.ConnState
	h.server.ConnState = func(c net.Conn, s http.ConnState) { told(c, s); h.wake() }
	if overTLS {
		h.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate(t)}, NextProtos: []string{"h2", "http/1.1"}, MinVersion: tls.VersionTLS12}
	}
	t.Cleanup(func() {
		_ = h.server.Close()
		h.running.Wait()
		h.until("everything is closed", func(s connlimit.Stats) bool { return total(s) == 0 })
	})
	return h
}

func total(s connlimit.Stats) (n int) {
	for _, open := range s.Open {
		n += open
	}
	return n
}

// came is how many have come, of which nobody has gone by themselves.
func came(s connlimit.Stats) int {
	return total(s) + int(s.Refused["network"]+s.Refused["node"]+s.Evicted["quiet"]+s.Evicted["moving"])
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

// pass lets time pass: what is slow now is slow.
func (h *house) pass() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(2 * time.Second)
}

func (h *house) wake() {
	h.mu.Lock()
	defer h.mu.Unlock()
	close(h.moved)
	h.moved = make(chan struct{})
}

// until waits for what the figures must come to. They change with states of connections,
// which wake it, and with bytes that come in, for which it looks again.
func (h *house) until(what string, ok func(connlimit.Stats) bool) {
	h.Helper()
	deadline := time.NewTimer(patience.Limit())
	defer deadline.Stop()
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for {
		h.mu.Lock()
		moved := h.moved
		h.mu.Unlock()
		s := h.Stats()
		if ok(s) {
			return
		}
		select {
		case <-moved:
		case <-again.C:
		case <-deadline.C:
			h.Fatalf("it never happened that %s: %+v", what, s)
		}
	}
}

// from is a socket's other side as it is said to be.
type from struct {
	*net.TCPConn
	remote net.Addr
}

func (f from) RemoteAddr() net.Addr { return f.remote }

type door struct {
	net.Listener
	remote net.Addr
}

func (d door) Accept() (net.Conn, error) {
	c, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return nil, errors.New("no TCP")
	}
	return from{tcp, d.remote}, nil
}

// door is the address at which a network comes in.
func (h *house) door(network string) string {
	h.Helper()
	if at, ok := h.doors[network]; ok {
		return at
	}
	under, err := (&net.ListenConfig{}).Listen(h.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		h.Fatal(err)
	}
	l := h.Listener(door{under, net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(network), 4711))})
	h.running.Go(func() {
		serve := h.server.Serve
		if h.overTLS {
			serve = func(l net.Listener) error { return h.server.ServeTLS(l, "", "") }
		}
		if err := serve(l); !errors.Is(err, http.ErrServerClosed) {
			h.Error(err)
		}
	})
	h.doors[network] = under.Addr().String()
	return h.doors[network]
}

// caller is a connection of somebody.
type caller struct {
	net.Conn
	h      *house
	answer *bufio.Reader
}

func (h *house) call(network string) *caller {
	h.Helper()
	c, err := (&net.Dialer{}).DialContext(h.Context(), "tcp", h.door(network))
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(patience.End()); err != nil {
		h.Fatal(err)
	}
	return &caller{c, h, bufio.NewReader(c)}
}

func (c *caller) send(text string) *caller {
	_, _ = io.WriteString(c, text) // whether it arrived shows the answer
	return c
}

// read is the body of an answer, and whether there was one.
func (c *caller) read() (string, error) {
	answer, err := http.ReadResponse(c.answer, nil)
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	return string(body), err
}

func (c *caller) mustAnswer(want string) {
	c.h.Helper()
	if got, err := c.read(); err != nil || got != want {
		c.h.Errorf("answered %q, %v", got, err)
	}
}

func (c *caller) mustBeClosed(what string) {
	c.h.Helper()
	_, err := c.answer.ReadByte()
	if late, ok := errors.AsType[net.Error](err); err == nil || ok && late.Timeout() {
		c.h.Errorf("%s is still open: %v", what, err)
	}
}

const (
	slowHead = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Le"
	slowBody = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel"
	unread   = "POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nhel"
	whole    = slowBody + "lo"
	work     = "GET /work HTTP/1.1\r\nHost: x\r\n\r\n"
)

// attack fills the house with requests that trickle in, in every way there is.
func (h *house) attack(n int, networks ...string) {
	h.Helper()
	for i := range n {
		h.call(networks[i%len(networks)]).send([]string{slowBody, slowHead, unread}[i%3])
	}
	h.until("the attackers are in", func(s connlimit.Stats) bool {
		return s.Open["moving"] == total(s) && came(s) == n
	})
	h.pass()
}

// An attacker holds the bound with requests that trickle in; strangers log in beside, and
// so does who stands behind the attacker's own address.
func TestThreat53SlowRequestsKeepNobodyOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t, connlimit.Limits{Altogether: 60, PerNetwork: 40}, false)
	h.attack(60, "192.0.2.1", "192.0.2.2", "2001:db8::1", "192.0.2.3", "192.0.2.4")
	before := h.Stats()
	for i := range 40 {
		stranger := h.call(fmt.Sprintf("198.51.100.%d", i))
		stranger.send(whole).mustAnswer("hello")
		stranger.send(whole).mustAnswer("hello")
	}
	h.call("192.0.2.1").send(whole).mustAnswer("hello")
	if s := h.Stats(); s.Refused["network"]+s.Refused["node"] != before.Refused["network"] {
		t.Errorf("%+v", s)
	}
}

// A request that is being worked on is never cut, however many come, from its own network
// or from others; nor are its answer and what is sent behind it.
func TestThreat53ActiveRequestsAreNeverCut(t *testing.T) {
	t.Parallel()
	h := newHouse(t, connlimit.Limits{Altogether: 30, PerNetwork: 10}, false)
	var active []*caller
	for i := range 8 {
		active = append(active, h.call([]string{"192.0.2.1", "192.0.2.2"}[i%2]).send(work))
		<-h.inside
	}
	h.pass()
	for i := range 200 {
		h.call([]string{"192.0.2.1", "192.0.2.2", fmt.Sprintf("198.51.100.%d", i)}[i%3]).send(slowBody)
	}
	h.until("the flood is over", func(s connlimit.Stats) bool { return came(s) == 208 && s.Open["quiet"] == 0 })
	h.pass()
	for i := range 50 {
		h.call(fmt.Sprintf("203.0.113.%d", i)).send(whole).mustAnswer("hello")
	}
	active[0].send(whole) // behind its request
	close(h.leave)
	for _, c := range active {
		c.mustAnswer("done")
	}
	active[0].mustAnswer("hello")
	if s := h.Stats(); s.Evicted["moving"]+s.Refused["network"] == 0 {
		t.Errorf("nobody came near the bounds: %+v", s)
	}
}

// What is idle goes before what is slow, the busiest network's first.
func TestThreat53IdleConnectionsGoFirst(t *testing.T) {
	t.Parallel()
	h := newHouse(t, connlimit.Limits{Altogether: 8, PerNetwork: 8}, false)
	idle := func(network string) *caller {
		c := h.call(network).send(whole)
		c.mustAnswer("hello")
		return c
	}
	other := idle("192.0.2.2")
	h.until("idle", func(s connlimit.Stats) bool { return s.Open["quiet"] == 1 })
	var slow []*caller
	for i := range 2 {
		slow = append(slow, h.call("192.0.2.1").send(slowBody))
		h.until("slow", func(s connlimit.Stats) bool { return s.Open["moving"] == i+1 && s.Open["quiet"] == 1 })
	}
	busy := idle("192.0.2.1")
	h.until("idle", func(s connlimit.Stats) bool { return s.Open["quiet"] == 2 })
	silent := h.call("192.0.2.1") // sends nothing
	h.until("silent", func(s connlimit.Stats) bool { return s.Open["quiet"] == 3 })
	for i := range 3 {
		h.call(fmt.Sprintf("198.51.100.%d", i)).send(work)
		<-h.inside
	}
	h.pass()
	for i, goes := range []struct {
		*caller
		what string
	}{{busy, "idle of the busiest"}, {silent, "silent"}, {other, "idle of another"}, {slow[0], "slow"}, {slow[1], "slow"}} {
		h.call(fmt.Sprintf("203.0.113.%d", i)).send(work)
		<-h.inside
		goes.mustBeClosed(goes.what)
		if s := h.Stats(); s.Evicted["quiet"]+s.Evicted["moving"] != int64(i)+1 {
			t.Errorf("%s: %+v", goes.what, s)
		}
	}
	close(h.leave)
}

// Whoever has their share and nothing of it may go is closed; a proxy is not.
func TestThreat53CrowdedNetworksAreClosed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, connlimit.Limits{Altogether: 100, PerNetwork: 5}, false)
	for range 30 {
		h.call("10.0.0.7").send(work)
		<-h.inside
	}
	for range 5 {
		h.call("192.0.2.1").send(work)
		<-h.inside
	}
	h.call("192.0.2.1").mustBeClosed("one too many")
	h.call("::ffff:192.0.2.1").mustBeClosed("one too many")
	close(h.leave)
	if s := h.Stats(); s.Refused["network"] != 2 || s.Evicted["quiet"]+s.Evicted["moving"] != 0 {
		t.Errorf("%+v", s)
	}
}

// An app that waits, in the server or taken out of it, is nobody's crowd; its connection
// still counts, until it is closed.
func TestWaitingRequests(t *testing.T) {
	t.Parallel()
	h := newHouse(t, connlimit.Limits{Altogether: 100, PerNetwork: 2}, false)
	mux, began, over := http.NewServeMux(), make(chan struct{}), make(chan struct{})
	taken := make(chan net.Conn, 10)
	mux.HandleFunc("/wait", func(w http.ResponseWriter, r *http.Request) {
		done := connlimit.Waits(r.Context())
		began <- struct{}{}
		<-over
		done()
		done()
		_, _ = io.WriteString(w, "news")
	})
	mux.HandleFunc("/take", func(w http.ResponseWriter, r *http.Request) {
		connlimit.Waits(r.Context())
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
		}
		taken <- c
	})
	h.server.Handler, h.server.ConnState = mux, nil
	h.Guard(h.server)
	var waiting []*caller
	var away []net.Conn
	for range 10 {
		waiting = append(waiting, h.call("192.0.2.1").send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"))
		<-began
		h.call("192.0.2.1").send("GET /take HTTP/1.1\r\nHost: x\r\n\r\n")
		away = append(away, <-taken)
	}
	h.until("20 wait", func(s connlimit.Stats) bool { return s.Open["waiting"] == 20 && total(s) == 20 })
	for _, c := range away {
		_ = c.Close()
	}
	h.until("10 wait", func(s connlimit.Stats) bool { return s.Open["waiting"] == 10 && total(s) == 10 })
	close(over)
	for _, c := range waiting {
		c.mustAnswer("news")
	}
	h.until("all have been told", func(s connlimit.Stats) bool { return s.Open["quiet"] == 10 && total(s) == 10 })
	if done := connlimit.Waits(context.Background()); done == nil {
		t.Error("without a limiter nobody can stop waiting")
	}
}

// Connections count before their handshake, and HTTP/2 hides no slow requests.
func TestThreat53OverTLS(t *testing.T) {
	t.Parallel()
	h := newHouse(t, connlimit.Limits{Altogether: 20, PerNetwork: 20}, true)
	ask := func(network string, body io.Reader) (string, error) {
		transport := &http.Transport{
			ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // the test's own
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, "tcp", h.door(network))
			},
		}
		defer transport.CloseIdleConnections()
		request, err := http.NewRequestWithContext(h.Context(), http.MethodPost, "https://x/echo", body)
		if err != nil {
			return "", err
		}
		answer, err := transport.RoundTrip(request)
		if err != nil {
			return "", err
		}
		defer func() { _ = answer.Body.Close() }()
		if answer.ProtoMajor != 2 {
			t.Errorf("spoke %s", answer.Proto)
		}
		all, err := io.ReadAll(answer.Body)
		return string(all), err
	}
	if got, err := ask("198.51.100.1", strings.NewReader("hello")); err != nil || got != "hello" {
		t.Fatal(got, err)
	}
	h.until("one was here", func(s connlimit.Stats) bool { return total(s) == 0 && came(s) == 0 })
	h.door("192.0.2.1")
	h.door("192.0.2.2")
	var clients sync.WaitGroup
	stop := make(chan struct{})
	for i := range 24 {
		network := fmt.Sprintf("192.0.2.%d", 1+i%2)
		switch i % 3 {
		case 0:
			h.call(network) // nothing at all
		case 1:
			h.call(network).send("\x16\x03\x01")
		default:
			clients.Go(func() { _, _ = ask(network, io.MultiReader(strings.NewReader("hel"), never(stop))) }) // is cut
		}
	}
	h.until("the attackers are in", func(s connlimit.Stats) bool { return came(s) == 24 && total(s) > 12 })
	h.pass()
	for i := range 20 {
		if got, err := ask(fmt.Sprintf("198.51.100.%d", 10+i), strings.NewReader("hello")); err != nil || got != "hello" {
			t.Errorf("a stranger: %q, %v", got, err)
		}
	}
	close(stop)
	_ = h.server.Close()
	clients.Wait()
}

// never is a body that does not come.
type never chan struct{}

func (n never) Read([]byte) (int, error) {
	<-n
	return 0, io.ErrUnexpectedEOF
}

// Counting costs a request next to nothing.
func BenchmarkRequest(b *testing.B) {
	for name, limits := range map[string]*connlimit.Limits{"plain": nil, "bounded": {Altogether: 10_000, PerNetwork: 2_000}} {
		b.Run(name, func(b *testing.B) {
			server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }), ReadHeaderTimeout: patience.Limit()}
			l, err := (&net.ListenConfig{}).Listen(b.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			address := l.Addr().String()
			if limits != nil {
				limiter := connlimit.New(connlimit.Config{Limits: *limits, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
				limiter.Guard(server)
				l = limiter.Listener(l)
			}
			var running sync.WaitGroup
			running.Go(func() { _ = server.Serve(l) })
			c, err := (&net.Dialer{}).DialContext(b.Context(), "tcp", address)
			if err != nil {
				b.Fatal(err)
			}
			answers := bufio.NewReader(c)
			for b.Loop() {
				if _, err := io.WriteString(c, whole); err != nil {
					b.Fatal(err)
				}
				answer, err := http.ReadResponse(answers, nil)
				if err != nil {
					b.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, answer.Body)
				_ = answer.Body.Close()
			}
			_ = c.Close()
			_ = server.Close()
			running.Wait()
		})
	}
}

// BenchmarkSlowConnection tells what one connection costs on which a body trickles in.
func BenchmarkSlowConnection(b *testing.B) {
	const n = 2_000
	each := 0.0
	for b.Loop() {
		began := make(chan struct{}, n)
		server := &http.Server{ReadHeaderTimeout: patience.Limit(), Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			began <- struct{}{}
			_, _ = io.ReadAll(r.Body)
		})}
		limiter := connlimit.New(connlimit.Config{Limits: connlimit.Limits{Altogether: 10 * n, PerNetwork: n}, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
		limiter.Guard(server)
		l, err := (&net.ListenConfig{}).Listen(b.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		before := memory()
		var running sync.WaitGroup
		running.Go(func() { _ = server.Serve(limiter.Listener(l)) })
		var callers []net.Conn
		for range n {
			c, err := (&net.Dialer{}).DialContext(b.Context(), "tcp", l.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			callers = append(callers, c)
			_, _ = io.WriteString(c, slowBody)
			<-began
		}
		each = float64(memory()-before) / n
		for _, c := range callers {
			_ = c.Close()
		}
		_ = server.Close()
		running.Wait()
	}
	b.ReportMetric(each/1024, "KiB/conn")
}

// memory is what the heap and the stacks hold.
func memory() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"x"}}
	der, err := x509.CreateCertificate(rand.Reader, &about, &about, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
