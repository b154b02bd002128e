package store

import (
	"bytes"
	"context"
	"slices"

	"avain/internal/domain/login"
)

const setMarkSQL = `INSERT INTO once (mark, expires_at) VALUES ($1, $2) ON CONFLICT (mark) DO NOTHING`

// setMarks sets marks in the transaction of the act that they protect: if one was
// set before, login.ErrReplayed undoes the whole act, and if the act fails, the
// marks stay unset. They come first, so that a replay is always told as one, and in
// one order, so that two transactions with the same marks cannot block each other.
func setMarks(ctx context.Context, tx runner, once []login.Once) error {
	if len(once) > 1 {
		once = slices.SortedFunc(slices.Values(once), func(a, b login.Once) int { return bytes.Compare(a.Mark[:], b.Mark[:]) })
	}
	for _, o := range once {
		err := mustChange(login.ErrReplayed)(tx.ExecContext(ctx, setMarkSQL, o.Mark[:], millis(o.Expires)))
		if err != nil {
			return err
		}
	}
	return nil
}

// UseOnce sets marks and does nothing else: all of them, or none and
// login.ErrReplayed when one was set before.
func (s *Store) UseOnce(ctx context.Context, once ...login.Once) error {
	if len(once) == 0 {
		return nil
	}
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error { return setMarks(ctx, tx, once) })
	return wrap("use once", err)
}
