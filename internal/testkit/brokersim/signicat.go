package brokersim

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"avain/internal/protocol/oauth"

	"github.com/go-jose/go-jose/v4"
)

// signicatRules follow Signicat's pages below developer.signicat.com, as far as copies
// of them could be read: "FTN" is identity-methods/ftn (integration guide, attributes
// reference, preparations), "hub" is docs/eid-hub, "SBID" is the id_token printed for
// Swedish BankID, "recorded" is what a third party saw of a sandbox in September 2026:
// its discovery document, its errors, its callback. That FTN's id_token has the frame of
// SBID's is an inference: FTN's own page was to be had in parts only.
func signicatRules() rules {
	return rules{
		paths: paths{ // recorded discovery
			issuer:    "/auth/open",
			authorize: "/auth/open/connect/authorize",
			token:     "/auth/open/connect/token",
			par:       "/auth/open/connect/par",
			jwks:      "/auth/open/.well-known/openid-configuration/jwks",
			discovery: "/auth/open/.well-known/openid-configuration",
		},
		publication: publication{
			keyID:         keyIDSignicat, // SBID
			encryptionKey: true,          // recorded: RS256 and RSA-OAEP keys mixed
			algorithm:     true,          // recorded: the others print none
			nextAhead:     true,          // recorded: many keys at once
			metadata:      signicatMetadata,
		},

		outerClientID: true,     // RFC 9101 §5; Signicat's own page was cut off before it
		requestObject: expected, // hub, migration of FTN: "you must sign or send your authentication requests using PAR"
		pushedObject:  optional, // the same
		requestKid:    expected, // Invented: not published
		requestNames:  demanded, // Invented: not published; RFC 9101 §4
		requestFor:    forIssuer,
		requestLife:   time.Hour, // Invented: not published
		read:          readSignicat,
		assertionKid:  expected, // Invented: not published
		assertionID:   demanded, // RFC 7523 makes it optional, OpenID Connect Core §9 required
		assertionFor:  signicatAudiences,
		assertionLife: time.Hour, // Invented: not published
		tokenNeeds:    []string{"redirect_uri"},

		keyWrap:      jose.RSA_OAEP,      // recorded: RSA-OAEP and RSA1_5, no RSA-OAEP-256
		encryption:   jose.A256CBC_HS512, // recorded: three CBC algorithms; the dashboard chooses
		validity:     600 * time.Second,  // SBID: exp − iat
		claims:       signicatClaims,
		bending:      signicatBending(),
		code:         func(string) string { return strings.ToUpper(hexText(32)) + "-1" }, // recorded
		codeLife:     15 * time.Second,                                                   // recorded: the default of a client
		accessToken:  func(string) string { return base64Text(32) },                      // Invented: not published
		tokenLife:    600 * time.Second,                                                  // SBID
		tokenScope:   func(r request) string { return r.Scope },                          // SBID
		pushLife:     600 * time.Second,                                                  // Invented: not published
		refuseToken:  refuseTokenSignicat,                                                // recorded
		callback:     signicatCallback,                                                   // recorded
		cancelled:    oauth.AccessDenied,                                                 // Invented: hub's table of errors was cut off before it
		singleSignOn: true,                                                               // hub, migration: on for new clients, 3,600 s
	}
}

// signicatAudiences: Invented: Signicat's page was cut off before it. RFC 9126 §2 names
// the issuer and both endpoints.
func signicatAudiences(e Endpoints, _ bool) []string { return []string{e.Issuer, e.Token, e.PAR} }

// What FTN's attributes reference lists, by scope.
const (
	scopeNIN   = "nin"
	scopeIdP   = "idp-id"
	scopeExtra = "ftn-extra"
)

const (
	signicatIdP     = "idp:ftn"
	signicatNameMax = 64 // FTN, preparations
)

func readSignicat(s *Sim, req *request, lenient bool) *refusal {
	// Recorded: scopes and eIDs that do not exist end on Signicat's own page.
	if refused := req.checkScopes([]string{oauth.ScopeOpenID}, oauth.ScopeProfile, scopeNIN, scopeIdP, scopeExtra); refused != nil {
		return refused.stay()
	}
	if refused := req.checkPrompt("none", "login", "consent", "select_account"); refused != nil { // recorded
		return refused
	}
	if refused := req.checkChallenge(); refused != nil {
		return refused
	}
	if name := req.SignicatName; utf8.RuneCountInString(name) > signicatNameMax || strings.ContainsAny(name, "<>=;#^%|") {
		// FTN, preparations. Invented: how it is refused.
		return refuse(ServiceNameWrong, "ftn_sp_name is too long or holds a forbidden character").back(oauth.InvalidRequest)
	}
	req.shown, req.offered = req.SignicatName, s.config.Banks
	return s.offerSignicat(req, lenient)
}

// offerSignicat reads acr_values: idp:ftn is the trust network as a whole, and the
// person chooses there (FTN); loa:… is a level (hub, levels of assurance). Scoping to
// one bank exists; its words could not be read.
func (s *Sim) offerSignicat(req *request, lenient bool) *refusal {
	for value := range strings.FieldsSeq(req.ACRValues) {
		bank, isBank := strings.CutPrefix(value, "ftn_idp:")
		i := slices.IndexFunc(s.config.Banks, func(b Bank) bool { return b.FTNIdpID() == bank })
		switch {
		case value == signicatIdP || value == "loa:low" || value == "loa:substantial":
		case isBank && lenient && i >= 0:
			req.offered = s.config.Banks[i : i+1]
		default: // recorded: an unknown eID ends on Signicat's own page
			return refuse(LevelUnknown, "acr_values holds what this client may not use")
		}
	}
	return nil
}

