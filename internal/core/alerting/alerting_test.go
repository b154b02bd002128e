package alerting_test

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"avain/internal/core/alerting"
	"avain/internal/domain/operations"
)

// finland is as many people as use banks of very different size.
func finland() []bank {
	return []bank{
		{"op", 0.90, 300}, {"nordea", 0.88, 150}, {"mobile", 0.93, 80}, {"spankki", 0.85, 20}, {"alandsbanken", 0.90, 3},
	}
}

// An outage of one bank is found within so many logins to it, by day and by night,
// whatever its size; and it is over when the bank is back.
func TestOutageIsFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		rate float64 // of those who get in during the outage
		most int     // logins to the bank
	}{
		{"nobody gets in", 0, 14}, {"one in ten gets in", 0.1, 25}, {"one in three gets in", 0.33, 60},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(12) {
				w := newWorld(seed, finland()...)
				victim := w.banks[w.random.IntN(len(w.banks))]
				w.now = monday.Add(time.Duration(w.random.IntN(6*24*60)) * time.Minute)
				w.live(t, 20*time.Minute, nil)
				if got := w.lasting(); len(got) > 0 {
					t.Errorf("seed %d: before the outage: %v", seed, got)
				}
				tried := 0
				for ; tried < c.most && !slices.Contains(w.lasting(), "means "+victim.name); tried++ {
					w.now = w.now.Add(time.Second)
					w.logInBroken(victim, c.rate)
					if err := w.watch.Evaluate(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				if !slices.Contains(w.lasting(), "means "+victim.name) {
					t.Errorf("seed %d: not found within %d logins to %s", seed, tried, victim.name)
				}
			}
		})
	}
}

// By day the outage is over for us minutes after it is over, and is told once, although
// it lies in the hour's counts for long.
func TestOutageEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(7, finland()...)
	w.now = monday.Add(10*time.Hour + 40*time.Minute)
	w.live(t, 20*time.Minute, nil)
	w.live(t, 30*time.Minute, func(b bank) float64 {
		if b.name == "nordea" {
			return 0.02
		}
		return b.rate
	})
	if got := w.lasting(); !slices.Contains(got, "means nordea") || slices.Contains(got, "means op") {
		t.Fatalf("during the outage: %v", got)
	}
	p := w.watch.Snapshot(t.Context())
	if first := p.Rates[0]; !first.Alert || len(p.Alerts) == 0 {
		t.Errorf("what is wrong does not come first: %+v", first)
	}
	w.live(t, 25*time.Minute, nil)
	if got := w.lasting(); len(got) > 0 {
		t.Errorf("25 minutes after the outage: %v", got)
	}
	w.live(t, 5*time.Hour, nil)
	var told []string
	for _, j := range w.told {
		if j.Key == "nordea" {
			told = append(told, j.Kind)
		}
	}
	if !slices.Equal(told, []string{"raised", "ended"}) {
		t.Errorf("told %v", told)
	}
}

// A quiet night, a weekend, an update during which nobody can log in, and a public
// holiday raise nothing.
func TestQuietTimesRaiseNothing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		w := newWorld(seed, finland()...)
		w.now = monday.Add(-2 * time.Hour)
		w.live(t, 8*time.Hour, nil) // a night
		w.now = monday.Add(9 * time.Hour)
		if err := w.watch.Evaluate(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(time.Hour) // nobody can log in
		w.live(t, time.Hour, nil)
		w.now = monday.AddDate(0, 0, 5)
		w.live(t, 24*time.Hour, nil) // a Saturday
		if w.raised > 0 {
			t.Errorf("seed %d: %d alerts: %+v", seed, w.raised, w.alerts)
		}
	}
}

