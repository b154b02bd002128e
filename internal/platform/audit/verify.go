package audit

import (
	"context"
	"math"

	"avain/internal/domain/operations"
	"avain/internal/secret"
)

// Trail is the log as it lies in the database.
type Trail interface {
	AuditHead(ctx context.Context) (operations.AuditHead, error)
	// AuditRows are at most limit entries numbered above after, up to through, in order.
	AuditRows(ctx context.Context, after, through int64, limit int) ([]operations.AuditRow, error)
	// AuditStrays counts entries without a number, or with one after last.
	AuditStrays(ctx context.Context, last int64) (int64, error)
	// AuditNext is the number of the first entry after this one; 0: there is none.
	AuditNext(ctx context.Context, after int64) (int64, error)
	// AuditStreams are the streams that may still be written to.
	AuditStreams(ctx context.Context) ([]int64, error)
	// AuditUnsealed are at most limit entries that are not sealed, after a number of a stream,
	// in order of both.
	AuditUnsealed(ctx context.Context, stream, num int64, limit int) ([]operations.AuditRow, error)
	// AuditRefused are at most limit entries that were not sealed, because they were not as
	// they had been written, or there before.
	AuditRefused(ctx context.Context, limit int) ([]operations.AuditRow, error)
}

// Fault is what has been done to a log.
type Fault string

// The faults. Which of the first four it was can be told as long as what was done is
// simple; somebody who has done several things at once has at least done the one named.
const (
	Altered   Fault = "altered"   // the entry is not as it was written
	Removed   Fault = "removed"   // there were entries here, up to Through
	Inserted  Fault = "inserted"  // the entry was not written by the service
	Reordered Fault = "reordered" // the entry was written with another number
	Cut       Fault = "cut"       // the log ended later: its end is missing
	WrongHead Fault = "head"      // the entries are whole, but the head in the database is not theirs
	Rewritten Fault = "rewritten" // the log is whole, and not the one that the known head is of
	Beginning Fault = "beginning" // the entries from before the chain are not those that it began with
	Missing   Fault = "missing"   // the entry says that others were removed before they were sealed
)

// Break is the first place where a log is not as it was written.
type Break struct {
	Fault   Fault
	Seq     int64 // the number of the entry; of the first that is missing; 0: it is not sealed
	Through int64 // the last that is missing; else as Seq
	Stream  int64 // of an entry that is not sealed, or should not be: whose it is, and its number
	Num     int64
}

// Verdict is what a walk through the log has found.
type Verdict struct {
	Entries  int64                // that were read, and are sealed
	Before   int64                // of them, from before the chain
	Head     operations.AuditHead // the last entry that is as it was written
	Unsealed int64                // entries that are not sealed yet, as they were written
	Pending  int64                // numbers of which no entry is there yet
	Break    *Break               // nil: every entry is as it was written
}

// window is how many entries are read at once.
const window = 1000

// Verify walks through the whole log, with as much memory as a thousand entries take,
// and stops at the first that is not as it was written. What is appended meanwhile is
// read too. A known head, noted outside the database at an earlier time, must be part
// of the log; the zero head asks for nothing. Progress, which may be nil, is told how
// far the walk is.
//
// Without a known head, a log whose last entries were removed together with its head
// looks whole: it is the log of an earlier day.
func (c Chain) Verify(ctx context.Context, trail Trail, known operations.AuditHead, progress func(read, all int64)) (Verdict, error) {
	head, err := trail.AuditHead(ctx)
	if err != nil {
		return Verdict{}, err
	}
	w := &walk{chain: c, trail: trail, head: head, known: known, before: c.Before(), streams: map[int64]*Position{}}
	if err := w.note(ctx); err != nil {
		return Verdict{}, err
	}
	w.last = w.before.Sum()
	w.check(0)
	for more := true; more && w.broken == nil; {
		if more, err = w.step(ctx); err != nil {
			return Verdict{}, err
		}
		if progress != nil {
			progress(w.seq, max(head.Seq, w.seq))
		}
	}
	if w.broken == nil {
		if head, err = trail.AuditHead(ctx); err != nil {
			return Verdict{}, err
		}
		w.end(head)
	}
	if w.broken == nil {
		if err := w.unsealed(ctx); err != nil {
			return Verdict{}, err
		}
	}
	return Verdict{
		Entries: w.seq, Before: w.old, Head: operations.AuditHead{Seq: w.seq, Hash: w.last}, Unsealed: w.fresh, Pending: w.pending, Break: w.broken,
	}, nil
}

