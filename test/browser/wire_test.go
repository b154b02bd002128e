package browser_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strconv"
	"strings"
	"sync"
)

// wire is the network between a browser and the world: a proxy through which every
// request goes, service workers' too. A test can cut it, and lose answers on it.
// Nothing but the installation can be reached.
type wire struct {
	server *httptest.Server
	world  *world

	mu     sync.Mutex
	cut    bool
	losing map[string]int // by path: so many answers more get lost on the way
	lost   map[string]int
	asked  map[string]int // by path: so many requests have passed
	onBack func(answer *http.Response)
}

func newWire(world *world) *wire {
	world.Helper()
	w := &wire{world: world, losing: map[string]int{}, lost: map[string]int{}, asked: map[string]int{}}
	transport := &http.Transport{}
	w.server = httptest.NewServer(&httputil.ReverseProxy{
		Transport: transport, FlushInterval: -1,
		Rewrite:        func(*httputil.ProxyRequest) {}, // requests to a proxy name their whole address
		ModifyResponse: w.carry,
		ErrorHandler:   func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	})
	handler := w.server.Config.Handler
	w.server.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.isCut() || r.Method == http.MethodConnect || !world.ours(r.URL.Scheme+"://"+r.URL.Host) {
			panic(http.ErrAbortHandler) // as if there were no network
		}
		w.mu.Lock()
		w.asked[r.URL.Path]++
		w.mu.Unlock()
		handler.ServeHTTP(rw, r)
	})
	world.Cleanup(func() {
		w.server.CloseClientConnections()
		w.server.Close()
		transport.CloseIdleConnections()
	})
	return w
}

func (w *wire) isCut() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cut
}

// setCut cuts the wire, or mends it.
func (w *wire) setCut(cut bool) {
	w.mu.Lock()
	w.cut = cut
	w.mu.Unlock()
	if cut {
		w.server.CloseClientConnections()
	}
}

// lose lets the next n good answers from a path get lost in the middle: the server
// has done what was asked, and the browser never learns it.
func (w *wire) lose(path string, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.losing[path] = n
}

// wasLost is how many answers from a path have got lost.
func (w *wire) wasLost(path string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lost[path]
}

// wasAsked is how many requests for a path have passed.
func (w *wire) wasAsked(path string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked[path]
}

// change lets a test rewrite answers on their way; nil ends it.
func (w *wire) change(onBack func(answer *http.Response)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.onBack = onBack
}

func (w *wire) carry(answer *http.Response) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	// Go's server stamps its answers with the true time. Where a test has moved the
	// installation's clock, the stamp has to go along.
	answer.Header.Set("Date", w.world.clock.now().UTC().Format(http.TimeFormat))
	path := answer.Request.URL.Path
	if w.losing[path] > 0 && answer.StatusCode == http.StatusOK || w.losing[path] > 0 && answer.StatusCode == http.StatusCreated {
		w.losing[path]--
		w.lost[path]++
		// An answer that promises more than comes is cut off when it ends. (One that does
		// not come at all, the browser would ask for again by itself.)
		answer.ContentLength += 100
		answer.Header.Set("Content-Length", strconv.FormatInt(answer.ContentLength, 10))
	}
	if w.onBack != nil {
		w.onBack(answer)
	}
	return nil
}

// sayInstead makes the service tell the app another reason for the end of a login.
func (w *wire) sayInstead(reason string) {
	w.change(func(answer *http.Response) {
		location, err := answer.Location()
		if err != nil || !strings.HasPrefix(location.Path, "/return") {
			return
		}
		values := location.Query()
		values.Set("reason", reason)
		location.RawQuery = values.Encode()
		answer.Header.Set("Location", location.String())
	})
}
