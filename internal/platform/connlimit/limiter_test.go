package connlimit

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// defaults are those of the configuration, on a machine with many files.
var defaults = Limits{Altogether: 10_000, PerNetwork: 2_000, Files: 500_000}

func closed(c *conn) bool { return c.Conn.(*wire).closed }

// At the bound those go first whose end costs nobody anything, of the busiest network,
// the oldest first; then what has trickled for long, of the busiest; nothing else.
func TestThreat53EvictionOrder(t *testing.T) {
	t.Parallel()
	l, clock := newLimiter(Limits{Altogether: 14, PerNetwork: 10})
	enter := func(from string, act func(*conn)) *conn {
		t.Helper()
		all, refused := fill(t, l, 1, at(from), act)
		if refused > 0 {
			t.Fatal(from, "was refused")
		}
		return all[0]
	}
	nothing := func(*conn) {}
	const busy, other, proxy = "192.0.2.1:1", "192.0.2.2:1", "10.0.0.1:1"
	var order []*conn
	slowest := enter(busy, sends)
	otherSlow := enter(other, sends)
	clock.pass(slow)
	atWork := []*conn{enter(busy, works), enter(busy, works), enter(other, works), enter(proxy, works)}
	young := enter(busy, sends)
	order = append(order, enter(busy, nothing), enter(busy, rests), enter(other, rests), enter(other, nothing), enter(proxy, rests), slowest, otherSlow)
	for i := range 2 {
		enter(everywhere(1000+i), works) // the place is full now
	}
	clock.pass(settled)
	for i := range order {
		enter(everywhere(i), works)
		for j, c := range order {
			if closed(c) != (j <= i) {
				t.Fatalf("the newcomer %d: whether number %d was closed is %v", i, j, closed(c))
			}
		}
	}
	// Nothing more may go: strangers get in beside, up to twice as many; who is no
	// stranger does not.
	_, refused := fill(t, l, 20, func(i int) string { return everywhere(100 + i) }, works)
	if refused != 6 {
		t.Errorf("%d strangers refused, of 20 for 14", refused)
	}
	if _, refused = fill(t, l, 1, at(busy), works); refused != 1 {
		t.Error("the busy network got in")
	}
	for _, c := range append(atWork, young) {
		if closed(c) {
			t.Error("one was closed that was at work, or young")
		}
	}
	if s := l.Stats(); s.Evicted["quiet"] != 5 || s.Evicted["moving"] != 2 || s.Refused["node"] != 6 || s.Refused["network"] != 1 {
		t.Errorf("%+v", s)
	}
}

// One network makes room itself: an attacker in it does not keep the people out who are
// behind the same address, and none of theirs is cut.
func TestThreat53OneNetworkMakesRoomItself(t *testing.T) {
	t.Parallel()
	l, clock := newLimiter(defaults)
	const carrier = "192.0.2.1:1"
	honest, _ := fill(t, l, 100, at(carrier), works)
	_, refused := fill(t, l, 3_000, at(carrier), sends)
	if refused != 1_100 {
		t.Errorf("%d of 3,000 were refused", refused)
	}
	clock.pass(slow)
	more, refused := fill(t, l, 500, at(carrier), works)
	if refused > 0 {
		t.Errorf("%d people were refused, beside an attacker", refused)
	}
	for i, c := range append(honest, more...) {
		if closed(c) {
			t.Fatalf("request %d was cut", i)
		}
	}
	if s := l.Stats(); s.Evicted["moving"] != 500 || s.Open["moving"]+s.Open["working"] != 2_000 {
		t.Errorf("%+v", s)
	}
}

// The share gets smaller the less room is left, and a /48 has four of it, so that few
// networks cannot fill the place.
func TestThreat53SharesAndSites(t *testing.T) {
	t.Parallel()
	l, _ := newLimiter(defaults)
	home := func(i int) string { return fmt.Sprintf("[2001:db8:0:%x00::1]:1", i%256) }
	if all, _ := fill(t, l, 12_000, home, works); len(all) > 6_300 || len(all) < 4_000 {
		t.Errorf("one /48 holds %d", len(all))
	}
	l, _ = newLimiter(defaults)
	most := 0
	for i := range 12 {
		all, _ := fill(t, l, 2_500, at(everywhere(i)), works)
		most += len(all)
		if len(all) > 2_000 || len(all) < 200 && most < 10_000 {
			t.Errorf("network %d holds %d", i, len(all))
		}
	}
	if _, refused := fill(t, l, 5_000, func(i int) string { return everywhere(100 + i) }, works); refused > 0 {
		t.Errorf("%d strangers were refused", refused)
	}
}

