package brokersim

import (
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"avain/internal/protocol/oauth"

	"github.com/go-jose/go-jose/v4/jwt"
)

// request is a good authorization request.
type request struct {
	ClientID            string  `json:"client_id"`
	RedirectURI         string  `json:"redirect_uri"`
	ResponseType        string  `json:"response_type"`
	Scope               string  `json:"scope"`
	State               string  `json:"state"`
	Nonce               string  `json:"nonce"`
	Prompt              string  `json:"prompt"`
	UILocales           string  `json:"ui_locales"`
	LoginHint           string  `json:"login_hint"`
	MaxAge              *maxAge `json:"max_age"`
	ACRValues           string  `json:"acr_values"`
	IdP                 string  `json:"ftn_idp_id"`
	ServiceName         string  `json:"ftn_spname"`
	SignicatName        string  `json:"ftn_sp_name"`
	CodeChallenge       string  `json:"code_challenge"`
	CodeChallengeMethod string  `json:"code_challenge_method"`

	offered []Bank // what the person may choose from; one: it is chosen already
	lang    string // of the pages
	shown   string // the relying party's name on the pages; empty: as registered
	remark  string // for the record: what was put right without a refusal
}

// maxAge is max_age in seconds, as a number or as a string of digits.
type maxAge struct {
	seconds int64
	text    bool
}

func (m *maxAge) UnmarshalJSON(raw []byte) error {
	unquoted := strings.Trim(string(raw), `"`)
	m.text = len(unquoted) != len(raw)
	var err error
	m.seconds, err = strconv.ParseInt(unquoted, 10, 64)
	return err
}

func (r *request) has(scope string) bool { return slices.Contains(strings.Fields(r.Scope), scope) }

// preselected reports whether the relying party has chosen the bank.
func (r *request) preselected() bool { return len(r.offered) == 1 }

// wantsFresh reports whether a login of so long ago would not do.
func (r *request) wantsFresh(age time.Duration) bool {
	return r.Prompt == "login" || (r.MaxAge != nil && age > time.Duration(r.MaxAge.seconds)*time.Second)
}

// checkScopes wants some scopes and refuses all that are not known.
func (r *request) checkScopes(wanted []string, others ...string) *refusal {
	for _, scope := range wanted {
		if !r.has(scope) {
			return refuse(ScopeWrong, "scope lacks "+scope).back(oauth.InvalidScope)
		}
	}
	for scope := range strings.FieldsSeq(r.Scope) {
		if !slices.Contains(wanted, scope) && !slices.Contains(others, scope) {
			return refuse(ScopeWrong, "scope holds an unknown value").back(oauth.InvalidScope)
		}
	}
	return nil
}

func (r *request) checkPrompt(known ...string) *refusal {
	if r.Prompt != "" && !slices.Contains(known, r.Prompt) {
		return refuse(PromptWrong, "prompt is none of "+strings.Join(known, ", ")).back(oauth.InvalidRequest)
	}
	return nil
}

// checkChallenge takes PKCE with S256, or none (RFC 7636 §4.3).
func (r *request) checkChallenge() *refusal {
	switch {
	case (r.CodeChallenge == "") != (r.CodeChallengeMethod == ""):
		return refuse(ChallengeWrong, "code_challenge and code_challenge_method come together").back(oauth.InvalidRequest)
	case r.CodeChallenge != "" && (r.CodeChallengeMethod != oauth.ChallengeS256 || len(r.CodeChallenge) != 43):
		return refuse(ChallengeWrong, "code_challenge is not of the method S256").back(oauth.InvalidRequest)
	}
	return nil
}

// lenient reports whether what sandboxes let pass may pass, in view of a login_hint.
func (s *Sim) lenient(loginHint string) bool {
	enforced := s.rules.enforce != "" && slices.Contains(strings.Fields(loginHint), s.rules.enforce)
	return s.config.Lenient && !enforced
}

