package server_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/robot"
)

// A flood from many keys and networks meets the bound on unfinished logins: it is told
// to come back, the database does not grow with it, and whoever is logged in, or was
// logging in already, notices nothing.
func TestThreat34FloodMeetsABound(t *testing.T) {
	t.Parallel()
	const most = 40
	r := newRig(t, func(c *config.Config) {
		c.Limits.OpenAttempts = most
		c.Limits.StartsPerKey = config.Rate{Count: 1_000_000, Per: time.Minute}
		c.Limits.StartsPerNetwork = c.Limits.StartsPerKey
	})
	tokens := r.login()
	mine := r.start()
	page := r.open(mine)
	var refused *robot.Refusal
	for began := time.Now(); refused == nil && time.Since(began) < patience; { // the node counts every two seconds
		_, err := r.app.Start(t.Context(), nil)
		refused, _ = errors.AsType[*robot.Refusal](err)
		if err != nil && refused == nil {
			t.Fatal(err)
		}
	}
	if refused == nil || refused.Status != http.StatusServiceUnavailable || refused.Header.Get("Retry-After") == "" || refused.Reason != "rate_limited" {
		t.Fatalf("the flood is told %v", refused)
	}
	before := r.running()
	for range 200 {
		if _, err := r.app.Start(t.Context(), nil); err == nil {
			t.Fatal("started above the bound")
		}
	}
	if after := r.running(); after != before {
		t.Errorf("%d logins became %d", before, after)
	}
	back := r.press(page, bank...)
	if _, err := r.app.Finish(t.Context(), mine, back.App); err != nil {
		t.Errorf("a login that was under way: %v", err)
	}
	if _, err := r.app.Refresh(t.Context(), tokens.RefreshToken); err != nil {
		t.Errorf("somebody who is logged in: %v", err)
	}
}