// Attackers that fill the place with requests that trickle, from as many networks as it
// takes, keep no stranger out, and no stranger's request is cut.
func TestThreat53StrangersAlwaysGetIn(t *testing.T) {
	t.Parallel()
	l, clock := newLimiter(defaults)
	_, _ = fill(t, l, 40_000, func(i int) string { return fmt.Sprintf("203.%d.%d.%d:1", i%3, i%7, i%29) }, sends)
	if s := l.Stats(); s.Open["moving"] < 9_900 {
		t.Fatalf("the place is not full: %+v", s)
	}
	clock.pass(slow)
	strangers, refused := fill(t, l, 2_000, everywhere, works)
	if refused > 0 {
		t.Errorf("%d strangers were refused", refused)
	}
	for _, c := range strangers {
		if closed(c) {
			t.Fatal("a stranger's request was cut")
		}
	}
	// And who answers not at all, or takes no answer, does not fill it either.
	for name, act := range map[string]func(*conn){
		"nothing sent": func(*conn) {}, "idle": rests, "no answer taken": func(c *conn) { works(c); c.writing(1) },
	} {
		l, clock := newLimiter(defaults)
		_, _ = fill(t, l, 40_000, func(i int) string { return fmt.Sprintf("203.%d.%d.%d:1", i%3, i%7, i%29) }, act)
		clock.pass(slow)
		if _, refused := fill(t, l, 2_000, everywhere, works); refused > 0 {
			t.Errorf("%s: %d strangers were refused", name, refused)
		}
	}
}

