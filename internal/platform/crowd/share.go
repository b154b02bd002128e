package crowd

import "net/netip"

// PerSite is how many shares of a /56 a whole /48 has.
const PerSite = 4

// Place is the network that an address counts for, and the site around it: one IPv4
// address is both; of IPv6 a network is a /56, which is what one home gets, and a site
// the /48. An unknown address is in no network, which is one too.
func Place(from netip.Addr) (network, site netip.Prefix) {
	from = from.Unmap().WithZone("")
	switch {
	case !from.IsValid():
	case from.Is4():
		network = netip.PrefixFrom(from, 32)
		site = network
	default:
		network, site = netip.PrefixFrom(from, 56).Masked(), netip.PrefixFrom(from, 48).Masked()
	}
	return network, site
}

// Share is how much one network may have of what there is altogether: the most while
// half of it or more is left, and less the less is left, down to [Least].
func Share(most, altogether, left int64) int64 {
	half, least := max(1, altogether/2), Least(most)
	if left >= half {
		return most
	}
	return max(least, least+(most-least)*left/half)
}

// Least is what a network keeps of its share when there is no room left.
func Least(most int64) int64 { return max(1, most/tightest) }
