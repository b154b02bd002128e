package broker

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"avain/internal/domain/login"
)

// Levels of assurance of the Finnish Trust Network.
const (
	loaSubstantial     = "http://ftn.ficora.fi/2017/loa2"
	loaHigh            = "http://ftn.ficora.fi/2017/loa3"
	loaTestSubstantial = "http://ftn.ficora.fi/2017/loatest2"
	loaTestHigh        = "http://ftn.ficora.fi/2017/loatest3"
)

// claimACR is OpenID Connect's own claim for the level (Core §2).
const claimACR = "acr"

const (
	oneDay  = 24 * time.Hour
	oneYear = 365 * oneDay
)

// WithPreset fills what the preset knows and the file does not say, then the
// defaults that hold for every broker. Doing it twice changes nothing. An unknown
// preset is an error.
func (c Config) WithPreset() (Config, error) {
	c.Means = slices.Clone(c.Means)
	switch c.Preset {
	case PresetOP:
		c.fillOP()
	case PresetTelia:
		c.fillTelia()
	case PresetIdura:
		c.fillIdura()
	case PresetSignicat:
		c.fillSignicat()
	case PresetINGroupe:
		c.fillINGroupe()
	case "":
		c.fillOther()
	default:
		return c, fmt.Errorf("unknown preset %q: want op, telia, idura, signicat or ingroupe", c.Preset)
	}
	c.fillDefaults()
	return c, nil
}

// fillOP follows OP's Service Provider API (Identity-Service-Broker-API).
func (c *Config) fillOP() {
	orText(&c.Name, "OP")
	orText(&c.Issuer, c.either("https://isb.op.fi", "https://isb-test.op.fi"))
	orText(&c.Endpoints.Authorization, c.Issuer+"/oauth/authorize")
	orText(&c.Endpoints.Token, c.Issuer+"/oauth/token")
	c.signedKeysAt(c.Issuer+"/jwks/broker-signed", c.Issuer)
	// OP's published key set says JWS; none of its samples looks (README §14).
	orList(&c.BrokerKeys.Types, typeSignedJWKS, "JWS", absent)
	orList(&c.Algorithms.KeyEncryption, "RSA-OAEP")
	orList(&c.Algorithms.ContentEncryption, "A128CBC-HS256")
	orTime(&c.Assertion.TTL, 10*time.Minute)
	orText((*string)(&c.Request.Transport), string(TransportQuery))
	orText(&c.Request.Audience, c.Endpoints.Authorization)
	orFlag(&c.Request.OuterClientID, false)
	orFlag(&c.Request.PKCE, false) // undocumented there, and unknown parameters are refused
	orList(&c.Request.Scopes, "openid", "profile", "personal_identity_code")
	orText((*string)(&c.Request.Preselect), string(PreselectFTNIdP))
	orText(&c.Request.ServiceNameClaim, "ftn_spname")
	orText(&c.Claims.HETU, "personal_identity_code")
	orList(&c.Errors.Cancelled, "cancel") // access_denied is OP's word for failed validation
	orText(&c.Selector.URL, c.Issuer+"/api/embedded-ui/"+c.ClientID)
}

