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

	"avain/internal/telemetry"
)

type readiness struct {
	Status string
	Checks map[string]telemetry.Result
}

func ask(t *testing.T, log *slog.Logger, checks ...telemetry.Check) (int, readiness) {
	t.Helper()
	w := httptest.NewRecorder()
	telemetry.Readyz(checks, time.Now, log).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
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

func TestClock(t *testing.T) {
	t.Parallel()
	for off, fine := range map[time.Duration]bool{0: true, 2 * time.Second: true, -2 * time.Second: true, 3 * time.Second: false, -time.Hour: false} {
		check := telemetry.ClockCheck(func(context.Context) (time.Time, error) { return start.Add(off), nil },
			func() time.Time { return start }, 2*time.Second)
		if err := check.Run(t.Context()); fine != (err == nil) {
			t.Errorf("%v off: %v", off, err)
		}
	}
	down := errors.New("down")
	check := telemetry.ClockCheck(func(context.Context) (time.Time, error) { return time.Time{}, down }, time.Now, time.Second)
	if err := check.Run(t.Context()); !errors.Is(err, down) {
		t.Errorf("%v", err)
	}
}

func TestHealthz(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	telemetry.Healthz().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/healthz", nil))
	if w.Code != 200 || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}
