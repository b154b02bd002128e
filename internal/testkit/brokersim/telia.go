package brokersim

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"avain/internal/protocol/oauth"

	"github.com/go-jose/go-jose/v4"
)

// teliaRules follow Telia Tunnistus' integration guide 2.36 (2026-02-06), § for its
// chapters, its page "Key Rotation" (2026-01-07), the example files beside it, its
// Python sample, and the entity statement of its pre-production.
func teliaRules() rules {
	return rules{
		paths: paths{ // §1.3, §2.2; the plain keys stand in the entity statement's jwks_uri
			issuer:     "/uas",
			authorize:  "/uas/oauth2/authorization",
			token:      "/uas/oauth2/token",
			statement:  "/.well-known/openid-federation",
			signedJWKS: "/openid_provider/signed_jwks.jwt",
			jwks:       "/uas/oauth2/metadata.jwks",
			discovery:  "/uas/.well-known/openid-configuration",
			outage:     "/uas/resource/maintenance.txt",
		},
		publication: publication{
			keyID:         keyIDThumbprint, // its example's kids, and one of the two entity keys'
			typ:           "jwk-set+jwt",   // header of signed-jwks-example. Invented: that Telia's own, which is not published, is like it
			life:          0,               // no exp in signed-jwks-example. Invented: as above
			twoEntityKeys: true,            // pre-production's statement of 2025-10-01: key-2 and another
			encryptionKey: true,            // "Key Rotation": signing and encryption keys; signed-jwks-example has both
			nextAhead:     false,           // "Key Rotation": the next signing key comes weeks ahead, and not before
			metadata:      teliaMetadata,
		},

		requestObject: demanded,  // §2.4
		requestKid:    optional,  // §2.4.4: the sample's header has none
		requestNames:  demanded,  // §2.4.2: iss, aud
		requestFor:    forIssuer, // §2.4.2
		requestLife:   time.Hour, // Invented: §2.4.3 suggests 10 minutes and names no maximum
		read:          readTelia,
		assertionKid:  optional,                              // §2.6.2: the sample's header has none
		assertionID:   demanded,                              // §2.6.2
		assertionFor:  forToken,                              // §2.6.2
		assertionLife: time.Hour,                             // §2.6.2: not more than 60 minutes
		tokenNeeds:    []string{"redirect_uri", "client_id"}, // §2.6.1
		textMaxAge:    true,                                  // §2.4.3: "string or int"

		keyWrap:      jose.RSA_OAEP,      // §2.6.3: header of the sample id_token
		encryption:   jose.A128CBC_HS256, // the same
		validity:     599 * time.Second,  // §2.6.4: exp − iat of the sample
		claims:       teliaClaims,
		bending:      teliaBending(),
		code:         teliaCode,                                         // §2.5
		codeLife:     5 * time.Minute,                                   // Invented: not published
		accessToken:  teliaCode,                                         // §2.6.3
		tokenLife:    600 * time.Second,                                 // §2.6.3
		tokenScope:   func(request) string { return oauth.ScopeOpenID }, // §2.6.3
		refuseToken:  refuseToken,                                       // Invented: the guide says nothing of token errors; RFC 6749 §5.2
		cancelled:    oauth.AccessDenied,                                // §2.5.2
		singleSignOn: true,                                              // §2.4.3: prompt=none and max_age presuppose a session
	}
}

// forIssuer and forToken are audiences.
func forIssuer(e Endpoints) []string        { return []string{e.Issuer} }
func forToken(e Endpoints, _ bool) []string { return []string{e.Token} }

// teliaCodeLength is the longest code that a relying party must be ready for: §2.5
// prints one of 529 characters, whose length follows the request's.
const teliaCodeLength = 600

// teliaCode is an authorization code or access token as §2.5 and §2.6.3 print them: a
// compact JWE encrypted directly, hence without a key part. Ours opens to nothing.
func teliaCode(clientID string) string {
	header, _ := json.Marshal(struct { // strings only: cannot fail
		Cty string `json:"cty"`
		Alg string `json:"alg"`
		Enc string `json:"enc"`
		Zip string `json:"zip"`
		Iss string `json:"iss"`
	}{"JWT", "dir", "A128CBC-HS256", "DEF", clientID})
	rest := teliaCodeLength - len(like(string(header), 0, 16, 0, 16))
	return like(string(header), 0, 16, max(rest, 64)*3/4, 16)
}

// levels are the levels of assurance of the trust network.
var levels = []string{
	acrSubstantial, "http://ftn.ficora.fi/2017/loa3", acrTest, "http://ftn.ficora.fi/2017/loatest3",
}

func readTelia(s *Sim, req *request, lenient bool) *refusal {
	if refused := req.checkScopes([]string{oauth.ScopeOpenID}, "userinfo"); refused != nil { // scopes_supported
		return refused
	}
	if refused := req.checkPrompt("none", "login"); refused != nil { // §2.4.3
		return refused
	}
	// Invented: that PKCE works. The guide does not speak of it since 2.33; the metadata
	// lists S256.
	if refused := req.checkChallenge(); refused != nil {
		return refused
	}
	return s.offerTelia(req, lenient)
}

