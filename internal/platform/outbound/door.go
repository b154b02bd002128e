package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"avain/internal/platform/bcp195"
)

const (
	connectTime = 5 * time.Second
	// maxAnswer is how much of an answer is read, only to use the connection again.
	maxAnswer = 16 << 10
)

// Door sends to a list of addresses and to nobody else. It is safe for concurrent use.
type Door struct{ client *http.Client }

// NewDoor makes a door to the addresses, which must have passed [CheckURL], with so many
// idle connections for each: it follows no redirect, sends no cookie, bounds time, and
// looks at the address that a name has led to before it connects (threats 35, 57: a name
// that is rebound to a metadata service or to our own admin listener must not be reached).
func NewDoor(addresses []string, idle int) (*Door, error) {
	d := dialer{loopback: map[string]bool{}, proxies: map[string]bool{}}
	for _, raw := range addresses {
		if err := CheckURL(raw); err != nil {
			return nil, fmt.Errorf("address: %w", err)
		}
		to, err := url.Parse(raw)
		if err != nil {
			return nil, errURL
		}
		d.loopback[dialled(to)] = isLoopback(to.Hostname())
		if proxy, err := http.ProxyFromEnvironment(&http.Request{URL: to}); err == nil && proxy != nil {
			d.proxies[dialled(proxy)] = true
		}
	}
	return &Door{&http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            d.dial,
			TLSClientConfig:        bcp195.TLS(),
			TLSHandshakeTimeout:    connectTime,
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    idle,
			IdleConnTimeout:        90 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			DisableCompression:     true,
		},
	}}, nil
}

// Close gives up idle connections. Nothing may be sent any more.
func (d *Door) Close() { d.client.CloseIdleConnections() }

// Post sends a body, and answers with the status and the header: whatever else a receiver
// says is no business of ours. The context must bound the time. The error is a machine
// word that names no address.
func (d *Door) Post(ctx context.Context, to string, header http.Header, body string) (status int, answer http.Header, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(body))
	if err != nil {
		return 0, nil, errURL
	}
	request.Header = header
	response, err := d.client.Do(request)
	if err != nil {
		return 0, nil, trouble(err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, maxAnswer))
	_ = response.Body.Close()
	return response.StatusCode, response.Header, nil
}

// RetryAfter reads the header of RFC 9110, section 10.2.3: seconds or a date. Anything
// else is as if it were not there.
func RetryAfter(answer http.Header, now time.Time) time.Duration {
	value := answer.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil && seconds > 0 {
		return time.Duration(min(seconds, 1<<30)) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// What can go wrong on the way.
var (
	errAddress     = errors.New("the name leads to an address that nothing may be sent to")
	errTimeout     = errors.New("timeout")
	errCertificate = errors.New("certificate")
	errUnreachable = errors.New("unreachable")
)

// trouble turns what went wrong on the way into a machine word: the text of the
// library's error names addresses of the operator's network.
func trouble(err error) error {
	var network net.Error
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.Is(err, errAddress):
		return errAddress
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return errTimeout
	case errors.As(err, &certificate):
		return errCertificate
	default:
		return errUnreachable
	}
}

// dialer connects to the addresses of a door, and to the proxies that the operator's
// environment names for them, which then answer for where a name leads. Both by host:port.
type dialer struct {
	loopback map[string]bool // addresses → whether they say themselves that they are this machine
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
