package login_test

import (
	"testing"
	"time"

	"avain/internal/domain/login"

	"pgregory.net/rapid"
)

func TestRefusalCodeTellsReasonAndTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		number := rapid.IntRange(0, 127).Draw(rt, "number")
		at := time.Unix(rapid.Int64Range(1_700_000_000, 4_000_000_000).Draw(rt, "at"), 0)
		later := at.Add(time.Duration(rapid.Int64Range(0, int64(63*24*time.Hour)).Draw(rt, "later")))
		code := login.RefusalCode(number, at)
		typed, ok := login.ParseSupportCode(code)
		if !ok || typed != code {
			rt.Fatalf("%q is no support code", code)
		}
		n, when, ok := login.ReadRefusalCode(code, later)
		if !ok || n != number || when.After(at) || at.Sub(when) >= 5*time.Minute {
			rt.Fatalf("%s of %d at %v reads %d at %v, %v", code, number, at, n, when, ok)
		}
	})
}

// The clock of the node that reads may be a little behind that of the one that refused.
func TestRefusalCodeOfAClockAhead(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 9, 4, 59, 0, time.UTC)
	code := login.RefusalCode(7, now.Add(2*time.Second))
	if n, at, ok := login.ReadRefusalCode(code, now); !ok || n != 7 || at.Sub(now).Abs() > 5*time.Minute {
		t.Errorf("%d at %v, %v", n, at, ok)
	}
}

// An agent who hears one letter wrong must not be told of a failure that was none: most
// such codes are refused.
func TestRefusalCodeMisheard(t *testing.T) {
	t.Parallel()
	const alphabet = "23456789ACDEFGHJKMNPQRTWXY"
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	read, all := 0, 0
	for number := range 128 {
		code := []byte(login.RefusalCode(number, now))
		for at := 1; at < len(code); at++ {
			for _, letter := range []byte(alphabet) {
				wrong := string(code[:at]) + string(letter) + string(code[at+1:])
				if code[at] == '-' || letter == code[at] {
					continue
				}
				all++
				if _, _, ok := login.ReadRefusalCode(wrong, now); ok {
					read++
				}
			}
		}
	}
	if share := float64(read) / float64(all); share > 0.22 {
		t.Errorf("%.0f %% of the codes with a wrong letter are read", 100*share)
	}
}

func TestRefusalCodesAreNoCodesOfAttempts(t *testing.T) {
	t.Parallel()
	for range 20_000 {
		code := login.NewSupportCode()
		if _, ok := login.ParseSupportCode(code); !ok || code[0] == 'Y' {
			t.Fatalf("%s", code)
		}
	}
	for _, code := range []string{"", "K7Q-4TM", "Y", "YYY", "Y0O-1IL", "YYY-YYYY", "Yüü-234"} {
		if n, at, ok := login.ReadRefusalCode(code, time.Unix(1_800_000_000, 0)); ok {
			t.Errorf("%q reads %d at %v", code, n, at)
		}
	}
	for _, number := range []int{-1, 128} {
		if code := login.RefusalCode(number, time.Unix(1_800_000_000, 0)); code[0] == 'Y' || len(code) != 7 {
			t.Errorf("%d makes %s", number, code)
		}
	}
	if code := login.RefusalCode(1, time.Time{}); code[0] == 'Y' {
		t.Errorf("without a time: %s", code)
	}
}

func FuzzReadRefusalCode(f *testing.F) {
	f.Add("Y2A-4TM", int64(1_800_000_000))
	f.Add("K7Q-4TM", int64(0))
	f.Fuzz(func(t *testing.T, code string, at int64) {
		now := time.Unix(at%5_000_000_000, 0)
		if n, when, ok := login.ReadRefusalCode(code, now); ok && (n < 0 || n > 127 || when.After(now.Add(6*time.Minute))) {
			t.Errorf("%q reads %d at %v", code, n, when)
		}
	})
}
