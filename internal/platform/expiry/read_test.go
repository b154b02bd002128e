package expiry_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"avain/internal/platform/expiry"
)

// authority is a certificate and its key, with which others are signed.
type authority struct {
	der  []byte
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// certify makes a certificate that ends after so long, signed by another or by itself.
func certify(t *testing.T, name string, left time.Duration, by *authority) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := authority{key: key}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(left - 365*day), NotAfter: now.Add(left),
		IsCA: true, BasicConstraintsValid: true,
	}
	if by == nil {
		by = &authority{cert: template, key: key}
	}
	if a.der, err = x509.CreateCertificate(rand.Reader, template, by.cert, &key.PublicKey, by.key); err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(a.der); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.der})
}

func (a authority) keyPEM(t *testing.T) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// jwk is a key with its certificates; only those are looked at.
func jwk(chain ...authority) map[string]any {
	var x5c []string
	for _, a := range chain {
		x5c = append(x5c, base64.StdEncoding.EncodeToString(a.der))
	}
	return map[string]any{"kty": "EC", "x5c": x5c}
}

func asJSON(t *testing.T, value any) []byte {
	t.Helper()
	raw, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// statement is signed by nobody: dates are read before signatures are.
func statement(payload string) []byte {
	encode := base64.RawURLEncoding.EncodeToString
	return []byte(encode([]byte(`{"alg":"RS256"}`)) + "." + encode([]byte(payload)) + "." + encode([]byte("signature")))
}

func write(t *testing.T, path string, content ...[]byte) {
	t.Helper()
	if err := os.WriteFile(path, slices.Concat(content...), 0o600); err != nil {
		t.Fatal(err)
	}
}

// ends lists what each ending is of, and how many days it has.
func ends(all []expiry.Ending) []string {
	out := []string{}
	for _, e := range all {
		out = append(out, fmt.Sprintf("%s %d", e.What, e.Days(now)))
	}
	return out
}

func TestStatements(t *testing.T) {
	t.Parallel()
	good := statement(fmt.Sprintf(`{"iss":"x","exp":%d}`, now.Add(45*day).Unix()))
	for name, tc := range map[string]struct {
		content []byte
		want    []string
	}{
		"good":                   {good, []string{"it 45"}},
		"with a line break":      {slices.Concat(good, []byte("\r\n")), []string{"it 45"}},
		"without an end":         {statement(`{"iss":"x"}`), []string{}},
		"an end that is no time": {statement(`{"exp":"tomorrow"}`), []string{}},
		"not base64":             {[]byte("a.!.c"), []string{}},
		"not a statement":        {[]byte("hello"), []string{}},
		"empty":                  {nil, []string{}},
		"huge":                   {make([]byte, 1<<20), []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "statement.jwt")
			write(t, path, tc.content)
			if got := ends(expiry.OfStatement(expiry.Ending{What: "it", File: path})); !slices.Equal(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
	for _, path := range []string{"", t.TempDir(), filepath.Join(t.TempDir(), "missing")} {
		if got := expiry.OfStatement(expiry.Ending{File: path}); got != nil {
			t.Errorf("%q: %v", path, got)
		}
	}
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	a, b := certify(t, "a", 10*day, nil), certify(t, "b", -20*day, nil)
	broken := map[string]any{"x5c": []string{"!"}}
	for name, tc := range map[string]struct {
		content []byte
		want    []string
		last    []string
	}{
		"PEM beside a key":    {slices.Concat(a.keyPEM(t), a.pem(), b.pem()), []string{`it ("a") 10`, `it ("b") -20`}, []string{`it ("a") 10`}},
		"PEM without":         {a.keyPEM(t), []string{}, []string{}},
		"PEM that is broken":  {pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}), []string{}, []string{}},
		"JWK":                 {asJSON(t, jwk(a, b)), []string{`it ("a") 10`, `it ("b") -20`}, []string{`it ("a") 10`}},
		"set":                 {asJSON(t, map[string]any{"keys": []any{jwk(b), jwk(), broken, "x", jwk(a)}}), []string{`it ("b") -20`, `it ("a") 10`}, []string{`it ("a") 10`}},
		"set without":         {[]byte(` {"keys":[{"kty":"RSA"}]}`), []string{}, []string{}},
		"JSON that is broken": {[]byte(`{"x5c":`), []string{}, []string{}},
		"DER":                 {a.der, []string{}, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "keys")
			write(t, path, tc.content)
			e := expiry.Ending{What: "it", File: path}
			if got := ends(expiry.OfCertificates(e)); !slices.Equal(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			if got := ends(expiry.OfBundle(e)); !slices.Equal(got, tc.last) {
				t.Errorf("bundle: got %q, want %q", got, tc.last)
			}
		})
	}
}

// Names in certificates are somebody else's words; on a terminal they must do nothing.
func TestCertificatesAreNamedHarmlessly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cert.pem")
	write(t, path, certify(t, "a\x1b[2J\nb", day, nil).pem(), certify(t, "", day, nil).pem())
	want := []string{`it ("a\x1b[2J\nb") 1`, `it ("1") 1`} // no name: the serial number
	if got := ends(expiry.OfCertificates(expiry.Ending{What: "it", File: path})); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestChain(t *testing.T) {
	t.Parallel()
	root := certify(t, "root", -5*day, nil)
	middle := certify(t, "middle", 20*day, &root)
	leaf := certify(t, "leaf", 80*day, &middle)
	dir := t.TempDir()
	e := expiry.Ending{What: "it", File: filepath.Join(dir, "cert.pem"), Stops: true}
	write(t, e.File, leaf.pem(), middle.pem(), root.pem())
	key := filepath.Join(dir, "key.pem")
	write(t, key, leaf.keyPEM(t))

	all := expiry.OfChain(e, key)
	if got, want := ends(all), []string{`it ("leaf") 80`, `it ("middle") 20`, `it ("root") -5`}; !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	// Browsers have the root themselves and do not look at the one that we send.
	if !all[0].Stops || !all[1].Stops || all[2].Stops {
		t.Errorf("what stops logins: %v, %v, %v", all[0].Stops, all[1].Stops, all[2].Stops)
	}
	if all[0].Starts.IsZero() {
		t.Error("nobody knows how long it lives")
	}

	write(t, key, middle.keyPEM(t)) // half written
	if got := expiry.OfChain(e, key); got != nil {
		t.Errorf("with another key: %v", got)
	}
}

// One that is alone signs itself, and is the one that browsers see.
func TestChainOfOne(t *testing.T) {
	t.Parallel()
	self := certify(t, "self", 3*day, nil)
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	write(t, cert, self.pem())
	write(t, key, self.keyPEM(t))
	all := expiry.OfChain(expiry.Ending{File: cert, Stops: true}, key)
	if len(all) != 1 || !all[0].Stops {
		t.Errorf("%+v", all)
	}
}
