package storetest

import (
	"context"
	"reflect"
	"testing"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/queue"
	"avain/internal/platform/store"
)

// Invite writes an invitation to the employment, changed as asked.
func Invite(t testing.TB, s *store.Store, employment string, change ...func(*employment.Invitation)) employment.Invitation {
	t.Helper()
	i := Invitation(employment)
	for _, c := range change {
		c(&i)
	}
	stands, err := s.Employments.Invite(t.Context(), i)
	if err != nil {
		t.Fatal(err)
	}
	return stands
}

// Invitation is a new invitation to the employment.
func Invitation(record string) employment.Invitation {
	return employment.Invitation{
		ID: login.NewID(), Employment: record, Token: NewHash(), CreatedAt: Noon(), ExpiresAt: Noon().Add(30 * 24 * time.Hour),
		RemindAt: Noon().Add(7 * 24 * time.Hour), Mail: employment.MailQueued, MailAt: Noon(),
	}
}

// AsActivation is somebody with the code behind the look-up value, at noon.
func AsActivation(invitation string, lookup []byte) employment.Activation {
	return employment.Activation{
		Invitation: invitation, Lookups: [][]byte{lookup}, Terms: "2026-01", TermsAt: Noon(), At: Noon().Add(time.Minute),
		Sealed: func(person string) ([]byte, error) { return []byte("sealed for " + person), nil },
		Person: login.Person{ID: login.NewID(), Subject: login.NewID(), Name: "Ääkkönen Aino", Locale: "fi", CreatedAt: Noon()},
	}
}

func noJobs(employment.Employment, login.Person) []queue.Job { return nil }

func invitations(t *testing.T, s *store.Store) {
	m := Hire(t, s, AddEmployer(t, s).ID)
	job := Job("mail")
	first := Invitation(m.ID)
	if stands, err := s.Employments.Invite(t.Context(), first, job); err != nil || !reflect.DeepEqual(stands, first) {
		t.Errorf("invite: %+v, %v", stands, err)
	}
	if got := claim(t, s, "mail", 10, Noon()); len(got) != 1 || got[0].ID != job.ID {
		t.Errorf("the mail's job: %+v", got)
	}
	for how, get := range map[string]func() (employment.Invitation, error){
		"token": func() (employment.Invitation, error) {
			return s.Employments.InvitationByToken(t.Context(), first.Token)
		},
		"id": func() (employment.Invitation, error) { return s.Employments.InvitationByID(t.Context(), first.ID) },
	} {
		if got, err := get(); err != nil || !reflect.DeepEqual(got, first) {
			t.Errorf("by %s: %v\n got %+v\nwant %+v", how, err, got, first)
		}
	}
	at := Noon().Add(time.Hour)
	wantErr(t, "mailed", s.Employments.Mailed(t.Context(), first.ID, employment.MailRefused, "550 5.1.1", at), nil)
	second := Invite(t, s, m.ID, func(i *employment.Invitation) { i.CreatedAt, i.MailAt = at, at })
	first.Mail, first.MailDetail, first.MailAt, first.RevokedAt, first.RemindAt = employment.MailRefused, "550 5.1.1", at, at, time.Time{}
	if got := must[[]employment.Invitation](t)(s.Employments.InvitationsOf(t.Context(), m.ID)); !reflect.DeepEqual(got, []employment.Invitation{second, first}) {
		t.Errorf("after the second: %+v", got)
	}
	_, err := s.People.Activate(t.Context(), AsActivation(first.ID, hashBytes()), noJobs)
	wantErr(t, "activate with the first", err, fault.ErrMoved)
	wantErr(t, "revoke as another's", s.Employments.RevokeInvitation(t.Context(), login.NewID(), second.ID, at), fault.ErrNotFound)
	wantErr(t, "revoke", s.Employments.RevokeInvitation(t.Context(), m.ID, second.ID, at), nil)
	_, err = s.People.Activate(t.Context(), AsActivation(second.ID, hashBytes()), noJobs)
	wantErr(t, "activate with a revoked one", err, fault.ErrMoved)

	wantErr(t, "end", s.Employments.EndEmployment(t.Context(), m.Employer, m.ID, at), nil)
	late := Invitation(m.ID)
	_, err = s.Employments.Invite(t.Context(), late, Job("mail"))
	wantErr(t, "invite who has left", err, fault.ErrMoved)
	_, err = s.Employments.InvitationByID(t.Context(), late.ID)
	wantErr(t, "the invitation that failed", err, fault.ErrNotFound)
	if got := claim(t, s, "mail", 10, Noon()); len(got) != 0 {
		t.Errorf("its mail was ordered: %+v", got)
	}
}

func hashBytes() []byte {
	h := NewHash()
	return h[:]
}

