package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/queue"
	"avain/internal/secret"
)

const (
	invitationColumns = `id, employment, token, created_at, expires_at, remind_at, used_at, revoked_at, mail, mail_at, mail_detail, held_at`

	addInvitationSQL = `INSERT INTO invitations (` + invitationColumns + `)
		SELECT $1, $2, $3, $4, $5, $6, 0, 0, $7, $4, '', 0 FROM employments WHERE id = $2 AND activated_at = 0 AND ended_at = 0`

	invitationByIDSQL    = `SELECT ` + invitationColumns + ` FROM invitations WHERE id = $1`
	invitationByTokenSQL = `SELECT ` + invitationColumns + ` FROM invitations WHERE token = $1`
	invitationsOfSQL     = `SELECT ` + invitationColumns + ` FROM invitations WHERE employment = $1 ORDER BY created_at DESC, id LIMIT 100`

	// Takes the row, so that of two who invite the same person at once one waits.
	holdEmploymentSQL = `UPDATE employments SET updated_at = updated_at WHERE id = $1`
	// The letter that somebody ordered just now. One that did not arrive, or whose link has
	// met another name, is no reason to send none.
	justInvitedSQL = `SELECT ` + invitationColumns + ` FROM invitations WHERE employment = $1 AND created_at > $2 AND expires_at > $3
		AND used_at = 0 AND revoked_at = 0 AND held_at = 0 AND mail IN ($4, $5) ORDER BY created_at DESC LIMIT 1`

	revokeInvitationsSQL = `UPDATE invitations SET revoked_at = $2, remind_at = 0 WHERE employment = $1 AND used_at = 0 AND revoked_at = 0`
	revokeInvitationSQL  = `UPDATE invitations SET revoked_at = CASE WHEN revoked_at = 0 AND used_at = 0 THEN $3 ELSE revoked_at END, remind_at = 0
		WHERE id = $1 AND employment = $2`

	// A link that went to two addresses proves neither.
	mailingSQL = `UPDATE invitations SET mailed_to = CASE WHEN mailed_to IN ('', CAST($2 AS TEXT)) THEN CAST($2 AS TEXT) ELSE '*' END WHERE id = $1`

	mailedSQL = `UPDATE invitations SET mail = $2, mail_at = $3, mail_detail = $4 WHERE id = $1`

	dueRemindersSQL = `SELECT ` + invitationColumns + ` FROM invitations WHERE remind_at > 0 AND remind_at <= $1 ORDER BY remind_at LIMIT $2`
	// Once: of two nodes that look at the same time, one takes the reminder.
	takeReminderSQL = `UPDATE invitations SET remind_at = 0 WHERE id = $1 AND remind_at > 0`
	openAtSQL       = `SELECT COUNT(*) FROM invitations WHERE id = $1 AND used_at = 0 AND revoked_at = 0 AND expires_at > $2`
)

// Invite writes an invitation and the job of its mail. The open invitations of the
// same employment end: a link that went to a wrong address dies with the next one.
// When somebody else has just invited (employment.PressedTwice), nothing is written and the
// answer is theirs: who presses twice wants one letter, and two at once would both be open.
// fault.ErrMoved: the employment is active already, or over, or gone.
func (s *Employments) Invite(ctx context.Context, i employment.Invitation, jobs ...queue.Job) (stands employment.Invitation, err error) {
	err = s.db.write(ctx, func(ctx context.Context, tx runner) error {
		stands = i
		if err := mustChange(fault.ErrMoved)(tx.ExecContext(ctx, holdEmploymentSQL, text(i.Employment))); err != nil {
			return err
		}
		just, err := scanInvitation(tx.QueryRowContext(ctx, justInvitedSQL, text(i.Employment),
			millis(i.CreatedAt.Add(-employment.PressedTwice)), millis(i.CreatedAt), string(employment.MailQueued), string(employment.MailSent)))
		if err == nil {
			stands = just
			return nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		return invite(ctx, tx, i, jobs)
	})
	if err != nil {
		return employment.Invitation{}, wrap("invite", err)
	}
	return stands, nil
}

func invite(ctx context.Context, tx runner, i employment.Invitation, jobs []queue.Job) error {
	if _, err := tx.ExecContext(ctx, revokeInvitationsSQL, text(i.Employment), millis(i.CreatedAt)); err != nil {
		return err
	}
	err := mustChange(fault.ErrMoved)(tx.ExecContext(ctx, addInvitationSQL, text(i.ID), text(i.Employment), hash(i.Token),
		millis(i.CreatedAt), millis(i.ExpiresAt), millis(i.RemindAt), string(employment.MailQueued)))
	if err != nil {
		return err
	}
	return addJobs(ctx, tx, jobs)
}

// AddInvited writes an employer's record and its invitation at once. See
// [Store.AddEmployment] and [Store.Invite].
func (s *Employments) AddInvited(ctx context.Context, m employment.Employment, i employment.Invitation, jobs ...queue.Job) error {
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		if err := addEmployment(ctx, tx, m); err != nil {
			return err
		}
		return invite(ctx, tx, i, jobs)
	})
	return wrap("add and invite", err)
}

