package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/queue"
)

const (
	jobColumns = `id, kind, key, payload, run_at, tries, claim, error, dead_at, created_at`

	// Of one kind and key there is one job. Ordering it again does nothing while there
	// is hope for it, and begins it anew when it had been given up.
	addJobSQL = `INSERT INTO jobs (` + jobColumns + `) VALUES ($1, $2, $3, $4, $5, 0, 0, '', 0, $6)
		ON CONFLICT (kind, key) WHERE key <> '' DO UPDATE SET payload = excluded.payload, run_at = excluded.run_at,
			tries = 0, claim = jobs.claim + 1, error = '', dead_at = 0
		WHERE jobs.dead_at > 0`

	// claimJobsSQL repeats its condition outside the selection: of two nodes that
	// select the same rows, the second waits for the first, looks again and finds that
	// they are no longer due.
	claimJobsSQL = `UPDATE jobs SET run_at = $4, tries = tries + 1, claim = claim + 1
		WHERE dead_at = 0 AND run_at <= $2 AND id IN (SELECT id FROM jobs
			WHERE kind = $1 AND dead_at = 0 AND run_at <= $2 ORDER BY run_at, id LIMIT $3)
		RETURNING ` + jobColumns

	// Whoever holds the claim holds the job, even after the lease has run out, until
	// somebody else has claimed it.
	isHeld = `id = $1 AND claim = $2 AND dead_at = 0`

	finishJobSQL = `DELETE FROM jobs WHERE ` + isHeld
	extendJobSQL = `UPDATE jobs SET run_at = $3 WHERE ` + isHeld
	retryJobSQL  = `UPDATE jobs SET run_at = $3, error = $4, claim = claim + 1 WHERE ` + isHeld
	// An interrupted try did not fail: it does not count.
	releaseJobSQL = `UPDATE jobs SET run_at = $3, tries = tries - 1, claim = claim + 1 WHERE ` + isHeld
	buryJobSQL    = `UPDATE jobs SET dead_at = $3, error = $4, payload = $5, claim = claim + 1 WHERE ` + isHeld
)

// errJob is a mistake of ours: whoever orders such a job must be mended.
var errJob = errors.New("a job needs an id, a kind, and JSON that is not too long")

// AddJobs orders jobs that no other act causes. See [queue.Job] for what ordering the
// same job twice does.
func (s *Operations) AddJobs(ctx context.Context, jobs ...queue.Job) error {
	return wrap("add jobs", s.db.write(ctx, func(ctx context.Context, tx runner) error {
		return addJobs(ctx, tx, jobs)
	}))
}

// addJobs orders jobs in the transaction of the act that causes them, so that both
// happen or neither.
func addJobs(ctx context.Context, tx runner, jobs []queue.Job) error {
	for _, j := range jobs {
		if !login.ValidID(j.ID) || j.Kind == "" || len(j.Payload) > queue.MaxPayload || !json.Valid(j.Payload) || !storable(string(j.Payload)) {
			return fmt.Errorf("%w: kind %q", errJob, j.Kind)
		}
		_, err := tx.ExecContext(ctx, addJobSQL, j.ID, text(j.Kind), text(j.Key), string(j.Payload), millis(j.At), millis(j.CreatedAt))
		if err != nil {
			return err
		}
	}
	return nil
}

// DueKinds answers which of the kinds have a job that is due, in the order given. It
// only reads, and looks at one index entry per kind.
func (s *Operations) DueKinds(ctx context.Context, kinds []string, now time.Time) (_ []string, err error) {
	if len(kinds) == 0 {
		return nil, nil
	}
	args := []any{millis(now)}
	for _, kind := range kinds {
		args = append(args, text(kind))
	}
	rows, err := s.db.reader().QueryContext(ctx, dueKindsSQL(len(kinds)), args...)
	if err != nil {
		return nil, wrap("find due jobs", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var due []string
	for rows.Next() {
		var kind string
		if err := rows.Scan(&kind); err != nil {
			return nil, wrap("find due jobs", err)
		}
		due = append(due, kind)
	}
	slices.SortFunc(due, func(a, b string) int { return slices.Index(kinds, a) - slices.Index(kinds, b) })
	return due, wrap("find due jobs", rows.Err())
}

// dueKindsSQL is the statement for n kinds; a process has one n, or few.
func dueKindsSQL(n int) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = fmt.Sprintf(`SELECT CAST($%[1]d AS TEXT) WHERE EXISTS (SELECT 1 FROM jobs
			WHERE kind = CAST($%[1]d AS TEXT) AND dead_at = 0 AND run_at <= $1)`, i+2)
	}
	return strings.Join(parts, " UNION ALL ")
}

