package overview

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"avain/internal/core/alerting"
	"avain/internal/core/counts"
	"avain/internal/domain/operations"
	"avain/internal/platform/web"
)

var noon = time.Date(2026, 11, 23, 12, 20, 0, 0, time.UTC)

// tallies are what was counted.
type tallies []operations.Tally

func (c tallies) AllTallies(_ context.Context, from, to time.Time) (all []operations.Tally, err error) {
	for _, t := range c {
		if !t.Hour.Before(from) && t.Hour.Before(to) {
			all = append(all, t)
		}
	}
	return all, nil
}

type picture alerting.Snapshot

func (p picture) Snapshot(context.Context) alerting.Snapshot { return alerting.Snapshot(p) }

func newOverview(t *testing.T, c tallies, p alerting.Snapshot) *overview {
	t.Helper()
	kit, err := web.New(web.Config{BaseURL: &url.URL{Scheme: "http", Host: "localhost"}})
	if err != nil {
		t.Fatal(err)
	}
	return &overview{d: Deps{
		Watch: picture(p), Counts: c, Web: kit, Now: func() time.Time { return noon }, Zone: time.UTC,
		Means: func(_, id string) string { return map[string]string{"op": "Kuikka Pankki"}[id] },
	}}
}

func TestStates(t *testing.T) {
	t.Parallel()
	for want, r := range map[string]operations.Rate{
		"alert":   {Alert: true},
		"unknown": {Now: operations.Counts{Failed: 9}},
		"too_few": {Now: operations.Counts{Failed: 4}, Known: true, Usual: 0.9},
		"low":     {Now: operations.Counts{OK: 7, Failed: 3}, Known: true, Low: true, Usual: 0.81},
		"fine":    {Now: operations.Counts{OK: 6, Failed: 4}, Known: true, Usual: 0.85}, // by accident
	} {
		if got := stateOf(r); got != want {
			t.Errorf("%+v is %s, want %s", r, got, want)
		}
	}
}

