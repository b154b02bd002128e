package main

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// stepNames are the requests of a login to the service, in order. The broker's own
// answer to the browser is left out; what the service asks of it is in callback.
var stepNames = []string{"par", "authorize", "page", "choose", "callback", "token", "login"}

// stepOf names a request.
func stepOf(req *http.Request) string {
	path := req.URL.Path
	switch {
	case path == "/par", path == "/authorize", path == "/token":
		return path[1:]
	case strings.HasPrefix(path, "/callback/"):
		return "callback"
	case strings.HasPrefix(path, "/login/") && req.Method == http.MethodGet:
		return "page"
	case strings.HasPrefix(path, "/login/"):
		return "choose"
	default:
		return "broker"
	}
}

// stopwatch times every request until its answer begins.
type stopwatch struct {
	next http.RoundTripper
	mu   sync.Mutex
	took map[string][]float64 // milliseconds, by step
}

// RoundTrip sends the request on.
func (s *stopwatch) RoundTrip(req *http.Request) (*http.Response, error) {
	began := time.Now()
	answer, err := s.next.RoundTrip(req)
	s.add(stepOf(req), time.Since(began))
	return answer, err
}

func (s *stopwatch) add(step string, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.took[step] = append(s.took[step], milliseconds(took))
}

// take returns what has been timed and starts again.
func (s *stopwatch) take() map[string][]float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	took := s.took
	s.took = map[string][]float64{}
	return took
}

// measureSteps times the steps while logins come in at a steady rate. The first run
// warms up.
func measureSteps(ctx context.Context, r *rig) ([]figure, error) {
	if err := r.ensure(ctx); err != nil {
		return nil, err
	}
	t := stepTimes{map[string][]float64{}, map[string][]float64{}}
	for run := range r.options.Runs + 1 {
		took, err := r.timeSteps(ctx, r.options.Duration)
		if err != nil {
			return nil, err
		}
		if run > 0 {
			t.add(took)
		}
	}
	var figures []figure
	for _, step := range stepNames {
		figures = append(figures, of("step_"+step+"_p50", "ms", t.median[step]), of("step_"+step+"_p99", "ms", t.slowest[step]))
	}
	return figures, nil
}

// stepTimes holds milliseconds by step, one per run.
type stepTimes struct{ median, slowest map[string][]float64 }

func (t stepTimes) add(took map[string][]float64) {
	for _, step := range stepNames {
		t.median[step] = append(t.median[step], percentile(took[step], 50))
		t.slowest[step] = append(t.slowest[step], percentile(took[step], 99))
	}
}

// timeSteps makes one run, and returns the milliseconds of every step of every login.
func (r *rig) timeSteps(ctx context.Context, length time.Duration) (map[string][]float64, error) {
	phones := r.phones()
	watch := &stopwatch{next: phones.transport, took: map[string][]float64{}}
	phones.transport = watch
	err := r.pace(ctx, r.options.Rate, length, func(ctx context.Context) error {
		app, err := phones.app()
		if err != nil {
			return err
		}
		began := time.Now()
		if _, err = phones.logIn(ctx, app); err == nil {
			watch.add("login", time.Since(began))
		}
		return err
	})
	return watch.take(), err
}

// percentile is the value that so many percent of all are below.
func percentile(all []float64, percent int) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)*percent/100]
}
