package home_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"avain/internal/account/home"
	"avain/internal/domain/login"
	"avain/internal/platform/web"
)

func newViews(t *testing.T) (*web.Kit, *home.Views) {
	t.Helper()
	kit, err := web.New(web.Config{
		BaseURL: &url.URL{Scheme: "https", Host: "login.example.fi"}, Brand: web.Brand{Name: "SmartumPay", Company: "Smartum"},
	})
	if err != nil {
		t.Fatal(err)
	}
	views, err := home.NewViews(kit)
	if err != nil {
		t.Fatal(err)
	}
	return kit, views
}

func show(kit *web.Kit, h web.Handler, lang string) string {
	mux := http.NewServeMux()
	mux.Handle("GET /", kit.Page(h))
	w := httptest.NewRecorder()
	kit.Middleware(mux).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/me?lang="+lang, nil))
	return w.Body.String()
}

func TestEveryPageInEveryLanguage(t *testing.T) {
	t.Parallel()
	kit, views := newViews(t)
	for _, p := range views.Previews() {
		seen := map[string]bool{}
		for _, lang := range web.Languages() {
			body := show(kit, p.Render, lang)
			if !strings.Contains(body, `<html lang="`+lang+`">`) || seen[body] || strings.Contains(body, "<script") {
				t.Errorf("%s in %s:\n%s", p.Name, lang, body)
			}
			seen[body] = true
		}
	}
}

// Every kind of benefit that there is has a name; one that comes later is shown as it is.
func TestEveryBenefitHasAName(t *testing.T) {
	t.Parallel()
	kit, views := newViews(t)
	for _, kind := range []string{"lunch", "sports", "culture", "wellbeing", "commuting", "bicycle"} {
		for _, lang := range web.Languages() {
			if _, err := kit.Text(lang, "benefit."+kind); err != nil {
				t.Error(err)
			}
		}
	}
	body := show(kit, func(w http.ResponseWriter, r *http.Request) error {
		return views.RenderActive(w, r, home.ActivePage{App: "SmartumPay", Benefits: []login.Benefit{{Kind: "<b>massage</b>", Employer: "<i>"}}})
	}, "fi")
	if !strings.Contains(body, "&lt;b&gt;massage") || strings.Contains(body, "<i>") {
		t.Errorf("an unknown benefit:\n%s", body)
	}
}
