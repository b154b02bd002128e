package signing_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	cryptorand "crypto/rand"
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"avain/internal/domain/operations"
	"avain/internal/protocol/signing"

	"github.com/go-jose/go-jose/v4"
	"github.com/tink-crypto/tink-go/v2/tink"
)

const day = 24 * time.Hour

func ecKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), cryptorand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func rows(t testing.TB, s *shelf) []operations.SigningKey {
	t.Helper()
	keys, err := s.Keys.SigningKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// The whole life of the first two keys, by the hour.
func TestLifeOfAKey(t *testing.T) {
	t.Parallel()
	c, shelf := newClock(), newShelf(t)
	s := node(t, signing.Config{Store: shelf, AEAD: newAEAD(t), Now: c.now})
	kidAt := map[int]string{}
	count := map[int]int{}
	for hour := range 70 * 24 {
		tick(t, s)
		c.advance(61 * time.Second) // so that every hour reads again
		kidAt[hour] = header(t, sign(t, s, honest(c.now()), signing.TypAccessToken)).Kid
		count[hour] = len(published(t, s).Keys)
		c.advance(time.Hour - 61*time.Second)
	}
	first, second := kidAt[0], kidAt[31*24]
	if first == second {
		t.Fatal("the key was never changed")
	}
	for _, step := range []struct {
		hour, keys int
		kid        string
	}{
		{0, 1, first}, {27*24 + 23, 1, first}, // alone
		{28*24 + 1, 2, first}, {29*24 + 23, 2, first}, // the next one is published, and waits
		{30 * 24, 2, second}, {30*24 + 23, 2, second}, // it signs; the first is still published
		{31*24 + 1, 1, second}, // the last token of the first has expired
		{60*24 - 1, 2, second},
	} {
		if kidAt[step.hour] != step.kid || count[step.hour] != step.keys {
			t.Errorf("hour %d: %d keys, signing %s; want %d, %s", step.hour, count[step.hour], kidAt[step.hour], step.keys, step.kid)
		}
	}
	if kidAt[60*24] == second {
		t.Error("the second key did not retire")
	}
}

// signed is a token that somebody holds.
type signed struct {
	token   string
	expires time.Time
}

// cachedKeys is what a client remembers of our JWK set.
type cachedKeys struct {
	set    jose.JSONWebKeySet
	readAt time.Time
}

// Whatever happens to housekeeping, nobody notices: every token, by whichever node
// it was signed, is good until it expires, at every node and for every client that
// keeps the JWK set as long as it may.
func TestNobodyNoticesRotation(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // a simulation, repeatable by its seed
			c, shelf, aead := newClock(), newShelf(t), newAEAD(t)
			nodes := make([]*signing.Signer, 2)
			for i := range nodes {
				nodes[i] = node(t, signing.Config{Store: shelf, AEAD: aead, Now: c.now})
				tick(t, nodes[i])
			}
			var held []signed
			var cache cachedKeys
			seen := map[string]bool{}
			for end := start.Add(120 * day); c.now().Before(end); {
				// Mostly an hour, sometimes days without anybody calling Tick.
				c.advance(time.Duration(random.Int64N(int64(2 * time.Hour))))
				if random.IntN(10) > 0 {
					tick(t, nodes[random.IntN(2)])
				} else if random.IntN(10) == 0 {
					c.advance(time.Duration(random.Int64N(int64(9 * day))))
				}
				expires := c.now().Add(time.Duration(random.Int64N(int64(day))))
				token := sign(t, nodes[random.IntN(2)], claims{"iss": issuer, "exp": expires.Unix()}, signing.TypIDToken)
				seen[header(t, token).Kid] = true
				held = slices.DeleteFunc(append(held, signed{token, expires}), func(h signed) bool { return !c.now().Before(h.expires.Truncate(time.Second)) })
				if c.now().Sub(cache.readAt) >= signing.MaxAge {
					cache = cachedKeys{published(t, nodes[random.IntN(2)]), c.now()}
				}
				for range min(3, len(held)) {
					believed(t, nodes[random.IntN(2)], cache.set, held[random.IntN(len(held))].token)
				}
				if n := len(rows(t, shelf)); n > 4 {
					t.Fatalf("%d keys have piled up", n)
				}
			}
			if len(seen) < 4 {
				t.Errorf("only %d keys in 120 days", len(seen))
			}
		})
	}
}

