package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"avain/internal/domain/operations"
	"avain/internal/platform/audit"
)

const (
	auditColumns = `at, actor, action, target, detail, hash, stream, num`

	unsealedSQL         = `SELECT ` + auditColumns + ` FROM audit_unsealed ORDER BY at, stream, num LIMIT $1`
	unsealedOfStreamSQL = `SELECT ` + auditColumns + ` FROM audit_unsealed WHERE stream = $2 ORDER BY num LIMIT $1`
	unsealedSinceSQL    = `SELECT (SELECT COALESCE(MIN(at), 0) FROM audit_unsealed), (SELECT COUNT(*) FROM audit_refused)`
	someUnsealedSQL     = `SELECT 1 FROM audit_unsealed LIMIT 1`

	refuseAuditSQL = `INSERT INTO audit_refused (` + auditColumns + `) SELECT ` + auditColumns + ` FROM audit_unsealed WHERE stream = $1 AND num = $2`
	moveHeadSQL    = `UPDATE meta SET value = $1 WHERE name = 'audit_head'`
	sealedToSQL    = `INSERT INTO audit_sealed (stream, num, missing) VALUES ($1, $2, $3)
		ON CONFLICT (stream) DO UPDATE SET num = excluded.num, missing = excluded.missing`

	leaseSQL = `INSERT INTO leases (name, holder, until) VALUES ($1, $2, (%[1]s) + $3)
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
		WHERE leases.holder = excluded.holder OR leases.until < (%[1]s)`

	lockStreamSQL  = `SELECT stream FROM audit_streams WHERE stream = $1`
	closeStreamSQL = `DELETE FROM audit_streams WHERE stream = $1`
	deadStreamsSQL = `SELECT stream FROM audit_streams WHERE opened_at < (%[1]s) - $1
		AND node NOT IN (SELECT id FROM nodes WHERE seen_at >= (%[1]s) - $1) ORDER BY stream`
)

const (
	// sealAtOnce bounds a transaction that seals: everybody's writes wait for it on SQLite.
	sealAtOnce = 128
	// sealerLease is for how long a node that has sealed is the one that does.
	sealerLease = 5 * time.Second
)

// errOthersSeal says that another node has the lease.
var errOthersSeal = errors.New("another node seals")

// SealAudit gives the entries that are not sealed yet their places in the chain, oldest first,
// and answers how many it sealed. It is nobody's who has altered or thought up an entry: what
// the service has not written so is put aside as evidence. One node does this, as long as it
// lives; on the others it answers 0. To be called about once a second.
func (s *Audit) SealAudit(ctx context.Context) (sealed int, err error) {
	for {
		var some int
		err := s.db.reader().QueryRowContext(ctx, someUnsealedSQL).Scan(&some)
		if errors.Is(err, sql.ErrNoRows) {
			return sealed, nil
		}
		if err != nil {
			return sealed, wrap("seal the audit log", err)
		}
		n, aside := 0, 0
		err = s.db.write(ctx, func(ctx context.Context, tx runner) error {
			if err := s.lease(ctx, tx, "audit_sealer", sealerLease); err != nil {
				return err
			}
			n, aside, err = s.sealPage(ctx, tx, unsealedSQL, sealAtOnce)
			return err
		})
		if errors.Is(err, errOthersSeal) {
			return sealed, nil
		}
		sealed += n
		if err != nil || n+aside == 0 {
			return sealed, wrap("seal the audit log", err)
		}
	}
}

// AuditUnsealedSince is when the oldest entry was written that is not sealed, zero when there
// is none, and how many rows were put aside.
func (s *Audit) AuditUnsealedSince(ctx context.Context) (oldest time.Time, refused int64, err error) {
	err = s.db.reader().QueryRowContext(ctx, unsealedSinceSQL).Scan(timeColumn{&oldest}, &refused)
	return oldest, refused, wrap("look at the unsealed entries of the audit log", err)
}

// lease takes or keeps the lease of a work that only one node needs to do.
func (s *Audit) lease(ctx context.Context, tx runner, work string, life time.Duration) error {
	result, err := tx.ExecContext(ctx, fmt.Sprintf(leaseSQL, s.db.clock()), work, s.process, life.Milliseconds())
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(errOthersSeal, err)
	}
	return nil
}

