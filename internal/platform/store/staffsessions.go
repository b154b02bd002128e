package store

import (
	"context"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/staff"
	"avain/internal/secret"
)

const (
	addStaffSessionSQL = `INSERT INTO staff_sessions (token, staff, passkey, created_at, idle_until, ends_at) VALUES ($1, $2, $3, $4, $5, $6)`

	staffBySessionSQL = `SELECT t.token, t.staff, t.passkey, t.created_at, t.idle_until, t.ends_at, s.id, s.name, s.role, s.created_at, s.disabled_at
		FROM staff_sessions t JOIN staff s ON s.id = t.staff WHERE t.token = $1 AND s.disabled_at = 0`

	useStaffSessionSQL = `UPDATE staff_sessions SET idle_until = CASE WHEN ends_at < $2 THEN ends_at ELSE $2 END
		WHERE token = $1 AND idle_until < $2`
	dropStaffSessionSQL   = `DELETE FROM staff_sessions WHERE token = $1`
	purgeStaffSessionsSQL = `DELETE FROM staff_sessions WHERE token IN (SELECT token FROM staff_sessions
		WHERE idle_until <= $1 ORDER BY idle_until LIMIT $2)`

	// staffStep is how far IdleUntil may lag behind.
	staffStep = time.Minute
)

func addStaffSession(ctx context.Context, tx runner, t staff.Session) error {
	_, err := tx.ExecContext(ctx, addStaffSessionSQL, t.Token[:], text(t.Staff), text(t.Passkey), millis(t.CreatedAt), millis(t.IdleUntil), millis(t.EndsAt))
	return err
}

// StaffBySession finds the session of a browser and whose it is. It may have run out:
// see staff.Session.Live. fault.ErrNotFound also for those who are disabled.
func (s *Staff) StaffBySession(ctx context.Context, token secret.Hash) (staff.Session, staff.Member, error) {
	var t staff.Session
	var who staff.Member
	if token.Zero() {
		return t, who, fault.ErrNotFound
	}
	err := s.db.reader().QueryRowContext(ctx, staffBySessionSQL, token[:]).Scan(
		hashColumn{&t.Token}, &t.Staff, &t.Passkey, timeColumn{&t.CreatedAt}, timeColumn{&t.IdleUntil}, timeColumn{&t.EndsAt},
		&who.ID, &who.Name, &who.Role, timeColumn{&who.CreatedAt}, timeColumn{&who.DisabledAt})
	if err != nil {
		return staff.Session{}, staff.Member{}, wrap("find staff session", one(err, fault.ErrNotFound))
	}
	return t, who, nil
}

// UseStaffSession moves the end of an idle session, at most once a minute and never
// beyond its absolute end. One that has ended meanwhile stays so.
func (s *Staff) UseStaffSession(ctx context.Context, t staff.Session, idleUntil time.Time) error {
	if idleUntil.Sub(t.IdleUntil) < staffStep {
		return nil
	}
	return wrap("use staff session", s.db.write(ctx, func(ctx context.Context, tx runner) error {
		_, err := tx.ExecContext(ctx, useStaffSessionSQL, t.Token[:], millis(idleUntil))
		return err
	}))
}

// EndStaffSession ends a session; again changes nothing.
func (s *Staff) EndStaffSession(ctx context.Context, token secret.Hash) error {
	return wrap("end staff session", s.db.write(ctx, func(ctx context.Context, tx runner) error {
		_, err := tx.ExecContext(ctx, dropStaffSessionSQL, token[:])
		return err
	}))
}
