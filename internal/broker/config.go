package broker

import "time"

// Config describes one broker and our registration there. Fields left empty are
// filled from the preset ([Config.WithPreset]); what is wrong is listed by
// [Config.Validate]. All files are read once, at start.
type Config struct {
	ID         string `yaml:"id"`                   // ours, stable: part of the callback URL, metric label; [a-z0-9-]
	Preset     Preset `yaml:"preset,omitempty"`     // op, telia, idura, signicat, ingroupe, or empty
	Name       string `yaml:"name,omitempty"`       // as people read it on pages
	Production bool   `yaml:"production,omitempty"` // real people: test levels, artificial codes and plain http are refused

	Issuer    string    `yaml:"issuer,omitempty"` // "iss" of id_tokens, exactly
	ClientID  string    `yaml:"client_id"`
	Endpoints Endpoints `yaml:"endpoints,omitempty"`

	BrokerKeys KeySource  `yaml:"broker_keys,omitempty"`
	OurKeys    OurKeys    `yaml:"our_keys"`
	Algorithms Algorithms `yaml:"algorithms,omitempty"`

	Assertion Assertion `yaml:"assertion,omitempty"`
	Request   Request   `yaml:"request,omitempty"`

	Claims ClaimMap     `yaml:"claims,omitempty"`
	Levels []string     `yaml:"accepted_levels,omitempty"` // believed in the claim of the level (claims.level), exactly; default: accepted_acr
	ACR    []string     `yaml:"accepted_acr,omitempty"`    // believed in "acr", exactly, where the broker sends one
	Method MethodSource `yaml:"method_source,omitempty"`
	HETU   HETUMode     `yaml:"hetu,omitempty"` // production (default), artificial, lenient
	Errors ErrorCodes   `yaml:"errors,omitempty"`

	Means    []Means  `yaml:"means,omitempty"`
	Selector Selector `yaml:"selector,omitempty"`

	Timeout time.Duration `yaml:"timeout,omitempty"` // one request to the broker; default 8s
	Skew    time.Duration `yaml:"skew,omitempty"`    // tolerated difference of clocks; default 30s, at most 2m
	Circuit Circuit       `yaml:"circuit,omitempty"`
}

// Preset names a dialect that we know.
type Preset string

// The presets; each fills what stands in the broker's guide (docs/brokers.md).
const (
	PresetOP       Preset = "op"
	PresetTelia    Preset = "telia"
	PresetIdura    Preset = "idura"
	PresetSignicat Preset = "signicat"
	PresetINGroupe Preset = "ingroupe" // Nets E-Ident
)

// Presets lists them.
func Presets() []Preset {
	return []Preset{PresetOP, PresetTelia, PresetIdura, PresetSignicat, PresetINGroupe}
}

// Endpoints are either written out or read from the broker's discovery document;
// what is written out wins. Every host that we ever talk to appears in this file
// (threat 35): a discovery document cannot lead us anywhere else.
type Endpoints struct {
	Discovery     string   `yaml:"discovery,omitempty"` // URL of openid-configuration; empty: static endpoints
	Authorization string   `yaml:"authorization,omitempty"`
	Token         string   `yaml:"token,omitempty"`
	PAR           string   `yaml:"par,omitempty"`           // for request.transport: par
	AllowedHosts  []string `yaml:"allowed_hosts,omitempty"` // hosts that a discovery document may name besides its own
}

// KeySource says where the broker's signing keys come from: a JWKS signed by a
// pinned entity key (OP, Telia), or a plain JWKS over TLS. Exactly one of the two
// URIs is set; a plain one may also come from discovery.
type KeySource struct {
	JWKSURI string `yaml:"jwks_uri,omitempty"`

	SignedJWKSURI string `yaml:"signed_jwks_uri,omitempty"`
	Entity        string `yaml:"entity,omitempty"` // "iss" and "sub" of the signed JWKS; default: the issuer
	// The pin, delivered out of band. Either the entity's public keys (PEM, JWK or JWK
	// set), or its stored entity statement, or both.
	EntityStatementFile string `yaml:"entity_statement_file,omitempty"`
	// StatementFingerprints are the SHA-256 that the statement's file must have, byte by
	// byte: what "sha256sum" prints, and what Telia's guide lists (§2.2.1). Hex, in any case.
	StatementFingerprints []string `yaml:"statement_fingerprints,omitempty"`
	EntityKeysFile        string   `yaml:"entity_keys_file,omitempty"`
	// EntityKeyThumbprints name the keys to be used of those in the files: SHA-256 of the
	// RFC 7638 thumbprint input or of the DER public key; hex or base64url.
	EntityKeyThumbprints []string `yaml:"entity_key_thumbprints,omitempty"`
	Types                []string `yaml:"types,omitempty"` // accepted "typ" of the signed JWKS; "none": it may have none

	CacheTTL     time.Duration `yaml:"cache_ttl,omitempty"`     // default 1h, at most 24h (OP rotates daily in its sandbox)
	RefreshEvery time.Duration `yaml:"refresh_every,omitempty"` // least time between refreshes forced by an unknown kid; default 1m
}

