package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/secret"
)

// maxBrokerRequests is how many broker requests an attempt may have. Beyond it the oldest are
// forgotten: whoever presses "choose" a thousand times gets no thousand rows.
const maxBrokerRequests = "20"

const (
	brokerRequestColumns = `state, attempt, broker, means, started_at, expires_at, done_at`

	beginBrokerRequestSQL = `INSERT INTO legs (` + brokerRequestColumns + `, taken_until) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)`

	trimBrokerRequestsSQL = `DELETE FROM legs WHERE attempt = $1 AND state IN
		(SELECT state FROM legs WHERE attempt = $1 ORDER BY started_at DESC, state LIMIT 1000 OFFSET ` + maxBrokerRequests + `)`

	brokerRequestByStateSQL = `SELECT ` + brokerRequestColumns + ` FROM legs WHERE state = $1`

	claimBrokerRequestSQL = `UPDATE legs SET taken_until = $3
		WHERE state = $1 AND done_at = 0 AND taken_until <= $2 AND expires_at > $2
		RETURNING ` + brokerRequestColumns

	endBrokerRequestSQL = `UPDATE legs SET done_at = $2 WHERE state = $1 AND done_at = 0`

	endBrokerRequestOfSQL = endBrokerRequestSQL + ` AND attempt = $3`
)

// BrokerRequestByState finds a broker request by the state parameter that went to the broker.
// fault.ErrNotFound.
func (s *Attempts) BrokerRequestByState(ctx context.Context, state secret.Hash) (login.BrokerRequest, error) {
	leg, err := scanBrokerRequest(s.db.reader().QueryRowContext(ctx, brokerRequestByStateSQL, state[:]))
	return leg, wrap("find leg", one(err, fault.ErrNotFound))
}

// ClaimBrokerRequest lends the broker request to this caller until at+lease, so that of two clicks on
// "return" only one asks the broker, and a node that died with a broker request in its hands
// does not keep it. It returns false, and the broker request as it is, when the broker request is done,
// expired or lent to another. fault.ErrNotFound.
func (s *Attempts) ClaimBrokerRequest(ctx context.Context, state secret.Hash, at time.Time, lease time.Duration) (login.BrokerRequest, bool, error) {
	var leg login.BrokerRequest
	var taken bool
	err := s.db.write(ctx, func(ctx context.Context, tx runner) (err error) {
		leg, err = scanBrokerRequest(tx.QueryRowContext(ctx, claimBrokerRequestSQL, state[:], millis(at), millis(at.Add(lease))))
		if taken = err == nil; taken || !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		leg, err = scanBrokerRequest(tx.QueryRowContext(ctx, brokerRequestByStateSQL, state[:]))
		return one(err, fault.ErrNotFound)
	})
	if err != nil {
		return login.BrokerRequest{}, false, wrap("take leg", err)
	}
	return leg, taken, nil
}

// EndBrokerRequest ends a broker request whose answer moved nothing: from then on it is done. Ending
// it again does no harm. fault.ErrNotFound.
func (s *Attempts) EndBrokerRequest(ctx context.Context, state secret.Hash, at time.Time) error {
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		err := mustChange(fault.ErrMoved)(tx.ExecContext(ctx, endBrokerRequestSQL, state[:], millis(at)))
		if !errors.Is(err, fault.ErrMoved) {
			return err
		}
		_, err = scanBrokerRequest(tx.QueryRowContext(ctx, brokerRequestByStateSQL, state[:]))
		return one(err, fault.ErrNotFound)
	})
	return wrap("finish leg", err)
}

// beginBrokerRequest writes a broker request of a move.
func beginBrokerRequest(ctx context.Context, tx runner, leg login.BrokerRequest, at time.Time) error {
	var done int64
	if leg.Done {
		done = millis(at)
	}
	_, err := tx.ExecContext(ctx, beginBrokerRequestSQL, leg.State[:], leg.Attempt, text(leg.Broker), text(leg.Means),
		millis(leg.StartedAt), millis(leg.ExpiresAt), done)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, trimBrokerRequestsSQL, leg.Attempt)
	return err
}

func scanBrokerRequest(row scanner) (login.BrokerRequest, error) {
	var leg login.BrokerRequest
	var done time.Time
	err := row.Scan(hashColumn{&leg.State}, &leg.Attempt, &leg.Broker, &leg.Means,
		timeColumn{&leg.StartedAt}, timeColumn{&leg.ExpiresAt}, timeColumn{&done})
	if err != nil {
		return login.BrokerRequest{}, err
	}
	leg.Done = !done.IsZero()
	return leg, nil
}
