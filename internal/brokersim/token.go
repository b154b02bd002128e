package brokersim

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"

	"avain/internal/oauth"
	"avain/internal/secret"
)

const (
	codeLife    = 5 * time.Minute
	tokenLife   = time.Hour
	formMaxSize = 64 << 10
)

// grant is what an authorization code stands for.
type grant struct {
	request request
	who     session
}

// issue makes the code and the address that takes it back to the relying party.
func (s *Sim) issue(req request, who session) string {
	now := s.config.Now()
	code := secret.New()
	s.grants.add(code.Hash(), grant{req, who}, now, now.Add(codeLife))
	if s.trouble.take(ReusedCode) {
		s.used.add(code.Hash(), struct{}{}, now, now.Add(codeLife))
	}
	params := url.Values{"code": {code.Reveal()}}
	if s.trouble.take(MissingCode) {
		params = url.Values{}
	}
	back := req
	if s.trouble.take(WrongState) {
		back.State = secret.New().Reveal()
	}
	s.record(Record{Endpoint: Returned})
	return back.backTo(params)
}

// token exchanges a code.
func (s *Sim) token(w http.ResponseWriter, r *http.Request) {
	if s.trouble.take(TokenDown) {
		s.record(Record{Endpoint: CalledToken, Reason: Misbehaved, Detail: "told to be down"})
		unavailable(w)
		return
	}
	record := Record{Endpoint: CalledToken}
	form, refused := tokenForm(w, r)
	if refused == nil {
		var assertion signedJWT
		assertion, refused = s.openAssertion(r, form)
		record.Header, record.Claims = assertion.header, assertion.all
	}
	var answer map[string]any
	if refused == nil {
		answer, refused = s.exchange(r, form)
	}
	if refused != nil {
		record.Reason, record.Detail = refused.reason, refused.record()
		s.record(record)
		s.respondRefused(w, refused)
		return
	}
	s.record(record)
	respondJSON(w, http.StatusOK, answer)
}

func tokenForm(w http.ResponseWriter, r *http.Request) (url.Values, *refusal) {
	r.Body = http.MaxBytesReader(w, r.Body, formMaxSize)
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") || r.ParseForm() != nil {
		return nil, refuse(ParameterMissing, "the body is not a form").back(oauth.InvalidRequest)
	}
	for _, values := range r.PostForm {
		if len(values) > 1 {
			return nil, refuse(ParameterRepeated, "a parameter is given more than once").back(oauth.InvalidRequest)
		}
	}
	return r.PostForm, nil
}

// openAssertion authenticates the relying party (RFC 7523 §3).
func (s *Sim) openAssertion(r *http.Request, form url.Values) (signedJWT, *refusal) {
	if form.Get("client_assertion_type") != oauth.AssertionJWTBearer {
		return signedJWT{}, refuse(AssertionTypeWrong, "client_assertion_type is not jwt-bearer").back(oauth.UnauthorizedClient)
	}
	assertion, refused := s.openJWT(r.Context(), form.Get("client_assertion"))
	if refused == nil {
		refused = s.checkAssertion(assertion)
	}
	if refused != nil {
		return assertion, refused.back(oauth.UnauthorizedClient)
	}
	return assertion, nil
}

func (s *Sim) checkAssertion(assertion signedJWT) *refusal {
	claims, id := assertion.claims, s.registered().client.ID
	switch {
	case id == "":
		return refuse(ClientUnknown, "no client is registered")
	case claims.Issuer != id:
		return refuse(IssuerWrong, "iss is not the client_id")
	case claims.Subject != id:
		return refuse(SubjectWrong, "sub is not the client_id")
	case !audienceIs(claims, s.Endpoints().Token):
		return refuse(AudienceWrong, "aud is not the token endpoint")
	case claims.ID == "":
		return refuse(JTIMissing, "jti is missing")
	}
	if refused := s.checkTimes(claims, true); refused != nil {
		return refused
	}
	return s.spend(claims)
}