// UserData is Signicat's dashboard setting "ID token user data": which claims about the
// person stand in the id_token (FTN, attributes reference).
type UserData string

// The settings.
const (
	UserDataAll      UserData = "All"            // all that was asked for
	UserDataStandard UserData = "StandardScopes" // names and date of birth only
	UserDataMinimal  UserData = "Minimal"        // nothing
)

func signicatClaims(s *Sim, g grant) map[string]any {
	now, p := s.config.Now(), s.told(g)
	claims := claimSet{ // SBID
		"iss": s.Endpoints().Issuer, "aud": g.request.ClientID, "sub": s.signicatSubject(g), "sid": strings.ToUpper(hexText(16)),
		"nbf": now.Unix(), "iat": now.Unix(), "exp": now.Add(s.rules.validity).Unix(), "auth_time": g.who.at.Unix(),
		"at_hash": atHash(g.accessToken), "idp": "ftn", "amr": []string{"external"},
	}
	if !s.config.Production {
		claims["sandbox"] = true // Invented: recorded of Danish MitID on the same platform
	}
	if s.config.UserData != UserDataMinimal && g.request.has(oauth.ScopeProfile) {
		claims.put("name", p.display)
		claims.put("given_name", p.given)
		claims.put("family_name", p.family)
		claims.put("birthdate", p.born)
	}
	if s.config.UserData == UserDataAll {
		signicatExtras(claims, s, g, p)
	}
	return claims
}

// signicatExtras hold the personal identity code. FTN says that nin needs the setting
// All. Invented: that ftn_hetu and idp_id need it, too.
func signicatExtras(claims claimSet, s *Sim, g grant, p told) {
	if g.request.has(scopeIdP) {
		claims.put("idp_id", p.hetu)
	}
	if g.request.has(scopeNIN) && p.hetu != "" {
		claims["nin"], claims["nin_type"], claims["nin_issuing_country"] = p.hetu, "PERSON", "FI"
	}
	if g.request.has(scopeExtra) {
		claims.put("ftn_idp", g.who.bank.FTNIdpID())
		claims.put("ftn_hetu", p.hetu)
		if g.who.bank.Mobile() { // Invented: who has one
			claims.put("ftn_satu", satu(s.pseudonym(g)))
		}
	}
}

// signicatSubject: Base64(SHA256(idp, idpId, organizationId)) (hub, subject), the same
// for a person as long as the organisation is.
func (s *Sim) signicatSubject(g grant) string {
	sum := sha256.Sum256([]byte("ftn" + g.who.person.HETU.Reveal() + s.config.BaseURL))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// atHash binds an access token to an id_token (OpenID Connect Core §3.1.3.6).
func atHash(accessToken string) string {
	sum := sha256.Sum256([]byte(accessToken))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

func signicatBending() bending {
	return bending{
		level: "idp", wrongLevel: "sbid", // another country's method
		test: func(_ *Sim, _ grant, claims map[string]any) { claims["sandbox"] = true },
		time: "auth_time", stamp: seconds,
		method: "ftn_idp", strangeMethod: func(*Sim) any { return "fi-tuntematon" },
	}
}

func signicatCallback(s *Sim, req request) url.Values {
	return url.Values{"scope": {req.Scope}, "session_state": {base64Text(32) + "." + strings.ToUpper(hexText(16))}, "iss": {s.Endpoints().Issuer}}
}

// refuseTokenSignicat: every token error is a 400, invalid_client included.
func refuseTokenSignicat(w http.ResponseWriter, refused *refusal) {
	code := refused.code
	if code == oauth.UnauthorizedClient {
		code = oauth.InvalidClient
	}
	respondJSON(w, http.StatusBadRequest, map[string]string{
		"error": code, "error_description": refused.detail, "error_uri": "https://api.signicat.com/auth/open/config/errors/" + code,
	})
}

// signicatMetadata is the recorded discovery document, endpoints that are not simulated
// left out.
func signicatMetadata(*Sim) map[string]any {
	algorithms := []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"}
	return map[string]any{
		"response_types_supported":                         []string{"code"},
		"response_modes_supported":                         []string{"form_post", "query", "fragment"},
		"grant_types_supported":                            []string{"authorization_code"},
		"subject_types_supported":                          []string{"public"},
		"request_parameter_supported":                      true,
		"require_pushed_authorization_requests":            false,
		"authorization_response_iss_parameter_supported":   true,
		"claims_parameter_supported":                       false,
		"request_object_signing_alg_values_supported":      algorithms,
		"id_token_signing_alg_values_supported":            []string{"RS256"},
		"id_token_encryption_alg_values_supported":         []string{"RSA-OAEP", "RSA1_5"},
		"id_token_encryption_enc_values_supported":         []string{"A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512"},
		"token_endpoint_auth_methods_supported":            []string{"client_secret_basic", "client_secret_post", "private_key_jwt"},
		"token_endpoint_auth_signing_alg_values_supported": algorithms,
		"scopes_supported":                                 []string{"openid", "profile", scopeNIN, scopeIdP, scopeExtra},
		"code_challenge_methods_supported":                 []string{"S256"},
		"prompt_values_supported":                          []string{"none", "login", "consent", "select_account"},
	}
}
