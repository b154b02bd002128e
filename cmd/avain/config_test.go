package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"avain/internal/config"

	"github.com/rogpeppe/go-internal/testscript"
)

// certify writes cert.pem, with a certificate that has lived for a year and ends at an
// instant, and its key.pem.
func certify(dir string, ends time.Time) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "login.example.com"},
		NotBefore: ends.AddDate(-1, 0, 0), NotAfter: ends, DNSNames: []string{"localhost"},
	}
	cert, certErr := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	private, keyErr := x509.MarshalPKCS8PrivateKey(key)
	return errors.Join(
		certErr, keyErr,
		os.WriteFile(filepath.Join(dir, "cert.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), 0o600),
		os.WriteFile(filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600),
	)
}

// certificateCommand is a command of the scripts: it writes a certificate that ends after so many
// days and half a day.
func certificateCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: certificate days")
	}
	days, err := strconv.Atoi(args[0])
	ts.Check(err)
	ts.Check(certify(ts.MkAbs("."), time.Now().AddDate(0, 0, days).Add(12*time.Hour)))
}

// What check-config says of a certificate, and its exit code, as the end draws near.
func TestCheckConfigWarnsOfEnds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "avain.yaml")
	if err := os.WriteFile(file, []byte(serveConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, 0, "keys", "new", filepath.Join(dir, "keys"))
	command(t, 0, "keys", "broker", filepath.Join(dir, "keys"), "test")
	const day = 24 * time.Hour
	ends := time.Date(2027, 1, 31, 12, 0, 0, 0, time.UTC)
	if err := certify(dir, ends); err != nil {
		t.Fatal(err)
	}
	about := filepath.Join(dir, "cert.pem") + `: a certificate of the service's own address ("login.example.com") `
	for _, tc := range []struct {
		left time.Duration
		want string // the line about the certificate
		code int
	}{
		{61 * day, "", 0},
		{60 * day, "warning: public.tls.cert_file: " + about + "ends in 60 days (2027-01-31): renew it", 0},
		{59 * day, "warning: public.tls.cert_file: " + about + "ends in 59 days (2027-01-31): renew it", 0},
		{30 * day, "warning: public.tls.cert_file: " + about + "ends in 30 days (2027-01-31), and then browsers and apps refuse the service, and nobody logs in. Do not wait: renew it", 0},
		{7 * day, "urgent: public.tls.cert_file: " + about + "ends in 7 days (2027-01-31), and then browsers and apps refuse the service, and nobody logs in. Today: renew it", 0},
		{0, "public.tls.cert_file: " + about + "ended today (2027-01-31), so browsers and apps refuse the service, and nobody logs in: renew it", exitUsage},
		{-day, "public.tls.cert_file: " + about + "ended 1 day ago (2027-01-31), so browsers and apps refuse the service, and nobody logs in: renew it", exitUsage},
	} {
		var out, errs buffer
		term := terminal{in: strings.NewReader(""), out: &out, err: &errs}
		code := report(term, "avain check-config", checkConfigCommand{configFlag: configFlag{file}}.check(term, ends.Add(-tc.left)))
		if code != tc.code {
			t.Errorf("%v left: exit code %d, want %d", tc.left, code, tc.code)
		}
		text := out.String() + errs.String()
		if lines := strings.Count(text, "cert.pem"); (tc.want == "") != (lines == 0) || lines > 1 || !strings.Contains(text, tc.want) {
			t.Errorf("%v left:\n%s\nwant one line:\n%s", tc.left, text, tc.want)
		}
		if good := strings.Contains(out.String(), "no mistakes"); good != (tc.code == 0) {
			t.Errorf("%v left: says that there are no mistakes: %v", tc.left, good)
		}
	}
	// At start it is no mistake: see configReport.endings.
	if _, err := config.Load(file, nil); err != nil {
		t.Errorf("load: %v", err)
	}
}