// TestFalseAlarms counts them. The figure in docs/decisions/0015-rates.md is that of
// AVAIN_DAYS=700, which takes minutes.
func TestFalseAlarms(t *testing.T) {
	t.Parallel()
	days, err := strconv.Atoi(os.Getenv("AVAIN_DAYS"))
	if err != nil {
		days = 7
	}
	raised := 0
	for lived := 0; lived < days; lived += 7 {
		w := newWorld(uint64(lived), finland()...) //nolint:gosec // not negative
		w.live(t, 7*24*time.Hour, nil)
		raised += w.raised
		for _, a := range w.alerts {
			t.Logf("week %d: %s %q at %s: %+v, usually %.2f", lived/7, a.Dimension, a.Value, a.RaisedAt, a.Now, a.Usual)
		}
	}
	t.Logf("%d false alarms in %d days of six values", raised, days)
	if raised > days/100 {
		t.Errorf("%d false alarms in %d days", raised, days)
	}
}

// A bank or a version that nobody knows is held against the others of its kind; what
// differs by nature is not judged before it has a history.
func TestWhatHasNoHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(3, finland()...)
	w.now = monday.Add(12 * time.Hour)
	for range 20 {
		w.add(operations.DimensionMeans, w.now, "new", operations.Counts{Failed: 1})
		w.add(operations.DimensionMethod, w.now, "credentials", operations.Counts{Failed: 1})
		w.add(operations.DimensionBrowser, w.now, "Opera on Android", operations.Counts{Failed: 1})
	}
	if err := w.watch.Evaluate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.lasting(); !slices.Equal(got, []string{"means new"}) {
		t.Errorf("%v", got)
	}
	empty := newWorld(3)
	for range 50 {
		empty.add(operations.DimensionMeans, empty.now, "op", operations.Counts{Failed: 1})
	}
	if p := w.watch.Snapshot(t.Context()); !slices.ContainsFunc(p.Rates, func(r operations.Rate) bool { return r.Value == "new" && r.Low && r.Alert }) {
		t.Errorf("what is wrong does not look so: %+v", p.Rates)
	}
	if err := empty.watch.Evaluate(t.Context()); err != nil || len(empty.lasting()) > 0 {
		t.Errorf("the first day of the service: %v, %v", empty.lasting(), err)
	}
}

