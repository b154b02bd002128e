package docs_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"avain/internal/config"
	"avain/internal/platform/keyset"
	"avain/internal/platform/store"
	"avain/internal/platform/store/pgtest"
	"avain/internal/secret"

	"github.com/go-jose/go-jose/v4"
)

// What a snippet leaves out, by the setting that it would stand under.
var rest = map[string]string{
	"public":  "public: {base_url: https://login.example.com, trusted_proxies: [10.0.0.0/24]}\n",
	"brand":   "brand: {pictures: pictures}\n",
	"clients": "clients: [{id: smartumpay, redirect_uris: [https://app.example.com/return]}]\n",
	"brokers": `brokers:
  - id: idura
    preset: idura
    production: true
    issuer: https://example.idura.broker
    client_id: example
    our_keys: {signing: [{file: keys/idura-signing.pem}], decryption: [{file: keys/idura-decryption.pem}]}
    means: [{id: nordea, name: Nordea}]
`,
}

// Each YAML block is a configuration, or a part of one, that loads without a mistake.
func TestConfigurationSnippetsLoad(t *testing.T) {
	t.Parallel()
	seen := 0
	all, err := documents()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		for _, s := range d.spans {
			if s.language != "yaml" {
				continue
			}
			seen++
			text := s.text
			for setting, usual := range rest {
				if !regexp.MustCompile(`(?m)^` + setting + `:`).MatchString(text) {
					text += usual
				}
			}
			dir := t.TempDir()
			provide(t, dir, text)
			text = fingerprinted(t, dir, text)
			if _, err := config.Parse([]byte(text), dir, nil); err != nil {
				t.Errorf("%s, line %d:\n%v", d.path, s.line, err)
			}
		}
	}
	if seen < 8 {
		t.Errorf("only %d snippets found", seen)
	}
}

var fingerprint = regexp.MustCompile(`\b[0-9A-F]{64}\b`)

// fingerprinted puts the fingerprint of the statement that a snippet names in the place of
// the broker's own.
func fingerprinted(t *testing.T, dir, text string) string {
	t.Helper()
	named := regexp.MustCompile(`entity_statement_file: (\S+)`).FindStringSubmatch(text)
	if named == nil || !fingerprint.MatchString(text) {
		return text
	}
	raw, err := os.ReadFile(filepath.Join(dir, named[1]))
	if err != nil {
		t.Fatal(err)
	}
	return fingerprint.ReplaceAllString(text, fmt.Sprintf("%X", sha256.Sum256(raw)))
}

var (
	namedFile = regexp.MustCompile(`(?:keys|tls)/[\w.-]+`)
	picture   = regexp.MustCompile(`logo: ([\w-]+\.svg)`)
)

// provide makes the files that a configuration names.
func provide(t *testing.T, dir, text string) {
	t.Helper()
	files, err := keyFiles()
	if err != nil {
		t.Fatal(err)
	}
	put := func(name string, content []byte) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"keys/prf.json", "keys/aead.json", "keys/secret"} {
		put(name, files[name])
	}
	for _, name := range namedFile.FindAllString(text, -1) {
		for kind, content := range files {
			if strings.HasSuffix(name, kind) {
				put(name, content)
			}
		}
	}
	put("pictures/logo.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`))
	for _, found := range picture.FindAllStringSubmatch(text, -1) {
		put("pictures/"+found[1], []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`))
	}
}

// keyFiles are the files by the end of their names. Keys take time: made once.
var keyFiles = sync.OnceValues(func() (map[string][]byte, error) {
	files := map[string][]byte{
		"keys/secret": []byte(secret.New().Reveal()), "keys/shop-secret": []byte(secret.New().Reveal()), "database.dsn": []byte("host=/run/postgresql dbname=avain"), "mail-password": []byte("example"),
		"webhook-crm": []byte("whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 32))),
	}
	var err error
	if files["keys/prf.json"], err = keyset.NewPRF(); err != nil {
		return nil, err
	}
	if files["keys/aead.json"], err = keyset.NewAEAD(); err != nil {
		return nil, err
	}
	for _, kind := range []string{"-signing.pem", "-decryption.pem", "-entity.pem"} {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, err
		}
		files[kind] = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	}
	for id, entity := range map[string]string{"op": "https://isb.op.fi", "telia": "https://tunnistus.telia.fi"} {
		if files[id+"-their-entity.jwks.json"], files[id+"-their-statement.jwt"], err = theirs(entity); err != nil {
			return nil, err
		}
	}
	return files, nil
})

// theirs makes what a broker hands over: its entity keys and its entity statement.
func theirs(entity string) (jwks, statement []byte, err error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, nil, err
	}
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "entity", Use: "sig", Algorithm: "RS256"}}}
	if jwks, err = json.Marshal(set); err != nil {
		return nil, nil, err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, (&jose.SignerOptions{}).WithType("entity-statement+jwt"))
	if err != nil {
		return nil, nil, err
	}
	payload, err := json.Marshal(map[string]any{"iss": entity, "sub": entity, "exp": 4102444800, "jwks": set})
	if err != nil {
		return nil, nil, err
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return nil, nil, err
	}
	compact, err := signed.CompactSerialize()
	return jwks, []byte(compact), err
}

// Each SQL block runs on both databases, on the schema of this program.
func TestSQLSnippetsRun(t *testing.T) {
	t.Parallel()
	lite := filepath.Join(t.TempDir(), "avain.db")
	postgres := pgtest.Database(t)
	for _, c := range []struct {
		driver, name string
		config       store.Config
	}{
		{"sqlite", lite, store.Config{Driver: store.SQLite, Path: lite}},
		{"pgx", postgres, store.Config{Driver: store.Postgres, DSN: secret.Of(postgres)}},
	} {
		t.Run(c.driver, func(t *testing.T) {
			t.Parallel()
			c.config.Log = slog.New(slog.DiscardHandler)
			migrate(t, c.config)
			db, err := sql.Open(c.driver, c.name)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() }) // nothing to lose
			if n := runSnippets(t, db); n < 4 {
				t.Errorf("only %d snippets found", n)
			}
		})
	}
}

func migrate(t *testing.T, c store.Config) {
	t.Helper()
	s, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func runSnippets(t *testing.T, db *sql.DB) (n int) {
	t.Helper()
	all, err := documents()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		for _, s := range d.spans {
			if s.language != "sql" {
				continue
			}
			n++
			if err := run(t.Context(), db, s.text); err != nil {
				t.Errorf("%s, line %d: %v", d.path, s.line, err)
			}
		}
	}
	return n
}

func run(ctx context.Context, db *sql.DB, statement string) error {
	if !strings.HasPrefix(statement, "SELECT") {
		_, err := db.ExecContext(ctx, statement)
		return err
	}
	rows, err := db.QueryContext(ctx, statement)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // read only
	for rows.Next() {
	}
	return rows.Err()
}
