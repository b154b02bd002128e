package brokersim

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
	"time"

	"avain/internal/secret"

	"github.com/go-jose/go-jose/v4"
)

const (
	acrSubstantial = "http://ftn.ficora.fi/2017/loa2"
	acrTest        = "http://ftn.ficora.fi/2017/loatest2"
	acrNone        = "http://ftn.ficora.fi/2017/loa1" // no such level

	// The attribute names of the Finnish Trust Network.
	urnHETU    = "urn:oid:1.2.246.21"
	urnGiven   = "urn:oid:1.2.246.575.1.14"
	urnFamily  = "urn:oid:2.5.4.4"
	urnBirth   = "urn:oid:1.3.6.1.5.5.7.9.1"
	urnDisplay = "urn:oid:2.16.840.1.113730.3.1.241"
)

// methodURI names a bank in amr.
func (s *Sim) methodURI(b Bank) string {
	return s.config.BaseURL + s.rules.issuer + "/saml2/names/ac/" + b.Method()
}

// identity holds the claims about the person, as the dialect spells them.
func (s *Sim) identity(g grant) map[string]any {
	p, claims := g.who.person, map[string]any{"sub": secret.NewShort().Reveal()} // transient: never the same twice
	put := func(name, value string) {
		if value != "" {
			claims[name] = value
		}
	}
	code := p.HETU.Reveal()
	switch {
	case s.trouble.take(MissingHETU):
		code = ""
	case s.trouble.take(InvalidHETU) && code != "":
		code = otherCheck(code)
	}
	given, family := p.GivenName, p.FamilyName
	if s.trouble.take(MissingSplitNames) {
		given, family = "", ""
	}
	born := ""
	if !p.HETU.Zero() {
		born = p.HETU.Birth().Format(time.DateOnly)
	}
	if s.config.Dialect == Telia {
		put(urnHETU, code)
		put(urnGiven, given)
		put(urnFamily, family)
		put(urnBirth, born)
		put(urnDisplay, p.DisplayName())
		return claims
	}
	put("personal_identity_code", code)
	if g.request.has("profile") {
		put("name", p.Name)
		put("given_name", given)
		put("family_name", family)
		put("birthdate", born)
	}
	return claims
}

// otherCheck replaces the check character by another one.
func otherCheck(code string) string {
	last := byte('0')
	if code[len(code)-1] == last {
		last = '1'
	}
	return code[:len(code)-1] + string(last)
}

// claims are all claims of the id_token, bent as the toggles say.
func (s *Sim) claims(g grant) map[string]any {
	now, e, client := s.config.Now(), s.Endpoints(), g.request.ClientID
	claims := s.identity(g)
	maps.Copy(claims, map[string]any{
		"iss": e.Issuer, "aud": client, "iat": now.Unix(), "exp": now.Add(s.rules.validity).Unix(),
		"auth_time": g.who.at.Unix(), "acr": acrSubstantial,
	})
	if g.request.Nonce != "" {
		claims["nonce"] = g.request.Nonce
	}
	if s.config.Dialect == Telia {
		claims["aud"], claims["azp"] = []string{client}, client
		claims["amr"] = []string{s.methodURI(g.who.bank)}
		claims["session_index"] = "_" + secret.NewShort().Reveal()
	}
	s.bend(claims)
	return claims
}

func (s *Sim) bend(claims map[string]any) {
	now := s.config.Now()
	if s.trouble.take(WrongNonce) {
		claims["nonce"] = secret.New().Reveal()
	}
	if s.trouble.take(MissingNonce) {
		delete(claims, "nonce")
	}
	if s.trouble.take(WrongAud) {
		claims["aud"] = "another-client"
	}
	if s.trouble.take(WrongIss) {
		claims["iss"] = "https://another-broker.example"
	}
	if s.trouble.take(WrongACR) {
		claims["acr"] = acrNone
	}
	if s.trouble.take(TestACR) {
		claims["acr"] = acrTest
	}
	if s.trouble.take(StaleAuthTime) {
		claims["auth_time"] = now.Add(-time.Hour).Unix()
	}
	if s.trouble.take(ExpiredToken) {
		claims["iat"], claims["exp"] = now.Add(-time.Hour).Unix(), now.Add(-50*time.Minute).Unix()
	}
}

// idToken signs the claims and encrypts them to the relying party.
func (s *Sim) idToken(ctx context.Context, g grant) (string, *refusal) {
	inner, err := s.sign(s.claims(g))
	if err != nil {
		return "", refuse(EncryptionKeyAbsent, "the id_token could not be signed").because(err)
	}
	if s.trouble.take(PlaintextToken) {
		return inner, nil
	}
	key, err := s.registered().keys.encryption(ctx)
	if err != nil {
		return "", refuse(EncryptionKeyAbsent, "no key to encrypt the id_token to").because(err)
	}
	if s.trouble.take(WrongEncryptionKid) {
		key.KeyID = "never-published"
	}
	algorithm := jose.RSA_OAEP
	if s.trouble.take(WeakEncryption) {
		algorithm = jose.RSA1_5
	}
	outer, err := encrypt(inner, jose.Recipient{Algorithm: algorithm, Key: key.Key, KeyID: key.KeyID})
	if err != nil {
		return "", refuse(EncryptionKeyAbsent, "the id_token could not be encrypted").because(err)
	}
	return outer, nil
}

func encrypt(inner string, to jose.Recipient) (string, error) {
	encrypter, err := jose.NewEncrypter(jose.A128CBC_HS256, to, (&jose.EncrypterOptions{}).WithContentType("JWT"))
	if err != nil {
		return "", err
	}
	sealed, err := encrypter.Encrypt([]byte(inner))
	if err != nil {
		return "", err
	}
	return sealed.CompactSerialize()
}

// sign makes the inner JWT with the current key, or as the toggles say.
func (s *Sim) sign(claims map[string]any) (string, error) {
	if s.trouble.take(UnsignedToken) {
		return unsigned(claims)
	}
	if s.trouble.take(RotatedSignedJWKS) {
		if err := s.keys.rotate(true); err != nil {
			return "", err
		}
	}
	key := s.keys.signer()
	kid := key.KeyID
	wrongKid, wrongSignature := s.trouble.take(WrongKid), s.trouble.take(WrongSignature)
	if wrongKid || wrongSignature {
		stranger, err := s.keys.strange()
		if err != nil {
			return "", err
		}
		if key = stranger; !wrongKid {
			key.KeyID = kid
		}
	}
	return signJSON(key, "JWT", claims)
}

func unsigned(claims map[string]any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + encode(payload) + ".", nil
}
