package broker

import (
	"context"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// maxIDToken bounds an id_token; real ones have two to three kilobytes.
const maxIDToken = 64 << 10

// wordPlaintext: encryption is not switched on for us at the broker.
const wordPlaintext = "id_token.plaintext"

// open decrypts and verifies an id_token: a JWE around a JWS, each with an algorithm
// of the broker's allow-lists. Everything about the token is hostile until the
// signature is verified with a key of the broker's that we chose ourselves; "jwk",
// "jku", "x5c" and "x5u" headers are never followed.
func (u *upstream) open(ctx context.Context, token string) (claims, error) {
	inner, err := u.decrypt(token)
	if err != nil {
		return nil, err
	}
	signed, err := jwt.ParseSigned(inner, u.signatures)
	if err != nil {
		return nil, &brokerError{word: "id_token.signature_algorithm", err: err}
	}
	header := signed.Headers[0]
	keys, err := u.keys.find(ctx, header.KeyID)
	if err != nil {
		return nil, err
	}
	found := verified(signed, keys)
	if found == nil && header.KeyID == "" { // perhaps signed with a key that is newer than our copy
		if keys, err = u.keys.renewed(ctx); err != nil {
			return nil, err
		}
		found = verified(signed, keys)
	}
	if found == nil {
		return nil, &brokerError{word: "id_token.signature"}
	}
	return found, nil
}

// verified is the payload, if one of the keys made the signature.
func verified(signed *jwt.JSONWebToken, keys []jose.JSONWebKey) claims {
	for _, key := range keys {
		if key.Algorithm != "" && key.Algorithm != signed.Headers[0].Algorithm {
			continue
		}
		var found claims
		if err := signed.Claims(key.Key, &found); err == nil && found != nil {
			return found
		}
	}
	return nil
}

// decrypt opens the outer JWE. A plaintext id_token is refused although its signature
// may be right: the regulation demands encryption, and falling back to plaintext (as
// one broker's own sample does) lets whoever sits between take it away.
func (u *upstream) decrypt(token string) (string, error) {
	switch {
	case len(token) > maxIDToken:
		return "", &brokerError{word: "id_token.size"}
	case strings.Count(token, ".") == 2:
		return "", &brokerError{word: wordPlaintext}
	}
	sealed, err := jose.ParseEncryptedCompact(token, u.keyAlgs, u.contents)
	if err != nil {
		return "", &brokerError{word: "id_token.encryption", err: err}
	}
	if _, compressed := sealed.Header.ExtraHeaders["zip"]; compressed {
		return "", &brokerError{word: "id_token.zip"} // no broker compresses; a bomb does
	}
	if cty, present := sealed.Header.ExtraHeaders[jose.HeaderContentType]; present {
		if text, ok := cty.(string); !ok || !strings.EqualFold(text, "JWT") {
			return "", &brokerError{word: "id_token.content_type"}
		}
	}
	for _, key := range u.keysFor(sealed.Header.KeyID) {
		if plaintext, err := sealed.Decrypt(key.private); err == nil {
			return string(plaintext), nil
		}
	}
	return "", &brokerError{word: "id_token.decryption"}
}

// keysFor orders our decryption keys: the one that the header names, then the others,
// because a broker may name a key by something else than our kid while keys roll over.
// The usual token costs one RSA operation.
func (u *upstream) keysFor(kid string) []ourKey {
	ordered := make([]ourKey, 0, len(u.decryption))
	for _, key := range u.decryption {
		if key.kid == kid {
			ordered = append(ordered, key)
		}
	}
	for _, key := range u.decryption {
		if key.kid != kid {
			ordered = append(ordered, key)
		}
	}
	return ordered
}
