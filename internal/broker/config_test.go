package broker

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/login"

	"github.com/goccy/go-yaml"
)

func TestPresetsAreValidAndIdempotent(t *testing.T) {
	t.Parallel()
	for _, preset := range presets() {
		c := fill(t, baseConfig(t, preset, "http://localhost:8082"))
		if problems := c.Validate("brokers[0]"); len(problems) > 0 {
			t.Errorf("%s: %v", preset, problems)
		}
		if again := fill(t, c); !reflect.DeepEqual(again, c) {
			t.Errorf("%s: filling twice changes %+v into %+v", preset, c, again)
		}
	}
}

// The addresses of ftn.md §1, for real and for tests.
func TestPresetAddresses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		preset     Preset
		production bool
		want       []string // issuer, authorization, token, signed JWKS, entity, selector, outage
	}{
		{PresetOP, true, []string{
			"https://isb.op.fi", "https://isb.op.fi/oauth/authorize", "https://isb.op.fi/oauth/token",
			"https://isb.op.fi/jwks/broker-signed", "https://isb.op.fi", "https://isb.op.fi/api/embedded-ui/c", "",
		}},
		{PresetOP, false, []string{
			"https://isb-test.op.fi", "https://isb-test.op.fi/oauth/authorize", "https://isb-test.op.fi/oauth/token",
			"https://isb-test.op.fi/jwks/broker-signed", "https://isb-test.op.fi", "https://isb-test.op.fi/api/embedded-ui/c", "",
		}},
		{PresetTelia, true, []string{
			"https://tunnistus.telia.fi/uas", "https://tunnistus.telia.fi/uas/oauth2/authorization",
			"https://tunnistus.telia.fi/uas/oauth2/token", "https://tunnistus.telia.fi/openid_provider/signed_jwks.jwt",
			"https://tunnistus.telia.fi", "", "https://tunnistus.telia.fi/uas/resource/maintenance.txt",
		}},
		{PresetTelia, false, []string{
			"https://tunnistus-pp.telia.fi/uas", "https://tunnistus-pp.telia.fi/uas/oauth2/authorization",
			"https://tunnistus-pp.telia.fi/uas/oauth2/token", "https://tunnistus-pp.telia.fi/openid_provider/signed_jwks.jwt",
			"https://tunnistus-pp.telia.fi", "", "https://tunnistus-pp.telia.fi/uas/resource/maintenance.txt",
		}},
	} {
		got := fill(t, Config{Preset: c.preset, Production: c.production, ClientID: "c"})
		addresses := []string{
			got.Issuer, got.Endpoints.Authorization, got.Endpoints.Token, got.BrokerKeys.SignedJWKSURI,
			got.BrokerKeys.Entity, got.Selector.URL, got.Selector.OutageURL,
		}
		if !slices.Equal(addresses, c.want) {
			t.Errorf("%s: %v, want %v", c.preset, addresses, c.want)
		}
		if c.production == slices.ContainsFunc(got.ACR, isTestLevel) {
			t.Errorf("%s: accepted levels %v", c.preset, got.ACR)
		}
	}
	telia := fill(t, Config{Preset: PresetTelia, Production: true})
	if len(telia.Means) != 11 || slices.ContainsFunc(telia.Means, func(m Means) bool { return m.ID == "handelsbanken" }) || telia.Request.Prompt != "login" || telia.Request.ACRValues[0] != loaSubstantial {
		t.Errorf("Telia: %+v", telia)
	}
	if _, err := (Config{Preset: "nordea"}).WithPreset(); err == nil {
		t.Error("an unknown preset was accepted")
	}
}

// What the file says wins over the preset.
func TestFileWinsOverPreset(t *testing.T) {
	t.Parallel()
	no := false
	c := fill(t, Config{
		Preset: PresetTelia, Issuer: "https://x.example/uas", ACR: []string{"a"}, Timeout: time.Second,
		BrokerKeys: KeySource{JWKSURI: "https://x.example/jwks"}, Request: Request{PKCE: &no, Prompt: "none"},
	})
	if c.Endpoints.Token != "https://x.example/uas/oauth2/token" || c.ACR[0] != "a" || c.Timeout != time.Second ||
		c.BrokerKeys.SignedJWKSURI != "" || *c.Request.PKCE || c.Request.Prompt != "none" {
		t.Errorf("filled: %+v", c)
	}
}

