package broker

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/login"

	"github.com/go-jose/go-jose/v4"
)

func TestPublishedJWKS(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetOP, func(c *Config) {
		c.OurKeys.Signing = append(c.OurKeys.Signing, KeyFile{File: keyFile(t, rogueKey()), KID: "our-next"})
		c.OurKeys.Decryption = append(c.OurKeys.Decryption, KeyFile{File: keyFile(t, testOlder()), KID: "our-old"})
	})
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(mustBytes(t, w.registry.JWKS, "brk"), &set); err != nil {
		t.Fatal(err)
	}
	type row struct{ kid, use, alg string }
	var got []row
	for _, key := range set.Keys {
		if _, private := key.Key.(*rsa.PrivateKey); private || !key.IsPublic() {
			t.Fatalf("%s: the private key is published", key.KeyID)
		}
		got = append(got, row{key.KeyID, key.Use, key.Algorithm})
	}
	want := []row{{"our-sig", "sig", "RS256"}, {"our-next", "sig", "RS256"}, {"our-enc", "enc", "RSA-OAEP"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("published %v, want %v", got, want)
	}
}

func TestPublishedSignedJWKS(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetOP, nil)
	raw := mustBytes(t, w.registry.SignedJWKS, "brk")
	header, body := decoded(t, string(raw), testEntity())
	if !reflect.DeepEqual(header, map[string]any{"alg": "RS256", "kid": "our-entity", "typ": "jwk-set+jwt"}) {
		t.Errorf("header is %v", header)
	}
	now := float64(w.clock.Now().Unix())
	for claim, want := range map[string]any{
		"iss": "https://login.example", "sub": "https://login.example", "iat": now, "exp": now + 86400,
	} {
		if body[claim] != want {
			t.Errorf("%s is %v, want %v", claim, body[claim], want)
		}
	}
	if keys, _ := body["keys"].([]any); len(keys) != 2 {
		t.Errorf("keys are %v", body["keys"])
	}
	if bytes.Contains(raw, []byte(`"d"`)) {
		t.Error("a private key is published")
	}
	// One signature for half a day: whoever fetches it all the time costs us nothing.
	w.clock.advance(11 * time.Hour)
	if !bytes.Equal(raw, mustBytes(t, w.registry.SignedJWKS, "brk")) {
		t.Error("signed anew too early")
	}
	w.clock.advance(time.Hour)
	again := mustBytes(t, w.registry.SignedJWKS, "brk")
	if bytes.Equal(raw, again) {
		t.Error("not signed anew")
	}
	if _, body := decoded(t, string(again), testEntity()); body["iat"] != now+12*3600 {
		t.Errorf("iat is %v", body["iat"])
	}
}

// OP prescribes every value of the metadata (ftn.md §1).
func TestPublishedEntityStatement(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetOP, func(c *Config) { c.OurKeys.EntityID = "https://smartum.example" })
	header, body := decoded(t, string(mustBytes(t, w.registry.EntityStatement, "brk")), testEntity())
	if !reflect.DeepEqual(header, map[string]any{"alg": "RS256", "kid": "our-entity", "typ": "entity-statement+jwt"}) {
		t.Errorf("header is %v", header)
	}
	want := map[string]any{
		"redirect_uris":                   []any{"https://login.example/callback/brk"},
		"application_type":                "web",
		"id_token_signed_response_alg":    "RS256",
		"id_token_encrypted_response_alg": "RSA-OAEP",
		"id_token_encrypted_response_enc": "A128CBC-HS256",
		"request_object_signing_alg":      "RS256",
		"token_endpoint_auth_method":      "private_key_jwt",
		"token_endpoint_auth_signing_alg": "RS256",
		"client_registration_types":       []any{},
		"organization_name":               "Smartum",
		"signed_jwks_uri":                 "https://login.example/ftn/brk/signed-jwks.jwt",
	}
	metadata, _ := body["metadata"].(map[string]any)
	if !reflect.DeepEqual(metadata["openid_relying_party"], want) {
		t.Errorf("metadata is %v, want %v", metadata, want)
	}
	if body["iss"] != "https://smartum.example" || body["sub"] != body["iss"] {
		t.Errorf("iss %v, sub %v", body["iss"], body["sub"])
	}
	jwks, _ := body["jwks"].(map[string]any)
	keys, _ := jwks["keys"].([]any)
	if len(keys) != 1 || !containsText(string(asJSON(t, keys[0])), `"kid":"our-entity"`) {
		t.Errorf("jwks is %v", jwks)
	}
}

