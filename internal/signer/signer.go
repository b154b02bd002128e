package signer

import (
	"context"
	"errors"
	"time"

	"avain/internal/login"

	"github.com/tink-crypto/tink-go/v2/tink"
)

// The types of token that we sign: the typ header, which keeps one kind of token
// from being taken for another.
const (
	TypAccessToken = "at+jwt" // RFC 9068 §2.1
	TypIDToken     = "JWT"
	TypLogoutToken = "logout+jwt" // OpenID Connect Back-Channel Logout §2.4
)

// Store keeps the keys, for all nodes.
type Store interface {
	// SigningKeys lists every key, by slot.
	SigningKeys(ctx context.Context) ([]login.SigningKey, error)
	// AddSigningKey adds a key; login.ErrExists when its slot or KID is taken.
	AddSigningKey(ctx context.Context, key login.SigningKey) error
	// RemoveSigningKeys removes the keys whose RemoveAt lies before the time.
	RemoveSigningKeys(ctx context.Context, before time.Time) error
}

// Config is what a Signer needs. Zero durations mean the defaults.
type Config struct {
	Store  Store
	AEAD   tink.AEAD // seals private keys; its keyset is not in the database
	Issuer string    // the iss that Verify demands
	Alg    string    // of new keys: ES256 (default), PS256 or EdDSA

	PublishAhead time.Duration // from publication to first use; default 24 h, never below the JWKS's cache time
	ActiveFor    time.Duration // from first use to retirement; default 30 d
	TokenLife    time.Duration // longest life of any token that is signed; default 24 h

	Now func() time.Time
}

// Signer signs and verifies our own tokens. It is safe for concurrent use.
type Signer struct{ config Config }

// Expect says which token Verify is looking at.
type Expect struct {
	Typ     string // exactly this typ header
	Expired bool   // also after exp: for id_token_hint (OpenID Connect RP-Initiated Logout §4)
}

// New makes a Signer. It does not touch the store; call Tick before serving.
func New(config Config) (*Signer, error) { return &Signer{config}, nil }

// Sign returns the claims as a compact JWS by the active key, with kid and typ in
// its header. The claims are anything that encodes to a JSON object.
func (s *Signer) Sign(ctx context.Context, claims any, typ string) (string, error) {
	return "", errors.ErrUnsupported
}

// Verify returns the claims of a token that we signed: right signature, type,
// issuer, not expired and not from the future. Audience, scope and cnf are the
// caller's. Its errors are *login.Error: Unauthenticated with ReasonTokenInvalid
// and code invalid_token, or Internal when the keys cannot be read.
func (s *Signer) Verify(ctx context.Context, token string, want Expect) ([]byte, error) {
	return nil, errors.ErrUnsupported
}

// JWKS returns the public keys (RFC 7517 §5) and a strong ETag for them, quoted.
func (s *Signer) JWKS(ctx context.Context) (body []byte, etag string, err error) {
	return nil, "", errors.ErrUnsupported
}

// Tick makes the next key when its time has come and removes the ones whose time
// is over. Housekeeping calls it at start and at least once an hour, on every node.
func (s *Signer) Tick(ctx context.Context) error { return errors.ErrUnsupported }