func TestValidateNamesEachMistake(t *testing.T) {
	t.Parallel()
	short := keyFile(t, mustShortKey(t))
	elliptic := ecKeyFile(t)
	for _, c := range []struct {
		path   string
		preset Preset
		change func(*Config)
	}{
		{"id", PresetOP, func(c *Config) { c.ID = "A/B" }},
		{"client_id", PresetOP, func(c *Config) { c.ClientID = "" }},
		{"issuer", PresetIdura, func(c *Config) { c.Issuer = "" }},
		{"issuer", PresetIdura, func(c *Config) { c.Issuer = "http://broker.example" }},
		{"issuer", PresetIdura, func(c *Config) { c.Issuer = "ftp://broker.example" }},
		{"issuer", PresetIdura, func(c *Config) { c.Issuer = "https://user:pw@broker.example" }},
		{"issuer", PresetOP, func(c *Config) { c.Production = true }},
		{"endpoints.token", "", func(*Config) {}},
		{"endpoints.allowed_hosts[0]", PresetOP, func(c *Config) { c.Endpoints.AllowedHosts = []string{"https://x"} }},
		{"broker_keys", PresetOP, func(c *Config) { c.BrokerKeys.JWKSURI, c.BrokerKeys.SignedJWKSURI = "https://a", "https://b" }},
		{"broker_keys", PresetOP, func(c *Config) { c.BrokerKeys.EntityKeysFile = "" }},
		{"broker_keys", PresetOP, func(c *Config) { c.BrokerKeys.EntityKeysFile = "/nowhere" }},
		{"broker_keys", PresetIdura, func(c *Config) { c.BrokerKeys.EntityKeysFile = short }},
		{"broker_keys.entity_key_thumbprints[0]", PresetOP, func(c *Config) { c.BrokerKeys.EntityKeyThumbprints = []string{"xyz"} }},
		{"broker_keys.statement_fingerprints[0]", PresetOP, func(c *Config) { c.BrokerKeys.StatementFingerprints = []string{"E52C"} }},
		{"broker_keys.statement_fingerprints", PresetOP, func(c *Config) { c.BrokerKeys.StatementFingerprints = []string{strings.Repeat("E5", 32)} }},
		{"our_keys.signing", PresetOP, func(c *Config) { c.OurKeys.Signing = nil }},
		{"our_keys.signing[0]", PresetOP, func(c *Config) { c.OurKeys.Signing[0].File = "/nowhere" }},
		{"our_keys.signing[0]", PresetOP, func(c *Config) { c.OurKeys.Signing[0].File = short }},
		{"our_keys.signing[0]", PresetOP, func(c *Config) { c.OurKeys.Signing[0].File = elliptic }},
		{"our_keys.signing[0]", PresetOP, func(c *Config) { c.OurKeys.Signing[0].File = t.TempDir() }},
		{"our_keys.decryption[0]", PresetOP, func(c *Config) { c.OurKeys.Decryption[0].File = publicKeyFile(t, testDecryption()) }},
		{"our_keys", PresetIdura, func(c *Config) { c.OurKeys.Decryption = c.OurKeys.Signing }},
		{"our_keys", PresetTelia, func(c *Config) { c.OurKeys.Decryption = c.OurKeys.Signing }}, // guide §2.1.1
		{"our_keys.statement_file", PresetOP, func(c *Config) { c.OurKeys.StatementFile = "/nowhere" }},
		{"our_keys.statement_file", PresetOP, func(c *Config) { c.OurKeys.StatementFile = c.OurKeys.Entity.File }},
		{"our_keys.statement_file", PresetIdura, func(c *Config) { c.OurKeys.Entity, c.OurKeys.StatementFile = nil, "/nowhere" }},
		{"our_keys", PresetOP, func(c *Config) { c.OurKeys.Decryption[0].KID = "our-sig" }},
		{"our_keys.entity", PresetOP, func(c *Config) { c.OurKeys.Entity = &c.OurKeys.Signing[0] }},
		{"our_keys.organization_name", PresetOP, func(c *Config) { c.OurKeys.OrganizationName = "" }},
		{"algorithms.signature", PresetOP, func(c *Config) { c.Algorithms.Signature = []string{"RS256", "HS256"} }},
		{"algorithms.signature", PresetOP, func(c *Config) { c.Algorithms.Signature = []string{"none"} }},
		{"algorithms.request", PresetOP, func(c *Config) { c.Algorithms.Request = "ES256" }},
		{"algorithms.key_encryption", PresetOP, func(c *Config) { c.Algorithms.KeyEncryption = []string{"RSA1_5"} }},
		{"algorithms.key_encryption", PresetOP, func(c *Config) { c.Algorithms.KeyEncryption = []string{"dir"} }},
		{"algorithms.content_encryption", PresetOP, func(c *Config) { c.Algorithms.ContentEncryption = []string{"A128CBC"} }},
		{"assertion.ttl", PresetIdura, func(c *Config) { c.Assertion.TTL = 6 * time.Minute }},
		{"assertion.ttl", PresetTelia, func(c *Config) { c.Assertion.TTL = 2 * time.Hour }},
		{"request.transport", PresetOP, func(c *Config) { c.Request.Transport = "smoke" }},
		{"endpoints.par", PresetOP, func(c *Config) { c.Request.Transport = TransportPAR }},
		{"request.preselect", PresetOP, func(c *Config) { c.Request.Preselect = "guess" }},
		{"request.preselect_param", PresetOP, func(c *Config) { c.Request.Preselect = PreselectClaim }},
		{"request.scopes", PresetOP, func(c *Config) { c.Request.Scopes = []string{"openid"} }},
		{"request.scopes", PresetTelia, func(c *Config) { c.Request.Scopes = []string{"profile"} }},
		{"request.extra_claims.sub", PresetOP, func(c *Config) { c.Request.ExtraClaims = map[string]string{"sub": "x"} }},
		{"request.max_age", PresetOP, func(c *Config) { n := -1; c.Request.MaxAge = &n }},
		{"request.service_name", PresetOP, func(c *Config) { c.Request.ServiceName = nil }},
		{"request.service_name", PresetTelia, func(c *Config) { c.Request.ServiceName = map[string]string{"fi": "x"} }},
		{"request.service_name.fi", PresetOP, func(c *Config) { c.Request.ServiceName["fi"] = strings.Repeat("x", 65) }},
		{"request.preselect_param", PresetTelia, func(c *Config) { c.Request.Preselect, c.Request.PreselectParam = PreselectClaim, "nonce" }},
		{"request.service_name_claim", PresetOP, func(c *Config) { c.Request.ServiceNameClaim = "sub" }},
		{"request.prompt", PresetTelia, func(c *Config) { c.Request.Prompt = "none" }},
		{"request.extra_claims.response_mode", PresetTelia, func(c *Config) { c.Request.ExtraClaims = map[string]string{"response_mode": "fragment"} }},
		{"claims.auth_time", PresetTelia, func(c *Config) { c.Claims.AuthTime = "iat" }},
		{"claims.auth_time", PresetTelia, func(c *Config) { c.Claims.AuthTime = "exp" }},
		{"claims.level", PresetTelia, func(c *Config) { c.Claims.Level = "iss" }},
		{"claims.level", PresetTelia, func(c *Config) { c.Claims.Level = "urn:oid:1.2.246.21" }},
		{"method_source.claim", PresetTelia, func(c *Config) { c.Method.Claim = "urn:oid:2.5.4.4" }},
		{"method_source.names", PresetSignicat, func(c *Config) { c.Method.Names = map[string]string{"fi-x": "X!"} }},
		{"claims", PresetOP, func(c *Config) { c.Claims.Name, c.Claims.GivenName, c.Claims.FamilyName = absent, absent, absent }},
		{"accepted_acr[0]", PresetTelia, func(c *Config) { c.ACR = []string{"a b"} }},
		{"issuer", PresetIdura, func(c *Config) { c.Issuer += "/" }},
		{"issuer", PresetSignicat, func(c *Config) { c.Issuer = strings.TrimSuffix(c.Issuer, "/auth/open") }},
		{"issuer", PresetTelia, func(c *Config) { c.Production, c.Issuer = true, "https://tunnistus-pp.telia.fi/uas" }},
		{"endpoints.token", PresetOP, func(c *Config) { c.Production, c.Endpoints.Token = true, "https://isb-test.op.fi/oauth/token" }},
		{"issuer", PresetSignicat, func(c *Config) { c.Production, c.Issuer = true, "https://x.sandbox.signicat.com/auth/open" }},
		{"means[0].value", PresetTelia, func(c *Config) { c.Production, c.Means[0].Value = true, "mpki.telia.emulator.1" }},
		{"request.locales.de", PresetOP, func(c *Config) { c.Request.Locales = map[string]string{"de": "de"} }},
		{"accepted_acr[0]", PresetOP, func(c *Config) { c.Production, c.ACR = true, []string{loaTestSubstantial} }},
		{"request.acr_values[0]", PresetTelia, func(c *Config) { c.Production, c.Request.ACRValues = true, []string{loaTestHigh} }},
		{"hetu", PresetOP, func(c *Config) { c.HETU = "any" }},
		{"hetu", PresetOP, func(c *Config) { c.Production = true }},
		{"means", "", func(c *Config) { c.Means = nil }},
		{"means[0].id", PresetTelia, func(c *Config) { c.Means[0].ID = login.MeansUnknown }},
		{"means[1].name", PresetTelia, func(c *Config) { c.Means[1].Name = c.Means[0].Name }},
		{"means[1].reported", PresetIdura, func(c *Config) { c.Means[1].Reported = c.Means[0].Reported }},
		{"accepted_levels", PresetTelia, func(c *Config) { c.Levels = []string{"x"} }},
		{"accepted_levels", PresetTelia, func(c *Config) { c.Claims.Level = "idp" }},
		{"accepted_levels[0]", PresetIdura, func(c *Config) { c.Production, c.Levels = true, []string{loaTestHigh} }},
		{"claims.level", PresetTelia, func(c *Config) { c.Claims.Level = absent }},
		{"claims.auth_time", PresetTelia, func(c *Config) { c.Claims.AuthTime = absent }},
		{"claims.hetu", PresetTelia, func(c *Config) { c.Claims.HETU = absent }},
		{"request.service_name.fi", PresetSignicat, func(c *Config) { c.Request.ServiceName["fi"] = "a;b" }},
		{"request.service_name.fi", PresetSignicat, func(c *Config) { c.Request.ServiceName["fi"] = strings.Repeat("x", 65) }},
		{"means[0].id", PresetOP, func(c *Config) { c.Means[0].ID = "Ä" }},
		{"means[1].id", PresetOP, func(c *Config) { c.Means[1].ID = c.Means[0].ID }},
		{"means[0].kind", PresetOP, func(c *Config) { c.Means[0].Kind = "cash" }},
		{"means[0].name", PresetOP, func(c *Config) { c.Means[0].Name = "" }},
		{"means[0].logo", PresetOP, func(c *Config) { c.Means[0].Logo = "https://bank.example/l.png" }},
		{"means[0].logo", PresetOP, func(c *Config) { c.Means[0].Logo = "//bank.example/l.png" }},
		{"means[0].value", PresetOP, func(c *Config) { c.Means[0].Value = "" }},
		{"timeout", PresetOP, func(c *Config) { c.Timeout = time.Hour }},
		{"skew", PresetOP, func(c *Config) { c.Skew = 10 * time.Minute }},
		{"broker_keys.cache_ttl", PresetOP, func(c *Config) { c.BrokerKeys.CacheTTL = 25 * time.Hour }},
		{"circuit.failures", PresetOP, func(c *Config) { c.Circuit.Failures = -1 }},
		{"selector.url", PresetOP, func(c *Config) { c.Selector.URL = "http://bank.example" }},
	} {
		config := baseConfig(t, c.preset, "http://localhost:8082")
		c.change(&config)
		got := fill(t, config).Validate("brokers[3]")
		if !slices.ContainsFunc(got, func(p Problem) bool { return p.Path == "brokers[3]."+c.path && p.Text != "" }) {
			t.Errorf("%s (%s): problems are %v", c.path, c.preset, got)
		}
		if _, err := New([]Config{config}, Deps{CallbackURL: callbackURL}); err == nil {
			t.Errorf("%s (%s): New accepts it", c.path, c.preset)
		}
	}
}

