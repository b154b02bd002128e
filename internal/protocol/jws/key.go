package jws

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"

	"github.com/go-jose/go-jose/v4"
)

// The smallest and largest RSA keys taken. Below 2048 bits a key can be broken;
// above 4096 a stranger's key costs us more to check than the stranger to make.
const (
	minRSABits = 2048
	maxRSABits = 4096
)

// Algorithms are the signature algorithms of FAPI 2.0 §5.4.1, which are taken unless
// the rules say otherwise. There is no RS256 among them (PKCS #1 v1.5), no HMAC and no
// "none".
func Algorithms() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jose.ES256, jose.PS256, jose.EdDSA}
}

// Compatible are those of clients that keep to OpenID Connect, which wants RS256 from
// everybody (Core §15.1). Still no HMAC and no "none".
func Compatible() []jose.SignatureAlgorithm {
	return append(Algorithms(), jose.RS256)
}

// CheckKey reports whether a public key may be used with the algorithm. Private
// and symmetric keys may not: ErrKey.
func CheckKey(alg string, key any) error {
	fits := false
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		fits = alg == string(jose.ES256) && k.Curve == elliptic.P256()
	case *rsa.PublicKey:
		bits := k.N.BitLen()
		fits = (alg == string(jose.PS256) || alg == string(jose.RS256)) && minRSABits <= bits && bits <= maxRSABits
	case ed25519.PublicKey:
		fits = alg == string(jose.EdDSA) && len(k) == ed25519.PublicKeySize
	}
	if !fits {
		return ErrKey
	}
	return nil
}
