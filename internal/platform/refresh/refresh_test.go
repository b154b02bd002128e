package refresh_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"avain/internal/platform/refresh"
)

// shelf is a database of one number.
type shelf struct {
	mu    sync.Mutex
	value int
	err   error
	reads int
	slow  time.Duration
}

func (s *shelf) read(ctx context.Context) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if s.slow > 0 {
		select {
		case <-time.After(s.slow):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	return s.value, s.err
}

func (s *shelf) set(value int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.value, s.err = value, err
}

func keep(t *testing.T, s *shelf, log *bytes.Buffer) *refresh.Value[int] {
	t.Helper()
	k, err := refresh.New(t.Context(), refresh.Config[int]{What: "numbers", Read: s.read, Now: time.Now, Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, log := &shelf{value: 1}, &bytes.Buffer{}
		k := keep(t, s, log)
		want := func(when string, value, reads int) {
			t.Helper()
			if got := k.Get(t.Context()); got != value || s.reads != reads {
				t.Errorf("%s: %d after %d reads, want %d after %d", when, got, s.reads, value, reads)
			}
		}
		s.set(2, nil)
		want("fresh", 1, 1)
		time.Sleep(refresh.Fresh)
		want("due", 2, 2)
		want("fresh again", 2, 2)

		s.set(3, nil)
		if err := k.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		want("read at once", 3, 3)

		s.set(4, errors.New("away"))
		time.Sleep(refresh.Fresh)
		want("away", 3, 4)
		want("not asked again at once", 3, 4)
		if !strings.Contains(log.String(), `msg="cannot be read; the last known ones hold" what=numbers`) {
			t.Errorf("logged %q", log)
		}
		if err := k.Refresh(t.Context()); err == nil {
			t.Error("who has changed something is not told that it cannot be read")
		}
		s.set(4, nil)
		time.Sleep(refresh.Fresh)
		want("back", 4, 6)
	})
}

// One caller waits for a slow database, and not for long; the others do not wait at all.
func TestOneCallerReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{value: 1}
		k := keep(t, s, &bytes.Buffer{})
		s.slow = time.Hour
		time.Sleep(refresh.Fresh)
		hungUp, cancel := context.WithCancel(t.Context())
		cancel() // does not leave the others with what is old
		began := time.Now()
		var all sync.WaitGroup
		var mu sync.Mutex
		waited := 0
		for range 20 {
			all.Go(func() {
				if got := k.Get(hungUp); got != 1 {
					t.Errorf("got %d", got)
				}
				mu.Lock()
				defer mu.Unlock()
				if took := time.Since(began); took == time.Second {
					waited++
				} else if took != 0 {
					t.Errorf("waited for %v", took)
				}
			})
		}
		all.Wait()
		if waited != 1 || s.reads != 2 {
			t.Errorf("%d waited, %d reads", waited, s.reads)
		}
	})
}

func TestNothingIsKnownWithoutAFirstReading(t *testing.T) {
	t.Parallel()
	s := &shelf{err: errors.New("away")}
	if _, err := refresh.New(t.Context(), refresh.Config[int]{What: "numbers", Read: s.read, Now: time.Now, Log: slog.New(slog.DiscardHandler)}); err == nil {
		t.Error("it starts without ever having read")
	}
}
