package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"avain/internal/domain/fault"
	"avain/internal/platform/web"
)

// A kit at another address knows who is a stranger there, and keeps the first one as it
// is.
func TestKitAtAnotherAddress(t *testing.T) {
	t.Parallel()
	kit := newKit(t, nil)
	other, err := kit.At(&url.URL{Scheme: "http", Host: "localhost:9090"})
	if err != nil {
		t.Fatal(err)
	}
	if got := other.URL("/x") + " " + kit.URL("/x"); got != "http://localhost:9090/x https://login.example.fi/x" {
		t.Errorf("addresses: %s", got)
	}
	if _, err := kit.At(&url.URL{Scheme: "ftp", Host: "localhost"}); err == nil {
		t.Error("any address will do")
	}
	ask := func(kit *web.Kit, origin string) int {
		mux := http.NewServeMux()
		mux.Handle("POST /", kit.Framed(func(w http.ResponseWriter, _ *http.Request, e *fault.Error, status int) {
			w.WriteHeader(status)
			_, _ = fmt.Fprint(w, "framed ", e.Reason)
		}, func(http.ResponseWriter, *http.Request) error { return nil }))
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://anything/", nil)
		r.Header.Set("Origin", origin)
		w := httptest.NewRecorder()
		kit.Middleware(mux).ServeHTTP(w, r)
		if w.Code != http.StatusOK && w.Body.String() != "framed cross_origin" {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if secure := w.Header().Get("Strict-Transport-Security") != ""; secure != strings.HasPrefix(kit.URL(""), "https") {
			t.Errorf("%s: Strict-Transport-Security %v", kit.URL(""), secure)
		}
		return w.Code
	}
	for origin, want := range map[string][2]int{
		"http://localhost:9090": {http.StatusOK, http.StatusForbidden}, "https://login.example.fi": {http.StatusForbidden, http.StatusOK}, "https://evil.example": {http.StatusForbidden, http.StatusForbidden},
	} {
		if got := [2]int{ask(other, origin), ask(kit.Kit, origin)}; got != want {
			t.Errorf("%s: %v, want %v", origin, got, want)
		}
	}
}

// A page over another has the words of both, and what it defines anew is its own.
func TestTemplateOver(t *testing.T) {
	t.Parallel()
	kit := newKit(t, nil)
	files := fstest.MapFS{
		"frame.html": {Data: []byte(`{{define "layout"}}<main>{{template "main" .Data}}{{template "part" .Data}}</main>{{end}}{{define "part"}}frame{{end}}`)},
		"part.html":  {Data: []byte(`{{define "part"}}part of {{.}}{{end}}`)},
		"page.html":  {Data: []byte(`{{define "main"}}page of {{.}}, {{end}}`)},
		"bad.html":   {Data: []byte(`{{define "main"}}{{`)},
	}
	frame, err := kit.Template(files, "frame.html")
	if err != nil {
		t.Fatal(err)
	}
	for want, names := range map[string][]string{"page of &lt;x&gt;, frame": {"page.html"}, "page of &lt;x&gt;, part of &lt;x&gt;": {"part.html", "page.html"}} {
		page, err := frame.Over(files, names...)
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		if err := kit.Render(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil), http.StatusOK, web.Page{Template: page, Title: "logout.title", Data: "<x>"}); err != nil {
			t.Fatal(err)
		}
		if got := w.Body.String(); got != "<main>"+want+"</main>" {
			t.Errorf("%v: %s", names, got)
		}
	}
	if _, err := frame.Over(files, "bad.html"); err == nil {
		t.Error("a mistake in a page is not told")
	}
}
