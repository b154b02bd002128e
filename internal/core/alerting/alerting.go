package alerting

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/queue"
)

const (
	// Every is how often a node looks.
	Every = 30 * time.Second
	// fresh is how long a picture is good for those who look in between.
	fresh = 10 * time.Second
	// patience is how long one of those waits for the database.
	patience = 2 * time.Second

	// few is how many people of this hour say something; with fewer, the hour before
	// counts too.
	few = 20
	// AtLeast is how many different people something of ours or of a broker's must have
	// failed for before anybody is told. Two or three can be one household, one office, or
	// one person with a telephone, a computer and a way to cause an error that nobody else
	// has; and an alert that one person can raise is one behind which they hide something
	// else (threat 65). With more than five the outage of a bank with three logins an hour
	// would stay unseen for two hours. Whoever is not known yet counts by their network.
	AtLeast = 5
	// calm is how long after an alert only the quick window can raise the next one: the
	// hour still holds what raised the last.
	calm = 2 * time.Hour
	// silence ends an alert for which nobody comes any more.
	silence = 3 * time.Hour
)

// Store keeps counts and alerts.
type Store interface {
	Tallies(ctx context.Context, d operations.Dimension, from, to time.Time) ([]operations.Tally, error)
	// Alerts are those that last, and those that ended after an instant, newest first.
	Alerts(ctx context.Context, since time.Time) ([]operations.Alert, error)
	// RaiseAlert and EndAlert return false when another node has done it.
	RaiseAlert(ctx context.Context, a operations.Alert, jobs []queue.Job) (bool, error)
	EndAlert(ctx context.Context, id string, at time.Time, jobs []queue.Job) (bool, error)
}

// Deps are what a watch needs.
type Deps struct {
	Store Store
	Now   func() time.Time
	Zone  *time.Location // whose hours and days are compared
	Log   *slog.Logger

	// Tell answers the messages about an alert that begins, or ends when it has an end.
	// They are ordered in its transaction. It may be nil.
	Tell func(operations.Alert) []queue.Job
	// Seen is told of every picture, for metrics; may be nil.
	Seen func([]operations.Rate)
}

// Snapshot is how logins go at one moment. It is never changed.
type Snapshot struct {
	At     time.Time
	Rates  []operations.Rate  // of the values that have come up; what is wrong first
	Alerts []operations.Alert // that last, newest first
}

// Detector looks at the counts and remembers what it saw. It is safe for concurrent use.
type Detector struct {
	d       Deps
	picture atomic.Pointer[Snapshot]

	looking sync.Mutex // held by the one who looks
	recent  recent
	usual   *usual
}

// New makes a watch. It has seen nothing yet.
func New(d Deps) *Detector {
	if d.Tell == nil {
		d.Tell = func(operations.Alert) []queue.Job { return nil }
	}
	if d.Seen == nil {
		d.Seen = func([]operations.Rate) {}
	}
	w := &Detector{d: d}
	w.picture.Store(&Snapshot{})
	return w
}

// Snapshot is how logins go now. It may be some seconds old; when the database does not
// answer, it is the last one that there was.
func (w *Detector) Snapshot(ctx context.Context) Snapshot {
	last := w.picture.Load()
	if w.d.Now().Sub(last.At) < fresh || !w.looking.TryLock() {
		return *last
	}
	defer w.looking.Unlock()
	// Not the caller's context: one who hangs up would leave the others with an old one.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := w.evaluate(ctx); err != nil {
		w.d.Log.WarnContext(ctx, "the counts of logins cannot be read; the last known ones hold", "error", err)
	}
	return *w.picture.Load()
}

// Evaluate takes a picture, and raises and ends alerts.
func (w *Detector) Evaluate(ctx context.Context) error {
	w.looking.Lock()
	defer w.looking.Unlock()
	return w.evaluate(ctx)
}

func (w *Detector) evaluate(ctx context.Context) error {
	now := w.d.Now()
	hour := now.Truncate(operations.TallyHour)
	alerts, err := w.d.Store.Alerts(ctx, now.AddDate(0, 0, -days-1))
	if err != nil {
		return fmt.Errorf("rates: %w", err)
	}
	if w.usual == nil || !w.usual.hour.Equal(hour) {
		u, err := w.readUsual(ctx, hour, alerts)
		if err != nil {
			return fmt.Errorf("rates: what is usual: %w", err)
		}
		w.usual = u
	}
	counts := map[cell]counted{}
	for _, d := range Watched() {
		tallies, err := w.d.Store.Tallies(ctx, d, hour.Add(-operations.TallyHour), hour.Add(operations.TallyHour))
		if err != nil {
			return fmt.Errorf("rates: %w", err)
		}
		for _, t := range tallies {
			counts[cell{key{d, t.Value}, t.Hour.UTC()}] = counted{t.Counts, t.People}
		}
	}
	w.recent.see(now, counts)
	p, err := w.judge(ctx, now, counts, alerts)
	w.picture.Store(p)
	w.d.Seen(p.Rates)
	return err
}

// judge holds every value that has come up against what is usual.
func (w *Detector) judge(ctx context.Context, now time.Time, counts map[cell]counted, alerts []operations.Alert) (*Snapshot, error) {
	p := &Snapshot{At: now}
	var failed []error
	seen := map[key]bool{}
	for c := range counts {
		seen[c.key] = true
	}
	for _, a := range alerts {
		seen[key{a.Dimension, a.Value}] = seen[key{a.Dimension, a.Value}] || a.Lasts()
	}
	for k, wanted := range seen {
		if !wanted {
			continue
		}
		r := w.rate(k, now, counts)
		alert, err := w.watch(ctx, k, evidence(k, now, counts), now, alerts)
		failed = append(failed, err)
		if r.Alert = alert.ID != ""; r.Alert {
			p.Alerts = append(p.Alerts, alert)
		}
		p.Rates = append(p.Rates, r)
	}
	slices.SortFunc(p.Alerts, func(a, b operations.Alert) int {
		return cmp.Or(b.RaisedAt.Compare(a.RaisedAt), cmp.Compare(a.Dimension, b.Dimension), cmp.Compare(a.Value, b.Value))
	})
	slices.SortFunc(p.Rates, worstFirst)
	return p, errors.Join(failed...)
}

