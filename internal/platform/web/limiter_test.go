package web_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/web"

	"pgregory.net/rapid"
)

func TestLimiter(t *testing.T) {
	t.Parallel()
	now := noon()
	l := web.NewLimiter(web.Limit{Each: 10 * time.Second, Burst: 3}, 100, func() time.Time { return now })
	for i := range 3 {
		if ok, _ := l.Allow("a"); !ok {
			t.Fatalf("call %d of the burst was refused", i+1)
		}
	}
	ok, wait := l.Allow("a")
	if ok || wait != 10*time.Second {
		t.Fatalf("over the burst: %v, wait %v, want 10 s", ok, wait)
	}
	if ok, _ := l.Allow("b"); !ok {
		t.Error("one key spent another's budget")
	}
	now = now.Add(wait - time.Millisecond)
	if ok, _ := l.Allow("a"); ok {
		t.Error("allowed too early")
	}
	now = now.Add(time.Millisecond)
	if ok, _ := l.Allow("a"); !ok {
		t.Error("whoever waits as told is refused")
	}
	err := l.Check("a")
	var e *fault.Error
	if !errors.As(err, &e) || e.Kind != fault.TooMany || e.Reason != login.ReasonRateLimited || e.RetryAfter <= 0 {
		t.Errorf("error %v does not say to slow down", err)
	}
	if err := l.Check("c"); err != nil {
		t.Errorf("a fresh key: %v", err)
	}
}

func TestLimiterWithoutLimit(t *testing.T) {
	t.Parallel()
	l := web.NewLimiter(web.Limit{}, 1, noon)
	for range 1000 {
		if ok, _ := l.Allow("a"); !ok {
			t.Fatal("refused without a limit")
		}
	}
}

func TestLimiterForgetsTheLongestUnused(t *testing.T) {
	t.Parallel()
	l := web.NewLimiter(web.Limit{Each: time.Hour, Burst: 1}, 2, noon)
	l.Allow("a")
	l.Allow("b")
	l.Allow("a") // refused, but used last
	l.Allow("c") // pushes b out
	if ok, _ := l.Allow("a"); ok {
		t.Error("a was forgotten although it was in use")
	}
	if ok, _ := l.Allow("b"); !ok {
		t.Error("b was remembered although there is room for two")
	}
}

// TestThreat34LimiterProperty: whatever the order of calls, no key that stays in
// memory ever gets more than its burst and one per interval.
func TestThreat34LimiterProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		burst := rapid.IntRange(1, 5).Draw(t, "burst")
		now := noon()
		l := web.NewLimiter(web.Limit{Each: time.Second, Burst: burst}, 10, func() time.Time { return now })
		allowed := map[string]int{}
		for range rapid.IntRange(1, 200).Draw(t, "calls") {
			now = now.Add(time.Duration(rapid.IntRange(0, 1500).Draw(t, "ms")) * time.Millisecond)
			key := fmt.Sprint(rapid.IntRange(0, 3).Draw(t, "key"))
			ok, wait := l.Allow(key)
			if ok {
				allowed[key]++
			}
			if ok != (wait == 0) {
				t.Fatalf("allowed %v, but wait %v", ok, wait)
			}
		}
		most := burst + int(now.Sub(noon()).Seconds()) + 1
		for key, n := range allowed {
			if n > most {
				t.Fatalf("key %s: %d in %v, at most %d", key, n, now.Sub(noon()), most)
			}
		}
	})
}

func TestLimiterUnderConcurrency(t *testing.T) {
	t.Parallel()
	l := web.NewLimiter(web.Limit{Each: time.Hour, Burst: 50}, 100, noon)
	var allowed atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if ok, _ := l.Allow("a"); ok {
					allowed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if allowed.Load() != 50 {
		t.Errorf("%d were allowed, want 50", allowed.Load())
	}
}

// A network that sends too much is told when to come back, on pages and to programs;
// its neighbours and the style of the page are served.
func TestRequestsOfANetworkAreBounded(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	kit := newKit(t, func(c *web.Config) {
		c.Requests = web.NewLimiter(web.Limit{Burst: 2, Each: 30 * time.Second}, 10, func() time.Time { return now })
	})
	mux := http.NewServeMux()
	nothing := func(http.ResponseWriter, *http.Request) error { return nil }
	mux.Handle("GET /page", kit.Page(nothing))
	mux.Handle("GET /token", kit.OAuth(nothing))
	mux.Handle("GET /options", kit.Problem(nothing))
	mux.Handle("GET /static/", kit.Static())
	served := kit.Middleware(mux)
	ask := func(from, path string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.RemoteAddr = from + ":1234"
		w := httptest.NewRecorder()
		served.ServeHTTP(w, r)
		return w
	}
	for range 2 {
		if w := ask("192.0.2.1", "/page"); w.Code != http.StatusOK {
			t.Fatalf("within the bound: %d", w.Code)
		}
	}
	for path, kind := range map[string]string{"/page": "text/html", "/token": "application/json", "/options": "application/problem+json"} {
		w := ask("192.0.2.1", path)
		if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "30" || !strings.HasPrefix(w.Header().Get("Content-Type"), kind) {
			t.Errorf("%s: %d, Retry-After %q, %q", path, w.Code, w.Header().Get("Retry-After"), w.Header().Get("Content-Type"))
		}
	}
	if w := ask("192.0.2.2", "/page"); w.Code != http.StatusOK {
		t.Errorf("the neighbour: %d", w.Code)
	}
	if w := ask("192.0.2.1", kit.Asset("style.css")); w.Code != http.StatusOK {
		t.Errorf("the style: %d", w.Code)
	}
}
