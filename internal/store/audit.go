package store

import (
	"context"
	"errors"

	"avain/internal/login"
)

const (
	nextAuditSQL = `UPDATE meta SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT) WHERE name = 'audit_seq'
		RETURNING CAST(value AS BIGINT)`

	appendAuditSQL = `INSERT INTO audit (seq, at, actor, action, target, detail) VALUES ($1, $2, $3, $4, $5, $6)`

	readAuditSQL = `SELECT seq, at, actor, action, target, detail FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2`
)

// AppendAudit adds an entry to the audit log; its Seq is given here. Entries can be
// neither changed nor removed afterwards: triggers see to it.
func (s *Store) AppendAudit(ctx context.Context, e login.AuditEntry) error {
	detail, err := asJSON(e.Detail)
	if err != nil {
		return wrap("append to audit log", err)
	}
	err = s.db.write(ctx, func(ctx context.Context, tx runner) error {
		var seq int64
		if err := tx.QueryRowContext(ctx, nextAuditSQL).Scan(&seq); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, appendAuditSQL, seq, millis(e.At), text(e.Actor), text(e.Action), text(e.Target), detail)
		return err
	})
	return wrap("append to audit log", err)
}

// ReadAudit lists at most limit entries that come after the one numbered after
// (0: from the beginning), oldest first.
func (s *Store) ReadAudit(ctx context.Context, after int64, limit int) (_ []login.AuditEntry, err error) {
	rows, err := s.db.reader().QueryContext(ctx, readAuditSQL, after, limit)
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
