package broker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"avain/internal/platform/bcp195"
)

// Most bytes that we read of each kind of answer. Real ones are a few kilobytes; a
// broker that lies, or whoever sits in its place, must not fill our memory.
const (
	maxJWKS     = 256 << 10
	maxToken    = 128 << 10
	maxMetadata = 128 << 10
	maxSelector = 256 << 10
	maxOutage   = 16 << 10
)

// outbound is the only door to the network in this package. It goes to the hosts
// that stand in the configuration and nowhere else, follows no redirect, sends no
// cookie, and bounds time and size (threat 35: an answer must not be able to lead us
// to a metadata address or an internal service).
type outbound struct {
	client  *http.Client
	hosts   map[string]bool // scheme://host:port
	timeout time.Duration
}

// newOutbound wraps a client (nil: one of our own). The client's transport, with its
// proxy and root certificates, is used as it is.
func newOutbound(client *http.Client, config Config) *outbound {
	own := http.Client{Transport: ownTransport()}
	if client != nil {
		own = *client
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	own.Jar = nil
	return &outbound{client: &own, hosts: allowedHosts(config), timeout: config.Timeout}
}

func ownTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSClientConfig:        bcp195.TLS(),
		TLSHandshakeTimeout:    5 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    32, // every login goes to the same host
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true, // nothing that we fetch is large, and no zip bomb gets in
	}
}

// allowedHosts collects every origin that the configuration names.
func allowedHosts(c Config) map[string]bool {
	hosts := map[string]bool{}
	for _, raw := range []string{
		c.Issuer, c.Endpoints.Discovery, c.Endpoints.Authorization, c.Endpoints.Token, c.Endpoints.PAR,
		c.BrokerKeys.JWKSURI, c.BrokerKeys.SignedJWKSURI, c.Selector.URL, c.Selector.OutageURL,
	} {
		if origin, ok := originOf(raw); ok {
			hosts[origin] = true
		}
	}
	for _, host := range c.Endpoints.AllowedHosts {
		hosts["https://"+strings.ToLower(host)] = true
	}
	return hosts
}

// originOf is scheme://host[:port] of an absolute http(s) URL, in lower case and
// without the scheme's own port.
func originOf(raw string) (string, bool) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && u.Scheme != "http") {
		return "", false
	}
	host := strings.ToLower(u.Host)
	if (u.Scheme == "https" && u.Port() == "443") || (u.Scheme == "http" && u.Port() == "80") {
		host = host[:strings.LastIndex(host, ":")]
	}
	return u.Scheme + "://" + host, true
}

// allows reports whether we may talk to the URL at all.
func (o *outbound) allows(raw string) bool {
	origin, ok := originOf(raw)
	return ok && o.hosts[origin]
}

// What can go wrong on the way, besides what the broker answers.
var (
	errHost     = errors.New("host is not in the configuration")
	errTooLarge = errors.New("answer is too large")
)

// answer is what came back.
type answer struct {
	status int
	body   []byte
}

// get fetches a document.
func (o *outbound) get(ctx context.Context, target, accept string, most int64) (answer, error) {
	return o.do(ctx, http.MethodGet, target, accept, nil, most)
}

// post sends a form.
func (o *outbound) post(ctx context.Context, target string, form url.Values) (answer, error) {
	return o.do(ctx, http.MethodPost, target, "application/json", form, maxToken)
}

func (o *outbound) do(ctx context.Context, method, target, accept string, form url.Values, most int64) (_ answer, err error) {
	if !o.allows(target) {
		return answer{}, errHost
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	request, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Accept", accept)
	request.Header.Set("User-Agent", "avain")
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := o.client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() {
		if closing := response.Body.Close(); closing != nil && err == nil {
			err = closing
		}
	}()
	return read(response, most)
}

func read(response *http.Response, most int64) (answer, error) {
	raw, err := io.ReadAll(io.LimitReader(response.Body, most+1))
	if err != nil {
		return answer{}, err
	}
	if int64(len(raw)) > most {
		return answer{}, errTooLarge
	}
	return answer{status: response.StatusCode, body: raw}, nil
}

// trouble sorts what went wrong into a stable machine word. Down tells whether it
// speaks against the broker's health, as opposed to one bad request of ours.
func trouble(got answer, err error) (word string, down bool) {
	var network net.Error
	switch {
	case errors.Is(err, errHost):
		return "host", false
	case errors.Is(err, errTooLarge):
		return "size", true
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "timeout", true
	case errors.Is(err, context.Canceled):
		return "cancelled", false
	case err != nil:
		return "unreachable", true
	case got.status == http.StatusOK || got.status == http.StatusCreated:
		return "", false
	case got.status >= 300 && got.status < 400:
		return "redirect", true
	default:
		down = got.status >= 500 || got.status == http.StatusTooManyRequests
		return fmt.Sprintf("http_%d", got.status), down
	}
}
