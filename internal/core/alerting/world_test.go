package alerting_test

import (
	"context"
	"log/slog"
	"math"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"avain/internal/core/alerting"
	"avain/internal/domain/operations"
	"avain/internal/domain/queue"
)

// monday is a working day in winter, at midnight in Finland.
var monday = time.Date(2026, 11, 23, 0, 0, 0, 0, helsinki())

func helsinki() *time.Location {
	zone, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		panic(err)
	}
	return zone
}

// history is a store that keeps everything in memory.
type history struct {
	mu     sync.Mutex
	counts map[operations.Dimension]map[int64]map[string]operations.Tally
	alerts []operations.Alert
	told   []queue.Job
	raised int
	failed int
	broken error
}

func newHistory() *history {
	return &history{counts: map[operations.Dimension]map[int64]map[string]operations.Tally{}}
}

// add counts logins, each of somebody else. Their marks fall as they may.
func (h *history) add(d operations.Dimension, at time.Time, value string, n operations.Counts) {
	p := operations.People{OK: n.OK, Failed: n.Failed}
	for range min(n.Failed, 1000) {
		h.failed++
		p.Marks |= operations.MarkOf(strconv.Itoa(h.failed))
	}
	h.tell(d, at, value, n, p)
}

func (h *history) tell(d operations.Dimension, at time.Time, value string, n operations.Counts, p operations.People) {
	hour := at.Unix() / 3600
	if h.counts[d] == nil {
		h.counts[d] = map[int64]map[string]operations.Tally{}
	}
	if h.counts[d][hour] == nil {
		h.counts[d][hour] = map[string]operations.Tally{}
	}
	was := h.counts[d][hour][value]
	h.counts[d][hour][value] = operations.Tally{Counts: was.Plus(n), People: was.People.Plus(p)}
}

func (h *history) Tallies(_ context.Context, d operations.Dimension, from, to time.Time) ([]operations.Tally, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []operations.Tally
	for hour := from.Truncate(time.Hour); hour.Before(to); hour = hour.Add(time.Hour) {
		for value, n := range h.counts[d][hour.Unix()/3600] {
			all = append(all, operations.Tally{Dimension: d, Hour: hour, Value: value, Counts: n.Counts, People: n.People})
		}
	}
	return all, h.broken
}

func (h *history) Alerts(_ context.Context, since time.Time) ([]operations.Alert, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []operations.Alert
	for _, a := range h.alerts {
		if a.Lasts() || a.EndedAt.After(since) {
			all = append(all, a)
		}
	}
	return all, h.broken
}

func (h *history) RaiseAlert(_ context.Context, a operations.Alert, jobs []queue.Job) (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, b := range h.alerts {
		if b.Lasts() && b.Dimension == a.Dimension && b.Value == a.Value {
			return false, nil
		}
	}
	h.alerts, h.told, h.raised = append(h.alerts, a), append(h.told, jobs...), h.raised+1
	return true, nil
}

func (h *history) EndAlert(_ context.Context, id string, at time.Time, jobs []queue.Job) (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.alerts {
		if h.alerts[i].ID == id && h.alerts[i].Lasts() {
			h.alerts[i].EndedAt, h.told = at, append(h.told, jobs...)
			return true, nil
		}
	}
	return false, nil
}

// bank is one value with its traffic.
type bank struct {
	name string
	rate float64 // at which people get in
	busy float64 // logins in the busiest hour of a working day
}

// at is how many logins the bank has in an hour of that kind: few at night, fewer on
// free days.
func (b bank) at(t time.Time) float64 {
	t = t.In(helsinki())
	busy := b.busy * (0.03 + math.Pow(math.Sin(math.Pi*float64(t.Hour()+1)/25), 2))
	if t.Weekday() == time.Saturday || t.Weekday() == time.Sunday {
		busy *= 0.4
	}
	return busy
}

