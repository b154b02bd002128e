package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"avain/internal/platform/telemetry"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

type readiness struct {
	Status string
	Checks map[string]telemetry.Result
}

func ask(t *testing.T, log *slog.Logger, checks ...telemetry.Check) (int, readiness) {
	t.Helper()
	w := httptest.NewRecorder()
	telemetry.NewReadiness(checks, time.Now, log).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
	var got readiness
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	if strings.Contains(w.Body.String(), "canary") {
		t.Errorf("the answer tells about our insides: %s", w.Body)
	}
	return w.Code, got
}

func pass(context.Context) error { return nil }

func TestReady(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, nil))
	if code, got := ask(t, log, telemetry.Check{Name: "database", Run: pass}); code != 200 || got.Status != "ready" || !got.Checks["database"].OK {
		t.Errorf("%d %+v", code, got)
	}
	code, got := ask(t, log,
		telemetry.Check{Name: "database", Run: func(context.Context) error { return errors.New("canary") }},
		telemetry.Check{Name: "keys", Run: func(context.Context) error { panic("at the disco") }},
		telemetry.Check{Name: "schema", Run: pass},
	)
	if code != 503 || got.Status != "not ready" || got.Checks["database"].OK || got.Checks["keys"].OK || !got.Checks["schema"].OK {
		t.Errorf("%d %+v", code, got)
	}
	if !strings.Contains(out.String(), "canary") {
		t.Error("the log does not say why")
	}
}

// However many ask, the checks run once a second, because one of them writes; the metric
// names the cause, and the log tells of a change, and once a minute that it goes on.
func TestReadinessIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		var runs int
		var fail error
		r := telemetry.NewReadiness([]telemetry.Check{
			{Name: "database", Run: func(context.Context) error { runs++; return fail }, Cause: func(error) string { return "full" }},
			{Name: "schema", Run: pass},
		}, time.Now, slog.New(slog.NewJSONHandler(&out, nil)))
		registry := prometheus.NewRegistry()
		registry.MustRegister(r)
		code := func() int {
			w := httptest.NewRecorder()
			r.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
			return w.Code
		}
		mustScrape := func(lines ...string) {
			t.Helper()
			w := httptest.NewRecorder()
			promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
			for _, line := range lines {
				if !strings.Contains(w.Body.String(), line+"\n") {
					t.Errorf("no %s in %s", line, w.Body)
				}
			}
		}
		for range 100 {
			if code() != http.StatusOK {
				t.Fatal("not ready")
			}
		}
		mustScrape(`avain_unready{cause="",check="database"} 0`, `avain_unready{cause="",check="schema"} 0`)
		if runs != 1 {
			t.Errorf("asked a hundred times, checked %d times", runs)
		}
		fail = errors.New("canary")
		for second := range 119 {
			time.Sleep(time.Second)
			if code() != http.StatusServiceUnavailable {
				t.Fatalf("second %d: ready", second)
			}
		}
		mustScrape(`avain_unready{cause="full",check="database"} 1`, `avain_unready{cause="",check="schema"} 0`)
		fail = nil
		time.Sleep(time.Second)
		if code() != http.StatusOK {
			t.Error("not ready again")
		}
		if got := strings.Count(out.String(), "canary"); got != 2 {
			t.Errorf("in two minutes the log says %d times why", got)
		}
		if !strings.Contains(out.String(), "ready again") {
			t.Error("the log does not say that it is over")
		}
	})
}

// A check that hangs, even one that does not heed its context, costs its time-out.
func TestReadyDoesNotWaitForever(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		begin := time.Now()
		code, got := ask(t, slog.New(slog.DiscardHandler),
			telemetry.Check{Name: "deaf", Run: func(context.Context) error { <-release; return nil }},
			telemetry.Check{Name: "slow", Timeout: time.Second, Run: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }},
		)
		if took := time.Since(begin); took != 2*time.Second {
			t.Errorf("answered after %v", took)
		}
		if code != 503 || got.Checks["deaf"].OK || got.Checks["slow"].MS != 1000 {
			t.Errorf("%d %+v", code, got)
		}
		close(release)
	})
}

func TestHealthz(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	telemetry.Healthz().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/healthz", nil))
	if w.Code != 200 || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}
