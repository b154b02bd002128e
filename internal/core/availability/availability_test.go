package availability_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"avain/internal/core/availability"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/refresh"

	"pgregory.net/rapid"
)

// switchboard keeps switches in memory, and can be unplugged, which a database in a
// test cannot.
type switchboard struct {
	mu    sync.Mutex
	all   map[string]operations.Switch
	fails error
	asked atomic.Int32
}

func (b *switchboard) Switches(context.Context) ([]operations.Switch, error) {
	b.asked.Add(1)
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []operations.Switch
	for _, s := range b.all {
		all = append(all, s)
	}
	return all, b.fails
}

func (b *switchboard) SetSwitch(_ context.Context, s operations.Switch) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fails == nil {
		b.all[s.Name] = s
	}
	return b.fails
}

func (b *switchboard) unplug(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fails = err
}

type witness struct{ saw []operations.Switch }

// Atomically forgets what was recorded of an act that failed, as the transaction does.
func (w *witness) Atomically(ctx context.Context, act func(context.Context) error) error {
	before := len(w.saw)
	err := act(ctx)
	if err != nil {
		w.saw = w.saw[:before]
	}
	return err
}

func (w *witness) Switched(_ context.Context, s operations.Switch) { w.saw = append(w.saw, s) }

// notices are what a board of notices would say to everybody.
type notices struct{ sum operations.MethodOverrides }

func (n *notices) Arrange(context.Context, operations.Viewer) operations.MethodOverrides {
	return n.sum
}

type world struct {
	*availability.Gate
	board *switchboard
	news  *notices
	audit *witness
	now   atomic.Int64 // nanoseconds since noon
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func newWorld(t testing.TB, change func(*availability.Config)) *world {
	t.Helper()
	w := &world{board: &switchboard{all: map[string]operations.Switch{}}, audit: &witness{}, news: &notices{}}
	c := availability.Config{
		Order:   []login.Method{login.MethodDirect, login.MethodQR, login.MethodLink, login.MethodCredentials},
		Built:   []login.Method{login.MethodDirect, login.MethodLink, login.MethodQR},
		Minimum: "1.10.0", Recommended: "1.16.0", Alternative: "1.16.0",
	}
	if change != nil {
		change(&c)
	}
	var err error
	w.Gate, err = availability.New(t.Context(), availability.Deps{
		Config: c, Store: w.board, Audit: w.audit, Board: w.news, Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return noon.Add(time.Duration(w.now.Load())) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestVersionsCompareAsNumbers(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{
		{"1.9.0", "1.16.0"},
		{"1.15.9", "1.16.0"},
		{"1.16.0", "1.16.1"},
		{"1.16", "1.16.1"},
		{"1.16.0-beta.2", "1.16.0"},
		{"1.16.0-beta.2", "1.16.0-beta.10"},
		{"0.99.99", "1.0.0"},
		{"9.0.0", "10.0.0"},
	} {
		a, okA := availability.ParseVersion(pair[0])
		b, okB := availability.ParseVersion(pair[1])
		if !okA || !okB || !a.Before(b) || b.Before(a) {
			t.Errorf("%s must be before %s", a, b)
		}
	}
	if availability.Version("1.16").Before("1.16.0") || availability.Version("1.16.0+7").Before("1.16.0") {
		t.Error("missing parts are 0, and build metadata does not count")
	}
	for _, bad := range []string{"", "v1.16.0", "1.16.0.0", "1.16.x", "01.16.0", "latest", "1.16.0 ", " 1.16.0", "-1.0.0", "1..0", "1.16.0\n", "1.16.0-" + string(make([]byte, 80))} {
		if _, ok := availability.ParseVersion(bad); ok {
			t.Errorf("%q is taken for a version", bad)
		}
	}
}

func TestVersionOrderIsTheOrderOfNumbers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.IntRange(0, 3000)
		parts := rapid.Custom(func(t *rapid.T) [3]int {
			return [3]int{number.Draw(t, "major"), number.Draw(t, "minor"), number.Draw(t, "patch")}
		})
		a, b := parts.Draw(t, "a"), parts.Draw(t, "b")
		want := a[0] < b[0] || a[0] == b[0] && (a[1] < b[1] || a[1] == b[1] && a[2] < b[2])
		version := func(p [3]int) availability.Version {
			v, ok := availability.ParseVersion(fmt.Sprintf("%d.%d.%d", p[0], p[1], p[2]))
			if !ok {
				t.Fatalf("%v is not taken for a version", p)
			}
			return v
		}
		if got := version(a).Before(version(b)); got != want {
			t.Errorf("%v before %v: %v", a, b, got)
		}
	})
}

func TestAdmit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *availability.Config) { c.Off = []login.Method{login.MethodQR} })
	const own = true
	for _, c := range []struct {
		method  login.Method
		version availability.Version
		own     bool
		want    login.Reason
	}{
		{login.MethodDirect, "", own, ""},
		{login.MethodDirect, "1.10.0", own, ""},
		{login.MethodDirect, "1.9.9", own, login.ReasonVersionTooOld},
		{login.MethodDirect, "0.1.0", false, ""}, // somebody else's app
		{login.MethodLink, "1.16.0", own, ""},
		{login.MethodLink, "2.0.0", own, ""},
		{login.MethodLink, "1.15.9", own, login.ReasonVersionTooOld},
		{login.MethodLink, "1.9.0", own, login.ReasonVersionTooOld},
		{login.MethodLink, "", own, login.ReasonRequestInvalid},
		{login.MethodLink, "", false, ""},
		{login.MethodQR, "1.16.0", own, login.ReasonMeansUnavailable},
		{login.MethodQR, "1.15.0", own, login.ReasonVersionTooOld},             // what the person can do comes first
		{login.MethodCredentials, "1.16.0", own, login.ReasonMeansUnavailable}, // does not exist
		{login.Method("made up"), "1.16.0", own, login.ReasonMeansUnavailable},
	} {
		err := w.Admit(t.Context(), c.method, operations.Viewer{AppVersion: string(c.version)}, c.own)
		if got := reasonOf(err); got != c.want {
			t.Errorf("%s with %q (own: %v): %v, want %q", c.method, c.version, c.own, err, c.want)
		}
	}
}

