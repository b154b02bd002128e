package loopback

import "net/http"

// owner is a test, a benchmark or a fuzz test.
type owner interface {
	Helper()
	Cleanup(end func())
}

// Transport is a transport of one's own. [http.DefaultTransport] belongs to everybody:
// each httptest.Server that closes takes the idle connections of all others away, and
// a request that is about to use one of them fails. Its connections are given back when
// the test ends, so that servers can stop.
func Transport(t owner) *http.Transport {
	t.Helper()
	own := &http.Transport{}
	t.Cleanup(own.CloseIdleConnections)
	return own
}

// Client is a client with a transport of its own. It returns redirects and does not
// follow them: a test wants to see where it is sent.
func Client(t owner) *http.Client {
	t.Helper()
	return &http.Client{
		Transport:     Transport(t),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
