package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"avain/internal/domain/login"
)

// Caller is where a request comes from.
type Caller struct {
	Addr netip.Addr // invalid when unknown
}

// Key is what rate limits count by: one IPv4 address, or one IPv6 /64, which is
// the least that a home or a phone holds. It is "unknown" without an address, so
// that all such callers share one budget.
func (c Caller) Key() string {
	if !c.Addr.IsValid() {
		return "unknown"
	}
	bits := 32
	if c.Addr.Is6() {
		bits = 64
	}
	return netip.PrefixFrom(c.Addr, bits).Masked().String()
}

// ClientIP is the caller's address. It is for rate limits and the coarse place of
// an attempt; it never reaches a log.
func ClientIP(ctx context.Context) netip.Addr { return callerOf(ctx).Addr }

// Place is where the request's caller is, coarsely; empty when nobody knows. It is
// found by the address that limits count by, so that a header cannot choose it either.
func (k *Kit) Place(ctx context.Context) login.Place {
	if k.cfg.Place == nil {
		return ""
	}
	return k.cfg.Place(ClientIP(ctx))
}

// NetworkKey is [Caller.Key] of the request's caller.
func NetworkKey(ctx context.Context) string { return callerOf(ctx).Key() }

// KnownNetwork is [NetworkKey], or empty when the caller's address is unknown: two
// unknown callers share a budget, but they are not in the same place.
func KnownNetwork(ctx context.Context) string {
	if c := callerOf(ctx); c.Addr.IsValid() {
		return c.Key()
	}
	return ""
}

func callerOf(ctx context.Context) Caller {
	if rec := recordOf(ctx); rec != nil {
		return rec.network
	}
	return Caller{}
}

// The headers in which a proxy may name the caller.
const (
	headerForwardedFor = "X-Forwarded-For"
	headerForwarded    = "Forwarded" // RFC 7239
)

// resolver finds the caller behind trusted proxies.
type resolver struct {
	trusted []netip.Prefix
	header  string
}

func newResolver(trusted []netip.Prefix, header string) (resolver, error) {
	var mistakes []error
	switch http.CanonicalHeaderKey(header) {
	case "":
		header = headerForwardedFor
	case headerForwardedFor, headerForwarded:
		header = http.CanonicalHeaderKey(header)
	default:
		mistakes = append(mistakes, errors.New("web: proxy header must be X-Forwarded-For or Forwarded"))
	}
	ranges := make([]netip.Prefix, len(trusted))
	for i, p := range trusted {
		if ranges[i] = Unmapped(p); !p.IsValid() || ranges[i].Bits() == 0 || ranges[i].Addr().Is4In6() {
			mistakes = append(mistakes, fmt.Errorf("web: trusted proxy %q: a prefix that does not trust everybody is needed", p))
		}
	}
	return resolver{trusted: ranges, header: header}, errors.Join(mistakes...)
}

// Unmapped is the range of IPv4 addresses that an IPv4-mapped one means:
// ::ffff:10.0.0.0/120 is 10.0.0.0/24. Addresses of callers are unmapped before they are
// looked at (the system maps them on a socket for both), so that the range as it is written
// would match nobody. One that is wider than all of IPv4 stays as it is.
func Unmapped(p netip.Prefix) netip.Prefix {
	const mapped = 96 // ::ffff:0:0/96, RFC 4291 §2.5.5.2
	if !p.Addr().Is4In6() || p.Bits() < mapped {
		return p
	}
	return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mapped)
}

// caller walks the header from the right, the end that our own proxies write, and
// stops at the first address that is not a trusted proxy. Whatever stands left of
// it was written by the caller and proves nothing: taking the leftmost value would
// let anybody choose the address that limits count by.
func (res resolver) caller(r *http.Request) Caller {
	peer, ok := hostAddr(r.RemoteAddr)
	if !ok {
		return Caller{}
	}
	if !res.trusts(peer) {
		return Caller{peer}
	}
	hops := res.hops(r.Header)
	for _, hop := range slices.Backward(hops) {
		addr, ok := hostAddr(hop)
		if !ok {
			return Caller{peer} // garbage: the last hop that we could read is all we know
		}
		peer = addr
		if !res.trusts(addr) {
			break
		}
	}
	return Caller{peer}
}

func (res resolver) trusts(addr netip.Addr) bool {
	for _, p := range res.trusted {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// maxHops bounds the work that a hostile header can cause.
const maxHops = 32

// hops lists the addresses of the header, leftmost first. A header with more than
// maxHops keeps the rightmost, which are the ones that count.
func (res resolver) hops(h http.Header) []string {
	var hops []string
	for _, line := range h.Values(res.header) {
		hops = append(hops, strings.Split(line, ",")...)
	}
	hops = hops[max(0, len(hops)-maxHops):]
	if res.header == headerForwarded {
		for i := range hops {
			hops[i] = forwardedFor(hops[i])
		}
	}
	return hops
}

// forwardedFor takes the "for" parameter out of one element of RFC 7239.
func forwardedFor(element string) string {
	for pair := range strings.SplitSeq(element, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if strings.EqualFold(name, "for") {
			return strings.Trim(value, `"`)
		}
	}
	return ""
}

// hostAddr reads an address with or without port and brackets.
func hostAddr(s string) (netip.Addr, bool) {
	s = strings.TrimSpace(s)
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone(""), true
	}
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	if err != nil {
		return netip.Addr{}, false
	}
	return addr.Unmap().WithZone(""), true
}
