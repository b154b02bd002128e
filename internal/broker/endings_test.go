package broker

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"slices"
	"testing"
	"time"

	"avain/internal/platform/expiry"

	"github.com/go-jose/go-jose/v4"
)

// certificateOf is a self-signed certificate of a key.
func certificateOf(t *testing.T, key *rsa.PrivateKey, ends time.Time) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: ends}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// withCertificate puts a certificate behind the key in a file.
func withCertificate(t *testing.T, file string, certificate *x509.Certificate) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	raw = append(raw, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})...)
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestEndings(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetTelia, nil)
	now := w.clock.Now()
	c := w.config
	if got := c.Endings("brokers[2]"); len(got) != 0 {
		t.Errorf("bare keys have no end: %+v", got)
	}

	key := jwkOf(brokerEntity(), "e1")
	key.Key, key.Certificates = brokerEntity().Public(), []*x509.Certificate{certificateOf(t, brokerEntity(), now.Add(2*oneDay))}
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key}})
	if err != nil {
		t.Fatal(err)
	}
	c.BrokerKeys.EntityKeysFile = writeFile(t, "keys.json", set)
	c.BrokerKeys.EntityStatementFile = writeFile(t, "theirs.jwt", []byte(signJWS(t, brokerEntity(), nil, map[string]any{
		"iss": c.BrokerKeys.Entity, "sub": c.BrokerKeys.Entity, "exp": now.Add(oneDay).Unix(),
		"jwks": jose.JSONWebKeySet{Keys: []jose.JSONWebKey{public(brokerEntity(), "e1")}},
	})))
	c.OurKeys.StatementTTL = 3 * oneDay
	statement, err := NewStatement(c, Deps{Now: w.clock.Now, CallbackURL: callbackURL})
	if err != nil {
		t.Fatal(err)
	}
	c.OurKeys.StatementFile = writeFile(t, "ours.jwt", statement)
	withCertificate(t, c.OurKeys.Signing[0].File, certificateOf(t, testSigning(), now.Add(4*oneDay)))
	withCertificate(t, c.OurKeys.Decryption[0].File, certificateOf(t, testDecryption(), now.Add(5*oneDay)))
	withCertificate(t, c.OurKeys.Entity.File, certificateOf(t, testEntity(), now.Add(6*oneDay)))
	if problems := c.Validate("brokers[2]"); len(problems) > 0 {
		t.Fatalf("the files are not good: %v", problems)
	}

	want := []string{
		"brokers[2].broker_keys.entity_statement_file theirs 1 true",
		"brokers[2].broker_keys.entity_keys_file theirs 2 false",
		"brokers[2].our_keys.statement_file ours 3 true",
		"brokers[2].our_keys.signing[0].file ours 4 false",
		"brokers[2].our_keys.decryption[0].file ours 5 false",
		"brokers[2].our_keys.entity.file ours 6 false",
	}
	all := c.Endings("brokers[2]")
	slices.SortFunc(all, func(a, b expiry.Ending) int { return a.Ends.Compare(b.Ends) })
	var got []string
	for _, e := range all {
		got = append(got, fmt.Sprint(e.Setting, " ", e.Owner, " ", e.Days(now), " ", e.Stops))
		if e.File == "" || e.What == "" || e.Then == "" || e.Do == "" || e.Reread {
			t.Errorf("%+v", e)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
}

// The instant that is told is the one at which logins begin to fail.
func TestEndingIsWhenLoginsFail(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetTelia, nil)
	c := w.config
	c.BrokerKeys.EntityKeysFile, c.BrokerKeys.EntityStatementFile = "", writeFile(t, "theirs.jwt", []byte(signJWS(t, brokerEntity(), nil, map[string]any{
		"iss": c.BrokerKeys.Entity, "sub": c.BrokerKeys.Entity, "exp": w.clock.Now().Add(oneDay).Unix(),
		"jwks": jose.JSONWebKeySet{Keys: []jose.JSONWebKey{public(brokerEntity(), "e1")}},
	})))
	pin, err := loadPin(c.BrokerKeys, signatureAlgorithms(c.Algorithms.Signature))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Endings("b"); len(got) != 1 || !got[0].Ends.Equal(pin.expires) {
		t.Errorf("told: %+v, true: %v", got, pin.expires)
	}
}
