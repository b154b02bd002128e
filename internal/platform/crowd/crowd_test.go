package crowd_test

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"testing"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/crowd"
	"avain/internal/secret"
)

// house is a database that counts what it is told, and in which some logins may go.
type house struct {
	*crowd.Crowd
	total  int64
	crowds []login.Crowd
	mayGo  map[login.Source]map[login.Cost]int
	ended  []login.Source
}

func newHouse(limits crowd.Limits) *house {
	h := &house{mayGo: map[login.Source]map[login.Cost]int{}}
	h.Crowd = crowd.New(crowd.Deps{Store: h, Room: h.room, Key: secret.Of("a key"), Clients: []string{"shop"}, Limits: limits})
	return h
}

func (h *house) RunningAttempts(context.Context) (int64, error) { return h.total, nil }

func (h *house) Crowds(_ context.Context, least int64, _ int) (all []login.Crowd, _ error) {
	for _, c := range h.crowds {
		if c.Open >= least {
			all = append(all, c)
		}
	}
	return all, nil
}

func (h *house) room(_ context.Context, from login.Source, cost login.Cost) (bool, error) {
	if h.mayGo[from][cost] == 0 {
		return false, nil
	}
	h.mayGo[from][cost]--
	h.ended = append(h.ended, from)
	return true, nil
}

func (h *house) is(t *testing.T, total int64, crowds ...login.Crowd) {
	t.Helper()
	h.total, h.crowds = total, crowds
	if n, err := h.Look(t.Context()); err != nil || n != total {
		t.Fatalf("%d, %v", n, err)
	}
}

func address(s string) netip.Addr { return netip.MustParseAddr(s) }

func status(err error) int {
	switch {
	case err == nil:
		return http.StatusCreated
	case fault.AsError(err).Kind == fault.TooMany:
		return http.StatusTooManyRequests
	default:
		return http.StatusServiceUnavailable
	}
}

// admit begins n logins and lists what became of them.
func (h *house) admit(t *testing.T, n int, who login.Source) map[int]int {
	t.Helper()
	got := map[int]int{}
	for range n {
		err := h.Admit(t.Context(), who)
		if err != nil && (fault.AsError(err).Reason != login.ReasonRateLimited || fault.AsError(err).RetryAfter <= 0) {
			t.Fatal(err)
		}
		got[status(err)]++
	}
	return got
}

// One home, one address and one client is one source; what is not told apart shares one.
func TestSources(t *testing.T) {
	t.Parallel()
	h := newHouse(crowd.Limits{Altogether: 1000, PerNetwork: 100, PerClient: 100})
	network := func(s string) login.Source { return h.Network(address(s)) }
	for _, c := range []struct {
		a, b                  string
		sameNetwork, sameSite bool
	}{
		{"192.0.2.1", "192.0.2.1", true, true},
		{"192.0.2.1", "::ffff:192.0.2.1", true, true},
		{"192.0.2.1", "192.0.2.2", false, true}, // neither has a site
		{"2001:db8:0:1100::1", "2001:db8:0:11ff:1:2:3:4", true, true},
		{"2001:db8:0:1100::1", "2001:db8:0:1200::1", false, true},
		{"2001:db8:0:1100::1", "2001:db8:1:1100::1", false, false},
	} {
		a, b := network(c.a), network(c.b)
		if (a.Network == b.Network) != c.sameNetwork || (a.Site == b.Site) != c.sameSite {
			t.Errorf("%s and %s: %v %v", c.a, c.b, a.Network == b.Network, a.Site == b.Site)
		}
	}
	if h.Network(netip.Addr{}) != h.Network(netip.Addr{}) || h.Client("shop") == h.Client("other") || h.Client("shop").Network == network("192.0.2.1").Network {
		t.Error("sources are mixed up")
	}
}

