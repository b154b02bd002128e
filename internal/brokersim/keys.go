package brokersim

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Keys are the broker's private keys, RSA with 2048 bits.
type Keys struct {
	Entity  *rsa.PrivateKey // long-lived: signs the signed JWKS; relying parties pin it
	Current *rsa.PrivateKey // signs id_tokens
	Next    *rsa.PrivateKey // published ahead of its use
}

// NewKeys generates a set.
func NewKeys() (Keys, error) { return Keys{}.complete() }

func (k Keys) complete() (Keys, error) {
	for _, key := range []**rsa.PrivateKey{&k.Entity, &k.Current, &k.Next} {
		if *key != nil {
			continue
		}
		made, err := rsa.GenerateKey(rand.Reader, rsaBits)
		if err != nil {
			return Keys{}, fmt.Errorf("generate key: %w", err)
		}
		*key = made
	}
	return k, nil
}

const (
	rsaBits           = 2048
	signedJWKSLife    = time.Hour // as in OP's example
	entityStatementIn = 10 * 365 * 24 * time.Hour
)

// keyring signs for the broker and rotates its keys as OP does: a key is published
// before it is used, and for a while after.
type keyring struct {
	entity    jose.JSONWebKey
	statement string
	stranger  jose.JSONWebKey // never published: signs what must not verify

	mu       sync.Mutex
	previous *jose.JSONWebKey
	current  jose.JSONWebKey
	next     jose.JSONWebKey
}

func newKeyring(keys Keys) (*keyring, error) {
	keys, err := keys.complete()
	if err != nil {
		return nil, err
	}
	return &keyring{entity: signingKey(keys.Entity), current: signingKey(keys.Current), next: signingKey(keys.Next)}, nil
}

// signingKey wraps a key under its RFC 7638 thumbprint.
func signingKey(private *rsa.PrivateKey) jose.JSONWebKey {
	key := jose.JSONWebKey{Key: private, Algorithm: string(jose.RS256), Use: "sig"}
	key.KeyID = thumbprint(key, base64.RawURLEncoding.EncodeToString)
	return key
}

func thumbprint(key jose.JSONWebKey, encode func([]byte) string) string {
	sum, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return "" // RSA keys always have one
	}
	return encode(sum)
}

// rotate moves to the next key. Warm: the next one was published before. Cold: a key
// that nobody has seen yet is published and used at once, as after an accident.
func (k *keyring) rotate(cold bool) error {
	fresh, err := rsa.GenerateKey(rand.Reader, rsaBits)
	if err != nil {
		return fmt.Errorf("generate key: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	old := k.current
	k.previous = &old
	if cold {
		k.current = signingKey(fresh)
		return nil
	}
	k.current, k.next = k.next, signingKey(fresh)
	return nil
}

func (k *keyring) signer() jose.JSONWebKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.current
}

// strange returns a key that nobody publishes, made when first asked for.
func (k *keyring) strange() (jose.JSONWebKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.stranger.Key == nil {
		private, err := rsa.GenerateKey(rand.Reader, rsaBits)
		if err != nil {
			return jose.JSONWebKey{}, fmt.Errorf("generate key: %w", err)
		}
		k.stranger = signingKey(private)
	}
	return k.stranger, nil
}

// published lists the public signing keys: the one in use, the one to come, the one
// before.
func (k *keyring) published() jose.JSONWebKeySet {
	k.mu.Lock()
	defer k.mu.Unlock()
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{k.current.Public(), k.next.Public()}}
	if k.previous != nil {
		set.Keys = append(set.Keys, k.previous.Public())
	}
	return set
}

// signJSON makes a compact RS256 JWS of the value with the key's id in its header.
func signJSON(key jose.JSONWebKey, typ string, value any) (string, error) {
	payload, err := json.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("encode %s: %w", typ, err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		return "", fmt.Errorf("sign %s: %w", typ, err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign %s: %w", typ, err)
	}
	return signed.CompactSerialize()
}

// Rotate starts using the next signing key and publishes another one behind it, as
// OP does every week.
func (s *Sim) Rotate() error { return s.keys.rotate(false) }

// EntityJWK is the public key that relying parties pin.
func (s *Sim) EntityJWK() jose.JSONWebKey { return s.keys.entity.Public() }

// EntityFingerprint is the SHA-256 thumbprint (RFC 7638) of the entity key, hex.
func (s *Sim) EntityFingerprint() string {
	return thumbprint(s.keys.entity, hex.EncodeToString)
}

// StatementFingerprint is the SHA-256 of the entity statement's bytes as served, in
// upper-case hex: what Telia publishes for relying parties to compare (guide 2.36
// §2.2.1, sha256sum of the downloaded file).
func (s *Sim) StatementFingerprint() string {
	sum := sha256.Sum256([]byte(s.keys.statement))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// EntityStatement is the broker's self-signed statement (OpenID Federation), the
// same bytes for as long as the simulator lives.
func (s *Sim) EntityStatement() string { return s.keys.statement }

func (s *Sim) signEntityStatement() error {
	now, e := s.config.Now(), s.Endpoints()
	provider := s.providerMetadata()
	provider["signed_jwks_uri"] = e.SignedJWKS
	signed, err := signJSON(s.keys.entity, "entity-statement+jwt", map[string]any{
		"iss": e.EntityID, "sub": e.EntityID,
		"iat": now.Unix(), "exp": now.Add(entityStatementIn).Unix(),
		"jwks":     jose.JSONWebKeySet{Keys: []jose.JSONWebKey{s.keys.entity.Public()}},
		"metadata": map[string]any{"openid_provider": provider},
	})
	s.keys.statement = signed
	return err
}
