package passhash

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
)

// Costs are what the passwords of all people cost to compare, and how many cost so much.
// The zero Costs know nothing.
type Costs struct {
	classes []costClass
	total   uint64
}

type costClass struct {
	params Params
	many   uint64
}

// NewCosts makes them from counts by the parameters as they stand in a stored text,
// m=19456,t=2,p=1. What cannot be a cost is left out.
func NewCosts(counts map[string]int64) Costs {
	var c Costs
	for text, many := range counts {
		var p Params
		_, err := fmt.Sscanf(text, "m=%d,t=%d,p=%d", &p.MemoryKiB, &p.Passes, &p.Threads)
		if err != nil || !p.possible() || many <= 0 {
			continue
		}
		c.classes = append(c.classes, costClass{p, uint64(many)})
		c.total += uint64(many)
	}
	// The most work first: while people log in, and their hashes are replaced by today's, a
	// name that nobody has changes its class as theirs do, from dear to usual.
	slices.SortFunc(c.classes, func(a, b costClass) int {
		return cmp.Or(cmp.Compare(b.params.work(), a.params.work()), cmp.Compare(b.params.MemoryKiB, a.params.MemoryKiB), cmp.Compare(b.params.Threads, a.params.Threads))
	})
	return c
}

// Of is the cost of a user name that nobody has: uniform is a number that hangs on the
// name and a key. Among many such names each cost is as frequent as among the people's
// (threat 45).
func (c Costs) Of(uniform uint64) Params {
	place, _ := bits.Mul64(uniform, c.total) // uniform in [0, total)
	for _, class := range c.classes {
		if place < class.many {
			return class.params
		}
		place -= class.many
	}
	return Params{}
}
