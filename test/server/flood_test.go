package server_test

import (
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/domain/login"
	"avain/internal/testkit/robot"
)

// flooded bounds what may be unfinished, and nothing else.
func flooded(altogether, perNetwork int) func(*config.Config) {
	return func(c *config.Config) {
		onNetworks(c)
		c.Limits.OpenAttempts, c.Limits.OpenPerNetwork, c.Limits.OpenPerClient = altogether, perNetwork, altogether
		c.Limits.StartsPerKey = config.Rate{Count: 1_000_000, Per: time.Minute}
		c.Limits.StartsPerNetwork = c.Limits.StartsPerKey
	}
}

// appIn is an app of its own in a network.
func (r *rig) appIn(address string) *robot.App {
	r.Helper()
	transport := &http.Transport{}
	r.Cleanup(transport.CloseIdleConnections)
	app, err := robot.NewApp(r.Service, "smartumpay", r.App+"/return", &http.Client{Transport: from{address, transport}, CheckRedirect: robot.NoRedirect})
	if err != nil {
		r.Fatal(err)
	}
	app.Now = r.clock.now
	return app
}

// flood starts logins until its network is told to come back.
func (r *rig) flood(app *robot.App) {
	r.Helper()
	for {
		_, err := app.Start(r.Context(), nil)
		if refused, _ := errors.AsType[*robot.Refusal](err); refused != nil {
			if refused.Status != http.StatusTooManyRequests || refused.Header.Get("Retry-After") != "15" || refused.Reason != "rate_limited" {
				r.Fatalf("the flood is told %v", refused)
			}
			return
		}
		if err != nil {
			r.Fatal(err)
		}
	}
}

// A flood of one network meets its bound: it is told to come back, the database does not
// grow with it, and whoever is logged in, or was logging in already, there too, notices
// nothing. Fifteen seconds later it may begin logins again, each in the place of one that
// nobody has opened, whose page then says so in the words of the catalogue.
func TestThreat34FloodMeetsABound(t *testing.T) {
	t.Parallel()
	r := newRig(t, flooded(1000, 40))
	tokens := r.login()
	mine := r.start()
	page := r.open(mine)
	loopback := r.appIn("127.0.0.1") // where the rig's own phone is
	first, err := loopback.Start(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.flood(loopback)
	before, above := r.running(), 0
	for range 200 {
		if _, err := loopback.Start(t.Context(), nil); err == nil {
			above++
		}
	}
	// The node has counted anew meanwhile: the login that is done makes room for one.
	if after := r.running(); above > 1 || after > before+1 {
		t.Errorf("%d logins became %d, %d started above the bound", before, after, above)
	}
	r.clock.pass(20 * time.Second)
	r.eventually("one gives way", func() bool {
		_, err := loopback.Start(t.Context(), nil)
		return err == nil
	})
	r.flood(loopback)
	if after := r.running(); after > before+3 {
		t.Errorf("%d logins became %d", before, after)
	}
	if a := r.attempt(first.SupportCode); a.State != login.StateFailed || a.Reason != login.ReasonCrowdedOut {
		t.Errorf("the oldest of the unopened: %s %s", a.State, a.Reason)
	}
	gone, err := r.browser.Open(t.Context(), first.AuthorizeURL)
	if err != nil {
		t.Fatal(err)
	}
	r.mustSay(gone, http.StatusOK, "Liikaa kirjautumisia yhtä aikaa", first.SupportCode)
	back := r.press(page, bank...)
	if _, err := r.app.Finish(t.Context(), mine, back.App); err != nil {
		t.Errorf("a login that was under way: %v", err)
	}
	if _, err := r.app.Refresh(t.Context(), tokens.RefreshToken); err != nil {
		t.Errorf("somebody who is logged in: %v", err)
	}
}

// Twenty networks, each at its limit, leave room for every stranger: theirs give way.
func TestThreat37StrangersGetInBesideFullNetworks(t *testing.T) {
	t.Parallel()
	r := newRig(t, flooded(200, 50))
	for i := range 20 {
		r.flood(r.appIn("192.0.2." + strconv.Itoa(i)))
	}
	for i := range 30 {
		address := "2001:db8:" + strconv.Itoa(i) + "::1"
		if _, err := r.appIn(address).Start(t.Context(), nil); err != nil {
			t.Fatalf("stranger %d: %v", i, err)
		}
	}
	if n := r.running(); n > 300 {
		t.Errorf("%d logins are unfinished, of 200", n)
	}
}
