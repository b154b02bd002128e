package config_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"avain/internal/config"
)

// ending is a self-signed certificate that ends after so long.
func ending(t *testing.T, key []byte, name string, ends time.Time) []byte {
	t.Helper()
	block, _ := pem.Decode(key)
	private, ok := must[any](t)(x509.ParsePKCS8PrivateKey(block.Bytes)).(*rsa.PrivateKey)
	if !ok {
		t.Fatal("not an RSA key")
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotAfter: ends}
	return must[[]byte](t)(x509.CreateCertificate(rand.Reader, &template, &template, &private.PublicKey, private))
}

// Everything that ends, of a whole configuration, once.
func TestEndings(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	dir, keys := folder(t), must[[2][]byte](t)(rsaKeys())
	certificate := func(name string, days int) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ending(t, keys[0], name, now.Add(time.Duration(days)*day))})
	}
	write(t, dir, "tls/cert.pem", certificate("login.example.com", 10))
	write(t, dir, "tls/key.pem", keys[0])
	write(t, dir, "keys/signing.pem", slices.Concat(keys[0], certificate("ours", 20)))
	var set map[string][]map[string]any
	if err := json.Unmarshal(publicJWKS(t, keys[0]), &set); err != nil {
		t.Fatal(err)
	}
	set["keys"][0]["x5c"] = []string{base64.StdEncoding.EncodeToString(ending(t, keys[0], "client", now.Add(30*day)))}
	write(t, dir, "client.jwks.json", must[[]byte](t)(json.Marshal(set)))
	write(t, dir, "db/client.pem", certificate("db", 40))
	write(t, dir, "db/ca.pem", slices.Concat(certificate("old", -50), certificate("new", 50)))
	write(t, dir, "keys/database.dsn", fmt.Appendf(nil, "host=db sslmode=verify-full sslcert=%s sslkey=%s sslrootcert=%s", filepath.Join(dir, "db/client.pem"), filepath.Join(dir, "tls/key.pem"), filepath.Join(dir, "db/ca.pem")))

	c, err := load(t, dir, `
public: {base_url: "https://login.example.com", tls: {cert_file: tls/cert.pem, key_file: tls/key.pem}}
database: {driver: postgres, dsn_file: keys/database.dsn}
clients:
  - {id: plain, redirect_uris: ["https://app.example.com/"]}
  - {id: web, auth: private_key_jwt, jwks_file: client.jwks.json, redirect_uris: ["https://web.example.com/"]}
brokers:
  - id: idura
    preset: idura
    production: false
    issuer: https://test.idura.broker
    client_id: urn:my:application
    our_keys: {signing: [{file: keys/signing.pem}], decryption: [{file: keys/decryption.pem}]}
    means: [{id: nordea, name: Nordea}]
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`public.tls.cert_file ours 10 true true`,
		`brokers[0].our_keys.signing[0].file ours 20 false false`,
		`clients[1].jwks_file theirs 30 false false`,
		`database.dsn_file (sslcert) ours 40 true false`,
		`database.dsn_file (sslrootcert) theirs 50 true false`,
	}
	var got []string
	for _, e := range c.Endings() {
		got = append(got, fmt.Sprint(e.Setting, " ", e.Owner, " ", e.Days(now), " ", e.Stops, " ", e.Reread))
		if e.File == "" || e.What == "" || e.Then == "" || e.Do == "" {
			t.Errorf("%+v", e)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
	// Read as they are now.
	write(t, dir, "tls/cert.pem", certificate("login.example.com", 90))
	if got := c.Endings()[0].Days(now); got != 90 {
		t.Errorf("renewed: %d days", got)
	}
}

// Where the connection string comes from decides which setting is named; SQLite has none.
func TestEndingsOfDatabases(t *testing.T) {
	t.Parallel()
	dir, keys := folder(t), must[[2][]byte](t)(rsaKeys())
	block := &pem.Block{Type: "CERTIFICATE", Bytes: ending(t, keys[0], "db", time.Now().Add(time.Hour))}
	write(t, dir, "db.pem", pem.EncodeToMemory(block))
	write(t, dir, "db.key", keys[0])
	dsn := "host=db sslmode=require sslcert=" + filepath.Join(dir, "db.pem") + " sslkey=" + filepath.Join(dir, "db.key")
	for text, want := range map[string]string{
		"\ndatabase: {driver: postgres, dsn: \"" + dsn + "\"}": "database.dsn (sslcert)",
		"\ndatabase: {driver: postgres, dsn_env: DSN}":         "database.dsn_env (sslcert)",
		"": "",
	} {
		c, err := load(t, dir, minimal+text, "DSN="+dsn)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, e := range c.Endings() {
			got += e.Setting
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	if got := config.Default().Endings(); got != nil {
		t.Errorf("an empty configuration: %v", got)
	}
}
