package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// What a client gets back is what it sent, to the byte, or it is refused.
func TestStateComesBackAsItCame(t *testing.T) {
	t.Parallel()
	r := newRig(t, withPartner)
	for _, state := range []string{"%ff%fe", "%c3", "%ed%a0%80", "a%0ab", "a%0d%0ab", "%09", "%7f", "%c2%85"} {
		for _, name := range []string{"state", "nonce"} {
			request := plainRequest(r, "s")
			request.Del(name)
			status, _, header := r.send(http.MethodGet, "/authorize?"+request.Encode()+"&"+name+"="+state, nil, nil)
			if location := header.Get("Location"); strings.HasPrefix(location, "/login/") || status == http.StatusOK {
				t.Errorf("%s=%s: taken", name, state)
			}
			if strings.Contains(header.Get("Location"), "%EF%BF%BD") {
				t.Errorf("%s=%s comes back as other bytes: %s", name, state, header.Get("Location"))
			}
		}
		if status, _, _ := r.send(http.MethodGet, "/logout?state="+state, nil, nil); status != http.StatusBadRequest {
			t.Errorf("/logout?state=%s: %d", state, status)
		}
	}
	for _, state := range []string{"äö€🦊", "a b+c%20d&e=f;g", `<"'>\u2028` + "\u2028\u200f\ufffd", strings.Repeat("€", 170)} {
		page, err := r.browser.Open(t.Context(), r.Service+"/authorize?"+plainRequest(r, state).Encode())
		if err != nil || page.Status != http.StatusOK {
			t.Fatalf("%q: %d, %v", state, page.Status, err)
		}
		back, err := url.Parse(r.press(page, "Peruuta").App)
		if err != nil || back.Query().Get("state") != state {
			t.Errorf("%q comes back as %q", state, back.Query().Get("state"))
		}
	}
}

// HEAD changes nothing, at any page of a login, and takes nothing away from it.
func TestHeadChangesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, withPartner)
	head := func(address string) {
		t.Helper()
		before := r.begun()
		status, _, header := r.send(http.MethodHead, strings.TrimPrefix(address, r.Service), nil, nil)
		if status != http.StatusOK || header.Get("Set-Cookie") != "" || header.Get("Location") != "" {
			t.Errorf("HEAD %s: %d %v", address, status, header)
		}
		if after := r.begun(); after != before {
			t.Errorf("HEAD %s: %d logins have begun, were %d", address, after, before)
		}
	}
	head(r.Service + "/authorize?" + plainRequest(r, "s").Encode())
	l := r.start()
	head(l.AuthorizeURL)
	means := r.open(l)
	callback := r.stopAt("/callback/", r.press(means, "kuikka", "aino"), "Vahvista")
	lines := len(r.attempt(l.SupportCode).Timeline)
	for _, address := range []string{means.URL, callback, r.Service + "/me", r.Service + "/me/return?code=x&state=y", r.Service + "/return?code=x"} {
		head(address)
	}
	if after := r.attempt(l.SupportCode); len(after.Timeline) != lines {
		t.Errorf("the timeline has grown: %+v", after.Timeline[lines:])
	}
	page, err := r.browser.Open(t.Context(), callback)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.app.Finish(t.Context(), l, page.App); err != nil {
		t.Errorf("the login was lost: %v", err)
	}
}

// begun counts the logins that are not over.
func (r *rig) begun() int64 {
	r.Helper()
	n, err := r.Inside.Store.Attempts.RunningAttempts(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	return n
}