// Since is when the window begins that the rates of a moment are taken from: this hour and
// the one before, for every value, so that those of a dimension add up to all.
func Since(now time.Time) time.Time {
	return now.Truncate(operations.TallyHour).Add(-operations.TallyHour).UTC()
}

// rate is how a value goes.
func (w *Detector) rate(k key, now time.Time, counts map[cell]counted) operations.Rate {
	since := Since(now)
	sum := counts[cell{k, since}].plus(counts[cell{k, since.Add(operations.TallyHour)}])
	r := operations.Rate{Dimension: k.dimension, Value: k.value, Since: since, Now: sum.Counts, People: evidence(k, now, counts)}
	if usually, known := w.usual.find(k); known {
		r.Usual, r.Known = usually.Rate(), true
		r.Low = r.Now.Rate() <= r.Usual-worth/2 && tailProbability(r.Now, usually) < odd
	}
	return r
}

// evidence is for how many people something of ours or of a broker's worked or failed, as
// far back as there is too little of it.
func evidence(k key, now time.Time, counts map[cell]counted) operations.People {
	hour := now.Truncate(operations.TallyHour).UTC()
	n := counts[cell{k, hour}].people
	if n.Counts().Tried() < few {
		n = n.Plus(counts[cell{k, hour.Add(-operations.TallyHour)}].people)
	}
	return n
}

// watch raises, keeps or ends the alert of a value, and returns the one that lasts. It
// goes by evidence alone: or whoever begins logins and leaves them could raise one
// (threat 43), or keep one from ending. The rate that staff see counts those too. Who has
// met a failure is asked of the whole hour, and of the one before when that counts.
func (w *Detector) watch(ctx context.Context, k key, met operations.People, now time.Time, alerts []operations.Alert) (operations.Alert, error) {
	hourly := met.Counts()
	lasting, ended := operations.Alert{}, time.Time{}
	for _, a := range alerts {
		switch {
		case a.Dimension != k.dimension || a.Value != k.value:
		case a.Lasts():
			lasting = a
		case a.EndedAt.After(ended):
			ended = a.EndedAt
		}
	}
	usually, known := w.usual.evidence(k)
	lately := w.recent.sums(k, ended)
	if lasting.ID != "" {
		return w.end(ctx, lasting, hourly, lately, usually, now)
	}
	if now.Sub(ended) >= calm {
		lately = append(lately, hourly)
	}
	at := slices.IndexFunc(lately, func(n operations.Counts) bool { return known && n.Failed >= AtLeast && isAnomalous(n, usually) })
	if at < 0 || met.Marks.Least() < AtLeast {
		return operations.Alert{}, nil
	}
	fallen := lately[at]
	a := operations.Alert{ID: login.NewID(), Dimension: k.dimension, Value: k.value, RaisedAt: now, Now: fallen, Usual: usually.Rate()}
	raised, err := w.d.Store.RaiseAlert(ctx, a, w.d.Tell(a))
	if err != nil || !raised {
		return operations.Alert{}, err // the other node's is seen at the next look
	}
	w.d.Log.WarnContext(ctx, "fewer logins than usual succeed", "dimension", k.dimension, "value", k.value,
		"people", fallen.Tried(), "succeeded", fallen.OK, "usual", usually.Rate())
	return a, nil
}

// end ends an alert when logins are as usual again, or when nobody comes any more.
func (w *Detector) end(ctx context.Context, a operations.Alert, hourly operations.Counts, lately []operations.Counts, usually operations.Counts, now time.Time) (operations.Alert, error) {
	since := hourly
	if at := slices.IndexFunc(lately, func(n operations.Counts) bool { return n.Tried() >= backAfter }); at >= 0 {
		since = lately[at]
	}
	quiet := hourly.Tried() == 0 && now.Sub(a.RaisedAt) >= silence
	if !quiet && !recovered(since, usually) {
		return a, nil
	}
	a.EndedAt = now
	ended, err := w.d.Store.EndAlert(ctx, a.ID, now, w.d.Tell(a))
	if err != nil {
		a.EndedAt = time.Time{}
		return a, err
	}
	if ended {
		w.d.Log.InfoContext(ctx, "as many logins as usual succeed again", "dimension", a.Dimension, "value", a.Value)
	}
	return operations.Alert{}, nil
}

// worstFirst puts what is wrong before what is not: alerts, then the greatest fall, then
// what most people use.
func worstFirst(a, b operations.Rate) int {
	alert := func(r operations.Rate) int {
		if r.Alert {
			return 0
		}
		return 1
	}
	return cmp.Or(
		cmp.Compare(alert(a), alert(b)), cmp.Compare(fall(b), fall(a)), cmp.Compare(b.Now.Tried(), a.Now.Tried()),
		cmp.Compare(a.Dimension, b.Dimension), cmp.Compare(a.Value, b.Value),
	)
}

// fall is by how much a rate is below the usual one, in tenths: less is noise.
func fall(r operations.Rate) int {
	if !r.Known || r.Now.Tried() == 0 {
		return 0
	}
	return max(0, int((r.Usual-r.Now.Rate())*10))
}
