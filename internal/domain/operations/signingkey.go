package operations

import "time"

// SigningKey is one of our own keys, as the database holds it: rows are written
// once, never changed, and removed when nothing that the key signed can still be
// valid. Package signing makes, opens and chooses them.
type SigningKey struct {
	// Slot numbers the keys 1, 2, 3, … and is unique: of two nodes that rotate at
	// the same moment only one adds the next key, the other gets ErrExists.
	Slot      int64
	KID       string // RFC 7638 thumbprint of the public key; unique
	Alg       string // ES256, PS256 or EdDSA
	Sealed    []byte // private key (PKCS #8), sealed with a key that is not in the database
	PublicJWK []byte // for people who look into the database; the service derives it from Sealed

	// All in whole milliseconds.
	CreatedAt  time.Time // published from here on
	ActiveFrom time.Time // signs from here on
	RetireAt   time.Time // its successor signs from here on
	RemoveAt   time.Time // the last token it signed has expired
}

// HintKey is the public part of a key that has retired for good. It verifies the
// id_token_hint of a log-out, and nothing that would open anything.
type HintKey struct {
	KID      string
	Alg      string
	Sealed   []byte    // the public key as JWK, sealed so that nobody plants one
	ForgetAt time.Time // no session is left then that it could name
}
