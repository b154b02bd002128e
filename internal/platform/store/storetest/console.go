package storetest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/staff"
	"avain/internal/platform/store"
	"avain/internal/secret"
)

// newStaff writes somebody of the staff with an invitation, and a passkey made with it.
func newStaff(t *testing.T, s *store.Store, role staff.Role) (staff.Member, staff.Passkey) {
	t.Helper()
	who := staff.Member{ID: login.NewID(), Name: "Sanna", Role: role, CreatedAt: Noon()}
	i := staff.Invitation{Token: NewHash(), Staff: who.ID, By: "system", CreatedAt: Noon(), ExpiresAt: Noon().Add(time.Hour)}
	wantErr(t, "invite", s.Staff.InviteStaff(t.Context(), who, true, i), nil)
	k := newPasskey(who.ID)
	wantErr(t, "first passkey", s.Staff.AddPasskey(t.Context(), k, i.Token, Noon()), nil)
	return who, k
}

func newPasskey(member string) staff.Passkey {
	credential := NewHash()
	return staff.Passkey{ID: login.NewID(), Staff: member, Credential: credential[:], Name: "Chrome on macOS", Record: []byte(`{"x":1}`), CreatedAt: Noon()}
}

func staffAndPasskeys(t *testing.T, s *store.Store) {
	who := staff.Member{ID: login.NewID(), Name: "Sanna", Role: staff.RoleAgent, CreatedAt: Noon()}
	first := staff.Invitation{Token: NewHash(), Staff: who.ID, By: "system", CreatedAt: Noon(), ExpiresAt: Noon().Add(time.Hour)}
	wantErr(t, "nobody yet", s.Staff.InviteStaff(t.Context(), who, false, first), fault.ErrNotFound)
	wantErr(t, "invite", s.Staff.InviteStaff(t.Context(), who, true, first), nil)
	wantErr(t, "the same again", s.Staff.InviteStaff(t.Context(), who, true, first), fault.ErrExists)
	found, of, err := s.Staff.StaffInvitation(t.Context(), first.Token, Noon())
	if err != nil || found != first || of != who {
		t.Errorf("found %+v of %+v, %v", found, of, err)
	}
	second := first
	second.Token = NewHash()
	wantErr(t, "invite again", s.Staff.InviteStaff(t.Context(), who, false, second), nil)
	for what, token := range map[string]secret.Hash{"the one before": first.Token, "unknown": NewHash(), "empty": {}} {
		_, _, err := s.Staff.StaffInvitation(t.Context(), token, Noon())
		wantErr(t, what, err, fault.ErrNotFound)
	}
	_, _, err = s.Staff.StaffInvitation(t.Context(), second.Token, second.ExpiresAt)
	wantErr(t, "too old", err, fault.ErrNotFound)
	wantErr(t, "too old to use", s.Staff.AddPasskey(t.Context(), newPasskey(who.ID), second.Token, second.ExpiresAt), fault.ErrNotFound)
	wantErr(t, "another's", s.Staff.AddPasskey(t.Context(), newPasskey(login.NewID()), second.Token, Noon()), fault.ErrNotFound)
	oneWinner(t, together(t.Context(), 6, func(ctx context.Context, _ int) error {
		return s.Staff.AddPasskey(ctx, newPasskey(who.ID), second.Token, Noon())
	}), fault.ErrNotFound)

	wantErr(t, "role", s.Staff.SetStaffRole(t.Context(), who.ID, staff.RoleOperator), nil)
	wantErr(t, "nobody's role", s.Staff.SetStaffRole(t.Context(), login.NewID(), staff.RoleOperator), fault.ErrNotFound)
	wantErr(t, "disable nobody", s.Staff.DisableStaff(t.Context(), login.NewID(), Noon()), fault.ErrNotFound)
	for _, at := range []time.Time{Noon(), Noon().Add(time.Hour)} {
		wantErr(t, "disable", s.Staff.DisableStaff(t.Context(), who.ID, at), nil)
	}
	all := must[[]staff.Member](t)(s.Staff.Staff(t.Context()))
	if len(all) != 1 || all[0].Role != staff.RoleOperator || !all[0].DisabledAt.Equal(Noon()) {
		t.Errorf("list: %+v", all)
	}
	wantErr(t, "invite a disabled one", s.Staff.InviteStaff(t.Context(), who, false, first), fault.ErrNotFound)
	wantErr(t, "passkey of a disabled one", s.Staff.AddPasskey(t.Context(), newPasskey(who.ID), secret.Hash{}, Noon()), fault.ErrNotFound)
	wantErr(t, "enable", s.Staff.EnableStaff(t.Context(), who.ID), nil)
	wantErr(t, "invite an enabled one", s.Staff.InviteStaff(t.Context(), who, false, first), nil)
	if n := must[int64](t)(s.Staff.PurgeStaff(t.Context(), first.ExpiresAt)); n != 1 {
		t.Errorf("purged %d", n)
	}
}

