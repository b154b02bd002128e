package brokersim

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/jwt"
)

// request is a good authorization request.
type request struct {
	ClientID            string `json:"client_id"`
	RedirectURI         string `json:"redirect_uri"`
	ResponseType        string `json:"response_type"`
	Scope               string `json:"scope"`
	State               string `json:"state"`
	Nonce               string `json:"nonce"`
	Prompt              string `json:"prompt"`
	UILocales           string `json:"ui_locales"`
	MaxAge              *int64 `json:"max_age"`
	ACRValues           string `json:"acr_values"`
	IdP                 string `json:"ftn_idp_id"`
	ServiceName         string `json:"ftn_spname"`
	CodeChallenge       string `json:"code_challenge"`
	CodeChallengeMethod string `json:"code_challenge_method"`

	offered []Bank // what the person may choose from; one: it is chosen already
}

func (r request) has(scope string) bool { return slices.Contains(strings.Fields(r.Scope), scope) }

// lang is the language of the pages.
func (r request) lang() string {
	for _, l := range strings.Fields(r.UILocales) {
		if isLang(l) {
			return l
		}
	}
	return "fi"
}

// preselected reports whether the relying party has chosen the bank.
func (r request) preselected() bool { return len(r.offered) == 1 }

// wantsFresh reports whether a login of so long ago would not do.
func (r request) wantsFresh(age time.Duration) bool {
	return r.Prompt == "login" || (r.MaxAge != nil && age > time.Duration(*r.MaxAge)*time.Second)
}

const nonceLeast = 22 // characters that hold 128 bits (OP README §7)

// openRequest verifies a request object. A refusal without a code means that not
// even the redirect URI can be believed. The token is for the record.
func (s *Sim) openRequest(ctx context.Context, raw string) (request, signedJWT, *refusal) {
	var req request
	token, refused := s.openJWT(ctx, raw)
	if refused != nil {
		return req, token, refused
	}
	if err := json.Unmarshal(token.payload, &req); err != nil {
		return req, token, refuse(ClaimsMalformed, "a claim of the request object has the wrong type")
	}
	client := s.registered().client
	if client.ID == "" || req.ClientID != client.ID {
		return req, token, refuse(ClientUnknown, "client_id is not registered")
	}
	if refused := s.checkRequestClaims(token.claims); refused != nil {
		return req, token, refused
	}
	if !slices.Contains(client.RedirectURIs, req.RedirectURI) {
		return req, token, refuse(RedirectUnknown, "redirect_uri is not registered")
	}
	if token.claims.ID != "" {
		if refused := s.spend(token.claims); refused != nil {
			return req, token, refused
		}
	}
	return req, token, s.checkParameters(&req, client)
}

// checkRequestClaims: OP wants iss only beside a jti and does not say what aud is, so
// that it is checked when given; Telia requires both.
func (s *Sim) checkRequestClaims(claims jwt.Claims) *refusal {
	e, telia := s.Endpoints(), s.config.Dialect == Telia
	if (telia || claims.ID != "" || claims.Issuer != "") && claims.Issuer != s.registered().client.ID {
		return refuse(IssuerWrong, "iss is not the client_id")
	}
	switch {
	case telia && !audienceIs(claims, e.Issuer):
		return refuse(AudienceWrong, "aud is not the issuer")
	case !telia && len(claims.Audience) > 0 && !audienceIs(claims, e.Issuer, e.Authorize):
		return refuse(AudienceWrong, "aud is neither the issuer nor the authorization endpoint")
	}
	return s.checkTimes(claims, false)
}

// checkParameters looks at what the person can be sent back for.
func (s *Sim) checkParameters(req *request, client Client) *refusal {
	const invalid = "invalid_request"
	switch {
	case req.ResponseType != "code":
		return refuse(ResponseTypeWrong, "response_type is not code").back(invalid)
	case req.Nonce != "" && len(req.Nonce) < nonceLeast:
		return refuse(NonceTooShort, "nonce is shorter than 128 bits").back(invalid)
	case req.MaxAge != nil && *req.MaxAge < 0:
		return refuse(MaxAgeWrong, "max_age is negative").back(invalid)
	}
	if s.config.Dialect == Telia {
		return s.checkTelia(req)
	}
	return s.checkOP(req, client)
}

