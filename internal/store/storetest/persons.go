package storetest

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"avain/internal/login"
	"avain/internal/store"
)

func persons(t *testing.T, s *store.Store) {
	want := Person()
	old, current, foreign := NewHash(), NewHash(), NewHash()
	if err := s.AddPerson(t.Context(), want, old[:], []byte("sealed")); err != nil {
		t.Fatal(err)
	}
	for how, get := range map[string]func() (login.Person, error){
		"id":      func() (login.Person, error) { return s.PersonByID(t.Context(), want.ID) },
		"subject": func() (login.Person, error) { return s.PersonBySubject(t.Context(), want.Subject) },
		"lookup": func() (login.Person, error) {
			p, matched, err := s.PersonByLookup(t.Context(), [][]byte{nil, current[:], old[:]})
			if !bytes.Equal(matched, old[:]) {
				t.Error("another look-up value than the one that matched")
			}
			if p.Benefits != nil {
				t.Error("a look-up costs the benefits, which nobody who looks up asks for")
			}
			p.Benefits = want.Benefits
			return p, err
		},
	} {
		if got, err := get(); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("by %s: %v\n got %+v\nwant %+v", how, err, got, want)
		}
	}
	// Persons whose code is not known are nobody's.
	if err := s.AddPerson(t.Context(), Person(), nil, nil); err != nil {
		t.Fatal(err)
	}
	for name, lookups := range map[string][][]byte{"nothing": nil, "nil": {nil}, "empty": {{}}, "zeros": {make([]byte, 32)}, "foreign": {foreign[:]}} {
		_, _, err := s.PersonByLookup(t.Context(), lookups)
		wantErr(t, name, err, login.ErrNotFound)
	}
	rekey(t, s, want.ID, old[:], current[:], foreign[:])
	personChanges(t, s, want)
}

func rekey(t *testing.T, s *store.Store, id string, old, current, foreign []byte) {
	for _, what := range []string{"rekey", "rekey again"} {
		wantErr(t, what, s.RekeyPerson(t.Context(), id, old, current), nil)
	}
	wantErr(t, "from a foreign value", s.RekeyPerson(t.Context(), id, foreign, old), login.ErrMoved)
	wantErr(t, "to nothing", s.RekeyPerson(t.Context(), id, current, nil), login.ErrNotFound)
	wantErr(t, "unknown person", s.RekeyPerson(t.Context(), login.NewID(), old, current), login.ErrNotFound)
	if got, _, err := s.PersonByLookup(t.Context(), [][]byte{current}); err != nil || got.ID != id {
		t.Errorf("by the new value: %v, %v", got.ID, err)
	}
	_, _, err := s.PersonByLookup(t.Context(), [][]byte{old})
	wantErr(t, "by the old value", err, login.ErrNotFound)
}

func personChanges(t *testing.T, s *store.Store, want login.Person) {
	at := Noon().Add(time.Hour)
	unknown := login.NewID()
	check := func(what string) {
		t.Helper()
		if got := must[login.Person](t)(s.PersonByID(t.Context(), want.ID)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
		}
	}
	want.GivenName, want.FamilyName, want.Name = "Áilu", "Ö", "Áilu Ö"
	wantErr(t, "name", s.NamePerson(t.Context(), want.ID, want.GivenName, want.FamilyName, want.Name, at), nil)
	check("name")
	want.LockedAt = at
	for i := range 2 {
		wantErr(t, "lock", s.LockPerson(t.Context(), want.ID, at.Add(time.Duration(i)*time.Hour)), nil)
	}
	check("locked twice")
	want.LockedAt = time.Time{}
	wantErr(t, "unlock", s.UnlockPerson(t.Context(), want.ID, at), nil)
	check("unlocked")
	for what, err := range map[string]error{
		"name":     s.NamePerson(t.Context(), unknown, "", "", "", at),
		"lock":     s.LockPerson(t.Context(), unknown, at),
		"unlock":   s.UnlockPerson(t.Context(), unknown, at),
		"benefits": s.SetBenefits(t.Context(), unknown, want.Benefits),
	} {
		wantErr(t, what+" nobody", err, login.ErrNotFound)
	}
}

func benefits(t *testing.T, s *store.Store) {
	p := AddPerson(t, s)
	for name, want := range map[string][]login.Benefit{
		"some": {{Kind: "bicycle", Employer: "A"}, {Kind: "lunch", Employer: "A"}, {Kind: "lunch", Employer: "B"}},
		"none": nil,
	} {
		if err := s.SetBenefits(t.Context(), p.ID, append(want, want...)); err != nil {
			t.Fatal(err)
		}
		if got := must[login.Person](t)(s.PersonByID(t.Context(), p.ID)); !reflect.DeepEqual(got.Benefits, want) {
			t.Errorf("%s: got %v, want %v", name, got.Benefits, want)
		}
	}
}

// What an employer has written of a benefit stays when the operator lists it again.
func listedBenefits(t *testing.T, s *store.Store) {
	p, e := AddPerson(t, s), AddEmployer(t, s)
	until := Noon().AddDate(1, 0, 0)
	m := Hire(t, s, e.ID, func(m *login.Employment) {
		m.Person, m.Benefits = p.ID, []login.Benefit{{Kind: "culture", ReleasedAt: Noon()}, {Kind: "lunch", EndsAt: until, ReleasedAt: Noon()}, {Kind: "sports"}}
	})
	again := []login.Benefit{{Kind: "bicycle", Employer: e.Name}, {Kind: "lunch", Employer: e.Name}, {Kind: "sports", Employer: e.Name}}
	wantErr(t, "list", s.SetBenefits(t.Context(), p.ID, again), nil)
	got := must[login.Employment](t)(s.EmploymentByID(t.Context(), m.ID)).Benefits
	if len(got) != 3 || got[0].Kind != "bicycle" || got[0].ActivatedAt.IsZero() || got[1] != m.Benefits[1] || got[2] != m.Benefits[2] {
		t.Errorf("benefits: %+v", got)
	}
}
