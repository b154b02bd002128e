package brokersim

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"

	"avain/internal/protocol/oauth"
	"avain/internal/secret"
)

const (
	codeMarked  = 5 * time.Minute // how long a used code is still told from an unknown one
	formMaxSize = 64 << 10
)

// grant is what an authorization code stands for.
type grant struct {
	request     request
	who         session
	accessToken string
}

// issue makes the code and the address that takes it back to the relying party.
func (s *Sim) issue(req request, who session) string {
	now, code := s.config.Now(), s.rules.code(req.ClientID)
	mark := secret.Of(code).Hash()
	s.grants.add(mark, grant{request: req, who: who}, now, now.Add(s.rules.codeLife))
	if s.trouble.take(ReusedCode) {
		s.used.add(mark, struct{}{}, now, now.Add(codeMarked))
	}
	params := url.Values{}
	if s.rules.callback != nil {
		params = s.rules.callback(s, req)
	}
	if !s.trouble.take(MissingCode) {
		params.Set("code", code)
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
		assertion, refused = s.openAssertion(r.Context(), form, s.lenientFor(form.Get("code")))
		record.Header, record.Claims = assertion.header, assertion.all
	}
	var answer map[string]any
	if refused == nil {
		answer, refused = s.exchange(r, form)
	}
	if refused != nil {
		record.Reason, record.Detail = refused.reason, refused.record()
		s.record(record)
		s.rules.refuseToken(w, refused)
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

// lenientFor is how lenient to be with whoever presents a code: its request may have
// asked for no leniency.
func (s *Sim) lenientFor(code string) bool {
	known, _ := s.grants.get(secret.Of(code).Hash(), s.config.Now())
	return s.lenient(known.request.LoginHint)
}

// openAssertion authenticates the relying party (RFC 7523 §3).
func (s *Sim) openAssertion(ctx context.Context, form url.Values, lenient bool) (signedJWT, *refusal) {
	if form.Get("client_assertion_type") != oauth.AssertionJWTBearer {
		return signedJWT{}, refuse(AssertionTypeWrong, "client_assertion_type is not jwt-bearer").back(oauth.UnauthorizedClient)
	}
	assertion, refused := s.openJWT(ctx, form.Get("client_assertion"))
	if refused == nil {
		refused = s.checkAssertion(assertion, lenient)
	}
	if refused != nil {
		return assertion, refused.back(oauth.UnauthorizedClient)
	}
	return assertion, nil
}

func (s *Sim) checkAssertion(assertion signedJWT, lenient bool) *refusal {
	claims, id := assertion.claims, s.registered().client.ID
	switch {
	case id == "":
		return refuse(ClientUnknown, "no client is registered")
	case claims.Issuer != id:
		return refuse(IssuerWrong, "iss is not the client_id")
	case claims.Subject != id:
		return refuse(SubjectWrong, "sub is not the client_id")
	case !audienceIs(claims, s.rules.assertionFor(s.Endpoints(), lenient)):
		return refuse(AudienceWrong, "aud is not what this broker wants")
	}
	if refused := s.checkAssertionForm(assertion, lenient); refused != nil {
		return refused
	}
	if refused := s.checkTimes(claims, true, s.longest(s.rules.assertionLife, lenient)); refused != nil {
		return refused
	}
	if claims.ID == "" {
		return nil
	}
	return s.spend(claims)
}

// checkAssertionForm looks at what an assertion may lack where the simulator is lenient.
func (s *Sim) checkAssertionForm(assertion signedJWT, lenient bool) *refusal {
	switch {
	case assertion.kid == "" && s.rules.assertionKid.insists(lenient):
		return refuse(KidMissing, "the header has no kid").back(oauth.UnauthorizedClient)
	case assertion.claims.ID == "" && s.rules.assertionID.insists(lenient):
		return refuse(JTIMissing, "jti is missing").back(oauth.UnauthorizedClient)
	}
	return nil
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
	case !s.used.add(code, struct{}{}, now, now.Add(codeMarked)):
		return nil, refuse(CodeReused, "the code has been exchanged before").back(oauth.InvalidGrant)
	case form.Has("redirect_uri") && form.Get("redirect_uri") != grant.request.RedirectURI:
		return nil, refuse(RedirectMismatch, "redirect_uri is not the one of the request").back(oauth.InvalidGrant)
	case !verifies(grant.request.CodeChallenge, form.Get("code_verifier")):
		return nil, refuse(VerifierWrong, "code_verifier does not match the code_challenge").back(oauth.InvalidGrant)
	}
	grant.accessToken = s.rules.accessToken(client.ID)
	idToken, refused := s.idToken(r.Context(), grant)
	if refused != nil {
		return nil, refused.back(oauth.InvalidRequest)
	}
	answer := map[string]any{
		"access_token": grant.accessToken, "token_type": oauth.TokenTypeBearer,
		"expires_in": int(s.rules.tokenLife.Seconds()), "id_token": idToken,
	}
	if s.rules.tokenScope != nil {
		answer["scope"] = s.rules.tokenScope(grant.request)
	}
	if s.rules.paths.profile != "" && s.config.AutoApprove == 0 {
		s.tokens.add(secret.Of(grant.accessToken).Hash(), opIdentity(s, grant), now, now.Add(s.rules.tokenLife))
	}
	return answer, nil
}

// checkTokenForm wants what the dialect wants.
func (s *Sim) checkTokenForm(form url.Values, client Client) *refusal {
	switch {
	case form.Get("grant_type") != oauth.GrantAuthorizationCode:
		return refuse(GrantTypeWrong, "grant_type is not authorization_code").back(oauth.UnsupportedGrantType)
	case form.Get("code") == "":
		return refuse(ParameterMissing, "code is missing").back(oauth.InvalidRequest)
	case form.Has("client_id") && form.Get("client_id") != client.ID:
		return refuse(ClientUnknown, "client_id is not registered").back(oauth.InvalidRequest)
	}
	for _, name := range s.rules.tokenNeeds {
		if !form.Has(name) {
			return refuse(ParameterMissing, name+" is missing").back(oauth.InvalidRequest)
		}
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
