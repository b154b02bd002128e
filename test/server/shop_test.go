package server_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"avain/internal/config"
	"avain/internal/domain/login"
	"avain/internal/secret"
	"avain/internal/testkit/robot"
)

// shopSecret has what form encoding changes: a secret in base64, as many tools make them.
const shopSecret = "q9+Zk/0fVvC3l+8sTn4/dQ2m1xkY7hB6pW+E0aRu5JM="

// shop is a confidential client of the compatible profile, as another company's web
// shop is one: its server sends the plainest requests that standard libraries send.
type shop struct {
	*rig
	id string
}

// withShop adds the shop to an installation.
func withShop(change func(*config.Client)) func(*config.Config) {
	return func(c *config.Config) {
		shop := config.Client{
			ID: "shop", Name: "Shop", Profile: login.ProfileCompatible, Auth: login.AuthSecretBasic, Secret: secret.Of(shopSecret),
			RedirectURIs: []string{"https://shop.example/callback"}, PostLogoutRedirectURIs: []string{"https://shop.example/bye"},
			Scopes: []string{"openid", "profile", "offline_access"},
		}
		if change != nil {
			change(&shop)
		}
		c.Clients = append(c.Clients, shop)
	}
}

func newShop(t *testing.T, change func(*config.Client)) *shop {
	t.Helper()
	return &shop{newRig(t, withShop(change)), "shop"}
}

// ask is the authorization request, with what the test wants changed; an empty value
// removes a parameter.
func (s *shop) ask(extra url.Values) string {
	q := url.Values{
		"client_id": {s.id}, "response_type": {"code"}, "redirect_uri": {"https://shop.example/callback"},
		"scope": {"openid profile"}, "state": {"a-state"}, "nonce": {"a-nonce"},
	}
	for name, values := range extra {
		q[name] = values
		if len(values) == 0 || values[0] == "" {
			delete(q, name)
		}
	}
	return s.Service + "/authorize?" + q.Encode()
}

// visit sends a person's browser through a login and returns what the shop gets back.
func (s *shop) visit(extra url.Values) url.Values {
	s.Helper()
	browser := robot.NewBrowser(s.browser.HTTP.Transport, "https://shop.example/")
	page, err := browser.Open(s.Context(), s.ask(extra))
	if err != nil {
		s.Fatal(err)
	}
	for _, button := range bank {
		if page.App != "" {
			break
		}
		if page, err = browser.Press(s.Context(), page, button, nil); err != nil {
			s.Fatal(err)
		}
	}
	back, err := url.Parse(page.App)
	if err != nil || page.App == "" {
		s.Fatalf("the browser did not come back: %d\n%s", page.Status, page.Body)
	}
	return back.Query()
}

// inForm authenticates the shop in the form (client_secret_post).
func (s *shop) inForm() url.Values {
	return url.Values{"client_id": {s.id}, "client_secret": {shopSecret}}
}

// redeem exchanges a code.
func (s *shop) redeem(code string, extra url.Values) robot.Tokens {
	s.Helper()
	return s.mustGrant(url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {"https://shop.example/callback"},
	}, extra)
}

func (s *shop) refresh(token string, extra url.Values) robot.Tokens {
	s.Helper()
	return s.mustGrant(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}, extra)
}

func (s *shop) mustGrant(forms ...url.Values) robot.Tokens {
	s.Helper()
	form := s.inForm()
	for _, more := range forms {
		maps.Copy(form, more)
	}
	status, body, _ := s.post("/token", form)
	var tokens robot.Tokens
	if err := json.Unmarshal([]byte(body), &tokens); err != nil || status != http.StatusOK {
		s.Fatalf("%d %s", status, body)
	}
	return tokens
}

// userinfo reads the claims of a bearer token.
func (s *shop) userinfo(accessToken string) (int, map[string]any) {
	s.Helper()
	status, body, _ := s.send(http.MethodGet, "/userinfo", nil, http.Header{"Authorization": {"Bearer " + accessToken}})
	claims := map[string]any{}
	if err := json.Unmarshal([]byte(body), &claims); err != nil {
		s.Fatalf("%d %s", status, body)
	}
	return status, claims
}

// A client with a secret sends it as its library does, at every endpoint that asks for
// it: in the form (passport, openid-client), raw in the header (curl, Authlib) or
// form-encoded there (RFC 6749 §2.3.1).
func TestSecretInHeaderOrForm(t *testing.T) {
	t.Parallel()
	s := newShop(t, func(c *config.Client) { c.Introspection = true })
	token := s.redeem(s.visit(nil).Get("code"), nil).AccessToken
	basic := func(id, secret string) http.Header {
		r := &http.Request{Header: http.Header{}}
		r.SetBasicAuth(id, secret)
		return r.Header
	}
	for _, way := range []struct {
		name   string
		form   url.Values
		header http.Header
		right  bool
	}{
		{"in the form", s.inForm(), nil, true},
		{"raw", nil, basic("shop", shopSecret), true},
		{"encoded", nil, basic("shop", url.QueryEscape(shopSecret)), true},
		{"wrong in the form", url.Values{"client_id": {"shop"}, "client_secret": {"wrong"}}, nil, false},
		{"wrong in the header", nil, basic("shop", "wrong"), false},
		{"in both", s.inForm(), basic("shop", shopSecret), false},
		{"in neither", url.Values{"client_id": {"shop"}}, nil, false},
	} {
		for _, path := range []string{"/introspect", "/par", "/token", "/revoke"} {
			form := url.Values{
				"token": {token}, "response_type": {"code"}, "redirect_uri": {"https://shop.example/callback"}, "scope": {"openid"},
				"grant_type": {"authorization_code"}, "code": {"a code that is none"},
			}
			maps.Copy(form, way.form)
			status, body, _ := s.send(http.MethodPost, path, form, way.header)
			var answer struct {
				Error string `json:"error"`
			}
			if body != "" {
				if err := json.Unmarshal([]byte(body), &answer); err != nil {
					t.Fatal(body)
				}
			}
			refused := answer.Error == "invalid_client" || answer.Error == "invalid_request"
			if way.right == refused || status >= http.StatusInternalServerError {
				t.Errorf("%s, %s: %d %s", way.name, path, status, body)
			}
		}
	}
	if log := s.log.String(); log == "" || containsSecret(log) {
		t.Error("the secret is in the log")
	}
	var discovery struct {
		Token         []string `json:"token_endpoint_auth_methods_supported"`
		Revocation    []string `json:"revocation_endpoint_auth_methods_supported"`
		Introspection []string `json:"introspection_endpoint_auth_methods_supported"`
	}
	_, body, _ := s.send(http.MethodGet, "/.well-known/openid-configuration", nil, nil)
	if err := json.Unmarshal([]byte(body), &discovery); err != nil {
		t.Fatal(err)
	}
	for name, methods := range map[string][]string{
		"token": discovery.Token, "revocation": discovery.Revocation, "introspection": discovery.Introspection,
	} {
		if !hasAll(methods, "client_secret_basic", "client_secret_post", "private_key_jwt") {
			t.Errorf("%s: %v", name, methods)
		}
	}
}

func containsSecret(text string) bool {
	return strings.Contains(text, shopSecret) || strings.Contains(text, url.QueryEscape(shopSecret))
}

func hasAll(all []string, wanted ...string) bool {
	return !slices.ContainsFunc(wanted, func(w string) bool { return !slices.Contains(all, w) })
}
