package store

import (
	"testing"

	"avain/internal/domain/login"
)

// Ids of notices that the service writes itself follow one another, and none is a flag:
// an agent types avain admin notices withdraw ID.
func TestNoNoticeIDIsAFlag(t *testing.T) {
	t.Parallel()
	id, seen := "", map[string]bool{}
	for range 3000 {
		next := after("broker:op", id)
		if next[0] == '-' || !login.ValidID(next) || seen[next] || next != after("broker:op", id) {
			t.Fatalf("after %q comes %q", id, next)
		}
		seen[next], id = true, next
	}
}
