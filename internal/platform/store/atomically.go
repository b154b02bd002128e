package store

import (
	"context"
	"database/sql"
	"errors"

	"avain/internal/domain/operations"
)

// Atomically runs an act of several calls as one transaction: what they write, and the
// entries of the audit log that they add, happen all or not at all. The act must hand its
// context on to every call, and must do nothing but such calls: everybody else's writes may
// wait for it, and it may run more than once. When one of its calls fails, all of it does,
// whatever the act returns.
func (s *core) Atomically(ctx context.Context, act func(ctx context.Context) error) error {
	if unitOf(ctx) != nil {
		return act(ctx)
	}
	err := s.together(ctx, act)
	if errors.Is(err, errStreamClosed) { // this node was taken for dead; it begins a new stream
		err = s.together(ctx, act)
	}
	return err
}

func (s *core) together(ctx context.Context, act func(ctx context.Context) error) error {
	var given entryNumbers // a transaction that is run again writes its entries under the same
	err := s.db.write(ctx, func(within context.Context, tx runner) error {
		u := &unit{tx: tx}
		if err := act(inUnit{within, ctx, u}); err != nil {
			return err
		}
		if u.failed != nil {
			return u.failed
		}
		return s.stream.write(within, tx, &given, u.entries)
	})
	s.stream.ended(given, err == nil)
	return err
}

// unit is one transaction of several calls.
type unit struct {
	tx      runner
	entries []operations.AuditRow
	failed  error // of the first call that did
}

type unitKey struct{}

func unitOf(ctx context.Context) *unit {
	u, _ := ctx.Value(unitKey{}).(*unit)
	return u
}

// inUnit is the context of an act: it ends with the transaction, and holds what the caller's
// holds.
type inUnit struct {
	context.Context
	caller context.Context //nolint:containedctx // for its values
	unit   *unit
}

// Value finds the unit, and what the caller's context holds.
func (c inUnit) Value(key any) any {
	if key == (unitKey{}) {
		return c.unit
	}
	if v := c.Context.Value(key); v != nil {
		return v
	}
	return c.caller.Value(key)
}

// joining lets what is called within a unit read and write in its transaction.
type joining struct{ database }

func (d joining) write(ctx context.Context, act func(context.Context, runner) error) error {
	u := unitOf(ctx)
	if u == nil {
		return d.database.write(ctx, act)
	}
	err := act(ctx, u.tx)
	if u.failed == nil {
		u.failed = err
	}
	return err
}

func (d joining) reader() runner { return joiningReader{d.database.reader()} }

type joiningReader struct{ apart runner }

func (r joiningReader) on(ctx context.Context) runner {
	if u := unitOf(ctx); u != nil {
		return u.tx
	}
	return r.apart
}

func (r joiningReader) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return r.on(ctx).ExecContext(ctx, query, args...)
}

func (r joiningReader) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return r.on(ctx).QueryContext(ctx, query, args...) //nolint:sqlclosecheck,rowserrcheck // the caller's
}

func (r joiningReader) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return r.on(ctx).QueryRowContext(ctx, query, args...)
}
