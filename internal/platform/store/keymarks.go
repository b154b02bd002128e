package store

import (
	"context"

	"avain/internal/domain/fault"
)

const (
	keyMarkSQL     = `SELECT value FROM meta WHERE name = $1`
	addKeyMarkSQL  = `INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`
	moveKeyMarkSQL = `UPDATE meta SET value = $3 WHERE name = $1 AND value = $2`

	keyMarks = "key_mark_" // begins the names
)

// KeyMark is what the database holds to recognise a key that is kept outside it.
// fault.ErrNotFound: nothing yet.
func (s *Keys) KeyMark(ctx context.Context, name string) (mark string, err error) {
	err = s.db.reader().QueryRowContext(ctx, keyMarkSQL, keyMarks+name).Scan(&mark)
	return mark, wrap("read key mark", one(err, fault.ErrNotFound))
}

// SetKeyMark writes a mark in the place of another one; was is empty for the first.
// fault.ErrMoved: it is another one, because another node was faster.
func (s *Keys) SetKeyMark(ctx context.Context, name, was, mark string) error {
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		if was == "" {
			return mustChange(fault.ErrMoved)(tx.ExecContext(ctx, addKeyMarkSQL, keyMarks+name, mark))
		}
		return mustChange(fault.ErrMoved)(tx.ExecContext(ctx, moveKeyMarkSQL, keyMarks+name, was, mark))
	})
	return wrap("write key mark", err)
}
