package web_test

import (
	"net/http"
	"strings"
	"testing"

	"avain/internal/platform/web"
)

// Where a client's site may lead on to, nobody knows: our own page ends the form. What a
// redirect of ours cannot lead astray goes by redirect.
func TestLeave(t *testing.T) {
	t.Parallel()
	kit := newKit(t, nil)
	without := kit.serve("POST /", kit.Page(func(w http.ResponseWriter, r *http.Request) error {
		return kit.Leave(w, r, web.Leaving{Client: "Client", Address: "https://client.example/bye"})
	}), post("/", nil))
	if without.Code != http.StatusSeeOther || without.Header().Get("Location") != "https://client.example/bye" {
		t.Errorf("a client without a browser: %d %q", without.Code, without.Header().Get("Location"))
	}
	for address, byPage := range map[string]bool{
		"https://client.example/cb?code=abc&state=%22%3E%3Cb": true,
		"http://127.0.0.1:4711/cb?code=abc":                   true,
		"fi.client.app:/return?code=abc":                      false,
		kit.URL("/return?code=abc"):                           false,
		kit.URL("") + ".evil.example/return?code=abc":         true, // not ours, though it begins like us
	} {
		r := get("/")
		r.Header.Set("Accept-Encoding", "gzip")
		r.Header.Set("Accept", "text/html,*/*")
		w := kit.serve("GET /", kit.Page(func(w http.ResponseWriter, r *http.Request) error {
			return kit.Leave(w, r, web.Leaving{Client: "Client", Address: address})
		}), r)
		h := w.Header()
		if h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: kept (%s)", address, h.Get("Cache-Control"))
		}
		if !byPage {
			if w.Code != http.StatusSeeOther || h.Get("Location") != address {
				t.Errorf("%s: %d %q", address, w.Code, h.Get("Location"))
			}
			continue
		}
		if w.Code != http.StatusOK || h.Get("Location") != "" || h.Get("Refresh") != "0; url="+address {
			t.Errorf("%s: %d, Location %q, Refresh %q", address, w.Code, h.Get("Location"), h.Get("Refresh"))
		}
		if h.Get("Content-Encoding") != "" { // a code beside a state (BREACH)
			t.Errorf("%s: compressed", address)
		}
		if h.Get("Referrer-Policy") != "same-origin" || !strings.Contains(h.Get("Content-Security-Policy"), "form-action 'self';") {
			t.Errorf("%s: headers %v", address, h)
		}
		if body := w.Body.String(); strings.Contains(body, `"><b`) || !strings.Contains(body, `rel="noreferrer"`) {
			t.Errorf("%s: the link:\n%s", address, body)
		}
	}
}

func TestLeavesTo(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://client.example/cb": "", "http://127.0.0.1:4711/cb": "", "": "", "javascript:alert(1)": "",
		"fi.client.app:/return": "fi.client.app:",
	} {
		if got := web.LeavesTo(address); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}
