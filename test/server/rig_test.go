package server_test

import (
	"bytes"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/store/storetest"
	"avain/internal/testkit/brokersim"
	"avain/internal/testkit/demo"
	"avain/internal/testkit/robot"
)

var keys = sync.OnceValues(demo.NewKeys)

// rig is a whole installation, and a phone with an app and a browser.
type rig struct {
	*testing.T
	*demo.Demo
	app     *robot.App
	browser *robot.Browser
	log     *lockedBuffer
	clock   *clock
}

// clock is the service's clock, which a test may move.
type clock struct {
	mu      sync.Mutex
	offset  time.Duration
	stopped time.Time // zero: it goes
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stopped.IsZero() {
		return c.stopped
	}
	return time.Now().Add(c.offset)
}

// stop sets the clock and lets it stand, for what is exact to the millisecond.
func (c *clock) stop(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
	if !c.stopped.IsZero() {
		c.stopped = c.stopped.Add(d)
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newRig(t *testing.T, changes ...func(*config.Config)) *rig {
	t.Helper()
	made, err := keys()
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	storetest.Migrated(t, filepath.Join(data, "avain.db"))
	r := &rig{T: t, log: &lockedBuffer{}, clock: &clock{}}
	r.Demo, err = demo.Start(t.Context(), demo.Options{
		Keys: &made, Data: data, Now: r.clock.now, Log: slog.New(slog.NewJSONHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Timing: brokersim.Timing{FirstPoll: 10 * time.Millisecond, Poll: 10 * time.Millisecond, Slow: 3 * time.Second},
		Change: func(c *config.Config) {
			for i := range c.Brokers {
				c.Brokers[i].Timeout = 20 * time.Second // a busy machine is no slow broker
			}
			for _, change := range changes {
				change(c)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the service's log:\n%s", r.log)
		}
	})
	r.app, r.browser = r.phone()
	return r
}

// phone is another app and browser.
func (r *rig) phone() (*robot.App, *robot.Browser) {
	r.Helper()
	transport := &http.Transport{}
	r.Cleanup(transport.CloseIdleConnections)
	app, err := robot.NewApp(r.Service, "smartumpay", r.App+"/return", &http.Client{Transport: transport, CheckRedirect: robot.NoRedirect})
	if err != nil {
		r.Fatal(err)
	}
	app.Now = r.clock.now
	return app, robot.NewBrowser(transport, r.App)
}

// start begins a login in the app.
func (r *rig) start() robot.Login {
	r.Helper()
	l, err := r.app.Start(r.Context(), nil)
	if err != nil {
		r.Fatal(err)
	}
	return l
}

// open shows the page of the means.
func (r *rig) open(l robot.Login) robot.Page {
	r.Helper()
	page, err := r.browser.Open(r.Context(), l.AuthorizeURL)
	if err != nil {
		r.Fatal(err)
	}
	return page
}

// press presses buttons one after the other.
func (r *rig) press(page robot.Page, buttons ...string) robot.Page {
	r.Helper()
	for _, button := range buttons {
		var err error
		if page, err = r.browser.Press(r.Context(), page, button, nil); err != nil {
			r.Fatal(err)
		}
	}
	return page
}

// bank is the way through a bank.
var bank = []string{"kuikka", "aino", "Vahvista"}

// login walks a whole login.
func (r *rig) login() robot.Tokens {
	r.Helper()
	l := r.start()
	page := r.press(r.open(l), bank...)
	tokens, err := r.app.Finish(r.Context(), l, page.App)
	if err != nil {
		r.Fatal(err, page.Body)
	}
	return tokens
}

// attempt reads a login from the database, as support would.
func (r *rig) attempt(supportCode string) login.Attempt {
	r.Helper()
	a, err := r.Inside.Store.Attempts.AttemptBySupportCode(r.Context(), supportCode)
	if err != nil {
		r.Fatal(err)
	}
	return a
}

// reasons lists the reasons in the timeline.
func reasonsOf(a login.Attempt) []login.Reason {
	var all []login.Reason
	for _, e := range a.Timeline {
		if e.Reason != "" {
			all = append(all, e.Reason)
		}
	}
	return all
}

// sessions counts every session that ever was, of all sample people.
func (r *rig) sessions() int {
	r.Helper()
	n := 0
	for _, p := range brokersim.People() {
		person, err := r.Inside.People.Identify(r.Context(), login.Identity{HETU: p.HETU})
		if fault.HasReason(err, login.ReasonNoBenefits) {
			continue
		}
		if err != nil {
			r.Fatal(err)
		}
		all, err := r.Inside.Store.Sessions.SessionsOfPerson(r.Context(), person.ID)
		if err != nil {
			r.Fatal(err)
		}
		n += len(all)
	}
	return n
}

func (r *rig) post(path string, form url.Values) (int, string, http.Header) {
	r.Helper()
	return r.send(http.MethodPost, path, form, nil)
}

// send is any HTTP request to the service, without following redirects.
func (r *rig) send(method, path string, form url.Values, header http.Header) (int, string, http.Header) {
	r.Helper()
	request, err := http.NewRequestWithContext(r.Context(), method, r.Service+path, strings.NewReader(form.Encode()))
	if err != nil {
		r.Fatal(err)
	}
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	maps.Copy(request.Header, header)
	return r.do(request)
}

func (r *rig) do(request *http.Request) (int, string, http.Header) {
	r.Helper()
	answer, err := r.browser.HTTP.Do(request)
	if err != nil {
		r.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var body bytes.Buffer
	if _, err := body.ReadFrom(answer.Body); err != nil {
		r.Fatal(err)
	}
	return answer.StatusCode, body.String(), answer.Header
}

var supportCode = regexp.MustCompile(`[2-9A-Z]{3}-[2-9A-Z]{3}`)

// mustTell checks what every failure page has to have: a heading, what to do next,
// and a support code.
func (r *rig) mustTell(page robot.Page, words ...string) {
	r.Helper()
	for _, word := range words {
		if !strings.Contains(page.Body, word) {
			r.Errorf("the page (%d, %s) does not say %q:\n%s", page.Status, page.URL, word, page.Body)
		}
	}
	if !supportCode.MatchString(page.Body) {
		r.Errorf("no support code on %s", page.URL)
	}
}

func contains(all []login.Reason, want login.Reason) bool { return slices.Contains(all, want) }
