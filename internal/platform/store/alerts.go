package store

import (
	"context"
	"errors"
	"math"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/operations"
	"avain/internal/domain/queue"
)

const (
	// The index alerts_lasting lets one alert last at a time: of many nodes that see the
	// same fall, one raises it.
	raiseAlertSQL = `INSERT INTO alerts (id, dimension, value, raised_at, ended_at, ok, gone, failed, usual)
		VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8) ON CONFLICT (dimension, value) WHERE ended_at = 0 DO NOTHING`

	endAlertSQL = `UPDATE alerts SET ended_at = $2 WHERE id = $1 AND ended_at = 0`

	alertsSQL = `SELECT id, dimension, value, raised_at, ended_at, ok, gone, failed, usual FROM alerts
		WHERE ended_at = 0 OR ended_at > $1 ORDER BY raised_at DESC, id`

	purgeAlertsSQL = `DELETE FROM alerts WHERE id IN (SELECT id FROM alerts
		WHERE ended_at > 0 AND ended_at < $1 ORDER BY ended_at LIMIT $2)`
)

// RaiseAlert writes an alert, and orders the jobs that tell of it, unless one for the
// same value of the same dimension lasts already; then it changes nothing and answers
// false.
func (s *Operations) RaiseAlert(ctx context.Context, a operations.Alert, jobs []queue.Job) (bool, error) {
	return s.changeAlert(ctx, "raise alert", jobs, raiseAlertSQL,
		a.ID, string(a.Dimension), text(a.Value), millis(a.RaisedAt), a.Now.OK, a.Now.Gone, a.Now.Failed, int64(math.Round(a.Usual*1000)))
}

// EndAlert ends an alert, and orders the jobs that tell of it, unless somebody else has
// ended it; then it returns false.
func (s *Operations) EndAlert(ctx context.Context, id string, at time.Time, jobs []queue.Job) (bool, error) {
	return s.changeAlert(ctx, "end alert", jobs, endAlertSQL, text(id), millis(at))
}

func (s *Operations) changeAlert(ctx context.Context, what string, jobs []queue.Job, query string, args ...any) (bool, error) {
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		if err := mustChange(fault.ErrMoved)(tx.ExecContext(ctx, query, args...)); err != nil {
			return err
		}
		return addJobs(ctx, tx, jobs)
	})
	if errors.Is(err, fault.ErrMoved) {
		return false, nil
	}
	return err == nil, wrap(what, err)
}

// Alerts lists the alerts that last, and those that ended after an instant, the newest
// first.
func (s *Operations) Alerts(ctx context.Context, since time.Time) ([]operations.Alert, error) {
	var all []operations.Alert
	err := eachRow(ctx, s.db.reader(), alertsSQL, []any{millis(since)}, func(row scanner) error {
		var a operations.Alert
		var usual int64
		err := row.Scan(&a.ID, &a.Dimension, &a.Value, timeColumn{&a.RaisedAt}, timeColumn{&a.EndedAt},
			&a.Now.OK, &a.Now.Gone, &a.Now.Failed, &usual)
		a.Usual = float64(usual) / 1000
		all = append(all, a)
		return err
	})
	if err != nil {
		return nil, wrap("read alerts", err)
	}
	return all, nil
}
