package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"avain/internal/login"
)

const (
	appendAuditSQL = `INSERT INTO audit (seq, at, actor, action, target, detail, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)`

	readAuditSQL = `SELECT seq, at, actor, action, target, detail FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2`

	searchAuditSQL = `SELECT seq, at, actor, action, target, detail FROM audit WHERE `

	auditEndSQL = `SELECT COALESCE(MAX(seq), 0) + 1 FROM audit`
	auditAtSQL  = `SELECT seq, at FROM audit WHERE seq >= $1 ORDER BY seq LIMIT 1`
)

// auditSlack is more than the clocks of two nodes differ, and more than an entry waits
// for its number.
const auditSlack = 10 * time.Minute

// AppendAudit adds an entry to the audit log; its Seq and its place in the chain of
// hashes are given here. Entries can be neither changed nor removed afterwards:
// triggers see to it, and the chain tells when somebody has done without them. A
// trigger moves the head, too: logins wait for this, and it spares them a statement.
func (s *Store) AppendAudit(ctx context.Context, e login.AuditEntry) error {
	detail, err := asJSON(e.Detail)
	if err != nil {
		return wrap("append to audit log", err)
	}
	row := login.AuditRow{At: millis(e.At), Actor: text(e.Actor), Action: text(e.Action), Target: text(e.Target), Detail: detail}
	err = s.db.write(ctx, func(ctx context.Context, tx runner) error {
		head, err := s.lockAuditHead(ctx, tx)
		if err != nil {
			return err
		}
		next := row
		next.Seq = head.Seq + 1
		link := s.chain.Next(head.Hash, next)
		_, err = tx.ExecContext(ctx, appendAuditSQL, next.Seq, next.At, next.Actor, next.Action, next.Target, next.Detail, link[:])
		return err
	})
	return wrap("append to audit log", err)
}

// ReadAudit lists at most limit entries that come after the one numbered after
// (0: from the beginning), oldest first.
func (s *Store) ReadAudit(ctx context.Context, after int64, limit int) ([]login.AuditEntry, error) {
	return s.auditEntries(ctx, readAuditSQL, after, limit)
}

// SearchAudit lists at most q.Limit entries that the query chooses, newest first. It
// reads the log backwards until it has them: there is no index that every login would
// have to pay for, but days are found by halving. Entries before the one numbered left
// have not been looked at; 0: all have.
func (s *Store) SearchAudit(ctx context.Context, q login.AuditQuery) (found []login.AuditEntry, left int64, err error) {
	low, high, err := s.auditRange(ctx, q)
	if err != nil {
		return nil, 0, wrap("search audit log", err)
	}
	first := low
	if q.Scan > 0 {
		first = max(low, high-q.Scan)
	}
	conditions, args, err := auditConditions(q)
	if err != nil {
		return nil, 0, wrap("search audit log", err)
	}
	args = append(args, first, high, q.Limit)
	n := len(args)
	query := searchAuditSQL + strings.Join(append(conditions, fmt.Sprintf("seq >= $%d AND seq < $%d", n-2, n-1)), " AND ") +
		fmt.Sprintf(" ORDER BY seq DESC LIMIT $%d", n)
	if found, err = s.auditEntries(ctx, query, args...); err != nil {
		return nil, 0, err
	}
	switch {
	case len(found) > 0 && len(found) == q.Limit:
		left = found[len(found)-1].Seq
	case first > low:
		left = first
	}
	return found, left, nil
}

// auditRange are the numbers among which a query looks: from low up to high, which is not
// included.
func (s *Store) auditRange(ctx context.Context, q login.AuditQuery) (_, high int64, err error) {
	if err := s.db.reader().QueryRowContext(ctx, auditEndSQL).Scan(&high); err != nil {
		return 0, 0, err
	}
	low, end := int64(1), high
	if !q.Since.IsZero() {
		if low, err = s.auditSince(ctx, q.Since.Add(-auditSlack), end); err != nil {
			return 0, 0, err
		}
	}
	if !q.Until.IsZero() {
		if high, err = s.auditSince(ctx, q.Until.Add(auditSlack), end); err != nil {
			return 0, 0, err
		}
	}
	if q.Before > 0 {
		high = min(high, q.Before)
	}
	return low, high, nil
}

// auditSince is the number of the first entry from an instant on, found by halving; end
// when there is none. Nodes' clocks differ a little: allow for auditSlack.
func (s *Store) auditSince(ctx context.Context, since time.Time, end int64) (int64, error) {
	low, high := int64(1), end
	for low < high {
		middle := low + (high-low)/2
		var seq, at int64
		err := s.db.reader().QueryRowContext(ctx, auditAtSQL, middle).Scan(&seq, &at)
		switch {
		case errors.Is(err, sql.ErrNoRows): // somebody has cut the end off
			high = middle
		case err != nil:
			return 0, err
		case at >= millis(since):
			high = middle
		default:
			low = seq + 1
		}
	}
	return low, nil
}

func auditConditions(q login.AuditQuery) (conditions []string, args []any, err error) {
	where := func(condition string, values ...any) {
		for _, value := range values {
			args = append(args, value)
			condition = strings.Replace(condition, "?", "$"+strconv.Itoa(len(args)), 1)
		}
		conditions = append(conditions, condition)
	}
	if q.Actor != "" {
		where("actor = ?", text(q.Actor))
	}
	if family, all := strings.CutSuffix(q.Action, ".*"); all {
		where("action LIKE ? ESCAPE '!'", likely(family)+".%")
	} else if q.Action != "" {
		where("action = ?", text(q.Action))
	}
	if q.Target != "" {
		where("target = ?", text(q.Target))
	}
	if q.Person != "" {
		named, err := asJSON(q.Person)
		if err != nil {
			return nil, nil, err
		}
		person := "person:" + text(q.Person)
		where("(actor = ? OR target = ? OR detail LIKE ? ESCAPE '!')", person, person, "%"+likely(`"person":`+named)+"%")
	}
	if !q.Since.IsZero() {
		where("at >= ?", millis(q.Since))
	}
	if !q.Until.IsZero() {
		where("at < ?", millis(q.Until))
	}
	return conditions, args, nil
}

// likely is a text as LIKE finds it to the letter.
func likely(s string) string {
	return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(text(s))
}

func (s *Store) auditEntries(ctx context.Context, query string, args ...any) (_ []login.AuditEntry, err error) {
	rows, err := s.db.reader().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, wrap("read audit log", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var entries []login.AuditEntry
	for rows.Next() {
		var e login.AuditEntry
		if err := rows.Scan(&e.Seq, timeColumn{&e.At}, &e.Actor, &e.Action, &e.Target, jsonColumn{&e.Detail}); err != nil {
			return nil, wrap("read audit log", err)
		}
		entries = append(entries, e)
	}
	return entries, wrap("read audit log", rows.Err())
}