func passkeys(t *testing.T, s *store.Store) {
	who, k := newStaff(t, s, staff.RoleAgent)
	_, other := newStaff(t, s, staff.RoleAgent)
	got := must[staff.Passkey](t)(s.Staff.PasskeyByCredential(t.Context(), k.Credential))
	if got.ID != k.ID || got.Staff != who.ID || !bytes.Equal(got.Record, k.Record) || !got.UsedAt.IsZero() {
		t.Errorf("got %+v", got)
	}
	_, err := s.Staff.PasskeyByCredential(t.Context(), nil)
	wantErr(t, "no id", err, fault.ErrNotFound)
	wantErr(t, "the same authenticator", s.Staff.AddPasskey(t.Context(), k, secret.Hash{}, Noon()), fault.ErrExists)
	wantErr(t, "the last one", s.Staff.DropPasskey(t.Context(), who.ID, k.ID), fault.ErrMoved)
	second := newPasskey(who.ID)
	wantErr(t, "a second one", s.Staff.AddPasskey(t.Context(), second, secret.Hash{}, Noon()), nil)
	wantErr(t, "another's", s.Staff.DropPasskey(t.Context(), who.ID, other.ID), fault.ErrNotFound)

	session := staff.Session{Token: NewHash(), Staff: who.ID, Passkey: second.ID, CreatedAt: Noon(), IdleUntil: Noon().Add(time.Minute), EndsAt: Noon().Add(3 * time.Minute)}
	second.Record = []byte(`{"x":2}`)
	mark := login.ReplayKey{Hash: NewHash(), Expires: Noon().Add(time.Hour)}
	wantErr(t, "sign in", s.Staff.SignInStaff(t.Context(), second, session, Noon(), mark), nil)
	again := session
	again.Token = NewHash()
	wantErr(t, "the same answer again", s.Staff.SignInStaff(t.Context(), second, again, Noon(), mark), fault.ErrReplayed)
	if got := must[staff.Passkey](t)(s.Staff.PasskeyByCredential(t.Context(), second.Credential)); string(got.Record) != `{"x":2}` || !got.UsedAt.Equal(Noon()) {
		t.Errorf("used: %+v", got)
	}
	second.Record, mark.Hash = []byte(`{"x":3}`), NewHash()
	wantErr(t, "use", s.Staff.UsePasskey(t.Context(), second, Noon(), mark), nil)
	wantErr(t, "the same proof again", s.Staff.UsePasskey(t.Context(), second, Noon(), mark), fault.ErrReplayed)
	if got := must[staff.Passkey](t)(s.Staff.PasskeyByCredential(t.Context(), second.Credential)); string(got.Record) != `{"x":3}` {
		t.Errorf("used again: %+v", got)
	}
	since := must[[]staff.MemberPasskey](t)(s.Staff.PasskeysSince(t.Context(), second.CreatedAt.Add(-time.Millisecond)))
	if !slices.ContainsFunc(since, func(m staff.MemberPasskey) bool {
		return m.Passkey.ID == second.ID && m.Passkey.Staff == who.ID && m.Staff.Name == who.Name && m.Staff.Role == who.Role
	}) {
		t.Errorf("new passkeys: %+v", since)
	}
	if none := must[[]staff.MemberPasskey](t)(s.Staff.PasskeysSince(t.Context(), second.CreatedAt)); len(none) != 0 {
		t.Errorf("made later than the last one: %+v", none)
	}
	wantErr(t, "drop", s.Staff.DropPasskey(t.Context(), who.ID, second.ID), nil)
	wantErr(t, "use what is gone", s.Staff.UsePasskey(t.Context(), second, Noon()), fault.ErrNotFound)
	_, _, err = s.Staff.StaffBySession(t.Context(), session.Token)
	wantErr(t, "the session of a passkey that is gone", err, fault.ErrNotFound)
	wantErr(t, "sign in without it", s.Staff.SignInStaff(t.Context(), second, again, Noon()), fault.ErrNotFound)
	if all := must[[]staff.Passkey](t)(s.Staff.PasskeysOf(t.Context(), who.ID)); len(all) != 1 || all[0].ID != k.ID {
		t.Errorf("left: %+v", all)
	}
}