func believed(t *testing.T, s *signing.Signer, cached jose.JSONWebKeySet, token string) {
	t.Helper()
	if _, err := s.Verify(t.Context(), token, signing.Expect{Typ: signing.TypIDToken}); err != nil {
		t.Fatalf("a node refuses a good token: %v", err)
	}
	parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parsed.Verify(cached); err != nil {
		t.Fatal("a client with the keys of an hour ago refuses a good token")
	}
}

// Nodes that start, and rotate, at the same moment agree on one key.
func TestNodesRotateTogether(t *testing.T) {
	t.Parallel()
	c, shelf, aead := newClock(), newShelf(t), newAEAD(t)
	nodes := make([]*signing.Signer, 6)
	for i := range nodes {
		nodes[i] = node(t, signing.Config{Store: shelf, AEAD: aead, Now: c.now})
	}
	for round, want := range []int{1, 2, 2} {
		var all sync.WaitGroup
		for _, s := range nodes {
			all.Go(func() {
				if err := s.Tick(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := len(rows(t, shelf)); n != want {
			t.Fatalf("round %d: %d keys, want %d", round, n, want)
		}
		kid := header(t, sign(t, nodes[0], honest(c.now()), signing.TypIDToken)).Kid
		for _, s := range nodes[1:] {
			if got := header(t, sign(t, s, honest(c.now()), signing.TypIDToken)).Kid; got != kid {
				t.Fatalf("round %d: two nodes sign with two keys", round)
			}
		}
		c.advance(29 * day)
	}
}

// A node whose clock is behind that of the one that made the first key signs too.
func TestFirstKeyFromTheFuture(t *testing.T) {
	t.Parallel()
	ahead, behind, shelf, aead := newClock(), newClock(), newShelf(t), newAEAD(t)
	ahead.advance(2 * time.Second)
	first := node(t, signing.Config{Store: shelf, AEAD: aead, Now: ahead.now})
	second := node(t, signing.Config{Store: shelf, AEAD: aead, Now: behind.now})
	tick(t, first)
	tick(t, second)
	token := sign(t, second, honest(behind.now()), signing.TypAccessToken)
	if _, err := first.Verify(t.Context(), token, signing.Expect{Typ: signing.TypAccessToken}); err != nil {
		t.Error(err)
	}
	if n := len(rows(t, shelf)); n != 1 {
		t.Errorf("%d keys", n)
	}
}

// After a long sleep, the key that had to go on signing is not removed with the
// one before it, although its time was over too.
func TestSleepingHousekeeping(t *testing.T) {
	t.Parallel()
	c, shelf := newClock(), newShelf(t)
	s := node(t, signing.Config{Store: shelf, AEAD: newAEAD(t), Now: c.now})
	tick(t, s)
	c.advance(29 * day)
	tick(t, s)
	c.advance(2 * day) // the second key signs; nobody has removed the first
	tired := header(t, sign(t, s, honest(c.now()), signing.TypAccessToken)).Kid
	c.advance(34 * day) // day 65: the second should have been removed on day 61
	held := sign(t, s, honest(c.now().Add(12*time.Hour)), signing.TypAccessToken)
	tick(t, s)
	keys := rows(t, shelf)
	if len(keys) != 2 || keys[0].KID != tired {
		t.Fatalf("%d keys after the sleep, want the tired one and its successor", len(keys))
	}
	if kid := header(t, held).Kid; kid != tired {
		t.Fatalf("%s signed, want %s", kid, tired)
	}
	c.advance(12 * time.Hour)
	tick(t, s)
	if _, err := s.Verify(t.Context(), held, signing.Expect{Typ: signing.TypAccessToken}); err != nil {
		t.Errorf("its last tokens are lost: %v", err)
	}
	c.advance(36 * time.Hour)
	tick(t, s)
	if keys := rows(t, shelf); len(keys) != 1 || keys[0].KID == tired {
		t.Errorf("%d keys in the end, want the successor", len(keys))
	}
}

// Who can write to the database, but does not hold the keyset, gains nothing.
func TestPlantedKeys(t *testing.T) {
	t.Parallel()
	evil := ecKey(t)
	evilKeyset := newAEAD(t)
	for name, plant := range map[string]func(t *testing.T, own operations.SigningKey) operations.SigningKey{
		"a key sealed by someone else": func(t *testing.T, own operations.SigningKey) operations.SigningKey {
			t.Helper()
			own.Sealed = seal(t, evil, evilKeyset)
			return own
		},
		"a key in the clear": func(t *testing.T, own operations.SigningKey) operations.SigningKey {
			t.Helper()
			der, err := x509.MarshalPKCS8PrivateKey(evil)
			if err != nil {
				t.Fatal(err)
			}
			own.Sealed = der
			return own
		},
		"our own key, with another public key beside it": func(_ *testing.T, own operations.SigningKey) operations.SigningKey {
			return own
		},
		"our own key, revived": func(_ *testing.T, own operations.SigningKey) operations.SigningKey {
			own.RetireAt, own.RemoveAt = own.RetireAt.Add(365*day), own.RemoveAt.Add(365*day)
			return own
		},
		"nothing sealed": func(_ *testing.T, own operations.SigningKey) operations.SigningKey {
			own.Sealed = []byte{0}
			return own
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, shelf := newClock(), newShelf(t)
			s := node(t, signing.Config{Store: shelf, AEAD: newAEAD(t), Now: c.now})
			tick(t, s)
			own := rows(t, shelf)[0]

			jwk := jose.JSONWebKey{Key: evil.Public(), KeyID: "evil", Algorithm: "ES256", Use: "sig"}
			public, err := jwk.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			planted := plant(t, own)
			planted.Slot, planted.KID, planted.PublicJWK = own.Slot+1, "evil", public
			if err := shelf.AddSigningKey(t.Context(), planted); err != nil {
				t.Fatal(err)
			}
			c.advance(2 * time.Minute)

			if set := published(t, s); len(set.Keys) != 1 || set.Keys[0].KeyID != own.KID {
				t.Error("the planted key is published")
			}
			maker, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: evil, KeyID: "evil"}}, (&jose.SignerOptions{}).WithType(signing.TypAccessToken))
			if err != nil {
				t.Fatal(err)
			}
			object, err := maker.Sign([]byte(`{"iss":"` + issuer + `","sub":"victim","exp":9999999999}`))
			if err != nil {
				t.Fatal(err)
			}
			forged, err := object.CompactSerialize()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Verify(t.Context(), forged, signing.Expect{Typ: signing.TypAccessToken}); err == nil {
				t.Error("a forged token is taken")
			}
			if kid := header(t, sign(t, s, honest(c.now()), signing.TypAccessToken)).Kid; kid != own.KID {
				t.Errorf("%s signs", kid)
			}
			if err := s.Tick(t.Context()); err == nil {
				t.Error("nobody is told")
			}
		})
	}
}

