package broker

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

func jsonHandler(status int, body any) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) { answerJSON(rw, status, body) }
}

func textHandler(status int, body string) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		rw.WriteHeader(status)
		_, _ = rw.Write([]byte(body))
	}
}

func cutQuery(raw string) (before, after string, found bool) { return strings.Cut(raw, "?") }

func containsText(s, part string) bool { return strings.Contains(s, part) }

// mustShortKey is a key that is too short to be believed.
func mustShortKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func mustBytes(t testing.TB, get func(string) ([]byte, error), id string) []byte {
	t.Helper()
	raw, err := get(id)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func jwkOf(key *rsa.PrivateKey, kid string) jose.JSONWebKey {
	return jose.JSONWebKey{Key: key, KeyID: kid}
}

func hexColons(raw []byte) string {
	parts := make([]string, len(raw))
	for i, b := range raw {
		parts[i] = fmt.Sprintf("%02X", b)
	}
	return strings.Join(parts, ":")
}

// spki is the SHA-256 of the DER public key, in hex.
func spki(t testing.TB, key *rsa.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}
