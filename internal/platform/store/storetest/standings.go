package storetest

import (
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/platform/store"
)

// standings: how far attempts are, and which have moved lately.
func standings(t *testing.T, s *store.Store) {
	var ids []string
	for range 70 { // more than one statement's worth
		ids = append(ids, Start(t, s).ID)
	}
	moved := must[login.Attempt](t)(s.Attempts.MoveAttempt(t.Context(), opening(ids[3])))
	found := must[map[string]login.AttemptStatus](t)(s.Attempts.AttemptStatuses(t.Context(), append(ids, ids[3], login.NewID(), "no id\x00", "")))
	if len(found) != len(ids) {
		t.Errorf("%d of %d found", len(found), len(ids))
	}
	for _, id := range ids {
		want := login.AttemptStatus{Attempt: id, State: login.StateCreated, UpdatedAt: found[id].UpdatedAt, ExpiresAt: moved.ExpiresAt}
		if id == moved.ID {
			want.State, want.UpdatedAt = moved.State, moved.UpdatedAt
		}
		if found[id] != want {
			t.Errorf("got %+v\nwant %+v", found[id], want)
		}
	}
	if none := must[map[string]login.AttemptStatus](t)(s.Attempts.AttemptStatuses(t.Context(), nil)); len(none) != 0 {
		t.Errorf("of nobody: %v", none)
	}

	for name, c := range map[string]struct {
		since time.Time
		want  int
	}{
		"before it": {moved.UpdatedAt.Add(-time.Millisecond), 1}, "at it": {moved.UpdatedAt, 0}, "after it": {moved.UpdatedAt.Add(time.Second), 0},
	} {
		lately := must[map[string]time.Time](t)(s.Attempts.MovedSince(t.Context(), c.since))
		if len(lately) != c.want || c.want > 0 && !lately[moved.ID].Equal(moved.UpdatedAt) {
			t.Errorf("moved since %s: %v", name, lately)
		}
	}
}
