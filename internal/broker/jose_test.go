package broker

import (
	"bytes"
	"compress/flate"
	"crypto/rsa"
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// signJWS signs with RS256 under the given protected header.
func signJWS(t testing.TB, key any, header, body map[string]any) string {
	t.Helper()
	options := &jose.SignerOptions{}
	for name, value := range header {
		options = options.WithHeader(jose.HeaderKey(name), value)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := compact(signer, body)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// sealJWE encrypts for us as the algorithms and header say.
func sealJWE(t testing.TB, to *rsa.PrivateKey, alg jose.KeyAlgorithm, enc jose.ContentEncryption, header map[string]any, plaintext string) string {
	t.Helper()
	options := &jose.EncrypterOptions{}
	for name, value := range header {
		options = options.WithHeader(jose.HeaderKey(name), value)
	}
	encrypter, err := jose.NewEncrypter(enc, jose.Recipient{Algorithm: alg, Key: to.Public()}, options)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := encrypter.Encrypt([]byte(plaintext))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := sealed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// rawJWS signs any payload.
func rawJWS(t testing.TB, payload string) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: brokerSigning(), KeyID: "b1"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// relabel changes the protected header of a JWE; nil removes.
func relabel(t testing.TB, token, name string, value any) string {
	t.Helper()
	head, rest, _ := strings.Cut(token, ".")
	raw, err := base64Decode(head)
	if err != nil {
		t.Fatal(err)
	}
	var header map[string]any
	if err := json.Unmarshal(raw, &header); err != nil {
		t.Fatal(err)
	}
	header[name] = value
	if value == nil {
		delete(header, name)
	}
	return b64(asJSON(t, header)) + "." + rest
}

// zipped compresses before it encrypts.
func zipped(w *world, inner string) string {
	encrypter, err := jose.NewEncrypter(jose.A128CBC_HS256,
		jose.Recipient{Algorithm: jose.RSA_OAEP, Key: testDecryption().Public()},
		(&jose.EncrypterOptions{Compression: jose.DEFLATE}).WithContentType("JWT"))
	if err != nil {
		w.t.Fatal(err)
	}
	sealed, err := encrypter.Encrypt([]byte(inner))
	if err != nil {
		w.t.Fatal(err)
	}
	raw, err := sealed.CompactSerialize()
	if err != nil {
		w.t.Fatal(err)
	}
	return raw
}

// zipBomb is 16 MB of zeroes in a few kilobytes.
func zipBomb(t testing.TB) string {
	t.Helper()
	var small bytes.Buffer
	writer, err := flate.NewWriter(&small, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Write(make([]byte, 16<<20)); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return sealJWE(t, testDecryption(), jose.RSA_OAEP, jose.A128CBC_HS256,
		map[string]any{"cty": "JWT", "zip": "DEF"}, small.String())
}

// asJSONSerialization is a good token in the form that allows unprotected headers.
func asJSONSerialization(w *world, claims map[string]any) string {
	sealed, err := jose.ParseEncryptedCompact(w.sealed(w.goodJWS(claims)),
		[]jose.KeyAlgorithm{jose.RSA_OAEP, jose.RSA_OAEP_256}, []jose.ContentEncryption{jose.A128CBC_HS256})
	if err != nil {
		w.t.Fatal(err)
	}
	return sealed.FullSerialize()
}

// decoded opens a JWS of ours with our public key.
func decoded(t testing.TB, raw string, key *rsa.PrivateKey) (header map[string]any, body map[string]any) {
	t.Helper()
	signed, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	payload, err := signed.Verify(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(payload, &body); err != nil {
		t.Fatal(err)
	}
	encoded, _, _ := strings.Cut(raw, ".")
	rawHeader, err := base64Decode(encoded)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(rawHeader, &header); err != nil {
		t.Fatal(err)
	}
	return header, body
}
