package webhook

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"avain/internal/bcp195"
)

var errAddress = errors.New("the name leads to an address that nothing may be sent to")

// newClient makes the only door to the network in this package: it follows no redirect,
// sends no cookie, bounds time, and looks at the address that a name has led to before
// it connects (threat 35: a name that is rebound to a metadata service or to our own
// admin listener must not be reached).
func newClient(endpoints []endpoint) *http.Client {
	d := dialer{loopback: map[string]bool{}, proxies: map[string]bool{}}
	for _, e := range endpoints {
		d.loopback[dialled(e.address)] = isLoopback(e.address.Hostname())
		if proxy, err := http.ProxyFromEnvironment(&http.Request{URL: e.address}); err == nil && proxy != nil {
			d.proxies[dialled(proxy)] = true
		}
	}
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            d.dial,
			TLSClientConfig:        bcp195.TLS(),
			TLSHandshakeTimeout:    connectTime,
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    workers,
			IdleConnTimeout:        90 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			DisableCompression:     true,
		},
	}
}

const connectTime = 5 * time.Second

// dialer connects to endpoints, and to the proxies that the operator's environment
// names for them, which then answer for where a name leads. Both by host:port.
type dialer struct {
	loopback map[string]bool // endpoints → whether they say themselves that they are this machine
	proxies  map[string]bool
}

func (d dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	connect := net.Dialer{Timeout: connectTime}
	loopback, ours := d.loopback[address]
	switch {
	case ours:
		connect.Control = func(_, address string, _ syscall.RawConn) error { return checkAddress(address, loopback) }
	case !d.proxies[address]:
		return nil, errAddress
	}
	return connect.DialContext(ctx, network, address)
}

// dialled is what the transport dials for a URL.
func dialled(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// checkAddress looks at the address that a name has led to.
func checkAddress(address string, loopback bool) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || forbidden(to.Addr(), loopback) {
		return errAddress
	}
	return nil
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
	for _, m := range metadata() {
		if addr == m {
			return true
		}
	}
	return false
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
