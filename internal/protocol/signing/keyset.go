package signing

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"avain/internal/domain/operations"

	"github.com/go-jose/go-jose/v4"
)

const (
	refreshEvery = time.Minute     // how old the keys in memory may be
	unknownEvery = 5 * time.Second // how often an unknown kid may make us read them
)

// keySet is what the store held at one moment. It never changes.
type keySet struct {
	keys    []*key // by slot, which for each algorithm is also by ActiveFrom
	damaged error  // why some did not open; nil when all did
	jwks    []byte
	etag    string
}

// active returns the key that signs by the algorithm: the last one whose time has come.
// When the first key was made by a node whose clock runs ahead, that one. nil: none.
func (k *keySet) active(alg string, now time.Time) *key {
	var active *key
	for _, candidate := range k.keys {
		if candidate.row.Alg == alg && (active == nil || !candidate.row.ActiveFrom.After(now)) {
			active = candidate
		}
	}
	return active
}

// newest returns the last key of the algorithm, which may not sign yet; nil: none.
func (k *keySet) newest(alg string) *key {
	for _, candidate := range slices.Backward(k.keys) {
		if candidate.row.Alg == alg {
			return candidate
		}
	}
	return nil
}

// slot is the next free one.
func (k *keySet) slot() int64 {
	if len(k.keys) == 0 {
		return 1
	}
	return k.keys[len(k.keys)-1].row.Slot + 1
}

func (k *keySet) byID(kid string) *key {
	for _, candidate := range k.keys {
		if candidate.row.KID == kid {
			return candidate
		}
	}
	return nil
}

// current returns the keys, at most refreshEvery old. When the store does not
// answer, the old ones go on: the next key was published a day ahead, so a node
// misses nothing, and Tick reports the failure.
func (s *Signer) current(ctx context.Context) (*keySet, error) {
	keys := s.keys.Load()
	if keys == nil {
		return s.read(ctx)
	}
	if !s.due(refreshEvery) {
		return keys, nil
	}
	fresh, err := s.read(ctx)
	if err != nil {
		return keys, nil //nolint:nilerr // the old keys are still right
	}
	return fresh, nil
}

// due reports whether the last try to read the keys is long enough ago, and to one
// caller only: the others go on with what there is.
func (s *Signer) due(every time.Duration) bool {
	last, now := s.triedAt.Load(), s.config.Now().UnixMilli()
	return now-last >= every.Milliseconds() && s.triedAt.CompareAndSwap(last, now)
}

func (s *Signer) read(ctx context.Context) (*keySet, error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	s.triedAt.Store(s.config.Now().UnixMilli())
	rows, err := s.config.Store.SigningKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("signer: read keys: %w", err)
	}
	keys, err := s.open(rows)
	if err != nil {
		return nil, err
	}
	s.keys.Store(keys)
	return keys, nil
}

// open opens the rows that are new; opened keys are kept.
func (s *Signer) open(rows []operations.SigningKey) (*keySet, error) {
	old := s.keys.Load()
	set := &keySet{}
	public := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, row := range rows {
		opened := old.same(row)
		if opened == nil {
			var err error
			if opened, err = openKey(row, s.config.AEAD); err != nil {
				set.damaged = errors.Join(set.damaged, err)
				continue
			}
		}
		set.keys = append(set.keys, opened)
		public.Keys = append(public.Keys, opened.public)
	}
	var err error
	if set.jwks, err = json.Marshal(public); err != nil {
		return nil, fmt.Errorf("signer: encode JWK set: %w", err)
	}
	sum := sha256.Sum256(set.jwks)
	set.etag = `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
	return set, nil
}

// same returns the opened key of a row that has not changed.
func (k *keySet) same(row operations.SigningKey) *key {
	if k == nil {
		return nil
	}
	found := k.byID(row.KID)
	if found == nil || !bytes.Equal(found.row.Sealed, row.Sealed) || !bytes.Equal(binding(found.row), binding(row)) {
		return nil
	}
	return found
}
