package dpop_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/protocol/dpop"
	"avain/internal/protocol/oauth"
	"avain/internal/secret"

	"github.com/go-jose/go-jose/v4"
	"pgregory.net/rapid"
)

const (
	endpoint = "https://login.example/token"
	access   = "an-access-token"
)

// start is the moment of every test that does not move the clock.
var start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func verifier(t testing.TB, now func() time.Time) *dpop.Verifier {
	t.Helper()
	v, err := dpop.New(dpop.Config{Keys: secret.Ring{secret.Of("a key of the nonces, of 256 bits or so")}, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func frozen() time.Time { return start }

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

type claims map[string]any

// honest are the claims of a proof that is right in every way.
func honest(v *dpop.Verifier) claims {
	sum := sha256.Sum256([]byte(access))
	return claims{
		"jti": "jti-1", "htm": "POST", "htu": endpoint, "iat": start.Unix(),
		"nonce": v.Nonce(start), "ath": base64.RawURLEncoding.EncodeToString(sum[:]),
	}
}

func (c claims) with(name string, value any) claims {
	c = maps.Clone(c)
	c[name] = value
	return c
}

func (c claims) without(name string) claims {
	c = maps.Clone(c)
	delete(c, name)
	return c
}

func (c claims) json(t testing.TB) string {
	t.Helper()
	out, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// prove signs a proof as an app would, by go-jose.
func prove(t testing.TB, alg jose.SignatureAlgorithm, key any, c claims) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt"))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign([]byte(c.json(t)))
	if err != nil {
		t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// raw signs header and payload exactly as they are written.
func raw(t testing.TB, key *ecdsa.PrivateKey, header, payload string) string {
	t.Helper()
	b64 := base64.RawURLEncoding.EncodeToString
	input := b64([]byte(header)) + "." + b64([]byte(payload))
	hash := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, key, hash[:])
	if err != nil {
		t.Fatal(err)
	}
	var signature [64]byte
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return input + "." + b64(signature[:])
}

func request(proofs ...string) dpop.Request {
	return dpop.Request{Proofs: proofs, Method: "POST", URL: endpoint, AccessToken: secret.Of(access)}
}

func publicJWK(t testing.TB, key any) string {
	t.Helper()
	out, err := jose.JSONWebKey{Key: key}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// refused demands the reason and the code, and that nothing was proved.
func refused(t *testing.T, name string, v *dpop.Verifier, r dpop.Request, reason login.Reason, code string) {
	t.Helper()
	proof, err := v.Check(r)
	if err == nil {
		t.Errorf("%s: accepted", name)
		return
	}
	e := fault.AsError(err)
	if e.Kind != fault.Invalid || e.Reason != reason || e.Code != code || e.Detail == "" {
		t.Errorf("%s: %v (code %s), want reason %s and code %s", name, e, e.Code, reason, code)
	}
	if proof != (dpop.Proof{}) {
		t.Errorf("%s: refused, and yet proved %v", name, proof)
	}
}

func TestGoodProofs(t *testing.T) {
	t.Parallel()
	v := verifier(t, frozen)
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for alg, key := range map[jose.SignatureAlgorithm]crypto.Signer{jose.ES256: newKey(t), jose.EdDSA: ed, jose.PS256: rsaKey} {
		proof, err := v.Check(request(prove(t, alg, key, honest(v))))
		if err != nil {
			t.Errorf("%s: %v", alg, err)
			continue
		}
		jwk := jose.JSONWebKey{Key: key.Public()}
		want, err := jwk.Thumbprint(crypto.SHA256)
		if err != nil || proof.Thumbprint != base64.RawURLEncoding.EncodeToString(want) {
			t.Errorf("%s: thumbprint %s", alg, proof.Thumbprint)
		}
		if proof.Once.Hash.Zero() {
			t.Errorf("%s: no mark", alg)
		}
	}
}

// The thumbprint is the one that other parties compute, for the published test key
// of RFC 8037 §A.3.
func TestThumbprintOfTheStandard(t *testing.T) {
	t.Parallel()
	var key jose.JSONWebKey
	if err := key.UnmarshalJSON([]byte(`{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`)); err != nil {
		t.Fatal(err)
	}
	v := verifier(t, frozen)
	proof, err := v.Check(request(prove(t, jose.EdDSA, key.Key, honest(v))))
	if err != nil || proof.Thumbprint != "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" {
		t.Errorf("%s, %v", proof.Thumbprint, err)
	}
}

func TestTheLongestJTI(t *testing.T) {
	t.Parallel()
	v := verifier(t, frozen)
	if _, err := v.Check(request(prove(t, jose.ES256, newKey(t), honest(v).with("jti", strings.Repeat("j", 256))))); err != nil {
		t.Error(err)
	}
}

func TestThreat17WrongClaims(t *testing.T) {
	t.Parallel()
	v, key := verifier(t, frozen), newKey(t)
	good := honest(v)
	otherHash := sha256.Sum256([]byte("another-token"))
	for name, c := range map[string]claims{
		"no jti":          good.without("jti"),
		"empty jti":       good.with("jti", ""),
		"jti too long":    good.with("jti", strings.Repeat("j", 257)),
		"jti a number":    good.with("jti", 7),
		"no htm":          good.without("htm"),
		"other method":    good.with("htm", "GET"),
		"method in lower": good.with("htm", "post"),
		"no htu":          good.without("htu"),
		"empty htu":       good.with("htu", ""),
		"other path":      good.with("htu", "https://login.example/revoke"),
		"other host":      good.with("htu", "https://evil.example/token"),
		"other scheme":    good.with("htu", "http://login.example/token"),
		"no iat":          good.without("iat"),
		"iat zero":        good.with("iat", 0),
		"iat text":        good.with("iat", "1790000000"),
		"iat negative":    good.with("iat", -1),
		"iat huge":        good.with("iat", 1e300),
		"no ath":          good.without("ath"),
		"empty ath":       good.with("ath", ""),
		"other ath":       good.with("ath", base64.RawURLEncoding.EncodeToString(otherHash[:])),
		"ath cut":         good.with("ath", good["ath"].(string)[:42]),
		"ath padded":      good.with("ath", good["ath"].(string)+"="),
		"nonce a number":  good.with("nonce", 5),
	} {
		refused(t, name, v, request(prove(t, jose.ES256, key, c)), login.ReasonProofInvalid, oauth.InvalidDPoPProof)
	}
}

func TestThreat17WrongTokens(t *testing.T) {
	t.Parallel()
	v, key := verifier(t, frozen), newKey(t)
	body := honest(v).json(t)
	jwk := publicJWK(t, key.Public())
	good := raw(t, key, `{"typ":"dpop+jwt","alg":"ES256","jwk":`+jwk+`}`, body)
	if _, err := v.Check(request(good)); err != nil {
		t.Fatalf("the template is refused: %v", err)
	}
	parts := strings.Split(good, ".")
	hmacKey := []byte("0123456789abcdef0123456789abcdef")
	hs256, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: hmacKey}, (&jose.SignerOptions{}).WithType("dpop+jwt"))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := hs256.Sign([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	symmetric, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	encode := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	with := func(header string) string { return raw(t, key, header, body) }
	for name, proofs := range map[string][]string{
		"none":                {},
		"two":                 {good, good},
		"empty":               {""},
		"two in one header":   {good + ", " + good},
		"garbage":             {"garbage"},
		"4 KB":                {good + strings.Repeat("A", 4096)},
		"a JWE":               {parts[0] + ".a." + parts[1] + ".b." + parts[2]},
		"nested":              {encode(`{"typ":"dpop+jwt","alg":"ES256","cty":"JWT","jwk":`+jwk+`}`) + "." + encode(good) + "." + parts[2]},
		"JSON serialization":  {`{"protected":"` + parts[0] + `","payload":"` + parts[1] + `","signature":"` + parts[2] + `"}`},
		"another key's jwk":   {with(`{"typ":"dpop+jwt","alg":"ES256","jwk":` + publicJWK(t, newKey(t).Public()) + `}`)},
		"signature of other":  {parts[0] + "." + encode(strings.Replace(body, "jti-1", "jti-2", 1)) + "." + parts[2]},
		"signature cut":       {good[:len(good)-2]},
		"no signature":        {parts[0] + "." + parts[1] + "."},
		"alg none":            {encode(`{"typ":"dpop+jwt","alg":"none","jwk":`+jwk+`}`) + "." + parts[1] + "."},
		"alg none, signed":    {with(`{"typ":"dpop+jwt","alg":"none","jwk":` + jwk + `}`)},
		"HS256":               {symmetric},
		"HS256 by public key": {with(`{"typ":"dpop+jwt","alg":"HS256","jwk":` + jwk + `}`)},
		"RS256":               {with(`{"typ":"dpop+jwt","alg":"RS256","jwk":` + jwk + `}`)},
		"alg of other key":    {with(`{"typ":"dpop+jwt","alg":"EdDSA","jwk":` + jwk + `}`)},
		"private key":         {with(`{"typ":"dpop+jwt","alg":"ES256","jwk":` + publicJWK(t, key) + `}`)},
		"symmetric key":       {with(`{"typ":"dpop+jwt","alg":"ES256","jwk":{"kty":"oct","k":"AAAA"}}`)},
		"no jwk":              {with(`{"typ":"dpop+jwt","alg":"ES256"}`)},
		"jwk null":            {with(`{"typ":"dpop+jwt","alg":"ES256","jwk":null}`)},
		"kid besides jwk":     {with(`{"typ":"dpop+jwt","alg":"ES256","kid":"1","jwk":` + jwk + `}`)},
		"x5u":                 {with(`{"typ":"dpop+jwt","alg":"ES256","x5u":"https://evil.example","jwk":` + jwk + `}`)},
		"jku":                 {with(`{"typ":"dpop+jwt","alg":"ES256","jku":"https://evil.example","jwk":` + jwk + `}`)},
		"crit":                {with(`{"typ":"dpop+jwt","alg":"ES256","crit":["exp"],"exp":1,"jwk":` + jwk + `}`)},
		"b64 false":           {with(`{"typ":"dpop+jwt","alg":"ES256","crit":["b64"],"b64":false,"jwk":` + jwk + `}`)},
		"typ JWT":             {with(`{"typ":"JWT","alg":"ES256","jwk":` + jwk + `}`)},
		"typ at+jwt":          {with(`{"typ":"at+jwt","alg":"ES256","jwk":` + jwk + `}`)},
		"no typ":              {with(`{"alg":"ES256","jwk":` + jwk + `}`)},
		"jwk twice":           {with(`{"typ":"dpop+jwt","alg":"ES256","jwk":` + publicJWK(t, newKey(t).Public()) + `,"jwk":` + jwk + `}`)},
		"claim twice":         {raw(t, key, `{"typ":"dpop+jwt","alg":"ES256","jwk":`+jwk+`}`, strings.Replace(body, `{`, `{"htm":"GET",`, 1))},
		"claims a list":       {raw(t, key, `{"typ":"dpop+jwt","alg":"ES256","jwk":`+jwk+`}`, `[`+body+`]`)},
		"claims null":         {raw(t, key, `{"typ":"dpop+jwt","alg":"ES256","jwk":`+jwk+`}`, `null`)},
		"claims in capitals":  {raw(t, key, `{"typ":"dpop+jwt","alg":"ES256","jwk":`+jwk+`}`, strings.Replace(body, `"jti"`, `"JTI"`, 1))},
	} {
		refused(t, name, v, request(proofs...), login.ReasonProofInvalid, oauth.InvalidDPoPProof)
	}
}

func TestThreat17SmallRSAKey(t *testing.T) {
	t.Parallel()
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	v := verifier(t, frozen)
	refused(t, "RSA-1024", v, request(prove(t, jose.PS256, small, honest(v))), login.ReasonProofInvalid, oauth.InvalidDPoPProof)
}

// The mark is what makes a proof usable once: equal for the same proof or jti, and
// different as soon as jti or key differ.
func TestThreat17ReplayMark(t *testing.T) {
	t.Parallel()
	v, key := verifier(t, frozen), newKey(t)
	mark := func(key *ecdsa.PrivateKey, c claims) login.ReplayKey {
		t.Helper()
		proof, err := v.Check(request(prove(t, jose.ES256, key, c)))
		if err != nil {
			t.Fatal(err)
		}
		return proof.Once
	}
	first := mark(key, honest(v))
	if again := mark(key, honest(v)); again != first {
		t.Error("the same proof has two marks: it can be replayed")
	}
	if resigned := mark(key, honest(v).with("iat", start.Unix()-30)); resigned.Hash != first.Hash {
		t.Error("the same jti has two marks")
	}
	if other := mark(key, honest(v).with("jti", "jti-2")); other.Hash == first.Hash {
		t.Error("another jti has the same mark")
	}
	if other := mark(newKey(t), honest(v)); other.Hash == first.Hash {
		t.Error("another key has the same mark: strangers could use up proofs")
	}
}

// The mark outlives the proof: as long as a proof could be taken, on a node whose clock
// is as far off as it may be, the mark is known. What the proof itself says of its time
// gives it no other life.
func TestThreat17MarkOutlivesProof(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	rapid.Check(t, func(rt *rapid.T) {
		now := start
		v := verifier(t, func() time.Time { return now })
		made := start.Add(time.Duration(rapid.Int64Range(-1e6, 1e6).Draw(rt, "made")) * time.Second)
		given := start.Add(time.Duration(rapid.Int64Range(-599, 299).Draw(rt, "nonce given")) * time.Second)
		r := request(prove(t, jose.ES256, key, honest(v).with("nonce", v.Nonce(given)).with("iat", made.Unix())))
		proof, err := v.Check(r)
		if err != nil && given.After(start.Add(-5*time.Minute)) {
			rt.Fatal(err)
		}
		if err != nil {
			return // the nonce is of a window that is over
		}
		if end := proof.Once.Expires; end.After(start.Add(15*time.Minute + 2*time.Second)) {
			rt.Fatalf("a mark for %s", end.Sub(start))
		}
		now = proof.Once.Expires.Add(time.Duration(rapid.Int64Range(-2, 1000).Draw(rt, "later")) * time.Second)
		if _, err := v.Check(r); err == nil {
			rt.Fatalf("made at %s, still taken at %s, when its mark is gone", made, now)
		}
	})
}

// A nonce of ours is freshness enough (RFC 9449 §4.3, §11.1): a wrong clock keeps nobody
// out, and the proof says by how much it is wrong. Only exact clients are held to the
// 60 s ahead of FAPI 2.0 §5.3.2.1.
func TestThreat17WrongClock(t *testing.T) {
	t.Parallel()
	v, key := verifier(t, frozen), newKey(t)
	for _, c := range []struct {
		off    time.Duration
		detail string // for an exact client; empty when taken
	}{
		{0, ""},
		{10 * time.Second, ""},
		{60 * time.Second, ""},
		{61 * time.Second, "1m1s ahead"},
		{time.Hour, "1h0m0s ahead"},
		{2*time.Hour + 20*time.Second, "2h0m20s ahead"},
		{-10 * time.Second, ""},
		{-59 * time.Minute, ""},
		{-26 * 365 * 24 * time.Hour, ""},
	} {
		r := request(prove(t, jose.ES256, key, honest(v).with("iat", start.Add(c.off).Unix())))
		if proof, err := v.Check(r); err != nil || proof.ClockOff != c.off {
			t.Errorf("%s off: %s, %v", c.off, proof.ClockOff, err)
		}
		r.Exact = true
		if c.detail == "" {
			if _, err := v.Check(r); err != nil {
				t.Errorf("%s off, exact: %v", c.off, err)
			}
			continue
		}
		refused(t, c.off.String(), v, r, login.ReasonClockWrong, oauth.InvalidDPoPProof)
		if _, err := v.Check(r); !strings.HasSuffix(fault.AsError(err).Detail, c.detail) {
			t.Errorf("%s off: detail is %q", c.off, fault.AsError(err).Detail)
		}
	}
}

// Without an access token, ath does not matter.
func TestProofWithoutToken(t *testing.T) {
	t.Parallel()
	v, key := verifier(t, frozen), newKey(t)
	r := request(prove(t, jose.ES256, key, honest(v).without("ath")))
	r.AccessToken = secret.Text{}
	if _, err := v.Check(r); err != nil {
		t.Error(err)
	}
}

func TestThreat17Nonce(t *testing.T) {
	t.Parallel()
	now := start
	v, key := verifier(t, func() time.Time { return now }), newKey(t)
	foreign, err := dpop.New(dpop.Config{Keys: secret.Ring{secret.New()}, Now: frozen})
	if err != nil {
		t.Fatal(err)
	}
	check := func(name string, c claims, want bool) {
		t.Helper()
		r := request(prove(t, jose.ES256, key, c.with("iat", now.Unix())))
		if want {
			if _, err := v.Check(r); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			return
		}
		refused(t, name, v, r, login.ReasonProofInvalid, oauth.UseDPoPNonce)
	}
	good := honest(v)
	check("missing", good.without("nonce"), false)
	check("empty", good.with("nonce", ""), false)
	check("foreign", good.with("nonce", foreign.Nonce(start)), false)
	check("cut", good.with("nonce", good["nonce"].(string)[:42]), false)
	check("longer", good.with("nonce", good["nonce"].(string)+"A"), false)
	check("current", good, true)
	now = start.Add(5 * time.Minute)
	check("previous", good, true)
	now = start.Add(10 * time.Minute)
	check("old", good, false)
	now = start.Add(-time.Second)
	check("of a node whose clock is ahead", good, true)
	now = start.Add(-6 * time.Minute)
	check("of the far future", good, false)
}

// Nodes that share the key understand each other, and nobody else.
func TestNonceIsSharedAndChanges(t *testing.T) {
	t.Parallel()
	a, b := verifier(t, frozen), verifier(t, frozen)
	seen := map[string]bool{}
	for i := range 100 {
		at := start.Add(time.Duration(i) * 5 * time.Minute)
		nonce := a.Nonce(at)
		if nonce != b.Nonce(at.Add(5*time.Minute-time.Second)) {
			t.Fatalf("window %d: two nodes disagree", i)
		}
		if seen[nonce] {
			t.Fatalf("window %d: a nonce came again", i)
		}
		seen[nonce] = true
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	v, key := verifier(t, frozen), newKey(t)
	for _, c := range []struct {
		htu, url string
		same     bool
	}{
		{"https://login.example/token", endpoint, true},
		{"https://login.example:443/token", endpoint, true},
		{"HTTPS://LOGIN.Example/token", endpoint, true},
		{"https://login.example/token?a=b", endpoint, true},
		{"https://login.example/token#x", endpoint, true},
		{"http://localhost:8080/token", "http://localhost:8080/token", true},
		{"http://localhost:80/token", "http://localhost/token", true},
		{"https://login.example", "https://login.example/", true},
		{"https://[::1]:8443/token", "https://[::1]:8443/token", true},

		{"https://login.example:8443/token", endpoint, false},
		{"https://login.example:80/token", endpoint, false},
		{"http://localhost:8080/token", "http://localhost:8081/token", false},
		{"https://login.example:/token", "https://login.example:1/token", false},
		{"https://login.example/Token", endpoint, false},
		{"https://login.example/token/", endpoint, false},
		{"https://login.example//token", endpoint, false},
		{"https://login.example/a/../token", endpoint, false},
		{"https://login.example/./token", endpoint, false},
		{"https://login.example/%74oken", endpoint, false},
		{"https://login.example/token%00", endpoint, false},
		{"https://login.example\\token", endpoint, false},
		{"https://login.example.evil.example/token", endpoint, false},
		{"https://evil.example/https://login.example/token", endpoint, false},
		{"https://user@login.example/token", endpoint, false},
		{"https://login.example@evil.example/token", endpoint, false},
		{"https:login.example/token", endpoint, false},
		{"//login.example/token", endpoint, false},
		{"/token", endpoint, false},
		{"login.example/token", endpoint, false},
		{"ftp://login.example/token", endpoint, false},
		{" https://login.example/token", endpoint, false},
		{"https://login.example/token\n", endpoint, false},
		{"https://login.exämple/token", endpoint, false},
		{"https://", endpoint, false},
		{"", "", false},
	} {
		r := request(prove(t, jose.ES256, key, honest(v).with("htu", c.htu)))
		r.URL = c.url
		if _, err := v.Check(r); (err == nil) != c.same {
			t.Errorf("htu %q at %q: %v", c.htu, c.url, err)
		}
	}
}

func TestNewDemandsAKeyAndAClock(t *testing.T) {
	t.Parallel()
	for _, config := range []dpop.Config{
		{Now: frozen},
		{Keys: secret.Ring{secret.Of("short")}, Now: frozen},
		{Keys: secret.Ring{secret.New()}},
		{Keys: secret.Ring{secret.New(), secret.Of(strings.Repeat("k", 21))}, Now: frozen}, // under 128 bits
	} {
		if _, err := dpop.New(config); err == nil {
			t.Error("made a Verifier from half a configuration")
		}
	}
	if _, err := dpop.New(dpop.Config{Keys: secret.Ring{secret.NewShort()}, Now: frozen}); err != nil { // 128 bits
		t.Error(err)
	}
}

// No input panics, every refusal is the sender's fault, and nothing that came in
// is repeated to the sender.
func FuzzCheck(f *testing.F) {
	v, key := verifier(f, frozen), newKey(f)
	good := prove(f, jose.ES256, key, honest(v))
	parts := strings.Split(good, ".")
	f.Add(good)
	f.Add(parts[0] + "." + parts[1] + ".")
	f.Add(parts[0] + ".e30." + parts[2])
	f.Add(raw(f, key, `{"typ":"dpop+jwt","alg":"none","jwk":{"kty":"RSA","n":"AQ","e":"AQ"}}`, `{}`))
	f.Add("")
	f.Add("\x00.\xff.=")
	f.Fuzz(func(t *testing.T, in string) {
		proof, err := v.Check(request(in))
		if err == nil {
			if len(proof.Thumbprint) != 43 || proof.Once.Hash.Zero() || !proof.Once.Expires.After(start) {
				t.Errorf("half a proof: %+v", proof)
			}
			return
		}
		e := fault.AsError(err)
		if e.Kind != fault.Invalid || (e.Code != oauth.InvalidDPoPProof && e.Code != oauth.UseDPoPNonce) {
			t.Errorf("refused as %v, code %q", e, e.Code)
		}
		if len(in) > 20 && strings.Contains(e.Detail, in) {
			t.Error("the answer repeats the input")
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	v := verifier(b, frozen)
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	for alg, key := range map[jose.SignatureAlgorithm]any{jose.ES256: newKey(b), jose.EdDSA: ed} {
		r := request(prove(b, alg, key, honest(v)))
		b.Run(string(alg), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Check(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	stale := request(prove(b, jose.ES256, newKey(b), honest(v).without("nonce")))
	b.Run("without nonce", func(b *testing.B) {
		for b.Loop() {
			if _, err := v.Check(stale); err == nil {
				b.Fatal("accepted")
			}
		}
	})
}
