package status_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"avain/internal/broker"
	"avain/internal/core/alerting"
	"avain/internal/core/availability"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/web"
	"avain/internal/public/status"
)

// world is what the page knows.
type world struct {
	now     time.Time
	ways    []availability.Way
	off     map[string]bool
	offer   broker.Offer
	picture alerting.Snapshot
	tallies []operations.Tally
	alerts  []operations.Alert
	reads   int
	away    error // what the database says instead
}

func (w *world) Methods(context.Context) []availability.Way { return w.ways }

func (w *world) Means(_ context.Context, id string) (bool, map[string]string) {
	return !w.off[id], nil
}
func (w *world) Offer(context.Context, string) broker.Offer { return w.offer }

func (w *world) Snapshot(context.Context) alerting.Snapshot { return w.picture }

func (w *world) Tallies(_ context.Context, d operations.Dimension, from, to time.Time) (all []operations.Tally, err error) {
	w.reads++
	if w.away != nil {
		return nil, w.away
	}
	for _, t := range w.tallies {
		if t.Dimension == d && !t.Hour.Before(from) && t.Hour.Before(to) {
			all = append(all, t)
		}
	}
	return all, nil
}

func (w *world) Alerts(_ context.Context, since time.Time) (all []operations.Alert, err error) {
	for _, a := range w.alerts {
		if a.Lasts() || a.EndedAt.After(since) {
			all = append(all, a)
		}
	}
	return all, nil
}

