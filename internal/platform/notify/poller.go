package notify

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

const (
	// lookEvery is how long a lost hint can go unnoticed.
	lookEvery = time.Second
	// lookBack is how far behind the present the lookout starts. A change is dated before
	// it can be seen: by the time that its transaction took, and by what the clocks of two
	// nodes differ (docs/decisions/0007 allows two seconds).
	lookBack = 5 * time.Second
)

// Poller finds what hints have lost.
type Poller struct {
	Room *Hub
	// Moved lists the attempts that have changed since, each with the time of its last
	// change.
	Moved func(ctx context.Context, since time.Time) (map[string]time.Time, error)
	Now   func() time.Time
	Log   *slog.Logger
}

// Run looks until ctx ends. When nobody waits it asks nothing.
func (l Poller) Run(ctx context.Context) {
	clock := time.NewTicker(lookEvery)
	defer clock.Stop()
	var seen map[string]time.Time
	blind, last := false, l.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-clock.C:
		}
		now := l.Now()
		if l.Room.Waiting() == 0 {
			last = now // whoever comes next looks for himself first
			continue
		}
		moved, err := l.poll(ctx, last.Add(-lookBack))
		switch {
		case errors.Is(err, context.Canceled):
		case err != nil && !blind:
			l.Log.WarnContext(ctx, "cannot see which logins have moved; apps that wait are told by hints alone", "error", err)
		case err == nil && blind:
			l.Log.InfoContext(ctx, "seeing again which logins have moved")
		}
		if blind = err != nil; blind {
			continue // the next look goes back to the last good one
		}
		for attempt, at := range moved {
			if !seen[attempt].Equal(at) {
				l.Room.Notify(attempt)
			}
		}
		seen, last = moved, now
	}
}

// look asks, and gives up when the database is too slow to be waited for.
func (l Poller) poll(ctx context.Context, since time.Time) (map[string]time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, lookBack)
	defer cancel()
	return l.Moved(ctx, since)
}
