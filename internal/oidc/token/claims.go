package token

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"slices"
	"strings"

	"avain/internal/domain/login"
	"avain/internal/protocol/oauth"
	"avain/internal/protocol/signing"

	"github.com/go-jose/go-jose/v4"
)

type confirmation struct {
	Thumbprint string `json:"jkt"` // RFC 9449 §6.1
}

// accessClaims are those of RFC 9068 §2.2.
type accessClaims struct {
	Issuer   string        `json:"iss"`
	Subject  string        `json:"sub"`
	Audience string        `json:"aud"`
	Client   string        `json:"client_id"`
	Expires  int64         `json:"exp"`
	Issued   int64         `json:"iat"`
	ID       string        `json:"jti"`
	Session  string        `json:"sid"`
	Scope    string        `json:"scope"`
	AuthTime int64         `json:"auth_time"`
	ACR      string        `json:"acr,omitempty"`
	AMR      []string      `json:"amr,omitempty"`
	Confirm  *confirmation `json:"cnf,omitempty"`
}

func (f *Feature) accessToken(ctx context.Context, c login.Client, s login.Session, p login.Person, scopes []string) (string, error) {
	now := f.d.Now()
	claims := accessClaims{
		Issuer: f.d.BaseURL, Subject: f.d.Clients.Subject(c, p), Audience: cmp.Or(s.Resource, f.d.BaseURL), Client: s.Client,
		Expires: now.Add(f.d.AccessLife).Unix(), Issued: now.Unix(), ID: login.NewID(), Session: s.ID,
		Scope: strings.Join(scopes, " "), AuthTime: s.AuthTime.Unix(), ACR: s.ACR, AMR: s.AMR,
	}
	if s.Key != "" {
		claims.Confirm = &confirmation{s.Key}
	}
	return f.d.Signer.Sign(ctx, c.Alg, signing.TypAccessToken, claims)
}

// idClaims are those of OpenID Connect Core §2, with the profile that the app may
// show at once.
type idClaims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience string   `json:"aud"`
	Expires  int64    `json:"exp"`
	Issued   int64    `json:"iat"`
	AuthTime int64    `json:"auth_time"`
	Nonce    string   `json:"nonce,omitempty"`
	ACR      string   `json:"acr,omitempty"`
	AMR      []string `json:"amr,omitempty"`
	AtHash   string   `json:"at_hash"`
	Session  string   `json:"sid"`
	profile
}

type profile struct {
	Name       string `json:"name,omitempty"`
	GivenName  string `json:"given_name,omitempty"`
	FamilyName string `json:"family_name,omitempty"`
	Locale     string `json:"locale,omitempty"`
}

func profileOf(p login.Person, scopes []string) profile {
	if !slices.Contains(scopes, oauth.ScopeProfile) {
		return profile{}
	}
	return profile{p.Name, p.GivenName, p.FamilyName, p.Locale}
}

func (f *Feature) idToken(ctx context.Context, c login.Client, s login.Session, p login.Person, accessToken string) (string, error) {
	if !slices.Contains(s.Scopes, oauth.ScopeOpenID) {
		return "", nil
	}
	now := f.d.Now()
	return f.d.Signer.Sign(ctx, c.Alg, signing.TypIDToken, idClaims{
		Issuer: f.d.BaseURL, Subject: f.d.Clients.Subject(c, p), Audience: s.Client,
		Expires: now.Add(f.d.AccessLife).Unix(), Issued: now.Unix(), AuthTime: s.AuthTime.Unix(),
		Nonce: s.Nonce, ACR: s.ACR, AMR: s.AMR, Session: s.ID,
		AtHash: leftHalf(c.Alg, accessToken), profile: profileOf(p, s.Scopes),
	})
}

// leftHalf is the value of at_hash: the left half of the token's hash, by the hash
// function of the ID token's algorithm (OpenID Connect Core §3.1.3.6). Ed25519 hashes
// with SHA-512 (RFC 8032 §5.1), the others here with SHA-256.
func leftHalf(alg, token string) string {
	if alg == string(jose.EdDSA) {
		sum := sha512.Sum512([]byte(token))
		return base64.RawURLEncoding.EncodeToString(sum[:sha512.Size/2])
	}
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:sha256.Size/2])
}

func tokenType(bound bool) string {
	if bound {
		return oauth.TokenTypeDPoP
	}
	return oauth.TokenTypeBearer
}
