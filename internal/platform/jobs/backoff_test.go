package jobs

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Waits double up to the most, and chance moves them by a fifth at most, for any
// number of tries and any setting.
func TestBackoff(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		first := time.Duration(rapid.Int64Range(1, int64(24*time.Hour)).Draw(t, "first"))
		b := Backoff{First: first, Most: first + time.Duration(rapid.Int64Range(0, int64(1000*24*time.Hour)).Draw(t, "more"))}
		tries := rapid.IntRange(1, 1000).Draw(t, "tries")
		middle := min(float64(b.Most), math.Ldexp(float64(first), tries-1))
		got := float64(b.after(tries, rapid.Float64Range(0, 0.999).Draw(t, "chance")))
		if got < middle*(1-spread)-1 || got > middle*(1+spread)+1 { // one nanosecond for rounding
			t.Fatalf("wait %v, want %v ± a fifth", time.Duration(got), time.Duration(middle))
		}
	})
}

func TestRandom(t *testing.T) {
	t.Parallel()
	sum := 0.0
	for range 1000 {
		r := random()
		if r < 0 || r >= 1 {
			t.Fatalf("%v is not in [0, 1)", r)
		}
		sum += r
	}
	if sum < 400 || sum > 600 {
		t.Errorf("mean %v of what should be uniform", sum/1000)
	}
}
