package telemetry

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	const s = time.Second
	for name, c := range map[string]struct {
		own               time.Duration
		others            []time.Duration
		fine, databaseOff bool
	}{
		"alone, right":                                {0, nil, true, false},
		"alone, at the edge":                          {-2 * s, nil, true, false},
		"alone, off: the database decides":            {3 * s, nil, false, false},
		"two that agree, and the database":            {s, []time.Duration{0}, true, false},
		"two that agree, the database off":            {5 * s, []time.Duration{4 * s}, true, true},
		"two that disagree, this one is right":        {0, []time.Duration{5 * s}, true, false},
		"two that disagree, this one is off":          {5 * s, []time.Duration{0}, false, false},
		"two that disagree, both are off":             {5 * s, []time.Duration{-5 * s}, false, false},
		"three, the database off":                     {5 * s, []time.Duration{5 * s, 6 * s}, true, true},
		"three, this one runs away":                   {9 * s, []time.Duration{0, s}, false, false},
		"three, this one runs away with the database": {0, []time.Duration{5 * s, 5 * s}, false, false},
		"three, another runs away":                    {0, []time.Duration{time.Hour, s}, true, false},
		"three that all disagree, this is right":      {0, []time.Duration{10 * s, -10 * s}, true, false},
		"three that all disagree, this is off":        {10 * s, []time.Duration{0, -10 * s}, false, false},
		"four, two and two, with the database":        {0, []time.Duration{0, 5 * s, 5 * s}, true, false},
		"four, two and two, without":                  {5 * s, []time.Duration{5 * s, 0, 0}, false, false},
	} {
		fine, off := judge(c.own, c.others, 2*s)
		if fine != c.fine || off != c.databaseOff {
			t.Errorf("%s: %v, the database is off: %v", name, fine, off)
		}
	}
}

// fakeDatabase has a clock that is off, and other nodes.
type fakeDatabase struct {
	now    time.Time
	err    error
	others []time.Duration
	beats  []time.Duration
}

func (f *fakeDatabase) Clock(context.Context) (time.Time, error) { return f.now, f.err }

func (f *fakeDatabase) Beat(_ context.Context, _ string, ahead time.Duration) ([]time.Duration, error) {
	f.beats = append(f.beats, ahead)
	return f.others, f.err
}

// The checks of one moment are one beat; what it costs to ask the database is no difference
// of clocks, and of a database that is off the log tells once a minute.
func TestPulse(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	now := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	db := &fakeDatabase{now: now.Add(time.Second)}
	p := NewPulse(db, "n", 2*time.Second, func() time.Time { return now }, slog.New(slog.NewJSONHandler(&out, nil)))
	if err := errors.Join(p.Database(t.Context()), p.Clock(t.Context())); err != nil || len(db.beats) != 1 || db.beats[0] != -time.Second {
		t.Errorf("%v, %v", err, db.beats)
	}
	for range 90 {
		now = now.Add(time.Second)
		db.now, db.others = now.Add(-5*time.Second), []time.Duration{4900 * time.Millisecond}
		if err := p.Clock(t.Context()); err != nil {
			t.Fatalf("two nodes agree: %v", err)
		}
	}
	if got := strings.Count(out.String(), "the database's clock is off"); got != 2 {
		t.Errorf("in a minute and a half the log says it %d times: %s", got, &out)
	}
	now, db.others = now.Add(time.Second), nil
	if err := p.Clock(t.Context()); !errors.Is(err, ErrClock) {
		t.Errorf("alone, with a clock that is off: %v", err)
	}
	if err := p.Database(t.Context()); err != nil {
		t.Errorf("the database takes writes: %v", err)
	}
	now, db.err = now.Add(time.Second), errors.New("down")
	if err := p.Database(t.Context()); !errors.Is(err, db.err) {
		t.Errorf("%v", err)
	}
}
