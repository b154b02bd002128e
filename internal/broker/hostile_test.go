package broker

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"

	"avain/internal/domain/login"

	"github.com/go-jose/go-jose/v4"
)

func b64(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

func asJSON(t testing.TB, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// goodJWS is the inner token as the broker normally makes it.
func (w *world) goodJWS(claims map[string]any) string {
	return signJWS(w.t, brokerSigning(), map[string]any{"kid": "b1"}, claims)
}

// to seals with chosen algorithms and header.
func (w *world) to(key *rsa.PrivateKey, alg jose.KeyAlgorithm, enc jose.ContentEncryption, header map[string]any, inner string) string {
	return sealJWE(w.t, key, alg, enc, header, inner)
}

// hmacJWS signs with HS256 and a key that is no secret: the broker's public key.
func hmacJWS(t testing.TB, header map[string]any, key []byte, claims map[string]any) string {
	t.Helper()
	input := b64(asJSON(t, header)) + "." + b64(asJSON(t, claims))
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(input))
	return input + "." + b64(mac.Sum(nil))
}

func publicPEM(t testing.TB, key *rsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

type hostile struct {
	name   string
	seal   func(w *world, claims map[string]any) string
	detail string
}

// hostileTokens is the curated corpus of row 21. Each would be a good token but for
// the one thing in its name.
func hostileTokens(t testing.TB) []hostile {
	t.Helper()
	oaep, cbc := jose.RSA_OAEP, jose.A128CBC_HS256
	bomb := zipBomb(t) // before anybody waits for it: it takes a busy machine a minute
	cty := map[string]any{"cty": "JWT", "kid": "our-enc"}
	inner := func(name, detail string, token func(*world, map[string]any) string) hostile {
		return hostile{name, func(w *world, c map[string]any) string { return w.sealed(token(w, c)) }, detail}
	}
	none := func(_ *world, c map[string]any) string {
		return b64([]byte(`{"alg":"none"}`)) + "." + b64(asJSON(t, c)) + "."
	}
	return []hostile{
		{"plaintext: a good JWS", func(w *world, c map[string]any) string { return w.goodJWS(c) }, "id_token.plaintext"},
		{"plaintext: alg none", none, "id_token.plaintext"},
		{"empty parts", func(*world, map[string]any) string { return "...." }, "id_token.encryption"},
		{"not a token", func(*world, map[string]any) string { return "hello" }, "id_token.encryption"},
		{"JSON serialization", asJSONSerialization, "id_token.encryption"},
		{"six parts", func(w *world, c map[string]any) string { return w.sealed(w.goodJWS(c)) + ".x" }, "id_token.encryption"},
		{"oversized", func(*world, map[string]any) string { return strings.Repeat("a", maxIDToken+1) }, "id_token.size"},
		{"wrong enc", func(w *world, c map[string]any) string {
			return w.to(testDecryption(), oaep, jose.A256GCM, cty, w.goodJWS(c))
		}, "id_token.encryption"},
		{"RSA-OAEP-256 where RSA-OAEP is agreed", func(w *world, c map[string]any) string {
			return w.to(testDecryption(), jose.RSA_OAEP_256, cbc, cty, w.goodJWS(c))
		}, "id_token.encryption"},
		{"RSA1_5", func(w *world, c map[string]any) string {
			return relabel(t, w.sealed(w.goodJWS(c)), "alg", "RSA1_5")
		}, "id_token.encryption"},
		{"dir", func(w *world, c map[string]any) string {
			return relabel(t, w.sealed(w.goodJWS(c)), "alg", "dir")
		}, "id_token.encryption"},
		{"PBES2 with a cost of a minute", func(w *world, c map[string]any) string {
			return relabel(t, w.sealed(w.goodJWS(c)), "alg", "PBES2-HS256+A128KW")
		}, "id_token.encryption"},
		{"alg missing", func(w *world, c map[string]any) string {
			return relabel(t, w.sealed(w.goodJWS(c)), "alg", nil)
		}, "id_token.encryption"},
		{"encrypted to another key", func(w *world, c map[string]any) string {
			return w.to(rogueKey(), oaep, cbc, cty, w.goodJWS(c))
		}, "id_token.decryption"},
		{"header changed after encryption", func(w *world, c map[string]any) string {
			return relabel(t, w.sealed(w.goodJWS(c)), "x", "y")
		}, "id_token.decryption"},
		{"critical header", func(w *world, c map[string]any) string {
			return relabel(t, w.sealed(w.goodJWS(c)), "crit", []string{"exp"})
		}, "id_token.decryption"},
		{"wrong cty", func(w *world, c map[string]any) string {
			return w.to(testDecryption(), oaep, cbc, map[string]any{"cty": "text/plain"}, w.goodJWS(c))
		}, "id_token.content_type"},
		{"cty not a string", func(w *world, c map[string]any) string {
			return w.to(testDecryption(), oaep, cbc, map[string]any{"cty": []int{1}}, w.goodJWS(c))
		}, "id_token.content_type"},
		{"zip bomb", func(*world, map[string]any) string { return bomb }, "id_token.zip"},
		{"zip of a good token", func(w *world, c map[string]any) string { return zipped(w, w.goodJWS(c)) }, "id_token.zip"},
		inner("inner alg none", "id_token.signature_algorithm", none),
		inner("inner claims without a signature", "id_token.signature_algorithm",
			func(_ *world, c map[string]any) string { return string(asJSON(t, c)) }),
		inner("JWE in JWE", "id_token.signature_algorithm", func(w *world, c map[string]any) string { return w.sealed(w.goodJWS(c)) }),
		inner("inner HS256 with the public key as PEM", "id_token.signature_algorithm", func(_ *world, c map[string]any) string {
			return hmacJWS(t, map[string]any{"alg": "HS256", "kid": "b1"}, publicPEM(t, brokerSigning()), c)
		}),
		inner("inner HS256 with the modulus", "id_token.signature_algorithm", func(_ *world, c map[string]any) string {
			return hmacJWS(t, map[string]any{"alg": "HS256", "kid": "b1"}, brokerSigning().N.Bytes(), c)
		}),
		inner("signed with an attacker's key", "id_token.signature", func(_ *world, c map[string]any) string {
			return signJWS(t, rogueKey(), map[string]any{"kid": "b1"}, c)
		}),
		inner("signed with the attacker's key, which the header brings along", "id_token.signature", func(_ *world, c map[string]any) string {
			return signJWS(t, rogueKey(), map[string]any{"kid": "b1", "jwk": public(rogueKey(), "b1")}, c)
		}),
		inner("signed with the attacker's key, which jku points to", "id_token.unknown_key", func(_ *world, c map[string]any) string {
			return signJWS(t, rogueKey(), map[string]any{"kid": "evil", "jku": "http://169.254.169.254/jwks"}, c)
		}),
		inner("signed with the broker's entity key", "id_token.signature", func(_ *world, c map[string]any) string {
			return signJWS(t, brokerEntity(), map[string]any{"kid": "b1"}, c)
		}),
		inner("signed with our own key", "id_token.signature", func(_ *world, c map[string]any) string {
			return signJWS(t, testSigning(), map[string]any{"kid": "b1"}, c)
		}),
		inner("kid is a path", "id_token.unknown_key", func(_ *world, c map[string]any) string {
			return signJWS(t, brokerSigning(), map[string]any{"kid": "../../../../etc/passwd"}, c)
		}),
		inner("kid is SQL", "id_token.unknown_key", func(_ *world, c map[string]any) string {
			return signJWS(t, brokerSigning(), map[string]any{"kid": "b1' OR '1'='1"}, c)
		}),
		inner("kid of a key of ours", "id_token.unknown_key", func(_ *world, c map[string]any) string {
			return signJWS(t, testSigning(), map[string]any{"kid": "our-sig"}, c)
		}),
		inner("payload is a list", "id_token.signature", func(w *world, _ map[string]any) string { return rawJWS(t, `["iss"]`) }),
		inner("payload is null", "id_token.signature", func(w *world, _ map[string]any) string { return rawJWS(t, `null`) }),
		inner("payload has a claim twice", "id_token.signature", func(w *world, _ map[string]any) string {
			return rawJWS(t, `{"iss":"a","iss":"b"}`)
		}),
		inner("claims in capitals", "id_token.missing:iss", func(w *world, c map[string]any) string {
			loud := map[string]any{}
			for name, value := range c {
				loud[strings.ToUpper(name)] = value
			}
			return w.goodJWS(loud)
		}),
		inner("payload swapped under the signature", "id_token.signature", func(w *world, c map[string]any) string {
			parts := strings.Split(w.goodJWS(c), ".")
			c["sub"] = "someone else"
			return parts[0] + "." + b64(asJSON(t, c)) + "." + parts[2]
		}),
		inner("signature cut", "id_token.signature", func(w *world, c map[string]any) string {
			raw := w.goodJWS(c)
			return raw[:len(raw)-4]
		}),
		inner("signature missing", "id_token.signature", func(w *world, c map[string]any) string {
			raw := w.goodJWS(c)
			return raw[:strings.LastIndex(raw, ".")+1]
		}),
		inner("detached payload", "id_token.signature", func(w *world, c map[string]any) string {
			parts := strings.Split(w.goodJWS(c), ".")
			return parts[0] + ".." + parts[2]
		}),
		inner("RS512 where RS256 is agreed", "id_token.signature_algorithm", func(_ *world, c map[string]any) string {
			signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS512, Key: brokerSigning()}, nil)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := compact(signer, c)
			if err != nil {
				t.Fatal(err)
			}
			return raw
		}),
	}
}

