package broker

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"

	"github.com/go-jose/go-jose/v4"
)

// leastRSA is what Telia demands of everybody, and what we demand of brokers.
const leastRSA = 2048

// most bytes of a key file; a 4096-bit key in PEM has 3.3 KB
const mostKeyFile = 64 << 10

// ourKey is one private key of ours.
type ourKey struct {
	kid     string
	private *rsa.PrivateKey
}

// public is the key as we publish it: use and algorithm are spelled out, so that a
// broker cannot mistake one key for the other.
func (k ourKey) public(use, alg string) jose.JSONWebKey {
	return jose.JSONWebKey{Key: k.private.Public(), KeyID: k.kid, Use: use, Algorithm: alg}
}

// signer signs with the key, naming it in the header. A signer is made once: it is
// safe for concurrent use.
func (k ourKey) signer(alg, typ string) (jose.Signer, error) {
	options := &jose.SignerOptions{}
	if typ != "" {
		options = options.WithType(jose.ContentType(typ))
	}
	key := jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: jose.JSONWebKey{Key: k.private, KeyID: k.kid}}
	return jose.NewSigner(key, options)
}

// loadKeys reads several key files, in order.
func loadKeys(files []KeyFile) ([]ourKey, error) {
	keys := make([]ourKey, 0, len(files))
	for _, file := range files {
		key, err := loadKey(file)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// loadKey reads an RSA private key from PEM (PKCS #1 or #8) or a JWK. Its errors name
// the file and never show what is in it.
func loadKey(file KeyFile) (ourKey, error) {
	raw, err := readFile(file.File)
	if err != nil {
		return ourKey{}, err
	}
	private, kid, err := parsePrivate(raw)
	if err != nil {
		return ourKey{}, fmt.Errorf("%s: %w", file.File, err)
	}
	if bits := private.N.BitLen(); bits < leastRSA {
		return ourKey{}, fmt.Errorf("%s: RSA key of %d bits, at least %d are needed", file.File, bits, leastRSA)
	}
	if err := private.Validate(); err != nil {
		return ourKey{}, fmt.Errorf("%s: not a sound RSA key", file.File)
	}
	private.Precompute()
	if file.KID != "" {
		kid = file.KID
	}
	if kid == "" {
		if kid, err = thumbprint(private.Public()); err != nil {
			return ourKey{}, fmt.Errorf("%s: %w", file.File, err)
		}
	}
	return ourKey{kid: kid, private: private}, nil
}

func parsePrivate(raw []byte) (*rsa.PrivateKey, string, error) {
	if trimmed := bytes.TrimSpace(raw); bytes.HasPrefix(trimmed, []byte("{")) {
		var jwk jose.JSONWebKey
		if err := jwk.UnmarshalJSON(trimmed); err != nil {
			return nil, "", errors.New("not a JWK")
		}
		private, ok := jwk.Key.(*rsa.PrivateKey)
		if !ok {
			return nil, "", errors.New("not an RSA private key")
		}
		return private, jwk.KeyID, nil
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, "", errors.New("neither PEM nor a JWK")
	}
	if private, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return private, "", nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, "", errors.New("neither a PKCS #1 nor a PKCS #8 private key")
	}
	private, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, "", errors.New("not an RSA private key")
	}
	return private, "", nil
}

// thumbprint is the RFC 7638 name of a public key.
func thumbprint(public crypto.PublicKey) (string, error) {
	sum, err := (&jose.JSONWebKey{Key: public}).Thumbprint(crypto.SHA256)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(sum), nil
}

// readFile reads a small file: a path that points to something huge by mistake must
// not fill the memory.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > mostKeyFile {
		return nil, fmt.Errorf("%s: not a file of at most %d bytes", path, mostKeyFile)
	}
	return os.ReadFile(path) //nolint:gosec // G304: the path stands in the operator's configuration
}
