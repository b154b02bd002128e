package login_test

import (
	"testing"

	"avain/internal/domain/login"
)

// An id stands on command lines: avain admin notices withdraw ID.
func TestNoIDIsAFlag(t *testing.T) {
	t.Parallel()
	for range 5000 {
		if id := login.NewID(); id[0] == '-' || !login.ValidID(id) {
			t.Fatalf("made %s", id)
		}
	}
}
