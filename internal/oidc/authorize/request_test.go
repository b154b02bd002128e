package authorize

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/protocol/oauth"
)

const challengeOfTest = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" // RFC 7636, appendix B

var app = login.Client{
	ID: "app", Profile: login.ProfileStrict, Auth: login.AuthNone,
	RedirectURIs: []string{"https://app.example/return"}, Scopes: []string{"openid", "profile", "offline_access"},
	Audiences: []string{"https://api.example/"},
}

func params(t testing.TB, values url.Values) oauth.Params {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/par", strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	p, err := oauth.FormParams(r)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func honest() url.Values {
	return url.Values{
		"client_id": {"app"}, "response_type": {"code"}, "redirect_uri": {"https://app.example/return"}, "scope": {"openid profile"},
		"state": {"s"}, "nonce": {"n"}, "code_challenge": {challengeOfTest}, "code_challenge_method": {"S256"},
	}
}

func TestRequestNamesTheWrongParameter(t *testing.T) {
	t.Parallel()
	confidential := app
	confidential.Auth, confidential.Profile = login.AuthSecretBasic, login.ProfileCompatible
	for _, c := range []struct {
		name   string
		client login.Client
		set    url.Values // replaces; empty value removes
		param  string     // that the error names; empty: accepted
		code   string
	}{
		{"honest", app, nil, "", ""},
		{"without state and nonce", app, url.Values{"state": {""}, "nonce": {""}}, "", ""},
		{"no response_type", app, url.Values{"response_type": {""}}, "response_type", ""},
		{"implicit", app, url.Values{"response_type": {"id_token token"}}, "response_type", oauth.UnsupportedResponseType},
		{"fragment", app, url.Values{"response_mode": {"fragment"}}, "response_mode", ""},
		{"query", app, url.Values{"response_mode": {"query"}}, "", ""},
		{"no openid", app, url.Values{"scope": {"profile"}}, "scope", oauth.InvalidScope},
		{"no scope", app, url.Values{"scope": {""}}, "scope", oauth.InvalidScope},
		{"only foreign scopes", app, url.Values{"scope": {"email groups"}}, "scope", oauth.InvalidScope},
		{"no challenge", app, url.Values{"code_challenge": {""}, "code_challenge_method": {""}}, "code_challenge", ""},
		{"method without challenge", confidential, url.Values{"code_challenge": {""}}, "code_challenge", ""},
		{"no challenge, confidential", confidential, url.Values{"code_challenge": {""}, "code_challenge_method": {""}}, "", ""},
		{"plain", app, url.Values{"code_challenge_method": {"plain"}}, "code_challenge_method", ""},
		{"no method", app, url.Values{"code_challenge_method": {""}}, "code_challenge_method", ""},
		{"short challenge", app, url.Values{"code_challenge": {"abc"}}, "code_challenge", ""},
		{"padded challenge", app, url.Values{"code_challenge": {challengeOfTest + "="}}, "code_challenge", ""},
		{"prompt none", app, url.Values{"prompt": {"none"}}, "prompt", oauth.LoginRequired},
		{"prompt none and login", app, url.Values{"prompt": {"none login"}}, "prompt", ""},
		{"prompt login", app, url.Values{"prompt": {"login"}}, "", ""},
		{"prompt unknown", app, url.Values{"prompt": {"hurry"}}, "prompt", ""},
		{"max_age", app, url.Values{"max_age": {"0"}}, "", ""},
		{"negative max_age", app, url.Values{"max_age": {"-1"}}, "max_age", ""},
		{"max_age in words", app, url.Values{"max_age": {"soon"}}, "max_age", ""},
		{"long state", app, url.Values{"state": {strings.Repeat("x", 513)}}, "state", ""},
		{"long nonce", app, url.Values{"nonce": {strings.Repeat("x", 513)}}, "nonce", ""},
		{"a resource of the client's", app, url.Values{"resource": {"https://api.example/"}}, "", ""},
		{"a foreign resource", app, url.Values{"resource": {"https://api.example"}}, "resource", oauth.InvalidTarget},
		{"claims", app, url.Values{"claims": {`{"id_token":{"email":null}}`}}, "claims", ""},
		{"request object", app, url.Values{"request": {"e30.e30."}}, "request", oauth.RequestNotSupported},
		{"registration", app, url.Values{"registration": {"{}"}}, "registration", oauth.RegistrationNotSupport},
		{"long locale", app, url.Values{"ui_locales": {strings.Repeat("x", 200)}}, "", ""},
		{"many acr_values", app, url.Values{"acr_values": {strings.Repeat("a ", 20)}}, "acr_values", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			values := honest()
			maps.Copy(values, c.set)
			r, err := requestOf(params(t, values), c.client, "https://app.example/return")
			if c.param == "" {
				if err != nil || r.RedirectURI != "https://app.example/return" {
					t.Fatalf("%+v, %v", r, err)
				}
				return
			}
			e := fault.AsError(err)
			if err == nil || e.Kind != fault.Invalid || e.Param != c.param || e.Code != c.code {
				t.Fatalf("got %v (code %q), want a complaint about %s with code %q", err, e.Code, c.param, c.code)
			}
		})
	}
}

