package broker

import (
	"encoding/json"
	"net/url"
	"sync"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"

	"github.com/go-jose/go-jose/v4"
)

// SignedJWKSPath is where, below our base URL, the broker finds our signed JWKS; our
// entity statement says so.
func SignedJWKSPath(brokerID string) string { return "/ftn/" + brokerID + "/signed-jwks.jwt" }

// The "typ" of what an entity key signs (OpenID Federation). With "application/" in
// front they are the media types to serve them with.
const (
	typeSignedJWKS      = "jwk-set+jwt"
	typeEntityStatement = "entity-statement+jwt"
)

// published is what we sign with our entity key. Both documents are kept: an RSA
// signature per request would let anybody burn our processor.
type published struct {
	entity *ourKey // nil: this broker gets neither
	stored []byte  // our statement as it was handed over; nil: made when asked for

	mu        sync.Mutex
	jwks      signedDocument
	statement signedDocument
}

type signedDocument struct {
	raw   []byte
	until time.Time // sign anew from then on
}

// JWKS is our public keys for the broker (media type application/jwk-set+json): every
// signing key, and the decryption key that is to be used now.
func (r *Registry) JWKS(brokerID string) ([]byte, error) {
	u, err := r.one(brokerID)
	if err != nil {
		return nil, err
	}
	return json.Marshal(jose.JSONWebKeySet{Keys: u.publicKeys()})
}

// SignedJWKS is the same, signed with our entity key (media type
// application/jwk-set+jwt). NotFound when no entity key is configured.
func (r *Registry) SignedJWKS(brokerID string) ([]byte, error) {
	u, err := r.one(brokerID)
	if err != nil {
		return nil, err
	}
	return u.signedByEntity(func(p *published) *signedDocument { return &p.jwks },
		typeSignedJWKS, u.config.OurKeys.SignedJWKSTTL, map[string]any{"keys": u.publicKeys()})
}

// EntityStatement is the statement that the operator hands to the broker (media type
// application/entity-statement+jwt): the stored one, if there is one. NotFound when no
// entity key is configured.
func (r *Registry) EntityStatement(brokerID string) ([]byte, error) {
	u, err := r.one(brokerID)
	if err != nil {
		return nil, err
	}
	if u.published.entity == nil {
		return nil, noEntity()
	}
	if u.published.stored != nil {
		return u.published.stored, nil
	}
	return u.signedByEntity(func(p *published) *signedDocument { return &p.statement },
		typeEntityStatement, u.config.OurKeys.StatementTTL, u.statementBody())
}

// statementBody is what we state about ourselves, but for the dates.
func (u *upstream) statementBody() map[string]any {
	return map[string]any{
		"jwks":     jose.JSONWebKeySet{Keys: []jose.JSONWebKey{u.published.entity.public("sig", entityAlgorithm)}},
		"metadata": map[string]any{"openid_relying_party": u.relyingParty()},
	}
}

const entityAlgorithm = "RS256"

// relyingParty is our metadata. OP prescribes every value; for OP the algorithms of
// the preset are just those.
func (u *upstream) relyingParty() map[string]any {
	c := u.config
	return map[string]any{ //nolint:gosec // G101: "token_endpoint_auth_method" is a name, not a token
		"redirect_uris":                   []string{u.callback},
		"application_type":                "web",
		"id_token_signed_response_alg":    c.Algorithms.Signature[0],
		"id_token_encrypted_response_alg": c.Algorithms.KeyEncryption[0],
		"id_token_encrypted_response_enc": c.Algorithms.ContentEncryption[0],
		"request_object_signing_alg":      c.Algorithms.Request,
		"token_endpoint_auth_method":      "private_key_jwt",
		"token_endpoint_auth_signing_alg": c.Algorithms.Request,
		"client_registration_types":       []string{},
		"organization_name":               c.OurKeys.OrganizationName,
		"signed_jwks_uri":                 u.origin() + SignedJWKSPath(c.ID),
	}
}

// publicKeys lists what the broker may use. The order of the files is the roll-over;
// see [OurKeys].
func (u *upstream) publicKeys() []jose.JSONWebKey {
	keys := make([]jose.JSONWebKey, 0, len(u.signing)+1)
	for _, key := range u.signing {
		keys = append(keys, key.public("sig", u.config.Algorithms.Request))
	}
	return append(keys, u.decryption[0].public("enc", u.config.Algorithms.KeyEncryption[0]))
}

// signedByEntity answers the kept document, or signs it anew when half its life is over:
// what we hand out is good for at least the other half. A statement is not published but
// handed over, once: nothing that is signed later reaches the broker, which is why it
// lives for ten years.
func (u *upstream) signedByEntity(slot func(*published) *signedDocument, typ string, ttl time.Duration, body map[string]any) ([]byte, error) {
	p := &u.published
	if p.entity == nil {
		return nil, noEntity()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now, kept := u.now(), slot(p)
	if now.Before(kept.until) {
		return kept.raw, nil
	}
	signer, err := p.entity.signer(entityAlgorithm, typ)
	if err != nil {
		return nil, fault.New(fault.Internal, login.ReasonInternal, err).WithDetail("entity.sign")
	}
	body["iss"], body["sub"] = u.entityID(), u.entityID()
	body["iat"], body["exp"] = now.Unix(), now.Add(ttl).Unix()
	signed, err := compact(signer, body)
	if err != nil {
		return nil, fault.New(fault.Internal, login.ReasonInternal, err).WithDetail("entity.sign")
	}
	*kept = signedDocument{raw: []byte(signed), until: now.Add(ttl / 2)}
	return kept.raw, nil
}

// entityID is our name in the federation: our base URL unless configured.
func (u *upstream) entityID() string {
	if u.config.OurKeys.EntityID != "" {
		return u.config.OurKeys.EntityID
	}
	return u.origin()
}

// origin is our own, as the registered redirect URI shows it.
func (u *upstream) origin() string {
	callback, err := url.Parse(u.callback)
	if err != nil {
		return ""
	}
	return callback.Scheme + "://" + callback.Host
}

func noEntity() error {
	return fault.New(fault.NotFound, login.ReasonPageUnknown, nil).WithDetail("entity.not_configured")
}