// ClaimJobs takes due jobs, of each kind those that have been due for longest, and
// keeps them from everybody else until the lease ends. Of many callers at once, on
// however many nodes, each job goes to one.
func (s *Operations) ClaimJobs(ctx context.Context, claims []queue.Claim, now time.Time) ([]queue.Job, error) {
	var claimed []queue.Job
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		claimed = nil // the transaction may be run again
		for _, c := range claims {
			jobs, err := queryJobs(ctx, tx, claimJobsSQL, text(c.Kind), millis(now), c.Limit, millis(c.Until))
			if err != nil {
				return err
			}
			slices.SortFunc(jobs, func(a, b queue.Job) int { // RETURNING keeps no order
				return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.ID, b.ID))
			})
			claimed = append(claimed, jobs...)
		}
		return nil
	})
	if err != nil {
		return nil, wrap("claim jobs", err)
	}
	return claimed, nil
}

// FinishJob ends a job that has been done: nothing of it remains. fault.ErrMoved: the
// caller no longer holds it.
func (s *Operations) FinishJob(ctx context.Context, j queue.Job) error {
	return wrap("finish job", s.db.write(ctx, func(ctx context.Context, tx runner) error {
		return finishJob(ctx, tx, j)
	}))
}

// finishJob ends a job in the transaction that holds its effect: the effect then
// happens once, whenever the process dies. fault.ErrMoved, and the act must return it,
// so that the effect of a worker that has lost its job is undone.
func finishJob(ctx context.Context, tx runner, j queue.Job) error {
	return mustChange(fault.ErrMoved)(tx.ExecContext(ctx, finishJobSQL, text(j.ID), j.Claim))
}

// ExtendJob moves the end of the lease. fault.ErrMoved: the caller no longer holds
// the job.
func (s *Operations) ExtendJob(ctx context.Context, j queue.Job, until time.Time) error {
	return s.changeJob(ctx, "extend job", extendJobSQL, j, millis(until))
}

// RetryJob gives a job back, to be begun again at the time given. Why is kept for
// people and must be scrubbed. fault.ErrMoved: the caller no longer holds the job.
func (s *Operations) RetryJob(ctx context.Context, j queue.Job, at time.Time, reason string) error {
	return s.changeJob(ctx, "retry job", retryJobSQL, j, millis(at), text(reason))
}

// ReleaseJob gives a job back whose try was interrupted by the process's own end; the
// try does not count. fault.ErrMoved: the caller no longer holds the job.
func (s *Operations) ReleaseJob(ctx context.Context, j queue.Job, at time.Time) error {
	return s.changeJob(ctx, "release job", releaseJobSQL, j, millis(at))
}

// BuryJob gives a job up: it goes to the list of dead jobs, where people find it, with
// the payload that it has now. fault.ErrMoved: the caller no longer holds the job.
func (s *Operations) BuryJob(ctx context.Context, j queue.Job, at time.Time, reason string) error {
	if !json.Valid(j.Payload) {
		return fmt.Errorf("%w: kind %q", errJob, j.Kind)
	}
	return s.changeJob(ctx, "bury job", buryJobSQL, j, millis(at), text(reason), string(j.Payload))
}

func (s *Operations) changeJob(ctx context.Context, what, query string, j queue.Job, args ...any) error {
	return wrap(what, s.db.write(ctx, func(ctx context.Context, tx runner) error {
		return mustChange(fault.ErrMoved)(tx.ExecContext(ctx, query, append([]any{text(j.ID), j.Claim}, args...)...))
	}))
}

func queryJobs(ctx context.Context, on runner, query string, args ...any) (_ []queue.Job, err error) {
	rows, err := on.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var jobs []queue.Job
	for rows.Next() {
		var j queue.Job
		if err := rows.Scan(&j.ID, &j.Kind, &j.Key, &j.Payload, timeColumn{&j.At}, &j.Tries, &j.Claim, &j.Error,
			timeColumn{&j.DeadAt}, timeColumn{&j.CreatedAt}); err != nil {
			return nil, err
		}
		jobs = append(jobs, j)
	}
	return jobs, rows.Err()
}
