package signer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"avain/internal/login"
)

// The life of a key, with the default times:
//
//	-24…48 h   created, published in the JWK set, does not sign yet
//	 0         active: signs every token
//	 30 d      retired: its successor signs; still published
//	 31 d      the last token it signed has expired: removed

// Tick makes the next key when its time has come and removes the ones whose time
// is over. Housekeeping calls it at start, before serving, and at least once an
// hour, on every node; nodes do not get in each other's way. An error means that
// keys do not rotate: someone must look, but signing goes on.
func (s *Signer) Tick(ctx context.Context) error {
	keys, err := s.read(ctx)
	if err != nil {
		return err
	}
	if keys.damaged != nil {
		// Making keys now would rotate away those that the right keyset opens.
		return keys.damaged
	}
	now := s.config.Now()
	if next, due := s.next(keys, now); due {
		if keys, err = s.add(ctx, next); err != nil {
			return err
		}
	}
	if before, some := s.removable(keys, now); some {
		if err := s.config.Store.RemoveSigningKeys(ctx, before); err != nil {
			return fmt.Errorf("signer: remove keys: %w", err)
		}
		_, err = s.read(ctx)
	}
	return err
}

// next plans the next key. The very first one is active at once. After that there
// is never more than one that waits, so two nodes configured with different
// algorithms, as happens while an upgrade rolls out, cannot outbid each other.
func (s *Signer) next(keys *keySet, now time.Time) (login.SigningKey, bool) {
	if len(keys.keys) == 0 {
		return s.plan(1, now, now), true
	}
	newest := keys.keys[len(keys.keys)-1].row
	earliest := now.Add(s.config.PublishAhead)
	switch {
	case newest.ActiveFrom.After(now):
		return login.SigningKey{}, false
	case newest.Alg != s.config.Alg:
		return s.plan(newest.Slot+1, now, earliest), true
	case newest.RetireAt.After(earliest.Add(s.config.PublishAhead)):
		return login.SigningKey{}, false
	case newest.RetireAt.After(earliest):
		return s.plan(newest.Slot+1, now, newest.RetireAt), true
	default: // late: nobody called Tick for a while
		return s.plan(newest.Slot+1, now, earliest), true
	}
}

func (s *Signer) plan(slot int64, now, from time.Time) login.SigningKey {
	from = from.Truncate(time.Millisecond)
	retire := from.Add(s.config.ActiveFor)
	return login.SigningKey{
		Slot: slot, Alg: s.config.Alg, CreatedAt: now.Truncate(time.Millisecond),
		ActiveFrom: from, RetireAt: retire, RemoveAt: retire.Add(s.config.TokenLife),
	}
}

// add makes the key and reads back what the store has then: ours, or the one that
// another node added for the slot first.
func (s *Signer) add(ctx context.Context, plan login.SigningKey) (*keySet, error) {
	made, err := makeKey(plan, s.config.AEAD)
	if err != nil {
		return nil, err
	}
	switch err := s.config.Store.AddSigningKey(ctx, made); {
	case errors.Is(err, login.ErrExists): // another node was faster
	case err != nil:
		return nil, fmt.Errorf("signer: add key: %w", err)
	case s.config.Added != nil:
		s.config.Added(ctx, made)
	}
	return s.read(ctx)
}

// removable returns a time such that every key whose RemoveAt lies before it can
// go. A key that had to sign longer than planned, because its successor was late,
// stays until its last token has expired.
func (s *Signer) removable(keys *keySet, now time.Time) (before time.Time, some bool) {
	before = now
	for i, k := range keys.keys {
		last := i == len(keys.keys)-1
		over := !last && !keys.keys[i+1].row.ActiveFrom.Add(s.config.TokenLife).After(now) && k.row.RemoveAt.Before(now)
		if over {
			some = true
		} else if k.row.RemoveAt.Before(before) {
			before = k.row.RemoveAt
		}
	}
	return before, some
}
