package login

import (
	"crypto/rand"
	"encoding/base64"
)

// NewID makes the name of a row: 128 random bits, base64url (22 characters). Ids
// are unguessable but not secret: whoever presents one must also prove to own it. None
// begins with "-": people copy ids to command lines, where that would be a flag.
func NewID() string {
	b := make([]byte, 16)
	for {
		_, _ = rand.Read(b)
		if id := base64.RawURLEncoding.EncodeToString(b); id[0] != '-' {
			return id
		}
	}
}

// ValidID reports whether s has the shape of an id, so that garbage is refused
// before it reaches the database.
func ValidID(s string) bool {
	if len(s) != 22 {
		return false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(b) == 16
}

// supportAlphabet has no letter that can be misheard or misread as another: no
// 0/O, 1/I/L, U/V, and no vowels but A and E, so that no word appears by chance.
const supportAlphabet = "23456789ACDEFGHJKMNPQRTWXY"

// NewSupportCode makes a code such as "K7Q-4TM" that a person can read out on the
// phone. It names an attempt to a support agent and opens nothing. It never looks like
// one of [RefusalCode].
func NewSupportCode() string {
	letters := make([]byte, 6)
	letters[0] = supportAlphabet[below(len(supportAlphabet)-1)] // all but refusalMark, the last
	for i := range letters[1:] {
		letters[i+1] = supportAlphabet[below(len(supportAlphabet))]
	}
	return dashed(letters)
}

func dashed(letters []byte) string { return string(letters[:3]) + "-" + string(letters[3:]) }

// below draws uniformly from 0..n-1 (n ≤ 256) by rejection.
func below(n int) int {
	var b [1]byte
	for {
		_, _ = rand.Read(b[:])
		if int(b[0]) < 256-256%n {
			return int(b[0]) % n
		}
	}
}

// ParseSupportCode accepts a support code as people type it: any case, with or
// without the dash or spaces. It returns false for anything else.
func ParseSupportCode(s string) (string, bool) {
	out := make([]byte, 0, 7)
	for _, r := range s {
		switch {
		case r == '-' || r == ' ' || r == '–':
			continue
		case r >= 'a' && r <= 'z':
			r -= 'a' - 'A'
		}
		if r > 127 || !inSupportAlphabet(byte(r)) || len(out) == 7 {
			return "", false
		}
		if len(out) == 3 {
			out = append(out, '-')
		}
		out = append(out, byte(r))
	}
	return string(out), len(out) == 7
}

func inSupportAlphabet(c byte) bool {
	for i := range len(supportAlphabet) {
		if supportAlphabet[i] == c {
			return true
		}
	}
	return false
}
