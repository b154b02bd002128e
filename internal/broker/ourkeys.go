package broker

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/rsa"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"

	"github.com/go-jose/go-jose/v4"
)

// minRSA is what Telia demands of everybody, and what we demand of brokers.
const minRSA = 2048

// most bytes of a key file; a 4096-bit key in PEM has 3.3 KB
const maxKeyFile = 64 << 10

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

// loadKeys reads several key files, in order; of a file with several keys the one that is
// used comes first.
func loadKeys(files []KeyFile) ([]ourKey, error) {
	keys := make([]ourKey, 0, len(files))
	for _, file := range files {
		some, err := loadFile(file)
		if err != nil {
			return nil, err
		}
		keys = append(keys, some...)
	}
	return keys, nil
}

// loadFile reads RSA private keys from PEM (PKCS #1 or #8), or one from a JWK. Its errors
// name the file and never show what is in it.
func loadFile(file KeyFile) ([]ourKey, error) {
	raw, err := readFile(file.File)
	if err != nil {
		return nil, err
	}
	keys, err := parseKeys(raw, file.KID)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file.File, err)
	}
	for _, key := range keys {
		if bits := key.private.N.BitLen(); bits < minRSA {
			return nil, fmt.Errorf("%s: RSA key of %d bits, at least %d are needed", file.File, bits, minRSA)
		}
		if err := key.private.Validate(); err != nil {
			return nil, fmt.Errorf("%s: not a sound RSA key", file.File)
		}
		key.private.Precompute()
	}
	return keys, nil
}

// loadKey is the key of a file that is used.
func loadKey(file KeyFile) (ourKey, error) {
	keys, err := loadFile(file)
	if err != nil {
		return ourKey{}, err
	}
	return keys[0], nil
}

// loadEntity is the key that signs what we publish. Where there is a statement, it is the one
// that the statement is signed with, so that the file of the statement alone decides: while
// the key is changed, the broker believes the one that it has been told of.
func loadEntity(o OurKeys) (ourKey, error) {
	keys, err := loadFile(*o.Entity)
	if err != nil {
		return ourKey{}, err
	}
	if o.StatementFile != "" {
		statement, err := readFile(o.StatementFile)
		if err != nil {
			return keys[0], nil //nolint:nilerr // whoever reads the statement tells
		}
		for _, key := range keys {
			if verifiesBy(statement, key.private) {
				return key, nil
			}
		}
	}
	return keys[0], nil
}

func parseKeys(raw []byte, kid string) ([]ourKey, error) {
	if trimmed := bytes.TrimSpace(raw); bytes.HasPrefix(trimmed, []byte("{")) {
		var jwk jose.JSONWebKey
		if err := jwk.UnmarshalJSON(trimmed); err != nil {
			return nil, errors.New("not a JWK")
		}
		private, ok := jwk.Key.(*rsa.PrivateKey)
		if !ok {
			return nil, errors.New("not an RSA private key")
		}
		key, err := named(private, kid, jwk.KeyID)
		return []ourKey{key}, err
	}
	if block, _ := pem.Decode(raw); block == nil {
		return nil, errors.New("neither PEM nor a JWK")
	}
	f, err := readPEM(raw)
	if err != nil {
		return nil, err
	}
	var keys []ourKey
	for i, k := range f.keys {
		key, err := named(k.private, k.block.Headers[headerKID], kid)
		if err != nil {
			return nil, err
		}
		if i == f.used {
			keys = append([]ourKey{key}, keys...)
		} else {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// named is a key under the first of the names that there is, else its thumbprint.
func named(private *rsa.PrivateKey, names ...string) (ourKey, error) {
	if kid := cmp.Or(names...); kid != "" {
		return ourKey{kid: kid, private: private}, nil
	}
	kid, err := thumbprint(private.Public())
	return ourKey{kid: kid, private: private}, err
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
	if !info.Mode().IsRegular() || info.Size() > maxKeyFile {
		return nil, fmt.Errorf("%s: not a file of at most %d bytes", path, maxKeyFile)
	}
	return os.ReadFile(path) //nolint:gosec // G304: the path stands in the operator's configuration
}