func TestThreat21HostileTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetOP, nil)
	for _, c := range hostileTokens(t) {
		w.clock.advance(w.config.BrokerKeys.RefreshEvery)
		w.lie(nil, func(claims map[string]any) string { return c.seal(w, claims) })
		_, err := w.login("metsa")
		t.Log(c.name)
		reason := login.ReasonBrokerResponse
		switch {
		case c.detail == "id_token.plaintext":
			reason = login.ReasonBrokerUnencrypted
		case strings.HasPrefix(c.detail, wordMissing):
			reason = login.ReasonBrokerClaimMissing
		}
		mustFail(t, err, reason, c.detail)
	}
	if state, _, _ := w.registry.brokers[0].circuit.look(); state != CircuitClosed {
		t.Error("hostile tokens took the broker off the page")
	}
}

// Row 21: no single flipped bit and no truncation of a good token passes.
func TestThreat21FlippedAndCutTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetTelia, nil)
	w.mustBegin("metsa")
	good := w.idToken()
	u := w.registry.brokers[0]
	if _, err := u.open(context.Background(), good); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(good); i += 13 {
		for _, bad := range []string{good[:i], good[:i] + flip(good[i]) + good[i+1:]} {
			if _, err := u.open(context.Background(), bad); err == nil && !sameBytes(bad, good) {
				t.Fatalf("changed at %d: accepted", i)
			}
		}
	}
}

