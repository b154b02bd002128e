package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"avain/internal/domain/operations"
	"avain/internal/platform/audit"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	openStreamSQL = `INSERT INTO audit_streams (stream, node, opened_at) VALUES ($1, $2, (%s)) ON CONFLICT DO NOTHING`

	appendAuditSQL = `INSERT INTO audit_unsealed (stream, num, at, actor, action, target, detail, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
	voidAuditSQL   = appendAuditSQL + ` ON CONFLICT DO NOTHING`
	unvoidAuditSQL = `DELETE FROM audit_unsealed WHERE stream = $1 AND num = $2 AND action = '` + actionVoid + `'`

	sealedSQL = `SELECT num, missing FROM audit_sealed WHERE stream = $1`
	waitSQL   = `SELECT num FROM audit_unsealed WHERE stream = $1 ORDER BY num`
)

// What the log says of itself. Its streams are the targets.
const (
	actionVoid    = audit.ActionVoid
	actionMissing = audit.ActionMissing
)

// errStreamClosed says that other nodes take this one for dead, and have closed its stream.
var errStreamClosed = errors.New("the stream of this process is closed")

// unconfirmedFor is how long an entry may be neither sealed nor waiting for it before it counts
// as removed. It cannot be longer than a moment: sealing moves it in one transaction.
const unconfirmedFor = 5 * time.Second

// auditStream is what this process writes to the audit log: entries numbered 1, 2, 3, …,
// each signed with its number. So no process waits for another one's, and an entry that
// somebody removes before it is sealed leaves a hole that this process knows of.
type auditStream struct {
	chain audit.Chain
	clock string
	now   func() time.Time

	mu      sync.Mutex
	node    string // of the table nodes; empty: unknown
	id      int64  // 0: none is open
	open    bool   // the row that says so is in the database
	last    int64  // the last number that was given
	undone  []int64
	written []writtenEntry // and not yet seen sealed
}

type writtenEntry struct {
	num int64
	at  time.Time
}

// entryNumbers are the ones that a transaction has been given, and of which stream.
type entryNumbers struct {
	stream int64
	all    []int64
	used   int // of them, by the run that counts
}

// take gives a transaction as many numbers as it has entries.
func (a *auditStream) take(given *entryNumbers, n int) (node string, open bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.id == 0 {
		a.id, a.open, a.last = newStream(), false, 0
	}
	if given.stream != a.id {
		*given = entryNumbers{stream: a.id}
	}
	for len(given.all) < n {
		a.last++
		given.all = append(given.all, a.last)
	}
	given.used = n
	return a.node, a.open
}

// newStream is the id of a stream, by chance, so that nobody needs to agree on it: a number
// that JSON can hold.
func newStream() int64 {
	var b [8]byte
	_, _ = rand.Read(b[:])                              // never fails
	return int64(binary.BigEndian.Uint64(b[:])>>11) + 1 //nolint:gosec // 53 bits
}

// write puts entries into the transaction that they tell of. It is the last thing that the
// transaction does, so that a number is without its entry for a moment only.
func (a *auditStream) write(ctx context.Context, tx runner, given *entryNumbers, entries []operations.AuditRow) error {
	given.used = 0
	if len(entries) == 0 {
		return nil
	}
	node, open := a.take(given, len(entries))
	if !open {
		if _, err := tx.ExecContext(ctx, fmt.Sprintf(openStreamSQL, a.clock), given.stream, text(node)); err != nil {
			return err
		}
	}
	for i, row := range entries {
		row.Stream, row.Num = given.stream, given.all[i]
		if _, err := tx.ExecContext(ctx, appendAuditSQL, a.args(row)...); err != nil {
			return a.closed(given.stream, err)
		}
	}
	return nil
}

func (a *auditStream) args(row operations.AuditRow) []any {
	sign := a.chain.Sign(row)
	return []any{row.Stream, row.Num, row.At, row.Actor, row.Action, row.Target, row.Detail, sign[:]}
}

// closed finds out from a failure that the stream is closed.
func (a *auditStream) closed(stream int64, err error) error {
	if !noParent(err) {
		return err
	}
	a.over(stream)
	return errStreamClosed
}

// over forgets a stream that is closed: whoever has closed it has accounted for its numbers.
func (a *auditStream) over(stream int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.id == stream {
		a.id, a.open, a.undone, a.written = 0, false, nil, nil
	}
}

// noParent: foreign_key_violation.
func noParent(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "23503"
	}
	lite, ok := errors.AsType[*sqlite.Error](err)
	return ok && lite.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
}

// ended notes what has become of the numbers that a transaction was given.
func (a *auditStream) ended(given entryNumbers, done bool) {
	if len(given.all) == 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if given.stream != a.id {
		return
	}
	if !done {
		given.used = 0
	}
	now := a.now()
	for _, num := range given.all[:given.used] {
		a.written = append(a.written, writtenEntry{num, now})
	}
	a.undone = append(a.undone, given.all[given.used:]...)
	a.open = a.open || done && given.used > 0
}

// told is what this process has to tidy up.
func (a *auditStream) told() (id int64, undone []int64, written []writtenEntry) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.open {
		return 0, nil, nil
	}
	return a.id, slices.Clone(a.undone), slices.Clone(a.written)
}

// voided notes that there is an entry of the number now.
func (a *auditStream) voided(id, num int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.id == id {
		a.undone = slices.DeleteFunc(a.undone, func(n int64) bool { return n == num })
		a.written = append(a.written, writtenEntry{num, a.now()})
	}
}

// confirmed forgets entries that nobody needs to look after any more.
func (a *auditStream) confirmed(id int64, nums []int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.id == id {
		a.written = slices.DeleteFunc(a.written, func(w writtenEntry) bool { return slices.Contains(nums, w.num) })
	}
}

// beat remembers which node this process is: its stream is open as long as that one lives.
func (a *auditStream) beat(node string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.node = node
}

// AppendAudit adds an entry to the audit log: within Atomically, in the transaction of
// what it tells of. Nobody can change or remove it afterwards without a trace.
func (s *Audit) AppendAudit(ctx context.Context, e operations.AuditEntry) error {
	detail, err := asJSON(e.Detail)
	if err != nil {
		return wrap("append to audit log", err)
	}
	row := operations.AuditRow{At: millis(e.At), Actor: text(e.Actor), Action: text(e.Action), Target: text(e.Target), Detail: detail}
	return wrap("append to audit log", s.Atomically(ctx, func(ctx context.Context) error {
		u := unitOf(ctx)
		u.entries = append(u.entries, row)
		return nil
	}))
}

// void is the entry in place of one whose transaction came to nothing.
func (a *auditStream) void(stream, num int64, reason string) operations.AuditRow {
	return operations.AuditRow{
		At: millis(a.now()), Actor: audit.System, Action: actionVoid, Target: audit.StreamTarget(stream), Detail: `{"why":"` + reason + `"}`,
		Stream: stream, Num: num,
	}
}

// missing is the entry about entries that were removed.
func (a *auditStream) missing(stream int64, nums []int64) operations.AuditRow {
	return operations.AuditRow{
		At: millis(a.now()), Actor: audit.System, Action: actionMissing, Target: audit.StreamTarget(stream), Detail: `{"numbers":"` + listed(nums) + `"}`,
		Stream: stream,
	}
}

// TidyAudit voids the numbers of this process whose transactions came to nothing, and finds
// out which of its entries somebody has removed before they were sealed: it says so in the
// log. To be called about once a second.
func (s *Audit) TidyAudit(ctx context.Context) error {
	id, undone, written := s.stream.told()
	if id == 0 || len(undone) == 0 && len(written) == 0 {
		return nil
	}
	for _, num := range undone {
		if err := s.voidNumber(ctx, id, num); err != nil {
			return wrap("void a number of the audit log", err)
		}
		s.stream.voided(id, num)
	}
	confirmed, missing, err := s.confirm(ctx, id, written)
	if err != nil {
		return wrap("confirm entries of the audit log", err)
	}
	s.stream.confirmed(id, confirmed)
	if len(missing) == 0 {
		return nil
	}
	s.log.ErrorContext(ctx, "store: somebody has removed entries of the audit log before they were sealed", "stream", id, "numbers", missing)
	if err := s.Atomically(ctx, func(ctx context.Context) error {
		u := unitOf(ctx)
		u.entries = append(u.entries, s.stream.missing(id, missing))
		return nil
	}); err != nil {
		return wrap("report removed entries of the audit log", err)
	}
	s.stream.confirmed(id, missing)
	return nil
}

func listed(nums []int64) string {
	words := make([]string, len(nums))
	for i, n := range nums {
		words[i] = strconv.FormatInt(n, 10)
	}
	return strings.Join(words, " ")
}

// voidNumber writes the entry that says that there is none of this number. A commit whose
// answer was lost may have happened after all, and may have been sealed already: then there
// is nothing to void.
func (s *Audit) voidNumber(ctx context.Context, stream, num int64) error {
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		// Waits for a transaction that still holds the number.
		if _, err := tx.ExecContext(ctx, voidAuditSQL, s.stream.args(s.stream.void(stream, num, audit.VoidUndone))...); err != nil {
			return s.stream.closed(stream, err)
		}
		if _, err := s.lockAuditHead(ctx, tx); err != nil { // nothing is sealed meanwhile
			return err
		}
		p, err := position(ctx, tx, stream)
		if err == nil && p.Has(num) {
			_, err = tx.ExecContext(ctx, unvoidAuditSQL, stream, num)
		}
		return err
	})
	if errors.Is(err, errStreamClosed) {
		return nil
	}
	return err
}

// confirm sorts entries that this process has written: seen sealed, or gone.
func (s *Audit) confirm(ctx context.Context, stream int64, written []writtenEntry) (confirmed, missing []int64, err error) {
	late := func(w writtenEntry) bool { return s.stream.now().Sub(w.at) > unconfirmedFor }
	var wait []int64
	if slices.ContainsFunc(written, late) {
		// Before the position is read: what is sealed in between is found there.
		if wait, err = s.waiting(ctx, stream); err != nil {
			return nil, nil, err
		}
	}
	p, err := position(ctx, s.db.reader(), stream)
	if err != nil {
		return nil, nil, err
	}
	for _, w := range written {
		switch _, waits := slices.BinarySearch(wait, w.num); {
		case p.Has(w.num):
			confirmed = append(confirmed, w.num)
		case late(w) && !waits:
			missing = append(missing, w.num)
		}
	}
	return confirmed, missing, nil
}

// waiting lists the numbers of a stream's entries that are not sealed.
func (s *Audit) waiting(ctx context.Context, stream int64) (nums []int64, err error) {
	err = eachRow(ctx, s.db.reader(), waitSQL, []any{stream}, func(row scanner) error {
		var num int64
		err := row.Scan(&num)
		nums = append(nums, num)
		return err
	})
	return nums, err
}

// position is how far a stream has been sealed.
func position(ctx context.Context, on runner, stream int64) (p audit.Position, err error) {
	err = on.QueryRowContext(ctx, sealedSQL, stream).Scan(&p.Num, jsonColumn{&p.Missing})
	if errors.Is(err, sql.ErrNoRows) {
		return audit.Position{}, nil
	}
	return p, err
}