// seal seals a private key as package signing does, as far as an attacker can.
func seal(t *testing.T, key *ecdsa.PrivateKey, aead tink.AEAD) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := aead.Encrypt(der, nil)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

// A node with the wrong keyset neither signs nor rotates the others' keys away.
func TestWrongKeyset(t *testing.T) {
	t.Parallel()
	c, shelf := newClock(), newShelf(t)
	right := node(t, signing.Config{Store: shelf, AEAD: newAEAD(t), Now: c.now})
	tick(t, right)
	wrong := node(t, signing.Config{Store: shelf, AEAD: newAEAD(t), Now: c.now})
	c.advance(100 * day)
	if err := wrong.Tick(t.Context()); err == nil {
		t.Error("nobody is told")
	}
	if n := len(rows(t, shelf)); n != 1 {
		t.Errorf("%d keys after the tick of a node with the wrong keyset", n)
	}
	if err := wrong.Start(t.Context()); err == nil {
		t.Error("it starts")
	}
	if _, err := wrong.Sign(t.Context(), "ES256", signing.TypAccessToken, honest(c.now())); err == nil {
		t.Error("it signs")
	}
	tick(t, right)
	sign(t, right, honest(c.now()), signing.TypAccessToken)
}

// The database never holds a private key in the clear.
func TestPrivateKeysAreSealed(t *testing.T) {
	t.Parallel()
	for _, alg := range signing.Algs() {
		c, shelf := newClock(), newShelf(t)
		tick(t, node(t, signing.Config{Store: shelf, AEAD: newAEAD(t), Algs: []string{alg}, Now: c.now}))
		row := rows(t, shelf)[0]
		if _, err := x509.ParsePKCS8PrivateKey(row.Sealed); err == nil {
			t.Errorf("%s: in the clear", alg)
		}
		var public jose.JSONWebKey
		if err := public.UnmarshalJSON(row.PublicJWK); err != nil || !public.IsPublic() || public.KeyID != row.KID {
			t.Errorf("%s: public part %s, %v", alg, row.PublicJWK, err)
		}
		if bytes.Contains(row.PublicJWK, []byte(`"d"`)) {
			t.Errorf("%s: private part beside the seal", alg)
		}
	}
}
