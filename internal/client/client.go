package client

import (
	"errors"
	"net/http"
	"time"

	"avain/internal/login"
	"avain/internal/secret"
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
type Registry struct{ config Config }

// Caller is a client that has proved who it is.
type Caller struct {
	Client login.Client

	// Once holds the mark of the client assertion, if one was used. The caller is
	// not fully authenticated until the marks are written in the same transaction
	// as the act: login.ErrReplayed then means that the assertion was used before.
	Once []login.Once
}

// New checks the clients and makes a Registry. The error lists every mistake.
func New(config Config) (*Registry, error) { return &Registry{config}, nil }

// Get finds a client by its id.
func (g *Registry) Get(id string) (login.Client, bool) { return login.Client{}, false }

// Authenticate finds out which client sent the request, from its Authorization
// header and its form body, never from the URL. The web layer has parsed the form
// (with its size limit) before. Its errors are *login.Error: Unauthenticated with
// code invalid_client, or Invalid for a malformed request.
func (g *Registry) Authenticate(r *http.Request) (Caller, error) {
	return Caller{}, errors.ErrUnsupported
}

// Challenge returns the WWW-Authenticate header for a 401 answer to the request:
// empty unless the client tried the Authorization header (RFC 6749 §5.2), because
// a browser would ask the person for a password.
func Challenge(r *http.Request) string { return "" }

// MatchRedirect reports whether uri is one of the client's redirect URIs.
func MatchRedirect(c login.Client, uri string) bool { return false }

// MatchLogoutRedirect does the same for RP-initiated logout.
func MatchLogoutRedirect(c login.Client, uri string) bool { return false }

// OriginAllowed reports whether some client runs on the web origin, as the Origin
// header of a cross-origin request names it.
func (g *Registry) OriginAllowed(origin string) bool { return false }

// Subject returns the "sub" by which the client knows the person: the same for all
// our own apps, another one for every foreign sector (OpenID Connect Core §8.1).
func (g *Registry) Subject(c login.Client, p login.Person) string { return "" }
