package people_test

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"

	"avain/internal/core/people"
	"avain/internal/domain/fault"
	"avain/internal/domain/hetu"
	"avain/internal/domain/login"
	"avain/internal/platform/keyset"
	"avain/internal/platform/store"
	"avain/internal/platform/store/storetest"

	"github.com/tink-crypto/tink-go/v2/prf"
)

func newStore(t *testing.T) *store.Store {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{
		Driver: store.SQLite, Path: storetest.Fresh(t), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

func newPRF(t *testing.T) *prf.Set {
	t.Helper()
	text, err := keyset.NewPRF()
	if err != nil {
		t.Fatal(err)
	}
	set, err := keyset.PRF(text)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func code(t *testing.T, s string) hetu.Code {
	t.Helper()
	c, err := hetu.Parse(s, hetu.Artificial)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNameFollowsTheStrongAuthentication(t *testing.T) {
	t.Parallel()
	db := newStore(t)
	p := people.New(people.Deps{
		People: db.People, Lookups: db.Keys, Credentials: db.People, Employments: db.Employments,
		Invitations: db.Employments, Limits: db.Limits, Jobs: db.Operations, Keys: people.Keys{Lookup: newPRF(t)}, Now: time.Now,
	})
	who := code(t, "100190-999P")
	added, _, err := p.Add(t.Context(), who, login.Person{Name: "aino virtanen", Locale: "fi", Benefits: []login.Benefit{{Kind: "lunch", Employer: "A"}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		id   login.Identity
		want string
	}{
		{login.Identity{HETU: who, Name: "Virtanen Aino"}, "aino virtanen"}, // no split names: what is there stays
		{login.Identity{HETU: who, GivenName: "Aino", FamilyName: "Virtanen", Name: "Virtanen Aino"}, "Aino Virtanen"},
		{login.Identity{HETU: who, GivenName: "Aino", FamilyName: "Korhonen", Name: "Korhonen Aino"}, "Aino Korhonen"}, // married
		{login.Identity{HETU: who, Name: "Korhonen Aino"}, "Aino Korhonen"},
	} {
		got, err := p.Identify(t.Context(), step.id)
		if err != nil || got.ID != added.ID || got.Name != step.want {
			t.Errorf("%+v, %v; want %s", got, err, step.want)
		}
		if stored, err := db.People.PersonByID(t.Context(), added.ID); err != nil || stored.Name != step.want || len(stored.Benefits) != 1 {
			t.Errorf("stored %+v, %v", stored, err)
		}
	}
	if _, err := p.Identify(t.Context(), login.Identity{HETU: code(t, "100190Y999P")}); !fault.HasReason(err, login.ReasonNoBenefits) {
		t.Errorf("a stranger: %v", err)
	}
	if _, err := p.Identify(t.Context(), login.Identity{}); err == nil {
		t.Error("nobody was found for no code")
	}
}

// Rotating the key of the look-up: people are found under the old key and moved to
// the new one as they log in; once it is gone, those who have moved are still there.
func TestKeyRotationLosesNobody(t *testing.T) {
	t.Parallel()
	db := newStore(t)
	old, next := newPRF(t), newPRF(t)
	both := &prf.Set{PrimaryID: next.PrimaryID, PRFs: map[uint32]prf.PRF{
		old.PrimaryID: old.PRFs[old.PrimaryID], next.PrimaryID: next.PRFs[next.PrimaryID],
	}}
	with := func(set *prf.Set) *people.People {
		return people.New(people.Deps{
			People: db.People, Lookups: db.Keys, Credentials: db.People, Employments: db.Employments,
			Invitations: db.Employments, Limits: db.Limits, Jobs: db.Operations, Keys: people.Keys{Lookup: set}, Now: time.Now,
		})
	}
	mover, sleeper := code(t, "100190-999P"), code(t, "100190Y999P")
	a, _, err := with(old).Add(t.Context(), mover, login.Person{Name: "A"})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := with(old).Add(t.Context(), sleeper, login.Person{Name: "B"}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got, err := with(both).Identify(t.Context(), login.Identity{HETU: mover, Name: "A"}); err != nil || got.ID != a.ID {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	if got, err := with(next).Identify(t.Context(), login.Identity{HETU: mover, Name: "A"}); err != nil || got.ID != a.ID {
		t.Errorf("after the old key is gone: %+v, %v", got, err)
	}
	if _, err := with(next).Identify(t.Context(), login.Identity{HETU: sleeper, Name: "B"}); !fault.HasReason(err, login.ReasonNoBenefits) {
		t.Errorf("the sleeper is found under a key that never saw them: %v", err)
	}
	// An employer who brings the code in a file moves them, though they never log in.
	record, err := with(both).Lookup(t.Context(), sleeper)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := with(next).ByCode(t.Context(), sleeper); err != nil || got.Name != "B" {
		t.Errorf("the sleeper after an import: %+v, %v", got, err)
	}
	if only, err := with(next).Lookup(t.Context(), sleeper); err != nil || !bytes.Equal(only, record) {
		t.Errorf("the record of an import is under another key than the person: %v", err)
	}
}

// The original is kept only where it is configured, sealed for its own row.
func TestOriginalIsSealedForItsRow(t *testing.T) {
	t.Parallel()
	text, err := keyset.NewAEAD()
	if err != nil {
		t.Fatal(err)
	}
	aead, err := keyset.AEAD(text)
	if err != nil {
		t.Fatal(err)
	}
	db := newStore(t)
	kept := &keeper{People: db.People}
	p := people.New(people.Deps{
		People: kept, Lookups: db.Keys, Credentials: db.People, Employments: db.Employments,
		Invitations: db.Employments, Limits: db.Limits, Jobs: db.Operations, Keys: people.Keys{Lookup: newPRF(t), Seal: aead}, Now: time.Now,
	})
	added, _, err := p.Add(t.Context(), code(t, "100190-999P"), login.Person{Name: "A"})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(kept.sealed, []byte("100190")) || len(kept.sealed) == 0 {
		t.Fatalf("sealed: %q", kept.sealed)
	}
	if opened, err := aead.Decrypt(kept.sealed, []byte("person "+added.ID)); err != nil || string(opened) != "100190-999P" {
		t.Errorf("opened %q, %v", opened, err)
	}
	if _, err := aead.Decrypt(kept.sealed, []byte("person "+login.NewID())); err == nil {
		t.Error("it opens in another person's row")
	}
}

// keeper is the real store, and remembers the sealed code that went into it.
type keeper struct {
	*store.People
	sealed []byte
}

func (k *keeper) AddPerson(ctx context.Context, p login.Person, lookup, sealed []byte) error {
	k.sealed = sealed
	return k.People.AddPerson(ctx, p, lookup, sealed)
}
