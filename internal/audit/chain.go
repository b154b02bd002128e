package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"avain/internal/login"
	"avain/internal/secret"
)

// Chain computes the hashes that link the entries of the log: each is an HMAC-SHA-256
// over the hash before it and the entry. Its key is not in the database, so that
// whoever can write the database, and nothing else, cannot make the hash of an entry
// that they have altered or thought up (docs/decisions/0016).
type Chain struct{ key []byte }

// NewChain makes the chain of an installation. The key is derived from its secret, for
// this purpose alone.
func NewChain(key secret.Text) Chain { return Chain{[]byte(key.Reveal())} }

// What an HMAC is over begins with one of these, so that no sum of one kind can be
// taken for one of the other.
const (
	linkOf   = "avain audit entry 1"
	beforeOf = "avain audit before the chain 1"
)

// Next is the hash of an entry that comes after the one whose hash is previous. The
// hash that the row holds plays no part.
func (c Chain) Next(previous secret.Hash, row login.AuditRow) secret.Hash {
	mac := hmac.New(sha256.New, c.key)
	b := make([]byte, 0, 256)
	b = appendText(b, linkOf)
	b = append(b, previous[:]...)
	mac.Write(appendRow(b, row))
	return secret.Hash(mac.Sum(nil))
}

// Before sums up the entries that were written before there was a chain. Its sum takes
// the place of the hash before the first entry that has one; of no entries at all, too.
type Before struct{ mac hash.Hash }

// Before begins a sum.
func (c Chain) Before() *Before {
	mac := hmac.New(sha256.New, c.key)
	mac.Write(appendText(nil, beforeOf))
	return &Before{mac}
}

// Add adds the next entry.
func (b *Before) Add(row login.AuditRow) { b.mac.Write(appendRow(nil, row)) }

// Sum is the sum of the entries so far.
func (b *Before) Sum() secret.Hash { return secret.Hash(b.mac.Sum(nil)) }

// appendRow writes an entry so that no two different ones yield the same bytes:
// numbers in 8 bytes, big end first, and each text after its length.
func appendRow(b []byte, row login.AuditRow) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(row.Seq)) //nolint:gosec // bits, not a number
	b = binary.BigEndian.AppendUint64(b, uint64(row.At))  //nolint:gosec // bits, not a number
	for _, text := range []string{row.Actor, row.Action, row.Target, row.Detail} {
		b = appendText(b, text)
	}
	return b
}

func appendText(b []byte, text string) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(len(text)))
	return append(b, text...)
}
