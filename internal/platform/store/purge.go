package store

import (
	"context"
	"errors"
	"time"

	"avain/internal/domain/login"
)

// Retention says how long rows are kept. Zero means the default.
type Retention struct {
	Unopened   time.Duration // attempts that no browser ever opened; default 1 h
	Undeparted time.Duration // attempts that never left for a broker and let nobody in; default 1 d
	Attempts   time.Duration // other attempts, and days of wrong passwords, for support; default 30 d
	PerNetwork int           // of those that left and let nobody in, the newest of each network; default 10,000
	Sessions   time.Duration // sessions after their end; default 90 d
	Jobs       time.Duration // jobs that were given up, or forgotten; default 90 d

	Invitations time.Duration // invitations after their end; default 180 d
	Employments time.Duration // employers' records of people who have left; default 730 d
	Persons     time.Duration // persons of whom there is nothing else; default 730 d
	Imports     time.Duration // reports of imports; default 90 d
}

// Purged counts what a purge has done.
type Purged struct {
	Expired        int64 // attempts that ran out of time
	Attempts       int64 // deleted, like everything below
	BrokerRequests int64
	Marks          int64
	Sessions       int64
	QRPages        int64
	Budgets        int64 // full again, so that there is nothing to remember
	Jobs           int64 // given up or forgotten long ago

	Resets      int64 // of passwords
	Recognised  int64 // browsers and networks that a person has not come from for long
	WrongTries  int64 // of a person, on one day from one network
	Invitations int64
	Employments int64
}

// purgeBatch bounds the rows of one transaction: nobody who waits to write waits
// longer than for this many.
const purgeBatch = 100

// brokerRequestRetention keeps a broker request beyond its end: a late answer of the broker is then told
// "too late" instead of "never heard of it".
const brokerRequestRetention = time.Hour

// pageRetention keeps a QR page for the browser that still shows what became of it.
const pageRetention = time.Hour

// logoutRetention keeps the news for a client that a session has ended, which has the
// person's sub in it, when no node knows the client any more.
const logoutRetention = 7 * 24 * time.Hour