// fillTelia follows Telia Tunnistus' integration guide.
func (c *Config) fillTelia() {
	orText(&c.Name, "Telia Tunnistus")
	orText(&c.Issuer, c.either("https://tunnistus.telia.fi/uas", "https://tunnistus-pp.telia.fi/uas"))
	host := strings.TrimSuffix(c.Issuer, "/uas")
	orText(&c.Endpoints.Authorization, c.Issuer+"/oauth2/authorization")
	orText(&c.Endpoints.Token, c.Issuer+"/oauth2/token")
	c.signedKeysAt(host+"/openid_provider/signed_jwks.jwt", host)
	// Telia does not publish this header. Its example says jwk-set+jwt, and what the same
	// key signed until 2025 said JWT.
	orList(&c.BrokerKeys.Types, typeSignedJWKS, "JWT", absent)
	orList(&c.Algorithms.KeyEncryption, "RSA-OAEP")
	orList(&c.Algorithms.ContentEncryption, "A128CBC-HS256", "A128GCM")
	orTime(&c.Assertion.TTL, 10*time.Minute)
	orText((*string)(&c.Request.Transport), string(TransportQuery))
	orText(&c.Request.Audience, c.Issuer)
	orFlag(&c.Request.OuterClientID, false) // only "request"; anything else is ignored
	orFlag(&c.Request.PKCE, true)
	orList(&c.Request.Scopes, "openid")
	orList(&c.Request.ACRValues, c.either(loaSubstantial, loaTestSubstantial))
	orText(&c.Request.Prompt, "login") // or Telia answers from a session of its own
	orText((*string)(&c.Request.Preselect), string(PreselectACR))
	orText(&c.Claims.HETU, "urn:oid:1.2.246.21")
	orText(&c.Claims.GivenName, "urn:oid:1.2.246.575.1.14")
	orText(&c.Claims.FamilyName, "urn:oid:2.5.4.4")
	orText(&c.Claims.Name, "urn:oid:2.16.840.1.113730.3.1.241")
	orText(&c.Method.Claim, "amr")
	orList(&c.Method.Prefixes, c.Issuer+"/saml2/names/ac/")
	orText(&c.Selector.OutageURL, c.Issuer+"/resource/maintenance.txt")
	if len(c.Means) == 0 {
		c.Means = allMethods()
	}
}

// fillIdura follows Idura's (Criipto's) Finnish Trust Network and private_key_jwt
// pages. The issuer is https://<domain> and has to be given.
func (c *Config) fillIdura() {
	orText(&c.Name, "Idura")
	orText(&c.Endpoints.Authorization, c.Issuer+"/oauth2/authorize")
	orText(&c.Endpoints.Token, c.Issuer+"/oauth2/token")
	orText(&c.Endpoints.PAR, c.Issuer+"/oauth2/par")
	c.plainKeysAt(c.Issuer + "/.well-known/jwks")
	c.anyRSAOAEP()
	orText(&c.Assertion.Audience, c.Issuer) // the domain root, not the token endpoint
	orTime(&c.Assertion.TTL, 4*time.Minute) // at most 5
	orText((*string)(&c.Request.Transport), string(TransportQuery))
	orText(&c.Request.Audience, c.Issuer)
	orFlag(&c.Request.OuterClientID, true)
	orFlag(&c.Request.PKCE, true)
	orList(&c.Request.Scopes, "openid")
	orList(&c.Request.ACRValues, "urn:grn:authn:fi:all")
	orText(&c.Request.Prompt, "login") // or Idura answers from a session of its own
	orText((*string)(&c.Request.Preselect), string(PreselectACR))
	if c.Request.Locales == nil {
		c.Request.Locales = map[string]string{"fi": "fi", "sv": "se", "en": "en"}
	}
	// Its FTN token has neither "acr" nor "auth_time", and its "name" is an opaque id.
	orText(&c.Claims.HETU, "hetu")
	orText(&c.Claims.Name, absent)
	orText(&c.Claims.Level, "authenticationtype")
	orText(&c.Claims.AuthTime, "authenticationinstant")
	orList(&c.Levels, iduraBank, iduraMobile)
	orText(&c.Method.Claim, "authenticationmethod")
	orList(&c.Method.Prefixes, teliaMethodURL, teliaTestMethodURL)
	if len(c.Means) == 0 {
		c.Means = []Means{anyBank(), mobileCertificate()}
	}
	c.knowMethods() // for their kind
	for i := range c.Means {
		value := iduraBank
		if c.Means[i].Kind == string(login.MeansMobile) {
			value = iduraMobile
		}
		orText(&c.Means[i].Value, value)
	}
}

// What Idura is asked for and answers with. "The level of assurance for all Finnish
// authenticators is: Substantial" (its FTN page).
const (
	iduraBank   = "urn:grn:authn:fi:bank-id"
	iduraMobile = "urn:grn:authn:fi:mobile-id"
)

