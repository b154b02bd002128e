package notify_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"avain/internal/platform/notify"
	"avain/internal/testkit/patience"
)

// table is a database that remembers when attempts moved.
type table struct {
	mu    sync.Mutex
	moved map[string]time.Time
	asked int
	err   error
}

func (d *table) since(_ context.Context, since time.Time) (map[string]time.Time, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked++
	found := map[string]time.Time{}
	for id, at := range d.moved {
		if at.After(since) {
			found[id] = at
		}
	}
	return found, d.err
}

func (d *table) move(id string, at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.moved[id] = at
}

func (d *table) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err = err
}

func (d *table) questions() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked
}

// watch runs a lookout over a hub until the test is over.
func watch(t *testing.T, room *notify.Hub) *table {
	t.Helper()
	d := &table{moved: map[string]time.Time{}}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		notify.Poller{Room: room, Moved: d.since, Now: time.Now, Log: slog.New(slog.DiscardHandler)}.Run(ctx)
	})
	t.Cleanup(func() { stop(); running.Wait() })
	return d
}

// called waits for a call and answers how long it took.
func called(t *testing.T, call <-chan struct{}) time.Duration {
	t.Helper()
	began := time.Now()
	select {
	case <-call:
		return time.Since(began)
	case <-patience.Over():
		t.Fatal("never called")
		return 0
	}
}

// Without a single hint everybody is called within a second, once.
func TestLookoutFindsLostHints(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var room notify.Hub
		d := watch(t, &room)
		call, leave := room.Wait("a")
		defer leave()
		other, leaveOther := room.Wait("b")
		defer leaveOther()
		for range 3 {
			d.move("a", time.Now())
			if took := called(t, call); took > time.Second {
				t.Errorf("told after %s", took)
			}
			time.Sleep(10 * time.Second)
			select {
			case <-call:
				t.Error("called again for the same move")
			case <-other:
				t.Error("called for another attempt")
			default:
			}
		}
	})
}

// A move becomes visible later than it is dated: by a slow transaction, or by a node
// whose clock is behind.
func TestLookoutSeesWhatIsDatedBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var room notify.Hub
		d := watch(t, &room)
		call, leave := room.Wait("a")
		defer leave()
		d.move("a", time.Now().Add(-3*time.Second))
		if took := called(t, call); took > time.Second {
			t.Errorf("told after %s", took)
		}
	})
}

// While the database is away nothing is seen, and nothing of it is missed afterwards.
func TestLookoutMissesNothingThroughAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var room notify.Hub
		d := watch(t, &room)
		call, leave := room.Wait("a")
		defer leave()
		time.Sleep(10 * time.Second)
		d.fail(errors.New("away"))
		time.Sleep(2 * time.Second)
		d.move("a", time.Now())
		time.Sleep(time.Minute)
		d.fail(nil)
		if took := called(t, call); took > time.Second {
			t.Errorf("told %s after the database was back", took)
		}
	})
}

func TestLookoutRestsWhenNobodyWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var room notify.Hub
		d := watch(t, &room)
		time.Sleep(time.Hour)
		if n := d.questions(); n != 0 {
			t.Errorf("%d questions for nobody", n)
		}
		call, leave := room.Wait("a")
		defer leave()
		d.move("a", time.Now())
		called(t, call)
		time.Sleep(time.Minute)
		if n := d.questions(); n < 60 || n > 62 {
			t.Errorf("%d questions in a minute", n)
		}
	})
}
