package broker

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"strings"
	"testing"
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
