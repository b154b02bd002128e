package broker

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/secret"

	"github.com/go-jose/go-jose/v4"
)

// The keys of the tests: RSA keys are slow to make, so each is made once.
var (
	testSigning    = sync.OnceValue(newRSA)
	testDecryption = sync.OnceValue(newRSA)
	testOlder      = sync.OnceValue(newRSA) // our decryption key before the roll-over
	testEntity     = sync.OnceValue(newRSA)
	brokerSigning  = sync.OnceValue(newRSA)
	brokerNext     = sync.OnceValue(newRSA) // what the broker rotates to
	brokerEntity   = sync.OnceValue(newRSA)
	rogueKey       = sync.OnceValue(newRSA)
)

func newRSA() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

const testCode = "code-from-the-broker"

// testHETU is an artificial code.
const testHETU = "100190-999P"

// clock is the time of a test.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// seen is one request that the simulated broker received.
type seen struct {
	method, path string
	form         url.Values
}

// world is one broker, made of a real HTTP server and real keys, and the registry
// under test. Its hooks make the broker lie.
type world struct {
	t        testing.TB
	clock    *clock
	server   *httptest.Server
	config   Config
	registry *Registry

	mu        sync.Mutex
	requests  []seen
	handlers  map[string]http.HandlerFunc // by path; before the normal answers
	mutate    func(map[string]any)        // changes the claims of the id_token
	seal      func(claims map[string]any) string
	published []jose.JSONWebKey // the broker's keys
	nonce     string            // from the last Begin
	observed  []Observation
}

// newWorld starts a broker that speaks the preset's dialect; change may alter our
// configuration.
func newWorld(t testing.TB, preset Preset, change func(*Config)) *world {
	t.Helper()
	w := &world{
		t: t, clock: newClock(), handlers: map[string]http.HandlerFunc{},
		published: []jose.JSONWebKey{public(brokerSigning(), "b1")},
	}
	w.server = httptest.NewServer(http.HandlerFunc(w.serve))
	t.Cleanup(w.server.Close)
	config := baseConfig(t, preset, w.server.URL)
	if change != nil {
		change(&config)
	}
	w.config = fill(t, config)
	w.registry = newRegistry(t, w, config)
	return w
}

