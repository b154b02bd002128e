package outbound

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// What is wrong with an address.
var (
	errURL      = errors.New("must be an absolute URL in ASCII without user name and fragment, such as https://crm.example.com/avain")
	errPlain    = errors.New("must begin with https, unless it is a loopback address: what is sent there tells what people do")
	errMetadata = errors.New("is an address of a cloud's own services, or of nobody; name your system")
)

// CheckURL says what is wrong with an address in a configuration.
func CheckURL(raw string) error {
	u, err := url.Parse(raw)
	// Letters beyond ASCII would make the name that is checked differ from the one dialled.
	if err != nil || strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r > '~' }) || u.Hostname() == "" || u.User != nil ||
		strings.Contains(raw, "#") || (u.Scheme != "https" && u.Scheme != "http") {
		return errURL
	}
	if u.Scheme == "http" && !isLoopback(u.Hostname()) {
		return errPlain
	}
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil && forbidden(addr, isLoopback(u.Hostname())) {
		return errMetadata
	}
	return nil
}

// isLoopback reports whether the host of a URL says itself that it is this machine.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || (ip != nil && ip.IsLoopback())
}

// metadata are the addresses of clouds' own services that lie in ranges which are
// otherwise fine.
func metadata() []netip.Addr {
	return []netip.Addr{
		netip.MustParseAddr("fd00:ec2::254"),   // AWS
		netip.MustParseAddr("168.63.129.16"),   // Azure
		netip.MustParseAddr("100.100.100.200"), // Alibaba
		netip.MustParseAddr("192.0.0.192"),     // Oracle
	}
}

// forbidden reports whether nothing may be sent to the address. Private networks are
// fine, because that is where an operator's systems are; loopback is only where the
// configuration says so.
func forbidden(addr netip.Addr, loopback bool) bool {
	addr = inner(addr)
	if addr.IsLoopback() {
		return !loopback
	}
	if addr.IsUnspecified() || addr.IsMulticast() || addr.IsLinkLocalUnicast() || addr == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return true
	}
	return slices.Contains(metadata(), addr)
}

// inner is the IPv4 address that an IPv6 address carries, if it does: mapped, or
// translated (NAT64, RFC 6052).
func inner(addr netip.Addr) netip.Addr {
	addr = addr.Unmap().WithZone("")
	if netip.MustParsePrefix("64:ff9b::/96").Contains(addr) {
		b := addr.As16()
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return addr
}
