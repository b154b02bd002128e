package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/domain/login"
	"avain/internal/testkit/robot"
)

// exact makes the phone app a client that nothing is kinder to than the specifications.
func exact(c *config.Config) { c.Clients[0].Exact = true }

// tryRequestURI tries a request_uri in a browser: the page of the means, or an error page.
func tryRequestURI(r *rig, b *robot.Browser, l robot.Login) robot.Page {
	r.Helper()
	page, err := b.Open(r.Context(), l.AuthorizeURL)
	if err != nil {
		r.Fatal(err)
	}
	return page
}

// A request_uri is good until its last second and not a moment longer, whatever time a
// login may take; that of a FAPI client always lives less than 600 s (FAPI 2.0
// §5.3.2.2). What the suite asks: par-attempt-to-use-expired-request_uri, happy-flow.
func TestRequestURIEndsAtItsLastSecond(t *testing.T) {
	t.Parallel()
	for _, life := range []time.Duration{5 * time.Minute, 10 * time.Minute, 20 * time.Minute} {
		for client, whole := range map[string]time.Duration{"smartumpay": min(life, 599*time.Second), "shop-none": life} {
			r := newRig(t, withDPoPClients(), func(c *config.Config) { c.Lifetimes.Attempt = life })
			if client == "shop-none" {
				shop, err := robot.NewApp(r.Service, client, r.App+"/return", r.app.HTTP)
				if err != nil {
					t.Fatal(err)
				}
				shop.Now, shop.Scope, r.app = r.clock.now, "openid", shop
			}
			r.endsOnTime(whole)
		}
	}
}

// endsOnTime tries a request_uri that nobody has opened, and one that was opened at the
// last moment and is good for as long as its login then.
func (r *rig) endsOnTime(whole time.Duration) {
	r.Helper()
	begin := func() robot.Login {
		l := r.start()
		if l.ExpiresIn != 120 {
			r.Errorf("expires_in %d", l.ExpiresIn)
		}
		return l
	}
	opened, unopened := begin(), begin()
	first, second := r.attempt(opened.SupportCode).CreatedAt, r.attempt(unopened.SupportCode).CreatedAt
	try := func(l robot.Login, at time.Time, good bool) {
		r.Helper()
		r.clock.stop(at)
		if page := tryRequestURI(r, r.browser, l); strings.Contains(page.Body, `value="kuikka"`) != good {
			r.Errorf("logins of %s, at %s: %d\n%s", whole, at.Sub(first), page.Status, page.Body)
		}
	}
	try(opened, first.Add(2*time.Minute-time.Millisecond), true)
	try(unopened, second.Add(2*time.Minute), false)
	try(opened, first.Add(whole-time.Millisecond), true)
	try(opened, first.Add(whole), false)
}

