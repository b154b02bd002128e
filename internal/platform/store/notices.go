package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/operations"
)

const (
	noticeColumns = `id, severity, words, starts_at, ends_at, audience, act, source, by, created_at, changed_at, withdrawn_at`

	// What is on or will be comes whole, since a notice that acts must not fall out of the
	// list; of what is over, the newest.
	openNoticesSQL = `SELECT ` + noticeColumns + ` FROM notices
		WHERE withdrawn_at = 0 AND (ends_at = 0 OR ends_at > $1) ORDER BY starts_at DESC, id LIMIT 1000`
	overNoticesSQL = `SELECT ` + noticeColumns + ` FROM notices
		WHERE withdrawn_at > 0 OR (ends_at > 0 AND ends_at <= $1) ORDER BY starts_at DESC, id LIMIT $2`

	noticeByIDSQL = `SELECT ` + noticeColumns + ` FROM notices WHERE id = $1`
	lastOfSQL     = `SELECT ` + noticeColumns + ` FROM notices WHERE source = $1 ORDER BY created_at DESC, id DESC LIMIT 1`

	addNoticeSQL = `INSERT INTO notices (` + noticeColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0)`
	onlyNew      = ` ON CONFLICT (id) DO NOTHING`
	orLater      = ` ON CONFLICT (id) DO UPDATE SET ends_at = excluded.ends_at`

	// Two who edit at once: the second does not overwrite what they have not seen.
	changeNoticeSQL = `UPDATE notices SET severity = $2, words = $3, starts_at = $4, ends_at = $5, audience = $6, act = $7, by = $8, changed_at = $9
		WHERE id = $1 AND changed_at = $10 AND withdrawn_at = 0 AND source = ''`
	withdrawNoticeSQL = `UPDATE notices SET withdrawn_at = $2, by = $3 WHERE id = $1 AND withdrawn_at = 0`

	// Nodes need not agree on what lasts how long: the latest end counts.
	keepNoticeSQL = `UPDATE notices SET severity = $2, words = $3, audience = $4, ends_at = CASE WHEN ends_at < $5 THEN $5 ELSE ends_at END, changed_at = $6
		WHERE id = $1`

	// At most so many at a time, since it is done again and again.
	purgeNoticesSQL = `DELETE FROM notices WHERE id IN (SELECT id FROM notices
		WHERE (ends_at > 0 AND ends_at <= $1) OR (withdrawn_at > 0 AND withdrawn_at <= $1) LIMIT $2)`
)

// Notices lists all that is on or will be, and the newest of what is over: both by their
// beginning, the newest first.
func (s *Operations) Notices(ctx context.Context, now time.Time, over int) ([]operations.Notice, error) {
	open, err := s.listNotices(ctx, openNoticesSQL, millis(now))
	if err != nil {
		return nil, err
	}
	past, err := s.listNotices(ctx, overNoticesSQL, millis(now), over)
	return append(open, past...), err
}

func (s *Operations) listNotices(ctx context.Context, query string, args ...any) (all []operations.Notice, err error) {
	rows, err := s.db.reader().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, wrap("list notices", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		n, err := scanNotice(rows)
		if err != nil {
			return nil, wrap("list notices", err)
		}
		all = append(all, n)
	}
	return all, wrap("list notices", rows.Err())
}

// NoticeByID finds a notice, over or not. fault.ErrNotFound.
func (s *Operations) NoticeByID(ctx context.Context, id string) (operations.Notice, error) {
	if !storable(id) {
		return operations.Notice{}, fault.ErrNotFound
	}
	n, err := scanNotice(s.db.reader().QueryRowContext(ctx, noticeByIDSQL, id))
	return n, wrap("find notice", one(err, fault.ErrNotFound))
}

// AddNotice writes a new notice. fault.ErrExists.
func (s *Operations) AddNotice(ctx context.Context, n operations.Notice) error {
	c, err := noticeTexts(n)
	if err != nil {
		return wrap("add notice", err)
	}
	return wrap("add notice", s.db.write(ctx, func(ctx context.Context, tx runner) error {
		return mustChange(fault.ErrExists)(addNotice(ctx, tx, addNoticeSQL+onlyNew, n, c))
	}))
}

// noticeJSON are the columns that hold JSON.
type noticeJSON struct{ words, audience, act string }

func noticeTexts(n operations.Notice) (c noticeJSON, err error) {
	var failed [3]error
	c.words, failed[0] = asJSON(n.Words)
	c.audience, failed[1] = asJSON(n.Audience)
	c.act, failed[2] = asJSON(n.Act)
	return c, errors.Join(failed[:]...)
}

func addNotice(ctx context.Context, tx runner, query string, n operations.Notice, c noticeJSON) (sql.Result, error) {
	return tx.ExecContext(ctx, query, text(n.ID), text(string(n.Severity)), text(c.words), millis(n.From), millis(n.Until), text(c.audience),
		text(c.act), text(n.Source), text(n.By), millis(n.CreatedAt), millis(n.ChangedAt))
}

// ChangeNotice writes what a notice says now, over the version that was changed at seen.
// fault.ErrNotFound; fault.ErrMoved when there is a newer version, when it is withdrawn,
// or when nobody wrote it but the service itself.
func (s *Operations) ChangeNotice(ctx context.Context, n operations.Notice, seen time.Time) error {
	c, err := noticeTexts(n)
	if err != nil {
		return wrap("change notice", err)
	}
	return wrap("change notice", s.db.write(ctx, func(ctx context.Context, tx runner) error {
		return noticeChanged(ctx, tx, n.ID)(tx.ExecContext(ctx, changeNoticeSQL, text(n.ID), text(string(n.Severity)), text(c.words), millis(n.From),
			millis(n.Until), text(c.audience), text(c.act), text(n.By), millis(n.ChangedAt), millis(seen)))
	}))
}

// WithdrawNotice ends a notice now. fault.ErrNotFound; fault.ErrMoved when it is withdrawn
// already.
func (s *Operations) WithdrawNotice(ctx context.Context, id, by string, at time.Time) error {
	return wrap("withdraw notice", s.db.write(ctx, func(ctx context.Context, tx runner) error {
		return noticeChanged(ctx, tx, id)(tx.ExecContext(ctx, withdrawNoticeSQL, text(id), millis(at), text(by)))
	}))
}

// KeepNotice writes that what a notice of the service's own tells of still lasts, until
// n.Until. It goes on with the source's last notice if that ended less than pause ago,
// so that what comes and goes is one notice, and does not call back one that somebody
// has withdrawn meanwhile; else it adds the next. Nodes that do it at the same time get
// the same notice, because its id follows from the one before.
func (s *Operations) KeepNotice(ctx context.Context, n operations.Notice, pause time.Duration) (operations.Notice, error) {
	c, err := noticeTexts(n)
	if err != nil {
		return n, wrap("keep notice", err)
	}
	kept := n
	err = s.db.write(ctx, func(ctx context.Context, tx runner) error {
		kept = n
		last, err := scanNotice(tx.QueryRowContext(ctx, lastOfSQL, text(n.Source)))
		if err = one(err, fault.ErrNotFound); err != nil && !errors.Is(err, fault.ErrNotFound) {
			return err
		}
		if err == nil && last.Until.Add(pause).After(n.From) {
			kept.ID, kept.From, kept.CreatedAt, kept.WithdrawnAt = last.ID, last.From, last.CreatedAt, last.WithdrawnAt
			if same(last, n) {
				kept.ChangedAt = last.ChangedAt
			}
			_, err = tx.ExecContext(ctx, keepNoticeSQL, kept.ID, text(string(n.Severity)), text(c.words), text(c.audience), millis(n.Until), millis(kept.ChangedAt))
			return err
		}
		kept.ID = after(n.Source, last.ID)
		_, err = addNotice(ctx, tx, addNoticeSQL+orLater, kept, c)
		return err
	})
	return kept, wrap("keep notice", err)
}

// same reports whether two notices tell the same of the same people.
func same(a, b operations.Notice) bool {
	x, errX := noticeTexts(a)
	y, errY := noticeTexts(b)
	return errX == nil && errY == nil && x == y && a.Severity == b.Severity
}

// after is the id of the source's notice that comes after another. Like [login.NewID] it
// never begins with "-", which would be a flag on a command line.
func after(source, previous string) string {
	sum := sha256.Sum256([]byte("notice\x00" + source + "\x00" + previous))
	for {
		if id := base64.RawURLEncoding.EncodeToString(sum[:16]); id[0] != '-' {
			return id
		}
		sum = sha256.Sum256(sum[:])
	}
}

// PurgeNotices deletes what was over before the time, and tells how much. Several nodes
// may do it at once.
func (s *Operations) PurgeNotices(ctx context.Context, before time.Time) (total int64, err error) {
	for {
		var n int64
		err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
			r, err := tx.ExecContext(ctx, purgeNoticesSQL, millis(before), purgeBatch)
			if err != nil {
				return err
			}
			n, err = r.RowsAffected()
			return err
		})
		total += n
		if err != nil || n < purgeBatch {
			return total, wrap("purge notices", err)
		}
	}
}

// noticeChanged tells why nothing was changed.
func noticeChanged(ctx context.Context, tx runner, id string) func(sql.Result, error) error {
	return func(r sql.Result, err error) error {
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n > 0 {
			return err
		}
		if _, err := scanNotice(tx.QueryRowContext(ctx, noticeByIDSQL, text(id))); err != nil {
			return one(err, fault.ErrNotFound)
		}
		return fault.ErrMoved
	}
}

func scanNotice(row scanner) (n operations.Notice, err error) {
	var severity string
	err = row.Scan(&n.ID, &severity, jsonColumn{&n.Words}, timeColumn{&n.From}, timeColumn{&n.Until}, jsonColumn{&n.Audience}, jsonColumn{&n.Act},
		&n.Source, &n.By, timeColumn{&n.CreatedAt}, timeColumn{&n.ChangedAt}, timeColumn{&n.WithdrawnAt})
	n.Severity = operations.Severity(severity)
	return n, err
}
