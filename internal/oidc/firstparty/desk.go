package firstparty

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"avain/internal/domain/login"
)

const (
	// atOnce is how many streams a desk looks up with one query. Those who were called
	// wait no longer than for one such handful of keep-alives.
	atOnce = 32
	// lookTime bounds that query; later is when a look that failed is tried again.
	lookTime = 5 * time.Second
	later    = time.Second
)

// desk serves a share of the hall's streams, with one goroutine.
type desk struct {
	hall *hall
	bell chan struct{} // rung when there are calls

	mu    sync.Mutex
	open  bool
	calls []*stream // to be looked at now, each once

	due queue // of the goroutine alone: whose turn it is next
}

func (d *desk) start() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open = true
}

func (d *desk) isOpen() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.open
}

// call puts a stream among those that are looked at now. It reports whether anybody
// will: false says that the desk has closed before it knew the stream.
func (d *desk) call(s *stream, home bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	s.home = s.home || home
	switch {
	case s.gone || s.called:
		return true
	case !d.open:
		return false
	}
	s.called = true
	d.calls = append(d.calls, s)
	select {
	case d.bell <- struct{}{}:
	default: // rung already
	}
	return true
}

// run serves until ctx ends, then sends everybody home.
func (d *desk) run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for ctx.Err() == nil {
		if batch := d.next(d.hall.now()); len(batch) > 0 {
			err := d.hall.keep.Do(ctx, "hall", func(ctx context.Context) error { d.attend(ctx, batch); return nil })
			if err != nil {
				d.sendHome(batch)
			}
			continue
		}
		timer.Reset(d.due.wait(d.hall.now()))
		select {
		case <-ctx.Done():
		case <-d.bell:
		case <-timer.C:
		}
	}
	d.close()
}

// sendHome is for those at whom a look has panicked: their apps ask again.
func (d *desk) sendHome(batch []*stream) {
	for _, s := range batch {
		_ = d.hall.keep.Do(context.Background(), "hall", func(context.Context) error { d.dismiss(s, againEvent(spread)); return nil })
	}
}

// next is who is looked at now: those who were called, then those whose time has come.
func (d *desk) next(now time.Time) []*stream {
	batch := d.called()
	for called := len(batch) > 0; !called && len(batch) < atOnce && len(d.due) > 0 && !d.due[0].due.After(now); {
		s := d.due[0]
		d.due.remove(s)
		batch = append(batch, s)
	}
	return batch
}

func (d *desk) called() []*stream {
	d.mu.Lock()
	defer d.mu.Unlock()
	var batch []*stream
	for len(d.calls) > 0 && len(batch) < atOnce {
		s := d.calls[0]
		d.calls = d.calls[1:]
		s.called = false
		if !s.gone {
			batch = append(batch, s)
		}
	}
	if len(d.calls) == 0 {
		d.calls = nil // what a rush has left behind is not kept
	}
	return batch
}

// attend looks up how the logins of some streams stand, with one query, and tells them.
func (d *desk) attend(ctx context.Context, batch []*stream) {
	ids := make([]string, 0, len(batch))
	for _, s := range batch {
		if !d.isHome(s) {
			ids = append(ids, s.attempt)
		}
	}
	standings, err := d.look(ctx, ids)
	for _, s := range batch {
		switch standing, found := standings[s.attempt]; {
		case d.isHome(s):
			d.dismiss(s, againEvent(spread))
		case err == nil && !found:
			d.dismiss(s, againEvent(0)) // it asks again and is told that there is no such login
		case err != nil:
			// The lookout says in the log that the database does not answer.
			d.due.put(s, d.hall.now().Add(later))
		default:
			d.tell(s, standing)
		}
	}
}

func (d *desk) isHome(s *stream) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return s.home
}

func (d *desk) look(ctx context.Context, ids []string) (map[string]login.AttemptStatus, error) {
	if len(ids) == 0 {
		return nil, nil //nolint:nilnil // of nobody there is nothing to know
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	return d.hall.look(ctx, ids)
}

// tell sends what is new, or a sign of life when one is due, and plans the next turn.
func (d *desk) tell(s *stream, at login.AttemptStatus) {
	now := d.hall.now()
	left := at.ExpiresAt.Sub(now)
	here := true
	switch {
	case at.State != s.state:
		s.state = at.State
		event := stateEvent(report{at.State, at.Reason, secondsUntil(at.ExpiresAt, now), s.support}, at.UpdatedAt)
		if at.State.Over() {
			d.dismiss(s, event)
			return
		}
		here = s.write(event)
	case !now.Before(s.until), left <= 0:
		d.dismiss(s, againEvent(0)) // it asks again and is told, should the login have ended
		return
	case !now.Before(s.due):
		if !s.due.IsZero() { // a stream that has just come has been told already
			here = s.write(signOfLife)
		}
	default: // called for nothing, before its time
		d.due.put(s, s.due)
		return
	}
	if !here {
		d.dismiss(s, nil)
		return
	}
	d.due.put(s, d.hall.beat(now.Add(min(keepAlive, left, s.until.Sub(now)))))
}

// dismiss ends a stream with a last event, which may be nil.
func (d *desk) dismiss(s *stream, event []byte) {
	d.mu.Lock()
	again := s.gone
	s.gone = true
	d.mu.Unlock()
	if again {
		return
	}
	d.due.remove(s)
	s.end(event)
}

// close sends everybody home who is left.
func (d *desk) close() {
	d.mu.Lock()
	d.open = false
	left := d.calls
	d.calls = nil
	d.mu.Unlock()
	for _, s := range left {
		d.dismiss(s, againEvent(spread)) // once, however often it was called
	}
	for len(d.due) > 0 {
		d.dismiss(d.due[0], againEvent(spread))
	}
}

// queue is a heap of streams, the next turn first.
type queue []*stream

const nowhere = -1 // the place of a stream that is not in the queue

func (q *queue) put(s *stream, due time.Time) {
	s.due = due
	if s.place == nowhere {
		heap.Push(q, s)
		return
	}
	heap.Fix(q, s.place)
}

func (q *queue) remove(s *stream) {
	if s.place != nowhere {
		heap.Remove(q, s.place)
	}
}

// wait is how long nobody's turn comes.
func (q *queue) wait(now time.Time) time.Duration {
	if len(*q) == 0 {
		return time.Hour
	}
	return max(0, (*q)[0].due.Sub(now))
}

// Len and the methods after it implement [heap.Interface].
func (q *queue) Len() int           { return len(*q) }
func (q *queue) Less(i, j int) bool { return (*q)[i].due.Before((*q)[j].due) }
func (q *queue) Swap(i, j int) {
	(*q)[i], (*q)[j] = (*q)[j], (*q)[i]
	(*q)[i].place, (*q)[j].place = i, j
}

func (q *queue) Push(x any) {
	s, _ := x.(*stream)
	s.place = len(*q)
	*q = append(*q, s)
}

func (q *queue) Pop() any {
	last := len(*q) - 1
	s := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	s.place = nowhere
	return s
}
