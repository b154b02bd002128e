package jws

import (
	"strconv"
	"time"

	"github.com/go-jose/go-jose/v4/json"
)

// Decode reads a verified payload into claims: ErrClaims when it is not a JSON
// object, has a member twice, or has one of the wrong type. It is go-jose's decoder,
// which tells upper from lower case too: with encoding/json an attacker could show
// one value to us and another to whoever checked before.
func Decode(payload []byte, claims any) error {
	if len(payload) == 0 || payload[0] != '{' {
		return ErrClaims
	}
	if err := json.Unmarshal(payload, claims); err != nil {
		return ErrClaims
	}
	return nil
}

// Date is a NumericDate (RFC 7519 §2): seconds since 1970, possibly with a
// fraction. The zero Date means that the claim is absent.
type Date struct{ time.Time }

// maxDate keeps arithmetic on dates far from overflow (year 9999).
const maxDate = 253402300799

// UnmarshalJSON takes a JSON number between 1 and the year 9999.
func (d *Date) UnmarshalJSON(raw []byte) error {
	seconds, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || seconds < 1 || seconds > maxDate {
		return ErrClaims
	}
	d.Time = time.UnixMilli(int64(seconds * 1000))
	return nil
}

// Audience is the aud claim (RFC 7519 §4.1.3): a string, or a list of them.
type Audience []string

// UnmarshalJSON takes a string or a list of strings.
func (a *Audience) UnmarshalJSON(raw []byte) error {
	var one string
	if err := json.Unmarshal(raw, &one); err == nil && raw[0] == '"' {
		*a = Audience{one}
		return nil
	}
	var many []string
	if err := json.Unmarshal(raw, &many); err != nil || raw[0] != '[' {
		return ErrClaims
	}
	*a = many
	return nil
}
