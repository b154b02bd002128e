package client

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"avain/internal/domain/login"
	"avain/internal/secret"

	"github.com/go-jose/go-jose/v4"
)

// Config is what a Registry needs.
type Config struct {
	Clients []login.Client
	Issuer  string // what client assertions must be addressed to (FAPI 2.0 §5.3.2.1)

	// Endpoints are the URLs of our token and PAR endpoints, which clients of the
	// compatible profile may address their assertions to instead (RFC 9126 §2).
	Endpoints []string

	PairwiseKey secret.Text // subjects of sectors are derived from it; needed when a client has a sector
	Now         func() time.Time
}

// Registry is the set of clients. It is safe for concurrent use.
type Registry struct {
	config  Config
	clients map[string]registered
	origins map[string]bool
	nobody  registered // stands in for unknown clients, so that refusing them takes as long
}

// registered is a client with what its authentication needs.
type registered struct {
	login.Client
	keys   []jose.JSONWebKey
	secret secret.Hash
}

// New makes a Registry. Package config has checked what people may have written
// wrong; the error lists every client that could not be authenticated at all.
func New(config Config) (*Registry, error) {
	g := &Registry{config: config, clients: map[string]registered{}, origins: map[string]bool{}}
	if config.Issuer == "" || config.Now == nil {
		return nil, errors.New("client: issuer and clock are needed")
	}
	var mistakes error
	for _, c := range config.Clients {
		r, err := register(c, config)
		if _, taken := g.clients[c.ID]; taken {
			err = errors.New("the id is used twice")
		}
		if err != nil {
			mistakes = errors.Join(mistakes, fmt.Errorf("client %q: %w", c.ID, err))
			continue
		}
		g.clients[c.ID] = r
		for _, origin := range c.Origins {
			g.origins[origin] = true
		}
	}
	if mistakes != nil {
		return nil, mistakes
	}
	nobody, err := standIn()
	if err != nil {
		return nil, err
	}
	g.nobody = nobody
	return g, nil
}

func register(c login.Client, config Config) (registered, error) {
	r := registered{Client: c}
	if c.ID == "" {
		return r, errors.New("there is no id")
	}
	if c.Sector != "" && config.PairwiseKey.Empty() {
		return r, errors.New("it has a sector, but there is no key for its subjects")
	}
	switch c.Auth {
	case login.AuthNone, login.AuthInternal:
		return r, nil
	case login.AuthSecretBasic:
		if c.Secret.Empty() {
			return r, errors.New("it authenticates with a secret, but has none")
		}
		r.secret = c.Secret.Hash()
		return r, nil
	case login.AuthPrivateKeyJWT:
		var err error
		r.keys, err = publicKeys(c.JWKS, c.Profile)
		return r, err
	default:
		return r, errors.New("there is no way of authenticating that is called so")
	}
}

// standIn makes a client that nobody can be: its secret and its key are thrown away.
func standIn() (registered, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return registered{}, fmt.Errorf("client: make stand-in key: %w", err)
	}
	return registered{
		keys:   []jose.JSONWebKey{{Key: private.Public(), Algorithm: string(jose.ES256)}},
		secret: secret.New().Hash(),
	}, nil
}

// Get finds a client by its id.
func (g *Registry) Get(id string) (login.Client, bool) {
	c, ok := g.clients[id]
	return c.Client, ok
}

// OriginAllowed reports whether some client runs on the web origin, as the Origin
// header of a cross-origin request names it. Sandboxed pages and local files all
// share the origin "null", so nobody may have it.
func (g *Registry) OriginAllowed(origin string) bool { return origin != "null" && g.origins[origin] }

// Subject returns the "sub" by which the client knows the person: the same for all
// our own apps, another one for every foreign sector (OpenID Connect Core §8.1), so
// that two companies cannot find out that their customers are the same human.
func (g *Registry) Subject(c login.Client, p login.Person) string {
	if c.Sector == "" {
		return p.Subject
	}
	return g.config.PairwiseKey.Derive("pairwise subject", c.Sector, p.Subject).Reveal()
}