// world makes logins.
type world struct {
	*history
	now    time.Time
	random *rand.Rand
	banks  []bank
	mood   map[string]float64 // of the day, per bank: days differ by more than chance
	day    int
	watch  *alerting.Detector
}

// newWorld has four weeks behind it.
func newWorld(seed uint64, banks ...bank) *world {
	w := &world{
		history: newHistory(), random: rand.New(rand.NewPCG(seed, 1)), //nolint:gosec // to be the same each time
		banks: banks, now: monday.AddDate(0, 0, -28), mood: map[string]float64{},
	}
	for w.now.Before(monday) {
		for _, b := range banks {
			n := w.poisson(b.at(w.now))
			ok := min(n, w.poisson(float64(n)*w.rateOf(b)))
			counts := operations.Counts{OK: int64(ok), Gone: int64(n-ok) / 2, Failed: int64(n - ok - (n-ok)/2)}
			w.add(operations.DimensionMeans, w.now, b.name, counts)
			w.add(operations.DimensionAll, w.now, "", counts)
		}
		w.now = w.now.Add(time.Hour)
	}
	w.watch = w.newWatch()
	return w
}

func (w *world) newWatch() *alerting.Detector {
	return alerting.New(alerting.Deps{
		Store: w.history, Now: func() time.Time { return w.now }, Zone: helsinki(), Log: slog.New(slog.DiscardHandler),
		Tell: func(a operations.Alert) []queue.Job {
			kind := "raised"
			if !a.Lasts() {
				kind = "ended"
			}
			return []queue.Job{{Kind: kind, Key: a.Value}}
		},
	})
}

// rateOf is the bank's rate on this day: a fifth of a logit around its own, two or three
// percentage points where nine in ten get in.
func (w *world) rateOf(b bank) float64 {
	if day := w.now.In(helsinki()).YearDay(); day != w.day {
		w.day = day
		for _, b := range w.banks {
			w.mood[b.name] = w.random.NormFloat64() * 0.2
		}
	}
	return 1 / (1 + math.Exp(-math.Log(b.rate/(1-b.rate))-w.mood[b.name]))
}

// logIn is one login as on any day: of those who do not get in, half have left.
func (w *world) logIn(b bank, rate float64) {
	n := operations.Counts{OK: 1}
	if w.random.Float64() >= rate {
		n = operations.Counts{Failed: 1}
		if w.random.Float64() < 0.5 {
			n = operations.Counts{Gone: 1}
		}
	}
	w.count(b, n)
}

// logInBroken is one login while the service sees its connections to the bank fail.
func (w *world) logInBroken(b bank, rate float64) {
	n := operations.Counts{OK: 1}
	if w.random.Float64() >= rate {
		n = operations.Counts{Failed: 1}
	}
	w.count(b, n)
}

func (w *world) count(b bank, n operations.Counts) {
	w.add(operations.DimensionMeans, w.now, b.name, n)
	w.add(operations.DimensionAll, w.now, "", n)
}

func (w *world) poisson(mean float64) int {
	if mean > 50 {
		return max(0, int(math.Round(mean+math.Sqrt(mean)*w.random.NormFloat64())))
	}
	n, p, limit := 0, 1.0, math.Exp(-mean)
	for {
		if p *= w.random.Float64(); p < limit {
			return n
		}
		n++
	}
}

// live lets time pass, a minute at a time; rate may say that a bank is not as usual.
func (w *world) live(t testing.TB, d time.Duration, rate func(b bank) float64) {
	t.Helper()
	for end := w.now.Add(d); w.now.Before(end); w.now = w.now.Add(time.Minute) {
		for _, b := range w.banks {
			r := w.rateOf(b)
			if rate != nil {
				r = rate(b)
			}
			for range w.poisson(b.at(w.now) / 60) {
				w.logIn(b, r)
			}
		}
		if err := w.watch.Evaluate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func (w *world) lasting() (all []string) {
	for _, a := range w.alerts {
		if a.Lasts() {
			all = append(all, string(a.Dimension)+" "+a.Value)
		}
	}
	return all
}
