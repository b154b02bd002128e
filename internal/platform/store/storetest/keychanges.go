package storetest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/operations"
	"avain/internal/platform/store"
)

// keyChanges are begun by one, moved on by whoever knows how far they have come, and end.
func keyChanges(t *testing.T, s *store.Store) {
	gone := func(what string) {
		t.Helper()
		_, err := s.Keys.KeyChange(t.Context(), "prf")
		wantErr(t, what, err, fault.ErrNotFound)
	}
	gone("before any")
	oneWinner(t, together(t.Context(), 10, func(ctx context.Context, i int) error {
		return s.Keys.SetKeyChange(ctx, "prf", "", fmt.Sprint("begun-", i))
	}), fault.ErrMoved)
	begun := must[string](t)(s.Keys.KeyChange(t.Context(), "prf"))
	wantErr(t, "from another step", s.Keys.SetKeyChange(t.Context(), "prf", "x", "y"), fault.ErrMoved)
	wantErr(t, "move on", s.Keys.SetKeyChange(t.Context(), "prf", begun, "used"), nil)
	wantErr(t, "end another step", s.Keys.SetKeyChange(t.Context(), "prf", begun, ""), fault.ErrMoved)
	wantErr(t, "end", s.Keys.SetKeyChange(t.Context(), "prf", "used", ""), nil)
	gone("after its end")
	if all := must[[]string](t)(s.Keys.NodeKeys(t.Context())); len(all) != 0 {
		t.Errorf("nodes that nobody has heard of: %q", all)
	}
	must[[]time.Duration](t)(s.Beat(t.Context(), "a", 0))
	must[[]time.Duration](t)(s.Beat(t.Context(), "b", 0))
	if all := must[[]string](t)(s.Keys.NodeKeys(t.Context())); !slices.Equal(all, []string{"", ""}) {
		t.Errorf("two nodes that do not say: %q", all)
	}
}

// under is a look-up value by the key with a number.
func under(key byte) []byte { return append([]byte{0, 0, 0, key}, hashBytes()...) }

// whatNeedsAnOldKey is counted by human, whatever holds their look-up value.
func whatNeedsAnOldKey(t *testing.T, s *store.Store) {
	twice, code, here := under(1), under(1), AddEmployer(t, s).ID
	for _, lookup := range [][]byte{twice, under(2), nil} {
		p := Person()
		p.Benefits = nil
		wantErr(t, "add", s.People.AddPerson(t.Context(), p, lookup, nil), nil)
	}
	for _, lookup := range [][]byte{twice, code, under(2), nil} {
		Hire(t, s, here, func(m *employment.Employment) { m.Lookup = lookup })
	}
	for key, want := range map[byte]int64{1: 2, 2: 2, 3: 4} {
		if n := must[int64](t)(s.Keys.HumansUnderOther(t.Context(), []byte{0, 0, 0, key})); n != want {
			t.Errorf("%d humans are not under key %d, want %d", n, key, want)
		}
	}
	if n := must[int64](t)(s.Keys.ChunksWaiting(t.Context())); n != 0 {
		t.Errorf("%d chunks of no import", n)
	}
	p := Person()
	p.Benefits = nil
	wantErr(t, "add", s.People.AddPerson(t.Context(), p, nil, nil), nil)
	for _, keyed := range []string{",keyid=aa_bbbbb", ",keyid=aaxbbbbb", ""} {
		c := Credential(p.ID)
		c.Hash = "$argon2id$v=19$m=64,t=1,p=1" + keyed + "$salt$sum"
		wantErr(t, "add", s.People.AddCredential(t.Context(), c), nil)
	}
	for key, want := range map[string]int64{"aa_bbbbb": 1, "aaxbbbbb": 1, "%": 2, "other": 2} {
		if n := must[int64](t)(s.Keys.PasswordsUnderOther(t.Context(), key)); n != want {
			t.Errorf("%d passwords are not by %s, want %d", n, key, want)
		}
	}
	i := Invite(t, s, Hire(t, s, here).ID, func(i *employment.Invitation) { i.RemindAt = Noon().Add(time.Hour) })
	for before, want := range map[time.Time]int64{i.CreatedAt: 0, i.CreatedAt.Add(time.Millisecond): 1} {
		if n := must[int64](t)(s.Keys.RemindersBefore(t.Context(), before)); n != want {
			t.Errorf("%d reminders, want %d", n, want)
		}
	}
	if n := must[int64](t)(s.Keys.SessionsBefore(t.Context(), "nobody", Noon(), Noon())); n != 0 {
		t.Errorf("%d sessions of no client", n)
	}
}

// resealed: the same thing under another seal, unless it has changed meanwhile.
func resealed(t *testing.T, s *store.Store) {
	old, fresh := []byte{1, 0, 0, 0, 1, 9}, []byte{1, 0, 0, 0, 2, 9}
	p := Person()
	p.Benefits = nil
	lookup := under(1)
	wantErr(t, "add", s.People.AddPerson(t.Context(), p, lookup, old), nil)
	wantErr(t, "add key", s.Keys.AddSigningKey(t.Context(), operations.SigningKey{
		Slot: 1, KID: "k", Alg: "ES256", Sealed: old, PublicJWK: []byte("{}"), CreatedAt: Noon(), ActiveFrom: Noon(), RetireAt: Noon(), RemoveAt: Noon(),
	}), nil)
	left := func(wantKeys, wantCodes int64) {
		t.Helper()
		keys, codes, err := s.Keys.SealedByOther(t.Context(), fresh[:5])
		if err != nil || keys != wantKeys || codes != wantCodes {
			t.Errorf("%d keys and %d codes are left, %v; want %d and %d", keys, codes, err, wantKeys, wantCodes)
		}
		all := must[[]store.SealedCode](t)(s.Keys.CodesSealedByOther(t.Context(), fresh[:5], ""))
		if int64(len(all)) != wantCodes || wantCodes > 0 && (all[0].Person != p.ID || !bytes.Equal(all[0].Sealed, old)) {
			t.Errorf("left: %+v", all)
		}
	}
	left(1, 1)
	wantErr(t, "something else", s.Keys.ResealPerson(t.Context(), p.ID, fresh, old), nil)
	left(1, 1)
	wantErr(t, "person", s.Keys.ResealPerson(t.Context(), p.ID, old, fresh), nil)
	left(1, 0)
	wantErr(t, "key", s.Keys.ResealSigningKey(t.Context(), "k", old, fresh), nil)
	left(0, 0)
	if all := must[[]store.SealedCode](t)(s.Keys.CodesUnderOther(t.Context(), []byte{0, 0, 0, 2}, "")); len(all) != 1 {
		t.Errorf("codes that can be hashed anew: %+v", all)
	}
	if all := must[[]store.SealedCode](t)(s.Keys.CodesUnderOther(t.Context(), lookup[:4], "")); len(all) != 0 {
		t.Errorf("codes that need not be hashed anew: %+v", all)
	}
	k := hintKey("k")
	wantErr(t, "retire", s.Keys.RetireSigningKeys(t.Context(), []operations.HintKey{{KID: k.KID, Alg: k.Alg, Sealed: old, ForgetAt: k.ForgetAt}}, Noon()), nil)
	wantErr(t, "hint", s.Keys.ResealHintKey(t.Context(), "k", old, fresh), nil)
	if all := must[[]operations.HintKey](t)(s.Keys.HintKeys(t.Context())); len(all) != 1 || !bytes.Equal(all[0].Sealed, fresh) {
		t.Errorf("hint keys: %+v", all)
	}
	left(0, 0)
}
