package signing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/operations"
)

// The life of a key, with the default times. Each algorithm in use has keys of its own:
//
//	-24…48 h   created, published in the JWK set, does not sign yet
//	 0         active: signs every token of its algorithm
//	 30 d      retired: its successor signs; still published
//	 31 d      the last token it signed has expired: removed; its public part is kept
//	           for hints as long as a session may live (see hint.go)

// Start reads the keys before anybody is served, and makes those that are missing and
// cost nothing. RSA keys wait for the first Tick, or for the first token that needs one,
// whichever comes first. An error means that this node must not serve.
func (s *Signer) Start(ctx context.Context) error {
	keys, err := s.read(ctx)
	if err != nil {
		return err
	}
	for _, alg := range s.config.Algs {
		if !costly(alg) && keys.newest(alg) == nil {
			if keys, err = s.renew(ctx, alg); err != nil {
				return err
			}
		}
	}
	return keys.damaged
}

// Tick makes the next key of each algorithm when its time has come and removes the keys
// whose time is over. Housekeeping calls it after the start and at least once an hour,
// on every node; nodes do not get in each other's way. An error means that keys do not
// rotate: someone must look, but signing goes on.
func (s *Signer) Tick(ctx context.Context) error {
	var keys *keySet
	for _, alg := range s.config.Algs {
		var err error
		if keys, err = s.renew(ctx, alg); err != nil {
			return err
		}
	}
	return s.retire(ctx, keys)
}

// renew makes the next key of the algorithm if one is due. What is due is decided by
// what the store holds, and the new key takes the next slot there: of all nodes that
// decide the same, one makes it, and the others look again.
func (s *Signer) renew(ctx context.Context, alg string) (*keySet, error) {
	s.making.Lock()
	defer s.making.Unlock()
	for range maxTries {
		keys, err := s.read(ctx)
		if err != nil {
			return nil, err
		}
		if keys.damaged != nil {
			// Making keys now would rotate away those that the right keyset opens.
			return nil, keys.damaged
		}
		plan, due := s.next(keys, alg, s.config.Now())
		if !due {
			return keys, nil
		}
		if err := s.add(ctx, plan); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("signer: other nodes take every slot for a key")
}

// maxTries is how often renew looks again. Nodes compete once for each algorithm.
const maxTries = 32

// next plans the next key of the algorithm. Its very first one is active at once: what
// it signs names a key that nobody has seen, and whoever meets one reads our keys again
// (OpenID Connect Core §10.1.1). After that there is never more than one that waits.
func (s *Signer) next(keys *keySet, alg string, now time.Time) (operations.SigningKey, bool) {
	newest := keys.newest(alg)
	if newest == nil {
		return s.plan(keys.slot(), alg, now, now), true
	}
	earliest := now.Add(s.config.PublishAhead)
	switch retire := newest.row.RetireAt; {
	case newest.row.ActiveFrom.After(now), retire.After(earliest.Add(s.config.PublishAhead)):
		return operations.SigningKey{}, false
	case retire.After(earliest):
		return s.plan(keys.slot(), alg, now, retire), true
	default: // late: nobody called Tick for a while
		return s.plan(keys.slot(), alg, now, earliest), true
	}
}

func (s *Signer) plan(slot int64, alg string, now, from time.Time) operations.SigningKey {
	from = from.Truncate(time.Millisecond)
	retire := from.Add(s.config.ActiveFor)
	return operations.SigningKey{
		Slot: slot, Alg: alg, CreatedAt: now.Truncate(time.Millisecond),
		ActiveFrom: from, RetireAt: retire, RemoveAt: retire.Add(s.config.TokenLife),
	}
}

// add makes the key. When another node has taken the slot, it adds nothing.
func (s *Signer) add(ctx context.Context, plan operations.SigningKey) error {
	made, err := makeKey(plan, s.config.AEAD)
	if err != nil {
		return err
	}
	err = s.config.Store.Atomically(ctx, func(ctx context.Context) error {
		if s.config.Added != nil {
			s.config.Added(ctx, made)
		}
		return s.config.Store.AddSigningKey(ctx, made)
	})
	if err != nil && !errors.Is(err, fault.ErrExists) { // another node was faster
		return fmt.Errorf("signer: add key: %w", err)
	}
	return nil
}

// over reports whether a key can go, given the later ones. One that had to sign longer
// than planned, because its successor was late, stays until its last token has expired;
// the last one of an algorithm goes only when no client uses that any more.
func (s *Signer) over(k *key, later []*key, now time.Time) bool {
	if !k.row.RemoveAt.Before(now) {
		return false
	}
	for _, successor := range later {
		if successor.row.Alg == k.row.Alg {
			return !successor.row.ActiveFrom.Add(s.config.TokenLife).After(now)
		}
	}
	return !slices.Contains(s.config.Algs, k.row.Alg)
}