func helsinki(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func newWorld(t *testing.T) (*world, http.Handler) {
	t.Helper()
	zone := helsinki(t)
	w := &world{
		now:  time.Date(2026, 11, 23, 12, 0, 0, 0, zone),
		ways: []availability.Way{{Method: login.MethodDirect, On: true}, {Method: login.MethodQR, On: true}, {Method: login.MethodCredentials}},
		offer: broker.Offer{Means: []broker.OfferedMeans{
			{Means: login.Means{ID: "op", Name: "Kuikka <Pankki>"}, Available: true},
			{Means: login.Means{ID: "mobile", Name: "Mobiilivarmenne"}, Available: true},
		}},
		off: map[string]bool{},
	}
	kit, err := web.New(web.Config{BaseURL: &url.URL{Scheme: "https", Host: "login.example"}})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	status.New(status.Deps{
		Gate: w, Brokers: w, Watch: w, Counts: w, Web: kit, Now: func() time.Time { return w.now }, Zone: zone, Log: slog.New(slog.DiscardHandler),
	}).Mount(mux)
	return w, kit.Middleware(mux)
}

func (w *world) count(d operations.Dimension, value string, at time.Time, c operations.Counts) {
	w.tallies = append(w.tallies, operations.Tally{Dimension: d, Hour: at.UTC().Truncate(time.Hour), Value: value, Counts: c, People: c.Strangers()})
}

type day struct{ Date, State string }

type document struct {
	AsOf           time.Time `json:"as_of"`
	Stale          bool
	Methods, Means []struct {
		ID, Name, State string
		Days            []day
	}
}

func get(t *testing.T, h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func read(t *testing.T, h http.Handler) (d document) {
	t.Helper()
	w := get(t, h, status.DocumentPath)
	if w.Code != http.StatusOK {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// What is called what is written in docs/operations.md.
func TestDays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		hours []operations.Counts
		alert bool
		want  status.State
	}{
		"nobody":                               {nil, false, status.Unknown},
		"few":                                  {[]operations.Counts{{OK: 19}}, false, status.Unknown},
		"few, and all failed":                  {[]operations.Counts{{Failed: 19}}, true, status.Unknown},
		"enough":                               {[]operations.Counts{{OK: 20}}, false, status.Up},
		"almost 15 % failed":                   {[]operations.Counts{{OK: 86, Failed: 14}, {OK: 14}}, false, status.Up},
		"15 % failed":                          {[]operations.Counts{{OK: 85, Failed: 15}}, false, status.Disturbed},
		"half failed":                          {[]operations.Counts{{OK: 10, Failed: 10}}, false, status.Down},
		"many left: that is no disturbance":    {[]operations.Counts{{OK: 20, Gone: 200}}, false, status.Up},
		"one bad hour in a good day":           {[]operations.Counts{{OK: 500}, {OK: 5, Failed: 5}}, false, status.Disturbed},
		"one bad hour with few":                {[]operations.Counts{{OK: 500}, {OK: 4, Failed: 5}}, false, status.Up},
		"an alert lasted, because people left": {[]operations.Counts{{OK: 100, Gone: 50}}, true, status.Disturbed},
	} {
		w, h := newWorld(t)
		noon := w.now.AddDate(0, 0, -3)
		for i, n := range c.hours {
			w.count(operations.DimensionMeans, "op", noon.Add(time.Duration(i)*time.Hour), n)
		}
		if c.alert {
			w.alerts = []operations.Alert{{ID: "A", Dimension: operations.DimensionMeans, Value: "op", RaisedAt: noon, EndedAt: noon.Add(time.Hour)}}
		}
		d := read(t, h)
		days := d.Means[0].Days
		if len(days) != 90 || days[89].Date != "2026-11-23" || days[0].Date != "2026-08-26" {
			t.Fatalf("%d days from %v", len(days), days[0])
		}
		for i, one := range days {
			want := status.Unknown
			if i == 86 {
				want = c.want
			}
			if one.State != string(want) {
				t.Errorf("%s: %s is %s, want %s", name, one.Date, one.State, want)
			}
		}
	}
}

// However often it failed for four people, the day was a good one for everybody else, and
// the page says so; five make it a bad one.
func TestThreat65DaysNeedDifferentPeople(t *testing.T) {
	t.Parallel()
	for different, want := range map[int]status.State{1: status.Up, 4: status.Up, 5: status.Down, 60: status.Down} {
		w, h := newWorld(t)
		yesterday := w.now.AddDate(0, 0, -1).UTC().Truncate(time.Hour)
		for hour := range 3 { // the same people again
			w.tallies = append(w.tallies, operations.Tally{
				Dimension: operations.DimensionMeans, Hour: yesterday.Add(-time.Duration(hour) * time.Hour), Value: "op",
				Counts: operations.Counts{OK: 10, Failed: 1000}, People: operations.People{OK: 10, Failed: 30, Marks: 1<<different - 1},
			})
		}
		if got := read(t, h).Means[0].Days[88].State; got != string(want) {
			t.Errorf("%d people: %s, want %s", different, got, want)
		}
	}
}

// A day is a day of people in Finland, also when it has 25 hours.
func TestDaysAreLocal(t *testing.T) {
	t.Parallel()
	w, h := newWorld(t)
	start := time.Date(2026, 10, 25, 0, 0, 0, 0, helsinki(t)) // clocks go back
	for i := range 25 {
		w.count(operations.DimensionMeans, "op", start.Add(time.Duration(i)*time.Hour), operations.Counts{OK: 1})
	}
	w.count(operations.DimensionMeans, "op", start.Add(-time.Hour), operations.Counts{Failed: 100})
	w.count(operations.DimensionMeans, "op", start.Add(25*time.Hour), operations.Counts{Failed: 100})
	want := map[string]string{"2026-10-24": "down", "2026-10-25": "up", "2026-10-26": "down"}
	for _, one := range read(t, h).Means[0].Days {
		if state := want[one.Date]; state != "" && one.State != state {
			t.Errorf("%s is %s, want %s", one.Date, one.State, state)
		}
	}
}

func TestNow(t *testing.T) {
	t.Parallel()
	alert := func(d operations.Dimension, value string, now operations.Counts) alerting.Snapshot {
		return alerting.Snapshot{Rates: []operations.Rate{{Dimension: d, Value: value, Now: now, People: now.Strangers(), Alert: true}}}
	}
	for name, c := range map[string]struct {
		change     func(w *world)
		op, direct status.State
	}{
		"all is well":         {func(*world) {}, status.Up, status.Up},
		"bank switched off":   {func(w *world) { w.off["op"] = true }, status.Off, status.Up},
		"broker out of reach": {func(w *world) { w.offer.Means[0].Available = false }, status.Down, status.Up},
		"no bank can be reached": {func(w *world) {
			w.offer.Means[0].Available, w.offer.Means[1].Available = false, false
		}, status.Down, status.Down},
		"broker tells of a disturbance": {func(w *world) { w.offer.Means[0].DisturbanceText = "huolto" }, status.Disturbed, status.Up},
		"fewer get in": {func(w *world) {
			w.picture = alert(operations.DimensionMeans, "op", operations.Counts{OK: 5, Failed: 5})
		}, status.Disturbed, status.Up},
		"nobody gets in": {func(w *world) { w.picture = alert(operations.DimensionMeans, "op", operations.Counts{Failed: 5}) }, status.Down, status.Up},
		"nobody comes":   {func(w *world) { w.picture = alert(operations.DimensionMeans, "op", operations.Counts{}) }, status.Disturbed, status.Up},
		"method": {func(w *world) {
			w.picture = alert(operations.DimensionMethod, "direct", operations.Counts{OK: 5, Failed: 5})
		}, status.Up, status.Disturbed},
		"method switched off": {func(w *world) { w.ways[0].On = false }, status.Up, status.Off},
	} {
		w, h := newWorld(t)
		c.change(w)
		d := read(t, h)
		if got := d.Means[0].State; got != string(c.op) {
			t.Errorf("%s: the bank is %s, want %s", name, got, c.op)
		}
		if got := d.Methods[0].State; got != string(c.direct) {
			t.Errorf("%s: the method is %s, want %s", name, got, c.direct)
		}
		page := get(t, h, status.PagePath).Body.String()
		if fine := strings.Contains(page, "Kirjautuminen toimii."); fine != (c.op != status.Down && c.op != status.Disturbed && c.direct != status.Down && c.direct != status.Disturbed) {
			t.Errorf("%s: the page says that all is well: %v", name, fine)
		}
	}
}

// However many leave while something is disturbed, that makes it no worse for everybody.
func TestThreat43LeavingMakesNothingWorse(t *testing.T) {
	t.Parallel()
	w, h := newWorld(t)
	now := operations.Counts{OK: 60, Gone: 100_000, Failed: 40}
	w.picture = alerting.Snapshot{Rates: []operations.Rate{
		{Dimension: operations.DimensionMeans, Value: "op", Now: now, People: now.Strangers(), Alert: true},
		{Dimension: operations.DimensionMeans, Value: "mobile", Now: operations.Counts{OK: 60, Gone: 100_000}, Low: true},
		{Dimension: operations.DimensionMethod, Value: "direct", Now: now, People: now.Strangers(), Alert: true},
	}}
	w.count(operations.DimensionMeans, "mobile", w.now, operations.Counts{OK: 60, Gone: 100_000})
	d := read(t, h)
	if op, mobile, direct := d.Means[0], d.Means[1], d.Methods[0]; op.State != "disturbed" || mobile.State != "up" || mobile.Days[89].State != "up" || direct.State != "disturbed" {
		t.Errorf("op %s, mobile %s and today %s, direct %s", op.State, mobile.State, mobile.Days[89].State, direct.State)
	}
}

// Nobody can be found in it: no number of logins stands there, in whatever form.
func TestHoldsNoNumbers(t *testing.T) {
	t.Parallel()
	w, h := newWorld(t)
	for i := range 80 {
		w.count(operations.DimensionMeans, "op", w.now.AddDate(0, 0, -i), operations.Counts{OK: 7654 + int64(i%3)*10_000, Failed: 43210 * int64(i%2)})
	}
	for _, path := range []string{status.PagePath, status.DocumentPath, status.PagePath + "?lang=sv", status.PagePath + "?lang=en"} {
		body := get(t, h, path).Body.String()
		for _, bad := range []string{"7654", "17654", "43210", "50864", "<Pankki>"} {
			if strings.Contains(body, bad) {
				t.Errorf("%s holds %s", path, bad)
			}
		}
	}
}

// Anybody may keep the answers, and is told when nothing has changed.
func TestAnswersMayBeKept(t *testing.T) {
	t.Parallel()
	w, h := newWorld(t)
	for _, path := range []string{status.PagePath, status.DocumentPath} {
		first := get(t, h, path, "Accept-Language", "en")
		if got := first.Header().Get("Cache-Control"); got != "public, max-age=30" {
			t.Errorf("%s: %s", path, got)
		}
		if len(first.Header().Values("Set-Cookie")) > 0 {
			t.Errorf("%s sets a cookie", path)
		}
		if vary := first.Header().Get("Vary"); !strings.Contains(vary, "Accept-Language") || !strings.Contains(vary, "Cookie") {
			t.Errorf("%s varies with %s", path, vary)
		}
		tag := first.Header().Get("ETag")
		for _, sent := range []string{tag, strings.TrimPrefix(tag, "W/"), `"x", ` + tag, "*"} {
			if again := get(t, h, path, "Accept-Language", "en", "If-None-Match", sent); again.Code != http.StatusNotModified || again.Body.Len() > 0 || again.Header().Get("ETag") != tag {
				t.Errorf("%s with %s: %d, %d bytes", path, sent, again.Code, again.Body.Len())
			}
		}
		if other := get(t, h, path, "Accept-Language", "fi", "If-None-Match", tag); other.Code != http.StatusOK {
			t.Errorf("%s in another language: %d", path, other.Code)
		}
		w.off["op"] = !w.off["op"]
		if changed := get(t, h, path, "Accept-Language", "en", "If-None-Match", tag); changed.Code != http.StatusOK {
			t.Errorf("%s after a change: %d", path, changed.Code)
		}
	}
	// Who switches the language gets a cookie, which nobody else may get.
	if switched := get(t, h, status.PagePath+"?lang=sv"); switched.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("with a cookie: %s", switched.Header().Get("Cache-Control"))
	}
	if strings.Contains(get(t, h, status.PagePath).Body.String(), "Tukikoodi") {
		t.Error("a page for everybody holds a support code")
	}
}

// Days that are over are read once.
func TestTheOldIsKeptInMemory(t *testing.T) {
	t.Parallel()
	w, h := newWorld(t)
	yesterday := w.now.AddDate(0, 0, -1)
	w.count(operations.DimensionMeans, "op", yesterday, operations.Counts{OK: 100})
	stateOf := func(date time.Time) string {
		for _, one := range read(t, h).Means[0].Days {
			if one.Date == date.Format(time.DateOnly) {
				return one.State
			}
		}
		return "not there"
	}
	for range 5 {
		if got := stateOf(yesterday); got != "up" {
			t.Fatal(got)
		}
	}
	if w.reads != 2 { // two dimensions
		t.Errorf("read %d times", w.reads)
	}
	w.now = w.now.Add(time.Minute)
	today := w.now
	w.count(operations.DimensionMeans, "op", today, operations.Counts{OK: 50})
	w.count(operations.DimensionMeans, "op", yesterday, operations.Counts{Failed: 1000}) // nobody counts days later
	if stateOf(today) != "up" || stateOf(yesterday) != "up" {
		t.Errorf("today %s, yesterday %s", stateOf(today), stateOf(yesterday))
	}
	// Shortly after midnight the last counts of the day before are still to come.
	w.now = time.Date(2026, 11, 24, 0, 5, 0, 0, helsinki(t))
	if got := stateOf(today); got != "up" {
		t.Errorf("at five past midnight: %s", got)
	}
	w.count(operations.DimensionMeans, "op", today, operations.Counts{Failed: 1000})
	w.now = w.now.Add(time.Hour)
	if got := stateOf(today); got != "down" {
		t.Errorf("an hour later: %s", got)
	}
	w.now = w.now.AddDate(0, 0, 200)
	if got := stateOf(w.now); got != "unknown" {
		t.Errorf("much later: %s", got)
	}
}

func ExampleState() {
	fmt.Println(status.Up, status.Disturbed, status.Down, status.Off, status.Unknown)
	// Output: up disturbed down off unknown
}

// While the database is away nobody gets in, and the page says so, with the last known days
// and their time, at once, and without asking it for every visitor.
func TestStatusWithoutADatabase(t *testing.T) {
	t.Parallel()
	w, h := newWorld(t)
	w.away = errors.New("canary")
	if d := read(t, h); !d.Stale || !d.AsOf.IsZero() || len(d.Methods) != 3 {
		t.Errorf("away from the start: %+v", d)
	}
	if page := get(t, h, status.PagePath, "Accept-Language", "fi"); page.Code != http.StatusOK || !strings.Contains(page.Body.String(), "Viime päivien tietoja ei juuri nyt saada.") {
		t.Errorf("away from the start: %d %s", page.Code, page.Body)
	}
	w.away, w.now = nil, w.now.Add(time.Minute)
	w.count(operations.DimensionMeans, "op", w.now.AddDate(0, 0, -1), operations.Counts{OK: 100})
	known := w.now
	before := read(t, h)
	if before.Stale || !before.AsOf.IsZero() {
		t.Errorf("it is back: %+v", before)
	}
	w.away, w.now, w.reads = errors.New("canary"), w.now.Add(5*time.Minute), 0
	for range 10 {
		if d := read(t, h); !d.Stale || !d.AsOf.Equal(known) || fmt.Sprint(d.Means) != fmt.Sprint(before.Means) {
			t.Errorf("gone: %+v", d)
		}
	}
	if w.reads > 1 {
		t.Errorf("asked %d times", w.reads)
	}
	for lang, want := range map[string][]string{
		"fi": {"Kirjautuminen ei juuri nyt toimi.", "viimeksi", "klo 12.01"}, "sv": {"Inloggningen fungerar inte just nu.", "kl. 12.01"},
		"en": {"Logging in does not work right now.", "at 12:01"},
	} {
		page := get(t, h, status.PagePath, "Accept-Language", lang).Body.String()
		for _, words := range want {
			if !strings.Contains(page, words) {
				t.Errorf("%s does not say %q: %s", lang, words, page)
			}
		}
		if strings.Contains(page, "canary") {
			t.Errorf("%s tells of our insides", lang)
		}
	}
}