// offerTelia reads acr_values (§2.4.3): the level of this environment leaves every bank
// on offer, method ids leave only theirs. One of the two has to be there. Invented: that
// a level beside methods is ignored.
func (s *Sim) offerTelia(req *request, lenient bool) *refusal {
	values := strings.Fields(req.ACRValues)
	if len(values) == 0 && !lenient {
		return refuse(LevelUnknown, "acr_values holds neither a level nor a method").back(oauth.InvalidRequest)
	}
	for _, value := range values {
		if value == s.level() || (lenient && slices.Contains(levels, value)) {
			continue
		}
		i := slices.IndexFunc(s.config.Banks, func(b Bank) bool {
			return value == b.Method() || (lenient && value == s.methodURI(b))
		})
		if i < 0 {
			return refuse(LevelUnknown, "acr_values holds an unknown level or method").back(oauth.InvalidRequest)
		}
		req.offered = append(req.offered, s.config.Banks[i])
	}
	if len(req.offered) == 0 {
		req.offered = s.config.Banks
	}
	return nil
}

// methodURI names a bank in amr (§2.6.4).
func (s *Sim) methodURI(b Bank) string { return s.methodsAt() + b.Method() }

func (s *Sim) methodsAt() string { return s.Endpoints().Issuer + "/saml2/names/ac/" }

// strangeMethod is a method that no guide lists.
const strangeMethod = "oidc.tuntematon.1"

func teliaBending() bending {
	b := levelAndTime()
	b.method = "amr"
	b.strangeMethod = func(s *Sim) any { return []string{s.methodsAt() + strangeMethod} }
	return b
}

// The attribute names of the Finnish Trust Network.
const (
	urnHETU    = "urn:oid:1.2.246.21"
	urnGiven   = "urn:oid:1.2.246.575.1.14"
	urnFamily  = "urn:oid:2.5.4.4"
	urnBirth   = "urn:oid:1.3.6.1.5.5.7.9.1"
	urnDisplay = "urn:oid:2.16.840.1.113730.3.1.241"
)

// teliaClaims are those of §2.6.4; display name, azp, session_index and bank-tupasid
// stand only in its sample, not in its table.
func teliaClaims(s *Sim, g grant) map[string]any {
	now, p := s.config.Now(), s.told(g)
	claims := claimSet{}
	claims.put(urnHETU, p.hetu)
	claims.put(urnGiven, p.given)
	claims.put(urnFamily, p.family)
	claims.put(urnBirth, p.born)
	claims.put(urnDisplay, p.display)
	if !g.who.bank.Mobile() { // Invented: that a Mobile Certificate has none
		claims.put("bank-tupasid", g.who.bank.Name+"-tupasid")
	}
	maps.Copy(claims, map[string]any{
		"sub": base32Text(20), // 32 letters and digits; another one each time
		"iss": s.Endpoints().Issuer, "aud": []string{g.request.ClientID}, "azp": g.request.ClientID,
		"iat": now.Unix(), "exp": now.Add(s.rules.validity).Unix(), "auth_time": g.who.at.Unix(),
		"acr": s.level(), "amr": []string{s.methodURI(g.who.bank)}, "session_index": "_" + hexText(20),
	})
	return claims
}

// refuseToken answers as RFC 6749 §5.2 says.
func refuseToken(w http.ResponseWriter, refused *refusal) {
	status, code := http.StatusBadRequest, refused.code
	if code == oauth.UnauthorizedClient {
		status, code = http.StatusUnauthorized, oauth.InvalidClient
	}
	respondJSON(w, status, map[string]string{"error": code, "error_description": refused.detail})
}

// teliaMetadata is what pre-production's entity statement lists, algorithms and grants
// included that a careful relying party refuses.
func teliaMetadata(s *Sim) map[string]any {
	weak := []string{"client_secret_post", "client_secret_basic", "client_secret_jwt", "private_key_jwt", "none"}
	signing, wrap, content := []string{"RS256", "HS256"}, []string{"RSA-OAEP", "RSA1_5", "A128KW"}, []string{"A128GCM", "A128CBC-HS256"}
	issuer := s.Endpoints().Issuer
	return map[string]any{
		"introspection_endpoint":                           issuer + "/oauth2/introspection",
		"revocation_endpoint":                              issuer + "/oauth2/revocation",
		"response_types_supported":                         []string{"code"},
		"grant_types_supported":                            []string{"authorization_code", "password", "client_credentials", "refresh_token"},
		"subject_types_supported":                          []string{"public"},
		"request_object_signing_alg_values_supported":      signing,
		"request_object_encryption_alg_values_supported":   wrap,
		"request_object_encryption_enc_values_supported":   content,
		"id_token_signing_alg_values_supported":            signing,
		"id_token_encryption_alg_values_supported":         wrap,
		"id_token_encryption_enc_values_supported":         content,
		"token_endpoint_auth_methods_supported":            weak,
		"token_endpoint_auth_signing_alg_values_supported": signing,
		"scopes_supported":                                 []string{"openid", "userinfo"},
		"code_challenge_methods_supported":                 []string{"S256", "plain"},
	}
}

// serveOutage is Telia's outage text: fi|sv|en, empty when all is well. Its address is
// public; its form is that of the page itself.
func (s *Sim) serveOutage(w http.ResponseWriter, _ *http.Request) {
	s.record(Record{Endpoint: CalledOutage})
	isHostile, isDisturbed := s.trouble.take(HostileTexts), s.trouble.take(Disturbance)
	var texts []string
	if isHostile || isDisturbed {
		for _, lang := range languages() {
			text := s.pages.text(lang, "disturbance-text")
			if isHostile {
				text = hostile(text)
			}
			texts = append(texts, text)
		}
	}
	respond(w, http.StatusOK, "text/plain; charset=utf-8", strings.Join(texts, "|"))
}
