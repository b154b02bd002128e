package signing

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/protocol/jws"
	"avain/internal/protocol/oauth"

	"github.com/go-jose/go-jose/v4"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// The types of token that we sign: the typ header, which keeps one kind of token
// from being taken for another (RFC 8725 §3.11).
const (
	TypAccessToken = "at+jwt"     // RFC 9068 §2.1
	TypIDToken     = "JWT"        // OpenID Connect Core names none; this one says the least
	TypLogoutToken = "logout+jwt" // OpenID Connect Back-Channel Logout §2.4
)

// MaxAge is how long others may cache the JWK set (Cache-Control: max-age).
const MaxAge = time.Hour

const maxToken = 8 << 10 // bytes

// Store keeps the keys, for all nodes.
type Store interface {
	// Atomically makes several calls one transaction.
	Atomically(ctx context.Context, act func(ctx context.Context) error) error
	// SigningKeys lists every key, by slot.
	SigningKeys(ctx context.Context) ([]operations.SigningKey, error)
	// AddSigningKey adds a key; fault.ErrExists when its slot or KID is taken.
	AddSigningKey(ctx context.Context, key operations.SigningKey) error
	// RetireSigningKeys removes these keys, keeps what may verify hints, and forgets what
	// was kept until now. A key that is gone already leaves nothing.
	RetireSigningKeys(ctx context.Context, keys []operations.HintKey, now time.Time) error
	// HintKey is what is kept of a key that was removed; fault.ErrNotFound.
	HintKey(ctx context.Context, kid string) (operations.HintKey, error)
}

// Config is what a Signer needs. Zero durations mean the defaults.
type Config struct {
	Store  Store
	AEAD   tink.AEAD // seals private keys; its keyset is not in the database
	Issuer string    // the iss that Verify demands

	// Algs are the algorithms that tokens are signed with, one key for each: ES256 (which
	// is the default), RS256, PS256 and EdDSA.
	Algs []string

	PublishAhead time.Duration // least time from publication to first use; default 24 h, at least MaxAge
	ActiveFor    time.Duration // from first use to retirement; default 30 d
	TokenLife    time.Duration // longest life of any token that is signed; default 24 h
	HintLife     time.Duration // longest life of a session that an ID token may name; default 365 d

	Now func() time.Time

	// Added is told of every key that this node makes, in its transaction; may be nil.
	Added func(ctx context.Context, key operations.SigningKey)
	// Signed is told of every signature; may be nil.
	Signed func(alg string)
}

// Signer signs and verifies our own tokens. It is safe for concurrent use.
type Signer struct {
	config Config

	keys    atomic.Pointer[keySet] // as last read; nil before the first time
	triedAt atomic.Int64           // unix milliseconds of the last try to read them
	reading sync.Mutex             // one reader at a time
	making  sync.Mutex             // one maker of keys at a time
}

// New makes a Signer. It does not touch the store; call Start before serving.
func New(config Config) (*Signer, error) {
	if len(config.Algs) == 0 {
		config.Algs = []string{string(jose.ES256)}
	}
	config.PublishAhead = cmp.Or(config.PublishAhead, 24*time.Hour)
	config.ActiveFor = cmp.Or(config.ActiveFor, 30*24*time.Hour)
	config.TokenLife = cmp.Or(config.TokenLife, 24*time.Hour)
	config.HintLife = cmp.Or(config.HintLife, 365*24*time.Hour)
	switch {
	case config.Store == nil || config.AEAD == nil || config.Now == nil || config.Issuer == "":
		return nil, errors.New("signer: store, AEAD, clock and issuer are needed")
	case slices.ContainsFunc(config.Algs, unknown):
		return nil, fmt.Errorf("signer: algorithms %q: ES256, RS256, PS256 and EdDSA are expected", config.Algs)
	case config.PublishAhead < MaxAge:
		return nil, fmt.Errorf("signer: keys must be published at least %s ahead", MaxAge)
	case config.ActiveFor <= 2*config.PublishAhead:
		return nil, errors.New("signer: keys must be active for more than twice the time they are published ahead")
	case config.TokenLife < 0, config.HintLife < 0:
		return nil, errors.New("signer: a life is negative")
	}
	return &Signer{config: config}, nil
}

func unknown(alg string) bool { return !slices.Contains(Algs(), alg) }

