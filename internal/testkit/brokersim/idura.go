package brokersim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"avain/internal/protocol/oauth"

	"github.com/go-jose/go-jose/v4"
)

// iduraRules follow the documentation of Idura Verify (Criipto), repository
// criipto/docs at 0458547 (2026-03-12): "FTN" is e-ids/finnish-trust-network.mdx, the
// others are named by their files. The claims are those of the published id_token in
// JwtViewer/samples.ts (2022) and of FTN's example of today.
func iduraRules() rules {
	return rules{
		paths: paths{ // FTN's code, oidc-intro, pushed-authorization-requests
			authorize: "/oauth2/authorize",
			token:     "/oauth2/token",
			par:       "/oauth2/par",
			jwks:      "/.well-known/jwks",
			discovery: "/.well-known/openid-configuration",
		},
		publication: publication{
			keyID:     keyIDHex, // samples.ts: 40 hex digits in capitals
			nextAhead: true,     // Invented: no rotation is described
			metadata:  iduraMetadata,
		},

		outerClientID: true,     // FTN: the only two parameters are client_id and request
		requestObject: expected, // FTN: must be signed; login_hint tests it, so that a test tenant lets others pass
		pushedObject:  expected, // FTN demands signing and does not say that pushing replaces it
		requestKid:    expected, // Invented: that it is demanded; FTN's sample sends it
		requestNames:  demanded, // FTN: "plus appropriate issuer and audience"
		requestFor:    forIssuer,
		requestLife:   time.Hour, // Invented: FTN's sample has no exp
		read:          readIdura,
		assertionKid:  expected,        // FTN: required; privatekey-jwt: optional for others than FTN
		assertionID:   expected,        // the same
		assertionFor:  iduraDomain,     // privatekey-jwt: the domain
		assertionLife: 5 * time.Minute, // privatekey-jwt recommends it. Invented: that more is refused
		lenientLife:   time.Hour,
		tokenNeeds:    []string{"redirect_uri"}, // privatekey-jwt: the example has no client_id
		enforce:       "enforce_ftn_requirements",
		staticKeys:    true,                                                  // FTN: statically configured JWK sets
		languages:     map[string]string{"fi": "fi", "se": "sv", "en": "en"}, // choose-language, 5

		keyWrap:      jose.RSA_OAEP_256,  // FTN: the example's encryption key
		encryption:   jose.A256GCM,       // Invented: not published
		validity:     1200 * time.Second, // samples.ts: exp − iat
		claims:       iduraClaims,
		bending:      iduraBending(),
		code:         func(string) string { return base64Text(32) }, // Invented: not published
		codeLife:     5 * time.Minute,                               // Invented: not published
		accessToken:  func(string) string { return uuid(nil) },      // oidc-intro
		tokenLife:    120 * time.Second,                             // Invented: oidc-intro shows it for CIBA
		pushLife:     120 * time.Second,                             // pushed-authorization-requests
		refuseToken:  refuseToken,                                   // Invented: no token errors are published; RFC 6749 §5.2
		cancelled:    oauth.AccessDenied,                            // Invented: published only for CIBA and Swedish BankID
		singleSignOn: true,                                          // sso.mdx, for domains that switch it on
	}
}

func iduraDomain(e Endpoints, _ bool) []string { return []string{e.Issuer} }

// iduraMethods is what may stand in acr_values (login-methods), and the banks of it.
const (
	iduraBankID   = "urn:grn:authn:fi:bank-id"
	iduraMobileID = "urn:grn:authn:fi:mobile-id"
	iduraAll      = "urn:grn:authn:fi:all"
	iduraMisspelt = "urn:grn:authn:fi:bankid" // login-methods-and-path-encoded
)

func readIdura(s *Sim, req *request, lenient bool) *refusal {
	if s.rules.staticKeys && !lenient && s.registered().client.Keys.JWKS == nil {
		return refuse(KeysNotStatic, "the client's keys are not a static set").back(oauth.InvalidRequest)
	}
	// oidc-intro: "By default … ignoring any other scope values than openid".
	if !req.has(oauth.ScopeOpenID) {
		return refuse(ScopeWrong, "scope lacks openid").back(oauth.InvalidScope)
	}
	if refused := req.checkPrompt("none", "login", "consent", "consent_revoke"); refused != nil { // oidc-intro
		return refused
	}
	if refused := req.checkChallenge(); refused != nil {
		return refused
	}
	values := strings.Fields(req.ACRValues)
	if len(values) > 1 { // oidc-intro: "You can only specify one value"
		return refuse(LevelUnknown, "acr_values holds more than one value").back(oauth.InvalidRequest)
	}
	wanted := iduraAll // FTN's sample has none
	if len(values) == 1 {
		wanted = values[0]
	}
	if wanted == iduraMisspelt && lenient {
		wanted = iduraBankID
	}
	req.offered = slices.DeleteFunc(slices.Clone(s.config.Banks), func(b Bank) bool {
		return wanted != iduraAll && wanted != iduraMethod(b)
	})
	if len(req.offered) == 0 {
		return refuse(LevelUnknown, "acr_values holds an unknown method").back(oauth.InvalidRequest)
	}
	return nil
}

