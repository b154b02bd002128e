package jws

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

// What can be wrong with a token. The texts are fixed and hold nothing that came
// in, so they may be shown to the developer of a client.
var (
	ErrTooLong   = errors.New("the token is too long")
	ErrMalformed = errors.New("the token is not a well-formed compact JWS")
	ErrHeader    = errors.New("the token's header has a member that is not allowed here")
	ErrType      = errors.New("the token's typ is not the expected one")
	ErrAlgorithm = errors.New("the token's alg is not one of those taken here")
	ErrKey       = errors.New("the key is private, too weak, or does not fit the alg")
	ErrSignature = errors.New("the token's signature is wrong")
	ErrClaims    = errors.New("the token's claims are not a JSON object of the expected form")
)

// Rules say which tokens are taken.
type Rules struct {
	MaxBytes int
	Algs     []jose.SignatureAlgorithm // allowed; default Algorithms
	Types    []string                  // allowed typ values, spelled exactly; "" allows typ to be absent
	Header   []string                  // header members allowed besides alg and typ
}

// Token is a parsed token. Nothing in it can be believed before Verify.
type Token struct {
	Alg   string
	KeyID string           // kid; empty when absent
	JWK   *jose.JSONWebKey // the key embedded in the header; nil when absent; public, and fit for Alg

	signed *jose.JSONWebSignature
}

// Parse reads a token by the rules. Its errors are those of this package.
func Parse(compact string, rules Rules) (*Token, error) {
	if len(compact) > rules.MaxBytes {
		return nil, ErrTooLong
	}
	header, err := split(compact)
	if err != nil {
		return nil, err
	}
	if err := checkHeader(header, rules); err != nil {
		return nil, err
	}
	algs := rules.Algs
	if algs == nil {
		algs = Algorithms()
	}
	signed, err := jose.ParseSignedCompact(compact, algs)
	if err != nil {
		if _, ok := errors.AsType[*jose.ErrUnexpectedSignatureAlgorithm](err); ok {
			return nil, ErrAlgorithm
		}
		return nil, ErrMalformed
	}
	h := signed.Signatures[0].Protected
	if k := h.JSONWebKey; k != nil {
		if err := CheckKey(h.Algorithm, k.Key); err != nil {
			return nil, err
		}
		if (k.Algorithm != "" && k.Algorithm != h.Algorithm) || (k.Use != "" && k.Use != "sig") {
			return nil, ErrKey
		}
	}
	return &Token{Alg: h.Algorithm, KeyID: h.KeyID, JWK: h.JSONWebKey, signed: signed}, nil
}

// Peek decodes the claims before the signature is checked. Use it only to refuse a
// token early or to find the key to check it with.
func (t *Token) Peek(claims any) error {
	return Decode(t.signed.UnsafePayloadWithoutVerification(), claims)
}

// Verify checks the signature by a public key and returns the payload.
func (t *Token) Verify(key any) ([]byte, error) {
	if err := CheckKey(t.Alg, key); err != nil {
		return nil, err
	}
	payload, err := t.signed.Verify(key)
	if err != nil {
		return nil, ErrSignature
	}
	return payload, nil
}

// split checks the outer form and returns the decoded header. Go's base64 decoder
// skips line breaks and, unless strict, ignores the last bits; go-jose inherits
// both. One token would then have many spellings, and whatever remembers or
// compares tokens as text (replay marks, revocation) could be walked around.
func split(compact string) ([]byte, error) {
	parts := strings.Split(compact, ".")
	if len(parts) != 3 {
		return nil, ErrMalformed
	}
	var header []byte
	for i, part := range parts {
		if part == "" || strings.ContainsAny(part, "\r\n") {
			return nil, ErrMalformed
		}
		raw, err := base64.RawURLEncoding.Strict().DecodeString(part)
		if err != nil {
			return nil, ErrMalformed
		}
		if i == 0 {
			header = raw
		}
	}
	return header, nil
}

// checkHeader refuses every member that is not expected: crit and b64 change what
// is signed, jku and x5u make a server fetch an attacker's key, and a member that
// we would ignore another implementation may obey.
func checkHeader(raw []byte, rules Rules) error {
	var header map[string]json.RawMessage
	if err := json.Unmarshal(raw, &header); err != nil || header == nil {
		return ErrMalformed
	}
	for name := range header {
		if name != "alg" && name != "typ" && !slices.Contains(rules.Header, name) {
			return ErrHeader
		}
	}
	typ := ""
	if value, present := header["typ"]; present {
		if err := json.Unmarshal(value, &typ); err != nil || typ == "" {
			return ErrType
		}
	}
	if !slices.Contains(rules.Types, typ) {
		return ErrType
	}
	if value, present := header["jwk"]; present {
		return checkJWK(value)
	}
	return nil
}

// checkJWK refuses members that no public key of ours has: private parts (a client
// that leaks its key must learn it at once), and certificates, which nobody checks.
func checkJWK(raw []byte) error {
	allowed := []string{"kty", "crv", "x", "y", "n", "e", "alg", "use", "key_ops", "ext", "kid"}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil || members == nil {
		return ErrMalformed
	}
	for name := range members {
		if !slices.Contains(allowed, name) {
			return ErrKey
		}
	}
	return nil
}
