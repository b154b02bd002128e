package staff_test

import (
	"testing"
	"time"

	"avain/internal/domain/staff"
)

// Each role may do what those before it may; a word that is no role may nothing, and opens
// nothing.
func TestRolesCoverThoseBeforeThem(t *testing.T) {
	t.Parallel()
	all := append(staff.Roles(), "", "owner")
	for i, have := range all {
		for j, need := range all {
			want := i >= j && i < len(staff.Roles())
			if got := have.Covers(need); got != want {
				t.Errorf("%q covers %q: %t", have, need, got)
			}
		}
	}
}

func TestSessionEndsAtTheFirstOfItsTwoEnds(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	later := now.Add(time.Nanosecond)
	for _, c := range []struct {
		idle, end time.Time
		live      bool
	}{{later, later, true}, {now, later, false}, {later, now, false}, {now, now, false}} {
		if got := (staff.Session{IdleUntil: c.idle, EndsAt: c.end}).Live(now); got != c.live {
			t.Errorf("idle until %s, ends at %s: live %t", c.idle, c.end, got)
		}
	}
}

func TestMemberIsDisabledFromAnyTimeOn(t *testing.T) {
	t.Parallel()
	if (staff.Member{}).Disabled() || !(staff.Member{DisabledAt: time.Unix(1, 0)}).Disabled() {
		t.Error("disabled means that there is a time since when")
	}
}