// exchange turns the code into the answer. A code counts as used from its first
// presentation by the relying party itself, right or wrong.
func (s *Sim) exchange(r *http.Request, form url.Values) (map[string]any, *refusal) {
	now, client := s.config.Now(), s.registered().client
	code := secret.Of(form.Get("code")).Hash()
	if refused := s.checkTokenForm(form, client); refused != nil {
		return nil, refused
	}
	grant, known := s.grants.get(code, now)
	switch {
	case !known:
		return nil, refuse(CodeUnknown, "the code is unknown or has expired").back(oauth.InvalidGrant)
	case !s.used.add(code, struct{}{}, now, now.Add(codeLife)):
		return nil, refuse(CodeReused, "the code has been exchanged before").back(oauth.InvalidGrant)
	case form.Has("redirect_uri") && form.Get("redirect_uri") != grant.request.RedirectURI:
		return nil, refuse(RedirectMismatch, "redirect_uri is not the one of the request").back(oauth.InvalidGrant)
	case !verifies(grant.request.CodeChallenge, form.Get("code_verifier")):
		return nil, refuse(VerifierWrong, "code_verifier does not match the code_challenge").back(oauth.InvalidGrant)
	}
	idToken, refused := s.idToken(r.Context(), grant)
	if refused != nil {
		return nil, refused.back(oauth.InvalidRequest)
	}
	access := secret.New()
	answer := map[string]any{
		"access_token": access.Reveal(), "token_type": oauth.TokenTypeBearer,
		"expires_in": int(tokenLife.Seconds()), "id_token": idToken,
	}
	if s.config.Dialect == OP && s.config.AutoApprove == 0 {
		s.tokens.add(access.Hash(), s.identity(grant), now, now.Add(tokenLife))
	}
	return answer, nil
}

// checkTokenForm: Telia wants redirect_uri and client_id, OP lets them be.
func (s *Sim) checkTokenForm(form url.Values, client Client) *refusal {
	telia := s.config.Dialect == Telia
	switch {
	case form.Get("grant_type") != oauth.GrantAuthorizationCode:
		return refuse(GrantTypeWrong, "grant_type is not authorization_code").back("unsupported_grant_type")
	case form.Get("code") == "":
		return refuse(ParameterMissing, "code is missing").back(oauth.InvalidRequest)
	case telia && !form.Has("redirect_uri"):
		return refuse(ParameterMissing, "redirect_uri is missing").back(oauth.InvalidRequest)
	case telia && !form.Has("client_id"):
		return refuse(ParameterMissing, "client_id is missing").back(oauth.InvalidRequest)
	case form.Has("client_id") && form.Get("client_id") != client.ID:
		return refuse(ClientUnknown, "client_id is not registered").back(oauth.InvalidRequest)
	}
	return nil
}

// verifies checks PKCE (RFC 7636 §4.6); without a challenge there is nothing to check.
func verifies(challenge, verifier string) bool {
	if challenge == "" {
		return true
	}
	sum := sha256.Sum256([]byte(verifier))
	return len(verifier) >= 43 && secret.Of(base64.RawURLEncoding.EncodeToString(sum[:])).Equal(secret.Of(challenge))
}

// respondRefused answers in the dialect's way. OP knows two codes only, and
// percent-encodes its descriptions; we append the reason to them.
func (s *Sim) respondRefused(w http.ResponseWriter, refused *refusal) {
	if s.config.Dialect == Telia {
		status, code := http.StatusBadRequest, refused.code
		if code == oauth.UnauthorizedClient {
			status, code = http.StatusUnauthorized, oauth.InvalidClient
		}
		respondJSON(w, status, map[string]string{"error": code, "error_description": refused.detail})
		return
	}
	code, description := oauth.InvalidRequest, "parameter validation failed"
	switch refused.code {
	case oauth.UnauthorizedClient:
		code, description = oauth.UnauthorizedClient, "invalid assertion"
	case oauth.InvalidGrant:
		description = "invalid grant"
	}
	respondJSON(w, http.StatusBadRequest, map[string]string{
		"error": code, "error_description": url.PathEscape(description + ": " + refused.detail),
	})
}

// profile is OP's userinfo endpoint: the identity in the clear over TLS.
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
