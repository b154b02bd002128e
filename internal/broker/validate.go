package broker

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"avain/internal/protocol/oauth"
)

var (
	brokerID = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)
	meansID  = regexp.MustCompile(`^[a-z][a-z0-9-]{0,63}$`)

	// pictureName is a file in the operator's folder of pictures (brand.pictures).
	pictureName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\.(svg|png)$`)
)

// ValidID reports whether a broker may have the id.
func ValidID(id string) bool { return brokerID.MatchString(id) }

// problems collects mistakes below one path.
type problems struct {
	path string
	list []Problem
}

func (p *problems) add(field, format string, args ...any) {
	path := p.path
	if field != "" {
		path += "." + field
	}
	p.list = append(p.list, Problem{Path: path, Text: fmt.Sprintf(format, args...)})
}

// Validate lists every mistake at once; path is where the broker stands in the file,
// such as "brokers[0]". It reads the key files. Call it after WithPreset.
func (c Config) Validate(path string) []Problem {
	p := &problems{path: path}
	c.checkIdentity(p)
	c.checkEndpoints(p)
	c.checkBrokerKeys(p)
	c.checkOurKeys(p)
	c.checkAlgorithms(p)
	c.checkRequest(p)
	c.checkAnswers(p)
	c.checkMeans(p)
	c.checkTimes(p)
	return p.list
}

func (c Config) checkIdentity(p *problems) {
	if !brokerID.MatchString(c.ID) {
		p.add("id", "want up to 32 of a–z, 0–9 and -, beginning with a letter")
	}
	if c.ClientID == "" {
		p.add("client_id", "is missing")
	}
	if c.Preset != "" && !slices.Contains(Presets(), c.Preset) {
		p.add("preset", "want op, telia, idura, signicat or ingroupe, or none")
	}
	c.checkURL(p, "issuer", c.Issuer, true)
	c.checkIssuer(p)
}

// checkIssuer knows how the issuers of the presets look, and which hosts are for tests.
func (c Config) checkIssuer(p *problems) {
	switch c.Preset {
	case PresetIdura:
		if strings.HasSuffix(c.Issuer, "/") {
			p.add("issuer", "want https://DOMAIN without a slash at the end")
		}
	case PresetSignicat:
		if c.Issuer != "" && !strings.HasSuffix(c.Issuer, "/auth/open") {
			p.add("issuer", "want https://DOMAIN/auth/open")
		}
	case PresetOP, PresetTelia, PresetINGroupe, "":
	}
	if !c.Production {
		return
	}
	for field, raw := range map[string]string{"issuer": c.Issuer, "endpoints.authorization": c.Endpoints.Authorization, "endpoints.token": c.Endpoints.Token} {
		if u, err := url.Parse(raw); err == nil && slices.ContainsFunc(testHosts(), func(host string) bool { return strings.HasSuffix("."+u.Host, host) }) {
			p.add(field, "%s is a test environment: people's real identities do not come from there", u.Host)
		}
	}
}

// testHosts are the brokers' test environments, as far as their names tell.
func testHosts() []string {
	return []string{
		".isb-test.op.fi", ".tunnistus-pp.telia.fi", ".tunnistus-te.telia.fi", ".test.idura.broker", ".sandbox.signicat.com", ".ident-preprod1.nets.eu",
	}
}

func (c Config) checkEndpoints(p *problems) {
	e := c.Endpoints
	static := e.Discovery == ""
	c.checkURL(p, "endpoints.discovery", e.Discovery, false)
	c.checkURL(p, "endpoints.authorization", e.Authorization, static)
	c.checkURL(p, "endpoints.token", e.Token, static)
	c.checkURL(p, "endpoints.par", e.PAR, static && c.Request.Transport == TransportPAR)
	c.checkURL(p, "selector.url", c.Selector.URL, false)
	c.checkURL(p, "selector.outage_url", c.Selector.OutageURL, false)
	for i, host := range e.AllowedHosts {
		if u, err := url.Parse("https://" + host); err != nil || u.Host != host || host == "" {
			p.add(fmt.Sprintf("endpoints.allowed_hosts[%d]", i), "want a host name, with a port if it is not 443")
		}
	}
}

// checkURL wants https, or http on the loopback interface outside production: codes
// and identity codes travel to these addresses.
func (c Config) checkURL(p *problems, field, raw string, required bool) {
	if raw == "" {
		if required {
			p.add(field, "is missing")
		}
		return
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || strings.Contains(raw, "#"):
		p.add(field, "want an absolute URL without user and fragment")
	case u.Scheme == "https":
	case u.Scheme != "http":
		p.add(field, "want an https URL")
	case c.Production:
		p.add(field, "http:// is refused in production")
	case !loopback(u.Hostname()):
		p.add(field, "http:// is accepted on the loopback interface only")
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || (ip != nil && ip.IsLoopback())
}

// What may stand in an allow-list at all. HMAC and "none" are missing because they
// let a public key sign; RSA1_5 because it is a padding oracle; "dir" and key wrapping
// because there is no shared secret.
func signatures() []string { return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"} }

func keyEncryptions() []string { return []string{"RSA-OAEP", "RSA-OAEP-256"} }

func contentEncryptions() []string {
	return []string{"A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512", "A128GCM", "A192GCM", "A256GCM"}
}

func (c Config) checkAlgorithms(p *problems) {
	for _, check := range []struct {
		field     string
		got, want []string
	}{
		{"algorithms.signature", c.Algorithms.Signature, signatures()},
		{"algorithms.request", []string{c.Algorithms.Request}, signatures()},
		{"algorithms.key_encryption", c.Algorithms.KeyEncryption, keyEncryptions()},
		{"algorithms.content_encryption", c.Algorithms.ContentEncryption, contentEncryptions()},
	} {
		if len(check.got) == 0 {
			p.add(check.field, "is missing")
		}
		for _, alg := range check.got {
			if !slices.Contains(check.want, alg) {
				p.add(check.field, "%q is not accepted: want some of %s", alg, strings.Join(check.want, ", "))
			}
		}
	}
}

func (c Config) checkRequest(p *problems) {
	r := c.Request
	if !slices.Contains([]Transport{TransportQuery, TransportPOST, TransportPAR}, r.Transport) {
		p.add("request.transport", "want query, post or par")
	}
	if !slices.Contains([]Preselect{PreselectNone, PreselectFTNIdP, PreselectACR, PreselectLoginHint, PreselectClaim}, r.Preselect) {
		p.add("request.preselect", "want none, ftn_idp_id, acr_values, login_hint or claim")
	}
	if (r.Preselect == PreselectClaim) != (r.PreselectParam != "") {
		p.add("request.preselect_param", "goes with preselect: claim, and only with it")
	}
	for field, claim := range map[string]string{"request.preselect_param": r.PreselectParam, "request.service_name_claim": r.ServiceNameClaim} {
		if claim != "" && reservedClaim(claim) {
			p.add(field, "%q is set by us", claim)
		}
	}
	if !slices.Contains([]string{"", omit, "login", "consent", "select_account"}, r.Prompt) {
		p.add("request.prompt", "want login, consent, select_account, or omit; none would keep everybody out")
	}
	if !slices.Contains(r.Scopes, oauth.ScopeOpenID) {
		p.add("request.scopes", "openid is missing")
	}
	if c.Preset == PresetOP && !slices.Contains(r.Scopes, "personal_identity_code") {
		p.add("request.scopes", "OP wants personal_identity_code")
	}
	if r.OuterClientID == nil || r.OuterScope == nil || r.PKCE == nil {
		p.add("request", "not filled: call WithPreset first")
	}
	if r.MaxAge != nil && *r.MaxAge < 0 {
		p.add("request.max_age", "is negative")
	}
	for name := range r.ExtraClaims {
		if reservedClaim(name) {
			p.add("request.extra_claims."+name, "is set by us")
		}
	}
	c.checkServiceName(p)
}

// reservedClaim: a claim of the request object that must not come from the file. "sub"
// is among them because with it a request object would be a client assertion.
func reservedClaim(name string) bool {
	return slices.Contains([]string{
		"", "iss", "sub", "aud", "client_id", "response_type", "redirect_uri", "scope", "state", "nonce", "jti", "iat", "nbf", "exp",
		"code_challenge", "code_challenge_method", "request", "request_uri", "prompt", "max_age", "acr_values", "ui_locales",
		"response_mode", // the answer is read from the query
	}, name)
}

func (c Config) checkServiceName(p *problems) {
	r := c.Request
	if len(r.ServiceName) > 0 && r.ServiceNameClaim == "" {
		p.add("request.service_name", "this broker takes no name: service_name_claim is missing")
	}
	if c.Preset == PresetOP && len(r.ServiceName) == 0 {
		p.add("request.service_name", "OP shows it to the person; it must be one of the agreed names")
	}
	for lang, name := range r.ServiceName {
		most := maxServiceName(c.Preset)
		if !slices.Contains(languages(), lang) || len([]rune(name)) > most || name == "" {
			p.add("request.service_name."+lang, "want fi, sv or en, and at most %d characters", most)
		}
		if c.Preset == PresetSignicat && strings.ContainsAny(name, "<>=;#^%|") {
			p.add("request.service_name."+lang, "Signicat takes none of < > = ; # ^ %% |")
		}
	}
	for lang, theirs := range r.Locales {
		if !slices.Contains(languages(), lang) || !plain(theirs, 16) {
			p.add("request.locales."+lang, "want fi, sv or en, and the broker's word for it")
		}
	}
}

func (c Config) checkTimes(p *problems) {
	for _, t := range []struct {
		field      string
		got        time.Duration
		least, max time.Duration
	}{
		{"assertion.ttl", c.Assertion.TTL, 10 * time.Second, maxAssertion(c.Preset)},
		{"request.ttl", c.Request.TTL, 10 * time.Second, time.Hour},
		{"broker_keys.cache_ttl", c.BrokerKeys.CacheTTL, time.Minute, oneDay},
		{"broker_keys.refresh_every", c.BrokerKeys.RefreshEvery, time.Second, time.Hour},
		{"our_keys.signed_jwks_ttl", c.OurKeys.SignedJWKSTTL, time.Hour, 30 * oneDay},
		{"our_keys.statement_ttl", c.OurKeys.StatementTTL, oneDay, 10 * oneYear},
		{"selector.ttl", c.Selector.TTL, 10 * time.Second, oneDay},
		{"timeout", c.Timeout, 100 * time.Millisecond, time.Minute},
		{"skew", c.Skew, time.Second, 2 * time.Minute},
		{"circuit.cool_down", c.Circuit.CoolDown, time.Second, maxCoolDown},
	} {
		if t.got < t.least || t.got > t.max {
			p.add(t.field, "want %s to %s", t.least, t.max)
		}
	}
	if c.Circuit.Failures < 1 || c.Circuit.Failures > 1000 {
		p.add("circuit.failures", "want 1 to 1000")
	}
}

// maxServiceName is how long the name shown to people may be.
func maxServiceName(preset Preset) int {
	if preset == PresetTelia {
		return 40 // guide §2.1.4; registered there, not sent
	}
	return 64 // OP publishes no limit and recommends a short one
}

// maxAssertion is how long each broker recommends that a client assertion lives; Telia
// refuses more than an hour (guide §2.6.2).
func maxAssertion(preset Preset) time.Duration {
	switch preset {
	case PresetIdura:
		return 5 * time.Minute
	case PresetOP:
		return 10 * time.Minute
	default:
		return time.Hour
	}
}
