package brokersim

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Keys are the broker's private keys, RSA with 2048 bits. Not every dialect needs all.
type Keys struct {
	Entity     *rsa.PrivateKey // long-lived: signs the signed JWKS; relying parties pin it
	NextEntity *rsa.PrivateKey // Telia: stands beside it in the entity statement
	Current    *rsa.PrivateKey // signs id_tokens
	Next       *rsa.PrivateKey // published ahead of its use
	Encryption *rsa.PrivateKey // Telia, Signicat: published with use=enc, for encrypted requests
}

// NewKeys generates a set.
func NewKeys() (Keys, error) {
	var k Keys
	err := k.complete(&k.Entity, &k.NextEntity, &k.Current, &k.Next, &k.Encryption)
	return k, err
}

// complete makes those keys that are wanted and not there.
func (k *Keys) complete(wanted ...**rsa.PrivateKey) error {
	for _, key := range wanted {
		if *key != nil {
			continue
		}
		made, err := rsa.GenerateKey(rand.Reader, rsaBits)
		if err != nil {
			return fmt.Errorf("generate key: %w", err)
		}
		*key = made
	}
	return nil
}

const (
	rsaBits           = 2048
	entityStatementIn = 10 * 365 * 24 * time.Hour // OP README §13; Telia's statement of 2025-10-01
)

// keyring signs for the broker and rotates its keys: a key is published before it is
// used, and for a while after.
type keyring struct {
	publication publication
	statement   string

	mu         sync.Mutex
	entities   []jose.JSONWebKey // the one that signs the JWKS is first in use
	entity     int               // which of them that is
	stranger   jose.JSONWebKey   // never published: signs what must not verify
	previous   *jose.JSONWebKey
	current    jose.JSONWebKey
	next       jose.JSONWebKey
	announced  bool // the next key is published
	encryption jose.JSONWebKey
}

func newKeyring(keys Keys, r rules) (*keyring, error) {
	p := r.publication
	wanted := []**rsa.PrivateKey{&keys.Current, &keys.Next}
	federated := r.paths.statement != ""
	if federated {
		wanted = append(wanted, &keys.Entity)
	}
	if p.twoEntityKeys {
		wanted = append(wanted, &keys.NextEntity)
	}
	if p.encryptionKey {
		wanted = append(wanted, &keys.Encryption)
	}
	if err := keys.complete(wanted...); err != nil {
		return nil, err
	}
	k := &keyring{publication: p, announced: p.nextAhead}
	k.current, k.next = k.signingKey(keys.Current), k.signingKey(keys.Next)
	if federated {
		k.entities = append(k.entities, k.signingKey(keys.Entity))
	}
	if p.twoEntityKeys {
		k.entities = append(k.entities, k.signingKey(keys.NextEntity))
	}
	if p.encryptionKey {
		k.encryption = k.encryptionKey(keys.Encryption)
	}
	return k, nil
}

func (k *keyring) signingKey(private *rsa.PrivateKey) jose.JSONWebKey {
	return k.named(jose.JSONWebKey{Key: private, Algorithm: string(jose.RS256), Use: "sig"})
}

func (k *keyring) encryptionKey(private *rsa.PrivateKey) jose.JSONWebKey {
	return k.named(jose.JSONWebKey{Key: private, Algorithm: string(jose.RSA_OAEP), Use: "enc"})
}

func (k *keyring) named(key jose.JSONWebKey) jose.JSONWebKey {
	key.KeyID = thumbprint(key, k.publication.keyID)
	return key
}

// Names of keys, made of their RFC 7638 thumbprint. Only their form is anybody's.
func keyIDThumbprint(sum []byte) string { return base64.RawURLEncoding.EncodeToString(sum) }
func keyIDHex(sum []byte) string        { return strings.ToUpper(hex.EncodeToString(sum[:20])) }
func keyIDSignicat(sum []byte) string   { return "signing-key-" + hex.EncodeToString(sum[:16]) }

func thumbprint(key jose.JSONWebKey, encode func([]byte) string) string {
	sum, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return "" // RSA keys always have one
	}
	return encode(sum)
}

// announce publishes the next signing key, and another encryption key in place of the
// old one (Telia, "Key Rotation").
func (k *keyring) announce() error {
	fresh, err := rsa.GenerateKey(rand.Reader, rsaBits)
	if err != nil {
		return fmt.Errorf("generate key: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.announced = true
	if k.publication.encryptionKey {
		k.encryption = k.encryptionKey(fresh)
	}
	return nil
}

// rotate moves to the next key. Warm: the one that was to come. Cold: a key that nobody
// has seen yet is published and used at once, as after an accident.
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
		k.current = k.signingKey(fresh)
		return nil
	}
	k.current, k.next, k.announced = k.next, k.signingKey(fresh), k.publication.nextAhead
	return nil
}

