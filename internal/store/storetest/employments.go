package storetest

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"avain/internal/login"
	"avain/internal/store"
)

// AddEmployer writes a new employer.
func AddEmployer(t testing.TB, s *store.Store) login.Employer {
	t.Helper()
	e := login.Employer{ID: login.NewID(), Name: "Kahvila Oy", Locale: "sv", CreatedAt: Noon(), UpdatedAt: Noon()}
	if err := s.AddEmployer(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	return e
}

// Employment is an employer's record of somebody nobody knows yet, with a benefit that
// is released and one that is not.
func Employment(employer string) login.Employment {
	return login.Employment{
		ID: login.NewID(), Employer: employer, Kind: login.UserSmartumPlus, ExternalID: login.NewID(), UserName: login.NewID(),
		Email: "Aino@example.com", GivenName: "Aino", FamilyName: "Ääkkönen", Locale: "fi", CreatedAt: Noon(), UpdatedAt: Noon(),
		Benefits: []login.Benefit{{Kind: "lunch", StartsAt: Noon().AddDate(-1, 0, 0), ReleasedAt: Noon()}, {Kind: "sports"}},
	}
}

// Hire writes the record, changed as asked.
func Hire(t testing.TB, s *store.Store, employer string, change ...func(*login.Employment)) login.Employment {
	t.Helper()
	m := Employment(employer)
	for _, c := range change {
		c(&m)
	}
	if err := s.AddEmployment(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	return m
}

func employers(t *testing.T, s *store.Store) {
	var all []login.Employer
	for range 5 {
		all = append(all, AddEmployer(t, s))
	}
	wantErr(t, "the same id", s.AddEmployer(t.Context(), all[0]), login.ErrExists)
	slices.SortFunc(all, func(a, b login.Employer) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	first := must[[]login.Employer](t)(s.Employers(t.Context(), "", 3))
	rest := must[[]login.Employer](t)(s.Employers(t.Context(), first[2].ID, 3))
	if got := slices.Concat(first, rest); !reflect.DeepEqual(got, all) {
		t.Errorf("listed %+v, want %+v", got, all)
	}
	at := Noon().Add(time.Hour)
	wantErr(t, "change", s.ChangeEmployer(t.Context(), all[1].ID, "Kahvila Ab", "fi", at), nil)
	all[1].Name, all[1].Locale, all[1].UpdatedAt = "Kahvila Ab", "fi", at
	if got := must[login.Employer](t)(s.EmployerByID(t.Context(), all[1].ID)); got != all[1] {
		t.Errorf("got %+v, want %+v", got, all[1])
	}
	_, err := s.EmployerByID(t.Context(), login.NewID())
	wantErr(t, "unknown", err, login.ErrNotFound)
	wantErr(t, "change unknown", s.ChangeEmployer(t.Context(), login.NewID(), "", "", at), login.ErrNotFound)
}

func employments(t *testing.T, s *store.Store) {
	here, there := AddEmployer(t, s), AddEmployer(t, s)
	lookup := NewHash()
	want := Hire(t, s, here.ID, func(m *login.Employment) { m.Lookup = lookup[:] })
	bare := Hire(t, s, here.ID, func(m *login.Employment) { m.ExternalID, m.UserName, m.Email, m.Benefits = "", "", "", nil })
	Hire(t, s, here.ID, func(m *login.Employment) { m.ExternalID, m.UserName, m.Email = "", "", "" }) // empty ones never collide
	Hire(t, s, there.ID, func(m *login.Employment) { m.ExternalID, m.UserName = want.ExternalID, want.UserName })
	for what, change := range map[string]func(*login.Employment){
		"external id": func(m *login.Employment) { m.ExternalID = want.ExternalID },
		"user name":   func(m *login.Employment) { m.UserName = want.UserName },
		"id":          func(m *login.Employment) { m.ID = want.ID },
	} {
		again := Employment(here.ID)
		change(&again)
		wantErr(t, "the same "+what, s.AddEmployment(t.Context(), again), login.ErrExists)
	}
	for how, get := range map[string]func() (login.Employment, error){
		"id":          func() (login.Employment, error) { return s.EmploymentByID(t.Context(), want.ID) },
		"employer":    func() (login.Employment, error) { return s.EmploymentOf(t.Context(), here.ID, want.ID) },
		"external id": only(t, s, here.ID, store.EmploymentFilter{ExternalID: want.ExternalID}),
		"user name":   only(t, s, here.ID, store.EmploymentFilter{UserName: want.UserName}),
		"e-mail":      only(t, s, here.ID, store.EmploymentFilter{Email: "aINO@Example.com"}),
		"all":         only(t, s, here.ID, store.EmploymentFilter{ExternalID: want.ExternalID, UserName: want.UserName, Email: want.Email}),
	} {
		if got, err := get(); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("by %s: %v\n got %+v\nwant %+v", how, err, got, want)
		}
	}
	for _, known := range []bool{true, false} {
		l := NewHash()
		if known {
			l = lookup
		}
		if got, err := s.InvitedByLookup(t.Context(), [][]byte{nil, l[:]}); err != nil || got != known {
			t.Errorf("invited: %v, %v; want %v", got, err, known)
		}
	}
	employmentChanges(t, s, want, bare, there.ID)
}

// only finds the one record that the filter leaves.
func only(t *testing.T, s *store.Store, employer string, f store.EmploymentFilter) func() (login.Employment, error) {
	t.Helper()
	return func() (login.Employment, error) {
		all, err := s.Employments(t.Context(), employer, f, 10)
		if err != nil || len(all) != 1 {
			t.Fatalf("%+v: %d found, %v", f, len(all), err)
		}
		return all[0], nil
	}
}

func employmentChanges(t *testing.T, s *store.Store, m, other login.Employment, foreign string) {
	at := Noon().Add(time.Hour)
	get := func() login.Employment {
		t.Helper()
		return must[login.Employment](t)(s.EmploymentByID(t.Context(), m.ID))
	}
	taken := m
	taken.ID = other.ID
	wantErr(t, "another's external id", s.ChangeEmployment(t.Context(), taken, at), login.ErrExists)

	m.Email, m.GivenName, m.Kind, m.UpdatedAt = "aino@example.org", "Áilu", login.UserSmartum, at
	m.Benefits = []login.Benefit{{Kind: "bicycle", ReleasedAt: at}, {Kind: "sports", ReleasedAt: at}}
	wantErr(t, "change", s.ChangeEmployment(t.Context(), m, at), nil)
	if got := get(); !reflect.DeepEqual(got, m) {
		t.Errorf("changed:\n got %+v\nwant %+v", got, m)
	}
	// Another employer finds, changes and ends nothing (threat 25).
	thief := m
	thief.Employer, thief.Email = foreign, "thief@example.com"
	_, err := s.EmploymentOf(t.Context(), foreign, m.ID)
	for what, err := range map[string]error{
		"read": err, "change": s.ChangeEmployment(t.Context(), thief, at),
		"end": s.EndEmployment(t.Context(), foreign, m.ID, at), "resume": s.ResumeEmployment(t.Context(), foreign, m.ID, at),
	} {
		wantErr(t, what+" by another employer", err, login.ErrNotFound)
	}
	for _, hour := range []int{2, 3} {
		wantErr(t, "end", s.EndEmployment(t.Context(), m.Employer, m.ID, Noon().Add(time.Duration(hour)*time.Hour)), nil)
	}
	if got := get(); !got.EndedAt.Equal(Noon().Add(2 * time.Hour)) {
		t.Errorf("ended at %v: the first end holds", got.EndedAt)
	}
	wantErr(t, "resume", s.ResumeEmployment(t.Context(), m.Employer, m.ID, at), nil)
	if got := get(); !reflect.DeepEqual(got, m) {
		t.Errorf("resumed:\n got %+v\nwant %+v", got, m)
	}
}
