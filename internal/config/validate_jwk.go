package config

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"

	"github.com/go-jose/go-jose/v4"
)

const minRSA = 2048 // bits

func jsonUnmarshal(text []byte, v any) error { return json.Unmarshal(text, v) }

// weakKey reports whether a key cannot make a signature that package client takes.
func weakKey(key jose.JSONWebKey) bool {
	switch k := key.Key.(type) {
	case *rsa.PublicKey:
		return k.N.BitLen() < minRSA
	case *ecdsa.PublicKey:
		return k.Curve != elliptic.P256()
	case ed25519.PublicKey:
		return false
	default:
		return true
	}
}
