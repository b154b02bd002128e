package config_test

import (
	"fmt"
	"strings"
	"testing"

	"avain/internal/config"
	"avain/internal/domain/login"
)

// TestThreat14RedirectURIs registers addresses that must never be registered.
func TestThreat14RedirectURIs(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	for _, tc := range []struct {
		profile, uri string
		fine         bool
	}{
		{"strict", "https://app.example.com/return", true},
		{"strict", "https://app.example.com", true},
		{"strict", "https://app.example.com:8443/return?x=1", true},
		{"strict", "http://127.0.0.1/return", true},
		{"strict", "http://[::1]:5000/return", true},
		{"strict", "http://localhost:8081/", true},
		{"compatible", "com.example.app:/return", true},
		{"compatible", "com.example.app://return/x", true},
		{"strict", "com.example.app:/return", false},
		{"compatible", "javascript:alert(1)", false},
		{"compatible", "data:text/html,x", false},
		{"compatible", "app:/return", false},
		{"compatible", "file:///etc/passwd", false},
		{"strict", "http://app.example.com/return", false},
		{"strict", "http://127.0.0.1.example.com/return", false},
		{"strict", "http://localhost.example.com/", false},
		{"strict", "https:///return", false},
		{"strict", "https:app.example.com", false},
		{"strict", "//app.example.com/return", false},
		{"strict", "/return", false},
		{"strict", "https://user@app.example.com/", false},
		{"strict", "https://app.example.com@evil.example/", false},
		{"strict", "https://app.example.com/#", false},
		{"strict", "https://app.example.com/a/../b", false},
		{"strict", "https://app.example.com/%2e%2e/b", false},
		{"strict", "https://app.example.com/*", false},
		{"strict", `https://app.example.com\return`, false},
		{"strict", "https://app.example.com/ return", false},
		{"strict", "https://app.exämple.com/", false},
		{"strict", "", false},
	} {
		text := strings.Replace(minimal, "redirect_uris: [http://localhost:8081/]",
			fmt.Sprintf("profile: %s\n    redirect_uris: ['%s']\n    post_logout_redirect_uris: ['%s']", tc.profile, tc.uri, tc.uri), 1)
		_, err := load(t, dir, text)
		if tc.fine != (err == nil) {
			t.Errorf("%s %q: %v", tc.profile, tc.uri, err)
		}
		if !tc.fine && err != nil && strings.Count(err.Error(), "_uris[0]: ") != 2 {
			t.Errorf("%q: want it refused at both places, got:\n%v", tc.uri, err)
		}
	}
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	for origin, fine := range map[string]bool{
		"https://app.example.com": true, "https://app.example.com:8443": true, "http://localhost:8081": true,
		"https://app.example.com/": false, "https://App.example.com": false, "http://app.example.com": false,
		"https://*.example.com": false, "*": false, "null": false, "https://app.example.com:443": false,
		"https://u@app.example.com": false, "app.example.com": false,
	} {
		_, err := load(t, dir, strings.Replace(minimal, "redirect_uris:", "origins: ['"+origin+"']\n    redirect_uris:", 1))
		if fine != (err == nil) {
			t.Errorf("origin %q: %v", origin, err)
		}
	}
}

func TestClientKeys(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	keys := must[[2][]byte](t)(rsaKeys())
	write(t, dir, "public.json", publicJWKS(t, keys[0]))
	write(t, dir, "empty.json", []byte(`{"keys":[]}`))
	write(t, dir, "garbage.json", []byte(`keys`))
	write(t, dir, "oct.json", []byte(`{"keys":[{"kty":"oct","k":"AAAA"}]}`))
	write(t, dir, "enc.json", []byte(strings.Replace(string(publicJWKS(t, keys[0])), `"sig"`, `"enc"`, 1)))
	for file, want := range map[string]string{
		"public.json": "", "empty.json": "holds no key", "garbage.json": "is not a JSON Web Key Set",
		"oct.json": "private or symmetric", "enc.json": "is for encryption", "missing.json": "there is no such file",
	} {
		_, err := load(t, dir, strings.Replace(minimal, "redirect_uris:", "auth: private_key_jwt\n    jwks_file: "+file+"\n    redirect_uris:", 1))
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", file, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), "clients[0].jwks_file: ") || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: want %q, got %v", file, want, err)
		}
	}
}

