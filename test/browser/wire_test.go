package browser_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// wire is the network between a browser and the world: a proxy through which every
// request goes, service workers' too. A test can cut it, and lose answers on it.
// Nothing but the installation can be reached.
type wire struct {
	server    *httptest.Server
	world     *world
	transport *http.Transport

	mu     sync.Mutex
	cut    bool
	losing map[string]int // by path: so many answers more get lost on the way
	lost   map[string]int
	asked  map[string]int // by path: so many requests have passed
	onBack func(answer *http.Response)
	hurry  time.Duration
	onWay  map[string]*sync.WaitGroup // by path: requests go on when all have come
}

func newWire(world *world) *wire {
	world.Helper()
	transport := &http.Transport{}
	w := &wire{world: world, transport: transport, losing: map[string]int{}, lost: map[string]int{}, asked: map[string]int{}}
	w.server = httptest.NewServer(&httputil.ReverseProxy{
		Transport: transport, FlushInterval: -1,
		Rewrite:        func(*httputil.ProxyRequest) {}, // requests to a proxy name their whole address
		ModifyResponse: w.carry,
		ErrorHandler: func(rw http.ResponseWriter, r *http.Request, _ error) {
			if r = withoutWaiting(r); r == nil {
				panic(http.ErrAbortHandler)
			}
			w.server.Config.Handler.ServeHTTP(rw, r)
		},
	})
	handler := w.server.Config.Handler
	w.server.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.isCut() || r.Method == http.MethodConnect || !world.ours(r.URL.Scheme+"://"+r.URL.Host) {
			panic(http.ErrAbortHandler) // as if there were no network
		}
		w.mu.Lock()
		w.asked[r.URL.Path]++
		hurry, together := w.hurry, w.onWay[r.URL.Path]
		w.mu.Unlock()
		if together != nil {
			together.Done()
			together.Wait()
		}
		if hurry > 0 && r.URL.Query().Has(waits) {
			ctx, cancel := context.WithTimeout(r.Context(), hurry)
			defer cancel()
			r = r.WithContext(ctx)
		}
		handler.ServeHTTP(rw, r)
	})
	world.Cleanup(func() {
		w.server.CloseClientConnections()
		w.server.Close()
		transport.CloseIdleConnections()
	})
	return w
}

// waits is the parameter with which the page of a QR code waits for news.
const waits = "seen"

// gather lets the next n requests for a path go on only together: none is answered
// before all are asked.
func (w *wire) gather(path string, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var together sync.WaitGroup
	together.Add(n)
	w.onWay = map[string]*sync.WaitGroup{path: &together}
}

// hurryUp shortens that waiting: after so long the page gets what it would get at the
// end of it. While it waits, browsers answer no questions about it.
func (w *wire) hurryUp(longest time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hurry = longest
}

// withoutWaiting is a request whose waiting was cut short, without it; nil when that
// is not what has ended it.
func withoutWaiting(r *http.Request) *http.Request {
	if !errors.Is(r.Context().Err(), context.DeadlineExceeded) {
		return nil
	}
	r = r.Clone(context.WithoutCancel(r.Context()))
	query := r.URL.Query()
	query.Del(waits)
	r.URL.RawQuery = query.Encode()
	return r
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

// dialFrom makes all that passes come from an address of its own, as from another
// network. It is for the time before the browser has asked for anything.
func (w *wire) dialFrom(address net.IP) {
	w.transport.DialContext = (&net.Dialer{LocalAddr: &net.TCPAddr{IP: address}}).DialContext
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
		const atOnce = "0; url="
		location, err := url.Parse(strings.TrimPrefix(answer.Header.Get("Refresh"), atOnce))
		if err != nil || !strings.HasPrefix(location.Path, "/return") {
			return
		}
		values := location.Query()
		values.Set("reason", reason)
		location.RawQuery = values.Encode()
		answer.Header.Set("Refresh", atOnce+location.String())
	})
}
