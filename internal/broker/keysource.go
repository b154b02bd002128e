package broker

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

// maxKeys bounds a key set; OP publishes three.
const maxKeys = 100

// maxCacheAge is how long a broker's keys may be used without asking again: OP
// rotates weekly, its sandbox daily.
const maxCacheAge = oneDay

// keySet is the broker's signing keys as of one fetch.
type keySet struct {
	keys    []jose.JSONWebKey
	expires time.Time // of the signed JWKS; zero: none
}

// keySource knows the broker's signing keys.
type keySource struct {
	cache *cached[keySet]
	every time.Duration
}

func newKeySource(u *upstream, life *lifetime) (*keySource, error) {
	config := u.config.BrokerKeys
	fetch := u.plainKeys
	if config.SignedJWKSURI != "" {
		pin, err := loadPin(config, u.signatures)
		if err != nil {
			return nil, err
		}
		fetch = func(ctx context.Context) (keySet, error) { return u.signedKeys(ctx, pin) }
	}
	return &keySource{every: config.RefreshEvery, cache: &cached[keySet]{
		life: life, now: u.now, fetch: fetch, fresh: config.CacheTTL, keep: maxCacheAge, pause: time.Second,
		expires: func(set keySet) time.Time { return set.expires },
	}}, nil
}

// warm starts a fetch when one is needed, so that the keys are there when the person
// comes back from the bank.
func (k *keySource) warm() { k.cache.warm() }

// find answers the keys that may have signed under the kid. An unknown kid forces a
// refresh, because the broker may just have rotated; at most once per RefreshEvery,
// because whoever can make us see unknown kids could otherwise make us hammer the
// broker. The kid is only compared, never used as a path or address.
func (k *keySource) find(ctx context.Context, kid string) ([]jose.JSONWebKey, error) {
	set, err := k.cache.get(ctx)
	if err != nil {
		return nil, err
	}
	found := set.named(kid)
	if len(found) == 0 && kid != "" {
		if set, err = k.cache.force(ctx, k.every); err != nil {
			return nil, err
		}
		found = set.named(kid)
	}
	if len(found) == 0 {
		return nil, &brokerError{word: "id_token.unknown_key"}
	}
	return found, nil
}

// renewed fetches the keys anew, unless that has just been done.
func (k *keySource) renewed(ctx context.Context) ([]jose.JSONWebKey, error) {
	set, err := k.cache.force(ctx, k.every)
	return set.keys, err
}

// named picks by kid. Without a kid, each of the broker's keys may have signed: two are
// published for weeks while Telia changes them.
func (s keySet) named(kid string) []jose.JSONWebKey {
	if kid == "" {
		return s.keys
	}
	var found []jose.JSONWebKey
	for _, key := range s.keys {
		if key.KeyID == kid {
			found = append(found, key)
		}
	}
	return found
}

// plainKeys fetches a JWKS whose only protection is TLS.
func (u *upstream) plainKeys(ctx context.Context) (keySet, error) {
	uri := u.config.BrokerKeys.JWKSURI
	if uri == "" {
		found, err := u.endpoints(ctx)
		if err != nil {
			return keySet{}, err
		}
		uri = found.jwks
	}
	raw, err := u.document(ctx, "jwks", uri, "application/jwk-set+json, application/json", maxJWKS)
	if err != nil {
		return keySet{}, err
	}
	keys, err := decodeKeys(raw)
	if err == nil {
		keys, err = usableKeys(keys)
	}
	if err != nil {
		return keySet{}, &brokerError{word: "jwks.format", down: true, err: err}
	}
	return keySet{keys: keys}, nil
}

// signedKeys fetches a signed JWKS and believes it only if a pinned entity key made
// it: whoever controls the broker's web server, its DNS or a certificate authority
// still cannot give us keys of their own (threat 21).
func (u *upstream) signedKeys(ctx context.Context, pin entityPin) (keySet, error) {
	if !pin.expires.IsZero() && !u.now().Before(pin.expires) {
		return keySet{}, &brokerError{word: "jwks.entity_statement_expired", down: true}
	}
	raw, err := u.fetchSignedJWKS(ctx)
	if err != nil {
		return keySet{}, err
	}
	set, err := u.believe(raw, pin)
	if err != nil {
		u.observe("jwks", wordAfterDot(wordOf(err)), 0)
		u.log.Warn("broker keys not believed", "detail", wordOf(err), "error", err)
	}
	return set, err
}

