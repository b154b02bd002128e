package jws_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"math/big"
	"strings"
	"testing"

	"avain/internal/protocol/jws"

	"github.com/go-jose/go-jose/v4"
)

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// raw signs header and payload exactly as they are written.
func raw(t testing.TB, key *ecdsa.PrivateKey, header, payload string) string {
	t.Helper()
	input := b64(header) + "." + b64(payload)
	hash := crypto.SHA256.New()
	hash.Write([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, key, hash.Sum(nil))
	if err != nil {
		t.Fatal(err)
	}
	var signature [64]byte
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return input + "." + b64(string(signature[:]))
}

func rules() jws.Rules {
	return jws.Rules{MaxBytes: 2048, Types: []string{"JWT"}, Header: []string{"kid"}}
}

func TestParseAndVerify(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	token, err := jws.Parse(raw(t, key, `{"alg":"ES256","typ":"JWT","kid":"k1"}`, `{"a":"b"}`), rules())
	if err != nil {
		t.Fatal(err)
	}
	if token.Alg != "ES256" || token.KeyID != "k1" || token.JWK != nil {
		t.Errorf("header read as %+v", token)
	}
	payload, err := token.Verify(key.Public())
	if err != nil || string(payload) != `{"a":"b"}` {
		t.Errorf("payload %s, %v", payload, err)
	}
	if _, err := token.Verify(newKey(t).Public()); !errors.Is(err, jws.ErrSignature) {
		t.Errorf("another key: %v", err)
	}
	if _, err := token.Verify(key); !errors.Is(err, jws.ErrKey) {
		t.Errorf("a private key: %v", err)
	}
	if _, err := token.Verify([]byte("0123456789abcdef0123456789abcdef")); !errors.Is(err, jws.ErrKey) {
		t.Errorf("a symmetric key: %v", err)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	sign := func(header string) string { return raw(t, key, header, `{"a":1}`) }
	good := sign(`{"alg":"ES256","typ":"JWT"}`)
	parts := strings.Split(good, ".")
	for name, c := range map[string]struct {
		token string
		want  error
	}{
		"empty":              {"", jws.ErrMalformed},
		"dots":               {"..", jws.ErrMalformed},
		"two parts":          {parts[0] + "." + parts[1], jws.ErrMalformed},
		"four parts":         {good + "." + parts[2], jws.ErrMalformed},
		"five parts (JWE)":   {good + ".a.b", jws.ErrMalformed},
		"no signature":       {parts[0] + "." + parts[1] + ".", jws.ErrMalformed},
		"no payload":         {parts[0] + ".." + parts[2], jws.ErrMalformed},
		"line break":         {parts[0] + "\n." + parts[1] + "." + parts[2], jws.ErrMalformed},
		"carriage return":    {good + "\r", jws.ErrMalformed},
		"leading space":      {" " + good, jws.ErrMalformed},
		"padding":            {good + "==", jws.ErrMalformed},
		"standard alphabet":  {parts[0] + "." + parts[1] + "." + strings.Repeat("+/", 43), jws.ErrMalformed},
		"zero byte":          {good + "\x00", jws.ErrMalformed},
		"json serialization": {`{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`, jws.ErrMalformed},
		"too long":           {sign(`{"alg":"ES256","typ":"JWT","kid":"` + strings.Repeat("k", 2000) + `"}`), jws.ErrTooLong},

		"header null":      {sign(`null`), jws.ErrMalformed},
		"header list":      {sign(`[]`), jws.ErrMalformed},
		"header text":      {sign(`"x"`), jws.ErrMalformed},
		"header trailing":  {sign(`{"alg":"ES256","typ":"JWT"}{}`), jws.ErrMalformed},
		"alg twice":        {sign(`{"alg":"none","alg":"ES256","typ":"JWT"}`), jws.ErrMalformed},
		"alg twice, other": {sign(`{"alg":"ES256","\u0061lg":"none","typ":"JWT"}`), jws.ErrMalformed},
		"ALG":              {sign(`{"ALG":"ES256","typ":"JWT"}`), jws.ErrHeader},
		"no alg":           {sign(`{"typ":"JWT"}`), jws.ErrAlgorithm},
		"alg none":         {sign(`{"alg":"none","typ":"JWT"}`), jws.ErrAlgorithm},
		"alg None":         {sign(`{"alg":"None","typ":"JWT"}`), jws.ErrAlgorithm},
		"alg HS256":        {sign(`{"alg":"HS256","typ":"JWT"}`), jws.ErrAlgorithm},
		"alg RS256":        {sign(`{"alg":"RS256","typ":"JWT"}`), jws.ErrAlgorithm},
		"alg es256":        {sign(`{"alg":"es256","typ":"JWT"}`), jws.ErrAlgorithm},
		"alg number":       {sign(`{"alg":256,"typ":"JWT"}`), jws.ErrAlgorithm},
		"no typ":           {sign(`{"alg":"ES256"}`), jws.ErrType},
		"empty typ":        {sign(`{"alg":"ES256","typ":""}`), jws.ErrType},
		"other typ":        {sign(`{"alg":"ES256","typ":"at+jwt"}`), jws.ErrType},
		"typ in lower":     {sign(`{"alg":"ES256","typ":"jwt"}`), jws.ErrType},
		"typ list":         {sign(`{"alg":"ES256","typ":["JWT"]}`), jws.ErrType},
		"crit":             {sign(`{"alg":"ES256","typ":"JWT","crit":["b64"],"b64":true}`), jws.ErrHeader},
		"b64":              {sign(`{"alg":"ES256","typ":"JWT","b64":false}`), jws.ErrHeader},
		"jku":              {sign(`{"alg":"ES256","typ":"JWT","jku":"https://evil.example/jwks"}`), jws.ErrHeader},
		"x5u":              {sign(`{"alg":"ES256","typ":"JWT","x5u":"https://evil.example/c"}`), jws.ErrHeader},
		"jwk not expected": {sign(`{"alg":"ES256","typ":"JWT","jwk":{}}`), jws.ErrHeader},
		"zip":              {sign(`{"alg":"ES256","typ":"JWT","zip":"DEF"}`), jws.ErrHeader},
	} {
		if _, err := jws.Parse(c.token, rules()); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// A token may be as long as the rules say, and not a byte longer.
func TestTheLongestToken(t *testing.T) {
	t.Parallel()
	token := raw(t, newKey(t), `{"alg":"ES256","typ":"JWT"}`, `{}`)
	for most, want := range map[int]error{len(token): nil, len(token) - 1: jws.ErrTooLong} {
		if _, err := jws.Parse(token, jws.Rules{MaxBytes: most, Types: []string{"JWT"}}); !errors.Is(err, want) {
			t.Errorf("%d bytes where %d are allowed: %v, want %v", len(token), most, err, want)
		}
	}
}

// Where a token needs no type, it may be without one; to have an empty one is no type.
func TestAbsentTypeIsNotAnEmptyOne(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	for header, want := range map[string]error{
		`{"alg":"ES256"}`: nil, `{"alg":"ES256","typ":""}`: jws.ErrType, `{"alg":"ES256","typ":null}`: jws.ErrType,
	} {
		if _, err := jws.Parse(raw(t, key, header, `{}`), jws.Rules{MaxBytes: 2048, Types: []string{""}}); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", header, err, want)
		}
	}
}

// Every token has one spelling: whatever is changed anywhere in it, it is refused.
func TestThreat28EveryBitAndEveryLengthMatters(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	good := raw(t, key, `{"alg":"ES256","typ":"JWT"}`, `{"sub":"a"}`)
	check := func(token, how string, at int) {
		parsed, err := jws.Parse(token, rules())
		if err != nil {
			return
		}
		if _, err := parsed.Verify(key.Public()); err == nil {
			t.Errorf("accepted, %s at %d", how, at)
		}
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for i := range len(good) {
		check(good[:i], "cut", i)
		check(good[:i]+"\n"+good[i:], "line break", i)
		for bit := range 8 {
			changed := []byte(good)
			changed[i] ^= 1 << bit
			check(string(changed), "bit flipped", i)
		}
	}
	for i := range len(alphabet) {
		last := len(good) - 1
		if alphabet[i] != good[last] {
			check(good[:last]+alphabet[i:i+1], "last character changed", i)
		}
	}
}

func TestCheckKey(t *testing.T) {
	t.Parallel()
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ed, edPrivate, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	sized := func(n *big.Int) *rsa.PublicKey { return &rsa.PublicKey{N: n, E: 65537} }
	small := sized(new(big.Int).Rsh(rsaKey.N, 1))    // 2047 bits
	large := sized(new(big.Int).Lsh(rsaKey.N, 2049)) // 4097 bits
	largest := sized(new(big.Int).Lsh(rsaKey.N, 2048))
	p256 := newKey(t)
	for name, c := range map[string]struct {
		alg  string
		key  any
		fits bool
	}{
		"P-256 for ES256":   {"ES256", p256.Public(), true},
		"P-384 for ES256":   {"ES256", p384.Public(), false},
		"P-256 for EdDSA":   {"EdDSA", p256.Public(), false},
		"P-256 for ES384":   {"ES384", p256.Public(), false},
		"Ed25519":           {"EdDSA", ed, true},
		"Ed25519 for ES256": {"ES256", ed, false},
		"short Ed25519":     {"EdDSA", ed[:31], false},
		"private Ed25519":   {"EdDSA", edPrivate, false},
		"private P-256":     {"ES256", p256, false},
		"RSA for PS256":     {"PS256", rsaKey.Public(), true},
		"RSA for RS256":     {"RS256", rsaKey.Public(), true},
		"RSA for RS512":     {"RS512", rsaKey.Public(), false},
		"P-256 for RS256":   {"RS256", p256.Public(), false},
		"small for RS256":   {"RS256", small, false},
		"RSA too small":     {"PS256", small, false},
		"RSA of 4096 bits":  {"PS256", largest, true},
		"RSA too large":     {"PS256", large, false},
		"symmetric":         {"HS256", []byte("0123456789abcdef0123456789abcdef"), false},
		"nothing":           {"ES256", nil, false},
		"no algorithm":      {"", p256.Public(), false},
	} {
		if err := jws.CheckKey(c.alg, c.key); (err == nil) != c.fits {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEmbeddedKey(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	public, err := jose.JSONWebKey{Key: key.Public()}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	private, err := jose.JSONWebKey{Key: key}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	with := func(members string) string {
		return strings.TrimSuffix(string(public), "}") + "," + members + "}"
	}
	_, x, _ := strings.Cut(string(public), `"x":"`)
	x, _, _ = strings.Cut(x, `"`)
	for name, c := range map[string]struct {
		jwk  string
		want error
	}{
		"public":             {string(public), nil},
		"as WebCrypto's":     {with(`"ext":true,"key_ops":["verify"]`), nil},
		"alg and use":        {with(`"alg":"ES256","use":"sig","kid":"mine"`), nil},
		"private":            {string(private), jws.ErrKey},
		"private part alone": {with(`"d":""`), jws.ErrKey},
		"RSA part":           {with(`"p":"AQAB"`), jws.ErrKey},
		"symmetric part":     {with(`"k":"AQAB"`), jws.ErrKey},
		"certificate":        {with(`"x5c":["AAAA"]`), jws.ErrKey},
		"certificate URL":    {with(`"x5u":"https://evil.example"`), jws.ErrKey},
		"unknown member":     {with(`"extra":1`), jws.ErrKey},
		"other alg":          {with(`"alg":"PS256"`), jws.ErrKey},
		"for encryption":     {with(`"use":"enc"`), jws.ErrKey},
		"x twice":            {with(`"x":"` + x + `"`), jws.ErrMalformed},
		"symmetric":          {`{"kty":"oct","k":"AAAA"}`, jws.ErrKey},
		"no point":           {strings.Replace(string(public), x, strings.Repeat("A", len(x)), 1), jws.ErrMalformed},
		"other curve":        {strings.Replace(string(public), "P-256", "P-384", 1), jws.ErrMalformed},
		"no type":            {`{}`, jws.ErrMalformed},
		"null":               {`null`, jws.ErrMalformed},
		"text":               {`"key"`, jws.ErrMalformed},
	} {
		token := raw(t, key, `{"alg":"ES256","typ":"JWT","jwk":`+c.jwk+`}`, `{}`)
		parsed, err := jws.Parse(token, jws.Rules{MaxBytes: 4096, Types: []string{"JWT"}, Header: []string{"jwk"}})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if err == nil {
			if _, err := parsed.Verify(parsed.JWK.Key); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	type claims struct {
		Sub string       `json:"sub"`
		Iat jws.Date     `json:"iat"`
		Aud jws.Audience `json:"aud"`
	}
	for payload, want := range map[string]string{
		`{"sub":"a"}`: "a", `{"Sub":"b"}`: "", `{"sub":"a","SUB":"b"}`: "a", `{}`: "",
	} {
		var c claims
		if err := jws.Decode([]byte(payload), &c); err != nil || c.Sub != want {
			t.Errorf("%s: %q, %v", payload, c.Sub, err)
		}
	}
	for _, payload := range []string{
		``, `null`, `[]`, `"x"`, ` {}`, `{`, `{}x`, `{"sub":"a","sub":"a"}`, `{"sub":"a","\u0073ub":"b"}`, `{"sub":1}`,
		`{"iat":"1"}`, `{"iat":null}`, `{"iat":0}`, `{"iat":-1}`, `{"iat":1e30}`, `{"iat":1e400}`, `{"iat":true}`, `{"iat":[1]}`,
		`{"aud":1}`, `{"aud":{"a":1}}`, `{"aud":[1]}`, `{"aud":["a",["b"]]}`, `{"aud":null}`,
	} {
		var c claims
		if err := jws.Decode([]byte(payload), &c); !errors.Is(err, jws.ErrClaims) {
			t.Errorf("%s: %v, %+v", payload, err, c)
		}
	}
	var c claims
	if err := jws.Decode([]byte(`{"iat":1790000000.5,"aud":["a","b"]}`), &c); err != nil || c.Iat.UnixMilli() != 1790000000500 || len(c.Aud) != 2 {
		t.Errorf("%+v, %v", c, err)
	}
	c = claims{}
	if err := jws.Decode([]byte(`{"aud":"a"}`), &c); err != nil || !c.Iat.IsZero() || len(c.Aud) != 1 || c.Aud[0] != "a" {
		t.Errorf("%+v, %v", c, err)
	}
}

// Dates go from the first second to the last of the year 9999.
func TestFirstAndLastDate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]error{
		"1": nil, "0.999": jws.ErrClaims, "253402300799": nil, "253402300799.001": jws.ErrClaims,
	} {
		var d jws.Date
		if err := d.UnmarshalJSON([]byte(text)); !errors.Is(err, want) || d.IsZero() != (want != nil) {
			t.Errorf("%s: %v, %v, want %v", text, d, err, want)
		}
	}
}

// What is accepted has the one spelling, and never panics on the way.
func FuzzParse(f *testing.F) {
	key := newKey(f)
	f.Add(raw(f, key, `{"alg":"ES256","typ":"JWT"}`, `{"a":1}`))
	f.Add(raw(f, key, `{"alg":"ES256","typ":"JWT","kid":"x","crit":["exp"]}`, `{}`))
	f.Add(raw(f, key, `{"alg":"none","typ":"JWT"}`, ``))
	f.Add("e30.e30.")
	f.Add("{}")
	f.Fuzz(func(t *testing.T, in string) {
		token, err := jws.Parse(in, rules())
		if err != nil {
			return
		}
		if len(in) > 2048 || strings.ContainsAny(in, "\r\n =") || strings.Count(in, ".") != 2 {
			t.Errorf("accepted an odd spelling: %q", in)
		}
		if token.Alg != "ES256" && token.Alg != "PS256" && token.Alg != "EdDSA" {
			t.Errorf("accepted alg %q", token.Alg)
		}
		var claims map[string]any
		if err := token.Peek(&claims); err == nil && claims == nil {
			t.Error("claims without an object")
		}
	})
}
