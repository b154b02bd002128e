package broker

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	"avain/internal/platform/keyset"
)

// A key file may hold several keys while one takes the place of another: PEM blocks in the
// order in which they were made. A header says which of them is used, another what a key is
// called: what a broker knows a key by must not change while it is there.
const (
	headerUse = "Use" // "now": this one; without any, the first
	headerKID = "Kid"
	useNow    = "now"
)

// NewKey makes a key for a file, as PEM.
func NewKey() ([]byte, error) {
	block, _, err := newBlock()
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(block), nil
}

func newBlock() (*pem.Block, *rsa.PrivateKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, minRSA)
	if err != nil {
		return nil, nil, fmt.Errorf("make RSA key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("encode RSA key: %w", err)
	}
	return &pem.Block{Type: "PRIVATE KEY", Bytes: der}, key, nil
}

// pemKey is one key of a file.
type pemKey struct {
	block   *pem.Block
	private *rsa.PrivateKey
}

// pemFile is what a file of PEM holds.
type pemFile struct {
	keys   []pemKey
	used   int
	others []*pem.Block // certificates
}

var errNotPEM = errors.New("not a file of private keys in PEM")

func readPEM(text []byte) (f pemFile, err error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if !strings.HasSuffix(block.Type, "PRIVATE KEY") {
			f.others = append(f.others, block)
			continue
		}
		private, err := privateOf(block)
		if err != nil {
			return f, err
		}
		if block.Headers[headerUse] == useNow {
			f.used = len(f.keys)
		}
		f.keys = append(f.keys, pemKey{block, private})
	}
	if len(f.keys) == 0 {
		return f, errNotPEM
	}
	return f, nil
}

func privateOf(block *pem.Block) (*rsa.PrivateKey, error) {
	if private, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return private, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("neither a PKCS #1 nor a PKCS #8 private key")
	}
	private, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("not an RSA private key")
	}
	return private, nil
}

// text is the file. Certificates of keys that are gone go with them.
func (f pemFile) text() []byte {
	var out bytes.Buffer
	for i, k := range f.keys {
		block := *k.block
		block.Headers = map[string]string{}
		if kid := k.block.Headers[headerKID]; kid != "" {
			block.Headers[headerKID] = kid
		}
		if i == f.used && len(f.keys) > 1 {
			block.Headers[headerUse] = useNow
		}
		_ = pem.Encode(&out, &block) // into memory
	}
	for _, block := range f.others {
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil || slices.ContainsFunc(f.keys, func(k pemKey) bool { return k.private.PublicKey.Equal(cert.PublicKey) }) {
			_ = pem.Encode(&out, block)
		}
	}
	return out.Bytes()
}

// ChangeKeys is how the keys in one of our files are changed.
var ChangeKeys keyset.Change = keyFileChange{}

type keyFileChange struct{}

// Holds implements [keyset.Change].
func (keyFileChange) Holds(text []byte) (keyset.Holding, error) {
	var h keyset.Holding
	f, err := readPEM(text)
	if err != nil {
		return h, err
	}
	for i, k := range f.keys {
		sum, err := thumbprint(k.private.Public())
		if err != nil {
			return h, err
		}
		h.Keys = append(h.Keys, sum[:12])
		if i == f.used {
			h.Primary = sum[:12]
		}
	}
	return h, nil
}

// Add implements [keyset.Change]. A new key is called by its thumbprint, whatever the
// configuration calls the one that was there.
func (keyFileChange) Add(text []byte) ([]byte, error) {
	f, err := readPEM(text)
	if err != nil {
		return nil, err
	}
	block, private, err := newBlock()
	if err != nil {
		return nil, err
	}
	kid, err := thumbprint(private.Public())
	if err != nil {
		return nil, err
	}
	block.Headers = map[string]string{headerKID: kid}
	f.keys = append(f.keys, pemKey{block, private})
	return f.text(), nil
}

// Use implements [keyset.Change].
func (keyFileChange) Use(text []byte) ([]byte, error) {
	f, err := readPEM(text)
	f.used = len(f.keys) - 1
	return f.text(), err
}

// Keep implements [keyset.Change].
func (keyFileChange) Keep(text []byte) ([]byte, error) {
	f, err := readPEM(text)
	if err != nil {
		return nil, err
	}
	f.keys, f.used = []pemKey{f.keys[f.used]}, 0
	return f.text(), nil
}

// NextStatement is our entity statement by the newest key in our_keys.entity, to hand over
// before that one is used. text is what the file holds.
func NextStatement(config Config, d Deps, text []byte) ([]byte, error) {
	f, err := readPEM(text)
	if err != nil {
		return nil, err
	}
	entity, err := named(f.keys[len(f.keys)-1].private, f.keys[len(f.keys)-1].block.Headers[headerKID], config.OurKeys.Entity.KID)
	if err != nil {
		return nil, err
	}
	config.OurKeys.StatementFile = ""
	r, err := New([]Config{config}, d)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	r.brokers[0].published.entity = &entity
	return r.EntityStatement(r.brokers[0].config.ID)
}

// SignedBy reports whether a statement is signed by the newest key of a file of entity keys.
func SignedBy(statement, text []byte) bool {
	f, err := readPEM(text)
	if err != nil {
		return false
	}
	return verifiesBy(statement, f.keys[len(f.keys)-1].private)
}
