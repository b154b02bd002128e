package brokersim

import (
	"net/http"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// rules is what differs between the dialects. What one broker's guide says stands in
// op.go, telia.go, idura.go and signicat.go, each with its source; what no published
// source proves is marked "Invented:".
type rules struct {
	paths       paths
	publication publication

	// What a relying party has to send.
	outerClientID bool                                              // client_id beside the request object or request_uri
	requestObject need                                              // parameters come signed, at the authorization endpoint
	pushedObject  need                                              // the same at the PAR endpoint
	requestKid    need                                              // kid in the header of a request object
	requestNames  need                                              // iss and aud in it; wrong ones are always refused
	requestFor    func(Endpoints) []string                          // what its aud may be
	requestLife   time.Duration                                     // most that it may live
	read          func(s *Sim, req *request, lenient bool) *refusal // scope, prompt, preselection: says what is offered
	assertionKid  need                                              // kid in the header of a client assertion
	assertionID   need                                              // its jti
	assertionFor  func(e Endpoints, lenient bool) []string          // what its aud may be
	assertionLife time.Duration                                     // most that it may live
	lenientLife   time.Duration                                     // Lenient: both may live so long; 0: no longer
	tokenNeeds    []string                                          // parameters beside code, grant type and assertion
	strayRedirect bool                                              // Lenient: people may be sent back to anywhere
	textMaxAge    bool                                              // max_age may be a string
	enforce       string                                            // login_hint that takes leniency away
	staticKeys    bool                                              // the relying party's keys are a set that never changes
	languages     map[string]string                                 // ui_locales → ours

	// What it answers.
	keyWrap      jose.KeyAlgorithm      // encrypts the content key of an id_token
	encryption   jose.ContentEncryption // and that its content
	validity     time.Duration          // of an id_token
	claims       func(*Sim, grant) map[string]any
	bending      bending
	code         func(clientID string) string // makes an authorization code
	accessToken  func(clientID string) string
	tokenLife    time.Duration        // expires_in
	tokenScope   func(request) string // scope in the token answer; nil: none
	pushLife     time.Duration        // of a request_uri
	refuseToken  func(http.ResponseWriter, *refusal)
	callback     func(*Sim, request) url.Values // comes back beside the code; nil: nothing
	codeLife     time.Duration
	cancelled    string // redirect error when the person gives up
	singleSignOn bool   // remembers people between requests
}

// paths are relative to the base URL; those that the dialect lacks are empty.
type paths struct {
	issuer     string
	authorize  string
	token      string
	par        string // pushed authorization requests
	profile    string // OP's userinfo
	statement  string // entity statement; the entity's id is the bare base URL
	signedJWKS string
	jwks       string
	discovery  string
	selector   string // OP's list of banks; the client id follows
	outage     string // Telia's outage text
}

// publication is how the broker publishes its keys.
type publication struct {
	keyID         func(thumbprint []byte) string // how it names a key
	typ           string                         // typ of the signed JWKS
	life          time.Duration                  // of the signed JWKS; 0: it has no exp
	twoEntityKeys bool                           // the entity statement holds the next entity key, too
	encryptionKey bool                           // the set holds a key with use=enc
	algorithm     bool                           // keys say alg
	nextAhead     bool                           // the next signing key is always there; else only when announced
	metadata      func(*Sim) map[string]any      // beside issuer and endpoints
}

// bending says which claims the toggles about level, time and method bend.
type bending struct {
	level, wrongLevel string                            // says how well the person was authenticated; a value that nobody accepts
	test              func(*Sim, grant, map[string]any) // marks the claims as those of a test environment
	time              string                            // time of authentication
	stamp             func(time.Time) any
	method            string // names the bank; empty: the broker does not tell
	strangeMethod     func(*Sim) any
}

// need says how much a dialect insists on something.
type need int

const (
	demanded need = iota // nothing goes without
	expected             // the same, unless the simulator is lenient
	optional
)

func (n need) insists(lenient bool) bool { return n == demanded || (n == expected && !lenient) }

func rulesOf(d Dialect) rules {
	switch d {
	case Telia:
		return teliaRules()
	case Idura:
		return iduraRules()
	case Signicat:
		return signicatRules()
	default:
		return opRules()
	}
}

const (
	pathVisit   = "/identify/"
	pathPhone   = "/phone/"
	pathLogo    = "/logo/"
	pathStyle   = "/style.css"
	pathPrivacy = "/privacy-info"
	pathControl = "/misbehave"
)

// Endpoints are the simulator's addresses; those that the dialect lacks are empty.
type Endpoints struct {
	Issuer     string // "iss" of id_tokens
	EntityID   string // "iss" and "sub" of the signed JWKS and the entity statement
	Authorize  string
	Token      string
	PAR        string // Idura, Signicat
	Profile    string // OP
	SignedJWKS string // OP, Telia
	JWKS       string // all but OP
	Discovery  string // all but OP
	Selector   string // OP: selector JSON of the registered client
	Outage     string // Telia: outage text
	Statement  string // OP, Telia: entity statement; OP forbids fetching it by program
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
	p := s.rules.paths
	e := Endpoints{
		Issuer:     s.config.BaseURL + p.issuer,
		Authorize:  at(p.authorize),
		Token:      at(p.token),
		PAR:        at(p.par),
		Profile:    at(p.profile),
		SignedJWKS: at(p.signedJWKS),
		JWKS:       at(p.jwks),
		Discovery:  at(p.discovery),
		Outage:     at(p.outage),
		Statement:  at(p.statement),
		Control:    at(pathControl),
	}
	if p.statement != "" {
		e.EntityID = s.config.BaseURL
	}
	if p.selector != "" {
		e.Selector = at(p.selector) + s.registered().client.ID
	}
	return e
}
