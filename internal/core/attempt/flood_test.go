package attempt_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/platform/store"
)

// Somebody starts logins for four hours and opens none of them. What is left of it is an
// hour's worth of rows, of which ten minutes' worth count as under way, however long it
// goes on; and a start costs no more at the end than at the beginning. The gate runs a
// part; AVAIN_STARTS=1000000 is the figure of the threat model, with the times.
func TestThreat34FloodLeavesBoundedRows(t *testing.T) {
	t.Parallel()
	const minutes = 240
	w := newWorld(t)
	starts := amount(t, "AVAIN_STARTS", 4_800)
	perMinute := starts / minutes
	kept, most, running := 0, 0, int64(0)
	var mu sync.Mutex
	var first, last []time.Duration
	for minute := range minutes {
		spread(perMinute, func(int) {
			began := time.Now()
			if _, err := w.startFor(t.Context(), login.MethodLink, keyOfApp); err != nil {
				t.Error(err)
			}
			took := time.Since(began)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case minute < minutes/4:
				first = append(first, took)
			case minute >= minutes*3/4:
				last = append(last, took)
			}
		})
		kept += perMinute
		w.pass(time.Minute)
		purged, err := w.db.Purge(t.Context(), w.clock(), store.Retention{})
		if err != nil {
			t.Fatal(err)
		}
		kept -= int(purged.Attempts)
		most = max(most, kept)
		now, err := w.db.Attempts.RunningAttempts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		running = max(running, now)
		if t.Failed() {
			return
		}
	}
	if most > 61*perMinute || running > int64(11*perMinute) {
		t.Errorf("%d rows and %d under way, at %d a minute", most, running, perMinute)
	}
	before, after := p99(first), p99(last)
	t.Logf("%d starts: at most %d rows, %d under way; p99 %s in the first hour, %s in the last", minutes*perMinute, most, running, before, after)
	if starts >= 1_000_000 && after > before*13/10 {
		t.Errorf("p99 grew from %s to %s", before, after)
	}
}

func p99(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)*99/100]
}
