package reasons_test

import (
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/reasons"
)

func TestCodesTellTheirReason(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 9, 2, 0, 0, time.UTC)
	for _, reason := range login.Reasons() {
		e, at, ok := reasons.OfCode(reasons.Code(reason, now), now.Add(time.Hour))
		if !ok || e.Reason != reason || !at.Equal(now.Add(-2*time.Minute)) {
			t.Errorf("%s reads %s at %v, %v", reason, e.Reason, at, ok)
		}
	}
	if e, _, ok := reasons.OfCode(reasons.Code("never_heard_of", now), now); !ok || e.Reason != login.ReasonInternal {
		t.Errorf("what nobody knows reads %s, %v", e.Reason, ok)
	}
	for _, code := range []string{"", "K7Q-4TM", login.RefusalCode(0, now), login.RefusalCode(127, now)} {
		if e, _, ok := reasons.OfCode(code, now); ok {
			t.Errorf("%q reads %s", code, e.Reason)
		}
	}
}

// The numbers stand in codes that people have written down: none may ever change.
func TestNumbersStay(t *testing.T) {
	t.Parallel()
	for reason, number := range map[login.Reason]int{
		login.ReasonWentWell: 1, login.ReasonNothingFailed: 3, login.ReasonRateLimited: 17, login.ReasonCookiesBlocked: 38,
		login.ReasonClockWrong: 39, login.ReasonMeansUnavailable: 63, login.ReasonVersionTooOld: 65, login.ReasonInternal: 80,
	} {
		if got := reasons.Of(reason).Number; got != number {
			t.Errorf("%s has the number %d, had %d", reason, got, number)
		}
	}
}