// What a client is not configured for is left out, in both profiles.
func TestScopesThatAreGranted(t *testing.T) {
	t.Parallel()
	for asked, want := range map[string]string{
		"openid":                        "openid",
		"profile openid":                "profile openid",
		"openid email groups profile":   "openid profile",
		"openid OPENID Profile":         "openid",
		"openid openid profile openid":  "openid profile",
		"openid \x00 <script>":          "openid",
		strings.Repeat("openid x ", 99): "openid",
	} {
		for _, profile := range []login.Profile{login.ProfileStrict, login.ProfileCompatible} {
			c := app
			c.Profile = profile
			values := honest()
			values.Set("scope", strings.ReplaceAll(asked, "\x00", "%"))
			r, err := requestOf(params(t, values), c, "https://app.example/return")
			if got := strings.Join(r.Scopes, " "); err != nil || got != want {
				t.Errorf("%s, %q: %q, %v; want %q", profile, asked, got, err, want)
			}
			delete(values, "redirect_uri")
			if r, err = claimOf(params(t, values), c); err != nil || strings.Join(r.Scopes, " ") != want {
				t.Errorf("%s, claimed, %q: %q, %v; want %q", profile, asked, r.Scopes, err, want)
			}
		}
	}
}

// What phones say of themselves, and of their language, keeps nobody out.
func TestPhonesAreNotRefused(t *testing.T) {
	t.Parallel()
	p := params(t, url.Values{
		"device_name": {"Aino’s\u00a0📱\u200f\t" + strings.Repeat("ä", 100)}, "device_model": {"a\nb\x1b"},
		"device_platform": {"iOS"}, "app_version": {"1.16.0 (345)"},
		"ui_locales": {"en_UA_#u-fw-mon xx-\U0001f4a5 fi_FI@rg=sezzzz en-US-u-fw-mon-hc-h23 " + strings.Repeat("a", 200) + strings.Repeat(" sv", 30)},
	})
	d := deviceOf(p)
	if want := (login.Device{Name: "Aino’s 📱 " + strings.Repeat("ä", 54) + "…", Model: "a b", Platform: "ios", AppVersion: "1.16.0 (345)"}); d != want {
		t.Errorf("%+q, want %+q", d, want)
	}
	if got := localesOf(p); len(got) != maxLocales || !slices.Equal(got[:5], []string{"en-UA", "xx", "fi-FI", "en-US", "sv"}) {
		t.Errorf("%q", got)
	}
	for _, odd := range []url.Values{{"device_platform": {"symbian"}}, {"app_version": {"newest"}}, {"app_version": {strings.Repeat("1", 100)}}} {
		if d := deviceOf(params(t, odd)); d.Platform != "" || d.Version() != "" {
			t.Errorf("%v is %+v", odd, d)
		}
	}
}

// Whatever is sent, it is the sender's fault and the parameter is named; and what is
// accepted keeps to the profile.
func FuzzRequest(f *testing.F) {
	f.Add("response_type=code&scope=openid&code_challenge="+challengeOfTest+"&code_challenge_method=S256", true)
	f.Add("scope=openid%20openid&prompt=none&max_age=-9", false)
	f.Add("code_challenge=%00&ui_locales=%F0%9F%92%A5", false)
	f.Fuzz(func(t *testing.T, raw string, strict bool) {
		r := httptest.NewRequest(http.MethodGet, "/authorize", nil)
		r.URL.RawQuery = raw
		p, err := oauth.QueryParams(r)
		if err != nil {
			return
		}
		c := app
		if !strict {
			c.Profile, c.Auth = login.ProfileCompatible, login.AuthSecretBasic
		}
		if _, err := redirectOf(p, c); err == nil && p.Get("redirect_uri") != c.RedirectURIs[0] {
			t.Fatalf("redirect_uri %q was accepted", p.Get("redirect_uri"))
		}
		request, err := requestOf(p, c, c.RedirectURIs[0])
		if err != nil {
			if e := fault.AsError(err); e.Kind != fault.Invalid || e.Param == "" {
				t.Fatalf("%v names no parameter", err)
			}
			return
		}
		if strict && !challengePattern.MatchString(request.CodeChallenge) || len(request.State) > maxState {
			t.Fatalf("accepted %+v", request)
		}
		for _, scope := range request.Scopes {
			if !c.Allows(scope) {
				t.Fatalf("scope %q was accepted", scope)
			}
		}
	})
}