// The suite's expectations of an exact client, one after the other: the names are those
// of its tests, without fapi2-security-profile-final-. Beside each, what other clients get.
func TestExactClientMeetsTheSuite(t *testing.T) {
	t.Parallel()
	t.Run("par-attempt-reuse-request_uri", func(t *testing.T) {
		t.Parallel()
		for _, kind := range []bool{false, true} {
			r := newRig(t, func(c *config.Config) { c.Clients[0].Exact = !kind })
			l := r.start()
			first := r.press(r.open(l), bank...)
			page := tryRequestURI(r, r.browser, l)
			if kind && page.App != first.App {
				t.Errorf("the same browser came to %q (%d)", page.App, page.Status)
			}
			if !kind && (page.App != "" || page.Status < http.StatusBadRequest || !strings.Contains(page.Body, "Y")) {
				t.Errorf("used again: %d, sent to %q", page.Status, page.App)
			}
			if _, err := r.app.Finish(t.Context(), l, first.App); err != nil {
				t.Error(err)
			}
			if page := tryRequestURI(r, r.browser, l); page.App != "" || !kind && page.Status < http.StatusBadRequest {
				t.Errorf("after the login: %d, sent to %q", page.Status, page.App)
			}
		}
	})
	t.Run("par-ensure-reused-request-uri-prior-to-auth-completion-succeeds", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, exact)
		l := r.start()
		r.open(l)
		means := r.press(r.open(l), "kuikka") // and from the bank's page back to the app, which opens it once more
		if means.App != "" {
			t.Fatal(means.App)
		}
		if _, err := r.app.Finish(t.Context(), l, r.press(r.open(l), bank...).App); err != nil {
			t.Error(err)
		}
	})
	t.Run("attempt-reuse-authorization-code-after-one-second", func(t *testing.T) {
		t.Parallel()
		for _, kind := range []bool{false, true} {
			r := newRig(t, func(c *config.Config) { c.Clients[0].Exact = !kind })
			l := r.start()
			code := mustParse(t, r.press(r.open(l), bank...).App).Query().Get("code")
			first, err := r.app.Redeem(t.Context(), l, code)
			if err != nil {
				t.Fatal(err)
			}
			r.clock.pass(time.Second)
			again, err := r.app.Redeem(t.Context(), l, code)
			if kind && (err != nil || again.RefreshToken != first.RefreshToken) {
				t.Errorf("the lost answer was not given again: %v", err)
			}
			if !kind && (refusal(err).Status != http.StatusBadRequest || refusal(err).Code != "invalid_grant") {
				t.Errorf("the code again: %v", err)
			}
			// RFC 6749 §4.1.2: what the code was worth is void.
			if _, err := r.app.UserInfo(t.Context(), first.AccessToken); (err == nil) != kind {
				t.Errorf("exact %t: the access token afterwards: %v", !kind, err)
			}
		}
	})
	t.Run("dpop iat", func(t *testing.T) { // ensure-dpop-proof-with-iat-10seconds-after-succeeds, -before-; dpop-negative-tests
		t.Parallel()
		for off, taken := range map[time.Duration]bool{
			-10 * time.Second: true, 10 * time.Second: true, 59 * time.Second: true, 62 * time.Second: false, time.Hour: false,
		} {
			r := newRig(t, exact)
			tokens := r.login()
			r.app.Now = func() time.Time { return r.clock.now().Add(off) }
			_, started := r.app.Start(t.Context(), nil)
			_, refreshed := r.app.Refresh(t.Context(), tokens.RefreshToken)
			_, informed := r.app.UserInfo(t.Context(), tokens.AccessToken)
			_, status := r.app.Status(t.Context(), robot.Login{AuthSession: "none"}, "")
			for what, err := range map[string]error{"/par": started, "/token": refreshed, "/userinfo": informed, "/attempt-status": status} {
				if wrong := code(err) == "invalid_dpop_proof" && refusal(err).Reason == string(login.ReasonClockWrong); wrong == taken {
					t.Errorf("iat %s off at %s: %v", off, what, err)
				}
			}
		}
	})
}

// A phone whose clock is wrong logs in and stays logged in, and support reads by how
// much it is off.
func TestWrongClockKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	for off, note := range map[time.Duration]string{
		time.Hour: "clock.ahead_1h0m0s", -26 * 365 * 24 * time.Hour: "clock.behind_227760h0m0s", 59 * time.Second: "", -50 * time.Second: "",
	} {
		r := newRig(t)
		r.app.Now = func() time.Time { return r.clock.now().Truncate(time.Second).Add(off) }
		r.clock.stop(r.clock.now().Truncate(time.Second))
		l := r.start()
		tokens, err := r.app.Finish(t.Context(), l, r.press(r.open(l), bank...).App)
		if err != nil {
			t.Fatal(off, err)
		}
		if _, err := r.app.UserInfo(t.Context(), tokens.AccessToken); err != nil {
			t.Error(off, err)
		}
		if _, err := r.app.Refresh(t.Context(), tokens.RefreshToken); err != nil {
			t.Error(off, err)
		}
		seen := map[string]string{}
		for _, e := range r.attempt(l.SupportCode).Timeline {
			seen[e.Step] = e.Detail
		}
		if seen[login.StepStart] != note || seen[login.StepRedeem] != note {
			t.Errorf("%s off: the timeline says %q", off, seen)
		}
	}
	// A proof of any time is good once, as long as its nonce is.
	r := newRig(t)
	r.start()
	form := url.Values{"client_id": {"smartumpay"}, "auth_session": {"none"}}
	proof := robot.Proof{Method: http.MethodPost, URL: r.Service + "/attempt-status", At: r.clock.now().Add(time.Hour)}
	_, _, header := r.send(http.MethodPost, "/attempt-status", form, http.Header{"Dpop": {mustProve(r, proof)}})
	proof.Nonce = header.Get("DPoP-Nonce")
	signed := http.Header{"Dpop": {mustProve(r, proof)}}
	for _, try := range []struct {
		after time.Duration
		want  string
	}{
		{0, "invalid_session"}, {time.Second, "proof_replayed"}, {2 * time.Minute, "proof_replayed"}, {13 * time.Minute, "use_dpop_nonce"},
	} {
		r.clock.pass(try.after)
		if _, body, _ := r.send(http.MethodPost, "/attempt-status", form, signed); !strings.Contains(body, try.want) {
			t.Errorf("%s later: %s, want %s", try.after, body, try.want)
		}
	}
}

func mustProve(r *rig, p robot.Proof) string {
	r.Helper()
	proof, err := r.app.Key.Prove(p)
	if err != nil {
		r.Fatal(err)
	}
	return proof
}
