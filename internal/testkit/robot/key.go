package robot

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"
)

// Key is an app's DPoP key (ES256).
type Key struct {
	private    *ecdsa.PrivateKey
	header     string // of every proof, encoded
	thumbprint string
}

// NewKey makes a key.
func NewKey() (*Key, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	point, err := private.PublicKey.Bytes() // 0x04 ‖ X ‖ Y
	if err != nil {
		return nil, err
	}
	jwk := map[string]string{"kty": "EC", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:])}
	header, err1 := json.Marshal(map[string]any{"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk})
	public, err2 := json.Marshal(jwk) // its members in order, as the thumbprint wants them
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(public)
	return &Key{private, b64(header), b64(sum[:])}, nil
}

// Thumbprint names the key (RFC 7638): the dpop_jkt of an authorization request.
func (k *Key) Thumbprint() string { return k.thumbprint }

// Proof is what goes into a DPoP proof (RFC 9449 §4.2). Tests bend it.
type Proof struct {
	Method, URL, Nonce, AccessToken string
	At                              time.Time
	ID                              string // jti; random when empty
}

// Prove signs a proof.
func (k *Key) Prove(p Proof) (string, error) {
	if p.ID == "" {
		p.ID = random()
	}
	claims := map[string]any{"htm": p.Method, "htu": p.URL, "iat": p.At.Unix(), "jti": p.ID}
	if p.Nonce != "" {
		claims["nonce"] = p.Nonce
	}
	if p.AccessToken != "" {
		sum := sha256.Sum256([]byte(p.AccessToken))
		claims["ath"] = b64(sum[:])
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signed := k.header + "." + b64(payload)
	sum := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, k.private, sum[:])
	if err != nil {
		return "", err
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signed + "." + b64(signature), nil
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func random() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return b64(b)
}
