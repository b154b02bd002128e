package broker

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"avain/internal/login"
	"avain/internal/oauth"
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

func (c Config) checkBrokerKeys(p *problems) {
	k := c.BrokerKeys
	c.checkURL(p, "broker_keys.jwks_uri", k.JWKSURI, false)
	c.checkURL(p, "broker_keys.signed_jwks_uri", k.SignedJWKSURI, false)
	switch {
	case k.JWKSURI != "" && k.SignedJWKSURI != "":
		p.add("broker_keys", "jwks_uri and signed_jwks_uri exclude each other")
	case k.JWKSURI == "" && k.SignedJWKSURI == "" && c.Endpoints.Discovery == "":
		p.add("broker_keys", "jwks_uri or signed_jwks_uri is missing")
	}
	for _, pin := range []struct {
		field string
		list  []string
	}{{"statement_fingerprints", k.StatementFingerprints}, {"entity_key_thumbprints", k.EntityKeyThumbprints}} {
		for i, f := range pin.list {
			if _, err := parseFingerprint(f); err != nil {
				p.add(fmt.Sprintf("broker_keys.%s[%d]", pin.field, i), "%v", err)
			}
		}
	}
	pins := len(k.StatementFingerprints) + len(k.EntityKeyThumbprints)
	switch {
	case k.SignedJWKSURI == "":
		if k.EntityKeysFile != "" || k.EntityStatementFile != "" || pins > 0 {
			p.add("broker_keys", "entity keys are of use only with signed_jwks_uri")
		}
	case k.EntityKeysFile == "" && k.EntityStatementFile == "":
		p.add("broker_keys", "a signed JWKS needs the pinned entity key: entity_statement_file or entity_keys_file")
	case len(k.StatementFingerprints) > 0 && k.EntityStatementFile == "":
		p.add("broker_keys.statement_fingerprints", "is of the statement's file: entity_statement_file is missing")
	default:
		if _, err := loadPin(k, signatureAlgorithms(c.Algorithms.Signature)); err != nil {
			p.add("broker_keys", "%v", err)
		}
	}
}

func (c Config) checkOurKeys(p *problems) {
	signing := c.checkKeys(p, "our_keys.signing", c.OurKeys.Signing)
	decryption := c.checkKeys(p, "our_keys.decryption", c.OurKeys.Decryption)
	c.checkKIDs(p, append(slices.Clone(signing), decryption...))
	if sharePrivate(signing, decryption) { // OP, Idura, and Telia's guide §2.1.1
		p.add("our_keys", "signing and decryption need keys of their own")
	}
	if c.OurKeys.Entity == nil {
		if c.Production && c.Preset == PresetOP {
			p.add("our_keys.entity", "OP takes our keys only as a JWKS signed with an entity key")
		}
		if c.OurKeys.StatementFile != "" {
			p.add("our_keys.statement_file", "needs our_keys.entity, which signed it")
		}
		return
	}
	entity, err := loadKey(*c.OurKeys.Entity)
	if err != nil {
		p.add("our_keys.entity", "%v", err)
	} else if sharePrivate([]ourKey{entity}, append(signing, decryption...)) {
		p.add("our_keys.entity", "the entity key must sign nothing but our JWKS and entity statement")
	}
	if file := c.OurKeys.StatementFile; file != "" && err == nil {
		switch s, err := readOurStatement(file, entity); {
		case err != nil:
			p.add("our_keys.statement_file", "%v", err)
		case !s.verifies:
			p.add("our_keys.statement_file", "%v", errOtherEntity(file))
		}
	}
	c.checkURL(p, "our_keys.entity_id", c.OurKeys.EntityID, false)
	if c.OurKeys.OrganizationName == "" {
		p.add("our_keys.organization_name", "is missing")
	}
}

