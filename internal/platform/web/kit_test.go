package web_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"avain/internal/platform/web"
)

// testKit is a kit whose log can be read and whose clock stands still.
type testKit struct {
	*web.Kit
	log *safeBuffer
}

// safeBuffer is written by handlers and read by tests, at the same time.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func config(t testing.TB) web.Config {
	t.Helper()
	base, err := url.Parse("https://login.example.fi")
	if err != nil {
		t.Fatal(err)
	}
	return web.Config{BaseURL: base, Brand: web.Brand{Name: "SmartumPay", Company: "Smartum"}, Now: noon}
}

func newKit(t testing.TB, change func(*web.Config)) testKit {
	t.Helper()
	cfg := config(t)
	log := &safeBuffer{}
	cfg.Log = slog.New(slog.NewJSONHandler(log, nil))
	if change != nil {
		change(&cfg)
	}
	kit, err := web.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return testKit{kit, log}
}

// lastRecord is the record of the last request.
func (k testKit) lastRecord(t testing.TB) map[string]any {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(k.log.String()), "\n")
	var record map[string]any
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &record); err != nil {
		t.Fatalf("record %q: %v", lines[len(lines)-1], err)
	}
	return record
}

// serve answers one request to one handler, with everything around it.
func (k testKit) serve(pattern string, h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	mux := http.NewServeMux()
	mux.Handle(pattern, h)
	w := httptest.NewRecorder()
	k.Middleware(mux).ServeHTTP(w, r)
	return w
}

func get(path string) *http.Request { return httptest.NewRequest(http.MethodGet, path, nil) }

func post(path string, form url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func decode(t testing.TB, w *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatalf("answer %q: %v", w.Body, err)
	}
	return doc
}

// text is the body as a browser sees it, unpacked.
func text(t testing.TB, w *httptest.ResponseRecorder) string {
	t.Helper()
	if w.Header().Get("Content-Encoding") != "gzip" {
		return w.Body.String()
	}
	z, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestNewRefusesMistakes(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*web.Config)
		want   string
	}{
		"no base URL":       {func(c *web.Config) { c.BaseURL = nil }, "base URL is missing"},
		"ftp":               {func(c *web.Config) { c.BaseURL = &url.URL{Scheme: "ftp", Host: "x"} }, "https:// or http://"},
		"base with a path":  {func(c *web.Config) { c.BaseURL = &url.URL{Scheme: "https", Host: "x", Path: "/login"} }, "scheme and a host only"},
		"accent unreadable": {func(c *web.Config) { c.Brand.Accent = "#7fd3cb" }, "contrast"},
		"accent no colour":  {func(c *web.Config) { c.Brand.Accent = "teal;}*{display:none" }, "#rrggbb"},
		"logo missing":      {func(c *web.Config) { c.Brand.Logo = "nope.svg" }, "not among the assets"},
		"language":          {func(c *web.Config) { c.Languages = []string{"fi", "se"} }, `"se"`},
		"proxy header":      {func(c *web.Config) { c.ProxyHeader = "X-Real-IP" }, "proxy header"},
		"proxy is everyone": {func(c *web.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")} }, "does not trust everybody"},
		"asset is a script": {func(c *web.Config) { c.Assets = fstest.MapFS{"x.html": {Data: []byte("<script>")}} }, "not a kind of file"},
		"asset too large":   {func(c *web.Config) { c.Assets = fstest.MapFS{"x.svg": {Data: make([]byte, 65<<10)}} }, "larger than"},
		"asset name taken":  {func(c *web.Config) { c.Assets = fstest.MapFS{"style.css": {Data: []byte("*{}")}} }, "taken"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := config(t)
			tc.change(&cfg)
			if _, err := web.New(cfg); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one that says %q", err, tc.want)
			}
		})
	}
}

// TestThreat19BaseURLIsConfiguration: no header of a request changes an address of ours.
func TestThreat19BaseURLIsConfiguration(t *testing.T) {
	t.Parallel()
	kit := newKit(t, nil)
	for _, header := range []string{"Host", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Host", "Forwarded", "X-Original-URL", "X-Rewrite-URL"} {
		r := get("/nowhere")
		r.Header.Set("Accept", "text/html")
		r.Header.Set(header, "evil.example")
		r.Host = "evil.example"
		w := kit.serve("GET /somewhere", kit.Page(nil), r)
		if all := text(t, w) + w.Header().Get("Location") + w.Header().Get("Set-Cookie"); strings.Contains(all, "evil.example") {
			t.Errorf("%s: evil.example reached the answer", header)
		}
	}
	if got := kit.URL("/jwks"); got != "https://login.example.fi/jwks" {
		t.Errorf("URL %q", got)
	}
}
