package brokersim

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"avain/internal/secret"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	jwtMaxBytes = 16 << 10
	jtiKept     = 24 * time.Hour // for tokens without exp
)

// signedJWT is a JWT of the relying party whose signature has been verified.
type signedJWT struct {
	kid     string
	header  map[string]any
	all     map[string]any
	claims  jwt.Claims
	payload []byte
}

// openJWT verifies the signature of a JWT that the relying party made. What it
// returns with a refusal is what could be read, for the record.
func (s *Sim) openJWT(ctx context.Context, raw string) (signedJWT, *refusal) {
	var token signedJWT
	switch {
	case raw == "":
		return token, refuse(JWTMissing, "the signed JWT is missing")
	case len(raw) > jwtMaxBytes:
		return token, refuse(JWTTooLong, "the signed JWT is longer than 16 KiB")
	}
	signed, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil || len(signed.Signatures) != 1 {
		return token, refuse(JWTMalformed, "not a compact JWS signed with RS256")
	}
	header := signed.Signatures[0].Protected
	token.header = map[string]any{"alg": header.Algorithm, "kid": header.KeyID, "typ": header.ExtraHeaders[jose.HeaderType]}
	token.payload = signed.UnsafePayloadWithoutVerification()
	_ = json.Unmarshal(token.payload, &token.all) // for the record only; claims are read below
	token.kid = header.KeyID
	keys, err := s.registered().keys.signing(ctx, header.KeyID)
	switch {
	case errors.Is(err, errKidUnknown):
		return token, refuse(KidUnknown, err.Error())
	case err != nil:
		return token, refuse(KeysUnavailable, "the published keys could not be fetched or are not to be believed").because(err)
	}
	var payload []byte
	for _, key := range keys { // several only where the header names none
		if payload, err = signed.Verify(key); err == nil {
			break
		}
	}
	if err != nil {
		return token, refuse(SignatureInvalid, "the signature does not verify")
	}
	if err := json.Unmarshal(payload, &token.claims); err != nil {
		return token, refuse(ClaimsMalformed, "a registered claim has the wrong type")
	}
	return token, nil
}

// checkTimes wants now < exp ≤ now + the longest life, and iat and nbf not ahead.
func (s *Sim) checkTimes(claims jwt.Claims, expiryRequired bool, longest time.Duration) *refusal {
	now := s.config.Now()
	switch {
	case claims.Expiry == nil && expiryRequired:
		return refuse(ExpiryMissing, "exp is missing")
	case claims.Expiry != nil && !now.Before(claims.Expiry.Time()):
		return refuse(Expired, "exp has passed")
	case claims.Expiry != nil && claims.Expiry.Time().After(now.Add(longest+clockSkew)):
		return refuse(LifetimeTooLong, "exp is more than "+longest.String()+" ahead")
	}
	for _, t := range []*jwt.NumericDate{claims.IssuedAt, claims.NotBefore} {
		if t != nil && t.Time().After(now.Add(clockSkew)) {
			return refuse(NotYetValid, "iat or nbf is in the future")
		}
	}
	return nil
}

// spend uses a jti up. Request objects and client assertions share one space: a jti
// is used once, whatever for.
func (s *Sim) spend(claims jwt.Claims) *refusal {
	now := s.config.Now()
	until := now.Add(jtiKept)
	if claims.Expiry != nil {
		until = claims.Expiry.Time()
	}
	mark := secret.Of(claims.ID).Hash()
	if s.trouble.take(ReusedJTI) || !s.spent.add(mark, struct{}{}, now, until) {
		return refuse(JTIReused, "the jti has been used before")
	}
	return nil
}

// audienceIs reports whether the audience holds one of the values.
func audienceIs(claims jwt.Claims, allowed []string) bool {
	return slices.ContainsFunc(allowed, claims.Audience.Contains)
}