// sealPage seals what a query finds, and puts aside what nobody of ours has written.
func (s *Audit) sealPage(ctx context.Context, tx runner, query string, args ...any) (sealed, aside int, err error) {
	b := &sealing{s: s, tx: tx, positions: map[int64]*audit.Position{}}
	if b.head, err = s.lockAuditHead(ctx, tx); err != nil {
		return 0, 0, err
	}
	var rows []operations.AuditRow
	err = eachRow(ctx, tx, query, args, func(row scanner) error {
		r, err := scanUnsealed(row)
		rows = append(rows, r)
		return err
	})
	if err != nil {
		return 0, 0, err
	}
	for _, row := range rows {
		if err := b.take(ctx, row); err != nil {
			return 0, 0, err
		}
	}
	return len(b.links), len(b.aside), b.write(ctx)
}

// scanUnsealed reads an entry to the letter.
func scanUnsealed(row scanner) (r operations.AuditRow, err error) {
	err = row.Scan(
		exactly(&r.At, &r.Foreign), exactly(&r.Actor, &r.Foreign), exactly(&r.Action, &r.Foreign), exactly(&r.Target, &r.Foreign),
		exactly(&r.Detail, &r.Foreign), exactHash{&r}, exactly(&r.Stream, &r.Foreign), exactly(&r.Num, &r.Foreign),
	)
	return r, err
}

// sealing is one transaction that seals.
type sealing struct {
	s         *Audit
	tx        runner
	head      operations.AuditHead
	positions map[int64]*audit.Position
	links     []operations.AuditRow // to be added to the chain
	aside     []operations.AuditRow // not ours
}

func (b *sealing) position(ctx context.Context, stream int64) (*audit.Position, error) {
	p := b.positions[stream]
	if p != nil {
		return p, nil
	}
	read, err := position(ctx, b.tx, stream)
	b.positions[stream] = &read
	return &read, err
}

// take seals an entry, unless it is not as the service has written it or was there before.
func (b *sealing) take(ctx context.Context, row operations.AuditRow) error {
	p, err := b.position(ctx, row.Stream)
	if err != nil {
		return err
	}
	if row.Foreign || !b.s.chain.Sign(row).Equal(row.Hash) || !p.Take(row.Num) {
		b.aside = append(b.aside, row)
		return nil
	}
	b.link(row)
	return nil
}

// link gives the next place in the chain.
func (b *sealing) link(row operations.AuditRow) {
	row.Seq = b.head.Seq + 1
	row.Hash = b.s.chain.Next(b.head.Hash, row)
	b.head = operations.AuditHead{Seq: row.Seq, Hash: row.Hash}
	b.links = append(b.links, row)
}

// write makes it so.
func (b *sealing) write(ctx context.Context) error {
	if len(b.links)+len(b.aside) == 0 {
		return nil
	}
	for _, row := range b.aside {
		b.s.log.ErrorContext(ctx, "store: an entry of the audit log is not as it was written, or was there before; it lies in audit_refused",
			"stream", row.Stream, "num", row.Num)
		if _, err := b.tx.ExecContext(ctx, refuseAuditSQL, row.Stream, row.Num); err != nil {
			return err
		}
	}
	err := inPortions(b.links, func(rows []operations.AuditRow) error {
		args := make([]any, 0, 9*len(rows))
		for _, row := range rows {
			args = append(args, row.Seq, row.At, row.Actor, row.Action, row.Target, row.Detail, row.Hash[:], row.Stream, row.Num)
		}
		_, err := b.tx.ExecContext(ctx, `INSERT INTO audit (seq, `+auditColumns+`) VALUES `+tuples(len(rows), 9), args...)
		return err
	})
	if err != nil {
		return err
	}
	err = inPortions(slices.Concat(b.links, b.aside), func(rows []operations.AuditRow) error {
		args := make([]any, 0, 2*len(rows))
		these := make([]string, len(rows))
		for i, row := range rows {
			args = append(args, row.Stream, row.Num)
			these[i] = fmt.Sprintf("stream = $%d AND num = $%d", 2*i+1, 2*i+2)
		}
		_, err := b.tx.ExecContext(ctx, `DELETE FROM audit_unsealed WHERE `+strings.Join(these, " OR "), args...)
		return err
	})
	if err != nil {
		return err
	}
	for stream, p := range b.positions {
		missing, err := asJSON(p.Missing)
		if err != nil {
			return err
		}
		if _, err := b.tx.ExecContext(ctx, sealedToSQL, stream, p.Num, missing); err != nil {
			return err
		}
	}
	_, err = b.tx.ExecContext(ctx, moveHeadSQL, b.head.String())
	return err
}

