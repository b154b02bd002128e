package console

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"avain/internal/domain/login"
)

// Whoever must sign in first gets their form back, but never an address that they made up.
func TestKeptFormsNameOwnPages(t *testing.T) {
	t.Parallel()
	id := login.NewID()
	tests := map[string]string{
		"/console/staff":                       "/console/staff",
		"/console/staff/" + id:                 "/console/staff/" + id,
		"/console/staff/canary":                "",
		"/console/staff/%22%3E%3Cscript%3E":    "",
		"/console/people/" + id + "/pause":     "/console/people/" + id + "/pause",
		"/console/people/" + id + "x/pause":    "",
		"/console/people/" + id + "/devices/x": "",
	}
	for path, want := range tests {
		mux := http.NewServeMux()
		got := ""
		for _, pattern := range []string{"staff", "staff/{id}", "people/{id}/pause", "people/{id}/devices/{session}"} {
			mux.HandleFunc("POST "+Root+pattern, func(_ http.ResponseWriter, r *http.Request) {
				form, err := kept(r)
				if err != nil {
					t.Error(err)
				}
				if form != nil {
					got = form.Action
				}
			})
		}
		mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader("because=x")))
		if got != want {
			t.Errorf("%s: kept for %q, want %q", path, got, want)
		}
	}
}

// FuzzOwnPage: wherever a link says to go after signing in, it is a page of the console.
func FuzzOwnPage(f *testing.F) {
	for _, seed := range []string{
		"/console/", "/console/people/x?lang=sv", "//evil.example/console/", "https://evil.example/console/", `/console/\evil`, "/console/../metrics",
		"/console/%2e%2e/metrics", "/console//evil", "javascript:alert(1)", "/consoles", "", "\x00", "/console/\n", "/console/%", "/console/?next=//x", "/console/#//x",
	} {
		f.Add(seed)
	}
	base := &url.URL{Scheme: "https", Host: "support.example.com", Path: "/console/sign-in"}
	f.Fuzz(func(t *testing.T, next string) {
		page := ownPage(next)
		to, err := base.Parse(page)
		if err != nil || to.Scheme != "https" || to.Host != base.Host || !strings.HasPrefix(to.EscapedPath(), Root) {
			t.Errorf("%q leads to %v, %v", next, to, err)
		}
		if strings.Contains(to.Path, "..") || strings.ContainsAny(page, "\\\x00\r\n") {
			t.Errorf("%q leads to %q", next, page)
		}
	})
}
