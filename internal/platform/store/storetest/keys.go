package storetest

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/operations"
	"avain/internal/platform/store"
)

func signingKeys(t *testing.T, s *store.Store) {
	key := func(slot int64) operations.SigningKey {
		from := Noon().Add(time.Duration(slot) * 24 * time.Hour)
		return operations.SigningKey{
			Slot: slot, KID: fmt.Sprint("kid-", slot), Alg: "ES256", Sealed: []byte{0, 1, byte(slot)}, PublicJWK: []byte(`{"kty":"EC"}`),
			CreatedAt: Noon(), ActiveFrom: from, RetireAt: from.Add(24 * time.Hour), RemoveAt: from.Add(48 * time.Hour),
		}
	}
	want := []operations.SigningKey{key(1), key(2)}
	for _, k := range []operations.SigningKey{want[1], want[0]} {
		if err := s.Keys.AddSigningKey(t.Context(), k); err != nil {
			t.Fatal(err)
		}
	}
	if got := must[[]operations.SigningKey](t)(s.Keys.SigningKeys(t.Context())); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	sameKID := key(3)
	sameKID.KID = "kid-1"
	wantErr(t, "same KID", s.Keys.AddSigningKey(t.Context(), sameKID), fault.ErrExists)

	// Nodes that rotate at the same moment add one key.
	oneWinner(t, together(t.Context(), 10, func(ctx context.Context, i int) error {
		k := key(3)
		k.KID = fmt.Sprint("node-", i)
		return s.Keys.AddSigningKey(ctx, k)
	}), fault.ErrExists)

	retire := func(now time.Time, kids ...string) {
		t.Helper()
		var keys []operations.HintKey
		for _, kid := range kids {
			keys = append(keys, hintKey(kid))
		}
		if err := s.Keys.RetireSigningKeys(t.Context(), keys, now); err != nil {
			t.Fatal(err)
		}
	}
	retire(Noon(), "kid-1", "never-there")
	if got := must[[]operations.SigningKey](t)(s.Keys.SigningKeys(t.Context())); len(got) != 2 || got[0].Slot != 2 || got[1].Slot != 3 {
		t.Errorf("after removal: %+v, want slots 2 and 3", got)
	}
	if got := must[operations.HintKey](t)(s.Keys.HintKey(t.Context(), "kid-1")); !reflect.DeepEqual(got, hintKey("kid-1")) {
		t.Errorf("kept %+v", got)
	}
	noHint := func(what, kid string) {
		t.Helper()
		_, err := s.Keys.HintKey(t.Context(), kid)
		wantErr(t, what, err, fault.ErrNotFound)
	}
	noHint("a key that was not there", "never-there")

	// Of a key that has leaked nothing is kept, wherever it was in its life.
	for _, kid := range []string{"kid-1", "kid-2"} {
		if err := s.Keys.RevokeSigningKey(t.Context(), kid); err != nil {
			t.Errorf("%s: %v", kid, err)
		}
		retire(Noon(), kid)
		noHint("a revoked key", kid)
		wantErr(t, "revoked twice", s.Keys.RevokeSigningKey(t.Context(), kid), fault.ErrNotFound)
	}

	last := must[[]operations.SigningKey](t)(s.Keys.SigningKeys(t.Context()))[0].KID
	retire(Noon(), last)
	retire(hintKey(last).ForgetAt.Add(-time.Millisecond))
	must[operations.HintKey](t)(s.Keys.HintKey(t.Context(), last))
	retire(hintKey(last).ForgetAt)
	noHint("a key that is of no use any more", last)
}

// keyMarks are written once, and replaced by whoever knows the one before.
func keyMarks(t *testing.T, s *store.Store) {
	_, err := s.Keys.KeyMark(t.Context(), "prf")
	wantErr(t, "no mark", err, fault.ErrNotFound)
	oneWinner(t, together(t.Context(), 10, func(ctx context.Context, i int) error {
		return s.Keys.SetKeyMark(ctx, "prf", "", fmt.Sprint("first-", i))
	}), fault.ErrMoved)
	first := must[string](t)(s.Keys.KeyMark(t.Context(), "prf"))
	oneWinner(t, together(t.Context(), 10, func(ctx context.Context, i int) error {
		return s.Keys.SetKeyMark(ctx, "prf", first, fmt.Sprint("second-", i))
	}), fault.ErrMoved)
	if second := must[string](t)(s.Keys.KeyMark(t.Context(), "prf")); second == first {
		t.Errorf("still %s", second)
	}
	_, err = s.Keys.KeyMark(t.Context(), "aead")
	wantErr(t, "another key's", err, fault.ErrNotFound)
}

// revokedWhileRetiring: whichever comes first, nothing is left of a leaked key.
func revokedWhileRetiring(t *testing.T, s *store.Store) {
	for i := range 20 {
		kid := fmt.Sprint("leaked-", i)
		k := operations.SigningKey{
			Slot: int64(i + 1), KID: kid, Alg: "ES256", Sealed: []byte{1}, PublicJWK: []byte(`{}`),
			CreatedAt: Noon(), ActiveFrom: Noon(), RetireAt: Noon(), RemoveAt: Noon(),
		}
		if err := s.Keys.AddSigningKey(t.Context(), k); err != nil {
			t.Fatal(err)
		}
		for _, err := range together(t.Context(), 2, func(ctx context.Context, who int) error {
			if who == 0 {
				return s.Keys.RevokeSigningKey(ctx, kid)
			}
			return s.Keys.RetireSigningKeys(ctx, []operations.HintKey{hintKey(kid)}, Noon())
		}) {
			if err != nil {
				t.Fatal(err)
			}
		}
		_, err := s.Keys.HintKey(t.Context(), kid)
		wantErr(t, kid, err, fault.ErrNotFound)
	}
}

func hintKey(kid string) operations.HintKey {
	return operations.HintKey{KID: kid, Alg: "ES256", Sealed: []byte{2, 3}, ForgetAt: Noon().Add(365 * 24 * time.Hour)}
}

func audit(t *testing.T, s *store.Store) {
	const entries = 40
	for _, err := range together(t.Context(), entries, func(ctx context.Context, i int) error {
		return s.Audit.AppendAudit(ctx, operations.AuditEntry{
			At: Noon(), Actor: "system", Action: "session.revoke", Target: fmt.Sprint(i), Detail: map[string]string{"why": "logout"},
		})
	}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	sealed(t, s, entries)
	var last int64
	targets := map[string]bool{}
	for {
		page := must[[]operations.AuditEntry](t)(ReadAudit(t.Context(), s, last, 7))
		if len(page) == 0 {
			break
		}
		for _, e := range page {
			if e.Seq != last+1 || !e.At.Equal(Noon()) || e.Action != "session.revoke" || e.Detail["why"] != "logout" {
				t.Fatalf("after %d: %+v", last, e)
			}
			last, targets[e.Target] = e.Seq, true
		}
	}
	if len(targets) != entries {
		t.Errorf("%d different entries, want %d", len(targets), entries)
	}
	if err := s.Audit.AppendAudit(t.Context(), operations.AuditEntry{At: Noon()}); err != nil {
		t.Errorf("without detail: %v", err)
	}
}
