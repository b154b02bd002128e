package web_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"avain/internal/platform/web"
)

const appOrigin = "https://app.example.fi"

func corsServer(kit testKit) http.Handler {
	mux := http.NewServeMux()
	known := func(origin string) bool { return origin == appOrigin }
	web.MountCORS(mux, "/token", known, kit.OAuth(func(w http.ResponseWriter, _ *http.Request) error {
		web.WriteJSON(w, http.StatusOK, map[string]string{"token_type": "DPoP"})
		return nil
	}), http.MethodPost)
	return kit.Middleware(mux)
}

// TestCORSIsExact: only an origin that is known, character by character, may read
// an answer, and never with cookies.
func TestCORSIsExact(t *testing.T) {
	t.Parallel()
	server := corsServer(newKit(t, nil))
	for origin, allowed := range map[string]bool{
		appOrigin:                               true,
		"":                                      false,
		"null":                                  false,
		"*":                                     false,
		"http://app.example.fi":                 false,
		"https://app.example.fi.evil.example":   false,
		"https://evil.example?app.example.fi":   false,
		"https://APP.example.fi":                false,
		"https://app.example.fi:8443":           false,
		"https://app.example.fi/":               false,
		"https://sub.app.example.fi":            false,
		"https://app.example.fi, https://x.org": false,
	} {
		for _, method := range []string{http.MethodPost, http.MethodOptions} {
			r := httptest.NewRequest(method, "/token", nil)
			if origin != "" {
				r.Header.Set("Origin", origin)
			}
			r.Header.Set("Access-Control-Request-Method", http.MethodPost)
			w := httptest.NewRecorder()
			server.ServeHTTP(w, r)
			want := ""
			if allowed {
				want = origin
			}
			h := w.Header()
			if got := h.Get("Access-Control-Allow-Origin"); got != want {
				t.Errorf("%s from %q: Allow-Origin %q, want %q", method, origin, got, want)
			}
			if h.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%s from %q: cookies may come along", method, origin)
			}
			if h.Get("Vary") == "" {
				t.Errorf("%s from %q: a cache may serve the answer to another origin", method, origin)
			}
			if methods := h.Get("Access-Control-Allow-Methods"); (methods != "") != (allowed && method == http.MethodOptions) {
				t.Errorf("%s from %q: Allow-Methods %q", method, origin, methods)
			}
		}
	}
}

func TestCORSPreflight(t *testing.T) {
	t.Parallel()
	server := corsServer(newKit(t, nil))
	preflight := func(method string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodOptions, "/token", nil)
		r.Header.Set("Origin", appOrigin)
		r.Header.Set("Access-Control-Request-Method", method)
		r.Header.Set("Access-Control-Request-Headers", "dpop,content-type")
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		return w
	}
	w := preflight(http.MethodPost)
	for name, want := range map[string]string{
		"Access-Control-Allow-Methods": "POST", "Access-Control-Allow-Headers": "Authorization, DPoP, Content-Type", "Access-Control-Max-Age": "600",
		"Access-Control-Expose-Headers": "Date, DPoP-Nonce, WWW-Authenticate, Retry-After", "Allow": "POST, OPTIONS",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if w.Code != http.StatusNoContent || w.Body.Len() != 0 {
		t.Errorf("status %d with %d bytes", w.Code, w.Body.Len())
	}
	if got := preflight(http.MethodDelete).Header().Get("Access-Control-Allow-Methods"); got != "" {
		t.Errorf("DELETE was allowed: %q", got)
	}
}
