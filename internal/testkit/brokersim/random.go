package brokersim

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

// Random values in the shapes that the brokers' published messages have.

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

// hexText is 2n lower-case hex digits.
func hexText(n int) string { return hex.EncodeToString(randomBytes(n)) }

// base32Text is upper-case letters and digits, without padding for n = 20 and its like.
func base32Text(n int) string { return base32.StdEncoding.EncodeToString(randomBytes(n)) }

// uuid is a random UUID, or one that always comes out of the same 16 bytes.
func uuid(of []byte) string {
	if of == nil {
		of = randomBytes(16)
	}
	return fmt.Sprintf("%x-%x-%x-%x-%x", of[:4], of[4:6], of[6:8], of[8:10], of[10:16])
}

func base64Text(n int) string { return base64.RawURLEncoding.EncodeToString(randomBytes(n)) }

// like is a compact JWS or JWE to look at: the header is real, the rest random parts of
// so many bytes each, 0 for an empty one.
func like(header string, parts ...int) string {
	all := []string{base64.RawURLEncoding.EncodeToString([]byte(header))}
	for _, n := range parts {
		all = append(all, base64Text(n))
	}
	return strings.Join(all, ".")
}
