package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/login"
	"avain/internal/domain/queue"
	"avain/internal/platform/store"
	"avain/internal/secret"
)

// pressedTwice: a person is invited by many at once, on whichever node. One letter goes out,
// one invitation is open, and everybody is told of that one.
func pressedTwice(t *testing.T, s *store.Store) {
	m := Hire(t, s, AddEmployer(t, s).ID)
	told := make([]employment.Invitation, 8)
	errs := together(t.Context(), len(told), func(ctx context.Context, i int) (err error) {
		mine := Invitation(m.ID)
		mine.CreatedAt = Noon().Add(time.Duration(i) * time.Millisecond) // clocks differ
		told[i], err = s.Employments.Invite(ctx, mine, Job("invite once"))
		return err
	})
	for i, err := range errs {
		if err != nil || told[i].ID != told[0].ID {
			t.Errorf("caller %d: %v, %s; the first was told %s", i, err, told[i].ID, told[0].ID)
		}
	}
	if got := claim(t, s, "invite once", 10, Noon()); len(got) != 1 {
		t.Errorf("%d letters, want 1", len(got))
	}
	if all := must[[]employment.Invitation](t)(s.Employments.InvitationsOf(t.Context(), m.ID)); len(all) != 1 || !all[0].Open(Noon()) {
		t.Errorf("invitations: %+v", all)
	}
}

// invitedAgain: what makes a second letter a wish of its own.
func invitedAgain(t *testing.T, s *store.Store) {
	employer := AddEmployer(t, s).ID
	soon := Noon().Add(employment.PressedTwice - time.Millisecond)
	for name, c := range map[string]struct {
		between func(i employment.Invitation) error
		at      time.Time
		another bool
	}{
		"at once":         {nil, Noon(), false},
		"within a minute": {nil, soon, false},
		"a minute later":  {nil, Noon().Add(employment.PressedTwice), true},
		"sent":            {mailed(t, s, employment.MailSent), soon, false},
		"refused":         {mailed(t, s, employment.MailRefused), soon, true},
		"bounced":         {mailed(t, s, employment.MailBounced), soon, true},
		"cannot be sent":  {mailed(t, s, employment.MailFailed), soon, true},
		"revoked": {func(i employment.Invitation) error {
			return s.Employments.RevokeInvitation(t.Context(), i.Employment, i.ID, Noon())
		}, soon, true},
		"another address":  {func(i employment.Invitation) error { return readdress(t, s, i.Employment) }, soon, true},
		"met another name": {func(i employment.Invitation) error { return hold(t, s, i) }, soon, true},
	} {
		m := Hire(t, s, employer)
		first := Invite(t, s, m.ID)
		if c.between != nil {
			wantErr(t, name, c.between(first), nil)
		}
		second := Invite(t, s, m.ID, func(i *employment.Invitation) { i.CreatedAt, i.MailAt = c.at, c.at })
		if (second.ID != first.ID) != c.another {
			t.Errorf("%s: another invitation %t, want %t", name, second.ID != first.ID, c.another)
		}
	}
}

func mailed(t *testing.T, s *store.Store, state employment.MailState) func(employment.Invitation) error {
	return func(i employment.Invitation) error { return s.Employments.Mailed(t.Context(), i.ID, state, "", Noon()) }
}

func readdress(t *testing.T, s *store.Store, record string) error {
	m := must[employment.Employment](t)(s.Employments.EmploymentByID(t.Context(), record))
	m.Email = "another@example.com"
	return s.Employments.ChangeEmployment(t.Context(), m, Noon())
}

func hold(t *testing.T, s *store.Store, i employment.Invitation) error {
	_, err := s.Employments.HoldActivation(t.Context(), employment.HeldActivation{
		ID: login.NewID(), Invitation: i.ID, SupportCode: "A", HeldAt: Noon(),
	}, i.Employment, [][]byte{hashBytes()})
	return err
}

// importedTwice: two imports bring the same new address of an invited person at once.
func importedTwice(t *testing.T, s *store.Store) {
	e := AddEmployer(t, s)
	m := Hire(t, s, e.ID, func(m *employment.Employment) { m.ExternalID, m.Email = "4711", "old@example.com" })
	Invite(t, s, m.ID)
	const imports = 4
	ids, claimed := make([]string, imports), make([]queue.Job, imports)
	for n := range imports {
		i := employment.Import{ID: login.NewID(), Employer: e.ID, State: employment.ImportReceiving, Invite: true, CreatedAt: Noon()}
		wantErr(t, "add", s.Employments.AddImport(t.Context(), i), nil)
		wantErr(t, "receive", s.Employments.ReceiveChunk(t.Context(), i.ID, 0, "[]", 1, 0, nil), nil)
		kind := fmt.Sprint("import twice ", n)
		job := Job(kind)
		job.Key = i.ID + " 0"
		wantErr(t, "start", s.Employments.StartImport(t.Context(), i.ID, Noon(), job), nil)
		ids[n], claimed[n] = i.ID, claim(t, s, kind, 1, Noon())[0]
	}
	for _, err := range together(t.Context(), imports, func(ctx context.Context, n int) error {
		i := Invitation("made by the import")
		row := employment.Employment{ID: login.NewID(), Employer: e.ID, ExternalID: "4711", Email: "new@example.com", CreatedAt: Noon()}
		return s.Employments.TakeChunk(ctx, claimed[n], ids[n], 0, []employment.HireRequest{
			{Line: 1, Employment: row, Change: employment.Change{Email: &row.Email}, Invitation: &i, Jobs: []queue.Job{Job("imported once")}},
		}, Noon())
	}) {
		wantErr(t, "take", err, nil)
	}
	if got := claim(t, s, "imported once", 10, Noon()); len(got) != 1 {
		t.Errorf("%d letters, want 1", len(got))
	}
}

// forgottenTwice: a new password is asked for by many at once.
func forgottenTwice(t *testing.T, s *store.Store) {
	c := Credential(AddPerson(t, s).ID)
	wantErr(t, "add", s.People.AddCredential(t.Context(), c), nil)
	links := make([]secret.Hash, 8)
	for _, err := range together(t.Context(), len(links), func(ctx context.Context, i int) error {
		links[i] = NewHash()
		return s.People.AddReset(ctx, links[i], c.ID, Noon(), Noon().Add(30*time.Minute), Job("reset once"))
	}) {
		wantErr(t, "order", err, nil)
	}
	if got := claim(t, s, "reset once", 10, Noon()); len(got) != 1 {
		t.Errorf("%d letters, want 1", len(got))
	}
	alive := 0
	for _, link := range links {
		if _, err := s.People.ResetOf(t.Context(), link, Noon()); err == nil {
			alive++
		}
	}
	if alive != 1 {
		t.Errorf("%d links are alive, want the one that is in the letter", alive)
	}
}
