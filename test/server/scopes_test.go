package server_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"avain/internal/config"
	"avain/internal/testkit/robot"
)

// withEmail lets the shop have e-mail addresses.
func withEmail(c *config.Client) { c.Scopes = append(c.Scopes, "email") }

// Clients ask for what other providers have. What is not for them is left out, and the
// answer says what they have got: oauth2-proxy and mod_auth_openidc go on like that.
func TestUnknownScopesAreLeftOut(t *testing.T) {
	t.Parallel()
	s := newShop(t, nil)
	const asked = "openid email profile groups offline_access"
	tokens := s.redeem(s.visit(url.Values{"scope": {asked}}).Get("code"), nil)
	if tokens.Scope != "openid profile offline_access" {
		t.Errorf("granted %q", tokens.Scope)
	}
	if _, claims := s.userinfo(tokens.AccessToken); claims["email"] != nil || claims["email_verified"] != nil || claims["name"] == nil {
		t.Errorf("userinfo %v", claims)
	}
	// Some libraries repeat at the refresh what they asked for at the login.
	again := s.refresh(tokens.RefreshToken, url.Values{"scope": {asked}})
	if again.Scope != "openid profile offline_access" {
		t.Errorf("refreshed %q", again.Scope)
	}
	if narrow := s.refresh(again.RefreshToken, url.Values{"scope": {"openid"}}); narrow.Scope != "openid" {
		t.Errorf("narrowed to %q", narrow.Scope)
	}

	less := s.redeem(s.visit(url.Values{"scope": {"openid offline_access"}}).Get("code"), nil)
	for scope, what := range map[string]string{"openid profile": "more than was granted", "email groups": "nothing that was granted"} {
		form := s.inForm()
		form.Set("grant_type", "refresh_token")
		form.Set("refresh_token", less.RefreshToken)
		form.Set("scope", scope)
		var answer struct {
			Error string `json:"error"`
		}
		status, body, _ := s.post("/token", form)
		if err := json.Unmarshal([]byte(body), &answer); err != nil || status != http.StatusBadRequest || answer.Error != "invalid_scope" {
			t.Errorf("%s: %d %s", what, status, body)
		}
	}

	l, err := s.app.Start(t.Context(), url.Values{"scope": {"openid profile email groups"}})
	if err != nil {
		t.Fatal(err)
	}
	page := s.press(s.open(l), bank...)
	own, err := s.app.Finish(t.Context(), l, page.App)
	if err != nil || own.Scope != "openid profile" {
		t.Errorf("strict: %q, %v", own.Scope, err)
	}
}

// mailed is what userinfo says of a person's address to a shop that may know it.
func (s *shop) mailed(user string) (email, verified any) {
	s.Helper()
	s.browser = robot.NewBrowser(s.browser.HTTP.Transport, s.App)
	browser := robot.NewBrowser(s.browser.HTTP.Transport, "https://shop.example/")
	page, err := browser.Open(s.Context(), s.ask(url.Values{"scope": {"openid email"}}))
	for _, button := range []string{"kuikka", user, "Vahvista"} {
		if err != nil {
			s.Fatal(err)
		}
		page, err = browser.Press(s.Context(), page, button, nil)
	}
	if err != nil || page.App == "" {
		s.Fatalf("%v: %s", err, page.Body)
	}
	back, err := url.Parse(page.App)
	if err != nil {
		s.Fatal(err)
	}
	tokens := s.redeem(back.Query().Get("code"), nil)
	if tokens.Scope != "openid email" {
		s.Errorf("granted %q", tokens.Scope)
	}
	_, claims := s.userinfo(tokens.AccessToken)
	return claims["email"], claims["email_verified"]
}

func (s *shop) mustMail(what, user string, email, verified any) {
	s.Helper()
	if gotEmail, gotVerified := s.mailed(user); gotEmail != email || gotVerified != verified {
		s.Errorf("%s: %v, verified %v; want %v, %v", what, gotEmail, gotVerified, email, verified)
	}
}

// An address is verified when the person activated through a link that was mailed to it.
// Whatever else an employer writes is the employer's word, however true it looks.
func TestEmailIsVerifiedByItsLink(t *testing.T) {
	t.Parallel()
	s := newShop(t, withEmail)
	own, _ := s.invite(s.employer("Merituuli Oy"), "vieno@example.com")
	_, link := s.letter("vieno@example.com", 1)
	s.activate(link, "vieno")
	s.mustMail("activated through the letter", "vieno", "vieno@example.com", true)

	// Somebody else's address, written after the activation.
	own.Email = "victim@example.com"
	if err := s.Inside.Store.Employments.ChangeEmployment(t.Context(), own, s.clock.now()); err != nil {
		t.Fatal(err)
	}
	s.mustMail("a foreign address", "vieno", "victim@example.com", false)

	// A second employer proves another: that one is told.
	_, _ = s.invite(s.employer("Kahvila Oy"), "vieno.k@example.com")
	_, link = s.letter("vieno.k@example.com", 1)
	s.activate(link, "vieno")
	s.mustMail("with two employers, the proved one", "vieno", "vieno.k@example.com", true)

	// Written before: the letter went to the thief, the address is the victim's by the
	// time the thief activates, if the link still works then at all.
	m, _ := s.invite(s.employer("Petos Oy"), "thief@example.com")
	_, link = s.letter("thief@example.com", 1)
	m.Email = "victim@example.com"
	if err := s.Inside.Store.Employments.ChangeEmployment(t.Context(), m, s.clock.now()); err != nil {
		t.Fatal(err)
	}
	s.browser = robot.NewBrowser(s.browser.HTTP.Transport, s.App)
	var email, verified any
	if strings.Contains(s.at(link).Body, "Aktivoi edut") {
		s.activate(link, "aino")
		email, verified = "victim@example.com", false
	}
	s.mustMail("mailed to the thief", "aino", email, verified)

	var discovery struct {
		Scopes []string `json:"scopes_supported"`
		Claims []string `json:"claims_supported"`
	}
	_, body, _ := s.send(http.MethodGet, "/.well-known/openid-configuration", nil, nil)
	if err := json.Unmarshal([]byte(body), &discovery); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(discovery.Scopes, "email") || !hasAll(discovery.Claims, "email", "email_verified") {
		t.Errorf("%+v", discovery)
	}
}

// People whom the operator has added have no address that anybody proved.
func TestEmailOfAnOperatorsWord(t *testing.T) {
	t.Parallel()
	s := newShop(t, withEmail)
	s.mustMail("added by the operator", "eero", "eero@example.com", false)
	s.mustMail("without an address", "noor", nil, nil)
}