func (u *upstream) fetchSignedJWKS(ctx context.Context) ([]byte, error) {
	return u.document(ctx, "jwks", u.config.BrokerKeys.SignedJWKSURI, "application/jwk-set+jwt, application/jose, */*;q=0.1", maxJWKS)
}

// believe opens a signed JWKS. Keys are good no longer than the statement that they are
// believed by.
func (u *upstream) believe(raw []byte, pin entityPin) (keySet, error) {
	set, err := u.openSignedJWKS(raw, pin)
	if err == nil && !pin.expires.IsZero() && (set.expires.IsZero() || pin.expires.Before(set.expires)) {
		set.expires = pin.expires
	}
	return set, err
}

// openSignedJWKS checks one signed JWKS. The order matters: nothing of the payload is
// read before the signature is verified.
func (u *upstream) openSignedJWKS(raw []byte, pin entityPin) (keySet, error) {
	signed, err := jose.ParseSignedCompact(string(bytes.TrimSpace(raw)), u.signatures)
	if err != nil {
		return keySet{}, badKeys("format", err)
	}
	if !u.config.acceptsType(signed.Signatures[0].Header) {
		return keySet{}, badKeys("type", nil)
	}
	payload, ok := verifiedPayload(signed, pin.keys)
	if !ok {
		return keySet{}, badKeys("signature", nil)
	}
	var body struct {
		Iss string `json:"iss"`
		Sub string `json:"sub"`
		Iat *int64 `json:"iat"`
		Exp *int64 `json:"exp"`

		// Members of an entity statement, which the same key signs.
		JWKS     json.RawMessage `json:"jwks"`
		Metadata json.RawMessage `json:"metadata"`
	}
	if err := json.Unmarshal(payload, &body); err != nil {
		return keySet{}, badKeys("claims", errors.New("not the expected JSON"))
	}
	entity := u.config.BrokerKeys.Entity
	now := u.now()
	switch {
	case body.JWKS != nil || body.Metadata != nil:
		return keySet{}, badKeys("statement", nil) // whatever its "typ" says
	case body.Iss != entity || body.Sub != entity:
		return keySet{}, badKeys("iss", nil)
	case body.Iat != nil && now.Add(u.config.Skew).Unix() < *body.Iat:
		return keySet{}, badKeys("iat", nil)
	case body.Exp != nil && now.Add(-u.config.Skew).Unix() >= *body.Exp:
		return keySet{}, badKeys("expired", nil)
	}
	keys, err := decodeKeys(payload)
	if err == nil {
		keys, err = usableKeys(keys)
	}
	if err != nil {
		return keySet{}, badKeys("no_keys", err)
	}
	set := keySet{keys: keys}
	if body.Exp != nil {
		set.expires = time.Unix(*body.Exp, 0).Add(u.config.Skew)
	}
	return set, nil
}

// badKeys marks the broker as unhealthy: without its keys nobody can log in there.
func badKeys(word string, err error) error {
	return &brokerError{word: "jwks." + word, down: true, err: err}
}

// acceptsType compares "typ" as RFC 7515 §4.1.9 says: "application/" may be left out,
// case does not matter. The entity key also signs statements, and not every broker tells
// the two apart here: what surely does is the payload.
func (c Config) acceptsType(header jose.Header) bool {
	value, present := header.ExtraHeaders[jose.HeaderType]
	typ, _ := value.(string)
	if !present {
		typ = absent
	}
	typ = strings.TrimPrefix(strings.ToLower(typ), "application/")
	return slices.ContainsFunc(c.BrokerKeys.Types, func(want string) bool {
		return strings.TrimPrefix(strings.ToLower(want), "application/") == typ
	})
}

func verifiedPayload(signed *jose.JSONWebSignature, keys []jose.JSONWebKey) ([]byte, bool) {
	for _, key := range keys {
		if payload, err := signed.Verify(key.Key); err == nil {
			return payload, true
		}
	}
	return nil, false
}