// What we publish is what we would believe of another: the two halves agree.
func TestOurStatementAndJWKSPassOurOwnChecks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetOP, nil)
	statement := mustBytes(t, w.registry.EntityStatement, "brk")
	pin, err := loadPin(KeySource{
		EntityStatementFile: writeFile(t, "s.jwt", statement), Entity: "https://login.example",
	}, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	u := w.registry.brokers[0]
	u.config.BrokerKeys.Entity = "https://login.example"
	set, err := u.openSignedJWKS(mustBytes(t, w.registry.SignedJWKS, "brk"), pin)
	if err != nil || len(set.keys) != 1 || set.keys[0].KeyID != "our-sig" {
		t.Errorf("%v, keys %v", err, set.keys)
	}
}

func TestPublishingWithoutEntityKeyOrBroker(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetIdura, func(c *Config) { c.OurKeys.Entity = nil })
	for _, get := range []func(string) ([]byte, error){w.registry.SignedJWKS, w.registry.EntityStatement} {
		_, err := get("brk")
		mustFail(t, err, login.ReasonPageUnknown, "entity.not_configured")
	}
	for _, get := range []func(string) ([]byte, error){w.registry.SignedJWKS, w.registry.EntityStatement, w.registry.JWKS} {
		_, err := get("../brk")
		mustFail(t, err, login.ReasonPageUnknown, "broker.unknown")
	}
	mustBytes(t, w.registry.JWKS, "brk")
}

