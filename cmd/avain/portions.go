package main

import (
	"context"
	"errors"
	"slices"

	"avain/internal/app"
	"avain/internal/domain/fault"
	"avain/internal/platform/audit"
)

// portion is how many people are added in one transaction, with one entry of the audit log.
const portion = 200

// adding adds the people of a file.
type adding[T any] struct {
	s *app.Service
	// prepare does what takes long, before anybody has to wait for it; it may be nil.
	prepare func(ctx context.Context, one *T) error
	// add answers whether the person was new, or fault.ErrExists.
	add func(ctx context.Context, one T) (isNew bool, err error)
}

// all adds everybody and counts: who was added, and who of them was new. Somebody who exists
// is left out.
func (a adding[T]) all(ctx context.Context, people []T, progress func(done, all int64)) (added, unknown int, err error) {
	seen := 0
	for some := range slices.Chunk(people, portion) {
		for i := range some {
			progress(int64(seen+i), int64(len(people)))
			if a.prepare == nil {
				continue
			}
			if err := a.prepare(ctx, &some[i]); err != nil {
				return added, unknown, err
			}
		}
		n, fresh, err := a.together(ctx, some)
		if errors.Is(err, fault.ErrExists) {
			n, fresh, err = a.oneByOne(ctx, some)
		}
		added, unknown, seen = added+n, unknown+fresh, seen+len(some)
		if err != nil {
			return added, unknown, err
		}
	}
	return added, unknown, nil
}

// together adds people in one transaction, with the entry that says so.
func (a adding[T]) together(ctx context.Context, some []T) (added, unknown int, err error) {
	err = a.s.Audit.Atomically(ctx, func(ctx context.Context) error {
		unknown = 0
		for _, one := range some {
			isNew, err := a.add(ctx, one)
			if err != nil {
				return err
			}
			if isNew {
				unknown++
			}
		}
		a.s.Audit.PeopleAdded(ctx, audit.System, len(some), unknown)
		return nil
	})
	if err != nil {
		return 0, 0, err
	}
	return len(some), unknown, nil
}

func (a adding[T]) oneByOne(ctx context.Context, some []T) (added, unknown int, err error) {
	for one := range slices.Chunk(some, 1) {
		n, fresh, err := a.together(ctx, one)
		if err != nil && !errors.Is(err, fault.ErrExists) {
			return added, unknown, err
		}
		added, unknown = added+n, unknown+fresh
	}
	return added, unknown, nil
}