func reasonOf(err error) login.Reason {
	if err == nil {
		return ""
	}
	return fault.AsError(err).Reason
}

// The alternative methods never admit a version that the minimum refuses.
func TestMinimumAboveAlternativeCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *availability.Config) { c.Minimum, c.Recommended = "1.20.0", "1.20.0" })
	if err := w.Admit(t.Context(), login.MethodLink, operations.Viewer{AppVersion: "1.18.0"}, true); reasonOf(err) != login.ReasonVersionTooOld {
		t.Errorf("got %v", err)
	}
}

func TestSwitches(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *availability.Config) { c.Off = []login.Method{login.MethodQR} })
	states := func() (on []login.Method) {
		for _, way := range w.Methods(t.Context()) {
			if way.On {
				on = append(on, way.Method)
			}
		}
		return on
	}
	set := func(name string, on bool) {
		t.Helper()
		if err := w.Set(t.Context(), operations.Switch{Name: name, On: on, By: "system", Reasons: map[string]string{"fi": "Huolto."}}); err != nil {
			t.Fatal(err)
		}
	}
	if got := states(); !reflect.DeepEqual(got, []login.Method{login.MethodDirect, login.MethodLink}) {
		t.Errorf("as configured: %v", got)
	}
	set(operations.MethodSwitch(login.MethodLink), false)
	set(operations.MethodSwitch(login.MethodQR), true)
	set(operations.MethodSwitch(login.MethodCredentials), true) // does not exist, whatever a row says
	if got := states(); !reflect.DeepEqual(got, []login.Method{login.MethodDirect, login.MethodQR}) {
		t.Errorf("switched: %v", got)
	}
	if ways := w.Methods(t.Context()); ways[2].Method != login.MethodLink || ways[2].Reasons["fi"] != "Huolto." || ways[1].Reasons != nil {
		t.Errorf("order or reasons are wrong: %+v", ways)
	}
	set(operations.MeansSwitch("nordea"), false)
	if on, reasons := w.Means(t.Context(), "nordea"); on || reasons["fi"] != "Huolto." {
		t.Errorf("nordea is %v, %v", on, reasons)
	}
	if err := w.MayChoose(t.Context(), "nordea"); reasonOf(err) != login.ReasonMeansUnavailable {
		t.Errorf("nordea: %v", err)
	}
	if err := w.MayChoose(t.Context(), "link"); err != nil {
		t.Errorf("the switch of a method must not be that of a means of the same name: %v", err)
	}
	set(operations.MeansSwitch("nordea"), true)
	if err := w.MayChoose(t.Context(), "nordea"); err != nil {
		t.Error(err)
	}
	if len(w.audit.saw) != 5 || w.audit.saw[0].By != "system" || !w.audit.saw[0].At.Equal(noon) {
		t.Errorf("audit saw %+v", w.audit.saw)
	}
}

// Another node follows when its reading is ten seconds old, and asks no more often.
func TestNodeFollowsWithinTenSeconds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.board.all[operations.MeansSwitch("nordea")] = operations.Switch{Name: operations.MeansSwitch("nordea")} // another node's doing
	for range 100 {
		if on, _ := w.Means(t.Context(), "nordea"); !on {
			t.Fatal("it was read again before it was due")
		}
	}
	w.now.Add(int64(refresh.Fresh))
	if on, _ := w.Means(t.Context(), "nordea"); on {
		t.Error("the node does not follow")
	}
	if n := w.board.asked.Load(); n != 2 {
		t.Errorf("the database was asked %d times, want 2", n)
	}
}

