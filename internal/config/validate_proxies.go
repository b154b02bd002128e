package config

import (
	"math/bits"
	"net/netip"
)

// proxies sees that public.trusted_proxies names proxies. Whoever is in it chooses, in
// X-Forwarded-For, the address that limits count by, so that a range with strangers in it
// is no limit at all. Private ranges may be trusted whole; of public addresses, no more than
// the largest networks of proxies have.
func (v validator) proxies(trusted []netip.Prefix) {
	var strangers4, strangers6 uint64
	for i, prefix := range trusted {
		if !prefix.IsValid() {
			continue // it did not decode, which has been said
		}
		path, width := at("public.trusted_proxies", i), 32
		if prefix.Addr().Is6() {
			width = 128
		}
		switch {
		case prefix.Bits() == 0 || prefix.Addr().Is4In6():
			v.add(path, "would trust everybody; name the addresses of your proxies")
		case private(prefix):
		case width == 32:
			strangers4 += 1 << (32 - prefix.Bits())
			v.tooWide(path, prefix, widest4)
		default:
			strangers6 += 1 << max(0, 64-prefix.Bits())
			v.tooWide(path, prefix, widest6)
		}
	}
	if bits.Len64(strangers4) > 32-widest4+3 || bits.Len64(strangers6) > 64-widest6+3 {
		v.add("public.trusted_proxies", "together trust too much of the internet; name the addresses of your proxies")
	}
}

// The widest ranges of public addresses that a proxy may be in. Those of the large content
// delivery networks, which somebody may have in front, are up to /10 and /28.
const (
	widest4 = 10
	widest6 = 24
)

func (v validator) tooWide(path string, prefix netip.Prefix, widest int) {
	if prefix.Bits() < widest {
		v.add(path, "trusts too much of the internet; name the addresses of your proxies")
	}
}

// private reports whether a range has no addresses of strangers: RFC 1918, RFC 4193,
// loopback, link-local, and what carriers and clouds use inside (RFC 6598).
func private(prefix netip.Prefix) bool {
	for _, whole := range []string{
		"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
		"fc00::/7", "fe80::/10", "::1/128",
	} {
		if p := netip.MustParsePrefix(whole); p.Bits() <= prefix.Bits() && p.Contains(prefix.Addr()) {
			return true
		}
	}
	return false
}