// InvitationByToken finds an invitation, whatever has become of it. fault.ErrNotFound.
func (s *Employments) InvitationByToken(ctx context.Context, token secret.Hash) (employment.Invitation, error) {
	if token.Zero() {
		return employment.Invitation{}, fault.ErrNotFound
	}
	return s.invitation(ctx, invitationByTokenSQL, token[:])
}

// InvitationByID finds an invitation. fault.ErrNotFound.
func (s *Employments) InvitationByID(ctx context.Context, id string) (employment.Invitation, error) {
	if !storable(id) {
		return employment.Invitation{}, fault.ErrNotFound
	}
	return s.invitation(ctx, invitationByIDSQL, id)
}

func (s *Employments) invitation(ctx context.Context, query string, key any) (employment.Invitation, error) {
	i, err := scanInvitation(s.db.reader().QueryRowContext(ctx, query, key))
	return i, wrap("find invitation", one(err, fault.ErrNotFound))
}

// InvitationsOf lists the invitations of an employment, the newest first, at most 100.
func (s *Employments) InvitationsOf(ctx context.Context, employment string) ([]employment.Invitation, error) {
	return s.invitations(ctx, invitationsOfSQL, text(employment))
}

// DueReminders lists invitations whose reminder is due, the oldest first.
func (s *Employments) DueReminders(ctx context.Context, now time.Time, limit int) ([]employment.Invitation, error) {
	return s.invitations(ctx, dueRemindersSQL, millis(now), limit)
}

// Remind takes a reminder, once, and writes the job of its mail if the invitation is
// still open. It answers whether it did.
func (s *Employments) Remind(ctx context.Context, id string, at time.Time, jobs ...queue.Job) (reminded bool, err error) {
	err = s.db.write(ctx, func(ctx context.Context, tx runner) error {
		reminded = false
		err := mustChange(fault.ErrMoved)(tx.ExecContext(ctx, takeReminderSQL, text(id)))
		if err != nil {
			return err
		}
		var open int
		if err := tx.QueryRowContext(ctx, openAtSQL, text(id), millis(at)).Scan(&open); err != nil || open == 0 {
			return err
		}
		reminded = true
		return addJobs(ctx, tx, jobs)
	})
	if errors.Is(err, fault.ErrMoved) {
		return false, nil
	}
	return reminded, wrap("remind", err)
}

// RevokeInvitation ends an invitation; one that was used stays used. fault.ErrNotFound
// also when it is not the employment's.
func (s *Employments) RevokeInvitation(ctx context.Context, employment, id string, at time.Time) error {
	if !storable(id) || !storable(employment) {
		return fault.ErrNotFound
	}
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		return mustChange(fault.ErrNotFound)(tx.ExecContext(ctx, revokeInvitationSQL, id, employment, millis(at)))
	})
	return wrap("revoke invitation", err)
}

// Mailing keeps the address that an invitation's link is about to be mailed to.
// fault.ErrNotFound.
func (s *Employments) Mailing(ctx context.Context, id, address string) error {
	if !storable(id) {
		return fault.ErrNotFound
	}
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		return mustChange(fault.ErrNotFound)(tx.ExecContext(ctx, mailingSQL, id, text(address)))
	})
	return wrap("mailing", err)
}

// Mailed says how far an invitation's mail has come. fault.ErrNotFound.
func (s *Employments) Mailed(ctx context.Context, id string, state employment.MailState, detail string, at time.Time, jobs ...queue.Job) error {
	if !storable(id) {
		return fault.ErrNotFound
	}
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		err := mustChange(fault.ErrNotFound)(tx.ExecContext(ctx, mailedSQL, id, string(state), millis(at), text(detail)))
		if err != nil {
			return err
		}
		return addJobs(ctx, tx, jobs)
	})
	return wrap("mailed", err)
}

func (s *Employments) invitations(ctx context.Context, query string, args ...any) (all []employment.Invitation, err error) {
	rows, err := s.db.reader().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, wrap("list invitations", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		i, err := scanInvitation(rows)
		if err != nil {
			return nil, wrap("list invitations", err)
		}
		all = append(all, i)
	}
	return all, wrap("list invitations", rows.Err())
}

func scanInvitation(row scanner) (employment.Invitation, error) {
	var i employment.Invitation
	err := row.Scan(&i.ID, &i.Employment, hashColumn{&i.Token}, timeColumn{&i.CreatedAt}, timeColumn{&i.ExpiresAt}, timeColumn{&i.RemindAt},
		timeColumn{&i.UsedAt}, timeColumn{&i.RevokedAt}, &i.Mail, timeColumn{&i.MailAt}, &i.MailDetail, timeColumn{&i.HeldAt})
	return i, err
}
