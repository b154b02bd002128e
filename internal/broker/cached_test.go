package broker

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"avain/internal/platform/steady"
)

var errTest = errors.New("test")

// shelf is a cached number that counts its fetches, on the bubble's own clock.
func shelf(fetch func(context.Context) (int, error), change func(*cached[int])) (*cached[int], *atomic.Int32) {
	var fetches atomic.Int32
	c := &cached[int]{
		life: newLifetime(steady.Keeper{}), now: time.Now, fresh: time.Minute, keep: time.Hour, pause: time.Second,
		fetch: func(ctx context.Context) (int, error) { fetches.Add(1); return fetch(ctx) },
	}
	if change != nil {
		change(c)
	}
	return c, &fetches
}

func TestCachedFetchesOnceForMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, fetches := shelf(func(context.Context) (int, error) { time.Sleep(time.Second); return 7, nil }, nil)
		defer c.life.end()
		results := make(chan int, 10)
		for range 10 {
			go func() {
				got, err := c.get(t.Context())
				if err != nil {
					got = -1
				}
				results <- got
			}()
		}
		for range 10 {
			if got := <-results; got != 7 {
				t.Errorf("got %d", got)
			}
		}
		if fetches.Load() != 1 {
			t.Errorf("%d fetches", fetches.Load())
		}
	})
}

func TestCachedServesStaleWhileItRefreshes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		next := atomic.Int32{}
		c, fetches := shelf(func(context.Context) (int, error) {
			time.Sleep(10 * time.Second)
			return int(next.Add(1)), nil
		}, nil)
		defer c.life.end()
		expectCached(t, c, 1, nil)
		time.Sleep(time.Minute)
		began := time.Now()
		expectCached(t, c, 1, nil) // stale, at once
		if time.Since(began) != 0 {
			t.Error("waited")
		}
		time.Sleep(11 * time.Second)
		expectCached(t, c, 2, nil)
		if fetches.Load() != 2 {
			t.Errorf("%d fetches", fetches.Load())
		}
	})
}

func TestCachedNeverServesWhatHasExpired(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fail := atomic.Bool{}
		c, _ := shelf(func(context.Context) (int, error) {
			if fail.Load() {
				return 0, errTest
			}
			return 1, nil
		}, nil)
		defer c.life.end()
		expectCached(t, c, 1, nil)
		fail.Store(true)
		time.Sleep(time.Hour - time.Nanosecond)
		expectCached(t, c, 1, nil)
		synctest.Wait() // the refresh that fails
		time.Sleep(time.Nanosecond)
		expectCached(t, c, 0, errTest)
		if _, _, ok := c.held(); ok {
			t.Error("held")
		}
	})
}

func TestCachedDocumentsOwnEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		end := time.Now().Add(10 * time.Second)
		c, _ := shelf(func(context.Context) (int, error) { return 1, nil }, func(c *cached[int]) {
			c.expires = func(int) time.Time { return end }
		})
		defer c.life.end()
		expectCached(t, c, 1, nil)
		time.Sleep(10 * time.Second)
		if _, err := c.get(t.Context()); !errors.Is(err, errExpired) {
			t.Errorf("a document that is over when it arrives: %v", err)
		}
	})
}

func TestCachedPausesAfterAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, fetches := shelf(func(context.Context) (int, error) { return 0, errTest }, nil)
		defer c.life.end()
		for range 5 {
			expectCached(t, c, 0, errTest)
		}
		if fetches.Load() != 1 {
			t.Errorf("%d fetches within the pause", fetches.Load())
		}
		time.Sleep(time.Second)
		expectCached(t, c, 0, errTest)
		if fetches.Load() != 2 {
			t.Errorf("%d fetches after the pause", fetches.Load())
		}
	})
}

func TestCachedWaitersMayLeave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, fetches := shelf(func(context.Context) (int, error) { time.Sleep(time.Minute); return 7, nil }, nil)
		defer c.life.end()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.get(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("impatient: %v", err)
		}
		time.Sleep(time.Minute)
		expectCached(t, c, 7, nil) // the fetch went on without them
		if fetches.Load() != 1 {
			t.Errorf("%d fetches", fetches.Load())
		}
	})
}

func TestCachedEagerDoesNotWaitTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, fetches := shelf(func(context.Context) (int, error) { time.Sleep(10 * time.Second); return 0, errTest },
			func(c *cached[int]) { c.eager = true })
		defer c.life.end()
		expectCached(t, c, 0, errTest)
		time.Sleep(time.Minute)
		began := time.Now()
		expectCached(t, c, 0, errTest)
		if time.Since(began) != 0 {
			t.Error("waited for a second failure")
		}
		synctest.Wait()
		time.Sleep(10 * time.Second)
		if fetches.Load() != 2 {
			t.Errorf("%d fetches", fetches.Load())
		}
	})
}

func TestCachedForceIsLimited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, fetches := shelf(func(context.Context) (int, error) { return 1, nil }, nil)
		defer c.life.end()
		for range 5 {
			if _, err := c.force(t.Context(), time.Minute); err != nil {
				t.Fatal(err)
			}
		}
		if fetches.Load() != 1 {
			t.Errorf("%d fetches within a minute", fetches.Load())
		}
		time.Sleep(time.Minute)
		if _, err := c.force(t.Context(), time.Minute); err != nil || fetches.Load() != 2 {
			t.Errorf("%v, %d fetches after a minute", err, fetches.Load())
		}
	})
}

// Close waits for what is in flight, and what is in flight learns of it.
func TestCachedEndsWithItsLifetime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := shelf(func(ctx context.Context) (int, error) { <-ctx.Done(); return 0, ctx.Err() }, nil)
		c.warm()
		synctest.Wait()
		c.life.end()
		if _, _, ok := c.held(); ok {
			t.Error("held")
		}
	})
}

func expectCached(t *testing.T, c *cached[int], want int, wantErr error) {
	t.Helper()
	got, err := c.get(t.Context())
	if got != want || !errors.Is(err, wantErr) {
		t.Fatalf("got %d, %v; want %d, %v", got, err, want, wantErr)
	}
}

// A fetch that panics is a fetch that failed: it is tried again after the pause, and
// whoever waits is told.
func TestThreat54FetchThatPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ill := true
		c, fetches := shelf(func(context.Context) (int, error) {
			if ill {
				panic("fetch")
			}
			return 7, nil
		}, nil)
		defer c.life.end()
		expectCached(t, c, 0, steady.ErrPanicked)
		ill = false
		time.Sleep(time.Second)
		expectCached(t, c, 7, nil)
		if fetches.Load() != 2 {
			t.Errorf("%d fetches", fetches.Load())
		}
	})
}
