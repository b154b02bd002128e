package broker

import (
	"testing"

	"avain/internal/domain/login"

	"github.com/go-jose/go-jose/v4"
)

// Row 21: only a signed JWKS that the pinned entity key made is believed.
func TestThreat21SignedJWKS(t *testing.T) {
	t.Parallel()
	now := newClock().Now().Unix()
	change := func(f func(h, b map[string]any)) func(*world) string {
		return func(w *world) string { return w.signedJWKS(f) }
	}
	for _, c := range []struct {
		name   string
		make   func(*world) string
		detail string
	}{
		{"good", change(nil), ""},
		{"type with application/", change(func(h, _ map[string]any) { h["typ"] = "application/jwk-set+jwt" }), ""},
		{"undated, as Telia's example", change(func(_, b map[string]any) { delete(b, "exp"); delete(b, "iat") }), ""},
		{"an unknown kind of key among good ones", change(func(_, b map[string]any) {
			b["keys"] = []any{map[string]any{"kty": "XYZ"}, public(brokerSigning(), "b1")}
		}), ""},
		{"an entity statement", change(func(h, _ map[string]any) { h["typ"] = "entity-statement+jwt" }), "jwks.type"},
		{"typ JWS, as OP publishes it", change(func(h, _ map[string]any) { h["typ"] = "JWS" }), ""},
		{"no type: OP's guide names none", change(func(h, _ map[string]any) { delete(h, "typ") }), ""},
		{"a statement that calls itself a key set", change(func(_, b map[string]any) {
			b["jwks"] = map[string]any{"keys": b["keys"]}
			delete(b, "keys")
		}), "jwks.statement"},
		{"a statement with keys, too", change(func(h, b map[string]any) {
			h["typ"], b["metadata"] = "JWS", map[string]any{"openid_provider": map[string]any{}}
		}), "jwks.statement"},
		{"an ordinary JWT", change(func(h, _ map[string]any) { h["typ"] = "JWT" }), "jwks.type"},
		{"iss of another", change(func(_, b map[string]any) { b["iss"] = "https://evil.example" }), "jwks.iss"},
		{"sub of another", change(func(_, b map[string]any) { b["sub"] = "https://evil.example" }), "jwks.iss"},
		{"iss and sub of another", change(func(_, b map[string]any) { b["iss"], b["sub"] = "x", "x" }), "jwks.iss"},
		{"from the future", change(func(_, b map[string]any) { b["iat"] = now + 60 }), "jwks.iat"},
		{"expired", change(func(_, b map[string]any) { b["exp"] = now - 31 }), "jwks.expired"},
		{"exp not a number", change(func(_, b map[string]any) { b["exp"] = "never" }), "jwks.claims"},
		{"no keys", change(func(_, b map[string]any) { delete(b, "keys") }), "jwks.no_keys"},
		{"only a symmetric key", change(func(_, b map[string]any) {
			b["keys"] = []any{map[string]any{"kty": "oct", "k": "c2VjcmV0", "kid": "b1"}}
		}), "jwks.no_keys"},
		{"only a private key", change(func(_, b map[string]any) {
			b["keys"] = []any{jose.JSONWebKey{Key: brokerSigning(), KeyID: "b1"}}
		}), "jwks.no_keys"},
		{"only an encryption key", change(func(_, b map[string]any) {
			b["keys"] = []any{jose.JSONWebKey{Key: brokerSigning().Public(), KeyID: "b1", Use: "enc"}}
		}), "jwks.no_keys"},
		{"101 keys", change(func(_, b map[string]any) { b["keys"] = make([]int, 101) }), "jwks.no_keys"},
		{"signed by the broker's signing key", func(w *world) string {
			return signJWS(t, brokerSigning(), map[string]any{"typ": "jwk-set+jwt"}, jwksBody(w))
		}, "jwks.signature"},
		{"signed by an attacker who brings the key along", func(w *world) string {
			return signJWS(t, rogueKey(), map[string]any{"typ": "jwk-set+jwt", "jwk": public(rogueKey(), "entity")}, jwksBody(w))
		}, "jwks.signature"},
		{"alg none", func(w *world) string {
			return b64([]byte(`{"alg":"none","typ":"jwk-set+jwt"}`)) + "." + b64(asJSON(t, jwksBody(w))) + "."
		}, "jwks.format"},
		{"HS256 with the entity's public key", func(w *world) string {
			return hmacJWS(t, map[string]any{"alg": "HS256", "typ": "jwk-set+jwt"}, publicPEM(t, brokerEntity()), jwksBody(w))
		}, "jwks.format"},
		{"a plain JWKS", func(w *world) string { return string(asJSON(t, jwksBody(w))) }, "jwks.format"},
		{"cut", func(w *world) string { raw := w.signedJWKS(nil); return raw[:len(raw)-8] }, "jwks.signature"},
		{"empty", func(*world) string { return "" }, "jwks.format"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, PresetOP, nil)
			raw := c.make(w)
			w.handle("signed", textHandler(200, raw))
			_, err := w.login("metsa")
			if c.detail == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			mustFail(t, err, login.ReasonBrokerError, c.detail)
		})
	}
}

func jwksBody(w *world) map[string]any {
	now := w.clock.Now().Unix()
	return map[string]any{
		"iss": w.config.BrokerKeys.Entity, "sub": w.config.BrokerKeys.Entity, "iat": now, "exp": now + 3600,
		"keys": []jose.JSONWebKey{public(brokerSigning(), "b1")},
	}
}

// Which "typ" a signed key set may have is the broker's: what its guide shows.
func TestSignedJWKSTypes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		preset Preset
		types  []string // of the configuration; nil: the preset's
		typ    any      // nil: none
		ok     bool
	}{
		{PresetOP, nil, "JWS", true}, // README §14, example of 2022-09-27
		{PresetOP, nil, "jwk-set+jwt", true},
		{PresetOP, nil, nil, true},
		{PresetOP, nil, "JWT", false},
		{PresetTelia, nil, "jwk-set+jwt", true}, // its example for relying parties
		{PresetTelia, nil, "JWT", true},         // what its entity key signed until 2025
		{PresetTelia, nil, "entity-statement+jwt", false},
		{PresetTelia, []string{"jwk-set+jwt"}, nil, false},
		{PresetTelia, []string{"JWS"}, "application/jws", true},
	} {
		w := newWorld(t, c.preset, func(config *Config) { config.BrokerKeys.Types = c.types })
		w.handle("signed", textHandler(200, w.signedJWKS(func(h, _ map[string]any) {
			if h["typ"] = c.typ; c.typ == nil {
				delete(h, "typ")
			}
		})))
		_, err := w.login("metsa")
		if c.ok && err != nil {
			t.Errorf("%s, %v, typ %v: %v", c.preset, c.types, c.typ, err)
		}
		if !c.ok {
			mustFail(t, err, login.ReasonBrokerError, "jwks.type")
		}
	}
}

func TestShortBrokerKeysAreNotUsed(t *testing.T) {
	t.Parallel()
	short := mustShortKey(t)
	w := newWorld(t, PresetIdura, nil)
	w.handle("jwks", jsonHandler(200, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{public(short, "b1")}}))
	_, err := w.login("metsa")
	mustFail(t, err, login.ReasonBrokerError, "jwks.format")
}
