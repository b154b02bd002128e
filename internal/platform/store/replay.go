package store

import (
	"bytes"
	"context"
	"slices"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
)

const setMarkSQL = `INSERT INTO once (mark, expires_at) VALUES ($1, $2) ON CONFLICT (mark) DO NOTHING`

// setReplayKeys sets marks in the transaction of the act that they protect: if one was
// set before, fault.ErrReplayed undoes the whole act, and if the act fails, the
// marks stay unset. They come first, so that a replay is always told as one, and in
// one order, so that two transactions with the same marks cannot block each other.
func setReplayKeys(ctx context.Context, tx runner, once []login.ReplayKey) error {
	if len(once) > 1 {
		once = slices.SortedFunc(slices.Values(once), func(a, b login.ReplayKey) int { return bytes.Compare(a.Hash[:], b.Hash[:]) })
	}
	for _, o := range once {
		err := mustChange(fault.ErrReplayed)(tx.ExecContext(ctx, setMarkSQL, o.Hash[:], millis(o.Expires)))
		if err != nil {
			return err
		}
	}
	return nil
}

// UseOnce sets marks and does nothing else: all of them, or none and
// fault.ErrReplayed when one was set before.
func (s *Limits) UseOnce(ctx context.Context, once ...login.ReplayKey) error {
	if len(once) == 0 {
		return nil
	}
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error { return setReplayKeys(ctx, tx, once) })
	return wrap("use once", err)
}
