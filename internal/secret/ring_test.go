package secret_test

import (
	"testing"

	"avain/internal/secret"
)

func TestRing(t *testing.T) {
	t.Parallel()
	fresh, old := secret.New(), secret.New()
	ring := secret.Ring{fresh, old}
	if !ring.First().Equal(fresh) || !ring.Derive("x").First().Equal(fresh.Derive("x")) || !ring.Derive("x", "y")[1].Equal(old.Derive("x", "y")) {
		t.Error("derived of another generation, or in another order")
	}
	if hashes := ring.Hashes(); !hashes[0].Equal(fresh.Hash()) || !hashes[1].Equal(old.Hash()) {
		t.Error("another order of hashes")
	}
	for name, want := range map[string]secret.Text{old.Name(): old, fresh.Name(): fresh, "": fresh, "unknown": fresh} {
		if !ring.Named(name).Equal(want) {
			t.Errorf("%q names another generation", name)
		}
	}
	if fresh.Name() == old.Name() || len(fresh.Name()) != 8 {
		t.Error("a name does not tell keys apart")
	}
}
