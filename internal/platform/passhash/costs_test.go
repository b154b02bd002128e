package passhash_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"avain/internal/platform/passhash"
)

// Names that nobody has take each cost as often as people's passwords do; a name keeps
// its cost, also when others log in and their hashes become usual ones, until at last it
// becomes usual itself, as theirs do.
func TestThreat45UnknownNamesCostWhatPeopleCost(t *testing.T) {
	t.Parallel()
	const usual, php, old = "m=19456,t=2,p=1", "m=65536,t=4,p=1", "m=32,t=1,p=1"
	costs := passhash.NewCosts(map[string]int64{usual: 600, php: 300, old: 100, "m=64": 5, "": 7, "m=1,t=1,p=1": 9, "m=64,t=1,p=1": -1})
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // not for a secret
	names := make([]uint64, 20_000)
	seen := map[passhash.Params]float64{}
	for i := range names {
		names[i] = random.Uint64()
		seen[costs.Of(names[i])]++
	}
	want := map[passhash.Params]float64{
		{MemoryKiB: 19456, Passes: 2, Threads: 1}: 0.6, {MemoryKiB: 65536, Passes: 4, Threads: 1}: 0.3, {MemoryKiB: 32, Passes: 1, Threads: 1}: 0.1,
	}
	for p, part := range want {
		if got := seen[p] / float64(len(names)); math.Abs(got-part) > 0.02 {
			t.Errorf("%+v: %.3f of the names, want %.3f", p, got, part)
		}
	}
	if len(seen) != len(want) {
		t.Errorf("%v", seen)
	}
	later := passhash.NewCosts(map[string]int64{usual: 750, php: 200, old: 50})
	order := []passhash.Params{{MemoryKiB: 65536, Passes: 4, Threads: 1}, {MemoryKiB: 19456, Passes: 2, Threads: 1}, {MemoryKiB: 32, Passes: 1, Threads: 1}}
	for _, name := range slices.Concat(names, []uint64{0, math.MaxUint64}) {
		before, after := slices.Index(order, costs.Of(name)), slices.Index(order, later.Of(name))
		if before != after && after != 1 {
			t.Fatalf("a name went from %+v to %+v", order[before], order[after])
		}
	}
	if got := (passhash.Costs{}).Of(1 << 63); got != (passhash.Params{}) {
		t.Errorf("of nobody: %+v", got)
	}
}

// What makes each guess cost many times the usual is not taken over. The usual parameters
// of other libraries are.
func TestThreat45DearHashesAreRefused(t *testing.T) {
	t.Parallel()
	for params, good := range map[string]bool{
		"m=19456,t=2,p=1": true, "m=65536,t=3,p=4": true, "m=65536,t=4,p=1": true, "m=47104,t=1,p=1": true,
		"m=262144,t=3,p=1": false, "m=262144,t=16,p=1": false, "m=65536,t=5,p=1": false,
	} {
		if err := passhash.Check("$argon2id$v=19$" + params + "$c2FsdHNhbHQ$c3Vtc3Vtc3Vtc3Vtc3Vtcw"); (err == nil) != good {
			t.Errorf("%s: %v", params, err)
		}
	}
}