func TestPinnedEntity(t *testing.T) {
	t.Parallel()
	const entity = "https://broker.example"
	statement := func(key *rsa.PrivateKey, change func(map[string]any)) string {
		body := map[string]any{
			"iss": entity, "sub": entity, "exp": 4102444800,
			"jwks": jose.JSONWebKeySet{Keys: []jose.JSONWebKey{public(brokerEntity(), "e")}},
		}
		if change != nil {
			change(body)
		}
		return writeFile(t, "statement.jwt", []byte(signJWS(t, key, map[string]any{"typ": "entity-statement+jwt"}, body)+"\n"))
	}
	good := statement(brokerEntity(), nil)
	own, err := thumbprint(brokerEntity().Public())
	if err != nil {
		t.Fatal(err)
	}
	other, err := thumbprint(rogueKey().Public())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64Decode(own)
	if err != nil {
		t.Fatal(err)
	}
	jwk := writeFile(t, "e.jwk", asJSON(t, public(brokerEntity(), "e")))
	set := writeFile(t, "e.jwks", asJSON(t, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{public(brokerEntity(), "e")}}))
	for _, c := range []struct {
		name   string
		source KeySource
		ok     bool
	}{
		{"PEM", KeySource{EntityKeysFile: publicKeyFile(t, brokerEntity())}, true},
		{"JWK", KeySource{EntityKeysFile: jwk}, true},
		{"JWK set", KeySource{EntityKeysFile: set}, true},
		{"statement", KeySource{EntityStatementFile: good}, true},
		{"statement and its fingerprint in capitals, as Telia prints it", KeySource{EntityStatementFile: good, StatementFingerprints: []string{sumOf(t, good, "%X")}}, true},
		{"in small letters, as sha256sum prints it", KeySource{EntityStatementFile: good, StatementFingerprints: []string{other, sumOf(t, good, "%x")}}, true},
		{"of the statement without the line break that an editor added", KeySource{EntityStatementFile: good, StatementFingerprints: []string{trimmedSumOf(t, good)}}, true},
		{"another statement's fingerprint", KeySource{EntityStatementFile: good, StatementFingerprints: []string{other}}, false},
		{"the key's thumbprint where the statement's belongs", KeySource{EntityStatementFile: good, StatementFingerprints: []string{own}}, false},
		{"the statement's fingerprint where the key's belongs", KeySource{EntityStatementFile: good, EntityKeyThumbprints: []string{sumOf(t, good, "%X")}}, false},
		{"statement and key thumbprint", KeySource{EntityStatementFile: good, EntityKeyThumbprints: []string{other, own}}, true},
		{"thumbprint in hex with colons", KeySource{EntityStatementFile: good, EntityKeyThumbprints: []string{hexColons(raw)}}, true},
		{"thumbprint of the DER key", KeySource{EntityStatementFile: good, EntityKeyThumbprints: []string{spki(t, brokerEntity())}}, true},
		{"statement and its key", KeySource{EntityStatementFile: good, EntityKeysFile: jwk}, true},
		{"wrong thumbprint", KeySource{EntityStatementFile: good, EntityKeyThumbprints: []string{other}}, false},
		{"statement of another key than the pinned one", KeySource{EntityStatementFile: good, EntityKeysFile: publicKeyFile(t, rogueKey())}, false},
		{"statement not signed by itself", KeySource{EntityStatementFile: statement(rogueKey(), nil)}, false},
		{"statement about another", KeySource{EntityStatementFile: statement(brokerEntity(), func(b map[string]any) { b["sub"] = "x" })}, false},
		{"statement of another", KeySource{EntityStatementFile: statement(brokerEntity(), func(b map[string]any) { b["iss"], b["sub"] = "x", "x" })}, false},
		{"statement without keys", KeySource{EntityStatementFile: statement(brokerEntity(), func(b map[string]any) { delete(b, "jwks") })}, false},
		{"a statement that holds the pinned key and is signed by another", KeySource{EntityKeysFile: jwk, EntityStatementFile: statement(rogueKey(), func(b map[string]any) {
			b["jwks"] = jose.JSONWebKeySet{Keys: []jose.JSONWebKey{public(brokerEntity(), "e"), public(rogueKey(), "r")}}
		})}, false},
		{"exp is no time", KeySource{EntityStatementFile: statement(brokerEntity(), func(b map[string]any) { b["exp"] = -1 })}, false},
		{"exp with a fraction", KeySource{EntityStatementFile: statement(brokerEntity(), func(b map[string]any) { b["exp"] = 4102444800.5 })}, true},
		{"not a statement", KeySource{EntityStatementFile: jwk}, false},
		{"no such file", KeySource{EntityKeysFile: "/nowhere"}, false},
		{"short key", KeySource{EntityKeysFile: publicKeyFile(t, mustShortKey(t))}, false},
		{"private key", KeySource{EntityKeysFile: keyFile(t, brokerEntity())}, false},
		{"nothing", KeySource{}, false},
	} {
		c.source.Entity = entity
		pin, err := loadPin(c.source, []jose.SignatureAlgorithm{jose.RS256})
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.ok && (len(pin.keys) != 1 || !brokerEntity().PublicKey.Equal(pin.keys[0].Key)) {
			t.Errorf("%s: pinned %v", c.name, pin.keys)
		}
	}
}

// sumOf is what sha256sum prints of a file.
func sumOf(t *testing.T, file, format string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(format, sha256.Sum256(raw))
}

func trimmedSumOf(t *testing.T, file string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%X", sha256.Sum256(bytes.TrimSpace(raw)))
}

