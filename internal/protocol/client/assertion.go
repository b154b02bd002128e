package client

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"avain/internal/domain/login"
	"avain/internal/protocol/jws"
	"avain/internal/secret"

	"github.com/go-jose/go-jose/v4"
)

const (
	maxAssertion = 8 << 10 // bytes
	maxJTI       = 256     // bytes

	// How far ahead an assertion may expire. Its mark is kept as long. An hour is what
	// standard libraries sign for (zitadel/oidc).
	maxLife           = 10 * time.Minute
	maxLifeCompatible = time.Hour

	// leeway is how far the clocks of client and server may differ (FAPI 2.0
	// §5.3.2.1: at least 10 s ahead must be taken, more than 60 s must not).
	leeway = 10 * time.Second
)

// assertionRules: typ may be absent, as it was in RFC 7523. The x5t members only
// help to find a key; some libraries send them, and we look by kid.
//
// RS256 is what standard libraries sign with when they have an RSA key; that strict
// clients may not (FAPI 2.0 §5.4.1) shows when their keys are read.
func assertionRules() jws.Rules {
	return jws.Rules{
		MaxBytes: maxAssertion,
		Algs:     jws.Compatible(),
		Types:    []string{"", "JWT", "client-authentication+jwt"},
		Header:   []string{"kid", "x5t", "x5t#S256"},
	}
}

// assertion is what a client says about itself (RFC 7523 §3).
type assertion struct {
	Issuer    string       `json:"iss"`
	Subject   string       `json:"sub"`
	Audience  jws.Audience `json:"aud"`
	JTI       string       `json:"jti"`
	Expires   jws.Date     `json:"exp"`
	NotBefore jws.Date     `json:"nbf"`
	IssuedAt  jws.Date     `json:"iat"`
}

func (g *Registry) byAssertion(sent credentials) (Caller, error) {
	token, err := jws.Parse(sent.assertion, assertionRules())
	if err != nil {
		return Caller{}, refuse("client_assertion: "+err.Error(), err)
	}
	var a assertion
	if err := token.Peek(&a); err != nil {
		return Caller{}, refuse("client_assertion: "+err.Error(), err)
	}
	if a.Issuer != a.Subject || (sent.id != "" && sent.id != a.Subject) {
		return Caller{}, refuse("client_assertion: iss and sub must both be the client_id", nil)
	}
	c, usual := g.find(a.Subject, login.AuthPrivateKeyJWT)
	if err := c.verify(token); err != nil || !usual {
		return Caller{}, refuse(unproved, err)
	}
	if err := a.check(c.Profile, g.config); err != nil {
		return Caller{}, err
	}
	return Caller{Client: c.Client, Once: []login.ReplayKey{a.once()}}, nil
}

// verify tries the keys that the token may have been signed with.
func (c registered) verify(token *jws.Token) error {
	err := errors.New("no key of the client fits")
	for _, key := range c.keys {
		named := key.KeyID == "" || token.KeyID == "" || key.KeyID == token.KeyID
		if !named || key.Algorithm != token.Alg {
			continue
		}
		if _, err = token.Verify(key.Key); err == nil {
			return nil
		}
	}
	return err
}

// check checks the claims of a verified assertion. What it answers is for the
// developer of a client that has proved who it is.
func (a assertion) check(profile login.Profile, config Config) error {
	now, most := config.Now(), maxLife
	if profile == login.ProfileCompatible {
		most = maxLifeCompatible
	}
	switch {
	case !addressed(a.Audience, profile, config):
		return refuse("client_assertion: aud must be the issuer, as a single string", nil)
	case a.JTI == "" || len(a.JTI) > maxJTI:
		return refuse("client_assertion: jti must have 1 to 256 characters", nil)
	case a.Expires.IsZero() || now.After(a.Expires.Add(leeway)):
		return refuse("client_assertion: expired, or without exp", nil)
	case a.Expires.After(now.Add(most + leeway)):
		return refuse(fmt.Sprintf("client_assertion: exp must lie within %d minutes", int(most.Minutes())), nil)
	case a.NotBefore.After(now.Add(leeway)), a.IssuedAt.After(now.Add(leeway)):
		return refuse("client_assertion: nbf or iat lies in the future", nil)
	}
	return nil
}

// addressed reports whether the assertion is for us, and for nobody else: one with
// several audiences could be used here by another server that the client also
// talks to, and one addressed to an endpoint can be had by a server that makes the
// client believe the endpoint is its own.
func addressed(audience jws.Audience, profile login.Profile, config Config) bool {
	if len(audience) != 1 {
		return false
	}
	return audience[0] == config.Issuer ||
		profile == login.ProfileCompatible && slices.Contains(config.Endpoints, audience[0])
}

// once is the mark of the assertion, kept until the assertion has surely expired.
func (a assertion) once() login.ReplayKey {
	return login.ReplayKey{
		Hash:    secret.Hash(sha256.Sum256([]byte("client assertion jti\x00" + a.Subject + "\x00" + a.JTI))),
		Expires: a.Expires.Add(leeway + time.Second),
	}
}

// publicKeys reads the client's JWK set. Each key is for one algorithm; an RSA key that
// names none stands there once for each that its profile allows. Keys for encryption are
// left out.
func publicKeys(raw []byte, profile login.Profile) ([]jose.JSONWebKey, error) {
	allowed, names := jws.Algorithms(), "ES256, PS256 or EdDSA"
	if profile == login.ProfileCompatible {
		allowed, names = jws.Compatible(), "ES256, RS256, PS256 or EdDSA"
	}
	var set jose.JSONWebKeySet
	if err := jws.Decode(bytes.TrimSpace(raw), &set); err != nil {
		return nil, errors.New("its keys are not a JWK set")
	}
	var keys []jose.JSONWebKey
	for _, key := range set.Keys {
		if key.Use == "enc" {
			continue
		}
		before := len(keys)
		for _, alg := range allowed {
			if (key.Algorithm == "" || key.Algorithm == string(alg)) && jws.CheckKey(string(alg), key.Key) == nil {
				usable := key
				usable.Algorithm = string(alg)
				keys = append(keys, usable)
			}
		}
		if len(keys) == before {
			return nil, errors.New("one of its keys is private, too weak, or not for " + names)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("it authenticates with a key, but has none")
	}
	return keys, nil
}
