package brokersim_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"avain/internal/domain/hetu"
	"avain/internal/testkit/brokersim"
	"avain/internal/testkit/loopback"

	"github.com/go-jose/go-jose/v4"
)

// rsaKeys are made once: generating them is most of what a test would do.
var rsaKeys = sync.OnceValue(func() (keys [9]*rsa.PrivateKey) {
	for i := range keys {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		keys[i] = key
	}
	return keys
})

func brokerKeys() brokersim.Keys {
	k := rsaKeys()
	return brokersim.Keys{Entity: k[0], Current: k[1], Next: k[2], NextEntity: k[7], Encryption: k[8]}
}

type clock struct{ nanos atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.nanos.Store(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) now() time.Time          { return time.Unix(0, c.nanos.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.nanos.Add(int64(d)) }

const (
	clientID  = "avain"
	returnURI = "https://avain.example/callback/op?own=1"
	verifier  = "a-code-verifier-that-is-long-enough-for-rfc-7636"
	challenge = "KNczEurq67rF28NySvSIcG9G500QgPaoK2MO-TTWuoc"
)

// party is a relying party of its own making, with a person's browser at hand.
type party struct {
	*testing.T
	dialect brokersim.Dialect
	speech  speech
	test    bool // not production
	sim     *brokersim.Sim
	clock   *clock
	entity  *rsa.PrivateKey
	signing *rsa.PrivateKey
	sealing *rsa.PrivateKey
	sigKid  string
	encKid  string
	site    *httptest.Server
	publish func() string // what the site serves as its signed JWKS
	fetches atomic.Int64
	browser *http.Client
	app     *http.Client // asks the simulator itself
}

// newParty starts a simulator at /base of a server, and a relying party whose signed
// JWKS the simulator fetches.
func newParty(t *testing.T, dialect brokersim.Dialect, change ...func(*brokersim.Config)) *party {
	t.Helper()
	keys := rsaKeys()
	p := &party{T: t, dialect: dialect, speech: speeches[dialect], clock: newClock(), entity: keys[3], signing: keys[4], sealing: keys[5], sigKid: "our-sig", encKid: "our-enc"}
	p.publish = func() string { return p.signedJWKS(p.entity, nil) }
	p.site = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		p.fetches.Add(1)
		_, _ = io.WriteString(w, p.publish())
	}))
	t.Cleanup(p.site.Close)
	server := httptest.NewUnstartedServer(nil)
	config := brokersim.Config{
		BaseURL: "http://" + server.Listener.Addr().String() + "/base", Dialect: dialect,
		Production: true, Keys: brokerKeys(), Now: p.clock.now,
		Client: brokersim.Client{
			ID: clientID, Names: map[string]string{"fi": "Avain", "sv": "Nyckeln"}, RedirectURIs: []string{returnURI},
			Keys: brokersim.ClientKeys{
				SignedJWKSURL: p.site.URL, EntityID: "https://avain.example",
				EntityKey: jose.JSONWebKey{Key: p.entity.Public(), KeyID: "our-entity", Algorithm: "RS256"},
			},
		},
	}
	if dialect == brokersim.Idura { // which takes nothing else
		config.Client.Keys = brokersim.ClientKeys{JWKS: staticKeys()}
	}
	for _, c := range change {
		c(&config)
	}
	p.test = !config.Production
	sim, err := brokersim.New(config)
	if err != nil {
		t.Fatal(err)
	}
	p.sim = sim
	server.Config.Handler = sim
	server.Start()
	t.Cleanup(server.Close)
	p.browser, p.app = p.newBrowser(), loopback.Client(t)
	return p
}

// newBrowser keeps cookies and does not follow redirects.
func (p *party) newBrowser() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		p.Fatal(err)
	}
	client := loopback.Client(p)
	client.Jar, client.Timeout = jar, time.Minute
	return client
}

func (p *party) signedJWKS(by *rsa.PrivateKey, change func(map[string]any)) string {
	claims := map[string]any{
		"iss": "https://avain.example", "sub": "https://avain.example",
		"iat": p.clock.now().Unix(), "exp": p.clock.now().Add(time.Hour).Unix(),
		"keys": []jose.JSONWebKey{
			{Key: p.signing.Public(), KeyID: p.sigKid, Use: "sig", Algorithm: "RS256"},
			{Key: p.sealing.Public(), KeyID: p.encKid, Use: "enc", Algorithm: "RSA-OAEP"},
		},
	}
	if change != nil {
		change(claims)
	}
	return p.signWith(by, "our-entity", "jwk-set+jwt", jose.RS256, claims)
}

func (p *party) signWith(key any, kid, typ string, alg jose.SignatureAlgorithm, claims map[string]any) string {
	options := (&jose.SignerOptions{}).WithType(jose.ContentType(typ))
	if kid != "" {
		options = options.WithHeader("kid", kid)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, options)
	if err != nil {
		p.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		p.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		p.Fatal(err)
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		p.Fatal(err)
	}
	return compact
}

