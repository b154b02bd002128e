package store

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"avain/internal/login"
)

const (
	appendAuditSQL = `INSERT INTO audit (seq, at, actor, action, target, detail, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)`

	readAuditSQL = `SELECT seq, at, actor, action, target, detail FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2`

	searchAuditSQL = `SELECT seq, at, actor, action, target, detail FROM audit WHERE `
)

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
// have to pay for.
func (s *Store) SearchAudit(ctx context.Context, q login.AuditQuery) ([]login.AuditEntry, error) {
	conditions := []string{"1 = 1"}
	var args []any
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
			return nil, wrap("search audit log", err)
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
	if q.Before > 0 {
		where("seq < ?", q.Before)
	}
	args = append(args, q.Limit)
	query := searchAuditSQL + strings.Join(conditions, " AND ") + " ORDER BY seq DESC LIMIT $" + strconv.Itoa(len(args))
	return s.auditEntries(ctx, query, args...)
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
