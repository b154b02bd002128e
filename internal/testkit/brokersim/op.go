package brokersim

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"avain/internal/protocol/oauth"
	"avain/internal/secret"

	"github.com/go-jose/go-jose/v4"
)

// opRules follow the README of op-developer/Identity-Service-Broker-API (2024-08-27,
// commit ca36128), § for its chapters, and OP's examples in TypeScript, Python and
// Java. Where they disagree, the README counts; what only an example does, or OP's
// public sandbox (§15), passes when the simulator is lenient.
func opRules() rules {
	return rules{
		paths: paths{ // §6–8, §10, §12, §14; openid-configuration has been removed (§11)
			authorize:  "/oauth/authorize",
			token:      "/oauth/token",
			profile:    "/oauth/profile",
			statement:  "/.well-known/openid-federation",
			signedJWKS: "/jwks/broker-signed",
			selector:   "/api/embedded-ui/",
		},
		publication: publication{
			keyID:     keyIDThumbprint, // as the kids in §14 look
			typ:       "JWS",           // header of the signed JWKS printed in §14
			life:      time.Hour,       // exp − iat there
			nextAhead: true,            // §14: a key is published 9 h ahead; the printed set holds three
			metadata:  opMetadata,
		},

		requestObject: demanded, // §7: parameters are passed in a signed JWS
		requestKid:    demanded, // §14: the kids in the JWKS must match those in the tokens
		requestNames:  optional, // §7: iss only beside a jti; aud stands nowhere
		requestFor:    opRequestFor,
		requestLife:   600 * time.Second, // Invented: §7 suggests 600 s and names no maximum
		read:          readOP,
		assertionKid:  expected, // §14; the assertion printed in §8 has none
		assertionID:   demanded, // §8
		assertionFor:  opAssertionFor,
		assertionLife: 600 * time.Second, // Invented: §8 suggests 600 s and names no maximum
		lenientLife:   time.Hour,
		strayRedirect: true,               // §15: redirect_uri does not have to be agreed in the sandbox
		keyWrap:       jose.RSA_OAEP,      // §13: id_token_encrypted_response_alg
		encryption:    jose.A128CBC_HS256, // §13: id_token_encrypted_response_enc
		validity:      600 * time.Second,  // §9: exp − iat of the example
		claims:        opClaims,
		bending:       levelAndTime(),     // §9; which bank it was, OP does not tell
		code:          opaqueJWT,          // §7 prints eyJhb…; its length is not published
		codeLife:      5 * time.Minute,    // Invented: not published
		accessToken:   opaqueJWT,          // §8 prints eyJh…
		tokenLife:     3600 * time.Second, // §8: expires_in of the example
		refuseToken:   refuseTokenOP,
		cancelled:     "cancel", // §7
	}
}

// opaqueJWT looks like a signed JWT. Invented: its length.
func opaqueJWT(string) string { return like(`{"alg":"HS256","typ":"JWT"}`, 96, 32) }

// opRequestFor: OP does not say what aud is. Its TypeScript example sends the
// authorization endpoint; the others send none. Invented: that another one is refused.
func opRequestFor(e Endpoints) []string { return []string{e.Issuer, e.Authorize} }

// opAssertionFor: the token endpoint (§8). OP's Python example signs for the
// authorization endpoint. Invented: that a sandbox takes it.
func opAssertionFor(e Endpoints, lenient bool) []string {
	if lenient {
		return []string{e.Token, e.Authorize}
	}
	return []string{e.Token}
}

// nonceLeast is how many characters hold 128 bits (§7).
const nonceLeast = 22

