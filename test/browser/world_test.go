package browser_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/domain/login"
	"avain/internal/platform/store/storetest"
	"avain/internal/testkit/brokersim"
	"avain/internal/testkit/demo"
	"avain/internal/testkit/loopback"
)

// world is a whole installation: service, banks and phone app, in a folder that
// outlives a restart.
type world struct {
	*testing.T
	*demo.Demo
	clock *clock
	log   *lockedBuffer

	place   *place
	data    string
	ports   [5]string // of all servers; the same after a restart
	origins []string
	browser *browser // the last one that was started
}

// clock is the clock of service and banks, which a test may move. The browser has
// its own.
type clock struct {
	mu     sync.Mutex
	offset time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset)
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

// right sets the clock right again.
func (c *clock) right() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset = 0
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

// newWorld waits for a free place among the browsers, and starts an installation.
func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldAt(t, &clock{}, demo.Options{})
}

// newWorldAt is newWorld at another time, and with what else the options ask for.
func newWorldAt(t *testing.T, at *clock, o demo.Options) *world {
	t.Helper()
	w := &world{T: t, clock: at, log: &lockedBuffer{}, place: takePlace(t), data: t.TempDir()}
	for i := range w.ports {
		w.ports[i] = loopback.PortFor(t).Address()
	}
	w.start(o)
	w.origins = []string{w.Service, w.App, w.Banks, w.Mail, w.Admin}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the service's log:\n%s", w.log)
		}
	})
	return w
}

func (w *world) start(o demo.Options) {
	w.Helper()
	keys, err := sharedKeys()
	if err != nil {
		w.Fatal(err)
	}
	app, err := builtApp()
	if err != nil {
		w.Fatal(err)
	}
	o.Service, o.App, o.Banks, o.Mail, o.Admin = w.ports[0], w.ports[1], w.ports[2], w.ports[3], w.ports[4]
	o.Keys, o.AppDir, o.Data, o.Now = &keys, app, w.data, w.clock.now
	o.Log = slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	o.Timing = brokersim.Timing{FirstPoll: 10 * time.Millisecond, Poll: 10 * time.Millisecond, Slow: 5 * time.Second}
	change := o.Change
	o.Change = func(c *config.Config) {
		if change != nil {
			change(c)
		}
		for i := range c.Brokers {
			c.Brokers[i].Timeout = 20 * time.Second // a busy machine is no slow broker
		}
	}
	if database := filepath.Join(w.data, "avain.db"); !exists(database) {
		storetest.Migrated(w, database)
	}
	if w.Demo, err = demo.Start(w.Context(), o); err != nil {
		w.Fatal(err)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// restart ends every server and starts them again at the same addresses, with the
// same data: what a deployment does.
func (w *world) restart() {
	w.Helper()
	if err := w.Close(); err != nil {
		w.Fatal(err)
	}
	w.start(demo.Options{})
}

// ours reports whether an origin belongs to the installation. Browsers ask at any
// time, also while it restarts.
func (w *world) ours(origin string) bool { return slices.Contains(w.origins, origin) }

// attempt reads a login from the database, as support would.
func (w *world) attempt(supportCode string) login.Attempt {
	w.Helper()
	a, err := w.Inside.Store.Attempts.AttemptBySupportCode(w.Context(), supportCode)
	if err != nil {
		w.Fatalf("support code %s: %v", supportCode, err)
	}
	return a
}

// person is the id of a sample person.
func (w *world) person(user string) string {
	w.Helper()
	for _, p := range brokersim.People() {
		if p.UserID != user {
			continue
		}
		person, err := w.Inside.People.Identify(w.Context(), login.Identity{HETU: p.HETU})
		if err != nil {
			w.Fatal(err)
		}
		return person.ID
	}
	w.Fatalf("nobody is called %s", user)
	return ""
}

// sessions counts the sessions of a sample person that are not over.
func (w *world) sessions(user string) int {
	w.Helper()
	all, err := w.Inside.Store.Sessions.SessionsOfPerson(w.Context(), w.person(user))
	if err != nil {
		w.Fatal(err)
	}
	n := 0
	for _, s := range all {
		if s.Live(w.clock.now()) {
			n++
		}
	}
	return n
}
