package brokersim

import "time"

// rules is what differs between the dialects. Paths are relative to the base URL.
type rules struct {
	issuer     string // path of the issuer; the entity id is the bare base URL
	authorize  string
	token      string
	profile    string // OP's userinfo
	signedJWKS string
	jwks       string
	discovery  string
	selector   string // OP's list of banks; the client id follows
	outage     string // Telia's outage text

	lifetime     time.Duration // most that a client assertion or request object may live
	validity     time.Duration // of an id_token
	cancelled    string        // redirect error when the person gives up
	singleSignOn bool          // remembers people between requests
}

func rulesOf(d Dialect) rules {
	if d == Telia {
		return rules{
			issuer:       "/uas",
			authorize:    "/uas/oauth2/authorization",
			token:        "/uas/oauth2/token",
			signedJWKS:   "/openid_provider/signed_jwks.jwt",
			jwks:         "/uas/oauth2/metadata.jwks",
			discovery:    "/uas/.well-known/openid-configuration",
			outage:       "/uas/resource/maintenance.txt",
			lifetime:     time.Hour,
			validity:     300 * time.Second,
			cancelled:    "access_denied",
			singleSignOn: true,
		}
	}
	return rules{
		authorize:  "/oauth/authorize",
		token:      "/oauth/token",
		profile:    "/oauth/profile",
		signedJWKS: "/jwks/broker-signed",
		selector:   "/api/embedded-ui/",
		lifetime:   600 * time.Second,
		validity:   600 * time.Second,
		cancelled:  "cancel",
	}
}

const (
	pathStatement = "/.well-known/openid-federation"
	pathVisit     = "/identify/"
	pathPhone     = "/phone/"
	pathLogo      = "/logo/"
	pathStyle     = "/style.css"
	pathPrivacy   = "/privacy-info"
	pathControl   = "/misbehave"
)

// Endpoints are the simulator's addresses; those that the dialect lacks are empty.
type Endpoints struct {
	Issuer     string // "iss" of id_tokens
	EntityID   string // "iss" and "sub" of the signed JWKS and the entity statement
	Authorize  string
	Token      string
	Profile    string
	SignedJWKS string
	JWKS       string
	Discovery  string
	Selector   string // OP: selector JSON of the registered client
	Outage     string // Telia: outage text
	Statement  string // entity statement; OP forbids fetching it by program
	Control    string // page with the toggles
}

// Endpoints tells where everything is.
func (s *Sim) Endpoints() Endpoints {
	at := func(path string) string {
		if path == "" {
			return ""
		}
		return s.config.BaseURL + path
	}
	e := Endpoints{
		Issuer:     s.config.BaseURL + s.rules.issuer,
		EntityID:   s.config.BaseURL,
		Authorize:  at(s.rules.authorize),
		Token:      at(s.rules.token),
		Profile:    at(s.rules.profile),
		SignedJWKS: at(s.rules.signedJWKS),
		JWKS:       at(s.rules.jwks),
		Discovery:  at(s.rules.discovery),
		Outage:     at(s.rules.outage),
		Statement:  at(pathStatement),
		Control:    at(pathControl),
	}
	if s.rules.selector != "" {
		e.Selector = at(s.rules.selector) + s.registered().client.ID
	}
	return e
}
