package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"avain/internal/domain/login"
	"avain/internal/platform/web"
)

// directives splits a Content-Security-Policy.
func directives(policy string) map[string]string {
	all := make(map[string]string)
	for part := range strings.SplitSeq(policy, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), " ")
		all[name] = value
	}
	return all
}

// TestThreat23PagesCannotBeFramedNorRunScripts: the headers of every page, found and
// not found, that keep a page out of frames and scripts out of a page.
func TestThreat23PagesCannotBeFramedNorRunScripts(t *testing.T) {
	t.Parallel()
	kit := newKit(t, nil)
	for _, p := range kit.Previews() {
		w := kit.serve("GET /", kit.Page(p.Render), get("/"))
		h := w.Header()
		csp := directives(h.Get("Content-Security-Policy"))
		for name, want := range map[string]string{
			"default-src": "'none'", "style-src": "'self'", "img-src": "'self' data:", "form-action": "'self'",
			"base-uri": "'none'", "frame-ancestors": "'none'", "require-trusted-types-for": "'script'",
		} {
			if csp[name] != want {
				t.Errorf("%s: %s is %q, want %q", p.Name, name, csp[name], want)
			}
		}
		if _, scripts := csp["script-src"]; scripts {
			t.Errorf("%s: scripts may run", p.Name)
		}
		for name, want := range map[string]string{
			"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
			"Cache-Control": "no-store", "Strict-Transport-Security": "max-age=31536000",
		} {
			if h.Get(name) != want {
				t.Errorf("%s: %s is %q, want %q", p.Name, name, h.Get(name), want)
			}
		}
		if body := strings.ToLower(text(t, w)); strings.Contains(body, "<script") || strings.Contains(body, " style=") || strings.Contains(body, "javascript:") {
			t.Errorf("%s: the page holds a script or an inline style", p.Name)
		}
	}
}

func TestEveryAnswerHasTheHeaders(t *testing.T) {
	t.Parallel()
	kit := newKit(t, nil)
	bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	for _, r := range []*http.Request{get("/bare"), get("/none"), httptest.NewRequest(http.MethodPut, "/bare", nil)} {
		h := kit.serve("GET /bare", bare, r).Header()
		csp := directives(h.Get("Content-Security-Policy"))
		if csp["default-src"] != "'none'" || csp["frame-ancestors"] != "'none'" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s: headers %v", r.Method, r.URL, h)
		}
	}
}

func TestNoHSTSOverPlainHTTP(t *testing.T) {
	t.Parallel()
	kit := newKit(t, func(c *web.Config) { c.BaseURL = &url.URL{Scheme: "http", Host: "localhost:8080"} })
	w := kit.serve("GET /", kit.Page(failing(nil)), get("/"))
	if got := w.Header().Get("Strict-Transport-Security"); got != "" {
		t.Errorf("Strict-Transport-Security %q on a demo would lock localhost out of http", got)
	}
}

// TestThreat23CrossSitePostIsRefused: forms of other sites do nothing, on any
// browser; our own forms work on old browsers too, which send no Sec-Fetch-Site.
func TestThreat23CrossSitePostIsRefused(t *testing.T) {
	t.Parallel()
	kit := newKit(t, nil)
	acted := func(w http.ResponseWriter, _ *http.Request) error { w.WriteHeader(http.StatusNoContent); return nil }
	const own = "https://login.example.fi"
	for name, tc := range map[string]struct {
		method, site, origin, host string
		allowed                    bool
	}{
		"own form":                             {"POST", "same-origin", own, "", true},
		"typed by the person":                  {"POST", "none", "", "", true},
		"other site":                           {"POST", "cross-site", "https://evil.example", "", false},
		"sibling subdomain":                    {"POST", "same-site", "https://blog.example.fi", "", false},
		"other site hides its origin":          {"POST", "cross-site", "null", "", false},
		"other site claims our origin":         {"POST", "same-site", "https://login.example.fi.evil.example", "", false},
		"old browser, own form":                {"POST", "", own, "", true},
		"old browser, behind a proxy":          {"POST", "", own, "10.0.0.7:8080", true},
		"old browser, other site":              {"POST", "", "https://evil.example", "", false},
		"old browser, sandboxed frame":         {"POST", "", "null", "", false},
		"old browser, our name with a suffix":  {"POST", "", own + ".evil.example", "", false},
		"a link from another site, only reads": {"GET", "cross-site", "", "", true},
		"other methods count too":              {"DELETE", "cross-site", "https://evil.example", "", false},
	} {
		r := httptest.NewRequest(tc.method, own+"/login/x/means", nil)
		if tc.host != "" {
			r.Host = tc.host
		}
		for header, value := range map[string]string{"Sec-Fetch-Site": tc.site, "Origin": tc.origin} {
			if value != "" {
				r.Header.Set(header, value)
			}
		}
		want := http.StatusForbidden
		if tc.allowed {
			want = http.StatusNoContent
		}
		if w := kit.serve("/login/{id}/means", kit.Page(acted), r); w.Code != want {
			t.Errorf("%s: status %d, want %d", name, w.Code, want)
		}
		if !tc.allowed && kit.lastRecord(t)["reason"] != string(login.ReasonCrossOrigin) {
			t.Errorf("%s: record %v", name, kit.lastRecord(t))
		}
	}
}

func TestFormAction(t *testing.T) {
	t.Parallel()
	kit := newKit(t, nil)
	given := []string{
		"https://broker.example", "http://localhost:8082", "fi.smartum.pay:", web.AnyHTTPS, web.AnyHTTPS, "http://[::1]:8082", // allowed
		"", "*", "https://*", "https://x; script-src *", "'unsafe-inline'", "https://x\nscript-src *", "https://x/path", "data", "https://", // not
	}
	w := kit.serve("GET /", kit.Page(func(w http.ResponseWriter, r *http.Request) error {
		return kit.RenderLogout(w, r, web.LogoutPage{Client: "x", Action: "/logout", FormAction: given})
	}), get("/"))
	csp := directives(w.Header().Get("Content-Security-Policy"))
	if want := "'self' https://broker.example http://localhost:8082 fi.smartum.pay: https: http://[::1]:8082"; csp["form-action"] != want {
		t.Errorf("form-action %q, want %q", csp["form-action"], want)
	}
	if _, injected := csp["script-src"]; injected {
		t.Error("a source opened another directive")
	}
}

func TestFormTarget(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://app.example.fi/cb?x=y":   "https://app.example.fi",
		"http://localhost:8081/callback":  "http://localhost:8081",
		"http://[::1]:9/cb":               "http://[::1]:9",
		"fi.smartum.pay:/cb":              "fi.smartum.pay:",
		"javascript:alert(1)":             "",
		"data:text/html,x":                "",
		"/path":                           "",
		"https://user:pw@app.example.fi/": "https://app.example.fi",
		"https://x;y/":                    "",
		"https://":                        "",
		"\x00":                            "",
	} {
		if got := web.FormTarget(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}

// FuzzFormTarget: whatever the address, what comes out is one source that cannot end
// the directive it stands in.
func FuzzFormTarget(f *testing.F) {
	for _, seed := range []string{"https://a.example/cb", "app:/cb", "HTTPS://A;b", "http://a b", "javascript:x", "x'y:z", "https://[::1]:8/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		source := web.FormTarget(address)
		if strings.ContainsAny(source, " ;,'\"\n\r\t*") || slices.Contains([]string{"data:", "javascript:", "blob:", "http:"}, source) {
			t.Errorf("%q became the source %q", address, source)
		}
	})
}
