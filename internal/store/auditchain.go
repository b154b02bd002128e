package store

import (
	"context"
	"errors"
	"fmt"

	"avain/internal/login"
	"avain/internal/secret"
)

const (
	auditHeadSQL = `SELECT value FROM meta WHERE name = 'audit_head'`

	// Bounded by numbers and by count: an attacker may have put in the same number a
	// million times.
	auditRowsSQL = `SELECT seq, at, actor, action, target, detail, hash FROM audit WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3`

	auditStraysSQL = `SELECT COUNT(*) FROM audit WHERE seq IS NULL OR seq < 1 OR seq > $1`
	auditNextSQL   = `SELECT COALESCE(MIN(seq), 0) FROM audit WHERE seq > $1 AND seq <= 9223372036854775807`

	beginChainSQL = `UPDATE meta SET value = $1 WHERE name = 'audit_head' AND value = $2`
)

// errNoChain says that avain migrate was cut short, or that somebody has damaged the
// head of the audit log.
var errNoChain = errors.New("the audit log has no head; run avain migrate")

// lockAuditHead reads the head in a transaction and keeps others from it until the
// transaction ends: entries get their numbers in the order in which they become
// visible, and no two follow the same one.
func (s *Store) lockAuditHead(ctx context.Context, tx runner) (login.AuditHead, error) {
	// One statement, never a sub-query of another: having waited for the lock,
	// PostgreSQL reads the locked row as it is now, and every other as it was before.
	return scanHead(tx.QueryRowContext(ctx, auditHeadSQL+s.db.forUpdate()))
}

func scanHead(row interface{ Scan(...any) error }) (login.AuditHead, error) {
	var value string
	if err := row.Scan(&value); err != nil {
		return login.AuditHead{}, err
	}
	head, ok := login.ParseAuditHead(value)
	if !ok {
		return login.AuditHead{}, errNoChain
	}
	return head, nil
}

// AuditHead is the last entry of the audit log, by its number and hash.
func (s *Store) AuditHead(ctx context.Context) (login.AuditHead, error) {
	head, err := scanHead(s.db.reader().QueryRowContext(ctx, auditHeadSQL))
	return head, wrap("read the head of the audit log", err)
}

// AuditRows are at most limit entries numbered above after, up to through, as they lie
// in the database.
func (s *Store) AuditRows(ctx context.Context, after, through int64, limit int) (_ []login.AuditRow, err error) {
	rows, err := s.db.reader().QueryContext(ctx, auditRowsSQL, after, through, limit)
	if err != nil {
		return nil, wrap("read audit log", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var all []login.AuditRow
	for rows.Next() {
		var r login.AuditRow
		if err := rows.Scan(
			exactly(&r.Seq, &r.Foreign), exactly(&r.At, &r.Foreign), exactly(&r.Actor, &r.Foreign), exactly(&r.Action, &r.Foreign),
			exactly(&r.Target, &r.Foreign), exactly(&r.Detail, &r.Foreign), exactHash{&r},
		); err != nil {
			return nil, wrap("read audit log", err)
		}
		all = append(all, r)
	}
	return all, wrap("read audit log", rows.Err())
}

// AuditStrays counts entries whose number is none, or after last.
func (s *Store) AuditStrays(ctx context.Context, last int64) (n int64, err error) {
	err = s.db.reader().QueryRowContext(ctx, auditStraysSQL, last).Scan(&n)
	return n, wrap("read audit log", err)
}

// AuditNext is the number of the first entry after the one so numbered; 0: there is none.
func (s *Store) AuditNext(ctx context.Context, after int64) (seq int64, err error) {
	err = s.db.reader().QueryRowContext(ctx, auditNextSQL, after).Scan(&seq)
	return seq, wrap("read audit log", err)
}

// exactColumn reads a column that must be of one type: SQLite stores what it is given,
// and bytes in place of a text would pass for it here and hide from every search.
type exactColumn[T any] struct {
	to      *T
	foreign *bool
}

func exactly[T any](to *T, foreign *bool) exactColumn[T] { return exactColumn[T]{to, foreign} }

// Scan reads the value or says that it is foreign.
func (c exactColumn[T]) Scan(src any) error {
	value, ok := src.(T)
	if !ok {
		*c.foreign = true
	}
	*c.to = value
	return nil
}

// exactHash reads the hash of an entry.
type exactHash struct{ row *login.AuditRow }

// Scan reads the hash, says that there is none, or that what there is is foreign.
func (c exactHash) Scan(src any) error {
	if src == nil {
		return nil
	}
	b, ok := src.([]byte)
	if !ok || len(b) != len(secret.Hash{}) || secret.Hash(b).Zero() {
		c.row.Foreign = true
		return nil
	}
	c.row.Hash = secret.Hash(b)
	return nil
}

// auditPage is how many entries are read at once.
const auditPage = 1000

// beginAuditChain gives the log its first head: a sum of all entries that were written
// before there were hashes, and of none in a new installation. Doing it again, or on
// several nodes at once, does no harm. Nobody can write entries meanwhile: there is
// nothing for them to follow.
func (s *Store) beginAuditChain(ctx context.Context) error {
	var value string
	if err := s.db.reader().QueryRowContext(ctx, auditHeadSQL).Scan(&value); err != nil {
		return fmt.Errorf("begin the chain of the audit log: %w", unavailable(err))
	}
	if _, begun := login.ParseAuditHead(value); begun {
		return nil
	}
	var last int64
	if _, err := fmt.Sscanf(value, "%d:", &last); err != nil || fmt.Sprintf("%d:", last) != value {
		return fmt.Errorf("begin the chain of the audit log: %w", errNoChain)
	}
	sum := s.chain.Before()
	for after := int64(0); after < last; after += auditPage {
		rows, err := s.AuditRows(ctx, after, min(after+auditPage, last), auditPage)
		if err != nil {
			return err
		}
		for _, row := range rows {
			sum.Add(row)
		}
	}
	first := login.AuditHead{Seq: last, Hash: sum.Sum()}
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		_, err := tx.ExecContext(ctx, beginChainSQL, first.String(), value) // no row: another node was faster
		return err
	})
	return wrap("begin the chain of the audit log", err)
}
