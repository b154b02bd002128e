package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"avain/internal/domain/operations"
	"avain/internal/secret"
)

// Chain computes the hashes that vouch for the entries of the log: HMAC-SHA-256. An entry is
// signed by itself when it is written, and when it is sealed it is linked to the hash before
// it. The key is not in the database, so that whoever can write the database, and nothing
// else, cannot make the hash of an entry that they have altered or thought up
// (docs/decisions/0016, 0033).
type Chain struct {
	key   []byte
	begun operations.AuditHead // where it began, as it is known outside the database; zero: nobody knows
}

// Begun is the chain that began at a head: number and sum of the entries before it. What
// says so must lie outside the database, where whoever can write the database cannot undo
// it: from then on an entry without a hash is no old one but one that was tampered with
// (docs/decisions/0025). The zero head changes nothing.
func (c Chain) Begun(at operations.AuditHead) Chain { return Chain{c.key, at} }

// NewChain makes the chain of an installation. The key is derived from its secret, for
// this purpose alone.
func NewChain(key secret.Text) Chain { return Chain{key: []byte(key.Reveal())} }

// What an HMAC is over begins with one of these, so that no sum of one kind can be
// taken for one of the other.
const (
	linkOf   = "avain audit entry 1" // from before there were streams
	sealOf   = "avain audit entry 2"
	signOf   = "avain audit unsealed entry 1"
	beforeOf = "avain audit before the chain 1"
)

// Next is the hash of an entry that comes after the one whose hash is previous. The
// hash that the row holds plays no part.
func (c Chain) Next(previous secret.Hash, row operations.AuditRow) secret.Hash {
	of := linkOf
	if row.Stream != 0 {
		of = sealOf
	}
	b := appendText(make([]byte, 0, 256), of)
	b = append(b, previous[:]...)
	return c.sum(appendRow(b, row))
}

// Sign is the signature of an entry that is not sealed yet: over its stream, its number in it
// and what it says. So it can be put in no other place, and not in twice.
func (c Chain) Sign(row operations.AuditRow) secret.Hash {
	row.Seq = 0 // given when it is sealed
	return c.sum(appendRow(appendText(make([]byte, 0, 256), signOf), row))
}

func (c Chain) sum(b []byte) secret.Hash {
	mac := hmac.New(sha256.New, c.key)
	mac.Write(b)
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

// Add adds the next entry. Old ones have no hash; what is left of a log that was begun anew
// may have one, and columns of a foreign type: they are as they were then.
func (b *Before) Add(row operations.AuditRow) {
	all := appendRow(nil, row)
	if !row.Hash.Zero() {
		all = append(all, row.Hash[:]...)
	}
	if row.Foreign {
		all = appendText(all, "foreign")
	}
	b.mac.Write(all)
}

// Sum is the sum of the entries so far.
func (b *Before) Sum() secret.Hash { return secret.Hash(b.mac.Sum(nil)) }

// appendRow writes an entry so that no two different ones yield the same bytes:
// numbers in 8 bytes, big end first, and each text after its length.
func appendRow(b []byte, row operations.AuditRow) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(row.Seq)) //nolint:gosec // bits, not a number
	b = binary.BigEndian.AppendUint64(b, uint64(row.At))  //nolint:gosec // bits, not a number
	for _, text := range []string{row.Actor, row.Action, row.Target, row.Detail} {
		b = appendText(b, text)
	}
	if row.Stream != 0 || row.Num != 0 {
		b = binary.BigEndian.AppendUint64(b, uint64(row.Stream)) //nolint:gosec // bits, not a number
		b = binary.BigEndian.AppendUint64(b, uint64(row.Num))    //nolint:gosec // bits, not a number
	}
	return b
}

func appendText(b []byte, text string) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(len(text)))
	return append(b, text...)
}
