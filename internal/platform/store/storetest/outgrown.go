package storetest

import (
	"testing"

	"avain/internal/domain/login"
	"avain/internal/platform/store"
)

// outgrown: when the record of somebody with a password turns out to be a SmartumPlus
// person, what the password has begun ends in that transaction, a phone that its QR code
// has let in included; what a broker has begun stays, and nobody else's is touched.
func outgrown(t *testing.T, s *store.Store) {
	plus := AddPerson(t, s) // a SmartumPlus person
	begin := func(person string, change func(*login.Session)) string {
		r := ConfirmedFor(t, s, person)
		change(&r.Session)
		if _, err := s.Attempts.RedeemCode(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		return r.Session.ID
	}
	byPassword := func(amr ...string) func(*login.Session) {
		return func(x *login.Session) {
			x.Method, x.Broker, x.Means, x.ACR, x.AMR = login.MethodCredentials, "", "", "", amr
		}
	}
	record := func() string {
		p := Person()
		p.SmartumPlus, p.Benefits = false, nil
		wantErr(t, "add", s.People.AddPerson(t.Context(), p, nil, nil), nil)
		return p.ID
	}
	from, bystander := record(), record()
	sessions := map[string]bool{ // whether it stays
		begin(from, byPassword(login.AMRPassword)):                                  false,
		begin(from, byPassword(login.AMRPassword, "qr")):                            false,
		begin(from, func(*login.Session) {}):                                        true,
		begin(from, func(x *login.Session) { x.AMR = []string{login.AMRPassword} }): true, // a broker's own word
		begin(bystander, byPassword(login.AMRPassword)):                             true,
	}
	wantErr(t, "join two that are none", s.People.JoinPersons(t.Context(), record(), bystander, Noon()), nil)
	wantErr(t, "join", s.People.JoinPersons(t.Context(), from, plus.ID, Noon()), nil)
	for id, stays := range sessions {
		got := must[login.Session](t)(s.Sessions.SessionByID(t.Context(), id))
		if got.RevokedAt.IsZero() != stays || !stays && got.RevokedWhy != string(login.ReasonStrongRequired) {
			t.Errorf("%s, %s %v: ended at %v, %q", got.Person, got.Broker, got.AMR, got.RevokedAt, got.RevokedWhy)
		}
	}
}
