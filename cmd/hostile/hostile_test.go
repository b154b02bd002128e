package main

import (
	"log/slog"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"avain/internal/testkit/demo"
)

var keys = sync.OnceValues(demo.NewKeys)

// The gate's part of `make hostile`, which sends a million.
func TestHostileRequestsFindNothing(t *testing.T) {
	t.Parallel()
	made, err := keys()
	if err != nil {
		t.Fatal(err)
	}
	requests := 20_000
	if text := os.Getenv("AVAIN_HOSTILE"); text != "" {
		if requests, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	log := &logReader{}
	d, target, err := newTarget(t.Context(), &made, slog.New(slog.NewJSONHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}()
	seed := uint64(time.Now().UnixNano()) //nolint:gosec // any number will do
	report, err := attack(t.Context(), target, plan{requests: requests, longest: time.Hour, workers: 8, seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	report.add(log.take()...)
	if err := report.print(t.Output()); err != nil {
		t.Error(err)
	}
	if err := report.verdict(); err != nil {
		t.Error(err)
	}
	for _, from := range []string{"discovery", "openapi", "scim", "page", "form"} {
		if len(report.Answers[from]) < 3 {
			t.Errorf("%s: %v; the attack did not get there", from, report.Answers[from])
		}
	}
}
