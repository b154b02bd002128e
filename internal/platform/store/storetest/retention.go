package storetest

import (
	"testing"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/store"
)

const day = 24 * time.Hour

// retention lets the clock pass over employers' records, invitations, resets of
// passwords and persons.
func retention(t *testing.T, s *store.Store) {
	ctx := t.Context()
	e := employment.Employer{ID: login.NewID(), Name: "Kahvila Oy", Locale: "fi", CreatedAt: Noon()}
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ok(s.Employments.AddEmployer(ctx, e))
	record := func(person string) employment.Employment {
		return employment.Employment{ID: login.NewID(), Employer: e.ID, Person: person, Kind: employment.UserSmartumPlus, CreatedAt: Noon()}
	}
	alone, joined, left := Person(), Person(), Person()
	for _, p := range []*login.Person{&alone, &joined, &left} {
		p.Benefits = nil
		ok(s.People.AddPerson(ctx, *p, nil, nil))
	}
	ok(s.People.JoinPersons(ctx, joined.ID, alone.ID, Noon()))
	locked := Person()
	locked.Benefits, locked.LockedAt = nil, Noon()
	ok(s.People.AddPerson(ctx, locked, nil, nil))
	named := Person()
	named.Benefits = nil
	ok(s.People.AddPerson(ctx, named, nil, nil))
	c := Credential(named.ID)
	ok(s.People.AddCredential(ctx, c))
	reset := NewHash()
	ok(s.People.AddReset(ctx, reset, c.ID, Noon(), Noon().Add(time.Hour)))

	working, ended := record(""), record(left.ID)
	i := employment.Invitation{ID: login.NewID(), Employment: working.ID, Token: NewHash(), CreatedAt: Noon(), ExpiresAt: Noon().Add(30 * day)}
	ok(s.Employments.AddInvited(ctx, working, i))
	ok(s.Employments.AddEmployment(ctx, ended))
	ok(s.Employments.EndEmployment(ctx, e.ID, ended.ID, Noon()))

	person := func(id string) func() error {
		return func() error { _, err := s.People.PersonByID(ctx, id); return err }
	}
	employment := func(id string) func() error {
		return func() error { _, err := s.Employments.EmploymentByID(ctx, id); return err }
	}
	there := map[string]func() error{
		"person alone": person(alone.ID), "record joined to them": person(joined.ID), "person who left": person(left.ID),
		"locked person": person(locked.ID), "person with a user name": person(named.ID),
		"record of who works": employment(working.ID), "record of who left": employment(ended.ID),
		"invitation": func() error { _, err := s.Employments.InvitationByID(ctx, i.ID); return err },
	}
	keep := store.Retention{}
	for _, step := range []struct {
		name  string
		after time.Duration
		gone  []string
	}{
		{"almost 210 days", 210*day - time.Millisecond, nil},
		{"210 days", 210 * day, []string{"invitation"}},
		{"almost two years", 730*day - time.Millisecond, nil},
		{"two years", 730 * day, []string{"record of who left", "person alone", "record joined to them", "person who left"}},
		{"ten years", 3650 * day, nil},
	} {
		now := Noon().Add(step.after)
		if _, err := s.Purge(ctx, now, keep); err != nil {
			t.Fatal(err)
		}
		if _, err := s.People.ForgetPersons(ctx, now, keep); err != nil {
			t.Fatal(err)
		}
		for _, name := range step.gone {
			wantErr(t, "after "+step.name+": "+name, there[name](), fault.ErrNotFound)
			delete(there, name)
		}
		for name, find := range there {
			wantErr(t, "after "+step.name+": "+name, find(), nil)
		}
	}
	// A reset goes when its hour is over: its secret could be used for a new one.
	ok(s.People.AddReset(ctx, reset, c.ID, Noon(), Noon().Add(time.Hour)))
}

// manyRetire: what has become old on one day is more than one batch.
func manyRetire(t *testing.T, s *store.Store) {
	for range 230 {
		p := Person()
		p.Benefits = nil
		if err := s.People.AddPerson(t.Context(), p, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	stays := SignIn(t, s)
	for _, want := range []int64{230, 0} {
		if n, err := s.People.ForgetPersons(t.Context(), Noon().Add(730*day), store.Retention{}); err != nil || n != want {
			t.Errorf("forgot %d, %v; want %d", n, err, want)
		}
	}
	_, err := s.People.PersonByID(t.Context(), stays.Person)
	wantErr(t, "who is logged in", err, nil)
}
