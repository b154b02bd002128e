package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"avain/internal/domain/fault"
	"avain/internal/domain/operations"
	"avain/internal/secret"
)

const (
	auditHeadSQL = `SELECT value FROM meta WHERE name = 'audit_head'`

	// Bounded by numbers and by count: an attacker may have put in the same number a
	// million times.
	auditRowsSQL = `SELECT seq, at, actor, action, target, detail, hash, stream, num FROM audit WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3`

	// For the migration that begins the chain: there were no streams then.
	oldAuditRowsSQL = `SELECT seq, at, actor, action, target, detail, hash, NULL, NULL FROM audit WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3`

	auditStraysSQL = `SELECT COUNT(*) FROM audit WHERE seq IS NULL OR seq < 1 OR seq > $1`
	auditNextSQL   = `SELECT COALESCE(MIN(seq), 0) FROM audit WHERE seq > $1 AND seq <= 9223372036854775807`

	beginChainSQL = `UPDATE meta SET value = $1 WHERE name = 'audit_head' AND value = $2`
)

// ErrAuditBroken says that the audit log cannot be as it was written: its head is missing, or
// does not fit the entries or where the chain began. avain admin audit verify says more.
var ErrAuditBroken = errors.New("the audit log is not as it was written: somebody has changed the database (docs/operations.md, \"Is it still as it was written?\")")

// lockAuditHead reads the head in a transaction and keeps others from it until the
// transaction ends: no two entries follow the same one. Only who seals does this.
func (s *Audit) lockAuditHead(ctx context.Context, tx runner) (operations.AuditHead, error) {
	// One statement, never a sub-query of another: having waited for the lock,
	// PostgreSQL reads the locked row as it is now, and every other as it was before.
	return scanHead(tx.QueryRowContext(ctx, auditHeadSQL+s.db.forUpdate()))
}

func scanHead(row interface{ Scan(...any) error }) (operations.AuditHead, error) {
	var value string
	err := row.Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return operations.AuditHead{}, fmt.Errorf("%w: it has no head", ErrAuditBroken)
	}
	if err != nil {
		return operations.AuditHead{}, err
	}
	head, ok := operations.ParseAuditHead(value)
	if !ok {
		return operations.AuditHead{}, fmt.Errorf("%w: its head is damaged", ErrAuditBroken)
	}
	return head, nil
}

// AuditHead is the last entry of the audit log, by its number and hash.
func (s *Audit) AuditHead(ctx context.Context) (operations.AuditHead, error) {
	head, err := scanHead(s.db.reader().QueryRowContext(ctx, auditHeadSQL))
	return head, wrap("read the head of the audit log", err)
}

// AuditRows are at most limit entries numbered above after, up to through, as they lie
// in the database.
func (s *Audit) AuditRows(ctx context.Context, after, through int64, limit int) ([]operations.AuditRow, error) {
	return s.auditRows(ctx, auditRowsSQL, after, through, limit)
}

