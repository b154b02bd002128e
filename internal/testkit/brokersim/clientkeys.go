package brokersim

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	keysKept     = 24 * time.Hour // OP and Telia cache a relying party's keys for up to a day
	keysPause    = time.Second    // least time between two fetches: a flood of unknown kids costs one fetch
	keysMaxBytes = 1 << 20
	clockSkew    = 30 * time.Second
)

// clientKeys knows the relying party's public keys: fetched when first needed,
// verified against the pin, kept for a day, fetched again for an unknown kid.
type clientKeys struct {
	source ClientKeys
	http   *http.Client
	now    func() time.Time

	known atomic.Pointer[knownKeys]
	mu    sync.Mutex // one fetch at a time
	tried time.Time
	err   error // of the last fetch
}

type knownKeys struct {
	signing    []jose.JSONWebKey
	encryption []jose.JSONWebKey
	until      time.Time
}

var errKidUnknown = errors.New("no signing key with this kid in the published keys")

// signing finds the key that a kid names; without a kid, all signing keys.
func (k *clientKeys) signing(ctx context.Context, kid string) ([]jose.JSONWebKey, error) {
	find := func(known *knownKeys) (found []jose.JSONWebKey) {
		for _, key := range known.signing {
			if kid == "" || key.KeyID == kid {
				found = append(found, key)
			}
		}
		return found
	}
	known, err := k.fresh(ctx, func(known *knownKeys) bool { return len(find(known)) > 0 })
	if err != nil {
		return nil, err
	}
	if found := find(known); len(found) > 0 {
		return found, nil
	}
	return nil, errKidUnknown
}

// encryption is the key that id_tokens are encrypted to: the first one published.
func (k *clientKeys) encryption(ctx context.Context) (jose.JSONWebKey, error) {
	known, err := k.fresh(ctx, func(known *knownKeys) bool { return len(known.encryption) > 0 })
	if err != nil {
		return jose.JSONWebKey{}, err
	}
	if len(known.encryption) == 0 {
		return jose.JSONWebKey{}, errors.New("no encryption key in the published keys")
	}
	return known.encryption[0], nil
}

// fresh returns keys that are not too old and, if a fetch can bring that about, good
// enough.
func (k *clientKeys) fresh(ctx context.Context, enough func(*knownKeys) bool) (*knownKeys, error) {
	if known := k.known.Load(); known != nil && k.now().Before(known.until) && enough(known) {
		return known, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	known := k.known.Load()
	usable := known != nil && now.Before(known.until)
	if usable && enough(known) {
		return known, nil // somebody else has just fetched them
	}
	if k.tried.IsZero() || now.Sub(k.tried) >= keysPause {
		k.tried = now
		fetched, err := k.fetch(ctx)
		k.err = err
		if err == nil {
			k.known.Store(fetched)
			return fetched, nil
		}
	}
	if usable {
		return known, nil
	}
	if k.err == nil {
		return nil, errors.New("the published keys have expired")
	}
	return nil, k.err
}

func (k *clientKeys) fetch(ctx context.Context) (*knownKeys, error) {
	until := k.now().Add(keysKept)
	switch {
	case k.source.JWKS != nil:
		return sortKeys(*k.source.JWKS, until)
	case k.source.JWKSURL != "":
		body, err := k.download(ctx, k.source.JWKSURL)
		if err != nil {
			return nil, err
		}
		var set jose.JSONWebKeySet
		if err := json.Unmarshal(body, &set); err != nil {
			return nil, fmt.Errorf("JWKS: %w", err)
		}
		return sortKeys(set, until)
	case k.source.SignedJWKSURL != "":
		body, err := k.download(ctx, k.source.SignedJWKSURL)
		if err != nil {
			return nil, err
		}
		return k.openSigned(strings.TrimSpace(string(body)), until)
	default:
		return nil, errors.New("no source of keys: nobody is registered")
	}
}

func (k *clientKeys) download(ctx context.Context, url string) (_ []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	res, err := k.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("keys: %s answered %s", url, res.Status)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, keysMaxBytes))
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	return body, nil
}

// signedJWKS is the payload of a signed JWKS (OpenID Federation 1.0 §5.2.1).
type signedJWKS struct {
	Issuer   string            `json:"iss"`
	Subject  string            `json:"sub"`
	IssuedAt *int64            `json:"iat"`
	Expires  *int64            `json:"exp"`
	Keys     []jose.JSONWebKey `json:"keys"`
}

// openSigned verifies a signed JWKS against the pin: signature by the pinned key,
// iss = sub = the entity, iat ≤ now < exp. Without this, whoever controls the
// relying party's web server or DNS could publish keys and speak for it.
func (k *clientKeys) openSigned(raw string, until time.Time) (*knownKeys, error) {
	signed, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return nil, fmt.Errorf("signed JWKS: not an RS256 JWS: %w", err)
	}
	header := signed.Signatures[0].Protected
	if typ, ok := header.ExtraHeaders[jose.HeaderType].(string); ok && typ != "jwk-set+jwt" {
		return nil, errors.New("signed JWKS: typ is not jwk-set+jwt")
	}
	if pin := k.source.EntityKey.KeyID; pin != "" && header.KeyID != pin {
		return nil, errors.New("signed JWKS: kid is not the pinned entity key's")
	}
	payload, err := signed.Verify(k.source.EntityKey.Public())
	if err != nil {
		return nil, errors.New("signed JWKS: signature does not verify against the pinned entity key")
	}
	var set signedJWKS
	if err := json.Unmarshal(payload, &set); err != nil {
		return nil, fmt.Errorf("signed JWKS: %w", err)
	}
	now := k.now()
	switch {
	case set.Issuer != k.source.EntityID || set.Subject != k.source.EntityID:
		return nil, errors.New("signed JWKS: iss and sub are not the entity's id")
	case set.IssuedAt != nil && time.Unix(*set.IssuedAt, 0).After(now.Add(clockSkew)):
		return nil, errors.New("signed JWKS: iat is in the future")
	case set.Expires != nil && !now.Before(time.Unix(*set.Expires, 0)):
		return nil, errors.New("signed JWKS: expired")
	}
	if set.Expires != nil {
		until = earlier(until, time.Unix(*set.Expires, 0))
	}
	return sortKeys(jose.JSONWebKeySet{Keys: set.Keys}, until)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// sortKeys refuses a set that a broker would refuse: private keys, keys without kid,
// anything but RSA with at least 2048 bits, two keys under one kid.
func sortKeys(set jose.JSONWebKeySet, until time.Time) (*knownKeys, error) {
	known := &knownKeys{until: until}
	seen := make(map[string]bool)
	for _, key := range set.Keys {
		public, ok := key.Key.(*rsa.PublicKey)
		switch {
		case !ok:
			return nil, errors.New("published keys: a key is not a public RSA key")
		case public.N.BitLen() < rsaBits:
			return nil, errors.New("published keys: an RSA key is shorter than 2048 bits")
		case key.KeyID == "":
			return nil, errors.New("published keys: a key has no kid")
		case seen[key.KeyID]:
			return nil, errors.New("published keys: two keys have the same kid")
		}
		seen[key.KeyID] = true
		if key.Use == "sig" || key.Use == "" {
			known.signing = append(known.signing, key)
		}
		if key.Use == "enc" || key.Use == "" {
			known.encryption = append(known.encryption, key)
		}
	}
	return known, nil
}
