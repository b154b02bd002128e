package activation_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"avain/internal/account/activation"
	"avain/internal/domain/login"
	"avain/internal/platform/web"
	"avain/internal/secret"
)

func newViews(t *testing.T) (*web.Kit, *activation.Views) {
	t.Helper()
	kit, err := web.New(web.Config{
		BaseURL: &url.URL{Scheme: "https", Host: "login.example.fi"}, Brand: web.Brand{Name: "SmartumPay", Company: "Smartum"},
	})
	if err != nil {
		t.Fatal(err)
	}
	views, err := activation.NewViews(kit)
	if err != nil {
		t.Fatal(err)
	}
	return kit, views
}

func show(kit *web.Kit, h web.Handler, path string) *httptest.ResponseRecorder {
	mux := http.NewServeMux()
	mux.Handle("GET /", kit.Page(h))
	w := httptest.NewRecorder()
	kit.Middleware(mux).ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

// No page of an invitation has a script, repeats its own address, or may send a form
// anywhere but to us.
func TestEveryPageInEveryLanguage(t *testing.T) {
	t.Parallel()
	kit, views := newViews(t)
	const ticket = "canary-canary-canary-canary-canary"
	for _, p := range views.Previews() {
		seen := map[string]bool{}
		for _, lang := range web.Languages() {
			w := show(kit, p.Render, "/activate/"+ticket+"?lang="+lang)
			body := w.Body.String()
			if !strings.Contains(body, `<html lang="`+lang+`">`) || seen[body] || strings.Contains(body, "<script") || strings.Contains(body, ticket) {
				t.Errorf("%s in %s:\n%s", p.Name, lang, body)
			}
			if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self';") {
				t.Errorf("%s: %s", p.Name, csp)
			}
			seen[body] = true
		}
	}
}

// What an employer calls itself, and kinds of benefit that we do not know, are shown as
// they are, and are never markup. A link to the terms is one of the web.
func TestInvitationShowsForeignWords(t *testing.T) {
	t.Parallel()
	kit, views := newViews(t)
	page := activation.InvitationPage{
		App: "SmartumPay", Employer: `<b>"Oy" & Co</b>{{.}}`, Kind: "", Benefits: []string{"<i>massage", "lunch"},
		ValidUntil: time.Now(), Terms: `1" onclick="x`, TermsURL: "javascript:alert(1)",
	}
	body := show(kit, func(w http.ResponseWriter, r *http.Request) error { return views.RenderInvitation(w, r, page) }, "/activate/x").Body.String()
	for _, want := range []string{"&lt;b&gt;", "{{.}}", "&lt;i&gt;massage", "Lounas", "Olet SmartumPlus-käyttäjä"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q:\n%s", want, body)
		}
	}
	for _, unwanted := range []string{"<b>", "<i>", `" onclick`, "javascript:alert"} {
		if strings.Contains(body, unwanted) {
			t.Errorf("%q:\n%s", unwanted, body)
		}
	}
}

// The ways that an invitation ends have pages of their own, each with its words and a
// way on.
func TestEndsDiffer(t *testing.T) {
	t.Parallel()
	kit, views := newViews(t)
	seen := map[string]bool{}
	for _, reason := range []login.Reason{login.ReasonInvitationUsed, login.ReasonInvitationExpired, login.ReasonInvitationRevoked} {
		w := show(kit, func(w http.ResponseWriter, r *http.Request) error {
			return views.RenderEnded(w, r, activation.EndedPage{Reason: reason, SignIn: "/me"})
		}, "/activate/x")
		_, title, _ := strings.Cut(w.Body.String(), "<h1>")
		title, _, _ = strings.Cut(title, "</h1>")
		if w.Code != http.StatusGone || title == "" || seen[title] || !strings.Contains(w.Body.String(), `href="/me"`) {
			t.Errorf("%s: %d, %q", reason, w.Code, title)
		}
		seen[title] = true
	}
}

func TestPathHoldsTheTicket(t *testing.T) {
	t.Parallel()
	if got := activation.Path(secret.Of("abc")); got != "/activate/abc" {
		t.Error(got)
	}
}