func (s *Audit) auditRows(ctx context.Context, query string, args ...any) (_ []operations.AuditRow, err error) {
	rows, err := s.db.reader().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, wrap("read audit log", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var all []operations.AuditRow
	for rows.Next() {
		var r operations.AuditRow
		if err := rows.Scan(
			exactly(&r.Seq, &r.Foreign), exactly(&r.At, &r.Foreign), exactly(&r.Actor, &r.Foreign), exactly(&r.Action, &r.Foreign),
			exactly(&r.Target, &r.Foreign), exactly(&r.Detail, &r.Foreign), exactHash{&r},
			exactColumn[int64]{&r.Stream, &r.Foreign, true}, exactColumn[int64]{&r.Num, &r.Foreign, true},
		); err != nil {
			return nil, wrap("read audit log", err)
		}
		all = append(all, r)
	}
	return all, wrap("read audit log", rows.Err())
}

const (
	unsealedAfterSQL = `SELECT ` + auditColumns + ` FROM audit_unsealed WHERE stream > $1 OR stream = $1 AND num > $2 ORDER BY stream, num LIMIT $3`
	refusedSQL       = `SELECT ` + auditColumns + ` FROM audit_refused ORDER BY stream, num LIMIT $1`
	streamsSQL       = `SELECT stream FROM audit_streams ORDER BY stream`
)

// AuditUnsealed are at most limit entries that are not sealed yet, by their numbers after one
// of a stream, as they lie in the database.
func (s *Audit) AuditUnsealed(ctx context.Context, stream, num int64, limit int) ([]operations.AuditRow, error) {
	return s.unsealedRows(ctx, unsealedAfterSQL, stream, num, limit)
}

// AuditRefused are at most limit entries that were put aside when others were sealed.
func (s *Audit) AuditRefused(ctx context.Context, limit int) ([]operations.AuditRow, error) {
	return s.unsealedRows(ctx, refusedSQL, limit)
}

func (s *Audit) unsealedRows(ctx context.Context, query string, args ...any) (all []operations.AuditRow, err error) {
	err = eachRow(ctx, s.db.reader(), query, args, func(row scanner) error {
		r, err := scanUnsealed(row)
		all = append(all, r)
		return err
	})
	return all, wrap("read unsealed entries of the audit log", err)
}

// AuditStreams lists the streams to which entries may be added.
func (s *Audit) AuditStreams(ctx context.Context) (open []int64, err error) {
	err = eachRow(ctx, s.db.reader(), streamsSQL, nil, func(row scanner) error {
		var stream int64
		err := row.Scan(&stream)
		open = append(open, stream)
		return err
	})
	return open, wrap("read streams of the audit log", err)
}

// AuditStrays counts entries whose number is none, or after last.
func (s *Audit) AuditStrays(ctx context.Context, last int64) (n int64, err error) {
	err = s.db.reader().QueryRowContext(ctx, auditStraysSQL, last).Scan(&n)
	return n, wrap("read audit log", err)
}

// AuditNext is the number of the first entry after the one so numbered; 0: there is none.
func (s *Audit) AuditNext(ctx context.Context, after int64) (seq int64, err error) {
	err = s.db.reader().QueryRowContext(ctx, auditNextSQL, after).Scan(&seq)
	return seq, wrap("read audit log", err)
}

// exactColumn reads a column that must be of one type: SQLite stores what it is given,
// and bytes in place of a text would pass for it here and hide from every search.
type exactColumn[T any] struct {
	to       *T
	foreign  *bool
	optional bool // entries from before there were streams have no number there
}

func exactly[T any](to *T, foreign *bool) exactColumn[T] { return exactColumn[T]{to, foreign, false} }

// Scan reads the value or says that it is foreign.
func (c exactColumn[T]) Scan(src any) error {
	value, ok := src.(T)
	if !ok && (src != nil || !c.optional) {
		*c.foreign = true
	}
	*c.to = value
	return nil
}

// exactHash reads the hash of an entry.
type exactHash struct{ row *operations.AuditRow }

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

// chainBegins is the migration that begins the chain. It is not SQL, because the key is
// not in the database.
const chainBegins = 26

// beginAuditChain gives the log its first head: a sum of all entries that were written
// before there were hashes, and of none in a new installation. It happens once, as a
// migration: within its transaction and the lock of all migrations. When it is known
// outside the database that the chain has begun, a log without a head is no old one
// (threat 40).
func (s *Audit) beginAuditChain(ctx context.Context, tx *sql.Tx) error {
	var value string
	if err := tx.QueryRowContext(ctx, auditHeadSQL).Scan(&value); err != nil {
		return fmt.Errorf("begin the chain of the audit log: %w", err)
	}
	if _, begun := operations.ParseAuditHead(value); begun {
		return nil
	}
	var last int64
	if _, err := fmt.Sscanf(value, "%d:", &last); err != nil || fmt.Sprintf("%d:", last) != value || !s.begun.Hash.Zero() {
		return fmt.Errorf("%w: its chain has begun before, and there is no head", ErrAuditBroken)
	}
	first, err := s.sumAudit(ctx, oldAuditRowsSQL, last, false)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, beginChainSQL, first.String(), value)
	return err
}