// Our statement is handed over once and lives for ten years (OP's example: 1675095869 to
// 1990455869; Telia's: 1770768000 to 2086300800). The stored one is served as it is, on
// every node and after every start, until a key changes.
func TestOurStatementIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetTelia, nil)
	first := mustBytes(t, w.registry.EntityStatement, "brk")
	_, body := decoded(t, string(first), testEntity())
	if life := body["exp"].(float64) - body["iat"].(float64); life != (10 * oneYear).Seconds() {
		t.Errorf("our statement lives %v s", life)
	}
	file := writeFile(t, "our-statement.jwt", append(first, '\n'))
	again := newWorld(t, PresetTelia, func(c *Config) { c.Issuer, c.OurKeys.StatementFile = w.config.Issuer, file })
	again.clock.advance(6 * oneYear)
	if got := mustBytes(t, again.registry.EntityStatement, "brk"); !bytes.Equal(got, first) {
		t.Error("the stored statement is not what is served")
	}
	// Whoever changes the entity key has to hand over another statement: the start says so.
	other := again.config
	other.OurKeys.Entity = &KeyFile{File: keyFile(t, rogueKey())}
	_, err := New([]Config{other}, Deps{CallbackURL: callbackURL})
	if err == nil || !strings.Contains(err.Error(), "avain keys statement") {
		t.Errorf("a statement of another key: %v", err)
	}
	// Making another one needs nothing of the old.
	made, err := NewStatement(other, Deps{CallbackURL: callbackURL, Now: w.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	decoded(t, string(made), rogueKey())
	other.OurKeys.Entity, other.OurKeys.StatementFile = nil, ""
	if _, err := NewStatement(other, Deps{CallbackURL: callbackURL}); err == nil {
		t.Error("a statement without an entity key")
	}
}

func TestOurStatementAndTheConfigurationDiffer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetOP, nil)
	u := w.registry.brokers[0]
	file := writeFile(t, "s.jwt", mustBytes(t, w.registry.EntityStatement, "brk"))
	s, err := readOurStatement(file, *u.published.entity)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.differences(u); len(got) > 0 {
		t.Errorf("of itself it differs in %v", got)
	}
	u.callback, u.config.OurKeys.OrganizationName = "https://other.example/callback/brk", "Another Oy"
	u.config.OurKeys.EntityID = "https://login.example"
	got := s.differences(u)
	slices.Sort(got)
	if want := []string{"organization_name", "redirect_uris", "signed_jwks_uri"}; !slices.Equal(got, want) {
		t.Errorf("it differs in %v, want %v", got, want)
	}
}

// An expired statement pins nothing any more: the broker has issued another one, and
// the operator has to look at it.
func TestExpiredStoredStatementIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetOP, func(c *Config) {
		c.BrokerKeys.EntityKeysFile = ""
		c.BrokerKeys.EntityStatementFile = writeFile(t, "s.jwt", []byte(signJWS(t, brokerEntity(), nil, map[string]any{
			"iss": c.Issuer, "sub": c.Issuer, "exp": newClock().Now().Add(time.Hour).Unix(),
			"jwks": jose.JSONWebKeySet{Keys: []jose.JSONWebKey{public(brokerEntity(), "e")}},
		})))
	})
	mustLogin(t, w)
	// Keys that were fetched before are good no longer than what they were believed by.
	w.clock.advance(time.Hour + time.Minute)
	_, err := w.login("metsa")
	mustFail(t, err, login.ReasonBrokerError, "jwks.entity_statement_expired")
}

// While a broker changes its entity key, both stand in one PEM file.
func TestEveryKeyOfAPEMFileIsPinned(t *testing.T) {
	t.Parallel()
	both := writeFile(t, "two.pem", append(publicPEM(t, rogueKey()), publicPEM(t, brokerEntity())...))
	w := newWorld(t, PresetTelia, func(c *Config) { c.BrokerKeys.EntityKeysFile = both })
	mustLogin(t, w)
}