func (s *Sim) checkOP(req *request, client Client) *refusal {
	const invalid = "invalid_request"
	if !req.has("openid") || !req.has("personal_identity_code") {
		return refuse(ScopeWrong, "scope lacks openid or personal_identity_code").back("invalid_scope")
	}
	for _, scope := range strings.Fields(req.Scope) {
		if !slices.Contains([]string{"openid", "personal_identity_code", "profile", "weak", "strong"}, scope) {
			return refuse(ScopeWrong, "scope holds an unknown value").back("invalid_scope")
		}
	}
	switch {
	case req.Prompt != "" && req.Prompt != "consent":
		return refuse(PromptWrong, "prompt is not consent").back(invalid)
	case len(client.ServiceNames) > 0 && req.ServiceName == "":
		return refuse(ServiceNameMissing, "ftn_spname is missing").back(invalid)
	case len(client.ServiceNames) > 0 && !slices.Contains(client.ServiceNames, req.ServiceName):
		return refuse(ServiceNameUnknown, "ftn_spname is not among the agreed names").back(invalid)
	}
	req.CodeChallenge = "" // OP does not know PKCE and ignores it
	req.offered = s.config.Banks
	if req.IdP == "" {
		return nil
	}
	for _, b := range s.config.Banks {
		if b.FTNIdpID() == req.IdP {
			req.offered = []Bank{b}
			return nil
		}
	}
	return refuse(MeansUnknown, "ftn_idp_id is unknown").back(invalid)
}

// levels are the levels of assurance that may be asked for.
var levels = []string{
	"http://ftn.ficora.fi/2017/loa2", "http://ftn.ficora.fi/2017/loa3",
	"http://ftn.ficora.fi/2017/loatest2", "http://ftn.ficora.fi/2017/loatest3",
}

func (s *Sim) checkTelia(req *request) *refusal {
	const invalid = "invalid_request"
	if !req.has("openid") {
		return refuse(ScopeWrong, "scope lacks openid").back("invalid_scope")
	}
	for _, scope := range strings.Fields(req.Scope) {
		if scope != "openid" && scope != "userinfo" {
			return refuse(ScopeWrong, "scope holds an unknown value").back("invalid_scope")
		}
	}
	switch {
	case req.Prompt != "" && req.Prompt != "login" && req.Prompt != "none":
		return refuse(PromptWrong, "prompt is neither login nor none").back(invalid)
	case (req.CodeChallenge == "") != (req.CodeChallengeMethod == ""):
		return refuse(ChallengeWrong, "code_challenge and code_challenge_method come together").back(invalid)
	case req.CodeChallenge != "" && (req.CodeChallengeMethod != "S256" || len(req.CodeChallenge) != 43):
		return refuse(ChallengeWrong, "code_challenge is not of the method S256").back(invalid)
	}
	return s.offerTelia(req)
}

// offerTelia reads acr_values: levels leave every bank on offer, method ids (short or
// as the URI that amr uses) leave only theirs.
func (s *Sim) offerTelia(req *request) *refusal {
	for _, value := range strings.Fields(req.ACRValues) {
		if slices.Contains(levels, value) {
			continue
		}
		i := slices.IndexFunc(s.config.Banks, func(b Bank) bool { return value == b.Method() || value == s.methodURI(b) })
		if i < 0 {
			return refuse(LevelUnknown, "acr_values holds an unknown level or method").back("invalid_request")
		}
		req.offered = append(req.offered, s.config.Banks[i])
	}
	if len(req.offered) == 0 {
		req.offered = s.config.Banks
	}
	return nil
}

// backTo is the address that the person is sent back to, with the parameters added
// to whatever query the redirect URI has of its own.
func (r request) backTo(params url.Values) string {
	if r.State != "" {
		params.Set("state", r.State)
	}
	u, err := url.Parse(r.RedirectURI)
	if err != nil {
		return r.RedirectURI // registered, hence checked when the client was
	}
	query := u.Query()
	for name, values := range params {
		query[name] = values
	}
	u.RawQuery = query.Encode()
	return u.String()
}