func readOP(s *Sim, req *request, _ bool) *refusal {
	if refused := req.checkScopes([]string{"openid", "personal_identity_code"}, "profile", "weak", "strong"); refused != nil {
		return refused // §7: other scope values are rejected
	}
	switch {
	case req.Prompt != "" && req.Prompt != "consent": // §7 knows no other
		return refuse(PromptWrong, "prompt is not consent").back(oauth.InvalidRequest)
	case req.Nonce != "" && len(req.Nonce) < nonceLeast:
		return refuse(NonceTooShort, "nonce is shorter than 128 bits").back(oauth.InvalidRequest)
	}
	req.CodeChallenge = "" // Invented: that PKCE, which OP does not know, is ignored
	req.shown = opServiceName(s.registered().client, req)
	req.offered = s.config.Banks
	if req.IdP == "" {
		return nil
	}
	for _, b := range s.config.Banks {
		if req.IdP == b.FTNIdpID() || req.IdP == b.FTNIdpID()+opTwin {
			req.offered = []Bank{b}
			return nil
		}
	}
	// Invented: what an unknown ftn_idp_id leads to. An older README had the error
	// invalid_ftn_idp_id; the present one names none.
	return refuse(MeansUnknown, "ftn_idp_id is unknown").back(oauth.InvalidRequest)
}

// opServiceName: a name that was not agreed, or none, is replaced by the legal name of
// the company, without an error (§25).
func opServiceName(client Client, req *request) string {
	if slices.Contains(client.ServiceNames, req.ServiceName) {
		return req.ServiceName
	}
	if req.ServiceName != "" {
		req.remark = "ftn_spname is not among the agreed names: the legal name is shown"
	}
	return client.legalName()
}

// level is the level of assurance: tests have one of their own (OP §9, Telia guide
// §2.4.3, §2.6.4).
func (s *Sim) level() string {
	if s.config.Production {
		return acrSubstantial
	}
	return acrTest
}

// levelAndTime are the claims of OP and Telia that the toggles bend.
func levelAndTime() bending {
	return bending{level: "acr", wrongLevel: acrNone, test: testLevel, time: "auth_time", stamp: seconds}
}

func testLevel(_ *Sim, _ grant, claims map[string]any) { claims["acr"] = acrTest }

func seconds(t time.Time) any { return t.Unix() }

// opIdentity are the claims about the person (§9), which the profile repeats (§10).
func opIdentity(s *Sim, g grant) map[string]any {
	p := s.told(g)
	claims := claimSet{"sub": uuid(nil)} // "not persistent, feel free to ignore"
	claims.put("personal_identity_code", p.hetu)
	if g.request.has("profile") {
		claims.put("name", p.full)
		claims.put("given_name", p.given)
		claims.put("family_name", p.family)
		claims.put("birthdate", p.born)
	}
	return claims
}

func opClaims(s *Sim, g grant) map[string]any {
	now, claims := s.config.Now(), opIdentity(s, g)
	maps.Copy(claims, map[string]any{
		"iss": s.Endpoints().Issuer, "aud": g.request.ClientID, "iat": now.Unix(), "exp": now.Add(s.rules.validity).Unix(),
		"auth_time": g.who.at.Unix(), "acr": s.level(),
	})
	return claims
}

// refuseTokenOP: OP knows two codes only and percent-encodes its descriptions (§8).
// Invented: the reason that we append to them.
func refuseTokenOP(w http.ResponseWriter, refused *refusal) {
	code, description := oauth.InvalidRequest, "parameter validation failed"
	switch {
	case refused.code == oauth.UnauthorizedClient:
		code, description = oauth.UnauthorizedClient, "invalid assertion"
	case refused.code == oauth.InvalidGrant:
		description = "invalid grant"
	case refused.reason == ClientUnknown:
		description = "client information fetching failed"
	}
	respondJSON(w, http.StatusBadRequest, map[string]string{
		"error": code, "error_description": url.PathEscape(description + ": " + refused.detail),
	})
}