func (p *party) sign(claims map[string]any) string {
	return p.signWith(p.signing, p.sigKid, "JWT", jose.RS256, claims)
}

// apply changes claims: nil deletes one.
func apply(claims, changes map[string]any) map[string]any {
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return claims
}

func random() string { return strings.ToLower(rand.Text()) }

// do sends a request and returns the status, the address it redirects to, and the body.
func (p *party) do(client *http.Client, method, address string, form url.Values) (int, string, string) {
	p.Helper()
	req, err := http.NewRequestWithContext(p.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		p.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := client.Do(req)
	if err != nil {
		p.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err = errors.Join(err, res.Body.Close()); err != nil {
		p.Fatal(err)
	}
	return res.StatusCode, res.Header.Get("Location"), string(body)
}

func (p *party) get(address string) (int, string, string) {
	p.Helper()
	return p.do(p.browser, http.MethodGet, address, nil)
}

func (p *party) post(address string, form url.Values) (int, string, string) {
	p.Helper()
	return p.do(p.browser, http.MethodPost, address, form)
}

// start opens the authorization request.
func (p *party) start(jwt string) (int, string, string) {
	p.Helper()
	form := url.Values{"request": {jwt}}
	if p.speech.outer {
		form.Set("client_id", clientID)
	}
	return p.get(p.sim.Endpoints().Authorize + "?" + form.Encode())
}

// visit begins a good request and returns the address of the visit.
func (p *party) visit(changes map[string]any) string {
	p.Helper()
	status, to, body := p.start(p.sign(p.claims(changes)))
	if status != http.StatusSeeOther || !strings.Contains(to, "/identify/") {
		p.Fatalf("authorize: %d %q\n%s", status, to, body)
	}
	return to
}

// press presses a button of a visit.
func (p *party) press(visit, button string, form url.Values) string {
	p.Helper()
	status, to, body := p.post(visit+"/"+button, form)
	if status != http.StatusSeeOther {
		p.Fatalf("%s: %d\n%s", button, status, body)
	}
	return to
}

// atBank walks a visit through a bank and returns where it ends.
func (p *party) atBank(visit, user string) string {
	p.Helper()
	p.press(visit, "select", url.Values{"bank": {"kuikka"}}) // does nothing when preselected
	p.press(visit, "user", url.Values{"user": {user}})
	return p.press(visit, "confirm", url.Values{})
}

// returned reads what came back to the redirect URI.
func (p *party) returned(to string) url.Values {
	p.Helper()
	u, err := url.Parse(to)
	if err != nil || !strings.HasPrefix(to, "https://avain.example/callback/op?") || u.Query().Get("own") != "1" {
		p.Fatalf("not our redirect URI, or without its own query: %q", to)
	}
	return u.Query()
}

func (p *party) assertionClaims(changes map[string]any) map[string]any {
	return apply(map[string]any{
		"iss": clientID, "sub": clientID, "aud": p.speech.assertion(p.sim.Endpoints()), "jti": random(),
		"iat": p.clock.now().Unix(), "exp": p.clock.now().Add(5 * time.Minute).Unix(),
	}, changes)
}

func (p *party) tokenForm(code string) url.Values {
	return url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {returnURI}, "client_id": {clientID},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion":      {p.sign(p.assertionClaims(nil))}, "code_verifier": {verifier},
	}
}

// redeem exchanges a code.
func (p *party) redeem(form url.Values) (int, map[string]any) {
	p.Helper()
	status, _, body := p.do(p.app, http.MethodPost, p.sim.Endpoints().Token, form)
	var answer map[string]any
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		p.Fatalf("token: %d %q", status, body)
	}
	return status, answer
}

// brokerJWKS fetches the broker's keys and, where they are signed, verifies them against
// the pin: one of the keys of the entity statement.
func (p *party) brokerJWKS() (jose.JSONWebKeySet, error) {
	if p.sim.Endpoints().SignedJWKS == "" {
		var set jose.JSONWebKeySet
		_, _, body := p.do(p.app, http.MethodGet, p.sim.Endpoints().JWKS, nil)
		return set, json.Unmarshal([]byte(body), &set)
	}
	_, _, body := p.do(p.app, http.MethodGet, p.sim.Endpoints().SignedJWKS, nil)
	var set struct {
		Iss, Sub string
		Iat      int64
		Exp      *int64
		jose.JSONWebKeySet
	}
	signed, err := jose.ParseSignedCompact(body, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return set.JSONWebKeySet, err
	}
	payload, err := []byte(nil), errors.New("jwks kid")
	for _, pin := range p.sim.EntityKeys() {
		if pin.KeyID == signed.Signatures[0].Protected.KeyID {
			payload, err = signed.Verify(pin)
		}
	}
	if err != nil {
		return set.JSONWebKeySet, err
	}
	if err := json.Unmarshal(payload, &set); err != nil {
		return set.JSONWebKeySet, err
	}
	now := p.clock.now().Unix()
	if id := p.sim.Endpoints().EntityID; set.Iss != id || set.Sub != id || set.Iat > now || (set.Exp != nil && now >= *set.Exp) || len(set.Keys) == 0 {
		return set.JSONWebKeySet, errors.New("jwks claims")
	}
	return set.JSONWebKeySet, nil
}