// openRequest verifies a request object. A refusal without a code means that not even
// the redirect URI can be believed. The token is for the record.
func (s *Sim) openRequest(ctx context.Context, raw string) (request, signedJWT, *refusal) {
	var req request
	token, refused := s.openJWT(ctx, raw)
	if refused != nil {
		return req, token, refused
	}
	if err := json.Unmarshal(token.payload, &req); err != nil {
		return req, token, refuse(ClaimsMalformed, "a claim of the request object has the wrong type")
	}
	lenient := s.lenient(req.LoginHint)
	if token.kid == "" && s.rules.requestKid.insists(lenient) {
		return req, token, refuse(KidMissing, "the header has no kid")
	}
	if refused := s.checkClient(&req, lenient); refused != nil {
		return req, token, refused
	}
	if refused := s.checkRequestClaims(token.claims, lenient); refused != nil {
		return req, token, refused
	}
	if token.claims.ID != "" {
		if refused := s.spend(token.claims); refused != nil {
			return req, token, refused
		}
	}
	return req, token, s.checkParameters(&req, lenient)
}

// plainRequest reads a request whose parameters came as they are.
func (s *Sim) plainRequest(form url.Values) (request, *refusal) {
	claims := make(map[string]string, len(form))
	for name := range form {
		claims[name] = form.Get(name)
	}
	var req request
	raw, err := json.Marshal(claims)
	if err == nil {
		err = json.Unmarshal(raw, &req)
	}
	if err != nil {
		return req, refuse(ClaimsMalformed, "a parameter has the wrong type")
	}
	if req.MaxAge != nil {
		req.MaxAge.text = false // there is nothing but text in a form
	}
	lenient := s.lenient(req.LoginHint)
	if refused := s.checkClient(&req, lenient); refused != nil {
		return req, refused
	}
	return req, s.checkParameters(&req, lenient)
}

// checkClient says whether people may be sent back, and where.
func (s *Sim) checkClient(req *request, lenient bool) *refusal {
	client := s.registered().client
	if client.ID == "" || req.ClientID != client.ID {
		return refuse(ClientUnknown, "client_id is not registered")
	}
	if slices.Contains(client.RedirectURIs, req.RedirectURI) || (lenient && s.rules.strayRedirect && isWebAddress(req.RedirectURI)) {
		return nil
	}
	return refuse(RedirectUnknown, "redirect_uri is not registered")
}

func isWebAddress(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.Fragment == ""
}

// checkRequestClaims: where the dialect does not ask for iss and aud, wrong ones are
// refused all the same, and a jti needs an iss.
func (s *Sim) checkRequestClaims(claims jwt.Claims, lenient bool) *refusal {
	named := s.rules.requestNames.insists(lenient)
	if (named || claims.ID != "" || claims.Issuer != "") && claims.Issuer != s.registered().client.ID {
		return refuse(IssuerWrong, "iss is not the client_id")
	}
	if allowed := s.rules.requestFor(s.Endpoints()); (named || len(claims.Audience) > 0) && !audienceIs(claims, allowed) {
		return refuse(AudienceWrong, "aud is not what this broker wants")
	}
	return s.checkTimes(claims, false, s.longest(s.rules.requestLife, lenient))
}

// longest is how long a token of the relying party may live.
func (s *Sim) longest(life time.Duration, lenient bool) time.Duration {
	if lenient {
		return max(life, s.rules.lenientLife)
	}
	return life
}

// checkParameters looks at what the person can be sent back for.
func (s *Sim) checkParameters(req *request, lenient bool) *refusal {
	req.lang = s.language(req.UILocales)
	switch {
	case req.ResponseType != "code":
		return refuse(ResponseTypeWrong, "response_type is not code").back(oauth.InvalidRequest)
	case req.MaxAge != nil && (req.MaxAge.seconds < 0 || (req.MaxAge.text && !s.rules.textMaxAge)):
		return refuse(MaxAgeWrong, "max_age is not a number of seconds").back(oauth.InvalidRequest)
	}
	return s.rules.read(s, req, lenient)
}

// language is the first one that the broker speaks, as we call it.
func (s *Sim) language(uiLocales string) string {
	for l := range strings.FieldsSeq(uiLocales) {
		if s.rules.languages != nil {
			l = s.rules.languages[l]
		}
		if isLang(l) {
			return l
		}
	}
	return "fi" // OP README §6. Invented: the others'; Idura reads Accept-Language
}

// backTo is the address that the person is sent back to, with the parameters added
// to whatever query the redirect URI has of its own.
func (r *request) backTo(params url.Values) string {
	if r.State != "" {
		params.Set("state", r.State)
	}
	u, err := url.Parse(r.RedirectURI)
	if err != nil {
		return r.RedirectURI // registered, hence checked when the client was
	}
	query := u.Query()
	maps.Copy(query, params)
	u.RawQuery = query.Encode()
	return u.String()
}
