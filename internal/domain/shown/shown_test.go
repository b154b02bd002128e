package shown_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"avain/internal/domain/shown"

	"pgregory.net/rapid"
)

// What phones, people and brokers really send, with where it was seen.
func TestLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ from, in, want string }{
		{"plain", "Ainon puhelin", "Ainon puhelin"},
		{"iOS writes a curved apostrophe (github.com/keybase/client/issues/8970)", "Brian’s iPhone 6", "Brian’s iPhone 6"},
		{"kanji kept somebody out elsewhere (github.com/finamp-app/finamp/issues/216)", "出具の携帯電話", "出具の携帯電話"},
		{"an emoji as a computer's name (github.com/fastlane-old/spaceship/issues/64)", "🗿", "🗿"},
		{"macOS takes letters apart, and stays so", "Älypuhelin", "Älypuhelin"},
		{"no-break space", "Aino’s\u00a0iPhone", "Aino’s iPhone"},
		{"narrow and ideographic spaces, tab, line break", "a\u202fb\u3000c\td\r\ne\u2028f", "a b c d e f"},
		{"spaces around and in a row", "  Galaxy   S24 \n", "Galaxy S24"},
		{"right-to-left mark, which Hebrew phones put behind a Latin name", "iPhone\u200f", "iPhone"},
		{"Hebrew itself", "האייפון של נועה", "האייפון של נועה"},
		{"Hebrew with points", "שָׁלוֹם", "שָׁלוֹם"},
		{"an override turns the words around", "Pixel \u202egnissim\u202c", "Pixel gnissim"},
		{"isolates", "\u2066Pixel\u2069", "Pixel"},
		{"zero width", "Pi\u200bx\u200ce\u2060l\ufeff", "Pixel"},
		{"soft hyphen", "Kone\u00adpaja", "Konepaja"},
		{"a joiner between letters", "a\u200db", "ab"},
		{"a family", "👩‍👩‍👧‍👦 tabletti", "👩‍👩‍👧‍👦 tabletti"},
		{"skin tone, heart on fire, rainbow flag, keycap", "👩🏽‍💻 ❤️‍🔥 🏳️‍🌈 1️⃣", "👩🏽‍💻 ❤️‍🔥 🏳️‍🌈 1️⃣"},
		{"flags", "🇫🇮🇸🇪", "🇫🇮🇸🇪"},
		{"a flag of tags keeps its flag: tags hide text", "🏴\U000e0067\U000e0062\U000e007f!", "🏴!"},
		{"an emoji that is newer than our tables", "\U0001fae9", "\U0001fae9"},
		{"a selector that selects nothing", "a\ufe0fb\ufe0e\U000e0100", "ab"},
		{"terminal", "\x1b[31mred\x1b[0m\x00\x07\u009b", "[31mred[0m"},
		{"malformed", "a\xff\xfeb\ufffdc", "abc"},
		{"private use, not assigned, fillers, braille without dots", "a\ue000\U000effff\u0378\u3164\u115fb\u2800c", "ab c"},
		{"accents without end", "a" + strings.Repeat("\u0301", 50), "a" + strings.Repeat("\u0301", 4)},
		{"an accent on nothing", "\u0301a \u0301b", "a b"},
		{"nothing that is seen", "\u200b\u200f \t\U000e0041", ""},
		{"empty", "", ""},
	} {
		if got := shown.Line(c.in, 64); got != c.want {
			t.Errorf("%s: %+q is shown as %+q, want %+q", c.from, c.in, got, c.want)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"One\r\ntwo  \n\n\n\n three\n":    "One\ntwo\n\nthree",
		"\n\nOne\u2029two":                "One\ntwo",
		"One \u202e\n\u200b\ntwo\x00":     "One\n\ntwo",
		"Ten\u00a0euros\tand\vmore\u0085": "Ten euros and more",
	} {
		if got := shown.Text(in, 100); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	family := "👩‍👩‍👧‍👦"
	for _, c := range []struct {
		in   string
		most int
		want string
	}{
		{"abcd", 4, "abcd"},
		{"abcde", 4, "abc…"},
		{"ab cd", 4, "ab…"},
		{"ääää" + "ä", 4, "äää…"},
		{"aa\u0308a\u0308a\u0308a\u0308", 4, "aa\u0308a\u0308…"},
		{"🇫🇮🇫🇮🇫🇮", 3, "🇫🇮…"}, // a flag is two characters of four bytes: there is room for one
		{"🇫🇮🇫🇮", 4, "🇫🇮🇫🇮"},
		{"a" + family + "b", 2, "a…"}, // 25 bytes are more than two letters may have
		{strings.Repeat("x", 20) + family, 21, strings.Repeat("x", 20) + family},
		{strings.Repeat("x", 20) + family + "y", 21, strings.Repeat("x", 20) + "…"},
		{family, 1, "…"},
		{"ab", 1, "…"},
		{"ab", 0, ""},
		{strings.Repeat("ä", 65), 64, strings.Repeat("ä", 63) + "…"},
		{strings.Repeat("x", 5000), shown.Whole, strings.Repeat("x", 5000)},
	} {
		if got := shown.Line(c.in, c.most); got != c.want {
			t.Errorf("%q to %d: %q, want %q", c.in, c.most, got, c.want)
		}
	}
}

func TestApart(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Pixel 9": "Pixel 9", "👩‍👩‍👧‍👦 Åsa": "👩‍👩‍👧‍👦 Åsa", "": "",
		"האייפון של נועה": "\u2068האייפון של נועה\u2069", "هاتف 1": "\u2068هاتف 1\u2069",
	} {
		if got := shown.Apart(in); got != want {
			t.Errorf("%+q is %+q, want %+q", in, got, want)
		}
	}
}