// fillSignicat follows Signicat's FTN pages, and its discovery document of 2026. The
// issuer is https://<domain>/auth/open and has to be given.
func (c *Config) fillSignicat() {
	orText(&c.Name, "Signicat")
	orText(&c.Endpoints.Authorization, c.Issuer+"/connect/authorize")
	orText(&c.Endpoints.Token, c.Issuer+"/connect/token")
	orText(&c.Endpoints.PAR, c.Issuer+"/connect/par")
	if c.BrokerKeys.JWKSURI == "" && c.BrokerKeys.SignedJWKSURI == "" {
		orText(&c.Endpoints.Discovery, c.Issuer+"/.well-known/openid-configuration")
	}
	// Three fetches of its keys a second apart have been seen to differ.
	orTime(&c.BrokerKeys.RefreshEvery, 2*time.Second)
	orList(&c.Algorithms.KeyEncryption, "RSA-OAEP")
	orList(&c.Algorithms.ContentEncryption, "A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512")
	orTime(&c.Assertion.TTL, 5*time.Minute)
	orText((*string)(&c.Request.Transport), string(TransportQuery))
	orText(&c.Request.Audience, c.Issuer)
	orFlag(&c.Request.OuterClientID, true)
	orFlag(&c.Request.PKCE, true)
	orList(&c.Request.Scopes, "openid", "profile", "nin", "ftn-extra")
	orList(&c.Request.ACRValues, "idp:ftn")
	orText(&c.Request.Prompt, "login") // single sign-on is on for every new client there
	orText((*string)(&c.Request.Preselect), string(PreselectACR))
	orText(&c.Request.ServiceNameClaim, "ftn_sp_name")
	orText(&c.Claims.HETU, "ftn_hetu")
	// No "acr" is documented for FTN. What says that it was the trust network, where
	// everything is substantial at least, is "idp". An "acr", should there be one, would be
	// in the words that Signicat uses for other methods.
	orText(&c.Claims.Level, "idp")
	orList(&c.Levels, "ftn")
	orList(&c.ACR, "substantial", "high", loaSubstantial, loaHigh)
	orText(&c.Method.Claim, "ftn_idp")
	if len(c.Means) == 0 {
		c.Means = []Means{anyMeans()}
	}
}

// fillINGroupe follows IN Groupe's (Nets') E-Ident pages on OpenID Connect and on Finnish
// Bank ID. How it wants requests signed is on a page that is not public.
func (c *Config) fillINGroupe() {
	orText(&c.Name, "IN Groupe")
	orText(&c.Issuer, c.either("https://www.e-ident.nets.eu/oidc", "https://www.ident-preprod1.nets.eu/oidc"))
	orText(&c.Endpoints.Discovery, c.Issuer+"/.well-known/openid-configuration")
	c.anyRSAOAEP()
	orFlag(&c.Request.OuterScope, true) // its samples carry scope and response_type in the query
	orText(&c.Request.Prompt, "login")
	orList(&c.Request.Scopes, "openid", "profile", "ssn")
	orText(&c.Claims.HETU, "fi_ssn")
	orList(&c.ACR, inGroupeHigh) // what it always returns, whatever was asked for
	orText(&c.Method.Claim, "fi_tupas_bank")
	orList(&c.Errors.Cancelled, "cancel", "access_denied")
	if len(c.Means) == 0 {
		c.Means = []Means{anyBank()} // its answer for Mobile Certificate is said to have no acr
	}
}

const inGroupeHigh = "urn:eident:cert:eidas:high"

// fillOther is for a broker without a preset: what OpenID Connect Core says, and no
// more.
func (c *Config) fillOther() {
	orFlag(&c.Request.OuterScope, true) // §6.1: required outside too, whatever stands inside
	orText(&c.Request.Prompt, "login")  // §3.1.2.1
}