const (
	// A code that went out shortly before the end may still be redeemed.
	expireAttemptsSQL = `UPDATE attempts SET state = 'expired', updated_at = $1,
		reason = CASE state WHEN 'claimed' THEN 'approval_late' ELSE $3 END, timeline = timeline || $4
		WHERE ` + isRunning + ` AND id IN (SELECT id FROM attempts
			WHERE ` + isRunning + ` AND expires_at <= $1 AND code_expires_at <= $1 ORDER BY expires_at LIMIT $2)
		RETURNING ` + attemptColumns

	purgeUnopenedSQL = `DELETE FROM attempts WHERE id IN (SELECT id FROM attempts
		WHERE stage = 0 AND person = '' AND (state = 'expired' OR reason = 'crowded_out') AND created_at <= $1 ORDER BY created_at LIMIT $2)`

	purgeUndepartedSQL = `DELETE FROM attempts WHERE id IN (SELECT id FROM attempts
		WHERE stage < 2 AND person = '' AND ` + isFruitless + ` AND created_at <= $1 ORDER BY created_at LIMIT $2)`

	// Networks with more rows than support can ever want to read: at most so many. Only
	// what left counts, or starts, which cost nothing, would end what support reads.
	crowdedNetworksSQL = `SELECT network FROM attempts WHERE network IS NOT NULL AND stage = 2 AND person = '' AND ` + isFruitless + `
		GROUP BY network HAVING COUNT(*) > $1 LIMIT $2`

	purgeFruitlessSQL = `DELETE FROM attempts WHERE id IN (SELECT id FROM attempts
		WHERE network = $3 AND stage = 2 AND person = '' AND ` + isFruitless + ` AND created_at <= (SELECT created_at FROM attempts
			WHERE network = $3 AND stage = 2 AND person = '' AND ` + isFruitless + ` ORDER BY created_at DESC LIMIT 1 OFFSET $1)
		ORDER BY created_at LIMIT $2)`

	purgeAttemptsSQL = `DELETE FROM attempts WHERE id IN (SELECT id FROM attempts
		WHERE created_at <= $1 ORDER BY created_at LIMIT $2)`

	purgeBrokerRequestsSQL = `DELETE FROM legs WHERE state IN (SELECT state FROM legs
		WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)`

	purgeMarksSQL = `DELETE FROM once WHERE mark IN (SELECT mark FROM once
		WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)`

	// idle_until never lies after ends_at, so it is the end in both cases.
	purgeEndedSessionsSQL = `DELETE FROM sessions WHERE id IN (SELECT id FROM sessions
		WHERE idle_until <= $1 ORDER BY idle_until LIMIT $2)`

	purgeRevokedSessionsSQL = `DELETE FROM sessions WHERE id IN (SELECT id FROM sessions
		WHERE revoked_at > 0 AND revoked_at <= $1 ORDER BY revoked_at LIMIT $2)`

	purgeQRPagesSQL = `DELETE FROM qr_pages WHERE id IN (SELECT id FROM qr_pages
		WHERE created_at <= $1 ORDER BY created_at LIMIT $2)`

	purgeResetsSQL = `DELETE FROM password_resets WHERE hash IN (SELECT hash FROM password_resets
		WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)`

	// Used, revoked or forgotten: after its last day it is of no use to anybody.
	purgeInvitationsSQL = `DELETE FROM invitations WHERE id IN (SELECT id FROM invitations
		WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)`

	purgeEmploymentsSQL = `DELETE FROM employments WHERE ended_at > 0 AND ended_at <= $1 AND id IN (SELECT id FROM employments
		WHERE ended_at > 0 AND ended_at <= $1 ORDER BY ended_at LIMIT $2)`

	purgeBudgetsSQL = `DELETE FROM budgets WHERE full_at <= $1 AND key IN (SELECT key FROM budgets
		WHERE full_at <= $1 ORDER BY full_at LIMIT $2)`
)

// Purge ends the attempts whose time is over and deletes what is older than its
// retention, in small transactions. Several nodes may do it at once. It returns what
// it has done even when it returns an error.
func (s *Store) Purge(ctx context.Context, now time.Time, keep Retention) (Purged, error) {
	keep = keep.withDefaults()
	expired, err := timelineLines(login.Event{
		At: now, Step: login.StepExpire, Outcome: login.OutcomeFailed, Reason: login.ReasonAttemptExpired,
	})
	if err != nil {
		return Purged{}, err
	}
	var p Purged
	if p.Expired, err = s.expire(ctx, millis(now), purgeBatch, string(login.ReasonAttemptExpired), expired); err != nil {
		return p, wrap("purge", err)
	}
	ago := func(d time.Duration) int64 { return millis(now.Add(-d)) }
	for _, step := range []struct {
		count *int64
		query string
		args  []any
	}{
		{&p.Attempts, purgeUnopenedSQL, []any{ago(keep.Unopened), purgeBatch}},
		{&p.Attempts, purgeUndepartedSQL, []any{ago(keep.Undeparted), purgeBatch}},
		{&p.Attempts, purgeAttemptsSQL, []any{ago(keep.Attempts), purgeBatch}},
		{&p.BrokerRequests, purgeBrokerRequestsSQL, []any{ago(brokerRequestRetention), purgeBatch}},
		{&p.Marks, purgeMarksSQL, []any{millis(now), purgeBatch}},
		{&p.QRPages, purgeQRPagesSQL, []any{ago(pageRetention), purgeBatch}},
		{&p.Budgets, purgeBudgetsSQL, []any{millis(now), purgeBatch}},
		{&p.Sessions, purgeEndedSessionsSQL, []any{ago(keep.Sessions), purgeBatch}},
		{&p.Sessions, purgeRevokedSessionsSQL, []any{ago(keep.Sessions), purgeBatch}},
		{&p.Jobs, purgeJobsSQL, []any{ago(keep.Jobs), purgeBatch}},
		{&p.Jobs, purgeForgottenJobsSQL, []any{ago(keep.Jobs), purgeBatch}},
		{&p.Jobs, purgeForgottenLogoutsSQL, []any{ago(min(keep.Jobs, logoutRetention)), purgeBatch}},
		{&p.Recognised, purgeRecognisedSQL, []any{millis(now), purgeBatch}},
		{&p.WrongTries, purgeWrongTriesSQL, []any{now.Add(-keep.Attempts).UTC().Format(time.DateOnly), purgeBatch}},
		{&p.Resets, purgeResetsSQL, []any{millis(now), purgeBatch}},
		{&p.Invitations, purgeInvitationsSQL, []any{ago(keep.Invitations), purgeBatch}},
		{&p.Employments, purgeEmploymentsSQL, []any{ago(keep.Employments), purgeBatch}},
	} {
		n, err := s.inBatches(ctx, step.query, step.args)
		*step.count += n
		if err != nil {
			return p, wrap("purge", err)
		}
	}
	n, err := s.thin(ctx, keep.PerNetwork)
	p.Attempts += n
	return p, wrap("purge", err)
}