func ecKeyFile(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return writeFile(t, "ec.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// An empty broker has many mistakes, and hears of all of them at once; and a file that
// cannot be read shows nothing of what it holds.
func TestValidateListsAllAtOnce(t *testing.T) {
	t.Parallel()
	got := fill(t, Config{}).Validate("brokers[0]")
	if len(got) < 8 {
		t.Errorf("only %d problems: %v", len(got), got)
	}
	secretFile := writeFile(t, "key.pem", []byte("-----BEGIN hunter2-----"))
	c := baseConfig(t, PresetOP, "http://localhost:8082")
	c.OurKeys.Signing[0].File = secretFile
	for _, p := range fill(t, c).Validate("") {
		if strings.Contains(p.Text, "hunter2") {
			t.Errorf("shows the file: %s", p.Text)
		}
	}
}

func TestSameBrokerTwice(t *testing.T) {
	t.Parallel()
	c := baseConfig(t, PresetOP, "http://localhost:8082")
	if _, err := New([]Config{c, c}, Deps{CallbackURL: callbackURL}); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("New: %v", err)
	}
	if _, err := New(nil, Deps{}); err == nil {
		t.Error("New without a callback URL")
	}
}

func TestKeyFormats(t *testing.T) {
	t.Parallel()
	pkcs1 := writeFile(t, "k.pem", pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(testSigning())}))
	own, err := thumbprint(testSigning().Public())
	if err != nil {
		t.Fatal(err)
	}
	jwk := writeFile(t, "k.jwk", asJSON(t, jwkOf(testSigning(), "from-jwk")))
	for _, c := range []struct {
		file KeyFile
		kid  string
	}{
		{KeyFile{File: pkcs1}, own},
		{KeyFile{File: keyFile(t, testSigning())}, own},
		{KeyFile{File: jwk}, "from-jwk"},
		{KeyFile{File: jwk, KID: "mine"}, "mine"},
	} {
		key, err := loadKey(c.file)
		if err != nil || key.kid != c.kid || !key.private.Equal(testSigning()) {
			t.Errorf("%+v: %v, kid %s", c.file, err, key.kid)
		}
	}
}

