package status

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"avain/internal/core/alerting"
	"avain/internal/domain/operations"
)

// State is how a method or bank does.
type State string

// The states. In the past nothing is told of switches, and now everything is known.
const (
	Up        State = "up"
	Disturbed State = "disturbed"
	Down      State = "down"
	Off       State = "off"     // now: switched off
	Unknown   State = "unknown" // a day: too few have tried
)

const (
	// span is how many days are shown, today included.
	span = 90

	// floor is for how many people of a day it must have worked or failed for the day to
	// have a state: with fewer, the state would tell of single people.
	floor = 20
	// floorOfHour is the same for an hour that makes its day a disturbed one.
	floorOfHour = 10

	// differently is how many different people something must have failed for before
	// everybody is told: as many as for an alert, and for the same reason (threat 65).
	differently = alerting.AtLeast

	downFrom      = 0.5  // part of the people for whom it failed
	disturbedFrom = 0.15 // likewise

	// settled is how long after midnight a day's counts no longer change: nodes add
	// theirs late.
	settled = 15 * time.Minute
)

// Counts are the tallies and alerts: package store, behind package app.
type Counts interface {
	Tallies(ctx context.Context, d operations.Dimension, from, to time.Time) ([]operations.Tally, error)
	Alerts(ctx context.Context, since time.Time) ([]operations.Alert, error)
}

// Day is one day of a value.
type Day struct {
	Date  time.Time // noon, in the zone of the service
	State State
}

// calendar knows how days were. Those that are over are kept in memory: they do not
// change.
type calendar struct {
	counts Counts
	now    func() time.Time
	zone   *time.Location
	log    *slog.Logger

	reading sync.Mutex // held by the one who reads

	mu    sync.Mutex                  // guards what is known
	over  map[time.Time]map[key]State // by midnight
	today map[key]State
	read  time.Time // when today was read
	again time.Time // not before: the last try has failed
}

type key struct {
	dimension operations.Dimension
	value     string
}

const (
	kept     = 30 * time.Second // how long today's states are good for
	tryAgain = 10 * time.Second // the pause after it has not answered
	away     = 2 * time.Minute  // from when on it is away, and not slow

	// How long a visitor waits for the database: ninety days are much to read.
	patienceFirst = 10 * time.Second
	patienceThen  = 2 * time.Second
)

// update reads what has changed since the last time. One visitor reads, and the others go
// on with what is known; only while nothing is, they wait. When the database is away, what
// was last known holds.
func (c *calendar) update(ctx context.Context) {
	due, known := c.due()
	if !due {
		return
	}
	patience := patienceFirst
	if known {
		if !c.reading.TryLock() {
			return
		}
		patience = patienceThen
	} else {
		c.reading.Lock()
	}
	defer c.reading.Unlock()
	if due, _ = c.due(); !due {
		return // somebody else has done it meanwhile
	}
	// Not the caller's context: the others get what this one reads.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	now := c.now().In(c.zone)
	if err := c.readSince(ctx, now); err != nil {
		c.log.WarnContext(ctx, "the counts of past logins cannot be read; the last known ones hold", "error", err)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.again = now.Add(tryAgain)
	}
}

// due reports whether something is to be read now, and whether anything is known.
func (c *calendar) due() (due, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	return now.Sub(c.read) >= kept && !now.Before(c.again), !c.read.IsZero()
}

func (c *calendar) readSince(ctx context.Context, now time.Time) error {
	today := midnight(now, 0)
	from := c.firstUnknown(now)
	states, err := c.states(ctx, from, today.AddDate(0, 0, 1))
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	over := map[time.Time]map[key]State{}
	for ago := 1; ago < span; ago++ {
		day := midnight(now, ago)
		switch {
		case c.over[day] != nil:
			over[day] = c.over[day]
		case states[day] != nil:
			over[day] = states[day]
		default:
			over[day] = map[key]State{}
		}
	}
	c.over, c.today, c.read = over, states[today], now
	return nil
}

