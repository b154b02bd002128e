package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"avain/internal/domain/employment"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/staff"
)

// An address was mistyped and then corrected: whoever reads the wrong mailbox can do
// nothing with the old letter, whichever way the address came; and a letter that reaches
// a stranger all the same is held by the name.
func TestThreat41InvitationsEndWithTheirAddress(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	m, i := r.invite(r.employer("Merituuli Oy"), "vieno.hautalo@example.com")
	_, old := r.letter("vieno.hautalo@example.com", 1)
	begun := r.press(r.at(old), "Aktivoi edut", "kuikka", "maija") // already at the bank
	m.Email = "vieno.hautala@example.com"
	if err := r.Inside.Store.Employments.ChangeEmployment(t.Context(), m, r.clock.now()); err != nil {
		t.Fatal(err)
	}
	if r.invitation(i.ID).RevokedAt.IsZero() {
		t.Error("the invitation is open")
	}
	r.mustTell(r.press(begun, "Vahvista"), "Kutsu ei ole enää voimassa")
	r.mustSay(r.at(old), http.StatusGone)
	if _, _, err := r.Inside.People.Invite(t.Context(), r.employment(m.ID)); err != nil {
		t.Fatal(err)
	}
	r.Inside.Jobs.Wake()
	_, link := r.letter("vieno.hautala@example.com", 1)
	r.app, r.browser = r.phone()
	r.mustSay(r.activate(link, "vieno"), http.StatusOK, activated)
}

// The letter reaches a stranger: they are held, nothing is bound, the employer sees that it
// was another name and not whose, and the right person still activates.
func TestThreat41AnotherNameIsHeld(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	named := func(m *employment.Employment) { m.GivenName, m.FamilyName = "Vieno", "Salmi" } // married since
	m, i := r.invite(r.employer("Merituuli Oy"), "vieno@example.com", named)
	_, link := r.letter("vieno@example.com", 1)
	held := r.activate(link, "maija")
	r.mustTell(held, "Nimi on toinen kuin kutsussa")
	r.mustSay(held, held.Status, "!Vieno", "!Salmi", "!Lounas", "tukikoodi", "avaa sama linkki uudelleen")
	if after := r.employment(m.ID); after.Person != "" || !after.ActivatedAt.IsZero() {
		t.Errorf("bound: %+v", after)
	}
	if after := r.invitation(i.ID); after.HeldAt.IsZero() || !after.UsedAt.IsZero() || !after.RevokedAt.IsZero() {
		t.Errorf("the invitation: %+v", after)
	}
	all, err := r.Inside.Store.Employments.HeldActivations(t.Context(), m.ID)
	if err != nil || len(all) != 1 || all[0].SupportCode == "" || !strings.Contains(held.Body, all[0].SupportCode) {
		t.Fatalf("%+v, %v; the page must show the code", all, err)
	}
	r.app, r.browser = r.phone()
	r.mustSay(r.activate(link, "vieno"), http.StatusOK, activated)
	if all, err = r.Inside.Store.Employments.HeldActivations(t.Context(), m.ID); err != nil || len(all) != 0 {
		t.Errorf("what was held is kept: %+v, %v", all, err)
	}
}

// An agent who has made sure of it releases the one human, with a reason, and no other.
func TestThreat41AgentReleasesOneHuman(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	named := func(m *employment.Employment) { m.GivenName, m.FamilyName = "Tuula", "Pekkarinen" }
	m, _ := r.invite(r.employer("Merituuli Oy"), "vieno@example.com", named)
	_, link := r.letter("vieno@example.com", 1)
	for _, who := range []string{"maija", "vieno"} {
		r.app, r.browser = r.phone()
		r.mustTell(r.activate(link, who), "Nimi on toinen kuin kutsussa")
	}
	all, err := r.Inside.Store.Employments.HeldActivations(t.Context(), m.ID)
	if err != nil || len(all) != 2 {
		t.Fatalf("%+v, %v", all, err)
	}
	code := all[0].SupportCode // the newest: Vieno's
	a := r.agent(staff.RoleAgent)
	path := "/console/records/" + m.ID
	page := a.get(path)
	if !strings.Contains(page.Body, code) || strings.Contains(page.Body, "Hautala") || strings.Contains(page.Body, "Vieno") {
		t.Errorf("the record must show the code and no stranger's name:\n%s", page.Body)
	}
	for form, status := range map[string]int{"": http.StatusBadRequest, "nimi vaihtunut, soitettu työnantajalle": http.StatusSeeOther} {
		if got := a.post(path+"/held/"+all[0].ID, url.Values{"because": {form}}); got.Status != status {
			t.Errorf("%q: %d", form, got.Status)
		}
	}
	if got := a.post(path+"/held/"+login.NewID(), url.Values{"because": {"arvaus umpimähkään"}}); got.Status != http.StatusNotFound {
		t.Errorf("a made-up one: %d", got.Status)
	}
	acts, err := r.Inside.Store.People.StaffActsOn(t.Context(), "employment:"+m.ID, 10)
	if err != nil || len(acts) == 0 || !strings.Contains(acts[0].Action+acts[0].Detail["because"], "release_activation") && !actOf(acts, "staff.release_activation") {
		t.Errorf("audit: %+v, %v", acts, err)
	}
	r.app, r.browser = r.phone()
	r.mustTell(r.activate(link, "maija"), "Nimi on toinen kuin kutsussa")
	r.app, r.browser = r.phone()
	r.mustSay(r.activate(link, "vieno"), http.StatusOK, activated)
}

func actOf(all []operations.AuditEntry, action string) bool {
	for _, e := range all {
		if e.Action == action && e.Detail["because"] != "" {
			return true
		}
	}
	return false
}

// An employer may say that names do not matter, and an identity code says more than a name.
func TestThreat41AnyName(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.employer("Merituuli Oy")
	if err := r.Inside.Store.Employments.SetAnyName(t.Context(), e.ID, true, r.clock.now()); err != nil {
		t.Fatal(err)
	}
	r.invite(e, "vieno@example.com", func(m *employment.Employment) { m.GivenName, m.FamilyName = "Tuula", "Pekkarinen" })
	_, link := r.letter("vieno@example.com", 1)
	r.mustSay(r.activate(link, "vieno"), http.StatusOK, activated)
}