// thin deletes what is beyond the newest of each network, of the attempts that left for a
// broker and let nobody in: whoever sends people to banks in endless numbers fills no disk either.
func (s *Store) thin(ctx context.Context, perNetwork int) (total int64, err error) {
	var crowded [][]byte
	err = eachRow(ctx, s.db.reader(), crowdedNetworksSQL, []any{perNetwork, purgeBatch}, func(row scanner) error {
		var network []byte
		err := row.Scan(&network)
		crowded = append(crowded, network)
		return err
	})
	for _, network := range crowded {
		if err == nil {
			var n int64
			n, err = s.inBatches(ctx, purgeFruitlessSQL, []any{perNetwork, purgeBatch, network})
			total += n
		}
	}
	return total, err
}

// expire ends the attempts whose time is over and hands each to whoever counts them,
// once it is durable.
func (s *Store) expire(ctx context.Context, args ...any) (total int64, err error) {
	for {
		var ended []login.Attempt
		err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
			ended = nil // the transaction may be run again
			return eachRow(ctx, tx, expireAttemptsSQL, args, func(row scanner) error {
				a, err := scanAttempt(row)
				ended = append(ended, a)
				return err
			})
		})
		if err != nil {
			return total, errors.Join(err, ctx.Err())
		}
		if s.expired != nil {
			for _, a := range ended {
				s.expired(a)
			}
		}
		if total += int64(len(ended)); len(ended) < purgeBatch {
			return total, nil
		}
	}
}

func (k Retention) withDefaults() Retention {
	const day = 24 * time.Hour
	for _, d := range []struct {
		of    *time.Duration
		usual time.Duration
	}{
		{&k.Unopened, time.Hour},
		{&k.Undeparted, day},
		{&k.Attempts, 30 * day},
		{&k.Sessions, 90 * day},
		{&k.Jobs, 90 * day},
		{&k.Invitations, 180 * day},
		{&k.Employments, 730 * day},
		{&k.Persons, 730 * day},
		{&k.Imports, 90 * day},
	} {
		if *d.of <= 0 {
			*d.of = d.usual
		}
	}
	if k.PerNetwork <= 0 {
		k.PerNetwork = 10_000
	}
	return k
}

// inBatches repeats a statement until it finds less than a batch to do.
func (s *core) inBatches(ctx context.Context, query string, args []any) (total int64, err error) {
	for {
		var n int64
		err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
			result, err := tx.ExecContext(ctx, query, args...)
			if err != nil {
				return err
			}
			n, err = result.RowsAffected()
			return err
		})
		if err != nil {
			return total, errors.Join(err, ctx.Err())
		}
		if total += n; n < purgeBatch {
			return total, nil
		}
	}
}
