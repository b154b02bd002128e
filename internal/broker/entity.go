package broker

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

// entityPin is what we know of a broker's entity out of band: the long-lived keys
// that sign its JWKS. It is read from files only. OP forbids, and monitors, fetching
// its entity statement by program, and a pin that came over the wire would pin
// nothing.
type entityPin struct {
	keys    []jose.JSONWebKey
	expires time.Time              // of the stored statement; zero: never
	signed  *jose.JSONWebSignature // the stored statement, if there is one
}

// loadPin reads the pinned keys and checks them against the fingerprints.
func loadPin(source KeySource, algorithms []jose.SignatureAlgorithm) (entityPin, error) {
	var pin entityPin
	if source.EntityKeysFile != "" {
		raw, err := readFile(source.EntityKeysFile)
		if err != nil {
			return pin, err
		}
		if pin.keys, err = parsePublicKeys(raw); err != nil {
			return pin, fmt.Errorf("%s: %w", source.EntityKeysFile, err)
		}
	}
	if source.EntityStatementFile != "" {
		statement, err := loadStatement(source, algorithms)
		if err != nil {
			return pin, fmt.Errorf("%s: %w", source.EntityStatementFile, err)
		}
		// Keys in a file of their own win: the statement must then be signed by one of them.
		if pin.keys == nil {
			pin.keys = statement.keys
		} else if !verifiedBy(statement.signed, pin.keys) {
			return pin, fmt.Errorf("%s: not signed by a key of entity_keys_file", source.EntityStatementFile)
		}
		pin.expires = statement.expires
	}
	if len(source.EntityKeyThumbprints) > 0 {
		pin.keys = withThumbprint(pin.keys, source.EntityKeyThumbprints)
		if len(pin.keys) == 0 {
			return pin, errors.New("no entity key has one of entity_key_thumbprints; for the fingerprint of the whole statement, as Telia prints it, write statement_fingerprints")
		}
	}
	if len(pin.keys) == 0 {
		return pin, errors.New("no entity key")
	}
	return pin, nil
}

// loadStatement reads the broker's stored statement, after comparing the file with the
// fingerprints: what Telia's guide prints is over the file as it was served (§2.2.1).
func loadStatement(source KeySource, algorithms []jose.SignatureAlgorithm) (entityPin, error) {
	raw, err := readFile(source.EntityStatementFile)
	if err != nil {
		return entityPin{}, err
	}
	if len(source.StatementFingerprints) > 0 && !hasFingerprint(raw, source.StatementFingerprints) {
		return entityPin{}, fmt.Errorf("its SHA-256 is %s, which is none of statement_fingerprints: either is wrong, or the file is not the broker's", fingerprintOf(raw))
	}
	return readStatement(raw, source.Entity, algorithms)
}

// hasFingerprint compares the file's bytes. A line break at the end, which editors add,
// is no part of the statement.
func hasFingerprint(raw []byte, fingerprints []string) bool {
	exact, trimmed := sha256.Sum256(raw), sha256.Sum256(bytes.TrimRight(raw, "\r\n"))
	return slices.ContainsFunc(fingerprints, func(wanted string) bool {
		want, err := parseFingerprint(wanted)
		return err == nil && (bytes.Equal(want, exact[:]) || bytes.Equal(want, trimmed[:]))
	})
}

// fingerprintOf is a statement's fingerprint as Telia prints it.
func fingerprintOf(raw []byte) string {
	return fmt.Sprintf("%X", sha256.Sum256(bytes.TrimRight(raw, "\r\n")))
}

// parsePublicKeys reads RSA public keys from PEM, a JWK or a JWK set.
func parsePublicKeys(raw []byte) ([]jose.JSONWebKey, error) {
	trimmed := bytes.TrimSpace(raw)
	if !bytes.HasPrefix(trimmed, []byte("{")) {
		return parsePublicPEM(raw)
	}
	keys, err := decodeKeys(trimmed)
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		var one jose.JSONWebKey
		if err := one.UnmarshalJSON(trimmed); err != nil {
			return nil, errors.New("neither a JWK nor a JWK set")
		}
		keys = []jose.JSONWebKey{one}
	}
	return usableKeys(keys)
}

// parsePublicPEM reads every key of the file: while a broker changes its entity key, the
// operator puts the new one behind the old.
func parsePublicPEM(raw []byte) ([]jose.JSONWebKey, error) {
	var keys []jose.JSONWebKey
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		public, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, errors.New("not a public key")
		}
		keys = append(keys, jose.JSONWebKey{Key: public})
	}
	if len(keys) == 0 {
		return nil, errors.New("neither PEM nor JWK")
	}
	return usableKeys(keys)
}