// A database that stumbles neither opens what an operator has closed nor closes what
// was open; when it is back, so is the truth.
func TestUnreadableSwitchesKeepTheLastKnown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	if err := w.Set(t.Context(), operations.Switch{Name: operations.MeansSwitch("nordea")}); err != nil {
		t.Fatal(err)
	}
	w.board.unplug(errors.New("disk on fire"))
	w.now.Add(int64(time.Hour))
	asked := w.board.asked.Load()
	for range 100 {
		if on, _ := w.Means(t.Context(), "nordea"); on {
			t.Fatal("a closed door opened")
		}
		if err := w.Admit(t.Context(), login.MethodDirect, operations.Viewer{}, true); err != nil {
			t.Fatalf("an open door closed: %v", err)
		}
	}
	if n := w.board.asked.Load() - asked; n != 1 {
		t.Errorf("a database in trouble was asked %d times, want 1", n)
	}
	if err := w.Set(t.Context(), operations.Switch{Name: operations.MeansSwitch("op")}); err == nil || len(w.audit.saw) != 1 {
		t.Errorf("a switching that failed was recorded as done: %v, %+v", err, w.audit.saw)
	}
	w.board.unplug(nil)
	w.board.all[operations.MeansSwitch("nordea")] = operations.Switch{Name: operations.MeansSwitch("nordea"), On: true}
	w.now.Add(int64(refresh.Fresh))
	if on, _ := w.Means(t.Context(), "nordea"); !on {
		t.Error("the node did not recover")
	}
}

func TestNodeThatHasNeverReadDoesNotStart(t *testing.T) {
	t.Parallel()
	_, err := availability.New(t.Context(), availability.Deps{
		Store: &switchboard{fails: errors.New("no such table")}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	if err == nil {
		t.Error("it started")
	}
}

// A caller who hangs up must not leave the others with old switches.
func TestCallerWhoHangsUpStillReads(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.board.all[operations.MeansSwitch("nordea")] = operations.Switch{Name: operations.MeansSwitch("nordea")}
	w.now.Add(int64(refresh.Fresh))
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	if on, _ := w.Means(gone, "nordea"); on {
		t.Error("nothing was read")
	}
}

func TestManyAskAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	var all sync.WaitGroup
	for n := range 50 {
		all.Go(func() {
			w.now.Add(int64(refresh.Fresh))
			if n%10 == 0 {
				if err := w.board.SetSwitch(t.Context(), operations.Switch{Name: operations.MeansSwitch("nordea"), On: n%20 == 0}); err != nil {
					t.Error(err)
				}
			}
			w.Methods(t.Context())
			w.Means(t.Context(), "nordea")
		})
	}
	all.Wait()
}

// A notice orders and closes; it opens nothing that a switch, the configuration or the
// app's version has closed.
func TestNoticesOrderAndClose(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *availability.Config) { c.Off = []login.Method{login.MethodQR} })
	look := func(version string) (all []string) {
		for _, way := range w.MethodsFor(t.Context(), operations.Viewer{AppVersion: version}) {
			all = append(all, fmt.Sprintf("%s %v %s", way.Method, way.On, way.Reasons["fi"]))
		}
		return all
	}
	check := func(name, version string, want ...string) {
		t.Helper()
		if got := look(version); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	check("no notice", "1.16.0", "direct true ", "qr false ", "link true ", "credentials false ")
	w.news.sum = operations.MethodOverrides{First: login.MethodLink, Off: map[login.Method]map[string]string{login.MethodDirect: {"fi": "Opera"}}}
	check("link first, direct off", "1.16.0", "link true ", "direct false Opera", "qr false ", "credentials false ")
	check("too old for the link", "1.15.0", "direct false Opera", "qr false ", "link true ", "credentials false ")
	if err := w.Admit(t.Context(), login.MethodDirect, operations.Viewer{AppVersion: "1.16.0"}, true); reasonOf(err) != login.ReasonMeansUnavailable {
		t.Errorf("direct: %v", err)
	}
	if err := w.Admit(t.Context(), login.MethodLink, operations.Viewer{AppVersion: "1.16.0"}, true); err != nil {
		t.Errorf("link: %v", err)
	}
	w.news.sum = operations.MethodOverrides{First: login.MethodQR}
	check("what is off is not first", "1.16.0", "direct true ", "qr false ", "link true ", "credentials false ")
	w.news.sum = operations.MethodOverrides{First: login.MethodCredentials, Off: map[login.Method]map[string]string{login.MethodQR: {"fi": "x"}}}
	check("what does not exist is not first, and a switch keeps its own words", "1.16.0", "direct true ", "qr false ", "link true ", "credentials false ")
}