// inPortions writes rows in portions of few sizes: each size is a statement that is parsed and
// kept.
func inPortions(rows []operations.AuditRow, write func([]operations.AuditRow) error) error {
	for _, size := range []int{64, 8, 1} {
		for len(rows) >= size {
			if err := write(rows[:size]); err != nil {
				return err
			}
			rows = rows[size:]
		}
	}
	return nil
}

// tuples are so many rows of so many parameters: ($1, $2), ($3, $4).
func tuples(rows, columns int) string {
	var b strings.Builder
	for i := range rows * columns {
		switch {
		case i == 0:
			b.WriteString("(")
		case i%columns == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", i+1)
	}
	return b.String() + ")"
}

// CloseDeadStreams closes the streams of processes that are no more: the numbers for which
// there is no entry are voided, and nothing can be added. A process that lives after all
// begins another stream.
func (s *Audit) CloseDeadStreams(ctx context.Context) error {
	var dead []int64
	err := eachRow(ctx, s.db.reader(), fmt.Sprintf(deadStreamsSQL, s.db.clock()), []any{nodeLives.Milliseconds()}, func(row scanner) error {
		var stream int64
		err := row.Scan(&stream)
		dead = append(dead, stream)
		return err
	})
	for _, stream := range dead {
		if err == nil {
			err = s.closeStream(ctx, stream, nil, audit.VoidDied)
		}
	}
	return wrap("close streams of the audit log", err)
}

// closeStream seals what there is of a stream and closes it. Written are the numbers of which
// it is known that their entries were written: where they are not, somebody has removed them.
func (s *Audit) closeStream(ctx context.Context, stream int64, written []int64, reason string) error {
	return s.db.write(ctx, func(ctx context.Context, tx runner) error {
		// Waits for the transactions that write to it, and keeps others from beginning to.
		err := tx.QueryRowContext(ctx, lockStreamSQL+s.db.forUpdate(), stream).Scan(&stream)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		for n := 1; n > 0 && err == nil; {
			var sealed, aside int
			sealed, aside, err = s.sealPage(ctx, tx, unsealedOfStreamSQL, sealAtOnce, stream)
			n = sealed + aside
		}
		if err != nil {
			return err
		}
		if err := s.voidRest(ctx, tx, stream, written, reason); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, closeStreamSQL, stream)
		return err
	})
}

// voidRest accounts for the numbers of a stream for which there is no entry.
func (s *Audit) voidRest(ctx context.Context, tx runner, stream int64, written []int64, reason string) (err error) {
	b := &sealing{s: s, tx: tx, positions: map[int64]*audit.Position{}}
	if b.head, err = s.lockAuditHead(ctx, tx); err != nil {
		return err
	}
	p, err := b.position(ctx, stream)
	if err != nil {
		return err
	}
	var missing []int64
	for _, num := range written {
		if !p.Has(num) {
			missing = append(missing, num)
		}
	}
	if len(missing) > 0 {
		s.log.ErrorContext(ctx, "store: somebody has removed entries of the audit log before they were sealed", "stream", stream, "numbers", missing)
		row := s.stream.missing(stream, missing)
		row.Num = max(p.Num, slices.Max(missing)) + 1
		p.Take(row.Num)
		b.link(row)
	}
	for _, num := range slices.Clone(p.Missing) {
		if !slices.Contains(missing, num) {
			p.Take(num)
			b.link(s.stream.void(stream, num, reason))
		}
	}
	return b.write(ctx)
}

// closeOwnStream ends what this process has written to the log. Others would do it a little
// later.
func (s *Audit) closeOwnStream(ctx context.Context) error {
	if err := s.TidyAudit(ctx); err != nil {
		return err
	}
	id, _, written := s.stream.told()
	if id == 0 {
		return nil
	}
	nums := make([]int64, len(written))
	for i, w := range written {
		nums[i] = w.num
	}
	err := s.closeStream(ctx, id, nums, audit.VoidUndone)
	if err == nil {
		s.stream.over(id)
	}
	return err
}
