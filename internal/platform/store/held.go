package store

import (
	"context"
	"errors"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
)

const (
	// Released is a human, for the employer's record: a later invitation holds nobody again.
	releasedSQL = `SELECT COUNT(*) FROM held_activations h JOIN invitations i ON i.id = h.invitation
		WHERE i.employment = $1 AND h.lookup = $2 AND h.released_at > 0`
	holdSQL = `INSERT INTO held_activations (id, invitation, lookup, support_code, held_at, released_at) VALUES ($1, $2, $3, $4, $5, 0)
		ON CONFLICT (invitation, lookup) DO UPDATE SET support_code = excluded.support_code, held_at = excluded.held_at`
	markHeldSQL = `UPDATE invitations SET held_at = $2 WHERE id = $1 AND used_at = 0`
	// A link that was passed around must not fill the table: the oldest go.
	dropOldHeldSQL = `DELETE FROM held_activations WHERE invitation = $1 AND released_at = 0 AND id NOT IN
		(SELECT id FROM held_activations WHERE invitation = $1 ORDER BY held_at DESC, id LIMIT $2)`
	heldOfSQL = `SELECT h.id, h.invitation, h.support_code, h.held_at, h.released_at FROM held_activations h JOIN invitations i ON i.id = h.invitation
		WHERE i.employment = $1 ORDER BY h.held_at DESC, h.id`
	releaseSQL = `UPDATE held_activations SET released_at = $3 WHERE id = $1 AND released_at = 0
		AND invitation IN (SELECT id FROM invitations WHERE employment = $2)`
	dropHeldSQL      = `DELETE FROM held_activations WHERE invitation IN (SELECT id FROM invitations WHERE employment = $1)`
	dropHeldHumanSQL = `DELETE FROM held_activations WHERE lookup = (SELECT hetu_lookup FROM persons WHERE id = $1)`
)

// maxHeld is how many humans are remembered for one invitation.
const maxHeld = 20

// HoldActivation writes down that a human with another name came with an invitation, and
// reports whether somebody of the staff has released this human: then nothing is written.
// It binds nothing, and the invitation stays as it is.
func (s *Employments) HoldActivation(ctx context.Context, h employment.HeldActivation, employment string, lookups [][]byte) (released bool, err error) {
	err = s.db.write(ctx, func(ctx context.Context, tx runner) error {
		for _, lookup := range lookups {
			var n int
			if err := tx.QueryRowContext(ctx, releasedSQL, text(employment), lookup).Scan(&n); err != nil || n > 0 {
				released = n > 0
				return err
			}
		}
		_, err1 := tx.ExecContext(ctx, holdSQL, text(h.ID), text(h.Invitation), lookups[0], text(h.SupportCode), millis(h.HeldAt))
		_, err2 := tx.ExecContext(ctx, markHeldSQL, text(h.Invitation), millis(h.HeldAt))
		_, err3 := tx.ExecContext(ctx, dropOldHeldSQL, text(h.Invitation), maxHeld)
		return errors.Join(err1, err2, err3)
	})
	return released, wrap("hold activation", err)
}

// HeldActivations lists those of an employer's record that were held, the newest first.
func (s *Employments) HeldActivations(ctx context.Context, record string) (all []employment.HeldActivation, err error) {
	err = eachRow(ctx, s.db.reader(), heldOfSQL, []any{text(record)}, func(row scanner) error {
		var h employment.HeldActivation
		err := row.Scan(&h.ID, &h.Invitation, &h.SupportCode, timeColumn{&h.HeldAt}, timeColumn{&h.ReleasedAt})
		all = append(all, h)
		return err
	})
	return all, wrap("list held activations", err)
}

// ReleaseActivation lets the human who was held activate, with that invitation or a later
// one of the same record. fault.ErrNotFound: there is none, or it is released.
func (s *Employments) ReleaseActivation(ctx context.Context, employment, id string, at time.Time) error {
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		return mustChange(fault.ErrNotFound)(tx.ExecContext(ctx, releaseSQL, text(id), text(employment), millis(at)))
	})
	return wrap("release activation", err)
}