// walk is a walk through the log, so far.
type walk struct {
	chain       Chain
	trail       Trail
	head, known operations.AuditHead

	before *Before
	old    int64       // entries from before the chain
	seq    int64       // the last entry that is as it was written
	last   secret.Hash // its hash
	broken *Break
	begun  bool // the entries from before the chain were those that it began with
	met    bool // the known head was part of the log
	headed bool // the head in the database was, too

	streams        map[int64]*Position // how far each is in the log
	open           []int64             // that may still be written to
	fresh, pending int64               // entries that are not sealed, and numbers without one
}

// step reads the next entries. It returns false at the end.
func (w *walk) step(ctx context.Context) (more bool, err error) {
	from := w.seq
	if from == 0 {
		from = math.MinInt64 // entries with numbers below 1 are nobody's but an attacker's
	}
	rows, err := w.trail.AuditRows(ctx, from, w.seq+window, window+1)
	if err != nil {
		return false, err
	}
	if len(rows) == 0 {
		return w.beyond(ctx)
	}
	for _, row := range rows {
		if w.take(row) {
			continue
		}
		if w.broken == nil {
			rows, err = w.trail.AuditRows(ctx, w.seq, w.seq+window, window)
			w.diagnose(row, rows)
		}
		return false, err
	}
	return true, nil
}

// beyond looks for entries where none should be: further on, or without a number. It
// returns true when the log has grown meanwhile.
func (w *walk) beyond(ctx context.Context) (more bool, err error) {
	strays, err := w.trail.AuditStrays(ctx, w.seq)
	if err != nil || strays == 0 {
		return false, err
	}
	next, err := w.trail.AuditNext(ctx, w.seq)
	switch {
	case err != nil:
		return false, err
	case next == w.seq+1:
		return true, nil
	case next > 0 && next <= w.head.Seq:
		w.broken = &Break{Fault: Removed, Seq: w.seq + 1, Through: next - 1}
	default:
		w.broken = &Break{Fault: Inserted, Seq: next, Through: next}
	}
	return false, nil
}

// take holds the next entry against the chain. It returns false when the entry is not
// the one that was written there; why, is known when its number alone tells.
func (w *walk) take(row operations.AuditRow) bool {
	switch {
	case row.Seq <= w.seq:
		w.broken = &Break{Fault: Inserted, Seq: row.Seq, Through: row.Seq}
		return false
	case row.Seq <= w.chain.begun.Seq: // also what was left of a log that was begun anew
		w.before.Add(row)
		w.old, w.last = row.Seq, w.before.Sum()
		w.seq = row.Seq
		w.check(row.Seq)
		w.position(row.Stream).Take(row.Num)
		return true
	case w.recorded() && !w.begun:
		w.broken = &Break{Fault: Beginning, Seq: 1, Through: max(w.chain.begun.Seq, 1)}
		return false
	case row.Seq > w.seq+1:
		w.broken = &Break{Fault: Removed, Seq: w.seq + 1, Through: row.Seq - 1}
		return false
	case row.Foreign:
		w.broken = &Break{Fault: Altered, Seq: row.Seq, Through: row.Seq}
		return false
	case row.Hash.Zero() && w.seq == w.old && !w.recorded():
		w.before.Add(row)
		w.old, w.last = row.Seq, w.before.Sum()
	case w.chain.Next(w.last, row).Equal(row.Hash):
		w.last = row.Hash
	default:
		return false
	}
	w.seq = row.Seq
	w.check(row.Seq)
	return w.account(row)
}