func staffSessions(t *testing.T, s *store.Store) {
	who, k := newStaff(t, s, staff.RoleLead)
	open := func(ends time.Duration) staff.Session {
		session := staff.Session{Token: NewHash(), Staff: who.ID, Passkey: k.ID, CreatedAt: Noon(), IdleUntil: Noon().Add(time.Minute), EndsAt: Noon().Add(ends)}
		wantErr(t, "sign in", s.Staff.SignInStaff(t.Context(), k, session, Noon()), nil)
		return session
	}
	session := open(10 * time.Minute)
	found := func() (staff.Session, error) {
		got, of, err := s.Staff.StaffBySession(t.Context(), session.Token)
		if err == nil && of != who {
			t.Errorf("of %+v", of)
		}
		return got, err
	}
	for _, step := range []struct{ until, want time.Duration }{
		{90 * time.Second, time.Minute}, {5 * time.Minute, 5 * time.Minute}, {2 * time.Minute, 5 * time.Minute}, {time.Hour, 10 * time.Minute},
	} {
		got := must[staff.Session](t)(found())
		wantErr(t, "use", s.Staff.UseStaffSession(t.Context(), got, Noon().Add(step.until)), nil)
		if got = must[staff.Session](t)(found()); !got.IdleUntil.Equal(Noon().Add(step.want)) {
			t.Errorf("until %v: idle until %v, want %v", step.until, got.IdleUntil.Sub(Noon()), step.want)
		}
	}
	for range 2 {
		wantErr(t, "end", s.Staff.EndStaffSession(t.Context(), session.Token), nil)
	}
	_, err := found()
	wantErr(t, "after its end", err, fault.ErrNotFound)
	wantErr(t, "use after its end", s.Staff.UseStaffSession(t.Context(), session, Noon().Add(time.Hour)), nil)
	_, err = found()
	wantErr(t, "no use brings it back", err, fault.ErrNotFound)
	_, _, err = s.Staff.StaffBySession(t.Context(), secret.Hash{})
	wantErr(t, "no token", err, fault.ErrNotFound)

	session = open(10 * time.Minute)
	wantErr(t, "disable", s.Staff.DisableStaff(t.Context(), who.ID, Noon()), nil)
	_, err = found()
	wantErr(t, "of a disabled one", err, fault.ErrNotFound)
	wantErr(t, "enable", s.Staff.EnableStaff(t.Context(), who.ID), nil)
	_, err = found()
	wantErr(t, "who is enabled signs in anew", err, fault.ErrNotFound)
	open(time.Minute)
	if n := must[int64](t)(s.Staff.PurgeStaff(t.Context(), Noon().Add(time.Minute))); n != 1 {
		t.Errorf("purged %d", n)
	}
}

