package telemetry

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Database is what the clock of a node is compared with, and the other nodes through it.
type Database interface {
	Clock(ctx context.Context) (time.Time, error)
	// Beat writes how far this node is ahead, and answers how far the others are.
	Beat(ctx context.Context, node string, ahead time.Duration) ([]time.Duration, error)
}

// ErrClock says that this node's clock runs away from those of the others.
var ErrClock = errors.New("the clock differs too much from those of the other nodes, or from the database's")

// Pulse tells the other nodes that this one lives and what its clock says, and learns the
// same of them. Lifetimes are counted on every node's clock.
type Pulse struct {
	db        Database
	node      string
	tolerance time.Duration
	now       func() time.Time
	log       *slog.Logger
	ahead     prometheus.Gauge

	mu     sync.Mutex // one beat at a time; whoever comes right after it gets its result
	beat   time.Time
	own    time.Duration
	others []time.Duration
	err    error
	said   time.Time
}

// NewPulse makes it for a node, whose id is new with each start.
func NewPulse(db Database, node string, tolerance time.Duration, now func() time.Time, log *slog.Logger) *Pulse {
	return &Pulse{
		db: db, node: node, tolerance: tolerance, now: now, log: log,
		ahead: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "avain_clock_ahead_seconds", Help: "How far this node's clock is ahead of the database's; negative: behind.",
		}),
	}
}

// Gauge shows how far the node is ahead.
func (p *Pulse) Gauge() prometheus.Collector { return p.ahead }

// Database passes when the database takes what a login writes.
func (p *Pulse) Database(ctx context.Context) error {
	_, _, err := p.feel(ctx)
	return err
}

// Clock passes when this node may count lifetimes. ErrClock.
func (p *Pulse) Clock(ctx context.Context) error {
	own, others, err := p.feel(ctx)
	if err != nil {
		return err
	}
	fine, databaseOff := judge(own, others, p.tolerance)
	if !fine {
		return ErrClock
	}
	if databaseOff {
		p.tell(ctx, own)
	}
	return nil
}

// judge decides whether a node may go on whose clock is ahead of the database's by so much,
// and those of the other nodes by so much. What most nodes agree on is the time, whatever
// the database says; where there is no majority, with one node or two that disagree, the
// database decides.
func judge(own time.Duration, others []time.Duration, tolerance time.Duration) (fine, databaseOff bool) {
	all := append([]time.Duration{own}, others...)
	agree := func(with time.Duration) (n int) {
		for _, one := range all {
			if (one - with).Abs() <= tolerance {
				n++
			}
		}
		return n
	}
	databaseFine := own.Abs() <= tolerance
	switch {
	case len(all) > 1 && 2*agree(own) > len(all):
		return true, !databaseFine
	case anyOf(others, func(other time.Duration) bool { return 2*agree(other) > len(all) }):
		return false, false
	default:
		return databaseFine, false
	}
}

func anyOf(all []time.Duration, is func(time.Duration) bool) bool {
	return slices.ContainsFunc(all, is)
}

// fresh is how long a beat answers for: the checks of one moment share it.
const fresh = checkEvery / 2

func (p *Pulse) feel(ctx context.Context) (own time.Duration, others []time.Duration, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if age := p.now().Sub(p.beat); !p.beat.IsZero() && age >= 0 && age < fresh {
		return p.own, p.others, p.err
	}
	p.own, p.others, p.err = p.measure(ctx)
	p.beat = p.now()
	return p.own, p.others, p.err
}

func (p *Pulse) measure(ctx context.Context) (own time.Duration, others []time.Duration, err error) {
	before := p.now()
	theirs, err := p.db.Clock(ctx)
	if err != nil {
		return 0, nil, err
	}
	// The database read its clock at some moment between before and after.
	switch after := p.now(); {
	case theirs.Before(before):
		own = before.Sub(theirs)
	case theirs.After(after):
		own = after.Sub(theirs)
	}
	p.ahead.Set(own.Seconds())
	others, err = p.db.Beat(ctx, p.node, own)
	return own, others, err
}

// tell says now and then that the database's clock is off.
func (p *Pulse) tell(ctx context.Context, own time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now().Sub(p.said) < sayAgain {
		return
	}
	p.said = p.now()
	p.log.WarnContext(ctx, "the database's clock is off; the nodes agree with each other and go on", "ahead", own.Round(time.Millisecond).String(), "others", len(p.others))
}
