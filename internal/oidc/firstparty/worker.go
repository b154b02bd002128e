package firstparty

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"avain/internal/domain/login"
)

const (
	// atOnce is how many streams a worker looks up with one query. Those who were called
	// wait no longer than for one such handful of keep-alives.
	atOnce = 32
	// lookTime bounds that query; later is when a look that failed is tried again.
	lookTime = 5 * time.Second
	later    = time.Second
)

// streamWorker serves a share of the server's streams, with one goroutine.
type streamWorker struct {
	server *streamServer
	bell   chan struct{} // rung when there are calls

	mu    sync.Mutex
	open  bool
	calls []*stream // to be looked at now, each once

	due schedule // of the goroutine alone: whose turn it is next
}

func (d *streamWorker) start() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open = true
}

func (d *streamWorker) running() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.open
}

// call puts a stream among those that are looked at now. It reports whether anybody
// will: false says that the worker has closed before it knew the stream.
func (d *streamWorker) call(s *stream, home bool) bool {
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
func (d *streamWorker) run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for ctx.Err() == nil {
		if batch := d.next(d.server.now()); len(batch) > 0 {
			err := d.server.keep.Do(ctx, "hall", func(ctx context.Context) error { d.process(ctx, batch); return nil })
			if err != nil {
				d.evict(batch)
			}
			continue
		}
		timer.Reset(d.due.wait(d.server.now()))
		select {
		case <-ctx.Done():
		case <-d.bell:
		case <-timer.C:
		}
	}
	d.close()
}

// evict is for those at whom a look has panicked: their apps ask again.
func (d *streamWorker) evict(batch []*stream) {
	for _, s := range batch {
		_ = d.server.keep.Do(context.Background(), "hall", func(context.Context) error { d.endStream(s, againEvent(spread)); return nil })
	}
}

// next is who is looked at now: those who were called, then those whose time has come.
func (d *streamWorker) next(now time.Time) []*stream {
	batch := d.called()
	for called := len(batch) > 0; !called && len(batch) < atOnce && len(d.due) > 0 && !d.due[0].due.After(now); {
		s := d.due[0]
		d.due.remove(s)
		batch = append(batch, s)
	}
	return batch
}

func (d *streamWorker) called() []*stream {
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

// process looks up how the logins of some streams stand, with one query, and tells them.
func (d *streamWorker) process(ctx context.Context, batch []*stream) {
	ids := make([]string, 0, len(batch))
	for _, s := range batch {
		if !d.evicted(s) {
			ids = append(ids, s.attempt)
		}
	}
	standings, err := d.look(ctx, ids)
	for _, s := range batch {
		switch standing, found := standings[s.attempt]; {
		case d.evicted(s):
			d.endStream(s, againEvent(spread))
		case err == nil && !found:
			d.endStream(s, againEvent(0)) // it asks again and is told that there is no such login
		case err != nil:
			// The lookout says in the log that the database does not answer.
			d.due.put(s, d.server.now().Add(later))
		default:
			d.send(s, standing)
		}
	}
}

func (d *streamWorker) evicted(s *stream) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return s.home
}

func (d *streamWorker) look(ctx context.Context, ids []string) (map[string]login.AttemptStatus, error) {
	if len(ids) == 0 {
		return nil, nil //nolint:nilnil // of nobody there is nothing to know
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	return d.server.look(ctx, ids)
}

// send sends what is new, or a sign of life when one is due, and plans the next turn.
func (d *streamWorker) send(s *stream, at login.AttemptStatus) {
	now := d.server.now()
	left := at.ExpiresAt.Sub(now)
	here := true
	switch {
	case at.State != s.state:
		s.state = at.State
		event := stateEvent(report{at.State, at.Reason, secondsUntil(at.ExpiresAt, now), s.support}, at.UpdatedAt)
		if at.State.Over() {
			d.endStream(s, event)
			return
		}
		here = s.write(event)
	case !now.Before(s.until), left <= 0:
		d.endStream(s, againEvent(0)) // it asks again and is told, should the login have ended
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
		d.endStream(s, nil)
		return
	}
	d.due.put(s, d.server.alignToSecond(now.Add(min(keepAlive, left, s.until.Sub(now)))))
}

// endStream ends a stream with a last event, which may be nil.
func (d *streamWorker) endStream(s *stream, event []byte) {
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
func (d *streamWorker) close() {
	d.mu.Lock()
	d.open = false
	left := d.calls
	d.calls = nil
	d.mu.Unlock()
	for _, s := range left {
		d.endStream(s, againEvent(spread)) // once, however often it was called
	}
	for len(d.due) > 0 {
		d.endStream(d.due[0], againEvent(spread))
	}
}

// schedule is a heap of streams, the next turn first.
type schedule []*stream

const nowhere = -1 // the place of a stream that is not in the queue

func (q *schedule) put(s *stream, due time.Time) {
	s.due = due
	if s.place == nowhere {
		heap.Push(q, s)
		return
	}
	heap.Fix(q, s.place)
}

func (q *schedule) remove(s *stream) {
	if s.place != nowhere {
		heap.Remove(q, s.place)
	}
}

// wait is how long nobody's turn comes.
func (q *schedule) wait(now time.Time) time.Duration {
	if len(*q) == 0 {
		return time.Hour
	}
	return max(0, (*q)[0].due.Sub(now))
}

// Len and the methods after it implement [heap.Interface].
func (q *schedule) Len() int           { return len(*q) }
func (q *schedule) Less(i, j int) bool { return (*q)[i].due.Before((*q)[j].due) }
func (q *schedule) Swap(i, j int) {
	(*q)[i], (*q)[j] = (*q)[j], (*q)[i]
	(*q)[i].place, (*q)[j].place = i, j
}

func (q *schedule) Push(x any) {
	s, _ := x.(*stream)
	s.place = len(*q)
	*q = append(*q, s)
}

func (q *schedule) Pop() any {
	last := len(*q) - 1
	s := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	s.place = nowhere
	return s
}
