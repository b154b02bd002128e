package config_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"avain/internal/config"
	"avain/internal/platform/keyset"

	"github.com/go-jose/go-jose/v4"
)

// minimal is the shortest file that describes a working installation.
const minimal = `
public:
  base_url: http://localhost:8080
clients:
  - id: smartumpay
    redirect_uris: [http://localhost:8081/]
brokers:
  - id: idura
    preset: idura
    issuer: https://test.idura.broker
    client_id: urn:my:application
    our_keys:
      signing: [{file: keys/signing.pem}]
      decryption: [{file: keys/decryption.pem}]
    means:
      - {id: nordea, name: Nordea}
`

// must fails the test at once; it keeps the set-up readable.
func must[T any](t testing.TB) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// rsaKeys are made once: 2048 bits take a while.
var rsaKeys = sync.OnceValues(func() ([2][]byte, error) {
	var out [2][]byte
	for i := range out {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return out, err
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return out, err
		}
		out[i] = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	}
	return out, nil
})

const nodeSecret = "canary-node-secret-0123456789abcdef"

// folder makes a temporary folder with the keys that a configuration names.
func folder(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	keys := must[[2][]byte](t)(rsaKeys())
	write(t, dir, "keys/prf.json", must[[]byte](t)(keyset.NewPRF()))
	write(t, dir, "keys/aead.json", must[[]byte](t)(keyset.NewAEAD()))
	write(t, dir, "keys/secret", []byte(nodeSecret+"\n"))
	write(t, dir, "keys/signing.pem", keys[0])
	write(t, dir, "keys/decryption.pem", keys[1])
	return dir
}

func write(t testing.TB, dir, name string, content []byte) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// publicJWKS is a JWK set with the public half of a key in PEM.
func publicJWKS(t testing.TB, key []byte) []byte {
	t.Helper()
	block, _ := pem.Decode(key)
	private := must[any](t)(x509.ParsePKCS8PrivateKey(block.Bytes))
	public := jose.JSONWebKey{Key: &private.(*rsa.PrivateKey).PublicKey, KeyID: "entity", Use: "sig", Algorithm: "RS256"}
	return must[[]byte](t)(json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{public}}))
}

// statement is Telia's entity statement, as far as it matters, signed with a key in PEM.
func statement(t testing.TB, key []byte) []byte {
	t.Helper()
	block, _ := pem.Decode(key)
	private := must[any](t)(x509.ParsePKCS8PrivateKey(block.Bytes))
	signer := must[jose.Signer](t)(jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: private}, nil))
	payload := must[[]byte](t)(json.Marshal(map[string]any{
		"iss": "https://tunnistus.telia.fi", "sub": "https://tunnistus.telia.fi", "jwks": json.RawMessage(publicJWKS(t, key)),
	}))
	signed := must[*jose.JSONWebSignature](t)(signer.Sign(payload))
	return []byte(must[string](t)(signed.CompactSerialize()))
}

// certificate is a self-signed one of a key in PEM.
func certificate(t testing.TB, key []byte) []byte {
	t.Helper()
	block, _ := pem.Decode(key)
	private, ok := must[any](t)(x509.ParsePKCS8PrivateKey(block.Bytes)).(*rsa.PrivateKey)
	if !ok {
		t.Fatal("not an RSA key")
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"login.example.com"}}
	der := must[[]byte](t)(x509.CreateCertificate(rand.Reader, &template, &template, &private.PublicKey, private))
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func load(t testing.TB, dir, text string, environ ...string) (config.Config, error) {
	t.Helper()
	write(t, dir, "avain.yaml", []byte(text))
	return config.Load(filepath.Join(dir, "avain.yaml"), environ)
}

func TestMinimalFileGetsDefaults(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	c, err := load(t, dir, minimal)
	if err != nil {
		t.Fatalf("the minimal file is refused:\n%v", err)
	}
	want := config.Default()
	if c.Tokens != want.Tokens || c.Lifetimes != want.Lifetimes || c.Limits != want.Limits || c.Retention != want.Retention {
		t.Errorf("defaults changed: %+v", c)
	}
	if c.Database.Path != filepath.Join(dir, "avain.db") {
		t.Errorf("database.path = %q, want it beside the file", c.Database.Path)
	}
	client := c.LoginClients()[0]
	if client.Profile != "strict" || client.Auth != "none" || client.Name != "smartumpay" {
		t.Errorf("client defaults: %+v", client)
	}
	if got := c.Brokers[0].OurKeys.Signing[0].File; got != filepath.Join(dir, "keys/signing.pem") {
		t.Errorf("a broker's key file = %q, want it relative to the configuration's folder", got)
	}
	if c.Brokers[0].Request.Audience == "" {
		t.Error("the broker was not completed from its preset")
	}
	if c.Keys.Secret.Reveal() != nodeSecret {
		t.Error("keys.secret was not read, or not trimmed")
	}
}

func TestPoolerFromAFile(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	write(t, dir, "keys/pooler.dsn", []byte("host=p password=hunter2\n"))
	c, err := load(t, dir, minimal+"\ndatabase: {driver: postgres, dsn: 'host=c', pooler_dsn_file: keys/pooler.dsn}\n")
	if err != nil {
		t.Fatal(err)
	}
	if c.Database.Connection.Reveal() != "host=c" || c.Database.Pooler.Reveal() != "host=p password=hunter2" {
		t.Error("the connection strings are mixed up")
	}
}

func TestSecretsFromTheEnvironment(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	text := minimal + `
keys: {secret_env: AVAIN_SECRET}
database: {driver: postgres, dsn_env: AVAIN_DSN}
`
	const dsn = "postgres://avain:hunter2@db.example/avain"
	c, err := load(t, dir, text, "AVAIN_SECRET="+strings.Repeat("old", 20), "AVAIN_DSN= "+dsn+"\n", "AVAIN_SECRET="+strings.Repeat("n", 40))
	if err != nil {
		t.Fatal(err)
	}
	if c.Database.Connection.Reveal() != dsn {
		t.Error("the connection string is not the variable's")
	}
	if c.Keys.Secret.Reveal() != strings.Repeat("n", 40) {
		t.Error("of two equal variables the last one must win")
	}
}

// TestThreat32ConfigurationNeverPrintsSecrets prints a loaded configuration in every
// way that a careless line could.
func TestThreat32ConfigurationNeverPrintsSecrets(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	const canary = "canary-client-secret-0123456789abcdef"
	write(t, dir, "keys/client", []byte(canary))
	c, err := load(t, dir, minimal+`
database: {driver: postgres, dsn_env: DSN}
`, "DSN=postgres://avain:canary-dsn@db/avain")
	if err != nil {
		t.Fatal(err)
	}
	c.Clients = append(c.Clients, config.Client{SecretFile: "x", Secret: c.Keys.Secret})
	for name, printed := range printedForms(t, c) {
		if strings.Contains(printed, "canary") {
			t.Errorf("%s shows a secret", name)
		}
		if strings.Contains(printed, c.Keys.PRFKeyset.Reveal()[20:60]) {
			t.Errorf("%s shows a keyset", name)
		}
	}
}