func (k *keyring) signer() jose.JSONWebKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.current
}

// entitySigner is the entity key that signs the JWKS now.
func (k *keyring) entitySigner() jose.JSONWebKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.entities[k.entity]
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
		k.stranger = k.signingKey(private)
	}
	return k.stranger, nil
}

// published lists the public keys: the signing key in use, the one to come, the one
// before, and the encryption key.
func (k *keyring) published() jose.JSONWebKeySet {
	k.mu.Lock()
	defer k.mu.Unlock()
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{k.current.Public()}}
	if k.announced {
		set.Keys = append(set.Keys, k.next.Public())
	}
	if k.previous != nil {
		set.Keys = append(set.Keys, k.previous.Public())
	}
	if k.encryption.Key != nil {
		set.Keys = append(set.Keys, k.encryption.Public())
	}
	return jose.JSONWebKeySet{Keys: k.publication.members(set.Keys)}
}

// members drops what the dialect does not write into its sets.
func (p publication) members(keys []jose.JSONWebKey) []jose.JSONWebKey {
	for i := range keys {
		if !p.algorithm {
			keys[i].Algorithm = ""
		}
	}
	return keys
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

// Announce publishes the next signing key where the dialect does not do so anyway: as
// Telia does weeks before it uses one.
func (s *Sim) Announce() error { return s.keys.announce() }

// Rotate starts using the next signing key, announced or not, and goes on publishing
// the old one.
func (s *Sim) Rotate() error { return s.keys.rotate(false) }

// RotateEntity signs the JWKS with the other of Telia's two entity keys from now on.
// The entity statement, which holds both, stays as it is.
func (s *Sim) RotateEntity() error {
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	if len(s.keys.entities) < 2 {
		return errors.New("brokersim: there is no second entity key")
	}
	s.keys.entity = 1 - s.keys.entity
	return nil
}

// EntityKeys are the public keys of the entity statement: two at Telia, one at OP, none
// where there is no statement.
func (s *Sim) EntityKeys() []jose.JSONWebKey {
	keys := make([]jose.JSONWebKey, 0, len(s.keys.entities))
	for _, key := range s.keys.entities {
		keys = append(keys, key.Public())
	}
	return keys
}

// EntityJWK is the public key that relying parties pin: the first of the statement's.
func (s *Sim) EntityJWK() jose.JSONWebKey {
	if len(s.keys.entities) == 0 {
		return jose.JSONWebKey{}
	}
	return s.keys.entities[0].Public()
}

// EntityFingerprint is the SHA-256 thumbprint (RFC 7638) of that key, hex.
func (s *Sim) EntityFingerprint() string {
	if len(s.keys.entities) == 0 {
		return ""
	}
	return thumbprint(s.keys.entities[0], hex.EncodeToString)
}

// StatementFingerprint is the SHA-256 of the entity statement's bytes as served, in
// upper-case hex: what Telia publishes for relying parties to compare (guide 2.36
// §2.2.1, sha256sum of the downloaded file). Empty where there is no statement.
func (s *Sim) StatementFingerprint() string {
	if s.keys.statement == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(s.keys.statement))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// EntityStatement is the broker's self-signed statement (OpenID Federation), the same
// bytes for as long as the simulator lives. Idura and Signicat have none.
func (s *Sim) EntityStatement() string { return s.keys.statement }

func (s *Sim) signEntityStatement() error {
	if s.rules.paths.statement == "" {
		return nil
	}
	now, e := s.config.Now(), s.Endpoints()
	provider := s.providerMetadata()
	provider["signed_jwks_uri"] = e.SignedJWKS
	signed, err := signJSON(s.keys.entities[0], typStatement, map[string]any{
		"iss": e.EntityID, "sub": e.EntityID,
		"iat": now.Unix(), "exp": now.Add(entityStatementIn).Unix(),
		"jwks":     jose.JSONWebKeySet{Keys: s.rules.publication.members(s.EntityKeys())},
		"metadata": map[string]any{"openid_provider": provider},
	})
	s.keys.statement = signed
	return err
}

const typStatement = "entity-statement+jwt" // OP README §12; header of Telia's statement