func newRegistry(t testing.TB, w *world, configs ...Config) *Registry {
	t.Helper()
	registry, err := New(configs, Deps{
		Now: w.clock.Now, CallbackURL: callbackURL,
		Observe: func(o Observation) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.observed = append(w.observed, o)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(registry.Close)
	return registry
}

func callbackURL(id string) string { return "https://login.example/callback/" + id }

func fill(t testing.TB, config Config) Config {
	t.Helper()
	filled, err := config.WithPreset()
	if err != nil {
		t.Fatal(err)
	}
	return filled
}

// baseConfig is a complete configuration for a broker at the base URL.
func baseConfig(t testing.TB, preset Preset, base string) Config {
	t.Helper()
	c := Config{
		ID: "brk", Preset: preset, ClientID: "client-1", HETU: HETUArtificial, Issuer: base,
		Timeout: time.Minute, // the longest that there is: a busy machine is no slow broker
		OurKeys: OurKeys{
			Signing:          []KeyFile{{File: keyFile(t, testSigning()), KID: "our-sig"}},
			Decryption:       []KeyFile{{File: keyFile(t, testDecryption()), KID: "our-enc"}},
			Entity:           &KeyFile{File: keyFile(t, testEntity()), KID: "our-entity"},
			OrganizationName: "Smartum",
		},
		Means: []Means{
			{ID: "metsa", Name: "Metsäpankki", Value: "fi-metsa", Logo: "metsa.svg"},
			{ID: "koivu", Name: "Koivu", Value: "fi-koivu"},
			{ID: "mobile", Kind: "mobile", Value: "fi-mobile"},
		},
	}
	switch preset {
	case PresetOP:
		c.Request.ServiceName = map[string]string{"fi": "Smartum", "sv": "Smartum sv"}
		c.BrokerKeys.EntityKeysFile = publicKeyFile(t, brokerEntity())
	case PresetTelia:
		c.Issuer = base + "/uas"
		c.BrokerKeys.EntityKeysFile = publicKeyFile(t, brokerEntity())
		for i, value := range []string{"oidc.metsa.1", "oidc.koivu.1", "mpki.telia.1"} {
			c.Means[i].Value = value
		}
	case PresetIdura:
		for i, reported := range []string{"oidc.metsa.1", "oidc.koivu.1", "mpki.telia.1"} {
			c.Means[i].Value, c.Means[i].Reported = "", []string{reported}
		}
	case PresetSignicat:
		c.Issuer = base + "/auth/open"
		c.Request.ServiceName = map[string]string{"fi": "Smartum"}
		for i := range c.Means {
			c.Means[i].Value, c.Means[i].Reported = "", []string{"fi-" + c.Means[i].ID}
		}
	case PresetINGroupe:
		c.Issuer = base + "/oidc"
		for i := range c.Means {
			c.Means[i].Value, c.Means[i].Reported = "", []string{c.Means[i].ID}
		}
	}
	return c
}

func keyFile(t testing.TB, key *rsa.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return writeFile(t, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func publicKeyFile(t testing.TB, key *rsa.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return writeFile(t, "public.pem", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func writeFile(t testing.TB, name string, raw []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func public(key *rsa.PrivateKey, kid string) jose.JSONWebKey {
	return jose.JSONWebKey{Key: key.Public(), KeyID: kid, Use: "sig", Algorithm: "RS256"}
}

// serve is the broker.
func (w *world) serve(rw http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(rw, "form", http.StatusBadRequest)
		return
	}
	w.mu.Lock()
	w.requests = append(w.requests, seen{r.Method, r.URL.Path, maps.Clone(r.Form)})
	special := w.handlers[r.URL.Path]
	w.mu.Unlock()
	if special != nil {
		special(rw, r)
		return
	}
	paths := w.paths()
	switch r.URL.Path {
	case paths["token"]:
		answerJSON(rw, http.StatusOK, map[string]any{"access_token": "unused", "token_type": "Bearer", "id_token": w.idToken()})
	case paths["par"]:
		answerJSON(rw, http.StatusCreated, map[string]any{"request_uri": "urn:ietf:params:oauth:request_uri:abc", "expires_in": 60})
	case paths["jwks"]:
		answerJSON(rw, http.StatusOK, jose.JSONWebKeySet{Keys: w.keys()})
	case paths["signed"]:
		_, _ = io.WriteString(rw, w.signedJWKS(nil))
	case paths["discovery"]:
		answerJSON(rw, http.StatusOK, w.metadata())
	case paths["selector"]:
		_, _ = io.WriteString(rw, selectorJSON(r.Form.Get("lang")))
	case paths["outage"]:
		_, _ = io.WriteString(rw, "Huoltokatko\r\nyöllä|Avbrott|Outage")
	default:
		http.NotFound(rw, r)
	}
}

// paths names the broker's endpoints; what a dialect lacks is a path nobody asks for.
func (w *world) paths() map[string]string {
	at := func(raw, otherwise string) string {
		if u, err := url.Parse(raw); err == nil && u.Path != "" {
			return u.Path
		}
		return otherwise
	}
	c := w.config
	return map[string]string{
		"token": at(c.Endpoints.Token, "/d/token"), "par": at(c.Endpoints.PAR, "/d/par"),
		"jwks": at(c.BrokerKeys.JWKSURI, "/d/jwks"), "signed": at(c.BrokerKeys.SignedJWKSURI, "/-signed"),
		"discovery": at(c.Endpoints.Discovery, "/-discovery"), "selector": at(c.Selector.URL, "/-selector"),
		"outage": at(c.Selector.OutageURL, "/-outage"),
	}
}

func (w *world) metadata() map[string]any {
	return map[string]any{
		"issuer": w.config.Issuer, "jwks_uri": w.server.URL + "/d/jwks",
		"authorization_endpoint":                cmp.Or(w.config.Endpoints.Authorization, w.server.URL+"/d/authorize"),
		"token_endpoint":                        cmp.Or(w.config.Endpoints.Token, w.server.URL+"/d/token"),
		"pushed_authorization_request_endpoint": cmp.Or(w.config.Endpoints.PAR, w.server.URL+"/d/par"),
	}
}

func selectorJSON(lang string) string {
	raw, _ := json.Marshal(map[string]any{
		"identityProviders": []map[string]string{
			{"name": "Koivu (" + lang + ")", "imageUrl": "https://tracker.example/k.png", "ftn_idp_id": "fi-koivu"},
			{"name": "Metsä", "imageUrl": "https://tracker.example/m.png", "ftn_idp_id": "fi-metsa"},
			{"name": "Uusi pankki", "ftn_idp_id": "fi-uusi"},
			{"name": "Mobiili", "ftn_idp_id": "fi-mobile"},
			{"name": "Hack", "ftn_idp_id": "../../x"},
		},
		"isbProviderInfo": "OP Tunnistuksen <b>välityspalvelu</b>", "isbConsent": "Suostumus\r\n" + lang,
		"privacyNoticeText": "Tietosuoja", "privacyNoticeLink": "https://isb.example/privacy",
		"disturbanceInfo": map[string]string{"header": "Häiriö", "text": "Rivi 1\r\nRivi 2 <script>alert(1)</script>"},
	})
	return string(raw)
}

func answerJSON(rw http.ResponseWriter, status int, body any) {
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(status)
	_ = json.NewEncoder(rw).Encode(body)
}

func (w *world) keys() []jose.JSONWebKey {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.published)
}

// signedJWKS is the broker's, after change.
func (w *world) signedJWKS(change func(header, body map[string]any)) string {
	now := w.clock.Now()
	header := map[string]any{"typ": "jwk-set+jwt", "kid": "entity"}
	body := map[string]any{
		"iss": w.config.BrokerKeys.Entity, "sub": w.config.BrokerKeys.Entity, "iat": now.Unix(),
		"exp": now.Add(24 * time.Hour).Unix(), "keys": w.keys(),
	}
	if change != nil {
		change(header, body)
	}
	return signJWS(w.t, brokerEntity(), header, body)
}

// claims is a good id_token of the dialect, with the claims that the broker publishes
// (published_test.go has each message as it was published).
func (w *world) claims() map[string]any {
	now := w.clock.Now()
	w.mu.Lock()
	nonce := w.nonce
	w.mu.Unlock()
	c := map[string]any{
		"iss": w.config.Issuer, "aud": w.config.ClientID, "sub": "transient", "nonce": nonce,
		"iat": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(),
		w.config.Claims.HETU: testHETU, w.config.Claims.GivenName: "Matti Matias",
		w.config.Claims.FamilyName: "von Möttönen", "name": "von Möttönen Matti Matias",
	}
	if w.config.Preset != PresetIdura {
		c["auth_time"] = now.Unix()
	}
	switch w.config.Preset {
	case PresetOP: // says nothing of the method
		c["acr"] = loaTestSubstantial
	case PresetTelia:
		c["aud"], c["azp"] = []string{w.config.ClientID}, w.config.ClientID
		c["acr"], c["amr"] = loaTestSubstantial, []string{w.config.Method.Prefixes[0] + "oidc.metsa.1"}
		delete(c, "name")
		c[w.config.Claims.Name] = "Matti Matias von Möttönen"
	case PresetIdura:
		c["identityscheme"], c["authenticationtype"] = "fitupas", iduraBank
		c["authenticationmethod"] = teliaTestMethodURL + "oidc.metsa.1"
		c["authenticationinstant"] = now.Format("2006-01-02T15:04:05.000Z")
		c["name"] = "_19cfbd642c4a82b08613b841caf0e153c5956c14" // an opaque id, as its page shows
	case PresetSignicat:
		c["idp"], c["amr"], c["ftn_idp"] = "ftn", []string{"external"}, "fi-metsa"
	case PresetINGroupe:
		c["acr"], c["fi_tupas_bank"], c["ssn"] = inGroupeHigh, "metsa", testHETU
	default:
		c["acr"] = loaTestSubstantial
	}
	return c
}

func (w *world) idToken() string {
	claims := w.claims()
	w.mu.Lock()
	mutate, seal := w.mutate, w.seal
	w.mu.Unlock()
	if mutate != nil {
		mutate(claims)
	}
	if seal != nil {
		return seal(claims)
	}
	return w.sealed(signJWS(w.t, brokerSigning(), map[string]any{"kid": "b1"}, claims))
}

// sealed encrypts a plaintext the way the broker normally does.
func (w *world) sealed(inner string) string {
	return sealJWE(w.t, testDecryption(), jose.KeyAlgorithm(w.config.Algorithms.KeyEncryption[0]), jose.A128CBC_HS256,
		map[string]any{"cty": "JWT", "kid": "our-enc"}, inner)
}

func (w *world) handle(name string, handler http.HandlerFunc) {
	path := w.paths()[name]
	w.mu.Lock()
	defer w.mu.Unlock()
	w.handlers[path] = handler
}

// lie sets the hooks for the next token.
func (w *world) lie(mutate func(map[string]any), seal func(map[string]any) string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mutate, w.seal = mutate, seal
}

// received lists the requests to one of the broker's paths.
func (w *world) received(name string) []seen {
	path := w.paths()[name]
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []seen
	for _, r := range w.requests {
		if r.path == path {
			out = append(out, r)
		}
	}
	return out
}

// journey is one login's secrets.
type journey struct {
	start    Start
	redirect Redirect
	began    time.Time
}

// begin starts a login with the means.
func (w *world) begin(means string) (journey, error) {
	w.t.Helper()
	j := journey{began: w.clock.Now(), start: Start{
		Means: means, State: secret.New(), Nonce: secret.New(), Verifier: secret.New(), Locale: "sv",
	}}
	var err error
	j.redirect, err = w.registry.Begin(context.Background(), j.start)
	w.mu.Lock()
	w.nonce = j.start.Nonce.Reveal()
	w.mu.Unlock()
	return j, err
}

func (w *world) mustBegin(means string) journey {
	w.t.Helper()
	j, err := w.begin(means)
	if err != nil {
		w.t.Fatal(err)
	}
	return j
}

// back is the good callback of a journey.
func (j journey) back() Return {
	return Return{
		Broker: j.redirect.Broker, Means: j.start.Means, State: j.start.State, Nonce: j.start.Nonce, Verifier: j.start.Verifier,
		StartedAt: j.began, Query: url.Values{"code": {testCode}, "state": {j.start.State.Reveal()}},
	}
}

// login goes all the way.
func (w *world) login(means string) (login.Identity, error) {
	w.t.Helper()
	return w.registry.Finish(context.Background(), w.mustBegin(means).back())
}

// mustFail asserts reason and detail of an error, and that it is ours.
func mustFail(t testing.TB, err error, reason login.Reason, detail string) {
	t.Helper()
	failed, ok := err.(*fault.Error) //nolint:errorlint // the contract is the type itself
	if !ok {
		t.Fatalf("error is %T (%v), want *fault.Error", err, err)
	}
	if failed.Reason != reason || failed.Detail != detail {
		t.Fatalf("error is %s, want reason %s, detail %s", failed, reason, detail)
	}
	if failed.Kind == fault.Internal {
		t.Fatalf("error is internal: %v", failed)
	}
}

func presets() []Preset { return Presets() }

func name(preset Preset) string { return fmt.Sprintf("preset=%s", preset) }
