package storetest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/store"
)

// AddEmployer writes a new employer.
func AddEmployer(t testing.TB, s *store.Store) employment.Employer {
	t.Helper()
	e := employment.Employer{ID: login.NewID(), Name: "Kahvila Oy", Locale: "sv", CreatedAt: Noon(), UpdatedAt: Noon()}
	if err := s.Employments.AddEmployer(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	return e
}

// Employment is an employer's record of somebody nobody knows yet, with a benefit that
// is released and one that is not.
func Employment(employer string) employment.Employment {
	return employment.Employment{
		ID: login.NewID(), Employer: employer, Kind: employment.UserSmartumPlus, ExternalID: login.NewID(), UserName: login.NewID(),
		Email: "Aino@example.com", GivenName: "Aino", FamilyName: "Ääkkönen", Locale: "fi", CreatedAt: Noon(), UpdatedAt: Noon(),
		Benefits: []login.Benefit{{Kind: "lunch", StartsAt: Noon().AddDate(-1, 0, 0), ReleasedAt: Noon()}, {Kind: "sports"}},
	}
}

// Hire writes the record, changed as asked.
func Hire(t testing.TB, s *store.Store, employer string, change ...func(*employment.Employment)) employment.Employment {
	t.Helper()
	m := Employment(employer)
	for _, c := range change {
		c(&m)
	}
	if err := s.Employments.AddEmployment(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	return m
}

func employers(t *testing.T, s *store.Store) {
	var all []employment.Employer
	for range 5 {
		all = append(all, AddEmployer(t, s))
	}
	wantErr(t, "the same id", s.Employments.AddEmployer(t.Context(), all[0]), fault.ErrExists)
	slices.SortFunc(all, func(a, b employment.Employer) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	first := must[[]employment.Employer](t)(s.Employments.Employers(t.Context(), "", 3))
	rest := must[[]employment.Employer](t)(s.Employments.Employers(t.Context(), first[2].ID, 3))
	if got := slices.Concat(first, rest); !reflect.DeepEqual(got, all) {
		t.Errorf("listed %+v, want %+v", got, all)
	}
	at := Noon().Add(time.Hour)
	wantErr(t, "change", s.Employments.ChangeEmployer(t.Context(), all[1].ID, "Kahvila Ab", "fi", at), nil)
	all[1].Name, all[1].Locale, all[1].UpdatedAt = "Kahvila Ab", "fi", at
	if got := must[employment.Employer](t)(s.Employments.EmployerByID(t.Context(), all[1].ID)); got != all[1] {
		t.Errorf("got %+v, want %+v", got, all[1])
	}
	_, err := s.Employments.EmployerByID(t.Context(), login.NewID())
	wantErr(t, "unknown", err, fault.ErrNotFound)
	wantErr(t, "change unknown", s.Employments.ChangeEmployer(t.Context(), login.NewID(), "", "", at), fault.ErrNotFound)
}

func employments(t *testing.T, s *store.Store) {
	here, there := AddEmployer(t, s), AddEmployer(t, s)
	lookup := NewHash()
	want := Hire(t, s, here.ID, func(m *employment.Employment) { m.Lookup = lookup[:] })
	bare := Hire(t, s, here.ID, func(m *employment.Employment) { m.ExternalID, m.UserName, m.Email, m.Benefits = "", "", "", nil })
	Hire(t, s, here.ID, func(m *employment.Employment) { m.ExternalID, m.UserName, m.Email = "", "", "" }) // empty ones never collide
	Hire(t, s, there.ID, func(m *employment.Employment) { m.ExternalID, m.UserName = want.ExternalID, want.UserName })
	for what, change := range map[string]func(*employment.Employment){
		"external id": func(m *employment.Employment) { m.ExternalID = want.ExternalID },
		"user name":   func(m *employment.Employment) { m.UserName = want.UserName },
		"id":          func(m *employment.Employment) { m.ID = want.ID },
	} {
		again := Employment(here.ID)
		change(&again)
		wantErr(t, "the same "+what, s.Employments.AddEmployment(t.Context(), again), fault.ErrExists)
	}
	for how, get := range map[string]func() (employment.Employment, error){
		"id": func() (employment.Employment, error) { return s.Employments.EmploymentByID(t.Context(), want.ID) },
		"employer": func() (employment.Employment, error) {
			return s.Employments.EmploymentOf(t.Context(), here.ID, want.ID)
		},
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
		if got, err := s.Employments.InvitedByLookup(t.Context(), [][]byte{nil, l[:]}); err != nil || got != known {
			t.Errorf("invited: %v, %v; want %v", got, err, known)
		}
	}
	employmentChanges(t, s, want, bare, there.ID)
}

// only finds the one record that the filter leaves.
func only(t *testing.T, s *store.Store, employer string, f store.EmploymentFilter) func() (employment.Employment, error) {
	t.Helper()
	return func() (employment.Employment, error) {
		all, err := s.Employments.Employments(t.Context(), employer, f, 10)
		if err != nil || len(all) != 1 {
			t.Fatalf("%+v: %d found, %v", f, len(all), err)
		}
		return all[0], nil
	}
}

func employmentChanges(t *testing.T, s *store.Store, m, other employment.Employment, foreign string) {
	at := Noon().Add(time.Hour)
	get := func() employment.Employment {
		t.Helper()
		return must[employment.Employment](t)(s.Employments.EmploymentByID(t.Context(), m.ID))
	}
	taken := m
	taken.ID = other.ID
	wantErr(t, "another's external id", s.Employments.ChangeEmployment(t.Context(), taken, at), fault.ErrExists)

	m.Email, m.GivenName, m.Kind, m.UpdatedAt = "aino@example.org", "Áilu", employment.UserSmartum, at
	m.Benefits = []login.Benefit{{Kind: "bicycle", ReleasedAt: at}, {Kind: "sports", ReleasedAt: at}}
	wantErr(t, "change", s.Employments.ChangeEmployment(t.Context(), m, at), nil)
	if got := get(); !reflect.DeepEqual(got, m) {
		t.Errorf("changed:\n got %+v\nwant %+v", got, m)
	}
	// Another employer finds, changes and ends nothing (threat 25).
	thief := m
	thief.Employer, thief.Email = foreign, "thief@example.com"
	_, err := s.Employments.EmploymentOf(t.Context(), foreign, m.ID)
	for what, err := range map[string]error{
		"read": err, "change": s.Employments.ChangeEmployment(t.Context(), thief, at),
		"end": s.Employments.EndEmployment(t.Context(), foreign, m.ID, at), "resume": s.Employments.ResumeEmployment(t.Context(), foreign, m.ID, at),
	} {
		wantErr(t, what+" by another employer", err, fault.ErrNotFound)
	}
	for _, hour := range []int{2, 3} {
		wantErr(t, "end", s.Employments.EndEmployment(t.Context(), m.Employer, m.ID, Noon().Add(time.Duration(hour)*time.Hour)), nil)
	}
	if got := get(); !got.EndedAt.Equal(Noon().Add(2 * time.Hour)) {
		t.Errorf("ended at %v: the first end holds", got.EndedAt)
	}
	wantErr(t, "resume", s.Employments.ResumeEmployment(t.Context(), m.Employer, m.ID, at), nil)
	if got := get(); !reflect.DeepEqual(got, m) {
		t.Errorf("resumed:\n got %+v\nwant %+v", got, m)
	}
}

// amendments change what is said of a record and nothing else, also when many say something
// at once.
func amendments(t *testing.T, s *store.Store) {
	e, at := AddEmployer(t, s), Noon().Add(time.Hour)
	want := Hire(t, s, e.ID)
	other := Hire(t, s, e.ID)
	say := []employment.Change{
		{ExternalID: new("4711")},
		{UserName: new("aino")},
		{Email: new("aino@example.org")},
		{GivenName: new("Áilu")},
		{FamilyName: new("")},
		{Locale: new("sv")},
		{Kind: new(employment.UserSmartum)},
		{Benefits: []employment.BenefitChange{{Kind: "lunch"}, {Kind: "sports", Released: new(true)}, {Kind: "bicycle", EndsAt: &at}}},
	}
	for _, err := range together(t.Context(), len(say), func(ctx context.Context, i int) error {
		return s.Employments.AmendEmployment(ctx, e.ID, want.ID, say[i], at)
	}) {
		wantErr(t, "amend", err, nil)
	}
	for _, c := range say {
		want, _ = want.With(c, at)
	}
	want.UpdatedAt = at
	check := func(what string) {
		t.Helper()
		if got := must[employment.Employment](t)(s.Employments.EmploymentByID(t.Context(), want.ID)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
		}
	}
	check("said at once")
	later := at.Add(time.Hour)
	for what, c := range map[string]employment.Change{
		"nothing": {}, "the same": {Email: &want.Email, Benefits: []employment.BenefitChange{{Kind: "sports"}, {Kind: "bicycle", EndsAt: &at}, {Kind: "lunch"}}},
	} {
		wantErr(t, what, s.Employments.AmendEmployment(t.Context(), e.ID, want.ID, c, later), nil)
		check(what) // nor is it said to have been changed
	}
	wantErr(t, "nothing of a benefit", s.Employments.PutBenefit(t.Context(), e.ID, want.ID, employment.BenefitChange{Kind: "bicycle"}, at), nil)
	check("nothing said")
	for what, err := range map[string]error{
		"another's id":       s.Employments.AmendEmployment(t.Context(), e.ID, want.ID, employment.Change{ExternalID: &other.ExternalID}, at),
		"another's name":     s.Employments.AmendEmployment(t.Context(), e.ID, want.ID, employment.Change{UserName: &other.UserName}, at),
		"another's id again": s.Employments.AmendEmployment(t.Context(), e.ID, want.ID, employment.Change{ExternalID: &other.ExternalID, Email: new("x@y.example")}, at),
	} {
		wantErr(t, what, err, fault.ErrExists)
	}
	wantErr(t, "by another employer", s.Employments.AmendEmployment(t.Context(), AddEmployer(t, s).ID, want.ID, say[0], at), fault.ErrNotFound)
	late := at.AddDate(1, 0, 0)
	for what, err := range map[string]error{
		"amend": s.Employments.AmendEmployment(t.Context(), e.ID, want.ID, employment.Change{Locale: new("en"), Benefits: []employment.BenefitChange{{Kind: "bicycle", StartsAt: &late}}}, at),
		"put":   s.Employments.PutBenefit(t.Context(), e.ID, want.ID, employment.BenefitChange{Kind: "bicycle", StartsAt: &late}, at),
	} {
		if _, ok := errors.AsType[fault.FieldErrors](err); !ok {
			t.Errorf("%s a benefit that would end before it starts: %v", what, err)
		}
	}
	check("refused")
	for _, kind := range []string{"bicycle", "lunch", "sports"} {
		wantErr(t, "put", s.Employments.PutBenefit(t.Context(), e.ID, want.ID, employment.BenefitChange{Kind: kind, EndsAt: new(time.Time)}, at), nil)
	}
	wantErr(t, "end all", s.Employments.AmendEmployment(t.Context(), e.ID, want.ID, employment.Change{Benefits: []employment.BenefitChange{}}, at), nil)
	want.Benefits = nil
	check("all ended")
}