// The file format as an operator writes it.
func TestConfigFromYAML(t *testing.T) {
	t.Parallel()
	const text = `
id: telia
preset: telia
production: true
client_id: abc
our_keys:
  signing: [{file: /keys/sig.pem, kid: sig-1}]
  decryption: [{file: /keys/new.pem}, {file: /keys/old.pem}]
broker_keys:
  entity_statement_file: /keys/telia.jwt
  statement_fingerprints: [E52C]
  entity_key_thumbprints: ["aa:bb"]
  cache_ttl: 30m
request:
  pkce: false
  max_age: 0
means:
  - {id: mobile, kind: mobile, value: mpki.telia.1, rank: 2}
timeout: 5s
`
	var got Config
	if err := yaml.NewDecoder(strings.NewReader(text), yaml.Strict()).Decode(&got); err != nil {
		t.Fatal(err)
	}
	no, zero := false, 0
	want := Config{
		ID: "telia", Preset: PresetTelia, Production: true, ClientID: "abc", Timeout: 5 * time.Second,
		OurKeys: OurKeys{
			Signing:    []KeyFile{{File: "/keys/sig.pem", KID: "sig-1"}},
			Decryption: []KeyFile{{File: "/keys/new.pem"}, {File: "/keys/old.pem"}},
		},
		BrokerKeys: KeySource{EntityStatementFile: "/keys/telia.jwt", StatementFingerprints: []string{"E52C"}, EntityKeyThumbprints: []string{"aa:bb"}, CacheTTL: 30 * time.Minute},
		Request:    Request{PKCE: &no, MaxAge: &zero},
		Means:      []Means{{ID: "mobile", Kind: "mobile", Value: "mpki.telia.1", Rank: 2}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, want %+v", got, want)
	}
	if err := yaml.NewDecoder(strings.NewReader("id: x\nhetuu: lenient"), yaml.Strict()).Decode(&got); err == nil {
		t.Error("an unknown field was accepted")
	}
}
