package telemetry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// Check is one thing that must be so before people are sent to this node.
type Check struct {
	Name    string
	Timeout time.Duration // 0 means 2 s
	Run     func(ctx context.Context) error
}

const checkTimeout = 2 * time.Second

// Result is the answer of one check.
type Result struct {
	OK bool    `json:"ok"`
	MS float64 `json:"ms"` // how long it took
}

// Healthz answers that the process lives. It asks nobody else: a node must not be
// killed because the database is away.
func Healthz() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusOK, map[string]any{"status": "ok"})
	})
}

// Readyz answers whether people may be sent to this node: 200 when every check
// passes, else 503. The answer names the checks; why one failed is for the log,
// because errors of a database tell about its insides.
func Readyz(checks []Check, now func() time.Time, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		results := runAll(r.Context(), checks, now, log)
		status, word := http.StatusOK, "ready"
		for _, result := range results {
			if !result.OK {
				status, word = http.StatusServiceUnavailable, "not ready"
			}
		}
		answer(w, status, map[string]any{"status": word, "checks": results})
	})
}

// runAll runs the checks side by side, so that the slowest one decides.
func runAll(ctx context.Context, checks []Check, now func() time.Time, log *slog.Logger) map[string]Result {
	var mu sync.Mutex
	results := make(map[string]Result, len(checks))
	var all sync.WaitGroup
	for _, check := range checks {
		all.Go(func() {
			start := now()
			err := runOne(ctx, check)
			took := now().Sub(start)
			if err != nil {
				log.WarnContext(ctx, "not ready", "check", check.Name, "error", err)
			}
			mu.Lock()
			defer mu.Unlock()
			results[check.Name] = Result{OK: err == nil, MS: float64(took.Microseconds()) / 1000}
		})
	}
	all.Wait()
	return results
}

// runOne gives a check its time and no more: one that does not heed its context is
// left behind, and its late answer goes nowhere.
func runOne(ctx context.Context, check Check) error {
	timeout := check.Timeout
	if timeout == 0 {
		timeout = checkTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- guarded(ctx, check.Run) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// guarded turns a panic into an error: it happens on a goroutine of its own, where
// it would end the process.
func guarded(ctx context.Context, run func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return run(ctx)
}

// ErrClock says that this node's clock and the database's differ too much.
var ErrClock = errors.New("the clock differs too much from the database's")

// ClockCheck passes when this node's clock is at most tolerance away from the
// database's: lifetimes are counted on both.
func ClockCheck(database func(context.Context) (time.Time, error), now func() time.Time, tolerance time.Duration) Check {
	return Check{Name: "clock", Run: func(ctx context.Context) error {
		before := now()
		theirs, err := database(ctx)
		if err != nil {
			return err
		}
		after := now()
		// The database read its clock at some moment between before and after.
		if theirs.Before(before.Add(-tolerance)) || theirs.After(after.Add(tolerance)) {
			return ErrClock
		}
		return nil
	}}
}

func answer(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"status":"error"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // whoever asked has gone: nobody to tell
}
