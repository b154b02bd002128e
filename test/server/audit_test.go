package server_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/audit"
	"avain/internal/platform/store/storetest"
	"avain/internal/testkit/brokersim"
	"avain/internal/testkit/robot"
)

// actions lists what the audit log holds.
func (r *rig) actions() []string {
	r.Helper()
	entries, err := storetest.ReadAudit(r.Context(), r.Inside.Store, 0, 1000)
	if err != nil {
		r.Fatal(err)
	}
	all := make([]string, 0, len(entries))
	for _, e := range entries {
		all = append(all, e.Action+" "+e.Target)
	}
	return all
}

// What an operator must be able to reconstruct stands in the audit log: the first
// key, logins and their ends, and refusals that smell of theft, a bounded number of
// times.
func TestAuditLogTellsTheStory(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	tokens := r.login()
	_, _, header := r.send(http.MethodGet, "/userinfo", nil, http.Header{"Authorization": {"DPoP " + tokens.AccessToken}})
	proof, err := r.app.Key.Prove(proofFor(r, "/userinfo", header.Get("DPoP-Nonce"), tokens.AccessToken))
	if err != nil {
		t.Fatal(err)
	}
	for range 20 { // the first is right, the others are replays
		r.send(http.MethodGet, "/userinfo", nil, http.Header{"Authorization": {"DPoP " + tokens.AccessToken}, "Dpop": {proof}})
	}
	refused := http.Header{"Authorization": {"Basic c21hcnR1bXBheTpndWVzcw=="}} // smartumpay:guess
	for range 20 {
		if status, _, _ := r.send(http.MethodPost, "/token", map[string][]string{"grant_type": {"refresh_token"}}, refused); status != http.StatusUnauthorized {
			t.Fatalf("status %d", status)
		}
	}
	if err := r.app.Revoke(t.Context(), tokens.RefreshToken); err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, line := range r.actions() {
		action, _, _ := strings.Cut(line, " ")
		got[action]++
	}
	for action, most := range map[string]int{"key.rotate": 1, "session.create": 1, "session.revoke": 1, "proof.replay": 10, "client.refuse": 10} {
		if got[action] == 0 || got[action] > most {
			t.Errorf("%s stands %d times in the log, want 1 to %d", action, got[action], most)
		}
	}
	for _, line := range r.actions() {
		if slices.Contains([]string{"", "client:", "session:"}, line) {
			t.Errorf("an entry about nothing: %q", line)
		}
	}
}

// What a running service writes is a chain that can be followed while it runs, noted in
// its own log, and without anything that must not stand in it.
func TestAuditChainOfARunningService(t *testing.T) {
	t.Parallel()
	var chain audit.Chain
	r := newRig(t, func(c *config.Config) { chain = audit.NewChain(c.Keys.Secret.Derive("audit chain")) })
	tokens := r.login()
	if _, err := r.Inside.Store.Audit.SealAudit(t.Context()); err != nil {
		t.Fatal(err)
	}
	noted, err := r.Inside.Store.Audit.AuditHead(t.Context())
	if err != nil || noted.Seq < 2 {
		t.Fatal(noted, err)
	}
	var others sync.WaitGroup
	for range 5 {
		others.Go(func() {
			if err := r.Inside.Store.Audit.AppendAudit(t.Context(), operations.AuditEntry{At: time.Now(), Actor: "system", Action: "key.rotate", Target: "key:x"}); err != nil {
				t.Error(err)
			}
		})
	}
	if v, err := chain.Verify(t.Context(), r.Inside.Store.Audit, noted, nil); err != nil || v.Break != nil {
		t.Errorf("%+v, %v", v, err)
	}
	others.Wait()
	if err := r.app.Revoke(t.Context(), tokens.RefreshToken); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Inside.Store.Audit.SealAudit(t.Context()); err != nil {
		t.Fatal(err)
	}
	v, err := chain.Verify(t.Context(), r.Inside.Store.Audit, noted, nil)
	if err != nil || v.Break != nil || v.Before != 0 || v.Entries < noted.Seq+6 {
		t.Errorf("%+v, %v", v, err)
	}
	rows, err := r.Inside.Store.Audit.AuditRows(t.Context(), 0, v.Entries, int(v.Entries))
	if err != nil || int64(len(rows)) != v.Entries {
		t.Fatal(len(rows), err)
	}
	for _, row := range rows {
		for _, secret := range []string{tokens.AccessToken, tokens.RefreshToken, "Virtanen", brokersim.People()[0].HETU.Reveal()} {
			if secret != "" && strings.Contains(row.Actor+row.Action+row.Target+row.Detail, secret) {
				t.Errorf("entry %d holds %q", row.Seq, secret)
			}
		}
	}
	if !strings.Contains(r.log.String(), `"msg":"audit head","head":"`) {
		t.Error("the head stands nowhere but in the database")
	}
}

// Whoever starts links and opens them twice, which costs nothing and needs nobody, does
// not fill a log that nothing is deleted from.
func TestThreat48ReusedLinksFillNoLog(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *config.Config) { c.Limits.StartsPerKey = config.Rate{Count: 1000, Per: time.Minute} })
	const links = 25
	for range links {
		l := r.link(r.Service + "/return")
		_, first := r.phone()
		_, second := r.phone()
		pages := map[*robot.Browser]robot.Page{}
		for _, browser := range []*robot.Browser{first, second} { // looking does no harm
			page, err := browser.Open(t.Context(), l.LoginLink)
			if err != nil {
				t.Fatal(err)
			}
			pages[browser] = page
		}
		for browser, page := range pages {
			if _, err := browser.Press(t.Context(), page, "Kirjaudu", nil); err != nil {
				t.Fatal(err)
			}
		}
		if a := r.attempt(l.SupportCode); a.State != login.StateBurned {
			t.Fatalf("the link is %s", a.State)
		}
	}
	count := func() (written, told int64) {
		entries, err := storetest.ReadAudit(t.Context(), r.Inside.Store, 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.Action == "link.reuse" {
				unwritten, _ := strconv.ParseInt("0"+e.Detail[audit.Unwritten], 10, 64)
				written, told = written+1, told+unwritten
			}
		}
		return written, told
	}
	if written, _ := count(); written < 5 || written > 11 {
		t.Errorf("%d links leave %d entries", links, written)
	}
	if err := r.Inside.Audit.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if written, unwritten := count(); written-1+unwritten != links {
		t.Errorf("%d entries tell of %d more, of %d", written, unwritten, links)
	}
}
