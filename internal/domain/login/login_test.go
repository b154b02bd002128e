package login_test

import (
	"slices"
	"strings"
	"testing"

	"avain/internal/domain/login"

	"pgregory.net/rapid"
)

func TestSupportCodesSurviveThePhone(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 2000 {
		code := login.NewSupportCode()
		if seen[code] {
			continue // one in a few hundred million
		}
		seen[code] = true
		for _, typed := range []string{code, strings.ToLower(code), strings.ReplaceAll(code, "-", ""), strings.ReplaceAll(code, "-", " "), " " + strings.ReplaceAll(code, "-", "–") + " "} {
			if got, ok := login.ParseSupportCode(typed); !ok || got != code {
				t.Fatalf("%q is read as %q, %v; want %q", typed, got, ok, code)
			}
		}
	}
	for _, wrong := range []string{"", "K7Q", "K7Q-4TMM", "K7Q-4T0", "K7Q-4TI", "K7Q_4TM", "ÄÖÅ-4TM", "K7Q-4T\x00"} {
		if code, ok := login.ParseSupportCode(wrong); ok {
			t.Errorf("%q is read as %q", wrong, code)
		}
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		if id := login.NewID(); !login.ValidID(id) {
			t.Fatalf("%q is not valid", id)
		}
		if s := rapid.String().Draw(t, "s"); login.ValidID(s) && len(s) != 22 {
			t.Fatalf("%q is valid", s)
		}
	})
	// The last character has only two bits that count: one spelling per id.
	if login.ValidID("AAAAAAAAAAAAAAAAAAAAAB") {
		t.Error("an id has two spellings")
	}
}

func TestReasonsAreListedOnce(t *testing.T) {
	t.Parallel()
	all := login.Reasons()
	sorted := slices.Sorted(slices.Values(all))
	if len(slices.Compact(sorted)) != len(all) || len(all) < 30 {
		t.Errorf("%d reasons, some of them twice", len(all))
	}
}