// What is wrong stands first, what has a name is called by it, what nobody watches any
// more stands last, and nobody who has not come up is shown.
func TestGroups(t *testing.T) {
	t.Parallel()
	one := operations.Counts{OK: 9, Failed: 1}
	o := newOverview(t, tallies{
		tallied(0, operations.DimensionMethod, "qr", one), tallied(1, operations.DimensionMeans, "gone", one), tallied(0, operations.DimensionMeans, "late", one),
		tallied(0, operations.DimensionVersion, counts.None, one), tallied(0, operations.DimensionVersion, counts.Other, one),
		tallied(0, operations.DimensionMethod, "morse", one), tallied(0, operations.DimensionAll, "", one), tallied(2, operations.DimensionPlatform, "ios", one),
		tallied(0, operations.DimensionBroker, "telia", operations.Counts{OK: 18, Failed: 2}),
	}, alerting.Snapshot{
		Rates: []operations.Rate{
			{Dimension: operations.DimensionMeans, Value: "op", Alert: true},
			{Dimension: operations.DimensionMethod, Value: "qr"},
			{Dimension: operations.DimensionMeans, Value: "gone"},
			{Dimension: operations.DimensionVersion, Value: counts.None},
			{Dimension: operations.DimensionVersion, Value: counts.Other},
			{Dimension: operations.DimensionMethod, Value: "morse"},
			{Dimension: operations.DimensionBrowser, Value: "Opera on Android"},
			{Dimension: operations.DimensionAll},
		},
		Alerts: []operations.Alert{{Dimension: operations.DimensionMeans, Value: "op", RaisedAt: noon, Now: operations.Counts{OK: 1, Failed: 5}, Usual: 0.876}},
	})
	v, err := o.view(t.Context(), "en", windowOf("", noon))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, g := range v.Groups {
		for _, r := range g.Rows {
			got = append(got, g.Dimension+" "+r.Name)
		}
	}
	want := []string{
		"means Kuikka Pankki", "means gone", "means late", "method QR code", "method morse", "version not known", "version others",
		"all All logins", "broker telia",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if a := v.Alerts[0]; a != (alert{"means", "Kuikka Pankki", "12.20", 1, 6, 88}) {
		t.Errorf("%+v", a)
	}
	if means := v.Groups[0]; !means.Trips || means.Total.Now != (operations.Counts{OK: 18, Failed: 2}) || means.Total.Rate != 90 {
		t.Errorf("in total %+v", means.Total)
	}
}

func tallied(hoursAgo int, d operations.Dimension, value string, n operations.Counts) operations.Tally {
	return operations.Tally{Dimension: d, Hour: noon.Truncate(time.Hour).Add(-time.Duration(hoursAgo) * time.Hour), Value: value, Counts: n}
}

// The page says in words what time its figures are of, in each language.
func TestWindows(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	o := newOverview(t, nil, alerting.Snapshot{})
	o.d.Zone = zone
	for _, c := range []struct {
		asked, lang string
		at          time.Time
		want        said
	}{
		{"", "en", noon, said{"", "13:00", "23 November 2026", "14:20"}},
		{"", "fi", noon, said{"", "13.00", "23. marraskuuta 2026", "14.20"}},
		{"nonsense", "sv", noon, said{"", "13.00", "23 november 2026", "14.20"}},
		{"24", "fi", noon, said{"22. marraskuuta 2026", "15.00", "23. marraskuuta 2026", "14.20"}},
		{"", "fi", noon.Add(-14 * time.Hour), said{"22. marraskuuta 2026", "23.00", "23. marraskuuta 2026", "00.20"}},
	} {
		in := windowOf(c.asked, c.at)
		if got := o.said(c.lang, in); got != c.want {
			t.Errorf("%q at %v in %s: %+v, want %+v", c.asked, c.at, c.lang, got, c.want)
		}
		if last := in.from.Add(time.Duration(in.hours-1) * time.Hour); !last.Equal(c.at.Truncate(time.Hour)) {
			t.Errorf("%q ends with the hour of %v", c.asked, last)
		}
	}
}

// The reasons of the window are added up, those that something failed for first, and what
// there is no room for is one line; a reason of another version of the program does not
// break the page.
func TestReasons(t *testing.T) {
	t.Parallel()
	why := func(hours int, value string, n operations.Counts) operations.Tally {
		return tallied(hours, operations.DimensionMeansReason, value, n)
	}
	all := []operations.Tally{
		why(0, "op broker_down", operations.Counts{Failed: 2}), why(1, "op broker_down", operations.Counts{Failed: 3}), why(2, "op broker_down", operations.Counts{Failed: 99}),
		why(0, "new abandoned_at_bank", operations.Counts{Gone: 50}), why(0, "op of_the_future", operations.Counts{Failed: 1}),
		why(0, "op cookies_blocked", operations.Counts{Broken: 4}),
		tallied(0, operations.DimensionBroker, "telia", operations.Counts{OK: 70, Gone: 50, Failed: 6, Broken: 4}),
	}
	in := windowOf("", noon)
	o := newOverview(t, nil, alerting.Snapshot{})
	got := o.reasons("fi", operations.DimensionMeansReason, figuresOf(in, all))
	want := []reason{
		{"broker_down", "Kuikka Pankki", operations.Counts{Failed: 5}},
		{"internal", "Kuikka Pankki", operations.Counts{Failed: 1}},
		{"abandoned_at_bank", "new", operations.Counts{Gone: 50}},
		{"cookies_blocked", "Kuikka Pankki", operations.Counts{Broken: 4}},
	}
	if !slices.Equal(got.Rows, want) || got.Rest != (operations.Counts{}) || got.Total != (operations.Counts{Gone: 50, Failed: 6, Broken: 4}) {
		t.Errorf("got %+v", got)
	}
	for i := range 10 {
		all = append(all, why(0, fmt.Sprintf("b%d broker_slow", i), operations.Counts{Gone: int64(i)}))
	}
	if got = o.reasons("fi", operations.DimensionMeansReason, figuresOf(in, all)); len(got.Rows) != maxReasons || got.Rest != (operations.Counts{Gone: 0 + 1 + 2 + 3 + 4, Broken: 4}) {
		t.Errorf("%d rows, and %+v", len(got.Rows), got.Rest)
	}
}

// A bar is as high as its hour had logins, its parts stand on each other, and what there
// was at all can be seen.
func TestPlot(t *testing.T) {
	t.Parallel()
	at := func(hours int, n operations.Counts) operations.Tally {
		return tallied(hours, operations.DimensionMeans, "op", n)
	}
	in := windowOf("24", noon)
	o := newOverview(t, nil, alerting.Snapshot{})
	banks := o.banks("fi", in, figuresOf(in, []operations.Tally{
		at(0, operations.Counts{OK: 500, Gone: 250, Failed: 250}), at(23, operations.Counts{Failed: 1}), at(24, operations.Counts{Failed: 9999}),
	}))
	if len(banks) != 1 {
		t.Fatalf("%d banks", len(banks))
	}
	b := banks[0]
	if b.Name != "Kuikka Pankki" || b.Sum.Tried() != 1001 || len(b.Hours) != 24 || b.Hours[23].At != "12" || b.Hours[0].At != "13" {
		t.Errorf("%+v", b)
	}
	for kind, want := range map[string]string{"ok": "M463 40h14v40h-14z", "gone": "M463 20h14v20h-14z", "failed": "M3 79h14v1h-14zM463 0h14v20h-14z"} {
		at := slices.IndexFunc(b.Parts, func(p part) bool { return p.Kind == kind })
		if b.Parts[at].Path != want {
			t.Errorf("%s: %s, want %s", kind, b.Parts[at].Path, want)
		}
	}
}