func TestClientSecrets(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	write(t, dir, "short", []byte("hunter2"))
	write(t, dir, "long", []byte(strings.Repeat("x", 40)))
	for add, want := range map[string]string{
		"profile: compatible\n    auth: client_secret_basic\n    secret_file: long":                       "",
		"profile: compatible\n    auth: client_secret_basic\n    secret_env: LONG":                        "",
		"profile: compatible\n    auth: client_secret_basic\n    secret_file: short":                      "is too short to be safe: at least 32 characters; make one with: openssl rand -hex 32",
		"profile: compatible\n    auth: client_secret_basic\n    secret_file: long\n    secret_env: LONG": "name either a file or a variable",
		"profile: strict\n    auth: client_secret_basic\n    secret_file: long":                           "too weak for profile strict",
		"secret_file: long": "is for auth: client_secret_basic; remove it",
		"jwks_file: long":   "is for auth: private_key_jwt; remove it",
		"profile: compatible\n    auth: client_secret_post\n    secret_file: long": "clients[0].auth: write client_secret_basic: an app that has a secret may send it in the form too",
		"auth: password": "clients[0].auth: must be none, private_key_jwt or client_secret_basic",
	} {
		_, err := load(t, dir, strings.Replace(minimal, "redirect_uris:", add+"\n    redirect_uris:", 1), "LONG="+strings.Repeat("y", 40))
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", add, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: want %q, got %v", add, want, err)
		}
	}
}