// open decrypts and checks an id_token as a careful relying party does; the error is
// one word about the first check that failed.
func (p *party) open(idToken, nonce string, started time.Time) (map[string]any, error) {
	sealed, err := jose.ParseEncryptedCompact(idToken, []jose.KeyAlgorithm{p.speech.keyWrap}, []jose.ContentEncryption{p.speech.content})
	if err != nil {
		return nil, errors.New("encryption")
	}
	if sealed.Header.KeyID != p.encKid || sealed.Header.ExtraHeaders["cty"] != "JWT" {
		return nil, errors.New("encryption-kid")
	}
	inner, err := sealed.Decrypt(p.sealing)
	if err != nil {
		return nil, errors.New("decryption")
	}
	signed, err := jose.ParseSignedCompact(string(inner), []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return nil, errors.New("algorithm")
	}
	set, err := p.brokerJWKS()
	if err != nil {
		return nil, errors.New("jwks")
	}
	keys := set.Key(signed.Signatures[0].Protected.KeyID)
	if len(keys) != 1 {
		return nil, errors.New("kid")
	}
	payload, err := signed.Verify(keys[0])
	if err != nil {
		return nil, errors.New("signature")
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		return nil, err
	}
	return claims, p.checkClaims(claims, nonce, started)
}

func (p *party) checkClaims(claims map[string]any, nonce string, started time.Time) error {
	now, number := p.clock.now().Unix(), func(name string) int64 { f, _ := claims[name].(float64); return int64(f) }
	audience, _ := claims["aud"].([]any)
	switch {
	case claims["iss"] != p.sim.Endpoints().Issuer:
		return errors.New("iss")
	case claims["aud"] != clientID && (len(audience) != 1 || audience[0] != clientID):
		return errors.New("aud")
	case number("exp") <= now || number("exp") > now+p.speech.life || number("iat") > now:
		return errors.New("exp")
	case claims["nonce"] != nonce:
		return errors.New("nonce")
	case !p.level(claims):
		return errors.New("level")
	case p.speech.when(claims) < started.Unix():
		return errors.New("time")
	}
	code, _ := claims[p.speech.hetu].(string)
	if _, err := hetu.Parse(code, hetu.Artificial); err != nil {
		return errors.New("hetu")
	}
	return nil
}

// login does everything, from the request to the claims.
func (p *party) login(user string, changes map[string]any) (map[string]any, error) {
	p.Helper()
	started, claims := p.clock.now(), p.claims(changes)
	status, to, body := p.start(p.sign(claims))
	if status != http.StatusSeeOther {
		p.Fatalf("authorize: %d\n%s", status, body)
	}
	if strings.Contains(to, "/identify/") {
		to = p.atBank(to, user)
	}
	back := p.returned(to)
	if back.Get("state") != claims["state"] {
		return nil, errors.New("state")
	}
	if back.Has("error") {
		return nil, errors.New(back.Get("error"))
	}
	if !back.Has("code") {
		return nil, errors.New("code")
	}
	status, answer := p.redeem(p.tokenForm(back.Get("code")))
	if status != http.StatusOK {
		return nil, fmt.Errorf("token %d %v", status, answer["error"])
	}
	nonce, _ := claims["nonce"].(string)
	idToken, _ := answer["id_token"].(string)
	return p.open(idToken, nonce, started)
}

// lastReason is why the latest request was refused.
func (p *party) lastReason() brokersim.Reason {
	reason := brokersim.Reason("")
	for _, r := range p.sim.Requests() {
		if r.Reason != "" {
			reason = r.Reason
		}
	}
	return reason
}

func (p *party) person(user string) brokersim.Person {
	p.Helper()
	people := brokersim.People()
	i := slices.IndexFunc(people, func(q brokersim.Person) bool { return q.UserID == user })
	if i < 0 {
		p.Fatalf("nobody is called %q", user)
	}
	return people[i]
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// staticKeys are the relying party's public keys as a set that never changes.
func staticKeys() *jose.JSONWebKeySet {
	keys := rsaKeys()
	return &jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: keys[4].Public(), KeyID: "our-sig", Use: "sig"}, {Key: keys[5].Public(), KeyID: "our-enc", Use: "enc"},
	}}
}

// serve calls the simulator without a network.
func serve(ctx context.Context, sim *brokersim.Sim, method, address string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	sim.ServeHTTP(w, r)
	return w
}
