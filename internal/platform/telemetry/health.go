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

	"github.com/prometheus/client_golang/prometheus"
)

// Check is one thing that must be so before people are sent to this node.
type Check struct {
	Name    string
	Timeout time.Duration // 0 means 2 s
	Run     func(ctx context.Context) error
	// Cause names why it failed, for the metric: one of few words. nil: it has one cause.
	Cause func(error) string
}

const (
	checkTimeout = 2 * time.Second
	// checkEvery bounds how often the checks run, however many ask: one of them writes.
	checkEvery = time.Second
	// sayAgain is how often the log repeats that a check goes on failing.
	sayAgain = time.Minute
)

// Result is the answer of one check.
type Result struct {
	OK bool    `json:"ok"`
	MS float64 `json:"ms"` // how long it took

	err   error
	cause string
}

// Healthz answers that the process lives. It asks nobody else: a node must not be
// killed because the database is away.
func Healthz() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusOK, map[string]any{"status": "ok"})
	})
}

// Readiness answers whether people may be sent to this node. It serves /readyz and is the
// collector of avain_unready.
type Readiness struct {
	checks []Check
	now    func() time.Time
	log    *slog.Logger
	desc   *prometheus.Desc

	mu      sync.Mutex // one run at a time; whoever comes meanwhile gets its results
	ran     time.Time
	results map[string]Result
	said    map[string]time.Time // when the log last told of a failing check
}

// NewReadiness makes it of the checks.
func NewReadiness(checks []Check, now func() time.Time, log *slog.Logger) *Readiness {
	return &Readiness{
		checks: checks, now: now, log: log, said: map[string]time.Time{},
		desc: prometheus.NewDesc("avain_unready", "1 while a check of /readyz fails; the cause tells why.", []string{"check", "cause"}, nil),
	}
}

// ServeHTTP answers 200 when every check passes, else 503. The answer names the checks; why
// one failed is for the log, because errors of a database tell about its insides.
func (r *Readiness) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	results := r.run(request.Context())
	status, word := http.StatusOK, "ready"
	for _, result := range results {
		if !result.OK {
			status, word = http.StatusServiceUnavailable, "not ready"
		}
	}
	answer(w, status, map[string]any{"status": word, "checks": results})
}

// Look runs the checks, so that this node is heard of by the others, and in the log, though
// nobody asks.
func (r *Readiness) Look(ctx context.Context) error {
	r.run(ctx)
	return nil
}

// Forget makes the next question run the checks, however soon it comes: something has
// changed that nobody must wait a second for.
func (r *Readiness) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.results = nil
}

// Describe is part of a [prometheus.Collector].
func (r *Readiness) Describe(to chan<- *prometheus.Desc) { to <- r.desc }

// Collect is part of a [prometheus.Collector]. Every check has a figure, also while it
// passes: an alert then knows that somebody looks.
func (r *Readiness) Collect(to chan<- prometheus.Metric) {
	for name, result := range r.run(context.Background()) {
		value := 1.0
		if result.OK {
			value = 0
		}
		to <- prometheus.MustNewConstMetric(r.desc, prometheus.GaugeValue, value, name, result.cause)
	}
}

// run runs the checks side by side, so that the slowest one decides; within a second of the
// last run it answers what that one found.
func (r *Readiness) run(ctx context.Context) map[string]Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	if age := r.now().Sub(r.ran); r.results != nil && age >= 0 && age < checkEvery {
		return r.results
	}
	// The results are everybody's, also when who asked first has gone.
	ctx = context.WithoutCancel(ctx)
	found := make([]Result, len(r.checks))
	var all sync.WaitGroup
	for i, check := range r.checks {
		all.Go(func() { found[i] = r.one(ctx, check) })
	}
	all.Wait()
	results := make(map[string]Result, len(found))
	for i, check := range r.checks {
		results[check.Name] = found[i]
		r.say(ctx, check.Name, found[i])
	}
	r.results, r.ran = results, r.now()
	return results
}

func (r *Readiness) one(ctx context.Context, check Check) Result {
	start := r.now()
	err := runOne(ctx, check)
	result := Result{OK: err == nil, MS: float64(r.now().Sub(start).Microseconds()) / 1000, err: err}
	switch {
	case err == nil:
	case errors.Is(err, context.DeadlineExceeded):
		result.cause = "too_slow"
	case check.Cause != nil:
		result.cause = check.Cause(err)
	default:
		result.cause = "failed"
	}
	return result
}

// say tells the log when a check begins and ends to fail, and now and then in between.
func (r *Readiness) say(ctx context.Context, check string, result Result) {
	last, failing := r.said[check]
	switch {
	case result.OK && failing:
		delete(r.said, check)
		r.log.InfoContext(ctx, "ready again", "check", check)
	case !result.OK && (!failing || r.now().Sub(last) >= sayAgain):
		r.said[check] = r.now()
		r.log.WarnContext(ctx, "not ready", "check", check, "cause", result.cause, "error", result.err)
	}
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
