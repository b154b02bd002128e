package broker

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Levels of assurance of the Finnish Trust Network.
const (
	loaSubstantial     = "http://ftn.ficora.fi/2017/loa2"
	loaHigh            = "http://ftn.ficora.fi/2017/loa3"
	loaTestSubstantial = "http://ftn.ficora.fi/2017/loatest2"
	loaTestHigh        = "http://ftn.ficora.fi/2017/loatest3"
)

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
	case "":
	default:
		return c, fmt.Errorf("unknown preset %q: want op, telia, idura or signicat", c.Preset)
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
	orText(&c.Method.Prefix, c.Issuer+"/saml2/names/ac/")
	orText(&c.Selector.OutageURL, c.Issuer+"/resource/maintenance.txt")
	if len(c.Means) == 0 {
		c.Means = teliaMeans()
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
	orText((*string)(&c.Request.Preselect), string(PreselectACR))
	if c.Request.Locales == nil {
		c.Request.Locales = map[string]string{"fi": "fi", "sv": "se", "en": "en"}
	}
	orText(&c.Claims.HETU, "hetu")
	orText(&c.Method.Claim, "identityscheme")
	for i := range c.Means {
		value := "urn:grn:authn:fi:bank-id"
		if c.Means[i].Kind == "mobile" {
			value = "urn:grn:authn:fi:mobile-id"
		}
		orText(&c.Means[i].Value, value)
	}
}

// fillSignicat follows Signicat's FTN pages. The issuer is https://<domain>/auth/open
// and has to be given.
func (c *Config) fillSignicat() {
	orText(&c.Name, "Signicat")
	orText(&c.Endpoints.Authorization, c.Issuer+"/connect/authorize")
	orText(&c.Endpoints.Token, c.Issuer+"/connect/token")
	orText(&c.Endpoints.PAR, c.Issuer+"/connect/par")
	if c.BrokerKeys.JWKSURI == "" && c.BrokerKeys.SignedJWKSURI == "" {
		orText(&c.Endpoints.Discovery, c.Issuer+"/.well-known/openid-configuration")
	}
	c.anyRSAOAEP()
	orTime(&c.Assertion.TTL, 5*time.Minute)
	orText((*string)(&c.Request.Transport), string(TransportQuery))
	orText(&c.Request.Audience, c.Issuer)
	orFlag(&c.Request.OuterClientID, true)
	orFlag(&c.Request.PKCE, true)
	orList(&c.Request.Scopes, "openid", "profile", "nin", "ftn-extra")
	orList(&c.Request.ACRValues, "idp:ftn")
	orText((*string)(&c.Request.Preselect), string(PreselectACR))
	orText(&c.Request.ServiceNameClaim, "ftn_sp_name")
	orText(&c.Claims.HETU, "ftn_hetu")
	orText(&c.Method.Claim, "ftn_idp")
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
	orText(&c.Claims.ACR, "acr")
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
	for i := range c.Means {
		m := &c.Means[i]
		orText(&m.Kind, "bank")
		if m.Kind == "mobile" && m.Name == "" && m.Names == nil {
			m.Name, m.Names = "Mobiilivarmenne", mobileNames()
		}
		if len(m.Reported) == 0 && m.Value != "" {
			m.Reported = []string{m.Value}
		}
	}
}

func (c *Config) fillTimes() {
	if len(c.BrokerKeys.Types) == 0 {
		c.BrokerKeys.Types = []string{"jwk-set+jwt"}
	}
	orText(&c.BrokerKeys.Entity, c.Issuer)
	orTime(&c.BrokerKeys.CacheTTL, time.Hour)
	orTime(&c.BrokerKeys.RefreshEvery, time.Minute)
	orTime(&c.OurKeys.SignedJWKSTTL, oneDay)
	orTime(&c.OurKeys.StatementTTL, oneYear)
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

// teliaMeans are the methods that Telia's guide lists.
func teliaMeans() []Means {
	return []Means{
		{ID: "aktia", Name: "Aktia", Value: "oidc.aktia.1"},
		{ID: "alandsbanken", Name: "Ålandsbanken", Value: "oidc.alandsbanken.1"},
		{ID: "danskebank", Name: "Danske Bank", Value: "oidc.danskebank.1"},
		{ID: "handelsbanken", Name: "Handelsbanken", Value: "oidc.handelsbanken.1"},
		{ID: "nordea", Name: "Nordea", Value: "oidc.nordea.1"},
		{ID: "omasp", Name: "Oma Säästöpankki", Value: "oidc.omasp.1"},
		{ID: "op", Name: "OP", Value: "saml.op.1"},
		{ID: "pop", Name: "POP Pankki", Value: "oidc.pop.1"},
		{ID: "sp", Name: "Säästöpankki", Value: "oidc.sp.1"},
		{ID: "spankki", Name: "S-Pankki", Value: "oidc.spankki.1"},
		{ID: "mobile", Kind: "mobile", Name: "Mobiilivarmenne", Names: mobileNames(), Value: "mpki.telia.1"},
	}
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
