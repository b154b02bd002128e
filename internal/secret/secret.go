package secret

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"log/slog"
)

const redacted = "[redacted]"

// Text is a secret in memory. Printing, logging or encoding it yields
// "[redacted]"; only [Text.Reveal] gives the value away, so that every place
// where a secret leaves the process can be found by searching for one word.
type Text struct{ value string }

// New makes a secret of 256 random bits, base64url-encoded (43 characters).
func New() Text { return sized(32) }

// NewShort makes a secret of 128 random bits, base64url-encoded (22 characters),
// for values that live for minutes and travel in a URL path.
func NewShort() Text { return sized(16) }

func sized(bytes int) Text {
	b := make([]byte, bytes)
	_, _ = rand.Read(b) // never fails: crypto/rand aborts the process instead
	return Text{base64.RawURLEncoding.EncodeToString(b)}
}

// Of wraps a secret that came from outside: a header, a form field, a file.
func Of(value string) Text { return Text{value} }

// Reveal returns the secret itself. Call it only to hand the secret to its owner
// or to a cryptographic function.
func (t Text) Reveal() string { return t.value }

// Empty reports whether there is no secret at all.
func (t Text) Empty() bool { return t.value == "" }

// Hash returns the form in which the secret may be stored and looked up. Secrets
// made here carry at least 128 bits of entropy, so one SHA-256 suffices; never use
// it for passwords, short codes or personal identity codes.
func (t Text) Hash() Hash { return sha256.Sum256([]byte(t.value)) }

// Equal compares in constant time.
func (t Text) Equal(other Text) bool { return t.Hash().Equal(other.Hash()) }

// Derive yields another secret of 256 bits from this one, for one purpose and one
// context (HMAC-SHA-256). The same input always yields the same secret: that is how
// a person who clicks twice, or a client that lost our answer, gets the same result
// although the database holds nothing but hashes.
func (t Text) Derive(purpose string, context ...string) Text {
	mac := hmac.New(sha256.New, []byte(t.value))
	for _, part := range append([]string{purpose}, context...) {
		// Length-prefixed, so that ("ab","c") and ("a","bc") differ.
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		mac.Write(size[:])
		mac.Write([]byte(part))
	}
	return Text{base64.RawURLEncoding.EncodeToString(mac.Sum(nil))}
}

func (Text) String() string               { return redacted }
func (Text) GoString() string             { return redacted }
func (Text) Format(f fmt.State, _ rune)   { _, _ = f.Write([]byte(redacted)) }
func (Text) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Text) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Hash is the SHA-256 of a secret: what the database holds.
type Hash [sha256.Size]byte

// Zero reports whether the hash was never set.
func (h Hash) Zero() bool { return h == Hash{} }

// Equal compares in constant time, all 32 bytes: a truncated token must not pass
// (ZITADEL CVE-2026-27840).
func (h Hash) Equal(other Hash) bool { return subtle.ConstantTimeCompare(h[:], other[:]) == 1 }
