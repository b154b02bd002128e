package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"avain/internal/config"
	"avain/internal/domain/login"
	"avain/internal/testkit/robot"
)

// plainRequest is an authorization request by parameters, as the compatible profile has it.
func plainRequest(r *rig, state string) url.Values {
	return url.Values{
		"client_id": {"partner"}, "response_type": {"code"}, "redirect_uri": {r.App + "/return"}, "scope": {"openid"},
		"state": {state}, "code_challenge": {strings.Repeat("A", 43)}, "code_challenge_method": {"S256"},
	}
}

func withPartner(c *config.Config) {
	c.Clients = append(c.Clients, config.Client{
		ID: "partner", Name: "Kuntokortti", Profile: login.ProfileCompatible, Auth: login.AuthNone,
		RedirectURIs: c.Clients[0].RedirectURIs, Scopes: []string{"openid", "profile"},
	})
}

// cookieless is a request of a browser that has no cookie, or sends none: it comes from
// another site.
func (r *rig) cookieless(method, path string, form url.Values) (int, http.Header) {
	r.Helper()
	request, err := http.NewRequestWithContext(r.Context(), method, r.Service+path, strings.NewReader(form.Encode()))
	if err != nil {
		r.Fatal(err)
	}
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := (&http.Client{Transport: r.browser.HTTP.Transport, CheckRedirect: robot.NoRedirect}).Do(request)
	if err != nil {
		r.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode, answer.Header
}

// Two tabs that were opened at once, in a browser that had no cookie: both get through,
// and no other browser gets into either, not even one that has half of the cookies.
func TestThreat15TwoTabsOpenedAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, withPartner)
	service, err := url.Parse(r.Service)
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string]http.Header{}
	for _, state := range []string{"one", "two"} {
		status, header := r.cookieless(http.MethodGet, "/authorize?"+plainRequest(r, state).Encode(), nil)
		if status != http.StatusSeeOther {
			t.Fatalf("%s: %d", state, status)
		}
		answers[state] = header
	}
	keep := func(b *robot.Browser, header http.Header) {
		b.HTTP.Jar.SetCookies(service, (&http.Response{Header: header}).Cookies())
	}
	_, other := r.phone()
	keep(other, answers["two"])
	page, err := other.Open(t.Context(), r.Service+answers["one"].Get("Location"))
	if err != nil || page.Status != http.StatusConflict {
		t.Errorf("a browser with another cookie: %d, %v", page.Status, err)
	}
	for _, header := range answers {
		keep(r.browser, header)
	}
	for state, header := range answers {
		page, err := r.browser.Open(t.Context(), r.Service+header.Get("Location"))
		if err != nil || page.Status != http.StatusOK {
			t.Fatalf("%s: %d, %v", state, page.Status, err)
		}
		page = r.press(page, "kuikka", "aino", "Vahvista")
		if !strings.Contains(page.App, "state="+state) || !strings.Contains(page.App, "code=") {
			t.Errorf("%s: ends at %q, %d", state, page.App, page.Status)
		}
	}
}

// A client's own site may post the request. Its form comes without our cookie, and must
// not take a login that is under way away from the browser.
func TestPostedRequestKeepsTheBrowser(t *testing.T) {
	t.Parallel()
	r := newRig(t, withPartner)
	before, err := r.browser.Open(t.Context(), r.Service+"/authorize?"+plainRequest(r, "before").Encode())
	if err != nil {
		t.Fatal(err)
	}
	status, header := r.cookieless(http.MethodPost, "/authorize", plainRequest(r, "posted"))
	if status != http.StatusSeeOther || header.Get("Set-Cookie") != "" {
		t.Fatalf("%d, sets %q", status, header.Get("Set-Cookie"))
	}
	posted, err := r.browser.Open(t.Context(), r.Service+header.Get("Location"))
	if err != nil || posted.Status != http.StatusOK {
		t.Fatalf("%d, %v", posted.Status, err)
	}
	for state, page := range map[string]robot.Page{"before": before, "posted": posted} {
		if done := r.press(page, "kuikka", "aino", "Vahvista"); !strings.Contains(done.App, "state="+state) || !strings.Contains(done.App, "code=") {
			t.Errorf("%s: ends at %q, %d", state, done.App, done.Status)
		}
	}
}
