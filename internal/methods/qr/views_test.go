package qr_test

import (
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"avain/internal/domain/login"
	"avain/internal/methods/qr"
	"avain/internal/platform/web"
)

type gallery struct {
	kit   *web.Kit
	views *qr.Views
}

func newGallery(t *testing.T) gallery {
	t.Helper()
	kit, err := web.New(web.Config{
		BaseURL: &url.URL{Scheme: "https", Host: "login.example.fi"}, Brand: web.Brand{Name: "SmartumPay", Company: "Smartum"},
	})
	if err != nil {
		t.Fatal(err)
	}
	views, err := qr.NewViews(kit)
	if err != nil {
		t.Fatal(err)
	}
	return gallery{kit, views}
}

func (g gallery) show(h web.Handler, lang string) *httptest.ResponseRecorder {
	mux := http.NewServeMux()
	mux.Handle("GET /", g.kit.Page(h))
	w := httptest.NewRecorder()
	g.kit.Middleware(mux).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/me/qr/x?lang="+lang, nil))
	return w
}

func TestEveryPageInEveryLanguage(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	for _, p := range g.views.Previews() {
		seen := map[string]bool{}
		for _, lang := range web.Languages() {
			w := g.show(p.Render, lang)
			body := w.Body.String()
			if w.Code >= 500 || !strings.Contains(body, `<html lang="`+lang+`">`) || seen[body] {
				t.Errorf("%s in %s: %d, the same as in another language: %v", p.Name, lang, w.Code, seen[body])
			}
			if strings.Contains(body, "<script") || w.Header().Get("Refresh") != "" {
				t.Errorf("%s: a script, or a preview that goes away", p.Name)
			}
			seen[body] = true
		}
	}
}

const page = "AAAAAAAAAAAAAAAAAAAAAA"

// What a phone says of itself is text, whatever it says, and cannot lead the page away.
func TestThreat23PayloadsOfPhonesStayText(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	for _, payload := range []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `'; url=https://evil.example`, "{{.}}", "javascript:alert(1)", "\r\nRefresh: 0; url=https://evil.example",
	} {
		for name, h := range map[string]web.Handler{
			"claimed": func(w http.ResponseWriter, r *http.Request) error {
				return g.views.RenderClaimed(w, r, qr.ClaimedPage{Page: page, Device: payload, Place: login.Place(payload)})
			},
			"done": func(w http.ResponseWriter, r *http.Request) error {
				return g.views.RenderDone(w, r, qr.DonePage{App: payload, Device: payload})
			},
			"code": func(w http.ResponseWriter, r *http.Request) error {
				return g.views.RenderCode(w, r, qr.CodePage{Page: page, App: payload, Typed: "0123456789", Open: payload, Lead: true})
			},
		} {
			w := g.show(h, "en")
			body := w.Body.String()
			if strings.Contains(body, "<script") || strings.Contains(body, "<img src=x") || strings.Contains(body, `href="javascript:`) {
				t.Errorf("%s: %q came through:\n%s", name, payload, body)
			}
			if name == "claimed" && !strings.Contains(html.UnescapeString(body), strings.TrimSpace(strings.ReplaceAll(payload, "\r\n", "\n"))) && !strings.Contains(payload, "\r") {
				t.Errorf("%s: %q is not shown", name, payload)
			}
			if refresh := w.Header().Get("Refresh"); refresh != "" && !strings.HasPrefix(refresh, "1; url=/me/qr/"+page+"?seen=") {
				t.Errorf("%s: Refresh %q", name, refresh)
			}
		}
	}
}

// The code itself stands in the page as squares alone: its text is in no attribute.
func TestCodeIsDrawnNotWritten(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	for _, p := range g.views.Previews() {
		if p.Name != "qr-code" {
			continue
		}
		if body := g.show(p.Render, "fi").Body.String(); !strings.Contains(body, "<svg") || strings.Contains(body, "AVAIN1:") {
			t.Errorf("%s:\n%s", p.Name, body)
		}
	}
}

// A page that does not load itself again any more covers its code: one that came out of
// the history, or whose question for news got lost. The app opens beside the page, which
// goes on asking.
func TestCodePageOutlivesItsNews(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	render := func(p qr.CodePage) string {
		return g.show(func(w http.ResponseWriter, r *http.Request) error { return g.views.RenderCode(w, r, p) }, "fi").Body.String()
	}
	live := qr.CodePage{Page: "x", App: "SmartumPay", Open: "https://login.example.fi/open#AVAIN1:x"}
	if body := render(live); !strings.Contains(body, `class="stale"`) || !strings.Contains(body, `href="?view=code">Päivitä koodi`) {
		t.Errorf("the code stays uncovered:\n%s", body)
	}
	live.Lead = true
	if body := render(live); !strings.Contains(body, `target="_blank"`) || !strings.Contains(body, `href="?view=app">Näkyykö`) {
		t.Errorf("the link takes the page away:\n%s", body)
	}
}
