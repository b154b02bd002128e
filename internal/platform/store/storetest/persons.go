package storetest

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/store"
)

func persons(t *testing.T, s *store.Store) {
	want := Person()
	old, current, foreign := NewHash(), NewHash(), NewHash()
	if err := s.People.AddPerson(t.Context(), want, old[:], []byte("sealed")); err != nil {
		t.Fatal(err)
	}
	for how, get := range map[string]func() (login.Person, error){
		"id":      func() (login.Person, error) { return s.People.PersonByID(t.Context(), want.ID) },
		"subject": func() (login.Person, error) { return s.People.PersonBySubject(t.Context(), want.Subject) },
		"lookup": func() (login.Person, error) {
			p, matched, err := s.People.PersonByLookup(t.Context(), [][]byte{nil, current[:], old[:]})
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
	if err := s.People.AddPerson(t.Context(), Person(), nil, nil); err != nil {
		t.Fatal(err)
	}
	for name, lookups := range map[string][][]byte{"nothing": nil, "nil": {nil}, "empty": {{}}, "zeros": {make([]byte, 32)}, "foreign": {foreign[:]}} {
		_, _, err := s.People.PersonByLookup(t.Context(), lookups)
		wantErr(t, name, err, fault.ErrNotFound)
	}
	personChanges(t, s, want)
}

// rekeyed is that all of one human's moves to the new key together, and nobody else's: they
// are looked up by one another, as when somebody is exported or erased.
func rekeyed(t *testing.T, s *store.Store) {
	old, older, current, foreign := hashBytes(), hashBytes(), hashBytes(), hashBytes()
	want, other := Person(), Person()
	want.Benefits, other.Benefits = nil, nil
	for lookup, p := range map[*[]byte]login.Person{&old: want, &foreign: other} {
		wantErr(t, "add", s.People.AddPerson(t.Context(), p, *lookup, nil), nil)
	}
	here := AddEmployer(t, s).ID
	under := func(lookup []byte) employment.Employment {
		return Hire(t, s, here, func(m *employment.Employment) { m.Lookup = lookup })
	}
	records := []employment.Employment{under(old), under(older), under(current), under(foreign)}
	held := Hire(t, s, here)
	i := Invite(t, s, held.ID)
	hold := func(code string, lookup []byte) bool {
		return must[bool](t)(s.Employments.HoldActivation(t.Context(), employment.HeldActivation{ID: login.NewID(), Invitation: i.ID, SupportCode: code, HeldAt: Noon()}, held.ID, [][]byte{lookup}))
	}
	hold("OLD", old)
	hold("CURRENT", current)
	for _, h := range must[[]employment.HeldActivation](t)(s.Employments.HeldActivations(t.Context(), held.ID)) {
		if h.SupportCode == "OLD" {
			wantErr(t, "release", s.Employments.ReleaseActivation(t.Context(), held.ID, h.ID, Noon()), nil)
		}
	}
	for range 2 {
		wantErr(t, "rekey", s.Keys.Rekey(t.Context(), [][]byte{current, old, older}), nil)
	}
	if got, _, err := s.People.PersonByLookup(t.Context(), [][]byte{current}); err != nil || got.ID != want.ID {
		t.Errorf("by the new value: %v, %v", got.ID, err)
	}
	_, _, err := s.People.PersonByLookup(t.Context(), [][]byte{old})
	wantErr(t, "by the old value", err, fault.ErrNotFound)
	for n, m := range records {
		is := must[employment.Employment](t)(s.Employments.EmploymentByID(t.Context(), m.ID)).Lookup
		if now := [][]byte{current, current, current, foreign}[n]; !bytes.Equal(is, now) {
			t.Errorf("record %d has %x, want %x", n, is, now)
		}
	}
	if all := must[[]employment.HeldActivation](t)(s.Employments.HeldActivations(t.Context(), held.ID)); len(all) != 1 || !hold("AGAIN", current) {
		t.Errorf("whom the staff had released is held again: %+v", all)
	}
}

// A human who is there twice, once under each key, keeps the record that is found first.
func rekeyedTwins(t *testing.T, s *store.Store) {
	old, current, first, second := hashBytes(), hashBytes(), Person(), Person()
	wantErr(t, "add", s.People.AddPerson(t.Context(), first, old, nil), nil)
	wantErr(t, "add", s.People.AddPerson(t.Context(), second, current, nil), nil)
	wantErr(t, "rekey", s.Keys.Rekey(t.Context(), [][]byte{current, old}), nil)
	for lookup, p := range map[*[]byte]login.Person{&old: first, &current: second} {
		if got, _, err := s.People.PersonByLookup(t.Context(), [][]byte{*lookup}); err != nil || got.ID != p.ID {
			t.Errorf("%v, %v", got.ID, err)
		}
	}
	wantErr(t, "nothing to move from", s.Keys.Rekey(t.Context(), [][]byte{current}), nil)
}

func personChanges(t *testing.T, s *store.Store, want login.Person) {
	at := Noon().Add(time.Hour)
	unknown := login.NewID()
	check := func(what string) {
		t.Helper()
		if got := must[login.Person](t)(s.People.PersonByID(t.Context(), want.ID)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
		}
	}
	want.GivenName, want.FamilyName, want.Name = "Áilu", "Ö", "Áilu Ö"
	wantErr(t, "name", s.People.NamePerson(t.Context(), want.ID, want.GivenName, want.FamilyName, want.Name, at), nil)
	check("name")
	want.LockedAt = at
	for i := range 2 {
		wantErr(t, "lock", s.People.LockPerson(t.Context(), want.ID, at.Add(time.Duration(i)*time.Hour)), nil)
	}
	check("locked twice")
	want.LockedAt = time.Time{}
	wantErr(t, "unlock", s.People.UnlockPerson(t.Context(), want.ID, at), nil)
	check("unlocked")
	for what, err := range map[string]error{
		"name":     s.People.NamePerson(t.Context(), unknown, "", "", "", at),
		"lock":     s.People.LockPerson(t.Context(), unknown, at),
		"unlock":   s.People.UnlockPerson(t.Context(), unknown, at),
		"benefits": s.Employments.SetBenefits(t.Context(), unknown, want.Benefits),
	} {
		wantErr(t, what+" nobody", err, fault.ErrNotFound)
	}
}

func benefits(t *testing.T, s *store.Store) {
	p := AddPerson(t, s)
	for name, want := range map[string][]login.Benefit{
		"some": {{Kind: "bicycle", Employer: "A"}, {Kind: "lunch", Employer: "A"}, {Kind: "lunch", Employer: "B"}},
		"none": nil,
	} {
		if err := s.Employments.SetBenefits(t.Context(), p.ID, append(want, want...)); err != nil {
			t.Fatal(err)
		}
		if got := must[login.Person](t)(s.People.PersonByID(t.Context(), p.ID)); !reflect.DeepEqual(got.Benefits, want) {
			t.Errorf("%s: got %v, want %v", name, got.Benefits, want)
		}
	}
}

// What an employer has written of a benefit stays when the operator lists it again.
func listedBenefits(t *testing.T, s *store.Store) {
	p, e := AddPerson(t, s), AddEmployer(t, s)
	until := Noon().AddDate(1, 0, 0)
	m := Hire(t, s, e.ID, func(m *employment.Employment) {
		m.Person, m.Benefits = p.ID, []login.Benefit{{Kind: "culture", ReleasedAt: Noon()}, {Kind: "lunch", EndsAt: until, ReleasedAt: Noon()}, {Kind: "sports"}}
	})
	again := []login.Benefit{{Kind: "bicycle", Employer: e.Name}, {Kind: "lunch", Employer: e.Name}, {Kind: "sports", Employer: e.Name}}
	wantErr(t, "list", s.Employments.SetBenefits(t.Context(), p.ID, again), nil)
	got := must[employment.Employment](t)(s.Employments.EmploymentByID(t.Context(), m.ID)).Benefits
	if len(got) != 3 || got[0].Kind != "bicycle" || got[0].ActivatedAt.IsZero() || got[1] != m.Benefits[1] || got[2] != m.Benefits[2] {
		t.Errorf("benefits: %+v", got)
	}
}