func reminders(t *testing.T, s *store.Store) {
	employer := AddEmployer(t, s).ID
	due := Noon().Add(8 * 24 * time.Hour)
	open := Invite(t, s, Hire(t, s, employer).ID)
	Invite(t, s, Hire(t, s, employer).ID, func(i *employment.Invitation) { i.RemindAt = time.Time{} })
	revoked := Invite(t, s, Hire(t, s, employer).ID)
	wantErr(t, "revoke", s.Employments.RevokeInvitation(t.Context(), revoked.Employment, revoked.ID, Noon()), nil)
	expired := Invite(t, s, Hire(t, s, employer).ID, func(i *employment.Invitation) { i.ExpiresAt = Noon().Add(24 * time.Hour) })
	if got := must[[]employment.Invitation](t)(s.Employments.DueReminders(t.Context(), open.RemindAt.Add(-time.Millisecond), 10)); len(got) != 0 {
		t.Errorf("due too early: %+v", got)
	}
	if got := must[[]employment.Invitation](t)(s.Employments.DueReminders(t.Context(), due, 10)); len(got) != 2 {
		t.Errorf("due: %+v", got)
	}
	reminded := together(t.Context(), 8, func(ctx context.Context, _ int) error {
		took, err := s.Employments.Remind(ctx, open.ID, due, Job("remind"))
		if err == nil && !took {
			err = fault.ErrMoved
		}
		return err
	})
	oneWinner(t, reminded, fault.ErrMoved)
	if took, err := s.Employments.Remind(t.Context(), expired.ID, due, Job("remind")); err != nil || took {
		t.Errorf("reminded of an expired one: %v, %v", took, err)
	}
	if got := claim(t, s, "remind", 10, due); len(got) != 1 {
		t.Errorf("%d reminders ordered, want 1", len(got))
	}
	if got := must[[]employment.Invitation](t)(s.Employments.DueReminders(t.Context(), due, 10)); len(got) != 0 {
		t.Errorf("still due: %+v", got)
	}
}

// activationRace: many humans bring the same invitation at once. One gets it, and
// nothing of the others remains (threat 9).
func activationRace(t *testing.T, s *store.Store) {
	i := Invite(t, s, Hire(t, s, AddEmployer(t, s).ID).ID)
	var lookups [][]byte
	for range 8 {
		lookups = append(lookups, hashBytes())
	}
	errs := together(t.Context(), len(lookups), func(ctx context.Context, n int) error {
		_, err := s.People.Activate(ctx, AsActivation(i.ID, lookups[n]), noJobs)
		return err
	})
	oneWinner(t, errs, fault.ErrExists)
	for n, err := range errs {
		_, _, found := s.People.PersonByLookup(t.Context(), [][]byte{lookups[n]})
		want := fault.ErrNotFound
		if err == nil {
			want = nil
		}
		wantErr(t, "the human", found, want)
	}
}

// sameHumanRace: one human brings many invitations at once, one of which was written
// for a record without a code. There is one human afterwards, with everything.
func sameHumanRace(t *testing.T, s *store.Store) {
	lookup := hashBytes()
	record := Person()
	record.Benefits = nil
	wantErr(t, "record", s.People.AddPerson(t.Context(), record, nil, nil), nil)
	var all []employment.Invitation
	for n := range 6 {
		m := Hire(t, s, AddEmployer(t, s).ID, func(m *employment.Employment) {
			if n%2 == 0 {
				m.Person = record.ID
			}
		})
		all = append(all, Invite(t, s, m.ID))
	}
	for _, err := range together(t.Context(), len(all), func(ctx context.Context, n int) error {
		_, err := s.People.Activate(ctx, AsActivation(all[n].ID, lookup), noJobs)
		return err
	}) {
		wantErr(t, "activate", err, nil)
	}
	human, _, err := s.People.PersonByLookup(t.Context(), [][]byte{lookup})
	wantErr(t, "find", err, nil)
	if got := must[login.Person](t)(s.People.PersonByID(t.Context(), record.ID)); got.ID != human.ID || got.Subject != record.Subject {
		t.Errorf("the record is %s with subject %s, want %s with its own %s", got.ID, got.Subject, human.ID, record.Subject)
	}
	if got := must[[]employment.Employment](t)(s.Employments.EmploymentsOfPerson(t.Context(), human.ID)); len(got) != len(all) {
		t.Errorf("%d employments, want %d", len(got), len(all))
	}
}

// oneRecordTwoHumans: two humans bring two invitations of one record at once. One of
// them is its owner, and the other gets nothing of it.
func oneRecordTwoHumans(t *testing.T, s *store.Store) {
	for range 10 {
		record := Person()
		record.Benefits = nil
		wantErr(t, "record", s.People.AddPerson(t.Context(), record, nil, nil), nil)
		var all []employment.Invitation
		var lookups [][]byte
		for n := range 4 {
			m := Hire(t, s, AddEmployer(t, s).ID, func(m *employment.Employment) { m.Person = record.ID })
			all, lookups = append(all, Invite(t, s, m.ID)), append(lookups, hashBytes())
			if n%2 == 0 { // somebody who has a record of their own already
				wantErr(t, "known human", s.People.AddPerson(t.Context(), Person(), lookups[n], nil), nil)
			}
		}
		errs := together(t.Context(), len(all), func(ctx context.Context, n int) error {
			_, err := s.People.Activate(ctx, AsActivation(all[n].ID, lookups[n]), noJobs)
			return err
		})
		oneWinner(t, errs, fault.ErrExists)
		owner := must[login.Person](t)(s.People.PersonByID(t.Context(), record.ID))
		for n, err := range errs {
			human, _, found := s.People.PersonByLookup(t.Context(), [][]byte{lookups[n]})
			if owns := found == nil && human.ID == owner.ID; owns != (err == nil) {
				t.Errorf("human %d: activated %v, owns the record %v", n, err == nil, owns)
			}
		}
	}
}