// However many people begin logins and leave, or come back with an error that nobody but
// their browser has seen, that raises no alert, keeps none from beginning, and none from
// ending; staff see it as worse than usual.
func TestThreat43LeavingRaisesNothing(t *testing.T) {
	t.Parallel()
	means := func(lasting []string) []string {
		return slices.DeleteFunc(lasting, func(one string) bool { return one == "all " })
	}
	for seed := range uint64(4) {
		w := newWorld(seed, finland()...)
		op, spankki := w.banks[0], w.banks[3]
		w.now = monday.Add(10 * time.Hour)
		w.live(t, 20*time.Minute, nil)
		flood := func(b bank) {
			for range 1000 {
				w.count(b, operations.Counts{Gone: 1})
			}
		}
		look := func() {
			t.Helper()
			w.now = w.now.Add(time.Minute)
			if err := w.watch.Evaluate(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		for _, b := range w.banks {
			flood(b)
		}
		look()
		if got := w.lasting(); len(got) > 0 {
			t.Errorf("seed %d: who leaves raises %v", seed, got)
		}
		worse := func(r operations.Rate) bool { return r.Value == op.name && r.Low && !r.Alert }
		if p := w.watch.Snapshot(t.Context()); !slices.ContainsFunc(p.Rates, worse) {
			t.Errorf("seed %d: staff do not see it: %+v", seed, p.Rates)
		}
		for range 20 {
			w.logInBroken(spankki, 0)
		}
		flood(spankki)
		look()
		if got := means(w.lasting()); !slices.Equal(got, []string{"means " + spankki.name}) {
			t.Errorf("seed %d: an outage amid the flood: %v", seed, got)
		}
		for range 15 {
			flood(spankki)
			look()
		}
		for range 20 {
			w.logInBroken(spankki, 1)
		}
		flood(spankki)
		look()
		if got := means(w.lasting()); len(got) > 0 {
			t.Errorf("seed %d: after the outage: %v", seed, got)
		}
	}
}

// An alert for which nobody comes any more, because the bank was switched off, ends.
func TestAlertWithoutTrafficEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(5, finland()...)
	w.now = monday.Add(12 * time.Hour)
	for range 30 {
		w.logIn(bank{name: "op"}, 0)
	}
	look := func() {
		t.Helper()
		if err := w.watch.Evaluate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	look()
	w.now = w.now.Add(150 * time.Minute)
	look()
	if !slices.Contains(w.lasting(), "means op") {
		t.Fatalf("after two hours and a half: %v", w.lasting())
	}
	w.now = w.now.Add(time.Hour)
	look()
	if slices.Contains(w.lasting(), "means op") {
		t.Errorf("after more than three: %v", w.lasting())
	}
}

// Two nodes see the same; one of them raises and one ends.
func TestTwoNodes(t *testing.T) {
	t.Parallel()
	w := newWorld(9, finland()...)
	other := w.newWatch()
	w.now = monday.Add(12 * time.Hour)
	both := func() {
		t.Helper()
		if err := errors.Join(w.watch.Evaluate(t.Context()), other.Evaluate(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	both()
	for range 20 {
		w.logIn(bank{name: "op"}, 0)
	}
	w.now = w.now.Add(time.Minute)
	both()
	both()
	ofOP := func() (n int) {
		for _, a := range w.alerts {
			if a.Dimension == operations.DimensionMeans && a.Value == "op" {
				n++
			}
		}
		return n
	}
	if ofOP() != 1 {
		t.Errorf("%d alerts", ofOP())
	}
	for _, watch := range []*alerting.Detector{w.watch, other} {
		p := watch.Snapshot(t.Context())
		if !slices.ContainsFunc(p.Alerts, func(a operations.Alert) bool { return a.Value == "op" }) {
			t.Errorf("a node does not know of the alert: %+v", p.Alerts)
		}
	}
}

// A database that does not answer costs nothing but news.
func TestLastPictureHolds(t *testing.T) {
	t.Parallel()
	w := newWorld(1, finland()...)
	w.now = monday.Add(12 * time.Hour)
	w.live(t, 5*time.Minute, nil)
	before := w.watch.Snapshot(t.Context())
	w.broken = errors.New("down")
	w.now = w.now.Add(time.Minute)
	if after := w.watch.Snapshot(t.Context()); len(after.Rates) != len(before.Rates) || !after.At.Equal(before.At) {
		t.Errorf("%d rates from %v, before %d", len(after.Rates), after.At, len(before.Rates))
	}
	if err := w.watch.Evaluate(t.Context()); err == nil {
		t.Error("looking says nothing of it")
	}
}

// However often something fails for four people, nobody is told; a fifth is enough. Whoever
// gets in again and again hides nothing, because they count once (package counts).
func TestThreat65AlertsNeedDifferentPeople(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		w := newWorld(seed, finland()...)
		w.now = monday.Add(10 * time.Hour)
		w.live(t, 5*time.Minute, nil)
		look := func() []string {
			t.Helper()
			w.now = w.now.Add(30 * time.Second)
			if err := w.watch.Evaluate(t.Context()); err != nil {
				t.Fatal(err)
			}
			return w.lasting()
		}
		// A bank with nobody else at this time: only who fails is there.
		lonely := "lonely"
		for ago := 1; ago <= 28; ago++ {
			w.tell(operations.DimensionMeans, w.now.AddDate(0, 0, -ago), lonely, operations.Counts{OK: 20}, operations.People{OK: 20})
		}
		w.watch = w.newWatch()
		look()
		for i := range alerting.AtLeast - 1 {
			w.tell(operations.DimensionMeans, w.now, lonely, operations.Counts{Failed: 200}, operations.People{Failed: 40, Marks: 1 << i})
			if got := look(); len(got) > 0 {
				t.Fatalf("seed %d: %d people raise %v", seed, i+1, got)
			}
		}
		w.tell(operations.DimensionMeans, w.now, lonely, operations.Counts{OK: 5000, Failed: 1}, operations.People{OK: 1, Failed: 1, Marks: 1 << 40})
		if got := look(); !slices.Equal(got, []string{"means " + lonely}) {
			t.Errorf("seed %d: %d people raise %v", seed, alerting.AtLeast, got)
		}
	}
}