// 50,000 apps wait, half of them behind one carrier's address, whether their connections
// have left the server or not: they take nobody's place, and nothing closes them.
func TestThreat53WaitingAppsTakeNobodysPlace(t *testing.T) {
	t.Parallel()
	for name, act := range map[string]func(*conn){"taken out of the server": seated, "in it": waits} {
		l, clock := newLimiter(defaults)
		from := func(i int) string {
			if i%2 == 0 {
				return "192.0.2.1:1"
			}
			return everywhere(i)
		}
		apps, refused := fill(t, l, 50_000, from, act)
		if s := l.Stats(); refused > 0 || s.Open["waiting"] != 50_000 || l.counted != 0 {
			t.Fatalf("%s: %d apps were refused: %+v", name, refused, s)
		}
		// The people behind that address, and a flood over all.
		if _, refused := fill(t, l, 1_000, at("192.0.2.1:1"), works); refused > 0 {
			t.Errorf("%s: %d people behind the carrier's address were refused", name, refused)
		}
		_, _ = fill(t, l, 50_000, func(i int) string { return everywhere(i % 100) }, sends)
		clock.pass(slow)
		if _, refused := fill(t, l, 1_000, func(i int) string { return everywhere(60_000 + i) }, works); refused > 0 {
			t.Errorf("%s: %d strangers were refused", name, refused)
		}
		if slices.ContainsFunc(apps, closed) {
			t.Errorf("%s: an app was closed", name)
		}
		for _, c := range apps {
			_ = c.Close()
		}
		if s := l.Stats(); s.Open["waiting"] != 0 {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// Apps that stop waiting count again. What is too much by that goes when it does nothing.
func TestAppsThatStopWaiting(t *testing.T) {
	t.Parallel()
	l, clock := newLimiter(Limits{Altogether: 100, PerNetwork: 10})
	var overs []func()
	apps, _ := fill(t, l, 50, at("192.0.2.1:1"), func(c *conn) {
		works(c)
		c.stream(func() { c.waits++ })
		overs = append(overs, func() { c.stream(func() { c.waits-- }) })
	})
	for i, c := range apps {
		overs[i]()
		if closed(c) {
			t.Fatal("an app was cut before its answer was out")
		}
		l.changed(c, http.StateIdle)
		clock.pass(settled)
	}
	if s := l.Stats(); s.Open["quiet"] != 10 || s.Evicted["quiet"] != 40 {
		t.Errorf("%+v", s)
	}
}

// Everybody comes through the proxies: they are no network.
func TestThreat53ProxiesCountAltogetherOnly(t *testing.T) {
	t.Parallel()
	l, _ := newLimiter(Limits{Altogether: 100, PerNetwork: 10})
	through, refused := fill(t, l, 60, at("10.0.0.1:1"), works)
	if refused > 0 {
		t.Errorf("%d refused through a proxy", refused)
	}
	idle, _ := fill(t, l, 20, at("10.0.0.2:1"), rests)
	if _, refused := fill(t, l, 60, everywhere, rests); refused > 0 {
		t.Errorf("%d others refused", refused)
	}
	if slices.ContainsFunc(through, closed) || slices.ContainsFunc(idle, closed) {
		t.Error("a proxy's connection was closed though others were quiet")
	}
	// Neither the proxies nor all together have more than there is room for.
	if _, refused := fill(t, l, 500, at("10.0.0.1:1"), works); refused == 0 || l.counted > 200 {
		t.Errorf("%d refused, %d open", refused, l.counted)
	}
}

// Each connection holds a file descriptor, a waiting app's too.
func TestThreat53FilesAreLeft(t *testing.T) {
	t.Parallel()
	l, _ := newLimiter(Limits{Altogether: 100, PerNetwork: 100, Files: 50})
	_, _ = fill(t, l, 30, at("192.0.2.1:1"), seated)
	if _, refused := fill(t, l, 40, everywhere, works); refused != 20 {
		t.Errorf("%d refused", refused)
	}
}

// scarce is a listener of a process that has no file descriptors left for a while.
type scarce struct {
	net.Listener
	fails int
	err   error
}

func (s *scarce) Accept() (net.Conn, error) {
	if s.fails--; s.fails >= 0 {
		return nil, &net.OpError{Op: "accept", Err: s.err}
	}
	return &wire{from: "192.0.2.9:1"}, nil
}

// A process without file descriptors gets some back from those that do nothing. When
// there are none the server is told, which pauses: it neither spins nor stops.
func TestThreat53OutOfFiles(t *testing.T) {
	t.Parallel()
	for _, errno := range []error{syscall.EMFILE, syscall.ENFILE} {
		l, _ := newLimiter(defaults)
		idle, _ := fill(t, l, 3, at("192.0.2.1:1"), rests)
		_, _ = fill(t, l, 1, at("192.0.2.1:1"), works)
		if c, err := l.Listener(&scarce{fails: 2, err: errno}).Accept(); err != nil || c == nil {
			t.Errorf("%v with idle connections: %v", errno, err)
		}
		if !closed(idle[0]) || !closed(idle[1]) || closed(idle[2]) {
			t.Errorf("%v: not the two that were idle for longest", errno)
		}
		_, err := l.Listener(&scarce{fails: 100, err: errno}).Accept()
		if net, ok := errors.AsType[net.Error](err); !ok || !net.Temporary() { //nolint:staticcheck // what net/http asks
			t.Errorf("%v with nobody idle: %v", errno, err)
		}
	}
	l, _ := newLimiter(defaults)
	idle, _ := fill(t, l, 1, at("192.0.2.1:1"), rests)
	if _, err := l.Listener(&scarce{fails: 1, err: net.ErrClosed}).Accept(); !errors.Is(err, net.ErrClosed) || closed(idle[0]) {
		t.Errorf("a listener that was closed: %v", err)
	}
}

// A flood writes one line a minute, with how many it was, and nobody's address.
func TestRefusalsAreFoldedInTheLog(t *testing.T) {
	t.Parallel()
	l, clock := newLimiter(Limits{Altogether: 100, PerNetwork: 10})
	var out bytes.Buffer
	l.log = slog.New(slog.NewJSONHandler(&out, nil))
	for range 3 {
		_, _ = fill(t, l, 1_000, at("192.0.2.1:1"), sends)
		clock.pass(tellEvery / 2)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], `"network_full":1,`) || strings.Contains(out.String(), "192.0.2") {
		t.Errorf("%d lines:\n%s", len(lines), &out)
	}
	clock.pass(time.Hour)
	if n := strings.Count(out.String(), "\n"); n != 2 {
		t.Errorf("%d lines", n)
	}
}
