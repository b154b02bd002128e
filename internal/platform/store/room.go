package store

import (
	"context"
	"errors"
	"fmt"
	"math"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
)

// mayGiveWay is the condition of the indexes attempts_giving and attempts_giving_site.
const mayGiveWay = `state IN ('created', 'opened') AND stage < 2 AND method IN ('direct', 'link')`

// makeRoomSQL ends one attempt of those whose column (network or site) is $1.
func (s *Attempts) makeRoomSQL(column string) string {
	lock := s.db.forUpdate()
	if lock != "" {
		lock += " SKIP LOCKED" // another node ends that one
	}
	return `UPDATE attempts SET state = 'failed', updated_at = $2, reason = $3, timeline = timeline || $4
		WHERE ` + mayGiveWay + ` AND id = (SELECT id FROM attempts
			WHERE ` + mayGiveWay + ` AND ` + column + ` = $1 AND stage = $5 AND created_at <= $6
			ORDER BY created_at DESC LIMIT 1` + lock + `)
		RETURNING ` + attemptColumns
}

// MakeRoom ends the attempt that gives way, and returns it as it is then. Several nodes
// may make room at once: each ends another one. fault.ErrNotFound: there is none that
// may go.
func (s *Attempts) MakeRoom(ctx context.Context, r login.Room) (login.Attempt, error) {
	line, err := timelineLines(r.Event)
	if err != nil {
		return login.Attempt{}, err
	}
	column, place := "network", r.Network
	if place.Zero() {
		column, place = "site", r.Site
	}
	before := millis(r.Before)
	if before == 0 {
		before = math.MaxInt64
	}
	var a login.Attempt
	err = s.db.write(ctx, func(ctx context.Context, tx runner) (err error) {
		a, err = scanAttempt(tx.QueryRowContext(ctx, s.makeRoomSQL(column),
			hash(place), millis(r.At), string(r.Event.Reason), line, int64(r.Stage), before))
		return one(err, fault.ErrNotFound)
	})
	return a, wrap("make room", err)
}

// crowdsSQL reads the index attempts_running only.
func crowdsSQL(column string) string {
	return `SELECT ` + column + `, COUNT(*) FROM attempts WHERE ` + isRunning + ` AND ` + column + ` IS NOT NULL
		GROUP BY ` + column + ` HAVING COUNT(*) >= $1 ORDER BY 2 DESC LIMIT $2`
}

// Crowds lists where at least so many unfinished attempts come from, the largest crowds
// first: at most so many networks and as many sites.
func (s *Attempts) Crowds(ctx context.Context, least int64, most int) (crowds []login.Crowd, err error) {
	for _, column := range []string{"network", "site"} {
		err := eachRow(ctx, s.db.reader(), crowdsSQL(column), []any{least, most}, func(row scanner) error {
			var c login.Crowd
			to := &c.Source.Network
			if column == "site" {
				to = &c.Source.Site
			}
			err := row.Scan(hashColumn{to}, &c.Open)
			crowds = append(crowds, c)
			return err
		})
		if err != nil {
			return nil, wrap("count crowds", errors.Join(err, ctx.Err()))
		}
	}
	return crowds, nil
}

const countRunningSQL = "SELECT COUNT(*) FROM attempts WHERE " + isRunning

// RunningAttempts counts the attempts that are not over: a gauge. It reads an index
// of those only, which lifetimes keep short.
func (s *Attempts) RunningAttempts(ctx context.Context) (int64, error) {
	var n int64
	if err := s.db.reader().QueryRowContext(ctx, countRunningSQL).Scan(&n); err != nil {
		return 0, fmt.Errorf("count running attempts: %w", unavailable(err))
	}
	return n, nil
}