// flip changes the highest bit of the base64 digit, which never falls into padding.
func flip(c byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	i := strings.IndexByte(alphabet, c)
	if i < 0 {
		return "A" // a dot
	}
	return string(alphabet[i^32])
}

// sameBytes tells whether two tokens decode to the same bytes.
func sameBytes(a, b string) bool {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	if len(as) != len(bs) {
		return false
	}
	for i := range as {
		x, errX := base64Decode(as[i])
		y, errY := base64Decode(bs[i])
		if errX != nil || errY != nil || !bytes.Equal(x, y) {
			return false
		}
	}
	return true
}

// Without a kid, any key of the broker's may have signed: while Telia changes its keys,
// two are published for weeks. A key that is newer than our copy is fetched.
func TestTokenWithoutKeyID(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetTelia, nil)
	signedBy := brokerSigning()
	w.lie(nil, func(c map[string]any) string { return w.sealed(signJWS(t, signedBy, nil, c)) })
	if _, err := w.login("metsa"); err != nil {
		t.Fatalf("one key, no kid: %v", err)
	}
	w.mu.Lock()
	w.published = append(w.published, public(brokerNext(), "b2"))
	w.mu.Unlock()
	signedBy = brokerNext()
	w.clock.advance(w.config.BrokerKeys.RefreshEvery)
	if _, err := w.login("metsa"); err != nil {
		t.Fatalf("a new second key, no kid: %v", err)
	}
	signedBy = rogueKey()
	_, err := w.login("metsa")
	mustFail(t, err, login.ReasonBrokerResponse, "id_token.signature")
}
