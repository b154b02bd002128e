package client_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/protocol/client"
	"avain/internal/protocol/oauth"
	"avain/internal/secret"

	"github.com/go-jose/go-jose/v4"
)

const (
	issuer   = "https://login.example"
	endpoint = issuer + "/token"
	password = "a secret: with / and % and ä in it"
)

var start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// fixture is a registry with one client of each kind.
type fixture struct {
	*client.Registry
	key     *ecdsa.PrivateKey
	clients []login.Client
}

func newFixture(t testing.TB) fixture {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys := jwks(t, jose.JSONWebKey{Key: key.Public(), KeyID: "k1", Use: "sig"})
	f := fixture{key: key, clients: []login.Client{
		{ID: "app", Profile: login.ProfileStrict, Auth: login.AuthNone, Origins: []string{"https://app.example", "null"}},
		{ID: "shop:1", Profile: login.ProfileCompatible, Auth: login.AuthSecretBasic, Secret: secret.Of(password), Sector: "shop.example"},
		{ID: "bank", Profile: login.ProfileStrict, Auth: login.AuthPrivateKeyJWT, JWKS: keys, Sector: "bank.example"},
		{ID: "old", Profile: login.ProfileCompatible, Auth: login.AuthPrivateKeyJWT, JWKS: keys, Sector: "bank.example"},
	}}
	f.Registry = registry(t, f.clients...)
	return f
}