func TestLen(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]int{"": 0, "abc": 3, "a\u0308": 1, "👩‍👩‍👧‍👦 x": 3, "🇫🇮🇸🇪": 2, "1️⃣": 1, "한국": 2, "한": 1, "👍🏽": 1} {
		if got := shown.Len(s); got != want {
			t.Errorf("%q has %d, want %d", s, got, want)
		}
	}
}

// check holds what is true of every text that is shown.
func check(t interface{ Errorf(string, ...any) }, in string, most int) {
	line, text := shown.Line(in, most), shown.Text(in, most)
	for name, got := range map[string]string{"line": line, "text": text} {
		switch {
		case !utf8.ValidString(got):
			t.Errorf("%s of %+q is malformed: %+q", name, in, got)
		case got != strings.TrimSpace(got) || strings.Contains(got, "  "):
			t.Errorf("%s of %+q has blanks: %+q", name, in, got)
		case shown.Len(got) > most || len(got) > 4*most:
			t.Errorf("%s of %+q, at most %d: %+q", name, in, most, got)
		}
		for i, r := range got {
			hidden := unicode.Is(unicode.Bidi_Control, r) || unicode.IsControl(r) && r != '\n' || r == '\u200b' || r == '\u200c' || r == '\ufeff' || r == utf8.RuneError
			if hidden || r == '\u200d' && (i == 0 || strings.HasSuffix(got, "\u200d")) {
				t.Errorf("%s of %+q has %U: %+q", name, in, r, got)
			}
		}
	}
	switch {
	case strings.Contains(line, "\n"):
		t.Errorf("a line of %+q breaks: %+q", in, line)
	case strings.Contains(text, "\n\n\n"):
		t.Errorf("a text of %+q is full of holes: %+q", in, text)
	case shown.Line(line, most) != line || shown.Text(text, most) != text:
		t.Errorf("what is clean changes: %+q is %+q and then %+q; %+q and then %+q", in, line, shown.Line(line, most), text, shown.Text(text, most))
	case shown.Line(text, shown.Whole) != line && shown.Len(line) < most && !strings.HasSuffix(text, "…") && !strings.HasSuffix(line, "…"):
		t.Errorf("the two rules differ: %+q and %+q", line, text)
	}
}

// ugly are the characters that texts are made of in the tests.
var ugly = []rune("abÄ9 \t\r\n\u00a0\u00ad\u034f\u0300\u0301\u05b8\u061c\u1160\u1161\u11ab\u115f\u17b4\u180e\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202e\u2060\u2066\u2069\u2800\u3164\ufe0e\ufe0f\ufeff\ufffd\U0001f1eb\U0001f1ee\U0001f3fd👩❤\U000e0041\U000e0100\ue000\x00\x1b\u0085…")

func TestEveryText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.StringOfN(rapid.OneOf(rapid.SampledFrom(ugly), rapid.Rune()), 0, 60, -1).Draw(t, "in")
		if cut := rapid.IntRange(0, len(in)).Draw(t, "malformed at"); cut < len(in) {
			in = in[:cut] + "\xc3" + in[cut:]
		}
		check(t, in, rapid.IntRange(1, 40).Draw(t, "most"))
	})
}

func FuzzText(f *testing.F) {
	f.Add("Aino’s\u00a0iPhone \u200f👩‍👩‍👧‍👦", 9)
	f.Add("\x1b[2J\u202eabc\xff", 3)
	f.Add(string(ugly), 20)
	f.Fuzz(func(t *testing.T, in string, most int) {
		if most < 1 || most > 1<<20 {
			most = 64
		}
		check(t, in, most)
	})
}
