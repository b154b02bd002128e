package server_test

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/staff"
)

// TestThreat49StolenCookieLetsNobodyIn: whoever has a signed-in browser's cookie, and no
// passkey, can change nothing about who gets into the console.
func TestThreat49StolenCookieLetsNobodyIn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a, other := r.agent(staff.RoleOperator), r.agent(staff.RoleOperator)
	thief := r.stranger()
	thief.key = newAuthenticator(t, r.Admin)
	thief.http.Jar.SetCookies(mustParse(t, r.Admin), a.http.Jar.Cookies(mustParse(t, r.Admin)))
	if got := thief.get("/console/passkeys"); got.Status != http.StatusOK {
		t.Fatalf("the cookie opens nothing: the test is blind: %d", got.Status)
	}
	keys := func() int {
		t.Helper()
		all, err := r.Inside.Store.Staff.PasskeysOf(t.Context(), a.id)
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	if got := thief.addPasskey(thief.key); got.Status != http.StatusForbidden {
		t.Errorf("the thief's own passkey confirms with %d %s", got.Status, got.Body)
	}
	elsewhere, _ := a.confirm("/console/staff")
	others, _ := other.confirm("/console/passkeys/begin")
	for what, proof := range map[string]string{"none": "", "made up": "AAAA", "garbage": "%", "for another act": elsewhere, "of somebody else": others} {
		got := thief.script("/console/passkeys/begin", map[string]string{"confirmed": proof}, nil)
		if got.Status != http.StatusGone && got.Status != http.StatusUnauthorized || strings.Contains(got.Body, "challenge") {
			t.Errorf("proof %s: %d %s", what, got.Status, got.Body)
		}
	}
	if got := thief.script("/console/passkeys/finish", thief.key.create(creation{}), nil); got.Status != http.StatusGone {
		t.Errorf("the second half alone: %d", got.Status)
	}
	for _, act := range []string{"/console/staff", "/console/staff/" + other.id, "/console/passkeys/" + login.NewID() + "/remove"} {
		got := thief.post(act, url.Values{"name": {"Varas"}, "role": {"operator"}, "do": {"disable"}})
		if got.Status != http.StatusUnauthorized || !strings.Contains(got.Body, `data-passkey="confirm"`) || !strings.Contains(got.Body, `name="confirmed" value=""`) {
			t.Errorf("%s: %d", act, got.Status)
		}
	}
	if staff, err := r.Inside.Store.Staff.Staff(t.Context()); err != nil || len(staff) != 2 || staff[0].Disabled() || staff[1].Disabled() || keys() != 1 {
		t.Fatalf("the thief has changed something: %+v, %d passkeys, %v", staff, keys(), err)
	}
	for _, route := range r.Inside.Console.Routes() {
		about := strings.HasPrefix(route.Pattern, "/console/passkeys") || strings.HasPrefix(route.Pattern, "/console/staff")
		if about && route.Method == http.MethodPost && !strings.HasSuffix(route.Pattern, "/finish") && !slices.Contains(r.Inside.Console.Confirmed(), route.Pattern) {
			t.Errorf("%s asks for no proof", route.Pattern)
		}
	}
}

// A proof is for one act of one person in one browser, once, for two minutes.
func TestThreat49ProofsCountOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.agent(staff.RoleOperator)
	invite := func(one *agent, proof string) int {
		return one.post("/console/staff", url.Values{"name": {"Pekka"}, "role": {"agent"}, "confirmed": {proof}}).Status
	}
	proof, got := a.confirm("/console/staff")
	if got.Status != http.StatusOK {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	if got := invite(a, proof); got != http.StatusSeeOther {
		t.Errorf("the right one: %d", got)
	}
	if got := invite(a, proof); got != http.StatusGone {
		t.Errorf("again: %d", got)
	}
	late, _ := a.confirm("/console/staff")
	r.clock.pass(2 * time.Minute)
	if got := invite(a, late); got != http.StatusGone {
		t.Errorf("two minutes later: %d", got)
	}
	second := r.stranger()
	second.key = a.key
	if got := second.signIn(); got.Status != http.StatusOK {
		t.Fatal(got)
	}
	elsewhere, _ := second.confirm("/console/staff")
	if got := invite(a, elsewhere); got != http.StatusGone {
		t.Errorf("of another browser: %d", got)
	}
	key := newAuthenticator(t, r.Admin)
	if got := a.addPasskey(key); got.Status != http.StatusOK {
		t.Fatalf("a second passkey: %d %s", got.Status, got.Body)
	}
	all, err := r.Inside.Store.Staff.PasskeysOf(t.Context(), a.id)
	if err != nil || len(all) != 2 {
		t.Fatalf("%d passkeys, %v", len(all), err)
	}
	if got := a.postConfirmed("/console/passkeys/"+all[1].ID+"/remove", nil); got.Status != http.StatusSeeOther {
		t.Errorf("remove it: %d %s", got.Status, got.Body)
	}
}

// Everybody with the role is told of a new passkey, until they have said that they saw it,
// and each in their own browser.
func TestThreat49EverybodyWithTheRoleIsTold(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	lead, plain, operator := r.agent(staff.RoleLead), r.agent(staff.RoleAgent), r.agent(staff.RoleOperator)
	colleague := r.agent(staff.RoleLead)
	seen := func(one *agent) string {
		t.Helper()
		_, after, found := strings.Cut(one.get("/console/").Body, "Uusia pääsyavaimia")
		if !found {
			return ""
		}
		before, _, _ := strings.Cut(after, "</section>")
		return before
	}
	quiet := func(one *agent) {
		t.Helper()
		got := one.post("/console/seen", url.Values{"until": {inMillis(r.clock.now())}, "back": {"//evil.example/"}})
		if got.Status != http.StatusSeeOther || got.Location != "/console/" || seen(one) != "" {
			t.Errorf("after it was seen: %d to %q, %s", got.Status, got.Location, seen(one))
		}
	}
	everybody := map[string]*agent{"its owner": lead, "somebody without the role": plain, "an operator": operator, "a colleague": colleague}
	for _, one := range everybody {
		quiet(one)
	}
	r.clock.pass(20 * time.Minute)
	if got := lead.addPasskey(newAuthenticator(t, r.Admin)); got.Status != http.StatusOK {
		t.Fatal(got)
	}
	for who, want := range map[string]string{"a colleague": "Sanna lead", "an operator": "Sanna lead", "its owner": "Sinä", "somebody without the role": ""} {
		if got := seen(everybody[who]); (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%s is told %q, want %q", who, got, want)
		}
	}
	quiet(colleague)
	again := r.stranger()
	again.key = colleague.key
	if got := again.signIn(); got.Status != http.StatusOK || !strings.Contains(seen(again), "Sanna lead") {
		t.Error("what was seen in one browser is not told in another")
	}
	r.clock.pass(8 * 24 * time.Hour)
	if got := again.signIn(); got.Status != http.StatusOK || seen(again) != "" {
		t.Error("it is told for ever")
	}
	if got := again.post("/console/seen", url.Values{"until": {inMillis(r.clock.now().Add(time.Hour))}}); got.Status != http.StatusBadRequest {
		t.Errorf("what is to come was seen: %d", got.Status)
	}
}

func inMillis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