// iduraMethod is the authenticationtype: samples.ts for a bank. Invented: that of a
// Mobile Certificate, by analogy.
func iduraMethod(b Bank) string {
	if b.Mobile() {
		return iduraMobileID
	}
	return iduraBankID
}

// iduraInstant is a time in samples.ts' form.
func iduraInstant(t time.Time) any { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// iduraClaims are those of samples.ts, and satu of FTN's example. There is neither acr
// nor auth_time nor amr.
func iduraClaims(s *Sim, g grant) map[string]any {
	now, p := s.config.Now(), s.told(g)
	id := s.pseudonym(g)
	claims := claimSet{
		"iss": s.Endpoints().Issuer, "aud": g.request.ClientID,
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(s.rules.validity).Unix(),
		"identityscheme": "fitupas", "country": "FI", "authenticationtype": iduraMethod(g.who.bank),
		"authenticationmethod": teliaHost(s.config.Production) + g.who.bank.Method(), "authenticationinstant": iduraInstant(g.who.at),
		"sub": "{" + uuid(id) + "}", "nameidentifier": hex.EncodeToString(id), "sessionindex": uuid(nil),
		"name": iduraName(p), "satu": "",
	}
	if g.who.bank.Mobile() { // FTN: a Mobile Certificate has a value
		claims["satu"] = satu(id)
	}
	for name, value := range map[string]string{
		"hetu": p.hetu, "gender": gender(p.hetu), "given_name": p.given, "givenname": p.given,
		"family_name": p.family, "surname": p.family, "birthdate": p.born, "dateofbirth": p.born,
	} {
		claims.put(name, value)
	}
	return maps.Clone(claims)
}

// iduraName is "Display name (when available for the user), or sub value received from
// FTN provider" (PayloadViewer.tsx): FTN's example has the second. Invented: that
// people whose names come undivided have the first, as in samples.ts.
func iduraName(p told) string {
	if p.given == "" {
		return p.display
	}
	return "_" + hexText(20)
}

// pseudonym is 16 bytes that stand for a person here and nowhere else
// (PayloadViewer.tsx: "Persistent pseudonym … per Idura Verify tenant").
func (s *Sim) pseudonym(g grant) []byte {
	sum := sha256.Sum256([]byte(s.config.BaseURL + " " + g.who.person.HETU.Reveal()))
	return sum[:16]
}

// gender is what the individual number of a personal identity code says.
func gender(code string) string {
	switch {
	case len(code) != 11:
		return ""
	case (code[9]-'0')%2 == 1:
		return "Male" // samples.ts
	default:
		return "Female" // Invented: the word; samples.ts shows a man
	}
}

// satu is an electronic client identifier: eight digits and the check character of a
// personal identity code.
func satu(id []byte) string {
	const alphabet = "0123456789ABCDEFHJKLMNPRSTUVWXY"
	n := 10_000_000 + (int(id[0])<<16+int(id[1])<<8+int(id[2]))*5
	return fmt.Sprintf("%08d%c", n, alphabet[n%31])
}

// teliaHost: Idura brokers through Telia; samples.ts shows the test host. Invented: the
// production host, by analogy.
func teliaHost(production bool) string {
	if production {
		return "https://tunnistus.telia.fi/uas/saml2/names/ac/"
	}
	return "https://tunnistus-pp.telia.fi/uas/saml2/names/ac/"
}

func iduraBending() bending {
	return bending{
		level: "authenticationtype", wrongLevel: "urn:grn:authn:se:bankid", // a method of another country
		test: func(_ *Sim, g grant, claims map[string]any) {
			claims["authenticationmethod"] = teliaHost(false) + g.who.bank.Method()
		},
		time: "authenticationinstant", stamp: iduraInstant,
		method: "authenticationmethod", strangeMethod: func(s *Sim) any { return teliaHost(s.config.Production) + strangeMethod },
	}
}

// iduraMetadata: Invented: no discovery document is published whole; the pages name
// endpoints, RS256 and RSA-OAEP-256.
func iduraMetadata(*Sim) map[string]any {
	return map[string]any{
		"response_types_supported":                         []string{"code", "id_token"},
		"response_modes_supported":                         []string{"query", "fragment", "form_post"},
		"subject_types_supported":                          []string{"pairwise"},
		"request_parameter_supported":                      true,
		"request_object_signing_alg_values_supported":      []string{"RS256"},
		"id_token_signing_alg_values_supported":            []string{"RS256"},
		"id_token_encryption_alg_values_supported":         []string{"RSA-OAEP-256"},
		"id_token_encryption_enc_values_supported":         []string{"A256GCM"},
		"token_endpoint_auth_methods_supported":            []string{"client_secret_basic", "private_key_jwt"},
		"token_endpoint_auth_signing_alg_values_supported": []string{"RS256"},
		"scopes_supported":                                 []string{"openid"},
		"code_challenge_methods_supported":                 []string{"S256"},
		"prompt_values_supported":                          []string{"none", "login", "consent", "consent_revoke"},
		"acr_values_supported":                             []string{iduraBankID, iduraMobileID, iduraAll},
	}
}
