package brokersim

import (
	"sync"
	"time"

	"avain/internal/secret"
)

// shelf holds values for a while, under the hash of the secret that fetches them.
// What has expired is swept out as the shelf grows, so that its size follows the
// load of the last lifetime.
type shelf[T any] struct {
	mu    sync.Mutex
	items map[secret.Hash]shelved[T]
	sweep int // size at which to look for expired items
}

type shelved[T any] struct {
	value   T
	expires time.Time
}

const shelfSweep = 1024

// add puts the value there and reports false when the place is taken.
func (s *shelf[T]) add(key secret.Hash, value T, now, expires time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, taken := s.items[key]; taken && now.Before(old.expires) {
		return false
	}
	if s.items == nil {
		s.items, s.sweep = make(map[secret.Hash]shelved[T]), shelfSweep
	}
	if len(s.items) >= s.sweep {
		for k, item := range s.items {
			if !now.Before(item.expires) {
				delete(s.items, k)
			}
		}
		s.sweep = max(shelfSweep, 2*len(s.items))
	}
	s.items[key] = shelved[T]{value, expires}
	return true
}

func (s *shelf[T]) get(key secret.Hash, now time.Time) (T, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	item, ok := s.items[key]
	if !ok || !now.Before(item.expires) {
		var zero T
		return zero, false
	}
	return item.value, true
}

// take fetches the value and empties the place: of two takers, one gets it.
func (s *shelf[T]) take(key secret.Hash, now time.Time) (T, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	item, ok := s.items[key]
	if !ok || !now.Before(item.expires) {
		var zero T
		return zero, false
	}
	delete(s.items, key)
	return item.value, true
}
