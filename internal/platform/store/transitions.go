package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/secret"
)

// moveSQL is the one way a row changes its state, but for redeemSQL and the purge.
// NULL leaves a column as it is. A browser that owns the attempt is never replaced
// by another, whatever the caller asks for: first browser wins (threats 15, 24).
var moveSQL = `UPDATE attempts SET
	state = $6, updated_at = $3,
	reason = COALESCE($7, reason),
	browser = COALESCE($8, browser),
	code = COALESCE($9, code), code_expires_at = COALESCE($10, code_expires_at),
	person = COALESCE($11, person), broker = COALESCE($12, broker), means = COALESCE($13, means),
	acr = COALESCE($14, acr), amr = COALESCE($15, amr), auth_time = COALESCE($16, auth_time),
	expires_at = COALESCE($19, expires_at),
	stage = CASE WHEN stage < $20 THEN $20 ELSE stage END,
	proved_at = CASE WHEN proved_at = 0 THEN $21 ELSE proved_at END,
	digits_until = CASE WHEN digits_until = 0 THEN $22 ELSE digits_until END,
	turned = COALESCE($23, turned),
	timeline = ` + addLine("$18", "$24", "$17") + `
	WHERE id = $1
	AND $2 LIKE '%,' || state || ',%'
	AND ($4 OR expires_at > $3)
	AND (browser IS NULL OR browser = $5 OR $5 IS NULL)
	AND (browser IS NULL OR browser = $8 OR $8 IS NULL)
	RETURNING ` + attemptColumns

// MoveAttempt carries out a move if all of its conditions hold at that instant, and
// answers with the row after it. If one does not hold nothing is changed, and the
// answer is the row as it is with fault.ErrMoved: its state is not among From, it
// has expired (at m.At; the instant ExpiresAt is too late), another browser owns
// it, or the broker request to finish is not an open broker request of it. fault.ErrReplayed: a mark was
// set before. fault.ErrNotFound: no such attempt. When m.Spend is empty nothing is
// changed either, and the error says how long to wait.
func (s *Attempts) MoveAttempt(ctx context.Context, m login.Transition) (login.Attempt, error) {
	if !storable(m.Attempt) {
		return login.Attempt{}, fault.ErrNotFound
	}
	args, err := moveArgs(m)
	if err != nil {
		return login.Attempt{}, fmt.Errorf("move attempt: %w", err)
	}
	return s.changeAttempt(ctx, "move attempt", m.Attempt, m.ReplayKeys, func(ctx context.Context, tx runner) (login.Attempt, error) {
		if !m.EndRequest.Zero() {
			err := mustChange(fault.ErrMoved)(tx.ExecContext(ctx, endBrokerRequestOfSQL, m.EndRequest[:], millis(m.At), m.Attempt))
			if err != nil {
				return login.Attempt{}, err
			}
		}
		a, err := scanAttempt(tx.QueryRowContext(ctx, moveSQL, args...))
		if err != nil {
			return a, one(err, fault.ErrMoved)
		}
		return a, beside(ctx, tx, m)
	})
}

// beside writes what begins with a move, in rows of its own.
func beside(ctx context.Context, tx runner, m login.Transition) error {
	if m.Digits != nil {
		if err := showDigits(ctx, tx, m.Attempt, *m.Digits); err != nil {
			return err
		}
	}
	if m.Spend != nil {
		if err := spend(ctx, tx, *m.Spend, m.At); err != nil {
			return err
		}
	}
	if m.BrokerRequest == nil {
		return nil
	}
	leg := *m.BrokerRequest
	leg.Attempt = m.Attempt
	return beginBrokerRequest(ctx, tx, leg, m.At)
}

// changeAttempt runs a conditional change of an attempt, its marks first. When the
// condition did not hold it answers with the row as it is and fault.ErrMoved.
func (s *Attempts) changeAttempt(ctx context.Context, what, id string, once []login.ReplayKey,
	change func(context.Context, runner) (login.Attempt, error),
) (login.Attempt, error) {
	var a login.Attempt
	err := s.db.write(ctx, func(ctx context.Context, tx runner) (err error) {
		if err = setReplayKeys(ctx, tx, once); err != nil {
			return err
		}
		if a, err = change(ctx, tx); !errors.Is(err, fault.ErrMoved) {
			return err
		}
		var none error
		if a, none = scanAttempt(tx.QueryRowContext(ctx, attemptByIDSQL, id)); none != nil {
			return one(none, fault.ErrNotFound)
		}
		return err
	})
	if err != nil && !errors.Is(err, fault.ErrMoved) {
		return login.Attempt{}, wrap(what, err)
	}
	return a, err
}