// The service's own pages are a client that nobody else may be, and the link that
// carries a QR code to the app is held to the rules of redirects.
func TestReservedClientAndOpenLink(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	for text, want := range map[string]string{
		"open_link: 'https://app.example.com/open'":    "",
		"open_link: 'javascript:alert(1)'":             "open_link",
		"open_link: 'http://app.example.com/open'":     "open_link",
		"open_link: 'https://app.example.com/open#x'":  "open_link",
		"open_link: 'com.example.app:/open'":           "open_link",
		"profile: compatible\n    open_link: 'a.b:/x'": "",
	} {
		_, err := load(t, dir, strings.Replace(minimal, "redirect_uris:", text+"\n    redirect_uris:", 1))
		if (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, id := range []string{"avain-web", "Avain-Web"} {
		if _, err := load(t, dir, strings.Replace(minimal, "id: ", "id: "+id+" # ", 1)); err == nil || !strings.Contains(err.Error(), "own pages") {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// Who says nothing gets the algorithm that its libraries expect; what an installation
// has said for all apps goes on being so.
func TestTokenAlgorithms(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	for name, tc := range map[string]struct {
		client, tokens string
		want           string // of the client, or the mistake
	}{
		"strict":                   {"", "", "ES256"},
		"compatible":               {"profile: compatible", "", "RS256"},
		"strict, its own":          {"id_token_signed_response_alg: PS256", "", "PS256"},
		"compatible, its own":      {"profile: compatible\n    id_token_signed_response_alg: ES256", "", "ES256"},
		"for all, strict":          {"", "EdDSA", "EdDSA"},
		"for all, compatible":      {"profile: compatible", "PS256", "PS256"},
		"for all, but its own":     {"profile: compatible\n    id_token_signed_response_alg: RS256", "ES256", "RS256"},
		"strict with RS256":        {"id_token_signed_response_alg: RS256", "", "clients[0].id_token_signed_response_alg: RS256 is not for profile strict (FAPI 2.0 §5.4.1)"},
		"unknown":                  {"id_token_signed_response_alg: HS256", "", "clients[0].id_token_signed_response_alg: must be RS256, ES256, PS256 or EdDSA"},
		"none":                     {"profile: compatible\n    id_token_signed_response_alg: none", "", "clients[0].id_token_signed_response_alg: must be"},
		"RS256 for all":            {"", "RS256", "tokens.alg: RS256 is not for every app; leave this out"},
		"unknown for all":          {"", "none", "tokens.alg: must be ES256, PS256 or EdDSA"},
		"small letters are a slip": {"id_token_signed_response_alg: es256", "", "clients[0].id_token_signed_response_alg: must be"},
	} {
		text := minimal
		if tc.client != "" {
			text = strings.Replace(text, "redirect_uris:", tc.client+"\n    redirect_uris:", 1)
		}
		if tc.tokens != "" {
			text += "\ntokens: {alg: " + tc.tokens + "}\n"
		}
		c, err := load(t, dir, text)
		if err != nil {
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if got := c.LoginClients()[0].Alg; got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
		if algs := c.TokenAlgs(); len(algs) != 1 || algs[0] != tc.want {
			t.Errorf("%s: in use are %v", name, algs)
		}
	}
}

// A client that people cannot log in to gets no tokens: no key is made for it.
func TestAlgorithmsInUse(t *testing.T) {
	t.Parallel()
	c := config.Config{Clients: []config.Client{
		{ID: "app", Profile: login.ProfileStrict, RedirectURIs: []string{"https://app.example/"}},
		{ID: "resource", Profile: login.ProfileCompatible, Introspection: true},
	}}
	if algs := c.TokenAlgs(); len(algs) != 1 || algs[0] != "ES256" {
		t.Errorf("%v", algs)
	}
	c.Clients[1].RedirectURIs = []string{"https://resource.example/callback"}
	if algs := c.TokenAlgs(); len(algs) != 2 || algs[1] != "RS256" {
		t.Errorf("%v", algs)
	}
}

func TestAudiences(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	for uri, fine := range map[string]bool{
		"https://api.example.com/": true, "https://api.example.com": true, "urn:example:api": true, "https://api.example.com/v1?x=1": true,
		"api.example.com": false, "/api": false, "https://api.example.com/#x": false, "": false, "https:": false, "https://a b/": false,
		"https://api.example.com/" + strings.Repeat("x", 500): false,
	} {
		_, err := load(t, dir, strings.Replace(minimal, "redirect_uris:", "audiences: ['"+uri+"']\n    redirect_uris:", 1))
		if fine != (err == nil) || err != nil && !strings.Contains(err.Error(), "clients[0].audiences[0]: must be an absolute URI") {
			t.Errorf("%q: %v", uri, err)
		}
	}
}

// Where clients are told of the ends of their sessions: what may be written there is what
// webhooks may go to (threat 57).
func TestThreat57BackchannelLogoutURIs(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	at := func(settings string) (config.Config, error) {
		return load(t, dir, strings.Replace(minimal, "redirect_uris:", settings+"\n    redirect_uris:", 1))
	}
	for uri, fine := range map[string]bool{
		"https://app.example.com/logout?x=1": true, "https://10.0.0.7/logout": true, "http://localhost:8081/logout": true,
		"http://app.example.com/logout": false, "http://10.0.0.7/logout": false, "https://169.254.169.254/latest": false, "https://[fd00:ec2::254]/": false,
		"https://app.example.com/#x": false, "https://u:p@app.example.com/": false, "/logout": false, "com.example.app:/logout": false,
	} {
		c, err := at("backchannel_logout_uri: '" + uri + "'\n    backchannel_logout_session_required: true")
		if fine != (err == nil) || !fine && !strings.Contains(err.Error(), "clients[0].backchannel_logout_uri: ") {
			t.Errorf("%s: %v", uri, err)
		}
		if fine && c.LoginClients()[0].BackchannelLogoutURI != uri {
			t.Errorf("%s did not arrive", uri)
		}
	}
	if _, err := at("backchannel_logout_session_required: true"); err == nil || !strings.Contains(err.Error(), "backchannel_logout_session_required: needs backchannel_logout_uri") {
		t.Errorf("sid without an address: %v", err)
	}
	_, err := load(t, dir, strings.Replace(minimal, "redirect_uris: [http://localhost:8081/]",
		"profile: compatible\n    auth: client_secret_basic\n    secret_env: NONE\n    introspection: true\n    backchannel_logout_uri: https://api.example.com/", 1))
	if err == nil || !strings.Contains(err.Error(), "backchannel_logout_uri: is for apps that people log in to") {
		t.Errorf("an app that nobody logs in to: %v", err)
	}
}
