package storetest

import (
	"testing"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/store"
)

// emails: an address is a person's own when they activated through a link that was
// mailed to it alone, and for as long as the employer does not write another.
func emails(t *testing.T, s *store.Store) {
	is := func(what, person string, want login.Email) {
		t.Helper()
		if got, err := s.People.EmailOf(t.Context(), person); err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", what, got, err, want)
		}
	}
	at := Noon()
	// activate lets somebody with the code activate, at a later time each, through a link
	// that was mailed to the addresses.
	activate := func(lookup []byte, email string, mailedTo ...string) (employment.Employment, employment.Activated) {
		t.Helper()
		m := Hire(t, s, AddEmployer(t, s).ID, func(m *employment.Employment) { m.Email = email })
		i := Invite(t, s, m.ID)
		for _, address := range mailedTo {
			wantErr(t, "mailing", s.Employments.Mailing(t.Context(), i.ID, address), nil)
		}
		in := AsActivation(i.ID, lookup)
		at = at.Add(time.Minute)
		in.At = at
		return m, must[employment.Activated](t)(s.People.Activate(t.Context(), in, noJobs))
	}
	for what, tc := range map[string]struct {
		email    string
		mailedTo []string
		proved   bool
	}{
		"mailed there":               {"aino@example.com", []string{"aino@example.com"}, true},
		"and again, by the reminder": {"aino@example.com", []string{"aino@example.com", "aino@example.com"}, true},
		"never mailed":               {"aino@example.com", nil, false},
		"mailed elsewhere":           {"victim@example.com", []string{"thief@example.com"}, false},
		"mailed to another first":    {"victim@example.com", []string{"thief@example.com", "victim@example.com"}, false},
		"and there and back":         {"victim@example.com", []string{"victim@example.com", "thief@example.com", "victim@example.com"}, false},
		"other letters":              {"Aino@example.com", []string{"aino@example.com"}, false},
	} {
		_, done := activate(hashBytes(), tc.email, tc.mailedTo...)
		is(what, done.Person.ID, login.Email{Address: tc.email, Proved: tc.proved})
	}

	lookup := hashBytes()
	written, done := activate(lookup, "written@example.com", "elsewhere@example.com")
	p := done.Person.ID
	older, _ := activate(lookup, "older@example.com", "older@example.com")
	_, _ = activate(lookup, "newer@example.com", "newer@example.com")
	is("the oldest that is proved", p, login.Email{Address: "older@example.com", Proved: true})

	older.Email = "changed@example.com"
	wantErr(t, "change", s.Employments.ChangeEmployment(t.Context(), older, at), nil)
	is("when that has changed, the next", p, login.Email{Address: "newer@example.com", Proved: true})
	older.Email = "older@example.com"
	wantErr(t, "change back", s.Employments.ChangeEmployment(t.Context(), older, at), nil)
	is("what has changed and back is not what was proved", p, login.Email{Address: "newer@example.com", Proved: true})

	for _, m := range must[[]employment.Employment](t)(s.Employments.EmploymentsOfPerson(t.Context(), p)) {
		if m.ID != written.ID {
			wantErr(t, "end", s.Employments.EndEmployment(t.Context(), m.Employer, m.ID, at), nil)
		}
	}
	is("an employer's word, when there is no proof", p, login.Email{Address: "written@example.com"})
	wantErr(t, "end", s.Employments.EndEmployment(t.Context(), written.Employer, written.ID, at), nil)
	is("nobody's address after the last employment", p, login.Email{})

	waiting := Hire(t, s, AddEmployer(t, s).ID, func(m *employment.Employment) { m.Person = p })
	is("what is not activated says nothing", p, login.Email{})
	is("nobody", login.NewID(), login.Email{})
	is("no id", "x\x00", login.Email{})
	wantErr(t, "mailing for an unknown invitation", s.Employments.Mailing(t.Context(), waiting.ID, "x@example.com"), fault.ErrNotFound)
}