func registry(t testing.TB, clients ...login.Client) *client.Registry {
	t.Helper()
	g, err := client.New(client.Config{
		Clients: clients, Issuer: issuer, Endpoints: []string{endpoint, issuer + "/par"},
		PairwiseKey: secret.Of("a key of pairwise subjects"), Now: func() time.Time { return start },
	})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func jwks(t testing.TB, keys ...jose.JSONWebKey) []byte {
	t.Helper()
	out, err := json.Marshal(jose.JSONWebKeySet{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	return append([]byte("\n"), out...)
}

func post(form url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if err := r.ParseForm(); err != nil {
		panic(err)
	}
	return r
}

func withBasic(id, secret string, form url.Values) *http.Request {
	r := post(form)
	r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	return r
}

func withAssertion(assertion string) *http.Request {
	return post(url.Values{"client_assertion_type": {oauth.AssertionJWTBearer}, "client_assertion": {assertion}})
}

type claims map[string]any

func honest(id string) claims {
	return claims{"iss": id, "sub": id, "aud": issuer, "jti": "jti-1", "iat": start.Unix(), "exp": start.Add(time.Minute).Unix()}
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

func sign(t testing.TB, alg jose.SignatureAlgorithm, key any, kid, typ string, c any) string {
	t.Helper()
	options := &jose.SignerOptions{}
	if typ != "" {
		options.WithType(jose.ContentType(typ))
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, options)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (f fixture) accepts(t *testing.T, name string, r *http.Request, id string) client.Caller {
	t.Helper()
	caller, err := f.Authenticate(r)
	if err != nil || caller.Client.ID != id {
		t.Errorf("%s: %q, %v; want %q", name, caller.Client.ID, err, id)
	}
	return caller
}

func (f fixture) refuses(t *testing.T, name string, r *http.Request, kind fault.Kind) *fault.Error {
	t.Helper()
	caller, err := f.Authenticate(r)
	if err == nil {
		t.Fatalf("%s: accepted as %q", name, caller.Client.ID)
	}
	e := fault.AsError(err)
	if e.Kind != kind || e.Detail == "" || strings.Contains(e.Detail, password) {
		t.Errorf("%s: %v", name, e)
	}
	if kind == fault.Unauthenticated && (e.Code != oauth.InvalidClient || e.Reason != login.ReasonClientRefused) {
		t.Errorf("%s: code %s, reason %s", name, e.Code, e.Reason)
	}
	if caller.Client.ID != "" || caller.Once != nil {
		t.Errorf("%s: refused, and yet known as %q", name, caller.Client.ID)
	}
	return e
}

func TestPublicClient(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	caller := f.accepts(t, "by name", post(url.Values{"client_id": {"app"}}), "app")
	if len(caller.Once) != 0 {
		t.Error("a mark out of nothing")
	}
	f.accepts(t, "empty secret counts as none", post(url.Values{"client_id": {"app"}, "client_secret": {""}}), "app")
	for name, form := range map[string]url.Values{
		"nobody":              {},
		"empty":               {"client_id": {""}},
		"unknown":             {"client_id": {"stranger"}},
		"other case":          {"client_id": {"APP"}},
		"must use its secret": {"client_id": {"shop:1"}},
		"must use its key":    {"client_id": {"bank"}},
		"any secret":          {"client_id": {"app"}, "client_secret": {"x"}},
	} {
		_ = f.refuses(t, name, post(form), fault.Unauthenticated)
	}
	_ = f.refuses(t, "sent twice", post(url.Values{"client_id": {"app", "bank"}}), fault.Invalid)
	_ = f.refuses(t, "basic without a secret", withBasic("app", "", nil), fault.Unauthenticated)
}

// What stands in the URL ends up in logs, so it is not looked at.
func TestCredentialsInTheURLCountForNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	r := httptest.NewRequest(http.MethodPost, endpoint+"?client_id=app", strings.NewReader(""))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if err := r.ParseForm(); err != nil {
		t.Fatal(err)
	}
	_ = f.refuses(t, "in the URL", r, fault.Unauthenticated)
}

func TestSecretBasic(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.accepts(t, "secret", withBasic("shop:1", password, nil), "shop:1")
	f.accepts(t, "named in the form too", withBasic("shop:1", password, url.Values{"client_id": {"shop:1"}}), "shop:1")
	for name, r := range map[string]*http.Request{
		"wrong":             withBasic("shop:1", password+"x", nil),
		"cut":               withBasic("shop:1", password[:len(password)-1], nil),
		"empty":             withBasic("shop:1", "", nil),
		"unknown client":    withBasic("stranger", password, nil),
		"no client":         withBasic("", password, nil),
		"client of no kind": withBasic("app", password, nil),
		"client with a key": withBasic("bank", password, nil),
		"key, empty secret": withBasic("old", "", nil),
	} {
		_ = f.refuses(t, name, r, fault.Unauthenticated)
	}
	for name, header := range map[string]string{
		"other scheme":   "Bearer " + base64.StdEncoding.EncodeToString([]byte("shop%3A1:x")),
		"empty":          "",
		"no base64":      "Basic %%%",
		"no colon":       "Basic " + base64.StdEncoding.EncodeToString([]byte("shop")),
		"wrong, as sent": "Basic " + base64.StdEncoding.EncodeToString([]byte("shop%3A1:%zz")),
		"half encoded":   "Basic " + base64.StdEncoding.EncodeToString([]byte("shop%3A1:"+strings.ReplaceAll(password, "ä", "%C3%A4"))),
		"id not encoded": "Basic " + base64.StdEncoding.EncodeToString([]byte("shop%:x")),
	} {
		r := post(nil)
		r.Header["Authorization"] = []string{header}
		_ = f.refuses(t, name, r, fault.Unauthenticated)
	}
	_ = f.refuses(t, "another client in the form", withBasic("shop:1", password, url.Values{"client_id": {"app"}}), fault.Invalid)
	twice := withBasic("shop:1", password, nil)
	twice.Header.Add("Authorization", twice.Header.Get("Authorization"))
	_ = f.refuses(t, "two headers", twice, fault.Invalid)
}

// The form is the other way to send a secret (RFC 6749 §2.3.1): every client that has
// one may use it, as its library does.
func TestSecretPost(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.accepts(t, "secret", post(url.Values{"client_id": {"shop:1"}, "client_secret": {password}}), "shop:1")
	for name, form := range map[string]url.Values{
		"wrong":             {"client_id": {"shop:1"}, "client_secret": {password + "x"}},
		"cut":               {"client_id": {"shop:1"}, "client_secret": {password[:len(password)-1]}},
		"encoded twice":     {"client_id": {"shop:1"}, "client_secret": {url.QueryEscape(password)}},
		"unknown client":    {"client_id": {"stranger"}, "client_secret": {password}},
		"no client":         {"client_secret": {password}},
		"client with a key": {"client_id": {"bank"}, "client_secret": {password}},
	} {
		_ = f.refuses(t, name, post(form), fault.Unauthenticated)
	}
	_ = f.refuses(t, "twice", post(url.Values{"client_id": {"shop:1"}, "client_secret": {password, password}}), fault.Invalid)
}

// A secret in the Basic scheme is right in both readings: form-encoded (RFC 6749
// §2.3.1), and as it is, which is what Authlib and curl send (RFC 7617).
func TestSecretBasicRawAndEncoded(t *testing.T) {
	t.Parallel()
	for _, secretText := range []string{
		"Zm9v+/YmFy+==", "per%cent", "per%20cent", "plus+plus", "a b", "col:on", "ä", "0123456789abcdef",
	} {
		g := fixture{Registry: registry(t, login.Client{ID: "shop", Profile: login.ProfileCompatible, Auth: login.AuthSecretBasic, Secret: secret.Of(secretText)})}
		raw := post(nil)
		raw.SetBasicAuth("shop", secretText)
		g.accepts(t, secretText+", raw", raw, "shop")
		g.accepts(t, secretText+", encoded", withBasic("shop", secretText, nil), "shop")
		percent := post(nil)
		percent.SetBasicAuth("shop", url.PathEscape(secretText))
		if !strings.ContainsAny(secretText, "+") { // a path keeps its plus, which a form reads as a space
			g.accepts(t, secretText+", percent-encoded", percent, "shop")
		}
		twice := post(nil)
		twice.SetBasicAuth("shop", url.QueryEscape(url.QueryEscape(secretText)))
		if url.QueryEscape(secretText) != secretText {
			_ = g.refuses(t, secretText+", encoded twice", twice, fault.Unauthenticated)
		}
		wrong := post(nil)
		wrong.SetBasicAuth("shop", secretText+"+")
		_ = g.refuses(t, secretText+", one more", wrong, fault.Unauthenticated)
	}
}

// Neither words nor kind of the answer tell whether a client exists.
func TestRefusalsDoNotTellWhoExists(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	pairs := map[string][2]*http.Request{
		"secret": {withBasic("stranger", password, nil), withBasic("shop:1", "wrong", nil)},
		"posted": {
			post(url.Values{"client_id": {"stranger"}, "client_secret": {password}}),
			post(url.Values{"client_id": {"shop:1"}, "client_secret": {"wrong"}}),
		},
		"header or form": {withBasic("stranger", password, nil), post(url.Values{"client_id": {"stranger"}, "client_secret": {password}})},
		"name":           {post(url.Values{"client_id": {"stranger"}}), post(url.Values{"client_id": {"bank"}})},
		"assertion": {
			withAssertion(sign(t, jose.ES256, f.key, "k1", "", honest("stranger"))),
			withAssertion(sign(t, jose.ES256, otherKey(t), "k1", "", honest("bank"))),
		},
	}
	for name, pair := range pairs {
		a := f.refuses(t, name, pair[0], fault.Unauthenticated)
		b := f.refuses(t, name, pair[1], fault.Unauthenticated)
		if a.Detail != b.Detail || a.Code != b.Code || a.Param != b.Param {
			t.Errorf("%s: %q and %q tell the difference", name, a.Detail, b.Detail)
		}
	}
}

func otherKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestAssertion(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	good := honest("bank")
	caller := f.accepts(t, "honest", withAssertion(sign(t, jose.ES256, f.key, "k1", "JWT", good)), "bank")
	if len(caller.Once) != 1 || caller.Once[0].Hash.Zero() || caller.Once[0].Expires.Before(start.Add(time.Minute)) {
		t.Errorf("mark %+v", caller.Once)
	}
	for name, token := range map[string]string{
		"no typ":      sign(t, jose.ES256, f.key, "k1", "", good),
		"its own typ": sign(t, jose.ES256, f.key, "k1", "client-authentication+jwt", good),
		"no kid":      sign(t, jose.ES256, f.key, "", "", good),
		"aud in list": sign(t, jose.ES256, f.key, "k1", "", good.with("aud", []string{issuer})),
		"no iat":      sign(t, jose.ES256, f.key, "k1", "", good.without("iat")),
		"clock ahead": sign(t, jose.ES256, f.key, "k1", "", good.with("iat", start.Unix()+10).with("nbf", start.Unix()+10)),
		"just over":   sign(t, jose.ES256, f.key, "k1", "", good.with("exp", start.Unix()-10)),
		"longest jti": sign(t, jose.ES256, f.key, "k1", "", good.with("jti", strings.Repeat("j", 256))),
		"ten minutes": sign(t, jose.ES256, f.key, "k1", "", good.with("exp", start.Add(10*time.Minute).Unix())),
	} {
		f.accepts(t, name, withAssertion(token), "bank")
	}
	old := honest("old")
	for _, audience := range []string{issuer, endpoint, issuer + "/par"} {
		f.accepts(t, audience, withAssertion(sign(t, jose.ES256, f.key, "k1", "", old.with("aud", audience))), "old")
	}
	anHour := old.with("exp", start.Add(time.Hour).Unix())
	caller = f.accepts(t, "an hour (compatible)", withAssertion(sign(t, jose.ES256, f.key, "k1", "", anHour)), "old")
	if len(caller.Once) != 1 || caller.Once[0].Expires.Before(start.Add(time.Hour)) {
		t.Errorf("the mark %+v goes before the assertion: it can be replayed", caller.Once)
	}
	named := withAssertion(sign(t, jose.ES256, f.key, "k1", "", good))
	named.PostForm.Set("client_id", "bank")
	f.accepts(t, "named in the form too", named, "bank")
}

func TestAssertionRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	good := honest("bank")
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	es := func(c claims) string { return sign(t, jose.ES256, f.key, "k1", "", c) }
	valid := es(good)
	parts := strings.Split(valid, ".")
	for name, token := range map[string]string{
		"garbage":           "garbage",
		"alg none":          base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".",
		"HS256 by nothing":  sign(t, jose.HS256, []byte("0123456789abcdef0123456789abcdef"), "k1", "", good),
		"other key":         sign(t, jose.ES256, otherKey(t), "k1", "", good),
		"other kid":         sign(t, jose.ES256, f.key, "k2", "", good),
		"other alg":         sign(t, jose.EdDSA, ed, "k1", "", good),
		"an access token":   sign(t, jose.ES256, f.key, "k1", "at+jwt", good),
		"a DPoP proof":      sign(t, jose.ES256, f.key, "k1", "dpop+jwt", good),
		"signature cut":     valid[:len(valid)-1],
		"no iss":            es(good.without("iss")),
		"no sub":            es(good.without("sub")),
		"iss of another":    es(good.with("iss", "old")),
		"sub of another":    es(good.with("sub", "old")),
		"unknown client":    es(honest("stranger")),
		"public client":     es(honest("app")),
		"no aud":            es(good.without("aud")),
		"empty aud list":    es(good.with("aud", []string{})),
		"other aud":         es(good.with("aud", "https://evil.example")),
		"two auds":          es(good.with("aud", []string{issuer, "https://evil.example"})),
		"aud with slash":    es(good.with("aud", issuer+"/")),
		"endpoint (strict)": es(good.with("aud", endpoint)),
		"no exp":            es(good.without("exp")),
		"expired":           es(good.with("exp", start.Unix()-11)),
		"lives too long":    es(good.with("exp", start.Add(10*time.Minute).Unix()+11)),
		"over an hour":      es(honest("old").with("exp", start.Add(time.Hour).Unix()+11)),
		"exp huge":          es(good.with("exp", 1e300)),
		"nbf in the future": es(good.with("nbf", start.Unix()+11)),
		"iat in the future": es(good.with("iat", start.Unix()+11)),
		"no jti":            es(good.without("jti")),
		"empty jti":         es(good.with("jti", "")),
		"jti too long":      es(good.with("jti", strings.Repeat("j", 257))),
		"jti a number":      es(good.with("jti", 1)),
		"a list":            sign(t, jose.ES256, f.key, "k1", "", []claims{good}),
		"too long":          es(good.with("extra", strings.Repeat("x", 9000))),
	} {
		_ = f.refuses(t, name, withAssertion(token), fault.Unauthenticated)
	}
}

// One request, one method, said in one place.
func TestOneMethodAtATime(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	token := sign(t, jose.ES256, f.key, "k1", "", honest("bank"))
	both := withAssertion(token)
	both.SetBasicAuth("shop%3A1", url.QueryEscape(password))
	_ = f.refuses(t, "assertion and header", both, fault.Invalid)

	typeAlone := withBasic("shop:1", password, url.Values{"client_assertion_type": {oauth.AssertionJWTBearer}})
	_ = f.refuses(t, "assertion type and header", typeAlone, fault.Invalid)

	withSecret := withAssertion(token)
	withSecret.PostForm.Set("client_secret", "x")
	_ = f.refuses(t, "assertion and secret", withSecret, fault.Invalid)

	secrets := withBasic("shop:1", password, url.Values{"client_id": {"shop:1"}, "client_secret": {password}})
	_ = f.refuses(t, "secret in header and form", secrets, fault.Invalid)

	typeAndSecret := post(url.Values{"client_id": {"shop:1"}, "client_secret": {password}, "client_assertion_type": {oauth.AssertionJWTBearer}})
	_ = f.refuses(t, "assertion type and secret", typeAndSecret, fault.Invalid)

	named := withAssertion(token)
	named.PostForm.Set("client_id", "old")
	_ = f.refuses(t, "another client named", named, fault.Unauthenticated)

	for name, form := range map[string]url.Values{
		"type of SAML":      {"client_assertion": {token}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:saml2-bearer"}},
		"no type":           {"client_assertion": {token}},
		"assertion twice":   {"client_assertion": {token, token}, "client_assertion_type": {oauth.AssertionJWTBearer}},
		"assertion type ×2": {"client_assertion": {token}, "client_assertion_type": {oauth.AssertionJWTBearer, oauth.AssertionJWTBearer}},
	} {
		_ = f.refuses(t, name, post(form), fault.Invalid)
	}
	_ = f.refuses(t, "type alone", post(url.Values{"client_id": {"app"}, "client_assertion_type": {oauth.AssertionJWTBearer}}), fault.Unauthenticated)
}

// A record of a refusal names the client that was claimed, if there is one of that name
// and the request says one thing only.
func TestClaimedNamesClientsThatExist(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	twoWays := withBasic("shop:1", "wrong", url.Values{"client_secret": {"x"}})
	for name, c := range map[string]struct {
		r    *http.Request
		want string
	}{
		"by name":          {post(url.Values{"client_id": {"app"}}), "app"},
		"wrong password":   {withBasic("shop:1", "wrong", nil), "shop:1"},
		"nobody":           {post(nil), ""},
		"unknown":          {post(url.Values{"client_id": {"evil"}}), ""},
		"two ways":         {twoWays, ""},
		"named twice over": {post(url.Values{"client_id": {"app", "app"}}), ""},
	} {
		if got := f.Claimed(c.r); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// An assertion is good once: same jti, same mark; other jti or client, other mark.
func TestThreat17AssertionMark(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	mark := func(c claims) login.ReplayKey {
		t.Helper()
		caller, err := f.Authenticate(withAssertion(sign(t, jose.ES256, f.key, "k1", "", c)))
		if err != nil {
			t.Fatal(err)
		}
		return caller.Once[0]
	}
	if last := mark(honest("bank").with("exp", start.Unix()-10)); !last.Expires.After(start) {
		t.Errorf("the mark goes at %s, while the assertion is still good: it can be replayed", last.Expires)
	}
	first := mark(honest("bank"))
	if mark(honest("bank")) != first || mark(honest("bank").with("exp", start.Add(2*time.Minute).Unix())).Hash != first.Hash {
		t.Error("the same jti has two marks: it can be replayed")
	}
	if mark(honest("bank").with("jti", "jti-2")).Hash == first.Hash || mark(honest("old")).Hash == first.Hash {
		t.Error("two assertions share a mark")
	}
}

func TestEveryAlgorithm(t *testing.T) {
	t.Parallel()
	edPublic, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ec := otherKey(t)
	g := fixture{Registry: registry(t, login.Client{
		ID: "c", Profile: login.ProfileStrict, Auth: login.AuthPrivateKeyJWT,
		JWKS: jwks(t, jose.JSONWebKey{Key: edPublic}, jose.JSONWebKey{Key: rsaKey.Public(), KeyID: "r"}, jose.JSONWebKey{Key: ec.Public(), Algorithm: "ES256"},
			jose.JSONWebKey{Key: rsaKey.Public(), Use: "enc"}),
	})}
	g.accepts(t, "EdDSA", withAssertion(sign(t, jose.EdDSA, ed, "", "", honest("c"))), "c")
	g.accepts(t, "PS256", withAssertion(sign(t, jose.PS256, rsaKey, "r", "", honest("c"))), "c")
	g.accepts(t, "ES256", withAssertion(sign(t, jose.ES256, ec, "any", "", honest("c"))), "c")
	_ = g.refuses(t, "RS256", withAssertion(sign(t, jose.RS256, rsaKey, "r", "", honest("c"))), fault.Unauthenticated)
}

// Standard libraries sign with RS256 when they have an RSA key. Compatible clients may;
// a key that names its algorithm is for that one.
func TestCompatibleClientsMaySignByRS256(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	of := func(key jose.JSONWebKey) fixture {
		return fixture{Registry: registry(t, login.Client{ID: "c", Profile: login.ProfileCompatible, Auth: login.AuthPrivateKeyJWT, JWKS: jwks(t, key)})}
	}
	g := of(jose.JSONWebKey{Key: key.Public(), KeyID: "r"})
	for _, kid := range []string{"r", ""} {
		g.accepts(t, "RS256", withAssertion(sign(t, jose.RS256, key, kid, "", honest("c"))), "c")
		g.accepts(t, "PS256", withAssertion(sign(t, jose.PS256, key, kid, "", honest("c"))), "c")
	}
	g = of(jose.JSONWebKey{Key: key.Public(), Algorithm: "RS256"})
	g.accepts(t, "RS256, said so", withAssertion(sign(t, jose.RS256, key, "", "", honest("c"))), "c")
	_ = g.refuses(t, "PS256 by a key for RS256", withAssertion(sign(t, jose.PS256, key, "", "", honest("c"))), fault.Unauthenticated)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_ = g.refuses(t, "another key", withAssertion(sign(t, jose.RS256, other, "", "", honest("c"))), fault.Unauthenticated)
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	key := otherKey(t)
	now := func() time.Time { return start }
	withKeys := func(keys []byte) []login.Client {
		return []login.Client{{ID: "c", Auth: login.AuthPrivateKeyJWT, JWKS: keys}}
	}
	for name, config := range map[string]client.Config{
		"no issuer":       {Now: now},
		"no clock":        {Issuer: issuer},
		"no id":           {Issuer: issuer, Now: now, Clients: []login.Client{{Auth: login.AuthNone}}},
		"id twice":        {Issuer: issuer, Now: now, Clients: []login.Client{{ID: "c", Auth: login.AuthNone}, {ID: "c", Auth: login.AuthNone}}},
		"no method":       {Issuer: issuer, Now: now, Clients: []login.Client{{ID: "c"}}},
		"no secret":       {Issuer: issuer, Now: now, Clients: []login.Client{{ID: "c", Auth: login.AuthSecretBasic}}},
		"no pairwise key": {Issuer: issuer, Now: now, Clients: []login.Client{{ID: "c", Auth: login.AuthNone, Sector: "s"}}},
		"no keys":         {Issuer: issuer, Now: now, Clients: withKeys(nil)},
		"empty keys":      {Issuer: issuer, Now: now, Clients: withKeys([]byte(`{"keys":[]}`))},
		"keys no JSON":    {Issuer: issuer, Now: now, Clients: withKeys([]byte(`keys`))},
		"private key":     {Issuer: issuer, Now: now, Clients: withKeys(jwks(t, jose.JSONWebKey{Key: key}))},
		"symmetric key":   {Issuer: issuer, Now: now, Clients: withKeys(jwks(t, jose.JSONWebKey{Key: []byte("0123456789abcdef")}))},
		"small key":       {Issuer: issuer, Now: now, Clients: withKeys(jwks(t, jose.JSONWebKey{Key: small.Public()}))},
		"key of RS256":    {Issuer: issuer, Now: now, Clients: withKeys(jwks(t, jose.JSONWebKey{Key: key.Public(), Algorithm: "RS256"}))},
		"only encryption": {Issuer: issuer, Now: now, Clients: withKeys(jwks(t, jose.JSONWebKey{Key: key.Public(), Use: "enc"}))},
	} {
		if _, err := client.New(config); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	_, err = client.New(client.Config{Issuer: issuer, Now: now, Clients: []login.Client{{ID: "first"}, {ID: "second"}}})
	if err == nil || !strings.Contains(err.Error(), "first") || !strings.Contains(err.Error(), "second") {
		t.Errorf("not every mistake is listed: %v", err)
	}
}

func TestGetAndOrigins(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if c, ok := f.Get("app"); !ok || c.ID != "app" {
		t.Error("a client is not found")
	}
	for _, id := range []string{"", "App", "stranger"} {
		if c, ok := f.Get(id); ok || c.ID != "" {
			t.Errorf("%q is found", id)
		}
	}
	if !f.OriginAllowed("https://app.example") {
		t.Error("a registered origin is refused")
	}
	for _, origin := range []string{"", "null", "https://app.example/", "http://app.example", "https://app.example:443", "https://APP.example", "https://app.example.evil.example", "https://evil.example"} {
		if f.OriginAllowed(origin) {
			t.Errorf("%q is allowed", origin)
		}
	}
}

func TestSubject(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a, b := login.Person{Subject: "subject-a"}, login.Person{Subject: "subject-b"}
	ours, shop, bank, old := f.clients[0], f.clients[1], f.clients[2], f.clients[3]
	if f.Subject(ours, a) != "subject-a" {
		t.Error("our own apps know the person by another subject")
	}
	if f.Subject(shop, a) == f.Subject(bank, a) || f.Subject(shop, a) == a.Subject {
		t.Error("two companies can compare their customers")
	}
	if f.Subject(bank, a) != f.Subject(old, a) {
		t.Error("a sector has two subjects for one person")
	}
	if f.Subject(shop, a) == f.Subject(shop, b) {
		t.Error("two persons have one subject")
	}
	if again := newFixture(t); again.Subject(shop, a) != f.Subject(shop, a) {
		t.Error("the subject changes when the service restarts")
	}
}

// No request makes Authenticate panic or answer with an error of ours, and what it
// accepts was proved.
func FuzzAuthenticate(f *testing.F) {
	fix := newFixture(f)
	f.Add("client_id=app", "")
	f.Add("client_assertion_type="+url.QueryEscape(oauth.AssertionJWTBearer)+"&client_assertion="+sign(f, jose.ES256, fix.key, "k1", "", honest("bank")), "")
	f.Add("client_id=x", "Basic c2hvcDp4")
	f.Add("client_id=a&client_id=b&client_secret=", "Basic %")
	f.Fuzz(func(t *testing.T, body, authorization string) {
		form, err := url.ParseQuery(body)
		if err != nil {
			return
		}
		r := &http.Request{PostForm: form, Header: http.Header{}}
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		caller, err := fix.Authenticate(r)
		if err != nil {
			if kind := fault.AsError(err).Kind; kind != fault.Unauthenticated && kind != fault.Invalid {
				t.Errorf("refused as %v", err)
			}
			return
		}
		if caller.Client.Auth == login.AuthNone && (authorization != "" || form.Get("client_id") != "app") {
			t.Errorf("taken for %q", caller.Client.ID)
		}
		if caller.Client.Auth == login.AuthPrivateKeyJWT && len(caller.Once) != 1 {
			t.Error("an assertion without a mark")
		}
	})
}

func BenchmarkAuthenticate(b *testing.B) {
	f := newFixture(b)
	for name, r := range map[string]*http.Request{
		"none": post(url.Values{"client_id": {"app"}}), "secret": withBasic("shop:1", password, nil),
		"assertion": withAssertion(sign(b, jose.ES256, f.key, "k1", "", honest("bank"))),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := f.Authenticate(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
