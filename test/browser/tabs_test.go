package browser_test

import (
	"net/url"
	"strings"
	"testing"
)

// TestTwoTabsOpenedAtOnce: a browser without a cookie opens two tabs, and each request is
// on its way before the other is answered. Both logins belong to this browser.
func TestTwoTabsOpenedAtOnce(t *testing.T) {
	t.Parallel()
	w, p := newPartnerWorld(t)
	somebody := w.newBrowser().owner(phone())
	somebody.wire.gather("/authorize", 2)
	tabs := map[string]*tab{"one": somebody.newTab(), "two": somebody.newTab()}
	for state, b := range tabs {
		p.watch(b)
		address := w.Service + "/authorize?" + url.Values{
			"client_id": {"partner"}, "response_type": {"code"}, "redirect_uri": {p.URL + "/return"}, "scope": {"openid"},
			"state": {state}, "code_challenge": {strings.Repeat("A", 43)}, "code_challenge_method": {"S256"},
		}.Encode()
		b.must(second(evaluate[bool](b, "setTimeout(() => { location.href = "+quote(address)+" }, 0) > 0")))
	}
	left := 0
	for state, b := range tabs {
		b.front()
		b.at(w.Service + "/login/")
		b.press("Kuikka Pankki")
		b.press(aino)
		b.pressAndStay("Vahvista")
		left++
		if heard := b.mustLeave(p, left); heard.Get("state") != state || heard.Get("code") == "" {
			t.Errorf("%s: the client hears %v", state, heard)
		}
	}
}