// Sign returns the claims as a compact JWS by the active key of the algorithm, with kid
// and typ in its header. The algorithm is one of the configuration, and the claims are
// anything that encodes to a JSON object; typ is one of the types above.
func (s *Signer) Sign(ctx context.Context, alg, typ string, claims any) (string, error) {
	active, err := s.active(ctx, alg)
	if err != nil {
		return "", err
	}
	signer, ok := active.signers[typ]
	if !ok {
		return "", fmt.Errorf("signer: no tokens of type %q are signed here", typ)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("signer: encode claims: %w", err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("signer: sign: %w", err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		return "", fmt.Errorf("signer: serialize: %w", err)
	}
	if s.config.Signed != nil {
		s.config.Signed(alg)
	}
	return token, nil
}

// active returns the key that signs by the algorithm. The first one of an algorithm may
// still have to be made: then everybody who needs it waits, once in an installation.
func (s *Signer) active(ctx context.Context, alg string) (*key, error) {
	if !slices.Contains(s.config.Algs, alg) {
		return nil, fmt.Errorf("signer: no tokens are signed by %q here", alg)
	}
	keys, err := s.current(ctx)
	if err != nil {
		return nil, err
	}
	if keys.newest(alg) == nil {
		if keys, err = s.renew(ctx, alg); err != nil {
			return nil, err
		}
	}
	return keys.active(alg, s.config.Now()), nil
}

// Expect says which token Verify is looking at.
type Expect struct {
	Typ  string // exactly this typ header
	Hint bool   // an id_token_hint: also after exp, and by a key that has retired for good
}

// ErrKeyGone is in the chain of the error for a token whose key is not known here, or not
// any more: whether it was genuine cannot be told.
var ErrKeyGone = errors.New("the token is signed by a key that is unknown here")

// Verify returns the claims of a token that we signed: right signature, type and
// issuer, and not expired. Audience, scope, cnf and whether the session still lives
// are the caller's. Its errors are *fault.Error: Unauthenticated with
// ReasonTokenInvalid and code invalid_token, or Internal when the keys cannot be
// read. [ErrKeyGone]: nobody can tell.
func (s *Signer) Verify(ctx context.Context, token string, want Expect) ([]byte, error) {
	parsed, err := jws.Parse(token, jws.Rules{
		MaxBytes: maxToken, Algs: jws.Compatible(), Types: []string{want.Typ}, Header: []string{"kid"},
	})
	if err != nil {
		return nil, refuse(err.Error(), err)
	}
	public, err := s.publicKey(ctx, parsed.KeyID)
	if want.Hint && errors.Is(err, ErrKeyGone) {
		public, err = s.hintKey(ctx, parsed.KeyID)
	}
	if err != nil {
		return nil, err
	}
	if parsed.Alg != public.Algorithm {
		return nil, refuse("the token's alg is not that of its key", nil) // one key, one algorithm (RFC 8725 §3.1)
	}
	payload, err := parsed.Verify(public.Key)
	if err != nil {
		return nil, refuse(err.Error(), err)
	}
	var c struct {
		Issuer  string   `json:"iss"`
		Expires jws.Date `json:"exp"`
	}
	if err := jws.Decode(payload, &c); err != nil {
		return nil, refuse(err.Error(), err)
	}
	switch {
	case c.Issuer != s.config.Issuer:
		return nil, refuse("the token is from another issuer", nil)
	case c.Expires.IsZero(), !want.Hint && !s.config.Now().Before(c.Expires.Time):
		return nil, refuse("the token has expired", nil)
	}
	return payload, nil
}

// publicKey finds the key of a token. An unknown kid may be a key that another node
// has just made, so the keys are read again, but not at a stranger's pace.
func (s *Signer) publicKey(ctx context.Context, kid string) (public jose.JSONWebKey, err error) {
	keys, err := s.current(ctx)
	if err != nil {
		return public, fault.New(fault.Internal, login.ReasonInternal, err)
	}
	found := keys.byID(kid)
	if found == nil && s.due(unknownEvery) {
		keys, err = s.read(ctx)
		if err != nil {
			return public, fault.New(fault.Internal, login.ReasonInternal, err)
		}
		found = keys.byID(kid)
	}
	if found == nil {
		return public, refuse(ErrKeyGone.Error(), ErrKeyGone)
	}
	return found.public, nil
}

// Algs lists the algorithms that tokens of ours may be signed with.
func Algs() []string {
	// The first one is what OpenID Connect expects of everybody (Discovery §3).
	return []string{string(jose.RS256), string(jose.ES256), string(jose.PS256), string(jose.EdDSA)}
}

// JWKS returns the public keys (RFC 7517 §5) of all algorithms, and a strong ETag for
// them, quoted.
func (s *Signer) JWKS(ctx context.Context) (body []byte, etag string, err error) {
	for _, alg := range s.config.Algs {
		if _, err := s.active(ctx, alg); err != nil {
			return nil, "", err
		}
	}
	keys, err := s.current(ctx)
	if err != nil {
		return nil, "", err
	}
	return keys.jwks, keys.etag, nil
}

func refuse(detail string, cause error) *fault.Error {
	return fault.New(fault.Unauthenticated, login.ReasonTokenInvalid, cause).WithCode(oauth.InvalidToken).WithDetail(detail)
}
