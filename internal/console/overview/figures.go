package overview

import (
	"time"

	"avain/internal/core/alerting"
	"avain/internal/domain/operations"
)

// window is the time that everything on a page was counted in: some whole hours, and what
// there has been of the last one.
type window struct {
	hours    int
	from, to time.Time
}

const (
	lately   = 2 // what the rates are taken from
	allDay   = 24
	hoursKey = "hours"
)

// windowOf is the window that an address asks for.
func windowOf(asked string, now time.Time) window {
	if asked != "24" {
		return window{lately, alerting.Since(now), now}
	}
	return window{allDay, now.Truncate(operations.TallyHour).Add(-(allDay - 1) * operations.TallyHour).UTC(), now}
}

// figures are what was counted in a window, of all dimensions read at one moment: each
// login stands once in every dimension of logins, each journey once in every dimension of
// journeys, so that the rows of a table add up to the figure below them.
type figures struct {
	of    map[operations.Dimension]map[string]operations.Counts
	hours map[string][]operations.Counts // of each bank, by the hours of the window
}

func figuresOf(w window, tallies []operations.Tally) figures {
	f := figures{of: map[operations.Dimension]map[string]operations.Counts{}, hours: map[string][]operations.Counts{}}
	for _, t := range tallies {
		at := int(t.Hour.Sub(w.from) / operations.TallyHour)
		if at < 0 || at >= w.hours {
			continue
		}
		if f.of[t.Dimension] == nil {
			f.of[t.Dimension] = map[string]operations.Counts{}
		}
		f.of[t.Dimension][t.Value] = f.of[t.Dimension][t.Value].Plus(t.Counts)
		if t.Dimension != operations.DimensionMeans {
			continue
		}
		if f.hours[t.Value] == nil {
			f.hours[t.Value] = make([]operations.Counts, w.hours)
		}
		f.hours[t.Value][at] = f.hours[t.Value][at].Plus(t.Counts)
	}
	return f
}

// total is what the rows of a dimension must add up to.
func (f figures) total(d operations.Dimension) (sum operations.Counts) {
	of := operations.DimensionAll
	switch d {
	case operations.DimensionMeans, operations.DimensionBroker, operations.DimensionMeansReason:
		of = operations.DimensionBroker
	default:
	}
	for _, n := range f.of[of] {
		sum = sum.Plus(n)
	}
	if d == operations.DimensionReason || d == operations.DimensionMeansReason {
		sum.OK = 0 // who got in has no reason
	}
	return sum
}
