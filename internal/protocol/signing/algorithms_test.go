package signing_test

import (
	cryptorand "crypto/rand"
	"crypto/rsa"
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

func rsaKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(cryptorand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func begin(t testing.TB, s *signing.Signer) {
	t.Helper()
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// algsOf counts keys by algorithm.
func algsOf(keys []operations.SigningKey) map[string]int {
	count := map[string]int{}
	for _, k := range keys {
		count[k.Alg]++
	}
	return count
}

// A start is fast: an RSA key is made only where a client uses one, and even then not
// before somebody is served.
func TestStartMakesNoRSAKey(t *testing.T) {
	t.Parallel()
	c := newClock()
	for name, algs := range map[string][]string{"strict clients only": {"ES256"}, "both": {"ES256", "RS256"}, "all": signing.Algs()} {
		shelf := newShelf(t)
		s := node(t, signing.Config{Store: shelf, AEAD: newAEAD(t), Algs: algs, Now: c.now})
		begin(t, s)
		made := algsOf(rows(t, shelf))
		if made["RS256"] != 0 || made["PS256"] != 0 || made["ES256"] != 1 {
			t.Errorf("%s: the start made %v", name, made)
		}
		begin(t, s)
		tick(t, s)
		made = algsOf(rows(t, shelf))
		if len(made) != len(algs) {
			t.Errorf("%s: after the first tick there are %v", name, made)
		}
		for _, alg := range algs {
			if made[alg] != 1 {
				t.Errorf("%s: after the first tick there are %v", name, made)
			}
		}
	}
}

// Whoever needs the first key of an algorithm before housekeeping was there waits for
// it, together with all others, on all nodes, and there is one.
func TestFirstKeyIsMadeWhenNeeded(t *testing.T) {
	t.Parallel()
	c, shelf, aead := newClock(), newShelf(t), newAEAD(t)
	nodes := make([]*signing.Signer, 3)
	for i := range nodes {
		nodes[i] = node(t, signing.Config{Store: shelf, AEAD: aead, Algs: []string{"ES256", "RS256"}, Now: c.now})
		begin(t, nodes[i])
	}
	var all sync.WaitGroup
	for _, s := range nodes {
		for range 3 {
			all.Go(func() {
				token, err := s.Sign(t.Context(), "RS256", signing.TypIDToken, honest(c.now()))
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := s.Verify(t.Context(), token, signing.Expect{Typ: signing.TypIDToken}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Go(func() {
			if body, _, err := s.JWKS(t.Context()); err != nil || len(body) == 0 {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if made := algsOf(rows(t, shelf)); made["RS256"] != 1 || made["ES256"] != 1 {
		t.Errorf("made %v", made)
	}
	for _, s := range nodes {
		if keys := published(t, s).Keys; len(keys) != 2 {
			t.Errorf("%d keys published", len(keys))
		}
	}
}

// An installation from before there were several algorithms gets the second one without
// losing a token of the first, at once: a client that expects RS256 takes nothing else.
func TestUpgradeToTwoAlgorithms(t *testing.T) {
	t.Parallel()
	c, shelf, aead := newClock(), newShelf(t), newAEAD(t)
	before := node(t, signing.Config{Store: shelf, AEAD: aead, Now: c.now})
	tick(t, before)
	c.advance(12 * day)
	held := sign(t, before, honest(c.now()), signing.TypAccessToken)

	after := node(t, signing.Config{Store: shelf, AEAD: aead, Algs: []string{"ES256", "RS256"}, Now: c.now})
	begin(t, after)
	if _, err := after.Verify(t.Context(), held, signing.Expect{Typ: signing.TypAccessToken}); err != nil {
		t.Errorf("a token from before: %v", err)
	}
	if kid := header(t, sign(t, after, honest(c.now()), signing.TypAccessToken)).Kid; kid != header(t, held).Kid {
		t.Error("ES256 got another key")
	}
	token := signBy(t, after, "RS256", honest(c.now()), signing.TypIDToken)
	if h := header(t, token); h.Alg != "RS256" || !slices.ContainsFunc(published(t, after).Keys, func(k jose.JSONWebKey) bool { return k.KeyID == h.Kid }) {
		t.Errorf("signed by %+v, which is not published", h)
	}
	c.advance(5 * time.Second) // a node that does not know the algorithm's key yet looks again
	if _, err := before.Verify(t.Context(), token, signing.Expect{Typ: signing.TypIDToken}); err != nil {
		t.Errorf("another node: %v", err)
	}
}

// Each algorithm has a rotation of its own, and nobody notices any: the property of
// TestNobodyNoticesRotation, with algorithms that come into use and fall out of it.
func TestNobodyNoticesRotationOfSeveral(t *testing.T) {
	t.Parallel()
	algs := []string{"ES256", "EdDSA"}
	for seed := range uint64(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 2)) //nolint:gosec // a simulation, repeatable by its seed
			c, shelf, aead := newClock(), newShelf(t), newAEAD(t)
			nodes := []*signing.Signer{
				node(t, signing.Config{Store: shelf, AEAD: aead, Algs: algs, Now: c.now}),
				node(t, signing.Config{Store: shelf, AEAD: aead, Algs: algs, Now: c.now}),
			}
			c.advance(time.Duration(random.Int64N(int64(10 * day))))
			var held []signed
			seen := map[string]map[string]bool{"ES256": {}, "EdDSA": {}}
			for end := start.Add(120 * day); c.now().Before(end); {
				c.advance(time.Duration(random.Int64N(int64(6 * time.Hour))))
				if random.IntN(10) > 0 {
					tick(t, nodes[random.IntN(2)])
				}
				alg, expires := algs[random.IntN(2)], c.now().Add(time.Duration(random.Int64N(int64(day))))
				token := signBy(t, nodes[random.IntN(2)], alg, claims{"iss": issuer, "exp": expires.Unix()}, signing.TypIDToken)
				if h := header(t, token); h.Alg != alg {
					t.Fatalf("%s instead of %s", h.Alg, alg)
				}
				seen[alg][header(t, token).Kid] = true
				held = slices.DeleteFunc(append(held, signed{token, expires}), func(h signed) bool { return !c.now().Before(h.expires.Truncate(time.Second)) })
				h := held[random.IntN(len(held))]
				if _, err := nodes[random.IntN(2)].Verify(t.Context(), h.token, signing.Expect{Typ: signing.TypIDToken}); err != nil && c.now().Before(h.expires) {
					t.Fatalf("a node refuses a good token: %v", err)
				}
				if n := len(rows(t, shelf)); n > 8 {
					t.Fatalf("%d keys have piled up", n)
				}
			}
			for alg, kids := range seen {
				if len(kids) < 4 {
					t.Errorf("%s: %d keys in 120 days", alg, len(kids))
				}
			}
		})
	}
}

// What no client uses any more is neither renewed nor kept for ever, and nodes that
// disagree about the algorithms do not outbid each other.
func TestAlgorithmFallsOutOfUse(t *testing.T) {
	t.Parallel()
	c, shelf, aead := newClock(), newShelf(t), newAEAD(t)
	both := node(t, signing.Config{Store: shelf, AEAD: aead, Algs: []string{"ES256", "EdDSA"}, Now: c.now})
	tick(t, both)
	last := signBy(t, both, "EdDSA", claims{"iss": issuer, "exp": c.now().Add(day).Unix()}, signing.TypAccessToken)
	one := node(t, signing.Config{Store: shelf, AEAD: aead, Algs: []string{"ES256"}, Now: c.now})
	for range 24 {
		tick(t, one)
		if _, err := one.Verify(t.Context(), last, signing.Expect{Typ: signing.TypAccessToken}); err != nil {
			t.Fatalf("a token that has not expired: %v", err)
		}
		c.advance(time.Hour)
	}
	for range 31 * 24 {
		tick(t, one)
		c.advance(time.Hour)
	}
	if made := algsOf(rows(t, shelf)); made["EdDSA"] != 0 || made["ES256"] == 0 {
		t.Errorf("after a month there are %v", made)
	}
	for range 30 * 24 { // the upgrade is stuck half-way
		tick(t, both)
		tick(t, one)
		c.advance(time.Hour)
	}
	if made := algsOf(rows(t, shelf)); made["EdDSA"] > 2 || made["ES256"] > 2 {
		t.Errorf("two nodes outbid each other to %v", made)
	}
}

// opened is the private key of a row, which only the holder of the keyset can read.
func opened(t *testing.T, row operations.SigningKey, aead tink.AEAD) any {
	t.Helper()
	ms := time.Time.UnixMilli
	der, err := aead.Decrypt(row.Sealed, fmt.Appendf(nil, "avain signing key\n%d\n%s\n%s\n%d\n%d\n%d\n%d", row.Slot, row.KID, row.Alg,
		ms(row.CreatedAt), ms(row.ActiveFrom), ms(row.RetireAt), ms(row.RemoveAt)))
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// One key, one algorithm: a key that signs PS256 says nothing in RS256 (RFC 8725 §3.1).
func TestKeyIsGoodForOneAlgorithm(t *testing.T) {
	t.Parallel()
	c, shelf, aead := newClock(), newShelf(t), newAEAD(t)
	s := node(t, signing.Config{Store: shelf, AEAD: aead, Algs: []string{"PS256"}, Now: c.now})
	tick(t, s)
	row := rows(t, shelf)[0]
	maker, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: opened(t, row, aead), KeyID: row.KID}}, (&jose.SignerOptions{}).WithType(signing.TypAccessToken))
	if err != nil {
		t.Fatal(err)
	}
	object, err := maker.Sign(fmt.Appendf(nil, `{"iss":%q,"exp":%d}`, issuer, c.now().Add(time.Hour).Unix()))
	if err != nil {
		t.Fatal(err)
	}
	token, err := object.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Verify(t.Context(), token, signing.Expect{Typ: signing.TypAccessToken}); err == nil {
		t.Error("taken")
	}
}

// Whoever counts signatures is told of each, with its algorithm.
func TestSignaturesAreCounted(t *testing.T) {
	t.Parallel()
	c := newClock()
	count := map[string]int{}
	s := node(t, signing.Config{
		Store: newShelf(t), AEAD: newAEAD(t), Algs: []string{"ES256", "EdDSA"}, Now: c.now, Signed: func(alg string) { count[alg]++ },
	})
	begin(t, s)
	for _, alg := range []string{"ES256", "EdDSA", "ES256"} {
		signBy(t, s, alg, honest(c.now()), signing.TypIDToken)
	}
	if count["ES256"] != 2 || count["EdDSA"] != 1 || len(count) != 2 {
		t.Errorf("counted %v", count)
	}
}
