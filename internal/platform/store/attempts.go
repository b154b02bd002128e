package store

import (
	"context"
	"fmt"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/secret"
)

// isRunning is the condition of the index attempts_running, word for word: SQLite
// uses a partial index only for a query that repeats its condition.
const isRunning = `state IN ('created', 'opened', 'authenticated', 'confirmed', 'claimed', 'approved', 'verified')`

// isFruitless is likewise the condition of the indexes on attempts that are over and
// let nobody in.
const isFruitless = `state IN ('expired', 'denied', 'burned', 'failed')`

const attemptColumns = `id, support_code, method, state, reason, client, jkt, person, broker, means, acr, amr,
	auth_time, place, session, created_at, updated_at, expires_at, code_expires_at, browser, request, device, timeline,
	stage, proved_at, digits_until, turned, network`

const startAttemptSQL = `INSERT INTO attempts (` + attemptColumns + `, site, request_uri, auth_session, link)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
		$24, $25, $26, $27, $28, $29, $30, $31, $32)
	ON CONFLICT DO NOTHING`

// StartAttempt writes a new attempt, findable under the given secrets.
// fault.ErrExists: its support code (or, which will not happen, an id or secret) is
// taken; nothing is written, try another. fault.ErrReplayed: a mark was set before.
func (s *Attempts) StartAttempt(ctx context.Context, a login.Attempt, secrets login.AttemptSecrets, once ...login.ReplayKey) error {
	row, err := startRow(a, secrets)
	if err != nil {
		return fmt.Errorf("start attempt: %w", err)
	}
	err = s.db.write(ctx, func(ctx context.Context, tx runner) error {
		if err := setReplayKeys(ctx, tx, once); err != nil {
			return err
		}
		return mustChange(fault.ErrExists)(tx.ExecContext(ctx, startAttemptSQL, row...))
	})
	return wrap("start attempt", err)
}

const (
	attemptByIDSQL          = `SELECT ` + attemptColumns + ` FROM attempts WHERE id = $1`
	attemptBySupportCodeSQL = `SELECT ` + attemptColumns + ` FROM attempts WHERE support_code = $1`
	attemptByRequestURISQL  = `SELECT ` + attemptColumns + ` FROM attempts WHERE request_uri = $1`
	attemptByAuthSessionSQL = `SELECT ` + attemptColumns + ` FROM attempts WHERE auth_session = $1`
	attemptByLinkSQL        = `SELECT ` + attemptColumns + ` FROM attempts WHERE link = $1`
	attemptByCodeSQL        = `SELECT ` + attemptColumns + ` FROM attempts WHERE code = $1`
)

// AttemptByID finds an attempt. fault.ErrNotFound.
func (s *Attempts) AttemptByID(ctx context.Context, id string) (login.Attempt, error) {
	return s.attemptByText(ctx, attemptByIDSQL, id)
}

// AttemptBySupportCode finds an attempt by its support code, spelled as
// login.ParseSupportCode returns it. fault.ErrNotFound.
func (s *Attempts) AttemptBySupportCode(ctx context.Context, code string) (login.Attempt, error) {
	return s.attemptByText(ctx, attemptBySupportCodeSQL, code)
}

// AttemptByRequestURI finds an attempt by its request_uri. fault.ErrNotFound.
func (s *Attempts) AttemptByRequestURI(ctx context.Context, h secret.Hash) (login.Attempt, error) {
	return s.attemptByHash(ctx, attemptByRequestURISQL, h)
}

// AttemptByAuthSession finds an attempt by its auth_session. fault.ErrNotFound.
func (s *Attempts) AttemptByAuthSession(ctx context.Context, h secret.Hash) (login.Attempt, error) {
	return s.attemptByHash(ctx, attemptByAuthSessionSQL, h)
}

// AttemptByLink finds an attempt by its login link. fault.ErrNotFound.
func (s *Attempts) AttemptByLink(ctx context.Context, h secret.Hash) (login.Attempt, error) {
	return s.attemptByHash(ctx, attemptByLinkSQL, h)
}

// AttemptByCode finds an attempt by its authorization code, whether or not the code
// is still good. fault.ErrNotFound.
func (s *Attempts) AttemptByCode(ctx context.Context, h secret.Hash) (login.Attempt, error) {
	return s.attemptByHash(ctx, attemptByCodeSQL, h)
}

func (s *Attempts) attemptByText(ctx context.Context, query, key string) (login.Attempt, error) {
	if !storable(key) {
		return login.Attempt{}, fault.ErrNotFound
	}
	return s.attempt(ctx, query, key)
}

// attemptByHash compares all 32 bytes; the zero hash is nobody's.
func (s *Attempts) attemptByHash(ctx context.Context, query string, h secret.Hash) (login.Attempt, error) {
	if h.Zero() {
		return login.Attempt{}, fault.ErrNotFound
	}
	return s.attempt(ctx, query, h[:])
}

func (s *Attempts) attempt(ctx context.Context, query string, key any) (login.Attempt, error) {
	a, err := scanAttempt(s.db.reader().QueryRowContext(ctx, query, key))
	return a, wrap("find attempt", one(err, fault.ErrNotFound))
}

var noteAttemptSQL = `UPDATE attempts SET updated_at = $3,
	turned = COALESCE($6, turned),
	stage = CASE WHEN stage < $7 THEN $7 ELSE stage END,
	expires_at = CASE WHEN state = 'created' AND stage = 0 AND expires_at > $3 AND $8 > expires_at THEN $8 ELSE expires_at END,
	timeline = ` + addLine("$2", "$5", "$4") + `
	WHERE id = $1`

// NoteAttempt adds a line to the timeline and changes nothing else, but for what the
// line says of the page: that it was shown, and why. When the timeline is full the line
// is dropped: whoever can cause events must not be able to fill the disk with them.
// fault.ErrNotFound.
func (s *Attempts) NoteAttempt(ctx context.Context, id string, n login.Note) error {
	if !storable(id) {
		return fault.ErrNotFound
	}
	line, instead, err := lineOf(n.Event, n.Instead)
	if err != nil {
		return fmt.Errorf("note attempt: %w", err)
	}
	stage := login.StageBegun
	if !n.Shown.IsZero() {
		stage = login.StageShown
	}
	err = s.db.write(ctx, func(ctx context.Context, tx runner) error {
		return mustChange(fault.ErrNotFound)(tx.ExecContext(ctx, noteAttemptSQL,
			id, line, millis(n.Event.At), boundOf(n.Event), instead, turned(n.Event), int64(stage), millis(n.Shown)))
	})
	return wrap("note attempt", err)
}
