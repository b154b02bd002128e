package rates

import (
	"slices"
	"time"

	"avain/internal/login"
)

// quick is how far back the short looks go: in them an outage shows before an hour full
// of good logins lets it.
const quick = 15 * time.Minute

// recent keeps what was added to the counts lately. It is made of what this node has
// seen of the counts of all nodes, so after a start it takes a while to fill; until then
// the hour alone counts.
type recent struct {
	last  map[cell]login.Counts // as they were at the last look; nil: there was none
	seen  time.Time             // when that was
	added []addition
}

type cell struct {
	key
	hour time.Time
}

type addition struct {
	at time.Time
	of map[key]login.Counts
}

// see takes in the counts of the hours that may still change.
func (r *recent) see(at time.Time, counts map[cell]login.Counts) {
	if r.last != nil && at.Sub(r.seen) < quick { // else nobody knows when in between it was
		more := addition{at, map[key]login.Counts{}}
		for c, n := range counts {
			before := r.last[c]
			d := login.Counts{OK: n.OK - before.OK, Gone: n.Gone - before.Gone, Failed: n.Failed - before.Failed}
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
func (r *recent) sums(k key, after time.Time) []login.Counts {
	var n login.Counts
	all := make([]login.Counts, 0, len(r.added))
	for _, more := range slices.Backward(r.added) {
		if !more.at.After(after) {
			break
		}
		n = n.Plus(more.of[k].Evidence())
		all = append(all, n)
	}
	return all
}