// OurKeys are our private keys for this broker. Files hold a PEM private key or a JWK.
//
// A file in PEM may hold several, of which one is used: [ChangeKeys] changes it. Roll-over
// of signing keys: add the new key (it is published, and does not sign), use it a day
// later, drop the old one a day after that. Roll-over of decryption keys: add the new key
// (it decrypts, and is not published), then use it (it is published, the old one still
// decrypts), drop the old one when the broker's caches have expired. Files that are listed
// one after the other do the same, the first one's being used.
type OurKeys struct {
	Signing    []KeyFile `yaml:"signing"`          // the first signs; all are published
	Decryption []KeyFile `yaml:"decryption"`       // all decrypt; the first is published
	Entity     *KeyFile  `yaml:"entity,omitempty"` // signs what we publish (OP, Telia)

	// For our entity statement and signed JWKS; needed with an entity key.
	EntityID         string        `yaml:"entity_id,omitempty"`         // our "iss" and "sub" there; default: our base URL
	OrganizationName string        `yaml:"organization_name,omitempty"` // as agreed with the broker
	SignedJWKSTTL    time.Duration `yaml:"signed_jwks_ttl,omitempty"`   // default 24h

	// StatementFile is our entity statement as it was handed to the broker, made by "avain
	// keys statement". It is served as it is, by every node and after every restart, for as
	// long as our keys are the same. Without it each start signs another one, which says
	// the same with another date.
	StatementFile string        `yaml:"statement_file,omitempty"`
	StatementTTL  time.Duration `yaml:"statement_ttl,omitempty"` // default ten years, as in OP's and Telia's examples
}

// KeyFile is a private key, or several while one takes the place of another.
type KeyFile struct {
	File string `yaml:"file"`
	KID  string `yaml:"kid,omitempty"` // default: the JWK's own, else the RFC 7638 thumbprint
}

// Algorithms are allow-lists: nothing else is ever tried (threat 21).
type Algorithms struct {
	Signature         []string `yaml:"signature,omitempty"`          // of id_token and signed JWKS; default RS256
	KeyEncryption     []string `yaml:"key_encryption,omitempty"`     // "alg" of the JWE
	ContentEncryption []string `yaml:"content_encryption,omitempty"` // "enc" of the JWE
	Request           string   `yaml:"request,omitempty"`            // what we sign with; default RS256
}

// Assertion is our client assertion at the token and PAR endpoints (RFC 7523).
type Assertion struct {
	Audience string        `yaml:"audience,omitempty"` // default: the token endpoint
	TTL      time.Duration `yaml:"ttl,omitempty"`
}

// Transport is how the request object reaches the broker.
type Transport string

// The transports.
const (
	TransportQuery Transport = "query" // GET with request=
	TransportPOST  Transport = "post"  // form that the browser posts
	TransportPAR   Transport = "par"   // pushed by us (RFC 9126); the browser carries a request_uri
)

// Request describes our signed authorization request.
type Request struct {
	Transport     Transport         `yaml:"transport,omitempty"`
	OuterClientID *bool             `yaml:"outer_client_id,omitempty"` // client_id beside the request object too
	OuterScope    *bool             `yaml:"outer_scope,omitempty"`     // scope and response_type too (OpenID Connect Core §6.1)
	Audience      string            `yaml:"audience,omitempty"`        // "aud" of the request object
	TTL           time.Duration     `yaml:"ttl,omitempty"`             // default 600s
	PKCE          *bool             `yaml:"pkce,omitempty"`
	Scopes        []string          `yaml:"scopes,omitempty"`
	ACRValues     []string          `yaml:"acr_values,omitempty"` // unless preselecting replaces them
	Prompt        string            `yaml:"prompt,omitempty"`     // login: no answer from a session of the broker's own; omit: not sent
	MaxAge        *int              `yaml:"max_age,omitempty"`    // seconds
	ExtraClaims   map[string]string `yaml:"extra_claims,omitempty"`
	Locales       map[string]string `yaml:"locales,omitempty"` // ours → theirs (Idura: sv → se)

	Preselect      Preselect `yaml:"preselect,omitempty"`
	PreselectParam string    `yaml:"preselect_param,omitempty"` // for preselect: claim

	ServiceNameClaim string            `yaml:"service_name_claim,omitempty"` // ftn_spname (OP), ftn_sp_name (Signicat)
	ServiceName      map[string]string `yaml:"service_name,omitempty"`       // per language, as agreed with the broker
}