// sumAudit sums up the entries up to one; with unhashed, only those before the first that
// has a hash.
func (s *Audit) sumAudit(ctx context.Context, query string, last int64, unhashed bool) (operations.AuditHead, error) {
	sum, end := s.chain.Before(), operations.AuditHead{Seq: last}
	if unhashed {
		end.Seq = 0
	}
	for after := int64(0); after < last; {
		rows, err := s.auditRows(ctx, query, after, last, auditPage)
		if err != nil {
			return end, err
		}
		for _, row := range rows {
			if unhashed && !row.Hash.Zero() {
				after = last
				break
			}
			sum.Add(row)
			after = row.Seq
			if unhashed {
				end.Seq = row.Seq
			}
		}
		if len(rows) < auditPage {
			break
		}
	}
	end.Hash = sum.Sum()
	return end, nil
}

// AuditBeginning is where the chain began by what is in the database: the last entry
// without a hash, and the sum up to it. It is to be written down outside, once; from then
// on that is believed and not the database.
func (s *Audit) AuditBeginning(ctx context.Context) (operations.AuditHead, error) {
	head, err := s.AuditHead(ctx)
	if err != nil {
		return operations.AuditHead{}, err
	}
	begun, err := s.sumAudit(ctx, auditRowsSQL, head.Seq, true)
	return begun, wrap("find where the audit log's chain begins", err)
}

// CheckAudit looks at both ends of the chain: the first entry must follow from where it
// began, as that is known outside the database, and the last must be the one of the head.
// What is between, only reading all of it tells. ErrAuditBroken.
func (s *Audit) CheckAudit(ctx context.Context) error {
	head, err := s.AuditHead(ctx)
	if err != nil || s.begun.Hash.Zero() {
		return err
	}
	if head.Seq < s.begun.Seq || head.Seq == s.begun.Seq && head != s.begun {
		return fmt.Errorf("%w: its head (%d) is before the beginning of its chain (%d)", ErrAuditBroken, head.Seq, s.begun.Seq)
	}
	if head.Seq == s.begun.Seq {
		return nil
	}
	ends, err := s.AuditRows(ctx, s.begun.Seq, s.begun.Seq+1, 1)
	if err != nil {
		return err
	}
	last, err := s.AuditRows(ctx, head.Seq-1, head.Seq, 1)
	switch {
	case err != nil:
		return err
	case len(ends) == 0 || !s.chain.Next(s.begun.Hash, ends[0]).Equal(ends[0].Hash):
		return fmt.Errorf("%w: entry %d does not follow from where its chain began", ErrAuditBroken, s.begun.Seq+1)
	case len(last) == 0 || !last[0].Hash.Equal(head.Hash):
		return fmt.Errorf("%w: entry %d is not the one of its head", ErrAuditBroken, head.Seq)
	}
	return nil
}

const (
	lastAuditSQL    = `SELECT COALESCE(MAX(seq), 0) FROM audit`
	forgiveSQL      = `DELETE FROM audit_refused`
	putAuditHeadSQL = `INSERT INTO meta (name, value) VALUES ('audit_head', $1) ON CONFLICT (name) DO UPDATE SET value = $1`
)

// BeginAuditAnew makes the log, as it is now, the entries from before a new chain, and
// answers where that begins: for an operator who knows that it was tampered with, and has
// kept what there is: what was put aside is gone. Nobody may write to the log meanwhile.
// fault.ErrMoved: somebody did.
func (s *Audit) BeginAuditAnew(ctx context.Context) (begun operations.AuditHead, err error) {
	var last int64
	if err := s.db.reader().QueryRowContext(ctx, lastAuditSQL).Scan(&last); err != nil {
		return begun, wrap("begin the audit log anew", err)
	}
	if begun, err = s.sumAudit(ctx, auditRowsSQL, last, false); err != nil {
		return begun, err
	}
	err = s.db.write(ctx, func(ctx context.Context, tx runner) error {
		if _, err := tx.ExecContext(ctx, putAuditHeadSQL, begun.String()); err != nil {
			return err
		}
		var now int64
		if err := tx.QueryRowContext(ctx, lastAuditSQL).Scan(&now); err != nil {
			return err
		}
		if now != last {
			return fault.ErrMoved
		}
		_, err := tx.ExecContext(ctx, forgiveSQL)
		return err
	})
	return begun, wrap("begin the audit log anew", err)
}