func (c Config) checkKeys(p *problems, field string, files []KeyFile) []ourKey {
	if len(files) == 0 {
		p.add(field, "at least one key is needed")
	}
	var keys []ourKey
	for i, file := range files {
		key, err := loadKey(file)
		if err != nil {
			p.add(fmt.Sprintf("%s[%d]", field, i), "%v", err)
			continue
		}
		keys = append(keys, key)
	}
	return keys
}

func (c Config) checkKIDs(p *problems, keys []ourKey) {
	for i, a := range keys {
		for _, b := range keys[:i] {
			if a.kid == b.kid && !a.private.Equal(b.private) {
				p.add("our_keys", "two different keys have the kid %q", a.kid)
			}
		}
	}
}

func sharePrivate(some, others []ourKey) bool {
	return slices.ContainsFunc(some, func(a ourKey) bool {
		return slices.ContainsFunc(others, func(b ourKey) bool { return a.private.Equal(b.private) })
	})
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
		most := mostServiceName(c.Preset)
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

func (c Config) checkAnswers(p *problems) {
	for _, claim := range []struct{ field, name string }{
		{"claims.hetu", c.Claims.HETU}, {"claims.level", c.Claims.Level}, {"claims.auth_time", c.Claims.AuthTime},
	} {
		if claim.name == "" || claim.name == absent {
			p.add(claim.field, "is missing: nobody is logged in without it")
		}
	}
	c.checkClaims(p)
	c.checkLevels(p)
	for i, acr := range c.Request.ACRValues {
		if c.Production && isTestLevel(acr) {
			p.add(fmt.Sprintf("request.acr_values[%d]", i), "a test level in production")
		}
	}
	switch c.HETU {
	case HETUProduction:
	case HETUArtificial, HETULenient:
		if c.Production {
			p.add("hetu", "%s codes are refused in production", c.HETU)
		}
	default:
		p.add("hetu", "want production, artificial or lenient")
	}
}

// checkClaims sees to it that no claim means two things. A time that the token itself
// carries for another purpose would make every check of freshness pass, and a claim of
// the person, shown as a level or a method, would end up in logs.
func (c Config) checkClaims(p *problems) {
	registered := []string{"iss", "aud", "azp", "sub", "exp", "nbf", "iat", "jti", "nonce", "at_hash", "sid"}
	personal := []string{c.Claims.HETU, c.Claims.GivenName, c.Claims.FamilyName, c.Claims.Name}
	for _, claim := range []struct{ field, name string }{
		{"claims.level", c.Claims.Level}, {"claims.auth_time", c.Claims.AuthTime}, {"method_source.claim", c.Method.Claim}, {"claims.hetu", c.Claims.HETU},
	} {
		if slices.Contains(registered, claim.name) {
			p.add(claim.field, "%q means something else in every id_token", claim.name)
		}
		if claim.field != "claims.hetu" && claim.name != "" && slices.Contains(personal, claim.name) {
			p.add(claim.field, "%q is a claim of the person", claim.name)
		}
	}
	if c.Claims.FamilyName == absent && c.Claims.GivenName == absent && c.Claims.Name == absent {
		p.add("claims", "name, given_name and family_name are all none: people are shown by name")
	}
	for value, id := range c.Method.Names {
		if value == "" || !meansID.MatchString(id) || id == login.MeansUnknown {
			p.add("method_source.names", "%q: want an id of small letters, digits and -, beginning with a letter", value)
		}
	}
}

func (c Config) checkLevels(p *problems) {
	switch other := c.Claims.Level != claimACR; {
	case other && len(c.Levels) == 0:
		p.add("accepted_levels", "is missing: the values of %s that are believed", c.Claims.Level)
	case !other && len(c.Levels) > 0:
		p.add("accepted_levels", "is of use only with claims.level: write accepted_acr")
	case !other && len(c.ACR) == 0:
		p.add("accepted_acr", "is missing")
	}
	for _, accepted := range []struct {
		field  string
		levels []string
	}{{"accepted_levels", c.Levels}, {"accepted_acr", c.ACR}} {
		for i, level := range accepted.levels {
			if !plain(level, 200) || (c.Production && isTestLevel(level)) {
				p.add(fmt.Sprintf("%s[%d]", accepted.field, i), "is empty, has a space in it, or is a test level in production")
			}
		}
	}
}

func (c Config) checkMeans(p *problems) {
	if len(c.Means) == 0 && c.Selector.URL == "" {
		p.add("means", "is missing: nobody could choose this broker")
	}
	seen := map[string]bool{}
	once := func(field, value string) {
		word := field[strings.LastIndex(field, "."):] + value
		if value != "" && seen[word] {
			p.add(field, "%q is used twice: nobody could tell the two apart", value)
		}
		seen[word] = true
	}
	for i, m := range c.Means {
		at := fmt.Sprintf("means[%d]", i)
		if !meansID.MatchString(m.ID) || m.ID == login.MeansUnknown {
			p.add(at+".id", "want up to 64 of a–z, 0–9 and -, beginning with a letter, and not %q", login.MeansUnknown)
		}
		once(at+".id", m.ID)
		once(at+".name", m.Name)
		for _, value := range m.Reported {
			once(at+".reported", value)
		}
		if m.Kind != string(login.MeansBank) && m.Kind != string(login.MeansMobile) {
			p.add(at+".kind", "want bank or mobile")
		}
		if m.Name == "" {
			p.add(at+".name", "is missing")
		}
		if m.Logo != "" && !pictureName.MatchString(m.Logo) {
			p.add(at+".logo", "want the name of an .svg or .png file: login pages load nothing from elsewhere")
		}
		if c.Production && isTestMethod(m.Value) {
			p.add(at+".value", "%q is a test method", m.Value)
		}
		if c.Request.Preselect == PreselectFTNIdP && !providerID.MatchString(m.Value) {
			p.add(at+".value", "want the bank's ftn_idp_id")
		}
	}
}

func (c Config) checkTimes(p *problems) {
	for _, t := range []struct {
		field      string
		got        time.Duration
		least, max time.Duration
	}{
		{"assertion.ttl", c.Assertion.TTL, 10 * time.Second, mostAssertion(c.Preset)},
		{"request.ttl", c.Request.TTL, 10 * time.Second, time.Hour},
		{"broker_keys.cache_ttl", c.BrokerKeys.CacheTTL, time.Minute, oneDay},
		{"broker_keys.refresh_every", c.BrokerKeys.RefreshEvery, time.Second, time.Hour},
		{"our_keys.signed_jwks_ttl", c.OurKeys.SignedJWKSTTL, time.Hour, 30 * oneDay},
		{"our_keys.statement_ttl", c.OurKeys.StatementTTL, oneDay, 10 * oneYear},
		{"selector.ttl", c.Selector.TTL, 10 * time.Second, oneDay},
		{"timeout", c.Timeout, 100 * time.Millisecond, time.Minute},
		{"skew", c.Skew, time.Second, 2 * time.Minute},
		{"circuit.cool_down", c.Circuit.CoolDown, time.Second, longestCoolDown},
	} {
		if t.got < t.least || t.got > t.max {
			p.add(t.field, "want %s to %s", t.least, t.max)
		}
	}
	if c.Circuit.Failures < 1 || c.Circuit.Failures > 1000 {
		p.add("circuit.failures", "want 1 to 1000")
	}
}

// mostServiceName is how long the name shown to people may be.
func mostServiceName(preset Preset) int {
	if preset == PresetTelia {
		return 40 // guide §2.1.4; registered there, not sent
	}
	return 64 // OP publishes no limit and recommends a short one
}

// mostAssertion is how long each broker recommends that a client assertion lives; Telia
// refuses more than an hour (guide §2.6.2).
func mostAssertion(preset Preset) time.Duration {
	switch preset {
	case PresetIdura:
		return 5 * time.Minute
	case PresetOP:
		return 10 * time.Minute
	default:
		return time.Hour
	}
}
