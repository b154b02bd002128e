package interop_test

import (
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/testkit/brokersim"
	"avain/internal/testkit/demo"
	"avain/internal/testkit/robot"
)

var keys = sync.OnceValues(demo.NewKeys)

// clock is the service's clock, which a test may put forward.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time       { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) pass(d time.Duration) { c.ahead.Add(int64(d)) }

// start runs a whole installation, changed as the test wants it.
func start(t *testing.T, change func(*config.Config)) (*demo.Demo, *clock) {
	t.Helper()
	return startIn(t, "", change)
}

// startIn does that in a folder; empty: in one of its own.
func startIn(t *testing.T, data string, change func(*config.Config)) (*demo.Demo, *clock) {
	t.Helper()
	made, err := keys()
	if err != nil {
		t.Fatal(err)
	}
	at := &clock{}
	d, err := demo.Start(t.Context(), demo.Options{Data: data, Keys: &made, Now: at.now, Change: change})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d, at
}

// someone is the person who logs in in every test.
func someone() brokersim.Person { return brokersim.People()[0] }

// browser is a person's browser, which stops where an app would be opened.
func browser(t *testing.T, stop string) *robot.Browser {
	t.Helper()
	return robot.NewBrowser(transport(t), stop)
}

// webBrowser is a person's browser that follows every redirect and, like other browsers,
// calls the loopback address secure enough for a cookie marked Secure.
func webBrowser(t *testing.T) *robot.Browser {
	t.Helper()
	b := browser(t, "")
	b.HTTP.Jar = secureJar{b.HTTP.Jar}
	return b
}

type secureJar struct{ http.CookieJar }

func (j secureJar) Cookies(u *url.URL) []*http.Cookie { return j.CookieJar.Cookies(asSecure(u)) }

func (j secureJar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	j.CookieJar.SetCookies(asSecure(u), cookies)
}

func asSecure(u *url.URL) *url.URL {
	secure := *u
	secure.Scheme = "https"
	return &secure
}

// transport gives its connections back when the test ends, so that servers can stop.
func transport(t *testing.T) *http.Transport {
	t.Helper()
	own := &http.Transport{}
	t.Cleanup(own.CloseIdleConnections)
	return own
}

// Ways of a person through our pages and those of the simulated bank.
var (
	atBank = []string{"kuikka", someone().UserID, "Vahvista"}
	logout = []string{"Kirjaudu ulos"}
)

// walk opens an address and presses buttons, until the browser opens the app or none
// is left.
func walk(t *testing.T, b *robot.Browser, address string, way []string) robot.Page {
	t.Helper()
	page, err := b.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	for _, button := range way {
		if page.App != "" {
			break
		}
		last := page.Body
		if page, err = b.Press(t.Context(), page, button, nil); err != nil {
			t.Fatalf("%v:\n%s", err, last)
		}
	}
	return page
}
