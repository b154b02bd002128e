package help_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"avain/internal/public/help"

	"pgregory.net/rapid"
)

// What must not lie in the database goes, however it is spelled; what somebody wanted to
// say stays.
func TestThreat32CommentsHoldNoSecrets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"Ohje oli hyvä, kiitos!", "Ohje oli hyvä, kiitos!"},
		{"Försökte 3 gånger med version 1.16.0", "Försökte 3 gånger med version 1.16.0"},
		{"Hetuni on 010190-900P.", "Hetuni on […]."},
		{"hetu 010190 900P eiku 010190 - 900 p", "hetu […] eiku […]"},
		{"010190A900P, 010190y900p ja 010190+123X", "[…], […] ja […]"},
		{"loppu -900P", "loppu […]"},
		{"soita 045 123 4567 tai +358 45-123 45 67 illalla", "soita […] tai […] illalla"},
		{"koodi oli 123456", "koodi oli […]"},
		{"koodi oli 123 456, ei toimi", "koodi oli […], ei toimi"},
		{"tili FI21 1234 5600 0007 85", "tili FI[…] […]"},
		{"maija@example.com ei saanut", "[…] ei saanut"},
		{"maija.m(at)example.com ei saanut", "[…] ei saanut"},
		{"https://id.example.com/login/abc?x=1 ei aukea", "[…] ei aukea"},
		{"avaa id.example.com/i/AbC9 nyt", "avaa […] nyt"},
		{"tukikoodi K7Q-4TM tai K7Q4TM", "tukikoodi […] tai […]"},
		{"qr ABCDE-FGH12", "qr […]"},
		{"salasana Hevonen1paristo", "salasana […]"},
		{"rivi\nvaihtuu\tja\x00\u200b loppuu", "rivi vaihtuu ja loppuu"},
		{"\uff11\uff12\uff13\uff14\uff15\uff16\uff17", "[…]"},
		{"0\u200b10190-900\u200bP", "[…]"},
		{"   ", ""},
		{"\xff\xfe", ""},
	} {
		if got := help.Clean(c.in); got != c.want {
			t.Errorf("%q: kept %q, want %q", c.in, got, c.want)
		}
	}
}

var (
	code   = regexp.MustCompile(`(?i)\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]`)
	digits = regexp.MustCompile(`\d{6}`)
)

func checkClean(t interface{ Fatalf(string, ...any) }, in string) {
	got := help.Clean(in)
	switch {
	case !utf8.ValidString(got) || utf8.RuneCountInString(got) > 500:
		t.Fatalf("%q: %d characters", in, utf8.RuneCountInString(got))
	case code.MatchString(got), digits.MatchString(got), strings.Contains(got, "@"), strings.Contains(got, "://"):
		t.Fatalf("%q: kept %q", in, got)
	case strings.ContainsFunc(got, unicode.IsControl):
		t.Fatalf("%q: control characters in %q", in, got)
	}
}

// Wherever a secret stands in whatever is written, it goes.
func TestThreat32SecretsGoFromAnyComment(t *testing.T) {
	t.Parallel()
	secrets := []*rapid.Generator[string]{
		rapid.StringMatching(`(0[1-9]|[12][0-9])(0[1-9]|1[0-2])[0-9]{2}[-+A-FU-Y][0-9]{3}[0-9A-FHJ-NPR-Y]`),
		rapid.StringMatching(`(\+358|0)[ -]?[45][0-9][ -]?[0-9]{3}[ -]?[0-9]{4}`),
		rapid.StringMatching(`[a-z.]{1,12}@[a-z]{2,10}\.(fi|com)`),
		rapid.StringMatching(`[0-9]{6,10}`),
		rapid.StringMatching(`https://[a-z.]{3,12}/[A-Za-z0-9_-]{22,43}`),
		rapid.StringMatching(`[A-Z][0-9][A-Za-z0-9_-]{20,41}`),
	}
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.OneOf(secrets...).Draw(t, "secret")
		words := rapid.SliceOfN(rapid.StringMatching(`[a-zäöå]{1,10}[.,!?]?`), 0, 8)
		before, after := strings.Join(words.Draw(t, "before"), " "), strings.Join(words.Draw(t, "after"), " ")
		in := before + " " + secret + " " + after
		checkClean(t, in)
		if got := help.Clean(in); strings.Contains(got, secret) {
			t.Fatalf("%q: kept %q", in, got)
		}
	})
}

func FuzzClean(f *testing.F) {
	for _, seed := range []string{"", "010190-900P", "a@b.fi", "+358 45 123 4567", "\xff\u200b1\u200b2\u200b3456", strings.Repeat("å1 ", 400), "[…][…]123456"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) { checkClean(t, in) })
}
