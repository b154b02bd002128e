package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// actions lists what the audit log holds.
func (r *rig) actions() []string {
	r.Helper()
	entries, err := r.Inside.Store.ReadAudit(r.Context(), 0, 1000)
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
	for action, most := range map[string]int{"key.rotate": 1, "session.create": 1, "session.revoke": 1, "proof.replay": 5, "client.refuse": 5} {
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
