package people_test

import (
	"encoding/json"
	"testing"
	"time"

	"avain/internal/core/people"
	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/hetu"
	"avain/internal/domain/queue"
	"avain/internal/platform/store/storetest"
	"avain/internal/secret"
)

// ordered lets one node look who has forgotten a password, and answers the letters that it
// has ordered.
func (o *office) ordered(t *testing.T, node *people.People) (all []people.ResetJob) {
	t.Helper()
	claim := func(kind string) []queue.Job {
		due, err := o.db.Operations.ClaimJobs(t.Context(), []queue.Claim{{Kind: kind, Limit: 100, Until: o.now.Add(time.Hour)}}, o.now)
		if err != nil {
			t.Fatal(err)
		}
		return due
	}
	for _, j := range claim(people.JobPasswordForgotten) {
		if err := node.Forgotten(t.Context(), j); err != nil {
			t.Fatal(err)
		}
	}
	for _, j := range claim(people.JobPasswordReset) {
		var r people.ResetJob
		if err := json.Unmarshal(j.Payload, &r); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

// While the shared secret is replaced: whoever is known stays known, the letters that were
// ordered arrive with links that work, and passwords move on as people log in.
func TestThreat63TicketKeysChange(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	old, fresh := secret.New(), secret.New()
	with := func(keys ...secret.Text) *people.People {
		return people.New(people.Deps{
			People: o.db.People, Lookups: o.db.Keys, Credentials: o.db.People, Employments: o.db.Employments,
			Invitations: o.db.Employments, Limits: o.db.Limits, Jobs: o.db.Operations, Keys: people.Keys{Lookup: newPRF(t)}, Now: func() time.Time { return o.now }, Passwords: o.hasher,
			TicketKeys: keys, InvitationLife: 30 * 24 * time.Hour, RemindAfter: 7 * 24 * time.Hour, Wrong: o.wrong,
		})
	}
	before, after := with(old, fresh), with(fresh, old)
	o.user(t, "aino", false)
	for _, pair := range [][2]*people.People{{before, after}, {after, before}} {
		one, other := pair[0], pair[1]
		o.now = o.now.Add(people.ResetLife)
		if err := one.ForgotPassword(t.Context(), "aino"); err != nil {
			t.Fatal(err)
		}
		letters := o.ordered(t, other)
		if len(letters) != 1 {
			t.Fatalf("%d letters", len(letters))
		}
		if c, _, err := one.ResetOf(t.Context(), one.ResetTicket(letters[0])); err != nil || c.UserName != "aino" {
			t.Errorf("the link of a letter: %v", err)
		}
		m := employment.Employment{Employer: storetest.AddEmployer(t, o.db).ID, Email: "aino@example.com", Locale: "fi", Kind: employment.UserSmartumPlus}
		_, i, err := one.Hire(t.Context(), m, hetu.Code{}, true)
		if err != nil {
			t.Fatal(err)
		}
		if about, err := other.ByTicket(t.Context(), other.TicketOf(i)); err != nil || about.Invitation.ID != i.ID {
			t.Errorf("the link of a reminder: %v", err)
		}
	}
}

// Whom we knew we still recognise: guessing at a name must not lock its owner out on the day
// on which the secret is replaced.
func TestThreat63RecognisedAcrossGenerations(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	old, fresh := secret.New(), secret.New()
	with := func(keys ...secret.Text) *people.People {
		return people.New(people.Deps{
			People: o.db.People, Lookups: o.db.Keys, Credentials: o.db.People, Employments: o.db.Employments,
			Invitations: o.db.Employments, Limits: o.db.Limits, Jobs: o.db.Operations, Keys: people.Keys{Lookup: newPRF(t)}, Now: func() time.Time { return o.now }, Passwords: o.hasher, TicketKeys: keys, Wrong: o.wrong,
		})
	}
	o.user(t, "aino", false)
	home := people.Place{Browser: secret.New(), Network: "192.0.2.0/24"}
	try := func(p *people.People, typed string, at people.Place) error {
		_, err := p.CheckPassword(t.Context(), people.Try{Name: "aino", Password: secret.Of(typed), Place: at})
		return err
	}
	if err := try(with(old), rightPassword, home); err != nil {
		t.Fatal(err)
	}
	after := with(fresh, old)
	elsewhere := people.Place{Browser: secret.New(), Network: "198.51.100.0/24"}
	for n := 0; fault.AsError(try(after, "väärä", elsewhere)).Kind != fault.TooMany; n++ {
		if n > 100 {
			t.Fatal("guessing is never stopped")
		}
	}
	if err := try(after, rightPassword, home); err != nil {
		t.Errorf("the owner, at home: %v", err)
	}
}
