package people

import (
	"context"
	"errors"
	"sync"
	"time"

	"avain/internal/domain/login"
	"avain/internal/secret"
)

// maxPending bounds what is counted and not yet added. Every count has cost a hash, of
// which a node computes few in the time between two flushes: it is for a database that
// takes everything but this.
const maxPending = 10_000

// errForgotten says that [maxPending] was reached.
var errForgotten = errors.New("too many wrong tries to remember them all; some are not counted")

// WrongTries counts the wrong passwords of people on one node, per day and network. It is
// safe for concurrent use, and the nil WrongTries counts nothing.
//
// It only touches memory: the database gets the counts every few seconds, beside the
// logins. Were they written with the try, a name that somebody has would cost a row more
// than one that nobody has, and the clock could tell (threat 45). A node that crashes
// loses the last seconds.
type WrongTries struct {
	zone *time.Location // of the days

	mu        sync.Mutex
	pending   map[wrongCell]wrongCount
	forgotten bool // some, because there were too many
}

type wrongCell struct {
	person, day string
	network     secret.Hash
}

type wrongCount struct{ tries, known int64 }

func (n wrongCount) plus(m wrongCount) wrongCount {
	return wrongCount{n.tries + m.tries, n.known + m.known}
}

// WrongTriesStore adds counts to those of the other nodes, all or none.
type WrongTriesStore interface {
	AddWrongTries(ctx context.Context, counted []login.WrongTries) error
}

// NewWrongTries makes a counter with the days of a zone.
func NewWrongTries(zone *time.Location) *WrongTries {
	return &WrongTries{zone: zone, pending: map[wrongCell]wrongCount{}}
}

// count adds a try for the person; nobody's are not counted. network is asked for the mark
// of the network on that day.
func (w *WrongTries) count(at time.Time, person string, known bool, network func(day string) secret.Hash) {
	if w == nil {
		return
	}
	day := at.In(w.zone).Format(time.DateOnly)
	cell, n := wrongCell{person, day, network(day)}, wrongCount{tries: 1}
	if known {
		n.known = 1
	}
	if person == "" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.add(cell, n)
}

func (w *WrongTries) add(cell wrongCell, n wrongCount) {
	before, there := w.pending[cell]
	if !there && len(w.pending) >= maxPending {
		w.forgotten = true
		return
	}
	w.pending[cell] = before.plus(n)
}

// Flush adds what has been counted since the last time. What cannot be added now is kept
// for the next time.
func (w *WrongTries) Flush(ctx context.Context, s WrongTriesStore) error {
	w.mu.Lock()
	taken, forgotten := w.pending, w.forgotten
	w.pending, w.forgotten = map[wrongCell]wrongCount{}, false
	w.mu.Unlock()
	if len(taken) == 0 {
		return nil
	}
	batch := make([]login.WrongTries, 0, len(taken))
	for at, n := range taken {
		batch = append(batch, login.WrongTries{Person: at.person, Day: at.day, Network: at.network, Tries: n.tries, Known: n.known})
	}
	added := false
	defer func() { // also when it panics
		if added {
			return
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		for at, n := range taken {
			w.add(at, n)
		}
	}()
	err := s.AddWrongTries(ctx, batch)
	added = err == nil
	if forgotten {
		err = errors.Join(err, errForgotten)
	}
	return err
}