// opMetadata: Invented: the README prints no entity statement of OP's own but for the
// name signed_jwks_uri (§12).
func opMetadata(s *Sim) map[string]any {
	return map[string]any{
		"scopes_supported":                                 []string{"openid", "profile", "personal_identity_code", "weak", "strong"},
		"response_types_supported":                         []string{"code"},
		"grant_types_supported":                            []string{"authorization_code"},
		"subject_types_supported":                          []string{"public"},
		"request_parameter_supported":                      true,
		"request_object_signing_alg_values_supported":      []string{"RS256"},
		"id_token_signing_alg_values_supported":            []string{"RS256"},
		"id_token_encryption_alg_values_supported":         []string{"RSA-OAEP"},
		"id_token_encryption_enc_values_supported":         []string{"A128CBC-HS256"},
		"token_endpoint_auth_methods_supported":            []string{"private_key_jwt"},
		"token_endpoint_auth_signing_alg_values_supported": []string{"RS256"},
		"ui_locales_supported":                             languages(),
		"userinfo_endpoint":                                s.Endpoints().Profile,
	}
}

type identityProvider struct {
	Name     string `json:"name"`
	ImageURL string `json:"imageUrl"`
	FTNIdpID string `json:"ftn_idp_id"`
}

// opTwin ends the id of the second of two entries with one name, as op and op-saml2 are
// in the list that OP's Java example tests with.
const opTwin = "-saml2"

// serveSelector is OP's list of banks with the texts that must be shown beside it (§6).
func (s *Sim) serveSelector(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("client") != s.registered().client.ID || s.registered().client.ID == "" {
		s.record(Record{Endpoint: CalledSelector, Reason: ClientUnknown, Detail: "no such client"})
		respondJSON(w, http.StatusNotFound, map[string]any{"statusCode": 404, "error": "Not Found", "message": "Service provider not found"})
		return
	}
	s.record(Record{Endpoint: CalledSelector})
	lang := r.URL.Query().Get("lang")
	if !isLang(lang) {
		lang = "fi"
	}
	say := func(key string) string { return s.pages.text(lang, key) }
	if s.trouble.take(HostileTexts) {
		say = func(key string) string { return hostile(s.pages.text(lang, key)) }
	}
	answer := map[string]any{
		"identityProviders": s.identityProviders(lang),
		"isbProviderInfo":   say("broker-info"), "isbConsent": say("broker-consent"),
		"privacyNoticeText": say("privacy-link"), "privacyNoticeLink": s.config.BaseURL + pathPrivacy + "?lang=" + lang,
	}
	switch {
	case s.trouble.take(Disturbance):
		answer["disturbanceInfo"] = map[string]string{"header": say("disturbance-header"), "text": say("disturbance-text")}
	case s.config.Sandbox: // §15: always there, with a placeholder when all is well
		answer["disturbanceInfo"] = map[string]string{"header": say("placeholder-header"), "text": say("placeholder-text")}
	}
	respondJSON(w, http.StatusOK, answer)
}

func (s *Sim) identityProviders(lang string) []identityProvider {
	banks := make([]identityProvider, 0, len(s.config.Banks)+1)
	for _, b := range s.config.Banks {
		banks = append(banks, identityProvider{b.NameIn(lang), s.config.BaseURL + pathLogo + b.ID + ".svg", b.FTNIdpID()})
	}
	if s.trouble.take(DuplicateNames) && len(banks) > 0 {
		twin := banks[0]
		twin.FTNIdpID += opTwin
		banks = slices.Insert(banks, 1, twin)
	}
	return banks
}

// profile is OP's userinfo endpoint (§10): the identity in the clear over TLS.
func (s *Sim) profile(w http.ResponseWriter, r *http.Request) {
	bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		s.record(Record{Endpoint: CalledProfile, Reason: ParameterMissing, Detail: "no bearer token"})
		w.Header().Set("WWW-Authenticate", "Bearer")
		respondJSON(w, http.StatusUnauthorized, map[string]string{"error": oauth.InvalidRequest})
		return
	}
	claims, ok := s.tokens.get(secret.Of(bearer).Hash(), s.config.Now())
	if !ok {
		s.record(Record{Endpoint: CalledProfile, Reason: AccessTokenUnknown, Detail: "access token unknown or expired"})
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		respondJSON(w, http.StatusUnauthorized, map[string]string{"error": oauth.InvalidToken})
		return
	}
	s.record(Record{Endpoint: CalledProfile})
	respondJSON(w, http.StatusOK, claims)
}
