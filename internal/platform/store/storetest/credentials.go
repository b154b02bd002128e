package storetest

import (
	"context"
	"testing"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/store"
)

// Credential is a user name of the person.
func Credential(person string) login.Credential {
	return login.Credential{
		ID: login.NewID(), Person: person, UserName: login.NewID(), Email: login.NewID() + "@example.com", Hash: "$argon2id$1",
		CreatedAt: Noon(), ChangedAt: Noon(),
	}
}

func credentials(t *testing.T, s *store.Store) {
	want := Credential(AddPerson(t, s).ID)
	wantErr(t, "add", s.People.AddCredential(t.Context(), want), nil)
	for what, change := range map[string]func(*login.Credential){
		"user name": func(c *login.Credential) { c.UserName = want.UserName },
		"e-mail":    func(c *login.Credential) { c.Email = want.Email },
	} {
		again := Credential(want.Person)
		change(&again)
		wantErr(t, "the same "+what, s.People.AddCredential(t.Context(), again), fault.ErrExists)
	}
	// A person comes with their user name, or not at all.
	p := Person()
	p.SmartumPlus = false
	taken := Credential(p.ID)
	taken.UserName = want.UserName
	wantErr(t, "a person with a taken user name", s.People.AddPersonWithCredential(t.Context(), p, nil, nil, taken), fault.ErrExists)
	_, err := s.People.PersonByID(t.Context(), p.ID)
	wantErr(t, "the person of a taken user name", err, fault.ErrNotFound)
	own := Credential(p.ID)
	wantErr(t, "a person with a user name", s.People.AddPersonWithCredential(t.Context(), p, nil, nil, own), nil)
	if got := must[login.Person](t)(s.People.PersonByID(t.Context(), p.ID)); got.SmartumPlus || len(got.Benefits) != 2 {
		t.Errorf("%+v", got)
	}
	if got := must[login.Credential](t)(s.People.CredentialByName(t.Context(), own.UserName)); got != own {
		t.Errorf("%+v", got)
	}
	bare := Credential(want.Person)
	bare.Email = ""
	wantErr(t, "without e-mail", s.People.AddCredential(t.Context(), bare), nil)
	for _, name := range []string{want.UserName, want.Email} {
		if got := must[login.Credential](t)(s.People.CredentialByName(t.Context(), name)); got != want {
			t.Errorf("by %q: %+v", name, got)
		}
	}
	for _, name := range []string{"", "nobody", "\x00", "\xff", want.UserName + " "} {
		_, err := s.People.CredentialByName(t.Context(), name)
		wantErr(t, "by "+name, err, fault.ErrNotFound)
	}
	wantErr(t, "rehash", s.People.Rehash(t.Context(), want.ID, want.Hash, "$argon2id$2"), nil)
	wantErr(t, "rehash from an old one", s.People.Rehash(t.Context(), want.ID, want.Hash, "$argon2id$3"), nil)
	want.Hash = "$argon2id$2"
	if got := must[login.Credential](t)(s.People.CredentialByID(t.Context(), want.ID)); got != want {
		t.Errorf("rehashed: %+v", got)
	}
}

func passwordResets(t *testing.T, s *store.Store) {
	c := Credential(AddPerson(t, s).ID)
	wantErr(t, "add", s.People.AddCredential(t.Context(), c), nil)
	old, current, stale := NewHash(), NewHash(), NewHash()
	expires := Noon().Add(30 * time.Minute)
	wantErr(t, "order", s.People.AddReset(t.Context(), old, c.ID, Noon().Add(-employment.PressedTwice), expires), nil)
	wantErr(t, "order again", s.People.AddReset(t.Context(), current, c.ID, Noon(), expires), nil)
	if got := must[login.Credential](t)(s.People.ResetOf(t.Context(), current, Noon())); got != c {
		t.Errorf("whose: %+v", got)
	}
	_, err := s.People.ResetPassword(t.Context(), old, "$new", Noon())
	wantErr(t, "with the first link", err, fault.ErrNotFound)
	_, err = s.People.ResetPassword(t.Context(), current, "$new", expires)
	wantErr(t, "too late", err, fault.ErrNotFound)
	_, err = s.People.ResetOf(t.Context(), current, expires)
	wantErr(t, "looked at too late", err, fault.ErrNotFound)
	_, err = s.People.ResetPassword(t.Context(), stale, "$new", Noon())
	wantErr(t, "with a made-up link", err, fault.ErrNotFound)

	errs := together(t.Context(), 8, func(ctx context.Context, _ int) error {
		_, err := s.People.ResetPassword(ctx, current, "$new", Noon().Add(time.Minute))
		return err
	})
	oneWinner(t, errs, fault.ErrNotFound)
	c.Hash, c.ChangedAt = "$new", Noon().Add(time.Minute)
	if got := must[login.Credential](t)(s.People.CredentialByID(t.Context(), c.ID)); got != c {
		t.Errorf("reset: %+v", got)
	}
}
