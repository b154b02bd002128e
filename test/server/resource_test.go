package server_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"avain/internal/config"
)

const (
	shopAPI  = "https://api.shop.example/"
	shopMail = "https://mail.shop.example/v1"
)

func withAudiences(c *config.Client) {
	c.Audiences, c.Introspection = []string{shopAPI, shopMail}, true
}

// audience is whom an access token is for, as its resource reads it.
func (s *shop) audience(token string) string {
	s.Helper()
	parts := strings.Split(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		s.Fatal(err)
	}
	var claims struct {
		Audience string `json:"aud"`
	}
	if err := json.Unmarshal(raw, &claims); err != nil {
		s.Fatal(err)
	}
	return claims.Audience
}

// mustBeFor checks whom a token is for; what is for others opens nothing here.
func (s *shop) mustBeFor(what, token, audience string) {
	s.Helper()
	want := http.StatusUnauthorized
	if audience == s.Service {
		want = http.StatusOK
	}
	if got := s.audience(token); got != audience {
		s.Errorf("%s: for %q, want %q", what, got, audience)
	}
	if status, claims := s.userinfo(token); status != want {
		s.Errorf("%s: userinfo says %d %v", what, status, claims)
	}
	form := s.inForm()
	form.Set("token", token)
	_, body, _ := s.post("/introspect", form)
	if !strings.Contains(body, `"active":true`) || !strings.Contains(body, `"aud":"`+audience+`"`) {
		s.Errorf("%s: introspection says %s", what, body)
	}
}

// mustRefuse sends a token request that must end with the error, and leave what it
// brought as good as it was.
func (s *shop) mustRefuse(what, code string, form url.Values) {
	s.Helper()
	all := s.inForm()
	maps.Copy(all, form)
	var answer struct {
		Error string `json:"error"`
	}
	status, body, _ := s.post("/token", all)
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != http.StatusBadRequest || answer.Error != code {
		s.Errorf("%s: %d %s, want %s", what, status, body, code)
	}
}

// A token for a resource is for that alone (RFC 8707), and a client has resources of its
// own only.
func TestResource(t *testing.T) {
	t.Parallel()
	s := newShop(t, withAudiences)
	scope := url.Values{"scope": {"openid offline_access"}}
	code := func(resource string) string {
		t.Helper()
		ask := url.Values{"scope": scope["scope"], "resource": {resource}}
		return s.visit(ask).Get("code")
	}

	plain := s.redeem(code(""), nil)
	s.mustBeFor("without", plain.AccessToken, s.Service)
	s.mustRefuse("a foreign one at the refresh", "invalid_target", url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {plain.RefreshToken}, "resource": {"https://api.example/"},
	})
	chosen := s.refresh(plain.RefreshToken, url.Values{"resource": {shopMail}})
	s.mustBeFor("chosen at the refresh", chosen.AccessToken, shopMail)
	s.mustBeFor("and not the next time", s.refresh(chosen.RefreshToken, nil).AccessToken, s.Service)

	bound := s.redeem(code(shopAPI), nil)
	s.mustBeFor("named at the login", bound.AccessToken, shopAPI)
	again := s.refresh(bound.RefreshToken, nil)
	s.mustBeFor("and at each refresh", again.AccessToken, shopAPI)
	s.mustRefuse("another one of the client's", "invalid_target", url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {again.RefreshToken}, "resource": {shopMail},
	})

	at := code("")
	redeem := url.Values{"grant_type": {"authorization_code"}, "code": {at}, "redirect_uri": {"https://shop.example/callback"}}
	for what, resources := range map[string][]string{
		"a foreign one": {"https://api.example/"}, "ours": {s.Service}, "nearly": {strings.TrimSuffix(shopAPI, "/")}, "two": {shopAPI, shopMail},
	} {
		redeem["resource"] = resources
		s.mustRefuse(what+" with the code", "invalid_target", redeem)
	}
	s.mustBeFor("chosen with the code", s.redeem(at, url.Values{"resource": {shopAPI}}).AccessToken, shopAPI)

	for what, resource := range map[string]string{"foreign": "https://api.example/", "malformed": "x y#z"} {
		if back := s.visit(url.Values{"resource": {resource}}); back.Get("error") != "invalid_target" || back.Get("code") != "" {
			t.Errorf("%s at the login: %v", what, back)
		}
	}
}

// A client with no resources of its own gets no token for any.
func TestResourceOfNobody(t *testing.T) {
	t.Parallel()
	s := newShop(t, nil)
	if back := s.visit(url.Values{"resource": {shopAPI}}); back.Get("error") != "invalid_target" {
		t.Errorf("%v", back)
	}
	if back := s.visit(url.Values{"claims": {`{"userinfo":{"email":{"essential":true}}}`}}); back.Get("error") != "invalid_request" || back.Get("state") != "a-state" {
		t.Errorf("claims: %v", back)
	}
}
