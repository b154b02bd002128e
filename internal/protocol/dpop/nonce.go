package dpop

import (
	"crypto/subtle"
	"strconv"
	"sync/atomic"
	"time"

	"avain/internal/secret"
)

// nonceWindow is how long one nonce is handed out. It is good for one window more,
// so a client has 5 to 10 minutes to use it.
const nonceWindow = 5 * time.Minute

// nonces makes the server's nonces (RFC 9449 §8): one for everybody, new every
// window, derived from a key that all nodes share. Nothing is stored, yet nobody
// can sign a proof today for a nonce of tomorrow.
type nonces struct {
	keys   secret.Ring
	recent atomic.Pointer[[]nonce] // those of the window asked for last and its neighbours
}

type nonce struct {
	window int64
	value  string
}

func window(t time.Time) int64 { return t.Unix() / int64(nonceWindow/time.Second) }

// at returns the nonce of a window.
func (n *nonces) at(w int64) string { return n.around(w)[0].value }

// good reports whether a nonce is of this window or the one before; or the one
// after, which a node whose clock runs a little ahead has handed out. If it is,
// lastGood is when it stops to be.
func (n *nonces) good(value string, now time.Time) (lastGood time.Time, ok bool) {
	found := int64(-1)
	for _, known := range n.around(window(now)) {
		if subtle.ConstantTimeCompare([]byte(value), []byte(known.value)) == 1 {
			found = known.window
		}
	}
	return time.Unix((found+2)*int64(nonceWindow/time.Second), 0), found >= 0
}

// around returns the nonces of a window and its neighbours, by each generation of the key:
// the one to hand out first. They are remembered because every proof asks for them.
func (n *nonces) around(w int64) []nonce {
	if recent := n.recent.Load(); recent != nil && (*recent)[0].window == w {
		return *recent
	}
	var fresh []nonce
	for _, key := range n.keys {
		for _, number := range []int64{w, w - 1, w + 1} {
			fresh = append(fresh, nonce{number, key.Derive("dpop nonce", strconv.FormatInt(number, 10)).Reveal()})
		}
	}
	n.recent.Store(&fresh)
	return fresh
}
