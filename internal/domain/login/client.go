package login

import (
	"slices"
	"time"

	"avain/internal/secret"
)

// Profile is one of the two named sets of rules that a client lives under. There
// are no loose flags: what a profile demands, every client of it does.
type Profile string

// The profiles of protocol.md.
const (
	ProfileStrict     Profile = "strict"     // FAPI 2.0: PAR, PKCE, DPoP; refresh token bound to the key, not rotated
	ProfileCompatible Profile = "compatible" // OAuth 2.1: parameters or PAR, PKCE for public clients; refresh token rotated
)

// ClientAuth is how a client proves itself at the token endpoint.
type ClientAuth string

// The ways a client may authenticate (OpenID Connect Core §9).
const (
	AuthNone          ClientAuth = "none"
	AuthPrivateKeyJWT ClientAuth = "private_key_jwt"
	AuthSecretBasic   ClientAuth = "client_secret_basic" // a secret: in the header, or as client_secret_post in the form

	// AuthSecretPost is the name for a secret in the form. Clients are not configured
	// with it: whoever has a secret may send it either way, as its library does.
	AuthSecretPost ClientAuth = "client_secret_post"

	// AuthInternal is that of our own pages: it never comes over the wire, so nobody
	// can authenticate with it.
	AuthInternal ClientAuth = "internal"
)

// WebClient is the id of the client that our own pages are: people sign in to them
// with an attempt like any other. No app may have it.
const WebClient = "avain-web"

// Client is an app that people log in to. Clients are configuration.
type Client struct {
	ID                     string
	Name                   string
	Profile                Profile
	Auth                   ClientAuth
	Secret                 secret.Text // for client_secret_basic, also when it comes in the form
	JWKS                   []byte      // for private_key_jwt: the client's public JWK set
	RedirectURIs           []string    // matched exactly; loopback ports excepted (RFC 8252 §7.3)
	PostLogoutRedirectURIs []string
	BackchannelLogoutURI   string   // is told when a session of the client ends before its time; may be empty
	AppLink                string   // opens the app from a page, when the phone did not hand our /return to it; may be empty
	OpenLink               string   // opens the app with the content of a QR code, on the phone that shows it; may be empty
	Origins                []string // web origins that may call us from a browser (CORS)
	Scopes                 []string
	Audiences              []string // resources of its own that its access tokens may be for (RFC 8707)
	Alg                    string   // signs its ID tokens and access tokens, such as ES256
	Sector                 string   // pairwise subjects per sector; empty for our own apps, which share one subject
	Introspection          bool     // may ask about tokens
	Exact                  bool     // nothing is kinder to it than the specifications are: see "Where we differ" of docs/protocol.md
}

// Public reports whether the client cannot keep a secret.
func (c Client) Public() bool { return c.Auth == AuthNone }

// Internal reports whether the client is our own pages.
func (c Client) Internal() bool { return c.Auth == AuthInternal }

// fapiRequestURI is the longest life of a request_uri: less than 600 s (FAPI 2.0 §5.3.2.2).
const fapiRequestURI = 599 * time.Second

// RequestURILife is how long a request_uri of the client is good, when a login may take
// that long.
func (c Client) RequestURILife(attempt time.Duration) time.Duration {
	if c.Profile == ProfileStrict {
		return min(attempt, fapiRequestURI)
	}
	return attempt
}

// MayReach reports whether an access token of the client may be for the resource.
func (c Client) MayReach(resource string) bool { return slices.Contains(c.Audiences, resource) }

// Allows reports whether the client may ask for the scope.
func (c Client) Allows(scope string) bool {
	return slices.Contains(c.Scopes, scope)
}