// Whoever has used up their share begins a login in the place of one of their own, if it
// costs nobody anything, and is told to come back else. Others notice nothing.
func TestThreat37OwnShare(t *testing.T) {
	t.Parallel()
	h := newHouse(crowd.Limits{Altogether: 1000, PerNetwork: 100, PerClient: 300})
	busy, quiet := h.Network(address("192.0.2.1")), h.Network(address("192.0.2.2"))
	h.is(t, 95, login.Crowd{Source: busy, Open: 95})
	h.mayGo[busy] = map[login.Cost]int{login.CostNothing: 4, login.CostLittle: 3, login.CostMore: 50, login.CostMost: 50}
	if got := h.admit(t, 20, busy); got[201] != 5+7 || got[429] != 8 || len(h.ended) != 7 {
		t.Errorf("the busy one: %v, %d gave way", got, len(h.ended))
	}
	if got := h.admit(t, 20, quiet); got[201] != 20 || len(h.ended) != 7 {
		t.Errorf("the quiet one: %v", got)
	}
	// A client that proves who it is has a share of its own, which does not shrink.
	shop := h.Client("shop")
	h.is(t, 1000, login.Crowd{Source: shop, Open: 290})
	if got := h.admit(t, 20, shop); got[201] != 10 || got[429] != 10 {
		t.Errorf("the client: %v", got)
	}
}

// The share gets smaller the less room is left, down to a tenth.
func TestThreat37ShareShrinks(t *testing.T) {
	t.Parallel()
	for total, share := range map[int64]int{0: 100, 500: 100, 750: 55, 999: 10, 1000: 10, 1999: 10} {
		h := newHouse(crowd.Limits{Altogether: 1000, PerNetwork: 100, PerClient: 100})
		here := h.Network(address("192.0.2.1"))
		h.is(t, total, login.Crowd{Source: here, Open: int64(share) - 1})
		before := h.admit(t, 1, here)
		h.is(t, total, login.Crowd{Source: here, Open: int64(share) + 1})
		if after := h.admit(t, 1, here); before[201] != 1 || after[429] != 1 {
			t.Errorf("of %d: %v below %d, %v above", total, before, share, after)
		}
	}
}

// A /48 has four shares, however many /56 its holder uses.
func TestThreat37Sites(t *testing.T) {
	t.Parallel()
	h := newHouse(crowd.Limits{Altogether: 10_000, PerNetwork: 100, PerClient: 100})
	got := map[int]int{}
	for i := range 256 {
		for status, n := range h.admit(t, 2, h.Network(netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 0, 1, byte(i)}))) {
			got[status] += n
		}
	}
	if got[201] != 400 || got[429] != 112 {
		t.Errorf("one /48 with 256 /56: %v", got)
	}
	if got := h.admit(t, 5, h.Network(address("2001:db8:2::1"))); got[201] != 5 {
		t.Errorf("another /48: %v", got)
	}
}

// When there is no room at all, a stranger begins in the place of one of the largest
// crowd; when nothing there may go, there is room for strangers beyond.
func TestThreat37StrangersGetIn(t *testing.T) {
	t.Parallel()
	h := newHouse(crowd.Limits{Altogether: 100, PerNetwork: 50, PerClient: 60})
	largest, large, shop := h.Network(address("192.0.2.1")), h.Network(address("192.0.2.2")), h.Client("shop")
	h.is(t, 100, login.Crowd{Source: shop, Open: 50}, login.Crowd{Source: large, Open: 20}, login.Crowd{Source: largest, Open: 25})
	h.mayGo[largest] = map[login.Cost]int{login.CostNothing: 1, login.CostMore: 1, login.CostMost: 1}
	h.mayGo[large] = map[login.Cost]int{login.CostNothing: 1, login.CostLittle: 1}
	h.mayGo[shop] = map[login.Cost]int{login.CostNothing: 50}
	stranger := byte(0)
	next := func() login.Source {
		stranger++
		return h.Network(netip.AddrFrom4([4]byte{198, 51, 100, stranger}))
	}
	for range 5 {
		if got := h.admit(t, 1, next()); got[201] != 1 {
			t.Fatal(got)
		}
	}
	if !slices.Equal(h.ended, []login.Source{largest, large, large, largest, largest}) {
		t.Errorf("%d gave way, not in the order of what it costs, the largest crowd first, and the client never", len(h.ended))
	}
	got := map[int]int{}
	for range 120 {
		for status, n := range h.admit(t, 1, next()) {
			got[status] += n
		}
	}
	if got[201] != 100 || got[503] != 20 {
		t.Errorf("nothing may go: %v", got)
	}
}
