package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"avain/internal/domain/operations"
)

const (
	searchAuditSQL    = `SELECT seq, COALESCE(stream, 0), COALESCE(num, 0), at, actor, action, target, detail FROM audit WHERE `
	searchUnsealedSQL = `SELECT 0, stream, num, at, actor, action, target, detail FROM audit_unsealed`

	auditEndSQL = `SELECT COALESCE(MAX(seq), 0) + 1 FROM audit`
	auditAtSQL  = `SELECT seq, at FROM audit WHERE seq >= $1 ORDER BY seq LIMIT 1`
)

// auditSlack is more than the clocks of two nodes differ, and more than an entry waits
// for its number.
const auditSlack = 10 * time.Minute

// SearchAudit lists at most q.Limit entries that the query chooses, newest first. It
// reads the log backwards until it has them: there is no index that every login would
// have to pay for, but days are found by halving. Entries before the one numbered left
// have not been looked at; 0: all have. What is not sealed yet comes first.
func (s *Audit) SearchAudit(ctx context.Context, q operations.AuditQuery) (found []operations.AuditEntry, left int64, err error) {
	conditions, args, err := auditConditions(q)
	if err != nil {
		return nil, 0, wrap("search audit log", err)
	}
	var fresh []operations.AuditEntry
	if q.Before == 0 { // before what is sealed is read: an entry may stand in both, and never in none
		if fresh, err = s.searchUnsealed(ctx, conditions, args, q.Limit); err != nil {
			return nil, 0, err
		}
	}
	low, high, err := s.auditRange(ctx, q)
	if err != nil {
		return nil, 0, wrap("search audit log", err)
	}
	first := low
	if q.Scan > 0 {
		first = max(low, high-q.Scan)
	}
	args = append(args, first, high, q.Limit)
	n := len(args)
	query := searchAuditSQL + strings.Join(append(conditions, fmt.Sprintf("seq >= $%d AND seq < $%d", n-2, n-1)), " AND ") +
		fmt.Sprintf(" ORDER BY seq DESC LIMIT $%d", n)
	if found, err = s.auditEntries(ctx, query, args...); err != nil {
		return nil, 0, err
	}
	found, cut := firstFresh(fresh, found, q.Limit)
	switch {
	case cut && len(found) > 0 && found[len(found)-1].Seq == 0:
		left = high
	case len(found) > 0 && len(found) == q.Limit:
		left = found[len(found)-1].Seq
	case first > low:
		left = first
	}
	return found, left, nil
}

// searchUnsealed lists the oldest of the entries that are not sealed, newest first: the ones
// that come after them are newer than the page.
func (s *Audit) searchUnsealed(ctx context.Context, conditions []string, args []any, limit int) ([]operations.AuditEntry, error) {
	query := searchUnsealedSQL
	if len(conditions) > 0 {
		query += " WHERE " + strings.Join(conditions, " AND ")
	}
	found, err := s.auditEntries(ctx, query+fmt.Sprintf(" ORDER BY at, stream, num LIMIT $%d", len(args)+1), append(slices.Clip(args), limit)...)
	slices.Reverse(found)
	return found, err
}

// firstFresh puts entries that were read before they were sealed in front of those that were
// read sealed. It reports whether the limit cut some off.
func firstFresh(fresh, sealed []operations.AuditEntry, limit int) (all []operations.AuditEntry, cut bool) {
	all = slices.DeleteFunc(fresh, func(e operations.AuditEntry) bool {
		return slices.ContainsFunc(sealed, func(o operations.AuditEntry) bool { return o.Stream == e.Stream && o.Num == e.Num })
	})
	all = append(all, sealed...)
	return all[:min(len(all), limit)], len(all) >= limit
}

// auditRange are the numbers among which a query looks: from low up to high, which is not
// included.
func (s *Audit) auditRange(ctx context.Context, q operations.AuditQuery) (_, high int64, err error) {
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
func (s *Audit) auditSince(ctx context.Context, since time.Time, end int64) (int64, error) {
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

func auditConditions(q operations.AuditQuery) (conditions []string, args []any, err error) {
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

func (s *core) auditEntries(ctx context.Context, query string, args ...any) (_ []operations.AuditEntry, err error) {
	rows, err := s.db.reader().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, wrap("read audit log", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var entries []operations.AuditEntry
	for rows.Next() {
		var e operations.AuditEntry
		if err := rows.Scan(&e.Seq, &e.Stream, &e.Num, timeColumn{&e.At}, &e.Actor, &e.Action, &e.Target, jsonColumn{&e.Detail}); err != nil {
			return nil, wrap("read audit log", err)
		}
		entries = append(entries, e)
	}
	return entries, wrap("read audit log", rows.Err())
}
