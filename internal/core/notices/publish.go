package notices

import (
	"cmp"
	"context"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
)

// Kept is how long a notice is kept after its end: it stays on the page of news for over
// a year.
const Kept = 400 * 24 * time.Hour

// maxOpen bounds the notices that are on or to come: every answer to every app is made
// from them.
const maxOpen = 100

// Publish adds a notice and answers it as it stands. What is zero is filled in: its id
// and, when it begins at once, From. It returns fault.FieldErrors for what cannot be
// published, and fault.ErrExists when there is one of that id.
func (b *Board) Publish(ctx context.Context, actor string, n operations.Notice) (operations.Notice, error) {
	now := b.d.Now()
	n.ID, n.Source, n.By, n.CreatedAt, n.ChangedAt, n.WithdrawnAt = cmp.Or(n.ID, login.NewID()), "", actor, now, now, time.Time{}
	n, err := b.Check(ctx, n)
	if err != nil {
		return operations.Notice{}, err
	}
	if b.open(ctx) >= maxOpen {
		return operations.Notice{}, fault.FieldErrors{{Field: "notice", Detail: "is one too many: withdraw others first"}}
	}
	if err := b.d.Audit.Atomically(ctx, func(ctx context.Context) error {
		b.d.Audit.NoticePublished(ctx, n)
		return b.d.Store.AddNotice(ctx, n)
	}); err != nil {
		return operations.Notice{}, err
	}
	b.follow(ctx)
	return n, nil
}

func (b *Board) open(ctx context.Context) (count int) {
	now := b.d.Now()
	for _, n := range b.known.Get(ctx) {
		if n.WithdrawnAt.IsZero() && (n.Until.IsZero() || n.Until.After(now)) {
			count++
		}
	}
	return count
}

// Change writes what a notice says from now on. n.ID says which, and n.ChangedAt which
// version the change was made from; a notice that has changed since, or is withdrawn, or
// that the service wrote itself, stays: fault.ErrMoved. Also fault.ErrNotFound and
// fault.FieldErrors.
func (b *Board) Change(ctx context.Context, actor string, n operations.Notice) (operations.Notice, error) {
	before, err := b.d.Store.NoticeByID(ctx, n.ID)
	if err != nil {
		return operations.Notice{}, err
	}
	seen := n.ChangedAt
	n.Source, n.By, n.CreatedAt, n.WithdrawnAt = before.Source, actor, before.CreatedAt, before.WithdrawnAt
	if n.From.IsZero() {
		n.From = before.From
	}
	// Two changes in one millisecond must still be two versions.
	if n.ChangedAt = b.d.Now(); !n.ChangedAt.After(before.ChangedAt) {
		n.ChangedAt = before.ChangedAt.Add(time.Millisecond)
	}
	if n, err = b.Check(ctx, n); err != nil {
		return operations.Notice{}, err
	}
	if err := b.d.Audit.Atomically(ctx, func(ctx context.Context) error {
		b.d.Audit.NoticeChanged(ctx, n)
		return b.d.Store.ChangeNotice(ctx, n, seen)
	}); err != nil {
		return operations.Notice{}, err
	}
	b.follow(ctx)
	return n, nil
}

// Withdraw ends a notice now. Of what the service says by itself, it is silenced until
// the cause is over. fault.ErrNotFound; fault.ErrMoved when it is withdrawn already.
func (b *Board) Withdraw(ctx context.Context, actor, id string) error {
	if err := b.d.Audit.Atomically(ctx, func(ctx context.Context) error {
		b.d.Audit.NoticeWithdrawn(ctx, actor, id)
		return b.d.Store.WithdrawNotice(ctx, id, actor, b.d.Now())
	}); err != nil {
		return err
	}
	b.follow(ctx)
	return nil
}

// follow lets this node show at once what has just been written. It is written: a failure
// here must not make anybody do it again, and ten seconds later the node follows anyway.
func (b *Board) follow(ctx context.Context) {
	if err := b.known.Refresh(ctx); err != nil {
		b.d.Log.WarnContext(ctx, "notices cannot be read; this node follows later", "error", err)
	}
}

// Purge deletes what has been over for long.
func (b *Board) Purge(ctx context.Context) error {
	_, err := b.d.Store.PurgeNotices(ctx, b.d.Now().Add(-Kept))
	return err
}
