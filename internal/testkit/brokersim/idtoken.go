package brokersim

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"time"

	"avain/internal/secret"

	"github.com/go-jose/go-jose/v4"
)

const (
	acrSubstantial = "http://ftn.ficora.fi/2017/loa2"
	acrTest        = "http://ftn.ficora.fi/2017/loatest2"
	acrNone        = "http://ftn.ficora.fi/2017/loa1" // no such level
)

// told is what the broker tells of a person, as the toggles let it.
type told struct {
	hetu    string // personal identity code
	given   string
	family  string
	full    string // family name first
	display string // given name first
	born    string // 2006-01-02
}

func (s *Sim) told(g grant) told {
	p := g.who.person
	t := told{hetu: p.HETU.Reveal(), given: p.GivenName, family: p.FamilyName, full: p.Name, display: p.DisplayName()}
	if !p.HETU.Zero() {
		t.born = p.HETU.Birth().Format(time.DateOnly)
	}
	switch {
	case s.trouble.take(MissingHETU):
		t.hetu = ""
	case s.trouble.take(InvalidHETU) && t.hetu != "":
		t.hetu = otherCheck(t.hetu)
	}
	if s.trouble.take(MissingSplitNames) {
		t.given, t.family = "", ""
	}
	return t
}

// claimSet leaves out what is empty, unless it is set without put.
type claimSet map[string]any

func (c claimSet) put(name, value string) {
	if value != "" {
		c[name] = value
	}
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
	claims := s.rules.claims(s, g)
	if g.request.Nonce != "" {
		claims["nonce"] = g.request.Nonce
	}
	s.bend(g, claims)
	return claims
}

func (s *Sim) bend(g grant, claims map[string]any) {
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
	s.bendProof(g, claims)
	if s.trouble.take(ExpiredToken) {
		now := s.config.Now()
		claims["iat"], claims["exp"] = now.Add(-time.Hour).Unix(), now.Add(-50*time.Minute).Unix()
	}
}

// bendProof bends what says how, where and when the person was authenticated, in the
// dialect's own claims.
func (s *Sim) bendProof(g grant, claims map[string]any) {
	b := s.rules.bending
	if s.trouble.take(TestACR) {
		b.test(s, g, claims)
	}
	if s.trouble.take(UnknownMethod) && b.method != "" {
		claims[b.method] = b.strangeMethod(s)
	}
	if s.trouble.take(WrongACR) {
		claims[b.level] = b.wrongLevel
	}
	if s.trouble.take(MissingLevel) {
		delete(claims, b.level)
	}
	if s.trouble.take(StaleAuthTime) {
		claims[b.time] = b.stamp(s.config.Now().Add(-time.Hour))
	}
	if s.trouble.take(MissingAuthTime) {
		delete(claims, b.time)
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
	algorithm := s.rules.keyWrap
	if s.trouble.take(WeakEncryption) {
		algorithm = jose.RSA1_5
	}
	outer, err := encrypt(inner, s.rules.encryption, jose.Recipient{Algorithm: algorithm, Key: key.Key, KeyID: key.KeyID})
	if err != nil {
		return "", refuse(EncryptionKeyAbsent, "the id_token could not be encrypted").because(err)
	}
	return outer, nil
}

func encrypt(inner string, content jose.ContentEncryption, to jose.Recipient) (string, error) {
	encrypter, err := jose.NewEncrypter(content, to, (&jose.EncrypterOptions{}).WithContentType("JWT"))
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
