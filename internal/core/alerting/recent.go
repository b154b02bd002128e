package alerting

import (
	"slices"
	"time"

	"avain/internal/domain/operations"
)

// quick is how far back the short looks go: in them an outage shows before an hour full
// of good logins lets it.
const quick = 15 * time.Minute

// recent keeps what was added to the counts lately. It is made of what this node has
// seen of the counts of all nodes, so after a start it takes a while to fill; until then
// the hour alone counts.
type recent struct {
	last  map[cell]counted // as they were at the last look; nil: there was none
	seen  time.Time        // when that was
	added []addition
}

type cell struct {
	key
	hour time.Time
}

// counted is what was counted of a value.
type counted struct {
	operations.Counts
	people operations.People
}

func (c counted) plus(d counted) counted {
	return counted{c.Plus(d.Counts), c.people.Plus(d.people)}
}

// addition is for how many people it worked or failed between two looks.
type addition struct {
	at time.Time
	of map[key]operations.Counts
}

// see takes in the counts of the hours that may still change.
func (r *recent) see(at time.Time, counts map[cell]counted) {
	if r.last != nil && at.Sub(r.seen) < quick { // else nobody knows when in between it was
		more := addition{at, map[key]operations.Counts{}}
		for c, n := range counts {
			before := r.last[c].people
			d := operations.Counts{OK: n.people.OK - before.OK, Failed: n.people.Failed - before.Failed}
			if d.Tried() > 0 {
				more.of[c.key] = more.of[c.key].Plus(d)
			}
		}
		r.added = append(r.added, more)
	}
	r.last, r.seen = counts, at
	for len(r.added) > 0 && at.Sub(r.added[0].at) >= quick {
		r.added = r.added[1:]
	}
}

// sums are the evidence that was added since each of the looks, from the last one back: an outage
// shows in what came after it began, whenever that was. What came before an instant does
// not count.
func (r *recent) sums(k key, after time.Time) []operations.Counts {
	var n operations.Counts
	all := make([]operations.Counts, 0, len(r.added))
	for _, more := range slices.Backward(r.added) {
		if !more.at.After(after) {
			break
		}
		n = n.Plus(more.of[k])
		all = append(all, n)
	}
	return all
}