// Preselect is how the chosen means is told to the broker.
type Preselect string

// The ways of preselecting.
const (
	PreselectNone      Preselect = "none"       // the broker shows its own selector
	PreselectFTNIdP    Preselect = "ftn_idp_id" // OP
	PreselectACR       Preselect = "acr_values" // Telia, Idura, Signicat, IN Groupe: the means' value replaces acr_values
	PreselectLoginHint Preselect = "login_hint"
	PreselectClaim     Preselect = "claim" // a claim of the request object named by preselect_param
)

// ClaimMap says in which claims of the id_token things stand. "none": the broker does
// not send it.
type ClaimMap struct {
	HETU       string `yaml:"hetu,omitempty"`
	GivenName  string `yaml:"given_name,omitempty"`
	FamilyName string `yaml:"family_name,omitempty"`
	Name       string `yaml:"name,omitempty"`
	Level      string `yaml:"level,omitempty"`     // level of assurance; default acr
	AuthTime   string `yaml:"auth_time,omitempty"` // when the person was authenticated: seconds (NumericDate) or ISO 8601; default auth_time
}

// How the file says that a broker does not send a claim, and that we do not send one.
const (
	absent = "none"
	omit   = "omit"
)

// MethodSource says where an id_token names the means that the person used. What it
// names is recorded, whatever the person chose before; what we do not know is recorded
// as unknown. Without a claim the choice is all that is known: fit only for a broker
// that lets nobody choose again.
type MethodSource struct {
	Claim string `yaml:"claim,omitempty"` // a string or an array of strings
	// Prefixes may stand before what the claim reports: Telia writes a method as a URL.
	Prefixes []string `yaml:"prefixes,omitempty"`
	// Names are what the claim reports → the id to record, for banks that are chosen at the
	// broker and have no button here.
	Names map[string]string `yaml:"names,omitempty"`
}

// HETUMode says which personal identity codes are believed; see package hetu.
type HETUMode string

// The modes.
const (
	HETUProduction HETUMode = "production"
	HETUArtificial HETUMode = "artificial"
	HETULenient    HETUMode = "lenient"
)

// ErrorCodes sorts the broker's redirect errors by "error"; time-outs also by a word
// of "error_description". The rest are broker errors.
type ErrorCodes struct {
	Cancelled []string `yaml:"cancelled,omitempty"`
	TimedOut  []string `yaml:"timed_out,omitempty"` // the person did not confirm in time
}

// Means is one bank, or Mobile Certificate, as this broker serves it. The same id
// under several brokers is one means with an ordered list of brokers: by rank, then
// by the order of the brokers in the file.
type Means struct {
	ID       string   `yaml:"id"`             // ours: "nordea", "mobile"; [a-z0-9-]
	Kind     string   `yaml:"kind,omitempty"` // bank (default) or mobile
	Name     string   `yaml:"name"`
	Names    Texts    `yaml:"names,omitempty"`    // other names per language (Mobile Certificate)
	Logo     string   `yaml:"logo,omitempty"`     // name of its picture (brand.pictures)
	Value    string   `yaml:"value,omitempty"`    // sent to preselect it
	Reported []string `yaml:"reported,omitempty"` // how the method source names it; default: what the preset knows, else value
	Rank     int      `yaml:"rank,omitempty"`     // lower is tried first
}

// Texts is one text per language (fi, sv, en).
type Texts map[string]string

// Selector is what the broker says about itself while we run. From OP it is the
// selector JSON: the live list of banks with the four texts that must be shown and
// the disturbance notice; the configured means then supply our ids and logos, and
// the list to fall back to. From Telia it is the outage text.
type Selector struct {
	URL       string        `yaml:"url,omitempty"`        // OP, without ?lang=; empty: only the configured means
	OutageURL string        `yaml:"outage_url,omitempty"` // Telia: "fi|sv|en"
	TTL       time.Duration `yaml:"ttl,omitempty"`        // default 5m
}

// Circuit says when a broker counts as down.
type Circuit struct {
	Failures int           `yaml:"failures,omitempty"`  // consecutive failed logins or requests; default 5
	CoolDown time.Duration `yaml:"cool_down,omitempty"` // until the first probe; doubles up to 5m; default 15s
}

// Problem is one mistake in the configuration.
type Problem struct {
	Path string // such as "brokers[0].issuer"
	Text string
}