// firstUnknown is the day from which on the days are to be read.
func (c *calendar) firstUnknown(now time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	from := midnight(now, 0)
	for ago := 1; ago < span; ago++ {
		if day := midnight(now, ago); c.over[day] == nil {
			from = day
		}
	}
	return from
}

// last answers the days of each value, the oldest first, and when today's state was read:
// longer ago than it is good for while the database is away, and never (zero) when it has
// been away from the start. It forgets yesterday again as long as that may still change.
func (c *calendar) last(ctx context.Context, values []key) (days map[key][]Day, read time.Time) {
	c.update(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now().In(c.zone)
	days = map[key][]Day{}
	for _, k := range values {
		for ago := span - 1; ago >= 0; ago-- {
			day := midnight(now, ago)
			state := c.over[day][k]
			if ago == 0 {
				state = c.today[k]
			}
			if state == "" {
				state = Unknown
			}
			days[k] = append(days[k], Day{day.Add(12 * time.Hour), state})
		}
	}
	if now.Sub(midnight(now, 0)) < settled {
		delete(c.over, midnight(now, 1))
	}
	return days, c.read
}

func midnight(now time.Time, ago int) time.Time {
	return time.Date(now.Year(), now.Month(), now.Day()-ago, 0, 0, 0, 0, now.Location())
}

// states finds how the days from one midnight to another were.
func (c *calendar) states(ctx context.Context, from, to time.Time) (map[time.Time]map[key]State, error) {
	alerts, err := c.counts.Alerts(ctx, from)
	if err != nil {
		return nil, err
	}
	states := map[time.Time]map[key]State{}
	for _, d := range []operations.Dimension{operations.DimensionMethod, operations.DimensionMeans} {
		tallies, err := c.counts.Tallies(ctx, d, from.UTC(), to.UTC())
		if err != nil {
			return nil, err
		}
		days := map[time.Time]map[key]*tried{}
		for _, t := range tallies {
			day, k := midnight(t.Hour.In(c.zone), 0), key{d, t.Value}
			if days[day] == nil {
				days[day] = map[key]*tried{}
			}
			if days[day][k] == nil {
				days[day][k] = &tried{}
			}
			days[day][k].add(t.People)
		}
		for day, values := range days {
			if states[day] == nil {
				states[day] = map[key]State{}
			}
			for k, n := range values {
				states[day][k] = n.state(alerted(alerts, k, day, day.AddDate(0, 0, 1)))
			}
		}
	}
	return states, nil
}

// tried are the people of a day who say whether something works, each once an hour. Who
// left, was rightly refused, or came back with an error that the service has not seen
// itself, does not count: a bank is not disturbed because people cancel, or say that it is.
type tried struct {
	ok, failed float64
	marks      operations.Marks
	badHour    bool
}

func (n *tried) add(p operations.People) {
	n.ok, n.failed, n.marks = n.ok+float64(p.OK), n.failed+float64(p.Failed), n.marks|p.Marks
	if p.OK+p.Failed >= floorOfHour && p.Failed >= p.OK && p.Marks.Least() >= differently {
		n.badHour = true
	}
}

func (n *tried) state(alert bool) State {
	all := n.ok + n.failed
	switch {
	case all < floor:
		return Unknown
	case n.marks.Least() < differently && !alert:
		return Up
	case n.failed >= downFrom*all:
		return Down
	case n.failed >= disturbedFrom*all, n.badHour, alert:
		return Disturbed
	default:
		return Up
	}
}

// alerted reports whether an alert lasted within that time.
func alerted(alerts []operations.Alert, k key, from, to time.Time) bool {
	for _, a := range alerts {
		if a.Dimension == k.dimension && a.Value == k.value && a.RaisedAt.Before(to) && (a.Lasts() || a.EndedAt.After(from)) {
			return true
		}
	}
	return false
}
