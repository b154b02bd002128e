package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/secret"
)

// usedStep is how far UsedAt may lag behind, in milliseconds: moving it at every
// token that is shown would be a write for nothing.
const usedStep = "60000"

const (
	sessionColumns = `id, person, client, jkt, method, broker, means, acr, amr, auth_time, scopes, nonce, device, place,
		refresh, previous, previous_until, created_at, used, used_at, idle_until, ends_at, revoked_at, revoked_why, generation`

	addSessionSQL = `INSERT INTO sessions (` + sessionColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)`

	sessionByIDSQL      = `SELECT ` + sessionColumns + ` FROM sessions WHERE id = $1`
	sessionByRefreshSQL = `SELECT ` + sessionColumns + ` FROM sessions WHERE refresh = $1 OR previous = $1`
	sessionsOfPersonSQL = `SELECT ` + sessionColumns + ` FROM sessions
		WHERE person IN ` + recordsOf + ` AND revoked_at = 0 ORDER BY created_at DESC, id LIMIT 200`

	// isLive is the database's spelling of login.Session.Live, at $2.
	isLive = `revoked_at = 0 AND idle_until > $2 AND ends_at > $2`

	useSessionSQL = `UPDATE sessions SET used = TRUE, used_at = $2,
		idle_until = CASE WHEN $3 < idle_until THEN idle_until WHEN $3 < ends_at THEN $3 ELSE ends_at END
		WHERE id = $1 AND ` + isLive + ` AND (NOT used OR used_at <= $2 - ` + usedStep + `)
		RETURNING ` + sessionColumns

	rotateRefreshSQL = `UPDATE sessions SET previous = refresh, previous_until = $5, refresh = $4, generation = generation + 1
		WHERE id = $1 AND refresh = $3 AND ` + isLive + `
		RETURNING ` + sessionColumns

	revokeSessionSQL = `UPDATE sessions SET revoked_at = $2, revoked_why = $3 WHERE id = $1 AND revoked_at = 0
		RETURNING ` + sessionColumns

	// What was begun with a password, and what a QR code on its pages has let in: no broker
	// has identified anybody. See login.Session.Outgrown.
	endOutgrownSQL = `UPDATE sessions SET revoked_at = $2, revoked_why = $3
		WHERE person IN ` + recordsOf + ` AND revoked_at = 0 AND broker = '' AND amr LIKE '%"` + login.AMRPassword + `"%'
			AND EXISTS (SELECT 1 FROM persons WHERE id = ` + humanOf + ` AND smartum_plus)
		RETURNING ` + sessionColumns

	endLockedSQL = `UPDATE sessions SET revoked_at = $2, revoked_why = $3
		WHERE person IN ` + recordsOf + ` AND revoked_at = 0 AND EXISTS (SELECT 1 FROM persons WHERE id = ` + humanOf + ` AND locked_at > 0)
		RETURNING ` + sessionColumns

	subjectOfSQL = `SELECT subject FROM persons WHERE id = $1`

	revokeSessionsOfPersonSQL = `UPDATE sessions SET revoked_at = $2, revoked_why = $3 WHERE person IN ` + recordsOf + ` AND revoked_at = 0
		RETURNING ` + sessionColumns
)

// SessionByID finds a session, ended ones included. fault.ErrNotFound.
func (s *Sessions) SessionByID(ctx context.Context, id string) (login.Session, error) {
	if !storable(id) {
		return login.Session{}, fault.ErrNotFound
	}
	session, err := scanSession(s.db.reader().QueryRowContext(ctx, sessionByIDSQL, id))
	return session, wrap("find session", one(err, fault.ErrNotFound))
}

// SessionByRefresh finds a session by its refresh token, the current one or the one
// before; the caller tells by comparing. fault.ErrNotFound.
func (s *Sessions) SessionByRefresh(ctx context.Context, h secret.Hash) (login.Session, error) {
	if h.Zero() {
		return login.Session{}, fault.ErrNotFound
	}
	session, err := scanSession(s.db.reader().QueryRowContext(ctx, sessionByRefreshSQL, h[:]))
	return session, wrap("find session", one(err, fault.ErrNotFound))
}

// SessionsOfPerson lists the sessions that nobody has revoked, newest first, at most
// 200. Some may have run out: see login.Session.Live.
func (s *Sessions) SessionsOfPerson(ctx context.Context, person string) ([]login.Session, error) {
	if !storable(person) {
		return nil, nil
	}
	sessions, err := querySessions(ctx, s.db.reader(), sessionsOfPersonSQL, person)
	return sessions, wrap("list sessions", err)
}

func querySessions(ctx context.Context, on runner, query string, args ...any) (_ []login.Session, err error) {
	rows, err := on.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var sessions []login.Session
	for rows.Next() {
		session, err := scanSession(rows)
		if err != nil {
			return nil, err
		}
		sessions = append(sessions, session)
	}
	return sessions, rows.Err()
}

// UseSession says that a token of the session was shown, and answers with the
// session as it is at that instant, so that a revocation on another node is seen at
// once (threat 27): the caller still has to ask whether it is Live. A live session
// becomes Used, and at most once a minute its UsedAt moves to at and its IdleUntil
// to idleUntil (never back, never beyond EndsAt). The marks are set in any case;
// fault.ErrReplayed when one was set before. fault.ErrNotFound.
func (s *Sessions) UseSession(ctx context.Context, id string, at, idleUntil time.Time, once ...login.ReplayKey) (login.Session, error) {
	if len(once) == 0 {
		session, err := s.SessionByID(ctx, id)
		if err != nil || !useMatters(session, at) {
			return session, err
		}
	} else if !storable(id) {
		return login.Session{}, fault.ErrNotFound
	}
	var session login.Session
	err := s.db.write(ctx, func(ctx context.Context, tx runner) (err error) {
		if err = setReplayKeys(ctx, tx, once); err != nil {
			return err
		}
		session, err = scanSession(tx.QueryRowContext(ctx, sessionByIDSQL, id))
		if err != nil || !useMatters(session, at) {
			return one(err, fault.ErrNotFound)
		}
		used, err := scanSession(tx.QueryRowContext(ctx, useSessionSQL, id, millis(at), millis(idleUntil)))
		if errors.Is(err, sql.ErrNoRows) {
			// Another node was here between the two statements: read what it left.
			used, err = scanSession(tx.QueryRowContext(ctx, sessionByIDSQL, id))
		}
		session = used
		return one(err, fault.ErrNotFound)
	})
	if err != nil {
		return login.Session{}, wrap("use session", err)
	}
	return session, nil
}

// useMatters reports whether useSessionSQL would find something to write.
func useMatters(session login.Session, at time.Time) bool {
	return session.Live(at) && (!session.Used || at.Sub(session.UsedAt) >= time.Minute)
}

// RotateRefresh replaces the refresh token of a live session if old is the current
// one; old stays findable as the previous one until another rotation, and the session
// counts one generation more. If old is not
// current any more, or the session not live, the answer is the session as it is with
// fault.ErrMoved, and nothing is changed. fault.ErrNotFound, fault.ErrReplayed.
func (s *Sessions) RotateRefresh(ctx context.Context, id string, old, next secret.Hash, previousUntil, at time.Time, once ...login.ReplayKey) (login.Session, error) {
	if !storable(id) || old.Zero() || next.Zero() {
		return login.Session{}, fault.ErrNotFound
	}
	var session login.Session
	err := s.db.write(ctx, func(ctx context.Context, tx runner) (err error) {
		if err = setReplayKeys(ctx, tx, once); err != nil {
			return err
		}
		session, err = scanSession(tx.QueryRowContext(ctx, rotateRefreshSQL, id, millis(at), old[:], next[:], millis(previousUntil)))
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if session, err = scanSession(tx.QueryRowContext(ctx, sessionByIDSQL, id)); err != nil {
			return one(err, fault.ErrNotFound)
		}
		return fault.ErrMoved
	})
	if err != nil && !errors.Is(err, fault.ErrMoved) {
		return login.Session{}, wrap("rotate refresh token", err)
	}
	return session, err
}

// RevokeSession ends a session. Revoking it again changes nothing: the first reason
// stays, and nobody is told twice. fault.ErrNotFound.
func (s *Sessions) RevokeSession(ctx context.Context, id, reason string, at time.Time) error {
	if !storable(id) {
		return fault.ErrNotFound
	}
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		n, err := s.revoke(ctx, tx, revokeSessionSQL, id, reason, at)
		if err != nil || n > 0 {
			return err
		}
		_, err = scanSession(tx.QueryRowContext(ctx, sessionByIDSQL, id))
		return one(err, fault.ErrNotFound)
	})
	return wrap("revoke session", err)
}

// RevokeSessionsOfPerson ends all sessions of a person and says how many that were.
func (s *Sessions) RevokeSessionsOfPerson(ctx context.Context, person, reason string, at time.Time) (n int64, err error) {
	if !storable(person) {
		return 0, nil
	}
	err = s.db.write(ctx, func(ctx context.Context, tx runner) (err error) {
		n, err = s.revoke(ctx, tx, revokeSessionsOfPersonSQL, person, reason, at)
		return err
	})
	if err != nil {
		return 0, wrap("revoke sessions of person", err)
	}
	return n, nil
}

// endOutgrown ends the sessions of a human that they must not have any more, in the
// transaction in which they become somebody else than they were, because of a benefit or
// because two records are one human. Those that a password has begun, if they are a
// SmartumPlus person now: whoever knew the password before would see the new benefits
// (pre-hijacking, threat 42). And all, if one of the records was locked.
func (s *core) endOutgrown(ctx context.Context, tx runner, human string, at time.Time) error {
	if _, err := s.revoke(ctx, tx, endOutgrownSQL, human, string(login.ReasonStrongRequired), at); err != nil {
		return err
	}
	_, err := s.revoke(ctx, tx, endLockedSQL, human, string(login.ReasonPersonLocked), at)
	return err
}

// revoke ends sessions, and orders the jobs that follow from those that it really
// ended, in the same transaction. Nothing else may end one before its time: a client
// that is not told goes on letting the person in (TestSessionsEndInOneWay).
func (s *core) revoke(ctx context.Context, tx runner, query, id, reason string, at time.Time) (int64, error) {
	ended, err := querySessions(ctx, tx, query, id, millis(at), text(reason))
	if err != nil || s.revoked == nil {
		return int64(len(ended)), err
	}
	for _, session := range ended {
		follow, err := s.revoked(session, func() (string, error) { return subjectOf(ctx, tx, session.Person) })
		if err == nil {
			err = addJobs(ctx, tx, follow)
		}
		if err != nil {
			return 0, err
		}
	}
	return int64(len(ended)), nil
}

// subjectOf is the sub of a record, in a transaction that may delete it; empty when there
// is none, which must keep no session alive.
func subjectOf(ctx context.Context, tx runner, person string) (subject string, err error) {
	err = tx.QueryRowContext(ctx, subjectOfSQL, text(person)).Scan(&subject)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return subject, err
}

func sessionRow(s login.Session) ([]any, error) {
	amr, err1 := asJSON(s.AMR)
	scopes, err2 := asJSON(grantOf(s))
	device, err3 := asJSON(s.Device)
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, fmt.Errorf("session: %w", err)
	}
	idle := s.IdleUntil
	if idle.After(s.EndsAt) {
		idle = s.EndsAt // the purge relies on it
	}
	return []any{
		s.ID, text(s.Person), text(s.Client), text(s.Key), string(s.Method), text(s.Broker), text(s.Means), text(s.ACR), amr,
		millis(s.AuthTime), scopes, text(s.Nonce), device, text(string(s.Place)),
		hash(s.Refresh), hash(s.Previous), millis(s.PreviousUntil), millis(s.CreatedAt), s.Used, millis(s.UsedAt),
		millis(idle), millis(s.EndsAt), millis(s.RevokedAt), text(s.RevokedWhy), s.Generation,
	}, nil
}

func scanSession(row scanner) (login.Session, error) {
	var s login.Session
	err := row.Scan(&s.ID, &s.Person, &s.Client, &s.Key, &s.Method, &s.Broker, &s.Means, &s.ACR, jsonColumn{&s.AMR},
		timeColumn{&s.AuthTime}, grantColumn{&s}, &s.Nonce, jsonColumn{&s.Device}, &s.Place,
		hashColumn{&s.Refresh}, hashColumn{&s.Previous}, timeColumn{&s.PreviousUntil}, timeColumn{&s.CreatedAt}, &s.Used, timeColumn{&s.UsedAt},
		timeColumn{&s.IdleUntil}, timeColumn{&s.EndsAt}, timeColumn{&s.RevokedAt}, &s.RevokedWhy, &s.Generation)
	if err != nil {
		return login.Session{}, err
	}
	return s, nil
}

// resourceMark begins the member of a session's scopes that names the resource. No scope
// has a space in it (RFC 6749 §3.3).
const resourceMark = "resource "

// grantOf is what the session may do and at which resource, in one list.
func grantOf(s login.Session) []string {
	if s.Resource == "" {
		return s.Scopes
	}
	return append(slices.Clone(s.Scopes), resourceMark+s.Resource)
}

// grantColumn reads what grantOf wrote.
type grantColumn struct{ to *login.Session }

func (c grantColumn) Scan(src any) error {
	var all []string
	if err := (jsonColumn{&all}).Scan(src); err != nil {
		return err
	}
	c.to.Scopes = slices.DeleteFunc(all, func(word string) bool {
		resource, ok := strings.CutPrefix(word, resourceMark)
		if ok {
			c.to.Resource = resource
		}
		return ok
	})
	return nil
}