// fillDefaults is what holds for every broker.
func (c *Config) fillDefaults() {
	orText(&c.Name, c.ID)
	orList(&c.Algorithms.Signature, "RS256")
	orText(&c.Algorithms.Request, "RS256")
	orText(&c.Assertion.Audience, c.Endpoints.Token)
	orTime(&c.Assertion.TTL, 5*time.Minute)
	orText((*string)(&c.Request.Transport), string(TransportQuery))
	orText(&c.Request.Audience, c.Issuer)
	orFlag(&c.Request.OuterClientID, true)
	orFlag(&c.Request.OuterScope, false)
	orFlag(&c.Request.PKCE, true)
	orTime(&c.Request.TTL, 10*time.Minute)
	orList(&c.Request.Scopes, "openid")
	orText((*string)(&c.Request.Preselect), string(PreselectNone))
	if c.Request.Locales == nil {
		c.Request.Locales = map[string]string{"fi": "fi", "sv": "sv", "en": "en"}
	}
	orText(&c.Claims.GivenName, "given_name")
	orText(&c.Claims.FamilyName, "family_name")
	orText(&c.Claims.Name, "name")
	orText(&c.Claims.Level, claimACR)
	orText(&c.Claims.AuthTime, "auth_time")
	if c.Production {
		orList(&c.ACR, loaSubstantial, loaHigh)
	} else {
		orList(&c.ACR, loaSubstantial, loaHigh, loaTestSubstantial, loaTestHigh)
	}
	orText((*string)(&c.HETU), string(HETUProduction))
	orList(&c.Errors.Cancelled, "access_denied", "cancel")
	orList(&c.Errors.TimedOut, "timeout", "login_timeout", "208") // 208: MSS FiCom, the phone did not answer
	c.fillMeans()
	c.fillTimes()
}

func (c *Config) fillMeans() {
	c.knowMethods()
	for i := range c.Means {
		m := &c.Means[i]
		orText(&m.Kind, "bank")
		if m.Kind == "mobile" && m.Name == "" && m.Names == nil {
			m.Name, m.Names = "Mobiilivarmenne", mobileNames()
		}
		// Telia reports what it was asked for; of a broker without a preset it is likely.
		if len(m.Reported) == 0 && m.Value != "" && (c.Preset == "" || c.Preset == PresetTelia) {
			m.Reported = []string{m.Value}
		}
	}
}

func (c *Config) fillTimes() {
	if len(c.BrokerKeys.Types) == 0 {
		c.BrokerKeys.Types = []string{typeSignedJWKS}
	}
	orText(&c.BrokerKeys.Entity, c.Issuer)
	orTime(&c.BrokerKeys.CacheTTL, time.Hour)
	orTime(&c.BrokerKeys.RefreshEvery, time.Minute)
	orTime(&c.OurKeys.SignedJWKSTTL, oneDay)
	orTime(&c.OurKeys.StatementTTL, 10*oneYear)
	orTime(&c.Selector.TTL, 5*time.Minute)
	orTime(&c.Timeout, 8*time.Second)
	orTime(&c.Skew, 30*time.Second)
	orTime(&c.Circuit.CoolDown, 15*time.Second)
	if c.Circuit.Failures == 0 {
		c.Circuit.Failures = 5
	}
}

// signedKeysAt is for brokers that sign their keys with a pinned entity key. Who
// writes a plain jwks_uri into the file gets that instead.
func (c *Config) signedKeysAt(uri, entity string) {
	if c.BrokerKeys.JWKSURI == "" {
		orText(&c.BrokerKeys.SignedJWKSURI, uri)
	}
	orText(&c.BrokerKeys.Entity, entity)
}

func (c *Config) plainKeysAt(uri string) {
	if c.BrokerKeys.SignedJWKSURI == "" {
		orText(&c.BrokerKeys.JWKSURI, uri)
	}
}

// anyRSAOAEP is for brokers whose guide names the key's algorithm only: every
// authenticated encryption is good enough. RSA1_5 never is (Bleichenbacher).
func (c *Config) anyRSAOAEP() {
	orList(&c.Algorithms.KeyEncryption, "RSA-OAEP-256", "RSA-OAEP")
	orList(&c.Algorithms.ContentEncryption, "A128CBC-HS256", "A256CBC-HS512", "A128GCM", "A256GCM")
}

func (c *Config) either(production, test string) string {
	if c.Production {
		return production
	}
	return test
}

func mobileNames() Texts {
	return Texts{"fi": "Mobiilivarmenne", "sv": "Mobilcertifikat", "en": "Mobile Certificate"}
}

func orText(field *string, value string) {
	if *field == "" {
		*field = value
	}
}

func orList(field *[]string, values ...string) {
	if len(*field) == 0 {
		*field = values
	}
}

func orTime(field *time.Duration, value time.Duration) {
	if *field == 0 {
		*field = value
	}
}

func orFlag(field **bool, value bool) {
	if *field == nil {
		*field = &value
	}
}
