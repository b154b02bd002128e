package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"avain/internal/web"
)

func newKit(t *testing.T, change func(*web.Config)) *web.Kit {
	t.Helper()
	base, err := url.Parse("https://login.example.fi")
	if err != nil {
		t.Fatal(err)
	}
	cfg := web.Config{BaseURL: base, Brand: web.Brand{Name: "SmartumPay"}}
	if change != nil {
		change(&cfg)
	}
	kit, err := web.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return kit
}

func TestEveryPreviewRenders(t *testing.T) {
	t.Parallel()
	kit := newKit(t, nil)
	for _, p := range kit.Previews() {
		for _, lang := range web.Languages() {
			rec := httptest.NewRecorder()
			kit.Page(p.Render).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/demo/pages/"+p.Name+"?lang="+lang, nil))
			if got := rec.Header().Get("Content-Language"); got != lang {
				t.Errorf("%s: Content-Language %q, want %q: %s", p.Name, got, lang, rec.Body)
			}
		}
	}
}
