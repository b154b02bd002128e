package alerting

import (
	"context"
	"time"

	"avain/internal/domain/operations"
)

// days is how far back the usual rate looks.
const days = 28

// key is one value of one dimension.
type key struct {
	dimension operations.Dimension
	value     string
}

// usual is what is usual at one hour of the day.
type usual struct {
	hour time.Time
	of   map[key]counted
	sum  map[operations.Dimension]counted
}

// Watched are the dimensions that are held against what is usual.
func Watched() []operations.Dimension {
	return []operations.Dimension{
		operations.DimensionAll, operations.DimensionMethod, operations.DimensionMeans, operations.DimensionBroker,
		operations.DimensionBrowser, operations.DimensionPlatform, operations.DimensionVersion,
	}
}

// readUsual adds up this hour of the day, and the ones before and after it, of other
// days: those of the same kind, working or free, when they are many enough. Hours in
// which something was wrong are left out, or an outage would become the usual.
func (w *Detector) readUsual(ctx context.Context, hour time.Time, alerts []operations.Alert) (*usual, error) {
	same := &usual{hour, map[key]counted{}, map[operations.Dimension]counted{}}
	all := map[key]counted{}
	today := hour.In(w.d.Zone)
	for _, d := range Watched() {
		for ago := 1; ago <= days; ago++ {
			day := time.Date(today.Year(), today.Month(), today.Day()-ago, today.Hour(), 0, 0, 0, w.d.Zone)
			tallies, err := w.d.Store.Tallies(ctx, d, day.Add(-time.Hour).UTC(), day.Add(2*time.Hour).UTC())
			if err != nil {
				return nil, err
			}
			for _, t := range tallies {
				k := key{d, t.Value}
				if troubled(alerts, k, t.Hour) {
					continue
				}
				n := counted{t.Counts, t.People}
				all[k] = all[k].plus(n)
				same.sum[d] = same.sum[d].plus(n)
				if free(day) == free(today) {
					same.of[k] = same.of[k].plus(n)
				}
			}
		}
	}
	for k, n := range all {
		if same.of[k].Tried() < usualWeight {
			same.of[k] = n
		}
	}
	return same, nil
}

func free(day time.Time) bool { return day.Weekday() == time.Saturday || day.Weekday() == time.Sunday }

// troubled reports whether an alert lasted in that hour. One that still lasts does not
// count: what stays as it is becomes the usual.
func troubled(alerts []operations.Alert, k key, hour time.Time) bool {
	for _, a := range alerts {
		if a.Dimension == k.dimension && a.Value == k.value && !a.Lasts() &&
			a.RaisedAt.Before(hour.Add(2*time.Hour)) && a.EndedAt.After(hour) {
			return true
		}
	}
	return false
}

// find is what is usual for a value, false when nobody knows yet. A new bank and a new
// version of the app are held against the others of their kind: one that lets nobody in
// must not wait for a history. Other dimensions have values that differ by nature.
func (u *usual) find(k key) (operations.Counts, bool) {
	return u.known(k, func(n counted) operations.Counts { return n.Counts })
}

// evidence is the same for what alerts stand on.
func (u *usual) evidence(k key) (operations.Counts, bool) {
	return u.known(k, func(n counted) operations.Counts { return n.people.Counts() })
}

func (u *usual) known(k key, part func(counted) operations.Counts) (operations.Counts, bool) {
	if own := part(u.of[k]); own.Tried() >= enough {
		return own, true
	}
	if k.dimension != operations.DimensionMeans && k.dimension != operations.DimensionVersion {
		return operations.Counts{}, false
	}
	others := part(u.sum[k.dimension])
	return others, others.Tried() >= enough
}
