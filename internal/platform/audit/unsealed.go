package audit

import (
	"context"
	"math"
	"slices"

	"avain/internal/domain/operations"
)

// note notes which streams are open: of those, numbers may be without an entry.
func (w *walk) note(ctx context.Context) error {
	open, err := w.trail.AuditStreams(ctx)
	w.open = append(w.open, open...)
	return err
}

func (w *walk) position(stream int64) *Position {
	p := w.streams[stream]
	if p == nil {
		p = &Position{}
		w.streams[stream] = p
	}
	return p
}

// account counts an entry of the chain for its stream. It returns false when the stream had
// it before, or when it says that others are missing.
func (w *walk) account(row operations.AuditRow) bool {
	switch {
	case row.Stream == 0:
		return true
	case !w.position(row.Stream).Take(row.Num):
		w.broken = &Break{Fault: Inserted, Seq: row.Seq, Through: row.Seq, Stream: row.Stream, Num: row.Num}
	case row.Action == ActionMissing && row.Actor == system:
		w.broken = &Break{Fault: Missing, Seq: row.Seq, Through: row.Seq, Stream: row.Stream, Num: row.Num}
	}
	return w.broken == nil
}

// unsealed looks at what is not in the chain, after all that is.
func (w *walk) unsealed(ctx context.Context) error {
	refused, err := w.trail.AuditRefused(ctx, 1)
	if err != nil {
		return err
	}
	if len(refused) > 0 {
		w.broken = &Break{Fault: Altered, Stream: refused[0].Stream, Num: refused[0].Num}
		return nil
	}
	stream, num := int64(math.MinInt64), int64(math.MinInt64)
	for w.broken == nil {
		rows, err := w.trail.AuditUnsealed(ctx, stream, num, window)
		if err != nil {
			return err
		}
		for _, row := range rows {
			stream, num = row.Stream, row.Num
			w.takeUnsealed(row)
		}
		if len(rows) < window {
			break
		}
	}
	if err := w.note(ctx); err != nil || w.broken != nil {
		return err
	}
	w.holes()
	return nil
}

func (w *walk) takeUnsealed(row operations.AuditRow) {
	switch {
	case w.broken != nil:
	case row.Foreign || !w.chain.Sign(row).Equal(row.Hash):
		w.broken = &Break{Fault: Altered, Stream: row.Stream, Num: row.Num}
	case !w.position(row.Stream).Take(row.Num):
		w.broken = &Break{Fault: Inserted, Stream: row.Stream, Num: row.Num}
	default:
		w.fresh++
	}
}

// holes judges the numbers without an entry. As long as a stream is open their transactions
// may be under way; when it was closed each was accounted for.
func (w *walk) holes() {
	var ids []int64
	for id := range w.streams {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		p := w.streams[id]
		switch {
		case len(p.Missing) == 0:
		case slices.Contains(w.open, id):
			w.pending += int64(len(p.Missing))
		default:
			w.broken = &Break{Fault: Removed, Stream: id, Num: slices.Min(p.Missing)}
			return
		}
	}
}
