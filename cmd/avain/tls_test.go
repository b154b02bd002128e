package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"net/http"
	"testing"

	"avain/internal/platform/bcp195/bcp195test"
)

// A real handshake for each suite that TLS 1.2 has, with either kind of certificate.
func TestPeopleAreServedByBCP195(t *testing.T) {
	t.Parallel()
	t.Run("ecdsa", func(t *testing.T) {
		t.Parallel()
		dir, file := installation(t)
		s := startServing(t, dir, file)
		bcp195test.Server(t, s.public, s.roots(t), x509.ECDSA)
	})
	t.Run("rsa", func(t *testing.T) {
		t.Parallel()
		dir, file := installation(t)
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		writeCertificateOf(t, dir, 2, key)
		s := startServing(t, dir, file)
		bcp195test.Server(t, s.public, s.roots(t), x509.RSA)
	})
}

func (s served) roots(t *testing.T) *x509.CertPool {
	t.Helper()
	transport, ok := s.client.Transport.(*http.Transport)
	if !ok {
		t.Fatal("no transport")
	}
	return transport.TLSClientConfig.RootCAs
}
