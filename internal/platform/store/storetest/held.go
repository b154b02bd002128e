package storetest

import (
	"testing"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/queue"
	"avain/internal/platform/store"
)

// addressEnds: whichever way an address changes, the open invitations end with it, and
// only then.
func addressEnds(t *testing.T, s *store.Store) {
	e, at := AddEmployer(t, s), Noon().Add(time.Hour)
	open := func(i employment.Invitation) bool {
		t.Helper()
		return must[employment.Invitation](t)(s.Employments.InvitationByID(t.Context(), i.ID)).Open(at)
	}
	m := Hire(t, s, e.ID)
	i := Invite(t, s, m.ID)
	m.GivenName = "Áilu"
	wantErr(t, "change the name", s.Employments.ChangeEmployment(t.Context(), m, at), nil)
	if !open(i) {
		t.Error("it ended with a name")
	}
	m.Email = "other@example.com"
	wantErr(t, "change the address", s.Employments.ChangeEmployment(t.Context(), m, at), nil)
	if open(i) {
		t.Error("it outlives its address")
	}

	// A file that comes again with another address; where it invites, a new letter follows.
	for _, invites := range []bool{false, true} {
		m := Hire(t, s, e.ID)
		i := Invite(t, s, m.ID)
		row := employment.HireRequest{
			Line: 2, Employment: employment.Employment{ID: login.NewID(), Employer: e.ID, ExternalID: m.ExternalID, CreatedAt: at},
			Change: employment.Change{GivenName: new("Aino")},
		}
		takeOne(t, s, e.ID, row)
		if !open(i) {
			t.Error("it ended with a row that names no address")
		}
		row.Change.Email = new("third@example.com")
		if invites {
			again := Invitation(row.Employment.ID)
			row.Invitation = &again
		}
		takeOne(t, s, e.ID, row)
		if open(i) {
			t.Error("it outlives its address in a file")
		}
		all := must[[]employment.Invitation](t)(s.Employments.InvitationsOf(t.Context(), m.ID))
		if n := len(all); invites && (n != 2 || !open(*row.Invitation)) || !invites && n != 1 {
			t.Errorf("invites %v: %+v", invites, all)
		}
	}
}

func takeOne(t *testing.T, s *store.Store, employer string, row employment.HireRequest) {
	t.Helper()
	i := employment.Import{ID: login.NewID(), Employer: employer, State: employment.ImportReceiving, CreatedAt: Noon()}
	wantErr(t, "add", s.Employments.AddImport(t.Context(), i), nil)
	wantErr(t, "receive", s.Employments.ReceiveChunk(t.Context(), i.ID, 0, "[]", 1, 0, nil), nil)
	job := queue.Job{ID: login.NewID(), Kind: "import.chunk", Key: i.ID + " 0", Payload: []byte("{}"), At: Noon(), CreatedAt: Noon()}
	wantErr(t, "start", s.Employments.StartImport(t.Context(), i.ID, Noon(), job), nil)
	claimed := must[[]queue.Job](t)(s.Operations.ClaimJobs(t.Context(), []queue.Claim{{Kind: "import.chunk", Limit: 1, Until: Noon().Add(time.Minute)}}, Noon()))
	wantErr(t, "take", s.Employments.TakeChunk(t.Context(), claimed[0], i.ID, 0, []employment.HireRequest{row}, Noon().Add(time.Minute)), nil)
}

// heldActivations are remembered by human, released one by one, bounded, and gone with the
// activation.
func heldActivations(t *testing.T, s *store.Store) {
	m := Hire(t, s, AddEmployer(t, s).ID)
	i, stranger, owner := Invite(t, s, m.ID), hashBytes(), hashBytes()
	hold := func(code string, minute int, lookups ...[]byte) bool {
		t.Helper()
		return must[bool](t)(s.Employments.HoldActivation(t.Context(), employment.HeldActivation{
			ID: login.NewID(), Invitation: i.ID, SupportCode: code, HeldAt: Noon().Add(time.Duration(minute) * time.Minute),
		}, m.ID, lookups))
	}
	list := func() []employment.HeldActivation {
		t.Helper()
		return must[[]employment.HeldActivation](t)(s.Employments.HeldActivations(t.Context(), m.ID))
	}
	if hold("A", 1, stranger) || hold("B", 2, owner, hashBytes()) || hold("C", 3, owner) {
		t.Error("released before anybody was")
	}
	all := list()
	if len(all) != 2 || all[0].SupportCode != "C" || all[1].SupportCode != "A" {
		t.Fatalf("held: %+v", all)
	}
	wantErr(t, "release another record's", s.Employments.ReleaseActivation(t.Context(), login.NewID(), all[0].ID, Noon()), fault.ErrNotFound)
	wantErr(t, "release", s.Employments.ReleaseActivation(t.Context(), m.ID, all[0].ID, Noon()), nil)
	wantErr(t, "release again", s.Employments.ReleaseActivation(t.Context(), m.ID, all[0].ID, Noon()), fault.ErrNotFound)
	if hold("D", 4, stranger) || !hold("E", 5, hashBytes(), owner) {
		t.Error("released is the other human")
	}
	i = Invite(t, s, m.ID) // a newer letter
	if !hold("F", 6, owner) {
		t.Error("a later invitation holds the released human again")
	}
	for n := range 30 {
		hold("G", 10+n, hashBytes())
	}
	if n := len(list()); n > 25 {
		t.Errorf("%d humans are remembered", n)
	}
	must[employment.Activated](t)(s.People.Activate(t.Context(), AsActivation(i.ID, owner), noJobs))
	if all := list(); len(all) != 0 {
		t.Errorf("after the activation: %+v", all)
	}
}
