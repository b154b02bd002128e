package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"avain/internal/testkit/robot"
)

// book is what was learned at one time: requests to spoil, and ids to put into them.
type book struct {
	requests map[string][]request // by where they were learned
	known    map[string]bool      // pages and forms that are there
	ids      []string

	person string // the record of somebody at the attacker's employer, who is invited
	letter string // the address that the invitation goes to
}

// of returns the requests that were learned from a source.
func (b *book) of(source string) []request { return b.requests[source] }

// add takes requests. Of pages and forms that differ in their values only, one is
// kept.
func (b *book) add(all ...request) {
	for _, r := range all {
		if r.from == "page" || r.from == "form" {
			key := fmt.Sprint(r.method, r.origin, r.path, slices.Sorted(maps.Keys(r.query)), slices.Sorted(maps.Keys(r.form)), len(r.cookies) > 0)
			if b.known[key] {
				continue
			}
			b.known[key] = true
		}
		b.requests[r.from] = append(b.requests[r.from], r)
	}
}

// scholar learns.
type scholar struct {
	target target
	http   *http.Client
	turn   uint64 // how often it was learned before: names what must be new
}

// learn visits everything afresh: logins have ended meanwhile, and sessions too.
func (s scholar) learn(ctx context.Context) (*book, error) {
	b := &book{requests: map[string][]request{}, known: map[string]bool{}, ids: append([]string{s.target.Employer}, s.target.Foreign...)}
	bound := func(lesson func(context.Context, *book) error) error {
		ctx, cancel := context.WithTimeout(ctx, learnTime)
		defer cancel()
		return lesson(ctx, b)
	}
	for _, lesson := range []struct {
		name  string
		learn func(ctx context.Context, b *book) error
	}{
		{"the own employer", s.ownRecord}, {"discovery", s.discovery}, {"OpenAPI", s.openAPI}, {"SCIM", s.scim}, {"pages", s.pages},
	} {
		if err := bound(lesson.learn); err != nil {
			return nil, fmt.Errorf("learn from %s: %w", lesson.name, err)
		}
	}
	return b, nil
}

// get reads a JSON document.
func (s scholar) get(ctx context.Context, address string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	return s.do(r, http.StatusOK, into)
}

var errTooMany = errors.New("asked too often")

// do sends a request that must be answered with the status and JSON.
func (s scholar) do(r *http.Request, status int, into any) error {
	answer, err := s.http.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxBody))
	if err != nil {
		return err
	}
	if answer.StatusCode == http.StatusTooManyRequests {
		return fmt.Errorf("%s: %w", r.URL, errTooMany)
	}
	if answer.StatusCode != status {
		return fmt.Errorf("%s %s: %d: %s", r.Method, r.URL, answer.StatusCode, text)
	}
	return json.Unmarshal(text, into)
}

// discovery learns the endpoints of the metadata, with the attacker's own login for
// each of them.
func (s scholar) discovery(ctx context.Context, b *book) error {
	var metadata map[string]any
	if err := s.get(ctx, s.target.Service+"/.well-known/openid-configuration", &metadata); err != nil {
		return err
	}
	v, err := newVisitor(s.target.Service, s.target.App)
	if err != nil {
		return err
	}
	defer v.close()
	l, err := v.app.Start(ctx, url.Values{"login_method": {"link"}})
	if err != nil {
		return err
	}
	tokens, err := v.logIn(ctx, s.target.Person)
	if err != nil {
		return err
	}
	b.ids = append(b.ids, l.AuthSession, l.RequestURI)
	for name, address := range metadata {
		text, _ := address.(string)
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || s.target.Service != u.Scheme+"://"+u.Host {
			continue
		}
		for _, parameters := range endpointParameters(name, v.app, l, tokens) {
			r := request{from: "discovery", origin: s.target.Service, path: u.EscapedPath(), method: parameters.method, app: v.app, token: parameters.token}
			if r.method == http.MethodGet {
				r.query = parameters.values
			} else {
				r.form = parameters.values
			}
			b.add(r)
		}
	}
	return nil
}

// parameters are what an endpoint takes.
type parameters struct {
	method string
	values url.Values
	token  string
}

// endpointParameters knows what the specifications and docs/protocol.md say that the
// endpoints take; the metadata only tells where they are. An endpoint that is not
// known here gets everything.
func endpointParameters(name string, app *robot.App, l robot.Login, t robot.Tokens) []parameters {
	client := url.Values{"client_id": {app.ClientID}}
	with := func(pairs ...string) url.Values {
		out := cloneValues(client)
		for i := 0; i < len(pairs); i += 2 {
			out.Set(pairs[i], pairs[i+1])
		}
		return out
	}
	challenge := "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	begin := with("response_type", "code", "redirect_uri", app.RedirectURI, "scope", app.Scope, "state", "s", "nonce", "n",
		"code_challenge", challenge, "code_challenge_method", "S256", "login_method", "link", "device_name", "Phone", "device_model", "M1",
		"device_platform", "android", "app_version", "1.16.0", "ui_locales", "sv", "acr_values", "loa2", "max_age", "60", "prompt", "login",
		"dpop_jkt", challenge, "resource", app.Issuer, "claims", "{}", "browser", "chrome")
	post := func(v url.Values) parameters { return parameters{method: http.MethodPost, values: v} }
	get := func(v url.Values) parameters { return parameters{method: http.MethodGet, values: v} }
	switch name {
	case "issuer", "service_documentation", "op_policy_uri", "op_tos_uri":
		return nil
	case "jwks_uri":
		return []parameters{get(url.Values{})}
	case "pushed_authorization_request_endpoint":
		return []parameters{post(begin)}
	case "authorization_endpoint":
		return []parameters{get(with("request_uri", l.RequestURI)), get(begin), post(begin)}
	case "token_endpoint":
		return []parameters{
			post(with("grant_type", "authorization_code", "code", "c", "redirect_uri", app.RedirectURI, "code_verifier", l.Verifier)),
			post(with("grant_type", "refresh_token", "refresh_token", t.RefreshToken, "scope", "openid")),
		}
	case "userinfo_endpoint":
		return []parameters{
			{method: http.MethodGet, values: url.Values{}, token: t.AccessToken},
			{method: http.MethodPost, values: url.Values{"access_token": {t.AccessToken}}},
		}
	case "revocation_endpoint", "introspection_endpoint":
		return []parameters{post(with("token", t.RefreshToken, "token_type_hint", "refresh_token"))}
	case "end_session_endpoint":
		out := with("id_token_hint", t.IDToken, "post_logout_redirect_uri", app.RedirectURI, "state", "s", "logout_hint", "x", "ui_locales", "en")
		return []parameters{get(out), post(out)}
	default:
		return []parameters{
			post(with("auth_session", l.AuthSession, "tx_code", "123456")), post(with("auth_session", l.AuthSession)),
			post(with("qr", "AVAIN1:x.1.y", "code_challenge", challenge, "code_challenge_method", "S256", "scope", "openid", "device_name", "x", "app_version", "1.16.0")),
			post(with("typed_code", "01234-56789", "code_challenge", challenge, "code_challenge_method", "S256", "scope", "openid", "app_version", "1.16.0")),
			post(with("username", "kalle", "password", "not the right one")), post(with("code", "x", "error", "unexpected")), get(begin),
		}
	}
}

// learnTime bounds one lesson, on the busiest machine.
const learnTime = 5 * time.Minute