// recorded reports whether it is known outside the database where the chain began.
func (w *walk) recorded() bool { return !w.chain.begun.Hash.Zero() }

// check holds an entry that is as it was written against the heads.
func (w *walk) check(seq int64) {
	if seq == w.chain.begun.Seq {
		w.begun = w.last.Equal(w.chain.begun.Hash)
	}
	if seq == w.head.Seq {
		w.headed = w.last.Equal(w.head.Hash)
	}
	if seq == w.known.Seq {
		w.met = w.last.Equal(w.known.Hash)
	}
}

// end judges a log whose entries are all as they were written. The head is read again:
// the log may have grown, but never beyond it.
func (w *walk) end(now operations.AuditHead) {
	switch asked := !w.known.Hash.Zero(); {
	case w.recorded() && !w.begun:
		w.broken = &Break{Fault: Beginning, Seq: 1, Through: max(w.chain.begun.Seq, 1)}
	case w.seq < w.head.Seq:
		w.broken = &Break{Fault: Cut, Seq: w.seq + 1, Through: w.head.Seq}
	case asked && w.seq < w.known.Seq:
		w.broken = &Break{Fault: Cut, Seq: w.seq + 1, Through: w.known.Seq}
	case asked && !w.met:
		w.broken = &Break{Fault: Rewritten, Seq: w.known.Seq, Through: w.known.Seq}
	case !w.headed || w.seq > now.Seq:
		w.broken = &Break{Fault: WrongHead, Seq: w.head.Seq, Through: w.head.Seq}
	}
}

// diagnose tells what was done to an entry that does not follow from the one before,
// by the entries from it on.
func (w *walk) diagnose(row operations.AuditRow, rows []operations.AuditRow) {
	w.broken = &Break{Fault: Altered, Seq: row.Seq, Through: row.Seq}
	if len(rows) == 0 {
		return
	}
	switch by := w.shift(rows); {
	case w.writtenLater(rows):
		w.broken.Fault = Reordered
	case by > 0:
		w.broken.Fault, w.broken.Through = Removed, row.Seq+by-1
	case row.Hash.Zero() || w.pushed(rows):
		w.broken.Fault = Inserted
	case w.old > 0 && w.old == w.seq:
		w.broken.Seq = 1 // this one, or any from before the chain: only their sum is known
	}
}

// writtenLater reports whether the first entry was written, as it is, under the number
// of another one that comes after it.
func (w *walk) writtenLater(rows []operations.AuditRow) bool {
	row := rows[0]
	for i := 1; i < len(rows); i++ {
		row.Seq = rows[i].Seq
		for _, previous := range []secret.Hash{rows[i-1].Hash, rows[i].Hash} { // the one before it may have taken its place
			if w.chain.Next(previous, row).Equal(row.Hash) {
				return true
			}
		}
	}
	return false
}

// pushed reports whether the second entry was written where the first is.
func (w *walk) pushed(rows []operations.AuditRow) bool {
	if len(rows) < 2 {
		return false
	}
	row := rows[1]
	row.Seq = rows[0].Seq
	return w.chain.Next(w.last, row).Equal(row.Hash)
}

// furthest is how many missing entries are looked for when those after them have been
// numbered anew.
const furthest = 64

// shift is by how much the entries have been renumbered because so many before them
// were removed: the second then follows from the first, as it was written. 0: they
// have not been.
func (w *walk) shift(rows []operations.AuditRow) int64 {
	if len(rows) < 2 {
		return 0
	}
	for by := int64(1); by <= furthest; by++ {
		next := rows[1]
		next.Seq += by
		if w.chain.Next(rows[0].Hash, next).Equal(next.Hash) {
			return by
		}
	}
	return 0
}
