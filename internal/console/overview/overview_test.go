package overview

import (
	"context"
	"net/url"
	"slices"
	"testing"
	"time"

	"avain/internal/login"
	"avain/internal/rates"
	"avain/internal/tally"
	"avain/internal/web"
)

var noon = time.Date(2026, 11, 23, 12, 20, 0, 0, time.UTC)

// counts are what was counted.
type counts []login.Tally

func (c counts) Tallies(_ context.Context, d login.Dimension, from, to time.Time) (all []login.Tally, err error) {
	for _, t := range c {
		if t.Dimension == d && !t.Hour.Before(from) && t.Hour.Before(to) {
			all = append(all, t)
		}
	}
	return all, nil
}

type picture rates.Picture

func (p picture) Picture(context.Context) rates.Picture { return rates.Picture(p) }

func newOverview(t *testing.T, c counts, p rates.Picture) *overview {
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
	for want, r := range map[string]login.Rate{
		"alert":   {Alert: true},
		"unknown": {Now: login.Counts{Failed: 9}},
		"too_few": {Now: login.Counts{Failed: 4}, Known: true, Usual: 0.9},
		"low":     {Now: login.Counts{OK: 7, Failed: 3}, Known: true, Low: true, Usual: 0.81},
		"fine":    {Now: login.Counts{OK: 6, Failed: 4}, Known: true, Usual: 0.85}, // by accident
	} {
		if got := stateOf(r); got != want {
			t.Errorf("%+v is %s, want %s", r, got, want)
		}
	}
}

// What is wrong stands first, what has a name is called by it, and nobody who has not
// come up is shown.
func TestGroups(t *testing.T) {
	t.Parallel()
	one := login.Counts{OK: 9, Failed: 1}
	o := newOverview(t, nil, rates.Picture{
		Rates: []login.Rate{
			{Dimension: login.DimensionMeans, Value: "op", Alert: true},
			{Dimension: login.DimensionMethod, Value: "qr", Now: one},
			{Dimension: login.DimensionMeans, Value: "gone", Now: one},
			{Dimension: login.DimensionVersion, Value: tally.None, Now: one},
			{Dimension: login.DimensionVersion, Value: tally.Other, Now: one},
			{Dimension: login.DimensionMethod, Value: "morse", Now: one},
			{Dimension: login.DimensionBrowser, Value: "Opera on Android"},
			{Dimension: login.DimensionAll, Now: one},
		},
		Alerts: []login.Alert{{Dimension: login.DimensionMeans, Value: "op", RaisedAt: noon, Now: login.Counts{OK: 1, Gone: 2, Failed: 3}, Usual: 0.876}},
	})
	v, err := o.view(t.Context(), "en")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, g := range v.Groups {
		for _, r := range g.Rows {
			got = append(got, g.Dimension+" "+r.Name)
		}
	}
	want := []string{"means Kuikka Pankki", "means gone", "method QR code", "method morse", "version not known", "version others", "all All logins"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if a := v.Alerts[0]; a != (alert{"means", "Kuikka Pankki", "12.20", 1, 6, 88}) {
		t.Errorf("%+v", a)
	}
}

// The reasons of this hour and the one before are added up, those that something failed
// for first; a reason of another version of the program does not break the page.
func TestReasons(t *testing.T) {
	t.Parallel()
	at := func(hours int, value string, n login.Counts) login.Tally {
		return login.Tally{Dimension: login.DimensionMeansReason, Hour: noon.Truncate(time.Hour).Add(-time.Duration(hours) * time.Hour), Value: value, Counts: n}
	}
	o := newOverview(t, counts{
		at(0, "op broker_down", login.Counts{Failed: 2}), at(1, "op broker_down", login.Counts{Failed: 3}), at(2, "op broker_down", login.Counts{Failed: 99}),
		at(0, "new abandoned_at_bank", login.Counts{Gone: 50}), at(0, "op of_the_future", login.Counts{Failed: 1}),
	}, rates.Picture{})
	got, err := o.reasons(t.Context(), "fi", login.DimensionMeansReason)
	if err != nil {
		t.Fatal(err)
	}
	want := []reason{
		{"broker_down", "Kuikka Pankki", login.Counts{Failed: 5}},
		{"internal", "Kuikka Pankki", login.Counts{Failed: 1}},
		{"abandoned_at_bank", "new", login.Counts{Gone: 50}},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
}

// A bar is as high as its hour had logins, its parts stand on each other, and what there
// was at all can be seen.
func TestPlot(t *testing.T) {
	t.Parallel()
	at := func(hours int, n login.Counts) login.Tally {
		return login.Tally{Dimension: login.DimensionMeans, Hour: noon.Truncate(time.Hour).Add(-time.Duration(hours) * time.Hour), Value: "op", Counts: n}
	}
	o := newOverview(t, counts{at(0, login.Counts{OK: 500, Gone: 250, Failed: 250}), at(23, login.Counts{Failed: 1}), at(24, login.Counts{Failed: 9999})}, rates.Picture{})
	banks, err := o.banks(t.Context(), "fi")
	if err != nil || len(banks) != 1 {
		t.Fatalf("%d banks, %v", len(banks), err)
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
