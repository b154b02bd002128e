package jobs

import (
	"crypto/rand"
	"encoding/binary"
	"time"
)

// Backoff is how long to wait before the next try: First after the first one, then
// each time twice as long, but not longer than Most. A fifth is added or taken by
// chance, so that what failed together does not come back together.
type Backoff struct {
	First time.Duration
	Most  time.Duration
}

// spread is the part of a wait that chance may add or take.
const spread = 0.2

// after is the wait after so many tries.
func (b Backoff) after(tries int, chance float64) time.Duration {
	wait := b.First
	for range tries - 1 {
		if wait >= b.Most/2 {
			wait = b.Most
			break
		}
		wait *= 2
	}
	return time.Duration(float64(min(wait, b.Most)) * (1 - spread + 2*spread*chance))
}

// random is uniform in [0, 1).
func random() float64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return float64(binary.BigEndian.Uint64(b[:])>>11) / (1 << 53)
}
