package hetu_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"avain/internal/domain/hetu"

	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   string
		mode hetu.Mode
		want error
	}{
		{"131052-308T", hetu.Production, nil},
		{"131052-308t", hetu.Production, nil},
		{"100190-999P", hetu.Production, hetu.ErrArtificial},
		{"100190-999P", hetu.Artificial, nil},
		{"100190Y999P", hetu.Artificial, nil},
		{"131052-308U", hetu.Artificial, hetu.ErrCheck},
		{"280453-111A", hetu.Artificial, hetu.ErrCheck},
		{"280453-111A", hetu.Lenient, nil},
		{"010100A001N", hetu.Production, hetu.ErrCheck},
		{"010100A001N", hetu.Lenient, nil},
		{"", hetu.Lenient, hetu.ErrLength},
		{"131052-308", hetu.Lenient, hetu.ErrLength},
		{"131052 -308T", hetu.Lenient, hetu.ErrLength},
		{"131052G308T", hetu.Lenient, hetu.ErrSyntax},
		{"131052Z308T", hetu.Lenient, hetu.ErrSyntax},
		{"13105a-308T", hetu.Lenient, hetu.ErrSyntax},
		{"131052-3x8T", hetu.Lenient, hetu.ErrSyntax},
		{"131052-308G", hetu.Lenient, hetu.ErrSyntax},
		{"310252-308T", hetu.Lenient, hetu.ErrDate},
		{"001052-308T", hetu.Lenient, hetu.ErrDate},
		{"290200A900X", hetu.Lenient, nil},          // 2000 was a leap year
		{"290200-900X", hetu.Lenient, hetu.ErrDate}, // 1900 was not
		{"131352-308T", hetu.Lenient, hetu.ErrDate}, // the day would be right
		{"010100a002h", hetu.Production, nil},
		{"010100A001F", hetu.Artificial, hetu.ErrIndividual},
		{"010100A000E", hetu.Artificial, hetu.ErrIndividual},
		{"010100A899E", hetu.Production, nil},
		{"010100A900F", hetu.Production, hetu.ErrArtificial},
	} {
		if _, err := hetu.Parse(c.in, c.mode); !errors.Is(err, c.want) {
			t.Errorf("Parse(%q, mode %d) = %v, want %v", c.in, c.mode, err, c.want)
		}
	}
}

// The separator tells people apart: two codes that differ only there must stay two.
func TestSeparatorIsPartOfTheIdentity(t *testing.T) {
	t.Parallel()
	a, errA := hetu.Parse("100190-999P", hetu.Artificial)
	b, errB := hetu.Parse("100190Y999P", hetu.Artificial)
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	if a == b || a.Reveal() == b.Reveal() {
		t.Error("two people became one")
	}
	if !a.Birth().Equal(b.Birth()) {
		t.Error("both were born on the same day")
	}
}

func TestMadeCodesParse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		separator := rapid.SampledFrom([]byte("+-YXWVUABCDEF")).Draw(t, "separator")
		year := 1800
		switch {
		case separator == '+':
		case separator >= 'A' && separator <= 'F':
			year = 2000
		default:
			year = 1900
		}
		birth := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 36523).Draw(t, "day"))
		code, err := hetu.Make(birth, separator, rapid.IntRange(900, 999).Draw(t, "individual"))
		if err != nil {
			t.Fatal(err)
		}
		again, err := hetu.Parse(code.Reveal(), hetu.Artificial)
		if err != nil || again != code || !again.Birth().Equal(birth) || !again.Artificial() {
			t.Fatalf("%s: %v, born %v, want %v", code.Reveal(), err, again.Birth(), birth)
		}
		if _, err := hetu.Parse(code.Reveal(), hetu.Production); !errors.Is(err, hetu.ErrArtificial) {
			t.Fatalf("production believed an artificial code: %v", err)
		}
	})
}

func TestOnlyWhatCanBeIsMade(t *testing.T) {
	t.Parallel()
	birth := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		separator  byte
		individual int
		want       error
	}{
		{'A', 2, nil},
		{'A', 1, hetu.ErrIndividual},
		{'A', 999, nil},
		{'A', 1000, hetu.ErrIndividual},
		{'-', 2, hetu.ErrSyntax}, // of another century
		{'G', 2, hetu.ErrSyntax}, // of none
	} {
		if _, err := hetu.Make(birth, c.separator, c.individual); !errors.Is(err, c.want) {
			t.Errorf("Make(%c, %d) = %v, want %v", c.separator, c.individual, err, c.want)
		}
	}
}

func TestRealCodesAreNotArtificial(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{"131052-308T": false, "010100A899E": false, "010100A900F": true} {
		code, err := hetu.Parse(s, hetu.Artificial)
		if err != nil || code.Artificial() != want {
			t.Errorf("%s: artificial %t, %v", s, code.Artificial(), err)
		}
	}
	if (hetu.Code{}).Artificial() || !(hetu.Code{}).Birth().IsZero() {
		t.Error("no code is nobody's")
	}
}

func TestCodeDoesNotPrintItself(t *testing.T) {
	t.Parallel()
	code, err := hetu.Parse("131052-308T", hetu.Production)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%v %+v %#v %s %q %x", code, struct{ C hetu.Code }{code}, code, code, code, code); got != "[hetu] {C:[hetu]} [hetu] [hetu] [hetu] [hetu]" {
		t.Errorf("printed %s", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"131052-308T", "100190Y999P", "010100A001N", "", "ÄÄÄÄÄÄ", "131052+308\x00", "99999999999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		for _, mode := range []hetu.Mode{hetu.Production, hetu.Artificial, hetu.Lenient} {
			code, err := hetu.Parse(in, mode)
			if err != nil {
				if !code.Zero() {
					t.Errorf("mode %d: an error and a code", mode)
				}
				continue
			}
			again, err := hetu.Parse(code.Reveal(), mode)
			if err != nil || again != code {
				t.Errorf("mode %d: parsing is not stable: %v", mode, err)
			}
		}
	})
}
