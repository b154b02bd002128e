package signing

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"avain/internal/domain/operations"
	"avain/internal/protocol/jws"

	"github.com/go-jose/go-jose/v4"
	"github.com/tink-crypto/tink-go/v2/tink"
)

const rsaBits = 2048 // enough for a key that lives for weeks

// key is a signing key, opened.
type key struct {
	row     operations.SigningKey
	public  jose.JSONWebKey
	signers map[string]jose.Signer // by typ; go-jose fixes the header per signer
}

// makeKey makes a key and seals its private part. The row's Slot and times are set
// by the caller.
func makeKey(row operations.SigningKey, aead tink.AEAD) (operations.SigningKey, error) {
	private, err := generate(row.Alg)
	if err != nil {
		return row, fmt.Errorf("signer: make key: %w", err)
	}
	public, err := publicJWK(row.Alg, private)
	if err != nil {
		return row, err
	}
	row.KID = public.KeyID
	if row.PublicJWK, err = public.MarshalJSON(); err != nil {
		return row, fmt.Errorf("signer: encode public key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return row, fmt.Errorf("signer: encode private key: %w", err)
	}
	if row.Sealed, err = aead.Encrypt(der, binding(row)); err != nil {
		return row, fmt.Errorf("signer: seal key: %w", err)
	}
	return row, nil
}

// openKey opens a key. Its public part is derived from the sealed private part, and
// everything else in the row is bound to the seal: who can write to the database
// but does not hold the keyset can neither plant a key of their own in our JWK set
// nor make a retired one sign again.
func openKey(row operations.SigningKey, aead tink.AEAD) (*key, error) {
	der, err := aead.Decrypt(row.Sealed, binding(row))
	if err != nil {
		return nil, fmt.Errorf("signer: key %s does not open: sealed with another keyset, or changed", row.KID)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("signer: key %s is damaged", row.KID)
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("signer: key %s is of a kind that cannot sign", row.KID)
	}
	public, err := publicJWK(row.Alg, private)
	if err != nil {
		return nil, err
	}
	opened := &key{row: row, public: public, signers: map[string]jose.Signer{}}
	for _, typ := range []string{TypAccessToken, TypIDToken, TypLogoutToken} {
		signer, err := jose.NewSigner(jose.SigningKey{
			Algorithm: jose.SignatureAlgorithm(row.Alg),
			Key:       jose.JSONWebKey{Key: private, KeyID: row.KID},
		}, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
		if err != nil {
			return nil, fmt.Errorf("signer: key %s: %w", row.KID, err)
		}
		opened.signers[typ] = signer
	}
	return opened, nil
}

// Check sees that a key opens and is the one that its row says.
func Check(row operations.SigningKey, aead tink.AEAD) error {
	_, err := openKey(row, aead)
	return err
}

// costly reports whether making a key of the algorithm takes longer than a start may:
// the search for two primes.
func costly(alg string) bool {
	return alg == string(jose.RS256) || alg == string(jose.PS256)
}

func generate(alg string) (crypto.Signer, error) {
	switch jose.SignatureAlgorithm(alg) {
	case jose.ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.RS256, jose.PS256:
		return rsa.GenerateKey(rand.Reader, rsaBits)
	case jose.EdDSA:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	default:
		return nil, errors.New("unknown algorithm")
	}
}

// publicJWK describes the public part, with the thumbprint (RFC 7638) as kid.
func publicJWK(alg string, private crypto.Signer) (jose.JSONWebKey, error) {
	public := jose.JSONWebKey{Key: private.Public(), Algorithm: alg, Use: "sig"}
	if err := jws.CheckKey(alg, public.Key); err != nil {
		return public, fmt.Errorf("signer: %w", err)
	}
	sum, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		return public, fmt.Errorf("signer: thumbprint: %w", err)
	}
	public.KeyID = base64.RawURLEncoding.EncodeToString(sum)
	return public, nil
}

// binding is the associated data of the seal: all that a row says about its key.
func binding(row operations.SigningKey) []byte {
	ms := time.Time.UnixMilli
	return fmt.Appendf(nil, "avain signing key\n%d\n%s\n%s\n%d\n%d\n%d\n%d", row.Slot, row.KID, row.Alg,
		ms(row.CreatedAt), ms(row.ActiveFrom), ms(row.RetireAt), ms(row.RemoveAt))
}

// Reseal is what is sealed of a key, sealed with the keyset's primary key.
func Reseal(row operations.SigningKey, aead tink.AEAD) ([]byte, error) {
	return reseal(row.KID, row.Sealed, binding(row), aead)
}

// ResealHint is Reseal for what is kept of a retired key.
func ResealHint(k operations.HintKey, aead tink.AEAD) ([]byte, error) {
	return reseal(k.KID, k.Sealed, hintBinding(k), aead)
}

func reseal(kid string, sealed, binding []byte, aead tink.AEAD) ([]byte, error) {
	plain, err := aead.Decrypt(sealed, binding)
	if err == nil {
		sealed, err = aead.Encrypt(plain, binding)
	}
	if err != nil {
		return nil, fmt.Errorf("signer: key %s does not open: sealed with another keyset, or changed", kid)
	}
	return sealed, nil
}
