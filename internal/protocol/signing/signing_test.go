package signing_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/keyset"
	"avain/internal/platform/store"
	"avain/internal/platform/store/storetest"
	"avain/internal/protocol/oauth"
	"avain/internal/protocol/signing"

	"github.com/go-jose/go-jose/v4"
	"github.com/tink-crypto/tink-go/v2/tink"
)

const issuer = "https://login.example"

var start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// clock is a clock that tests move.
type clock struct{ ms atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.ms.Store(start.UnixMilli())
	return c
}

func (c *clock) now() time.Time          { return time.UnixMilli(c.ms.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.ms.Add(d.Milliseconds()) }

// shelf is the real store, with an eye on how often it is read, and a plug.
type shelf struct {
	*store.Keys
	reads  atomic.Int64
	broken atomic.Bool
}

var errBroken = errors.New("the database does not answer")

func (s *shelf) SigningKeys(ctx context.Context) ([]operations.SigningKey, error) {
	s.reads.Add(1)
	if s.broken.Load() {
		return nil, errBroken
	}
	return s.Keys.SigningKeys(ctx)
}

func newShelf(t testing.TB) *shelf {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{
		Driver: store.SQLite, Path: storetest.Fresh(t), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &shelf{Keys: db.Keys}
}

func newAEAD(t testing.TB) tink.AEAD {
	t.Helper()
	file, err := keyset.NewAEAD()
	if err != nil {
		t.Fatal(err)
	}
	aead, err := keyset.AEAD(file)
	if err != nil {
		t.Fatal(err)
	}
	return aead
}

// node makes a Signer that has not read anything yet.
func node(t testing.TB, config signing.Config) *signing.Signer {
	t.Helper()
	config.Issuer = issuer
	s, err := signing.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func tick(t testing.TB, s *signing.Signer) {
	t.Helper()
	if err := s.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// started makes a Signer that is ready to serve.
func started(t testing.TB) (*signing.Signer, *clock) {
	t.Helper()
	c := newClock()
	s := node(t, signing.Config{Store: newShelf(t), AEAD: newAEAD(t), Now: c.now})
	tick(t, s)
	return s, c
}

type claims map[string]any

func honest(now time.Time) claims {
	return claims{"iss": issuer, "sub": "someone", "exp": now.Add(10 * time.Minute).Unix()}
}

func sign(t testing.TB, s *signing.Signer, c any, typ string) string {
	t.Helper()
	return signBy(t, s, "ES256", c, typ)
}

func signBy(t testing.TB, s *signing.Signer, alg string, c any, typ string) string {
	t.Helper()
	token, err := s.Sign(t.Context(), alg, typ, c)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func header(t testing.TB, token string) (h struct{ Alg, Kid, Typ string }) {
	t.Helper()
	part, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &h); err != nil {
		t.Fatal(err)
	}
	return h
}

// published reads the JWK set as a client does.
func published(t testing.TB, s *signing.Signer) jose.JSONWebKeySet {
	t.Helper()
	body, etag, err := s.JWKS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(etag) < 10 || etag[0] != '"' || etag[len(etag)-1] != '"' {
		t.Fatalf("ETag %s", etag)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(body, &set); err != nil {
		t.Fatal(err)
	}
	for _, k := range set.Keys {
		if !k.IsPublic() || k.Use != "sig" || k.KeyID == "" || k.Algorithm == "" {
			t.Fatalf("published %+v", k)
		}
	}
	return set
}

func TestSignAndVerify(t *testing.T) {
	t.Parallel()
	for _, alg := range signing.Algs() {
		t.Run(alg, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			s := node(t, signing.Config{Store: newShelf(t), AEAD: newAEAD(t), Algs: []string{alg}, Now: c.now})
			tick(t, s)
			keys := published(t, s)
			if len(keys.Keys) != 1 || keys.Keys[0].Algorithm != alg {
				t.Fatalf("published %d keys", len(keys.Keys))
			}
			for _, typ := range []string{signing.TypAccessToken, signing.TypIDToken, signing.TypLogoutToken} {
				token := signBy(t, s, alg, honest(c.now()), typ)
				if h := header(t, token); h.Alg != alg || h.Typ != typ || h.Kid != keys.Keys[0].KeyID {
					t.Errorf("header %+v", h)
				}
				raw, err := s.Verify(t.Context(), token, signing.Expect{Typ: typ})
				if err != nil || !strings.Contains(string(raw), `"sub":"someone"`) {
					t.Errorf("%s: %s, %v", typ, raw, err)
				}
				// And as a client does it, with what we publish.
				parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := parsed.Verify(keys); err != nil {
					t.Errorf("%s: a client does not believe it: %v", typ, err)
				}
			}
		})
	}
}

func TestSignRefuses(t *testing.T) {
	t.Parallel()
	s, c := started(t)
	if _, err := s.Sign(t.Context(), "ES256", "dpop+jwt", honest(c.now())); err == nil {
		t.Error("signs tokens of any type")
	}
	if _, err := s.Sign(t.Context(), "ES256", signing.TypIDToken, func() {}); err == nil {
		t.Error("signs what is no JSON")
	}
	for _, alg := range []string{"RS256", "HS256", "none", ""} {
		if _, err := s.Sign(t.Context(), alg, signing.TypIDToken, honest(c.now())); err == nil {
			t.Errorf("signs by %q, which is not configured", alg)
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	s, c := started(t)
	stranger, _ := started(t)
	good := honest(c.now())
	access := sign(t, s, good, signing.TypAccessToken)
	kid := header(t, access).Kid
	foreign := func(key any, alg jose.SignatureAlgorithm, kid string) string {
		t.Helper()
		maker, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, (&jose.SignerOptions{}).WithType(signing.TypAccessToken))
		if err != nil {
			t.Fatal(err)
		}
		payload, err := json.Marshal(good)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := maker.Sign(payload)
		if err != nil {
			t.Fatal(err)
		}
		token, err := signed.CompactSerialize()
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	parts := strings.Split(access, ".")
	encode := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	for name, token := range map[string]string{
		"empty":             "",
		"garbage":           "garbage",
		"an ID token":       sign(t, s, good, signing.TypIDToken),
		"a logout token":    sign(t, s, good, signing.TypLogoutToken),
		"of another issuer": sign(t, s, claims{"iss": "https://evil.example", "exp": good["exp"]}, signing.TypAccessToken),
		"of no issuer":      sign(t, s, claims{"exp": good["exp"]}, signing.TypAccessToken),
		"expired":           sign(t, s, claims{"iss": issuer, "exp": c.now().Unix()}, signing.TypAccessToken),
		"without exp":       sign(t, s, claims{"iss": issuer}, signing.TypAccessToken),
		"exp text":          sign(t, s, claims{"iss": issuer, "exp": "9999999999"}, signing.TypAccessToken),
		"not an object":     sign(t, s, []string{issuer}, signing.TypAccessToken),
		"another key":       sign(t, stranger, good, signing.TypAccessToken),
		"another key, kid":  foreign(ecKey(t), jose.ES256, kid),
		"RS256 by our kid":  foreign(rsaKey(t), jose.RS256, kid),
		"HS256 by our kid":  foreign([]byte("0123456789abcdef0123456789abcdef"), jose.HS256, kid),
		"no kid":            foreign(ecKey(t), jose.ES256, ""),
		"alg none":          encode(`{"alg":"none","typ":"at+jwt","kid":"`+kid+`"}`) + "." + parts[1] + ".",
		"other claims":      parts[0] + "." + encode(`{"iss":"https://login.example","sub":"admin","exp":9999999999}`) + "." + parts[2],
		"cut":               access[:len(access)-1],
		"too long":          sign(t, s, claims{"iss": issuer, "exp": good["exp"], "x": strings.Repeat("x", 9000)}, signing.TypAccessToken),
	} {
		raw, err := s.Verify(t.Context(), token, signing.Expect{Typ: signing.TypAccessToken})
		if err == nil || raw != nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		if e := fault.AsError(err); e.Kind != fault.Unauthenticated || e.Reason != login.ReasonTokenInvalid || e.Code != oauth.InvalidToken || e.Detail == "" {
			t.Errorf("%s: %v (code %s)", name, err, e.Code)
		}
	}
}

// An id_token_hint may have expired, but must be ours in every other way.
func TestVerifyExpiredHint(t *testing.T) {
	t.Parallel()
	s, c := started(t)
	hint := sign(t, s, honest(c.now()), signing.TypIDToken)
	access := sign(t, s, honest(c.now()), signing.TypAccessToken)
	endless := sign(t, s, claims{"iss": issuer}, signing.TypIDToken)
	if _, err := s.Verify(t.Context(), endless, signing.Expect{Typ: signing.TypIDToken, Hint: true}); err == nil {
		t.Error("a hint without exp is taken")
	}
	c.advance(3 * time.Hour)
	if _, err := s.Verify(t.Context(), hint, signing.Expect{Typ: signing.TypIDToken}); err == nil {
		t.Error("an expired token is taken")
	}
	if _, err := s.Verify(t.Context(), hint, signing.Expect{Typ: signing.TypIDToken, Hint: true}); err != nil {
		t.Errorf("an expired hint is refused: %v", err)
	}
	if _, err := s.Verify(t.Context(), access, signing.Expect{Typ: signing.TypIDToken, Hint: true}); err == nil {
		t.Error("an access token is taken for a hint")
	}
}

// A node learns within a minute of what others did; a token signed by a key that it
// has not seen makes it look at once, but a flood of such tokens does not.
func TestRefresh(t *testing.T) {
	t.Parallel()
	c, shelf, aead := newClock(), newShelf(t), newAEAD(t)
	config := signing.Config{Store: shelf, AEAD: aead, Now: c.now}
	a, b := node(t, config), node(t, config)
	tick(t, a)
	tick(t, b)
	c.advance(29 * 24 * time.Hour) // the next key is made
	tick(t, a)
	if len(published(t, b).Keys) != 2 {
		t.Fatal("the other node has not read the keys again after a minute")
	}
	c.advance(24 * time.Hour) // and becomes active
	before := shelf.reads.Load()
	for range 1000 {
		sign(t, b, honest(c.now()), signing.TypAccessToken)
	}
	if reads := shelf.reads.Load() - before; reads != 1 {
		t.Errorf("1000 tokens made %d reads", reads)
	}

	// A third node starts on an emptied shelf: its key is unknown to b.
	for _, row := range rows(t, shelf) {
		if err := shelf.RevokeSigningKey(t.Context(), row.KID); err != nil {
			t.Fatal(err)
		}
	}
	third := node(t, config)
	tick(t, third)
	token := sign(t, third, honest(c.now()), signing.TypAccessToken)
	if _, err := b.Verify(t.Context(), token, signing.Expect{Typ: signing.TypAccessToken}); err == nil {
		t.Error("keys were read again at once after a read")
	}
	c.advance(5 * time.Second)
	if _, err := b.Verify(t.Context(), token, signing.Expect{Typ: signing.TypAccessToken}); err != nil {
		t.Errorf("a key of another node is not found: %v", err)
	}
	stranger, _ := started(t)
	forged := sign(t, stranger, honest(c.now()), signing.TypAccessToken)
	c.advance(5 * time.Second)
	before = shelf.reads.Load()
	for range 1000 {
		if _, err := b.Verify(t.Context(), forged, signing.Expect{Typ: signing.TypAccessToken}); err == nil {
			t.Fatal("a stranger's token is taken")
		}
	}
	if reads := shelf.reads.Load() - before; reads != 1 {
		t.Errorf("1000 forged tokens made %d reads", reads)
	}
}

func TestStoreDoesNotAnswer(t *testing.T) {
	t.Parallel()
	c, shelf := newClock(), newShelf(t)
	s := node(t, signing.Config{Store: shelf, AEAD: newAEAD(t), Now: c.now})
	shelf.broken.Store(true)
	if err := s.Tick(t.Context()); !errors.Is(err, errBroken) {
		t.Errorf("tick: %v", err)
	}
	if _, _, err := s.JWKS(t.Context()); !errors.Is(err, errBroken) {
		t.Errorf("keys: %v", err)
	}
	shelf.broken.Store(false)
	tick(t, s)
	token := sign(t, s, honest(c.now()), signing.TypAccessToken)

	shelf.broken.Store(true)
	c.advance(2 * time.Minute)
	if _, err := s.Verify(t.Context(), token, signing.Expect{Typ: signing.TypAccessToken}); err != nil {
		t.Errorf("nothing can be verified while the database is away: %v", err)
	}
	sign(t, s, honest(c.now()), signing.TypAccessToken)
	if err := s.Tick(t.Context()); !errors.Is(err, errBroken) {
		t.Errorf("tick does not say that keys do not rotate: %v", err)
	}
	stranger, _ := started(t)
	c.advance(10 * time.Second)
	_, err := s.Verify(t.Context(), sign(t, stranger, honest(c.now()), signing.TypAccessToken), signing.Expect{Typ: signing.TypAccessToken})
	if fault.AsError(err).Kind != fault.Internal {
		t.Errorf("an unknown key, when the keys cannot be read: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	shelf, aead, c := newShelf(t), newAEAD(t), newClock()
	good := signing.Config{Store: shelf, AEAD: aead, Issuer: issuer, Now: c.now}
	if _, err := signing.New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*signing.Config){
		"no store":             func(c *signing.Config) { c.Store = nil },
		"no AEAD":              func(c *signing.Config) { c.AEAD = nil },
		"no issuer":            func(c *signing.Config) { c.Issuer = "" },
		"no clock":             func(c *signing.Config) { c.Now = nil },
		"HS256":                func(c *signing.Config) { c.Algs = []string{"ES256", "HS256"} },
		"none":                 func(c *signing.Config) { c.Algs = []string{"none"} },
		"published too late":   func(c *signing.Config) { c.PublishAhead = time.Minute },
		"retired too soon":     func(c *signing.Config) { c.ActiveFor = 25 * time.Hour },
		"negative token life":  func(c *signing.Config) { c.TokenLife = -time.Second },
		"negative hint life":   func(c *signing.Config) { c.HintLife = -time.Second },
		"negative active time": func(c *signing.Config) { c.ActiveFor = -time.Second },
	} {
		config := good
		change(&config)
		if _, err := signing.New(config); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	s, c := started(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 50 {
				token, err := s.Sign(t.Context(), "ES256", signing.TypAccessToken, honest(c.now()))
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := s.Verify(t.Context(), token, signing.Expect{Typ: signing.TypAccessToken, Hint: true}); err != nil {
					t.Error(err)
				}
				c.advance(time.Minute)
			}
		})
	}
	all.Go(func() {
		for range 20 {
			if err := s.Tick(t.Context()); err != nil {
				t.Error(err)
			}
			if _, _, err := s.JWKS(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
	all.Wait()
}

func BenchmarkSign(b *testing.B) {
	for _, alg := range []string{"ES256", "EdDSA", "PS256", "RS256"} {
		b.Run(alg, func(b *testing.B) {
			c := newClock()
			s := node(b, signing.Config{Store: newShelf(b), AEAD: newAEAD(b), Algs: []string{alg}, Now: c.now})
			tick(b, s)
			tokenClaims := claims{
				"iss": issuer, "sub": "WGxne9WmC6hEr0kuwsxERJ", "aud": issuer, "client_id": "smartumpay", "scope": "openid profile benefits",
				"iat": start.Unix(), "exp": start.Add(10 * time.Minute).Unix(), "sid": "WGxne9WmC6hEr0kuwsxERJ", "jti": "WGxne9WmC6hEr0kuwsxERJ",
				"cnf": map[string]string{"jkt": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"},
			}
			b.ReportAllocs()
			for b.Loop() {
				signBy(b, s, alg, tokenClaims, signing.TypAccessToken)
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, alg := range []string{"ES256", "EdDSA", "PS256", "RS256"} {
		b.Run(alg, func(b *testing.B) {
			c := newClock()
			s := node(b, signing.Config{Store: newShelf(b), AEAD: newAEAD(b), Algs: []string{alg}, Now: c.now})
			tick(b, s)
			token := signBy(b, s, alg, honest(c.now()), signing.TypAccessToken)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Verify(b.Context(), token, signing.Expect{Typ: signing.TypAccessToken}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
