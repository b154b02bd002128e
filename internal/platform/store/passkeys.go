package store

import (
	"context"
	"errors"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/staff"
	"avain/internal/secret"
)

const (
	passkeyColumns = `id, staff, credential, name, record, created_at, used_at`

	addPasskeySQL = `INSERT INTO passkeys (` + passkeyColumns + `)
		SELECT $1, $2, $3, $4, $5, $6, 0 FROM staff WHERE id = $2 AND disabled_at = 0 ON CONFLICT DO NOTHING`
	passkeyByCredentialSQL = `SELECT ` + passkeyColumns + ` FROM passkeys WHERE credential = $1`
	passkeysOfStaffSQL     = `SELECT ` + passkeyColumns + ` FROM passkeys WHERE staff = $1 ORDER BY created_at, id LIMIT 100`
	usePasskeySQL          = `UPDATE passkeys SET record = $2, used_at = $3 WHERE id = $1 AND staff IN (SELECT id FROM staff WHERE disabled_at = 0)`
	// The last one stays: without any, only an invitation helps.
	dropPasskeySQL   = `DELETE FROM passkeys WHERE id = $1 AND staff = $2 AND EXISTS (SELECT 1 FROM passkeys o WHERE o.staff = $2 AND o.id <> $1)`
	passkeysSinceSQL = `SELECT p.id, p.staff, p.name, p.created_at, s.name, s.role FROM passkeys p JOIN staff s ON s.id = p.staff
		WHERE p.created_at > $1 AND s.disabled_at = 0 ORDER BY p.created_at, p.id LIMIT 50`
	passkeyOfSQL = `SELECT ` + passkeyColumns + ` FROM passkeys WHERE id = $1 AND staff = $2`
)

// AddPasskey writes a passkey. With an invitation, that is used in the same transaction,
// so that one link makes one passkey, whoever comes at the same time. Marks are set with
// it. fault.ErrNotFound: the invitation is unknown, used or too old, or the person is
// disabled; fault.ErrExists: the authenticator has one here already; fault.ErrReplayed.
func (s *Staff) AddPasskey(ctx context.Context, k staff.Passkey, invitation secret.Hash, at time.Time, once ...login.ReplayKey) error {
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		if err := setReplayKeys(ctx, tx, once); err != nil {
			return err
		}
		if !invitation.Zero() {
			if err := mustChange(fault.ErrNotFound)(tx.ExecContext(ctx, useStaffInvitationSQL, invitation[:], text(k.Staff), millis(at))); err != nil {
				return err
			}
		}
		if _, err := scanPasskey(tx.QueryRowContext(ctx, passkeyByCredentialSQL, k.Credential)); err == nil {
			return fault.ErrExists
		}
		return mustChange(fault.ErrNotFound)(tx.ExecContext(ctx, addPasskeySQL, text(k.ID), text(k.Staff), k.Credential, text(k.Name), text(string(k.Record)), millis(k.CreatedAt)))
	})
	return wrap("add passkey", err)
}

// PasskeyByCredential finds a passkey by the id that its authenticator gave it.
// fault.ErrNotFound.
func (s *Staff) PasskeyByCredential(ctx context.Context, credential []byte) (staff.Passkey, error) {
	if len(credential) == 0 {
		return staff.Passkey{}, fault.ErrNotFound
	}
	k, err := scanPasskey(s.db.reader().QueryRowContext(ctx, passkeyByCredentialSQL, credential))
	return k, wrap("find passkey", one(err, fault.ErrNotFound))
}

// PasskeysOf lists the passkeys of somebody, the oldest first, at most 100.
func (s *Staff) PasskeysOf(ctx context.Context, staff string) (all []staff.Passkey, err error) {
	err = eachRow(ctx, s.db.reader(), passkeysOfStaffSQL, []any{text(staff)}, func(row scanner) error {
		k, err := scanPasskey(row)
		all = append(all, k)
		return err
	})
	return all, wrap("list passkeys", err)
}

// DropPasskey removes a passkey and ends the sessions that it opened. fault.ErrNotFound
// also for another's; fault.ErrMoved: it is the last one.
func (s *Staff) DropPasskey(ctx context.Context, staff, id string) error {
	if !storable(staff) || !storable(id) {
		return fault.ErrNotFound
	}
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		err := mustChange(fault.ErrMoved)(tx.ExecContext(ctx, dropPasskeySQL, id, staff))
		if !errors.Is(err, fault.ErrMoved) {
			return err
		}
		if _, err := scanPasskey(tx.QueryRowContext(ctx, passkeyOfSQL, id, staff)); err != nil {
			return one(err, fault.ErrNotFound)
		}
		return fault.ErrMoved
	})
	return wrap("drop passkey", err)
}

// SignInStaff notes that a passkey was used, with its new record, and writes the session
// that it opens; marks are set with it. fault.ErrNotFound: the passkey is gone, or its
// owner is disabled; fault.ErrReplayed.
func (s *Staff) SignInStaff(ctx context.Context, k staff.Passkey, session staff.Session, at time.Time, once ...login.ReplayKey) error {
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		if err := setReplayKeys(ctx, tx, once); err != nil {
			return err
		}
		if err := mustChange(fault.ErrNotFound)(tx.ExecContext(ctx, usePasskeySQL, text(k.ID), text(string(k.Record)), millis(at))); err != nil {
			return err
		}
		return addStaffSession(ctx, tx, session)
	})
	return wrap("sign staff in", err)
}

// UsePasskey notes that a passkey has proved its holder, with its new record; marks are set
// with it. fault.ErrNotFound: it is gone, or its owner is disabled; fault.ErrReplayed.
func (s *Staff) UsePasskey(ctx context.Context, k staff.Passkey, at time.Time, once ...login.ReplayKey) error {
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		if err := setReplayKeys(ctx, tx, once); err != nil {
			return err
		}
		return mustChange(fault.ErrNotFound)(tx.ExecContext(ctx, usePasskeySQL, text(k.ID), text(string(k.Record)), millis(at)))
	})
	return wrap("use passkey", err)
}

// PasskeysSince are the passkeys that were made after a time, the oldest first, at most 50,
// and whose they are: without what proves them, and not of those who are kept out.
func (s *Staff) PasskeysSince(ctx context.Context, after time.Time) (all []staff.MemberPasskey, err error) {
	err = eachRow(ctx, s.db.reader(), passkeysSinceSQL, []any{millis(after)}, func(row scanner) error {
		var m staff.MemberPasskey
		err := row.Scan(&m.Passkey.ID, &m.Staff.ID, &m.Passkey.Name, timeColumn{&m.Passkey.CreatedAt}, &m.Staff.Name, &m.Staff.Role)
		m.Passkey.Staff = m.Staff.ID
		all = append(all, m)
		return err
	})
	return all, wrap("list new passkeys", err)
}

func scanPasskey(row scanner) (staff.Passkey, error) {
	var k staff.Passkey
	var record string
	err := row.Scan(&k.ID, &k.Staff, &k.Credential, &k.Name, &record, timeColumn{&k.CreatedAt}, timeColumn{&k.UsedAt})
	k.Record = []byte(record)
	return k, err
}