// decodeKeys reads the "keys" of a JWK set one by one: a key of a kind that we do
// not know must not hide the others.
func decodeKeys(raw []byte) ([]jose.JSONWebKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(raw, &set); err != nil {
		return nil, errors.New("not JSON")
	}
	if len(set.Keys) > maxKeys {
		return nil, errors.New("too many keys")
	}
	var keys []jose.JSONWebKey
	for _, one := range set.Keys {
		var key jose.JSONWebKey
		if err := key.UnmarshalJSON(one); err == nil {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// usableKeys keeps what may verify a signature: public RSA keys that are long enough
// and not meant for encryption. A private or symmetric key in a published set is
// never used: with HS256 the "public" key would be a shared secret.
func usableKeys(keys []jose.JSONWebKey) ([]jose.JSONWebKey, error) {
	var usable []jose.JSONWebKey
	for _, key := range keys {
		public, ok := key.Key.(*rsa.PublicKey)
		if !ok || public.N.BitLen() < minRSA || key.Use == "enc" {
			continue
		}
		usable = append(usable, key)
	}
	if len(usable) == 0 {
		return nil, fmt.Errorf("no RSA signing key of at least %d bits", minRSA)
	}
	return usable, nil
}

// readStatement reads a stored entity statement: self-signed, issued about itself.
func readStatement(raw []byte, entity string, algorithms []jose.SignatureAlgorithm) (entityPin, error) {
	statement, err := jose.ParseSignedCompact(string(bytes.TrimSpace(raw)), algorithms)
	if err != nil {
		return entityPin{}, errors.New("not a signed entity statement")
	}
	var body struct {
		Iss  string          `json:"iss"`
		Sub  string          `json:"sub"`
		Exp  *float64        `json:"exp"`
		JWKS json.RawMessage `json:"jwks"`
	}
	if err := json.Unmarshal(statement.UnsafePayloadWithoutVerification(), &body); err != nil {
		return entityPin{}, errors.New("entity statement: payload is not JSON")
	}
	keys, err := parsePublicKeys(body.JWKS)
	if err != nil {
		return entityPin{}, fmt.Errorf("entity statement: %w", err)
	}
	if !verifiedBy(statement, keys) {
		return entityPin{}, errors.New("entity statement: not signed by a key of its own")
	}
	if body.Iss != body.Sub || body.Iss != entity {
		return entityPin{}, errors.New("entity statement: iss and sub are not the broker's entity")
	}
	pin := entityPin{keys: keys, signed: statement}
	if body.Exp != nil {
		if *body.Exp <= 0 || *body.Exp > maxSeconds {
			return entityPin{}, errors.New("entity statement: exp is no time")
		}
		pin.expires = time.Unix(int64(*body.Exp), 0)
	}
	return pin, nil
}

// verifiedBy reports whether one of the keys made the signature.
func verifiedBy(signed *jose.JSONWebSignature, keys []jose.JSONWebKey) bool {
	for _, key := range keys {
		if _, err := signed.Verify(key.Key); err == nil {
			return true
		}
	}
	return false
}

// withThumbprint keeps the keys that have one of the thumbprints.
func withThumbprint(keys []jose.JSONWebKey, thumbprints []string) []jose.JSONWebKey {
	var kept []jose.JSONWebKey
	for _, key := range keys {
		for _, wanted := range thumbprints {
			want, err := parseFingerprint(wanted)
			if err == nil && hasThumbprint(key, want) {
				kept = append(kept, key)
				break
			}
		}
	}
	return kept
}

// hasThumbprint accepts both digests that are in use: over the RFC 7638 input and over
// the DER public key. Each commits to the whole key.
func hasThumbprint(key jose.JSONWebKey, want []byte) bool {
	jwk, err := key.Thumbprint(crypto.SHA256)
	if err == nil && subtle.ConstantTimeCompare(jwk, want) == 1 {
		return true
	}
	der, err := x509.MarshalPKIXPublicKey(key.Key)
	if err != nil {
		return false
	}
	sum := sha256.Sum256(der)
	return subtle.ConstantTimeCompare(sum[:], want) == 1
}

// parseFingerprint reads 32 bytes as hex, with or without colons, or base64url.
func parseFingerprint(s string) ([]byte, error) {
	compact := strings.NewReplacer(":", "", " ", "").Replace(s)
	if b, err := hex.DecodeString(compact); err == nil && len(b) == sha256.Size {
		return b, nil
	}
	if b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(compact, "=")); err == nil && len(b) == sha256.Size {
		return b, nil
	}
	return nil, errors.New("not a SHA-256 fingerprint in hex or base64url")
}
