package store

import (
	"context"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/staff"
	"avain/internal/secret"
)

const (
	staffColumns = `id, name, role, created_at, disabled_at`

	addStaffSQL     = `INSERT INTO staff (` + staffColumns + `) VALUES ($1, $2, $3, $4, 0) ON CONFLICT DO NOTHING`
	staffByIDSQL    = `SELECT ` + staffColumns + ` FROM staff WHERE id = $1`
	listStaffSQL    = `SELECT ` + staffColumns + ` FROM staff ORDER BY created_at, id LIMIT 1000`
	staffRoleSQL    = `UPDATE staff SET role = $2 WHERE id = $1`
	disableStaffSQL = `UPDATE staff SET disabled_at = CASE WHEN disabled_at = 0 THEN $2 ELSE disabled_at END WHERE id = $1`
	enableStaffSQL  = `UPDATE staff SET disabled_at = 0 WHERE id = $1`

	dropStaffSessionsSQL    = `DELETE FROM staff_sessions WHERE staff = $1`
	dropStaffInvitationsSQL = `DELETE FROM staff_invitations WHERE staff = $1`
	addStaffInvitationSQL   = `INSERT INTO staff_invitations (token, staff, invited_by, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)`
	staffInvitationSQL      = `SELECT token, staff, invited_by, created_at, expires_at FROM staff_invitations WHERE token = $1 AND expires_at > $2`
	useStaffInvitationSQL   = `DELETE FROM staff_invitations WHERE token = $1 AND staff = $2 AND expires_at > $3`
	purgeInvitedStaffSQL    = `DELETE FROM staff_invitations WHERE token IN (SELECT token FROM staff_invitations
		WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)`
)

// InviteStaff writes an invitation to make a passkey, and first the person when they are
// new. Earlier invitations of the same person are dead. fault.ErrNotFound: there is
// nobody of that id, or they are disabled; fault.ErrExists for a new one: the id is taken.
func (s *Staff) InviteStaff(ctx context.Context, who staff.Member, isNew bool, i staff.Invitation) error {
	if !storable(who.ID) {
		return fault.ErrNotFound
	}
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		if isNew {
			if err := mustChange(fault.ErrExists)(tx.ExecContext(ctx, addStaffSQL, who.ID, text(who.Name), string(who.Role), millis(who.CreatedAt))); err != nil {
				return err
			}
		}
		found, err := scanStaff(tx.QueryRowContext(ctx, staffByIDSQL, who.ID))
		if err == nil && found.Disabled() {
			err = fault.ErrNotFound
		}
		if err != nil {
			return one(err, fault.ErrNotFound)
		}
		if _, err := tx.ExecContext(ctx, dropStaffInvitationsSQL, who.ID); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, addStaffInvitationSQL, i.Token[:], who.ID, text(i.By), millis(i.CreatedAt), millis(i.ExpiresAt))
		return err
	})
	return wrap("invite staff", err)
}

// StaffInvitation finds an invitation that can be used, and whom it is for.
// fault.ErrNotFound: unknown, used or too old, or the person is disabled.
func (s *Staff) StaffInvitation(ctx context.Context, token secret.Hash, now time.Time) (staff.Invitation, staff.Member, error) {
	if token.Zero() {
		return staff.Invitation{}, staff.Member{}, fault.ErrNotFound
	}
	var i staff.Invitation
	err := s.db.reader().QueryRowContext(ctx, staffInvitationSQL, token[:], millis(now)).
		Scan(hashColumn{&i.Token}, &i.Staff, &i.By, timeColumn{&i.CreatedAt}, timeColumn{&i.ExpiresAt})
	if err != nil {
		return staff.Invitation{}, staff.Member{}, wrap("find staff invitation", one(err, fault.ErrNotFound))
	}
	who, err := s.StaffByID(ctx, i.Staff)
	if err == nil && who.Disabled() {
		err = fault.ErrNotFound
	}
	return i, who, err
}

// StaffByID finds somebody of the staff, disabled ones too. fault.ErrNotFound.
func (s *Staff) StaffByID(ctx context.Context, id string) (staff.Member, error) {
	if !storable(id) {
		return staff.Member{}, fault.ErrNotFound
	}
	who, err := scanStaff(s.db.reader().QueryRowContext(ctx, staffByIDSQL, id))
	return who, wrap("find staff", one(err, fault.ErrNotFound))
}

// Staff lists the staff, the oldest first, at most 1000.
func (s *Staff) Staff(ctx context.Context) (all []staff.Member, err error) {
	err = eachRow(ctx, s.db.reader(), listStaffSQL, nil, func(row scanner) error {
		who, err := scanStaff(row)
		all = append(all, who)
		return err
	})
	return all, wrap("list staff", err)
}

// SetStaffRole gives somebody another role, from the next page on. fault.ErrNotFound.
func (s *Staff) SetStaffRole(ctx context.Context, id string, role staff.Role) error {
	return s.changeStaff(ctx, "set staff role", id, func(ctx context.Context, tx runner) error {
		return mustChange(fault.ErrNotFound)(tx.ExecContext(ctx, staffRoleSQL, id, string(role)))
	})
}

// DisableStaff keeps somebody out: their sessions and invitations end with it. Again
// changes nothing. fault.ErrNotFound.
func (s *Staff) DisableStaff(ctx context.Context, id string, at time.Time) error {
	return s.changeStaff(ctx, "disable staff", id, func(ctx context.Context, tx runner) error {
		if err := mustChange(fault.ErrNotFound)(tx.ExecContext(ctx, disableStaffSQL, id, millis(at))); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, dropStaffSessionsSQL, id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, dropStaffInvitationsSQL, id)
		return err
	})
}

// EnableStaff lets somebody in again, with the passkeys that they had. fault.ErrNotFound.
func (s *Staff) EnableStaff(ctx context.Context, id string) error {
	return s.changeStaff(ctx, "enable staff", id, func(ctx context.Context, tx runner) error {
		return mustChange(fault.ErrNotFound)(tx.ExecContext(ctx, enableStaffSQL, id))
	})
}

func (s *Staff) changeStaff(ctx context.Context, what, id string, act func(context.Context, runner) error) error {
	if !storable(id) {
		return fault.ErrNotFound
	}
	return wrap(what, s.db.write(ctx, act))
}

// PurgeStaff deletes invitations and sessions that are over, and says how many.
func (s *Staff) PurgeStaff(ctx context.Context, now time.Time) (total int64, err error) {
	for _, query := range []string{purgeInvitedStaffSQL, purgeStaffSessionsSQL} {
		n, err := s.inBatches(ctx, query, []any{millis(now), purgeBatch})
		if total += n; err != nil {
			return total, wrap("purge staff", err)
		}
	}
	return total, nil
}

func scanStaff(row scanner) (staff.Member, error) {
	var who staff.Member
	err := row.Scan(&who.ID, &who.Name, &who.Role, timeColumn{&who.CreatedAt}, timeColumn{&who.DisabledAt})
	return who, err
}