func moveArgs(m login.Transition) ([]any, error) {
	line, instead, err := lineOf(m.Event, m.Instead)
	if err != nil {
		return nil, err
	}
	from := make([]string, len(m.From))
	for i, state := range m.From {
		from[i] = string(state)
	}
	args := []any{
		m.Attempt, "," + strings.Join(from, ",") + ",", millis(m.At), m.Late, hash(m.IfBrowser),
		string(m.To), orLeave(string(m.SetReason)), hash(m.SetBrowser), hash(m.SetCode), orLeaveTime(m.SetCodeEnds),
	}
	identity := make([]any, 6) // NULLs: leave it
	if p := m.SetIdentity; p != nil {
		amr, err := asJSON(p.AMR)
		if err != nil {
			return nil, err
		}
		identity = []any{text(p.Person), text(p.Broker), text(p.Means), text(p.ACR), amr, millis(p.AuthTime)}
	}
	bound := boundOf(m.Event)
	switch {
	case m.To.Over():
		bound = endBound
	case m.Event.Weighs():
		bound = movingBound
	}
	var proved, digits time.Time // the first ones count
	if m.Event.Step == login.StepIdentify && m.Event.Outcome == login.OutcomeOK {
		proved = m.At
	}
	if m.Digits != nil {
		digits = m.Digits.Expires
	}
	return append(append(args, identity...), bound, line, orLeaveTime(m.SetExpires),
		int64(stageOf(m)), millis(proved), millis(digits), turned(m.Event), instead), nil
}

// stageOf is how far the person has come with the move, at least.
func stageOf(m login.Transition) login.Stage {
	switch {
	case m.BrokerRequest != nil:
		return login.StageLeft
	case m.To == login.StateOpened:
		return login.StageShown
	default:
		return login.StageBegun
	}
}

// orLeave is NULL for the empty text, which leaves the column as it is.
func orLeave(s string) any { return sql.NullString{String: text(s), Valid: s != ""} }

func orLeaveTime(t time.Time) any { return sql.NullInt64{Int64: millis(t), Valid: !t.IsZero()} }

// redeemSQL is where a code is spent. Code, attempt, person and client must be those
// of the session that it becomes (threat 11), and it works once (threat 5).
const redeemSQL = `UPDATE attempts SET
	state = 'redeemed', updated_at = $3, session = $4, timeline = timeline || $5
	WHERE id = $1 AND code = $2 AND code_expires_at > $3
	AND state IN ('confirmed', 'approved', 'verified')
	AND person = $6 AND client = $7
	RETURNING ` + attemptColumns

// RedeemCode turns an authorization code into a session: the attempt moves to
// redeemed and the session is written, in one transaction, once. If the code cannot
// be redeemed nothing is changed and the answer is the attempt as it is with
// fault.ErrMoved: redeemed before, ended, code expired (the instant CodeExpiresAt is
// too late), or the session is another person's or client's. fault.ErrNotFound: the
// attempt has no such code. fault.ErrReplayed: a mark was set before.
func (s *Attempts) RedeemCode(ctx context.Context, r login.Redemption) (login.Attempt, error) {
	if !storable(r.Attempt) || r.Code.Zero() {
		return login.Attempt{}, fault.ErrNotFound
	}
	line, err := timelineLines(r.Event)
	if err != nil {
		return login.Attempt{}, fmt.Errorf("redeem code: %w", err)
	}
	session, err := sessionRow(r.Session)
	if err != nil {
		return login.Attempt{}, fmt.Errorf("redeem code: %w", err)
	}
	return s.changeAttempt(ctx, "redeem code", r.Attempt, r.ReplayKeys, func(ctx context.Context, tx runner) (login.Attempt, error) {
		a, err := scanAttempt(tx.QueryRowContext(ctx, redeemSQL,
			r.Attempt, r.Code[:], millis(r.At), r.Session.ID, line, text(r.Session.Person), text(r.Session.Client)))
		if errors.Is(err, sql.ErrNoRows) {
			return a, whyNotRedeemed(ctx, tx, r.Attempt, r.Code)
		}
		if err != nil {
			return a, err
		}
		if _, err = tx.ExecContext(ctx, addSessionSQL, session...); err != nil {
			return a, err
		}
		return a, addJobs(ctx, tx, r.Jobs)
	})
}

const hasCodeSQL = `SELECT 1 FROM attempts WHERE id = $1 AND code = $2`

// whyNotRedeemed tells a code that is spent from one that never was: only who
// presents the attempt's own code learns anything of the attempt.
func whyNotRedeemed(ctx context.Context, tx runner, id string, code secret.Hash) error {
	var yes int
	if err := tx.QueryRowContext(ctx, hasCodeSQL, id, code[:]).Scan(&yes); err != nil {
		return one(err, fault.ErrNotFound)
	}
	return fault.ErrMoved
}