// words proves that people are found by what they are called now, and by nothing else.
func words(t *testing.T, s *store.Store) {
	ctx := t.Context()
	named := func(given, family string) login.Person {
		p := Person()
		p.GivenName, p.FamilyName, p.Name = given, family, given+" "+family
		wantErr(t, "add", s.People.AddPerson(ctx, p, nil, nil), nil)
		return p
	}
	vaino, aino := named("Väinö Åke", "von Ess-Ångström"), named("Aino", "Virtanen")
	find := func(typed string, want ...string) {
		t.Helper()
		got := must[[]string](t)(s.People.PersonsNamed(ctx, typed, 10))
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%q finds %v, want %v", typed, got, want)
		}
	}
	for _, typed := range []string{"väinö", "VAINO", "vai ang", "ÅNGSTRÖM, väinö", "ess", "von åke", "vaino  vaino"} {
		find(typed, vaino.ID)
	}
	find("v", vaino.ID, aino.ID)
	find("va", vaino.ID)
	for _, typed := range []string{"", " ", "--", "väinö virtanen", "ainoa", "%", "_", "\x00", "\xff", "' OR 1=1"} {
		find(typed)
	}
	wantErr(t, "marry", s.People.NamePerson(ctx, aino.ID, "Aino", "Mäki", "Aino Mäki", Noon()), nil)
	find("virtanen")
	find("maki", aino.ID)

	e := employment.Employer{ID: login.NewID(), Name: "Kuusiston Konepaja Oy", Locale: "fi", CreatedAt: Noon()}
	wantErr(t, "employer", s.Employments.AddEmployer(ctx, e), nil)
	m := employment.Employment{ID: login.NewID(), Employer: e.ID, Kind: employment.UserSmartumPlus, GivenName: "Kalle", FamilyName: "Öhman", Email: "Kalle@Example.com", CreatedAt: Noon()}
	wantErr(t, "hire", s.Employments.AddEmployment(ctx, m), nil)
	employment := func(typed string, want ...string) {
		t.Helper()
		if got := must[[]string](t)(s.People.EmploymentsNamed(ctx, typed, 10)); !slices.Equal(got, want) {
			t.Errorf("%q finds records %v, want %v", typed, got, want)
		}
	}
	employment("ohm kal", m.ID)
	m.FamilyName = "Åman"
	wantErr(t, "change", s.Employments.ChangeEmployment(ctx, m, Noon()), nil)
	employment("ohman")
	employment("aman", m.ID)
	if got := must[[]string](t)(s.People.EmployersNamed(ctx, "konepaja kuusisto", 10)); !slices.Equal(got, []string{e.ID}) {
		t.Errorf("employers: %v", got)
	}
	wantErr(t, "rename", s.Employments.ChangeEmployer(ctx, e.ID, "Pohja Oy", "fi", Noon()), nil)
	if got := must[[]string](t)(s.People.EmployersNamed(ctx, "konepaja", 10)); len(got) != 0 {
		t.Errorf("by the name before: %v", got)
	}
	_, records, err := s.People.FindByAddress(ctx, "KALLE@example.com", 10)
	if err != nil || !slices.Equal(records, []string{m.ID}) {
		t.Errorf("by address: %v, %v", records, err)
	}
	if _, err := s.People.ErasePerson(ctx, m.ID, operations.Erasure{At: Noon()}); err != nil {
		t.Fatal(err)
	}
	employment("aman")
	if _, err := s.People.ErasePerson(ctx, aino.ID, operations.Erasure{At: Noon()}); err != nil {
		t.Fatal(err)
	}
	find("maki")
}

// deskLooks reads what the desk shows of one person.
func deskLooks(t *testing.T, s *store.Store) {
	p, other := AddPerson(t, s), AddPerson(t, s)
	mine := ConfirmedFor(t, s, p.ID).Attempt
	ConfirmedFor(t, s, other.ID)
	got := must[[]login.Attempt](t)(s.People.AttemptsOfPerson(t.Context(), p.ID, 10))
	if len(got) != 1 || got[0].ID != mine {
		t.Errorf("attempts: %+v", got)
	}
	c := Credential(p.ID)
	c.UserName, c.Email = strings.ToLower(c.UserName), strings.ToLower(c.Email)
	wantErr(t, "credential", s.People.AddCredential(t.Context(), c), nil)
	if names := must[[]string](t)(s.People.UserNamesOf(t.Context(), p.ID)); !slices.Equal(names, []string{c.UserName}) {
		t.Errorf("user names: %v", names)
	}
	for _, typed := range []string{c.UserName, c.Email} {
		persons, _, err := s.People.FindByAddress(t.Context(), typed, 10)
		if err != nil || !slices.Contains(persons, p.ID) {
			t.Errorf("%q finds %v, %v", typed, persons, err)
		}
	}
	for i, e := range []operations.AuditEntry{
		{Actor: "staff:a", Target: "person:" + p.ID}, {Actor: "person:" + p.ID, Target: "person:" + p.ID}, {Actor: "staff:a", Target: "person:" + other.ID},
	} {
		e.At, e.Action = Noon(), fmt.Sprint("act.", i)
		wantErr(t, "audit", s.Audit.AppendAudit(t.Context(), e), nil)
	}
	if acts := must[[]operations.AuditEntry](t)(s.People.StaffActsOn(t.Context(), "person:"+p.ID, 10)); len(acts) != 1 || acts[0].Action != "act.0" {
		t.Errorf("acts: %+v", acts)
	}
}
