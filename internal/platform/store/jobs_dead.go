package store

import (
	"context"
	"errors"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/queue"
)

const (
	deadJobsSQL = `SELECT ` + jobColumns + ` FROM jobs
		WHERE dead_at > 0 AND (dead_at, id) > ($1, $2) AND ($3 = '' OR kind = $3) ORDER BY dead_at, id LIMIT $4`

	isRevived = `run_at = $2, tries = 0, dead_at = 0, claim = claim + 1`

	reviveJobSQL = `UPDATE jobs SET ` + isRevived + ` WHERE id = $1 AND dead_at > 0`

	reviveJobsSQL = `UPDATE jobs SET ` + isRevived + ` WHERE dead_at > 0 AND id IN (SELECT id FROM jobs
		WHERE dead_at > 0 AND dead_at <= $2 AND kind = $1 ORDER BY dead_at, id LIMIT $3)`

	purgeJobsSQL = `DELETE FROM jobs WHERE dead_at > 0 AND id IN (SELECT id FROM jobs
		WHERE dead_at > 0 AND dead_at <= $1 ORDER BY dead_at, id LIMIT $2)`

	// Those that are due and that nobody has begun for so long: no node knows their kind
	// any more, as after an endpoint has left the configuration.
	purgeForgottenJobsSQL = `DELETE FROM jobs WHERE dead_at = 0 AND run_at <= $1 AND id IN (SELECT id FROM jobs
		WHERE dead_at = 0 AND run_at <= $1 LIMIT $2)`

	// What only delivery needs is not kept for as long when nobody delivers: a client that
	// is told of the ends of sessions has left the configuration.
	purgeForgottenLogoutsSQL = `DELETE FROM jobs WHERE dead_at = 0 AND run_at <= $1 AND id IN (SELECT id FROM jobs
		WHERE dead_at = 0 AND run_at <= $1 AND kind LIKE '` + queue.KindLogout + `%' LIMIT $2)`

	jobDepthsSQL = `SELECT kind, COUNT(*), 0, MIN(run_at) FROM jobs WHERE dead_at = 0 GROUP BY kind
		UNION ALL SELECT kind, 0, COUNT(*), 0 FROM jobs WHERE dead_at > 0 GROUP BY kind`
)

// DeadJobs lists at most limit jobs of the kind ("": of every kind) that were given
// up, those first that have been for longest, beginning after a place in the list.
func (s *Operations) DeadJobs(ctx context.Context, kind string, after queue.Place, limit int) ([]queue.Job, error) {
	jobs, err := queryJobs(ctx, s.db.reader(), deadJobsSQL, millis(after.DeadAt), text(after.ID), text(kind), limit)
	return jobs, wrap("list dead jobs", err)
}

// ReviveJob begins a job anew that was given up. fault.ErrNotFound: there is no such
// dead job.
func (s *Operations) ReviveJob(ctx context.Context, id string, at time.Time) error {
	return wrap("revive job", s.db.write(ctx, func(ctx context.Context, tx runner) error {
		return mustChange(fault.ErrNotFound)(tx.ExecContext(ctx, reviveJobSQL, text(id), millis(at)))
	}))
}

// ReviveJobs begins jobs of the kind anew that had been given up by then, and answers how
// many. More says that there may be others: nobody should have to wait for all of them at
// once.
func (s *Operations) ReviveJobs(ctx context.Context, kind string, at time.Time) (n int64, more bool, err error) {
	err = s.db.write(ctx, func(ctx context.Context, tx runner) error {
		result, err := tx.ExecContext(ctx, reviveJobsSQL, text(kind), millis(at), purgeBatch)
		if err != nil {
			return err
		}
		n, err = result.RowsAffected()
		return err
	})
	return n, n == purgeBatch, wrap("revive jobs", err)
}

// JobDepths counts the jobs of each kind that has any. It walks an index of all jobs:
// for a scrape or a person, not for a request.
func (s *Operations) JobDepths(ctx context.Context) (_ []queue.Depth, err error) {
	rows, err := s.db.reader().QueryContext(ctx, jobDepthsSQL)
	if err != nil {
		return nil, wrap("count jobs", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var depths []queue.Depth
	place := map[string]int{}
	for rows.Next() {
		var one queue.Depth
		if err := rows.Scan(&one.Kind, &one.Waiting, &one.Dead, timeColumn{&one.Oldest}); err != nil {
			return nil, wrap("count jobs", err)
		}
		at, known := place[one.Kind]
		if !known {
			place[one.Kind] = len(depths)
			depths = append(depths, one)
			continue
		}
		depths[at].Dead += one.Dead
	}
	return depths, wrap("count jobs", rows.Err())
}
