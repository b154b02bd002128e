package exact_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"avain/internal/domain/exact"
)

func TestThreat58WhatNobodySeesIsNamed(t *testing.T) {
	t.Parallel()
	for s, says := range map[string]string{
		"":                     "",
		"4711":                 "",
		"Mäki-Öhman, Aino":     "",
		"aino@example.com":     "",
		"Áilu Ŋ 李 😀":           "",
		"\u0645\u0631\u062d":   "", // letters that are written from right to left are letters
		"47\u200b11":           "an invisible character; it holds U+200B",
		"\ufeff4711":           "an invisible character; it holds U+FEFF",
		"47\u00a011":           "an invisible character; it holds U+00A0",
		"4711\u00a0":           "an invisible character; it holds U+00A0",
		"ai\u00adno":           "an invisible character; it holds U+00AD",
		"ai\u202eno":           "an invisible character; it holds U+202E",
		"ai\u2066no":           "an invisible character; it holds U+2066",
		"ai\u200dno":           "an invisible character; it holds U+200D",
		"ai\u3164no":           "an invisible character; it holds U+3164",
		"ai\ufe0fno":           "an invisible character; it holds U+FE0F",
		"ai\U000e0061no":       "an invisible character; it holds U+E0061",
		"ai\u034fno":           "an invisible character; it holds U+034F",
		"ai\u2028no":           "an invisible character; it holds U+2028",
		"ai\ue000no":           "an invisible character; it holds U+E000",
		"ai\u2800no":           "an invisible character; it holds U+2800",
		"ai\tno":               "control characters; it holds U+0009",
		"ai\x1b[2J":            "control characters; it holds U+001B",
		"M\xe4ki":              "must be UTF-8",
		"M\ufffdki":            "must be UTF-8; a letter in it was lost (U+FFFD)",
		"secret-of-somebody\n": "control characters; it holds U+000A",
	} {
		flaw := exact.Flaw(s)
		if (flaw == "") != (says == "") || !strings.HasSuffix(flaw, says) {
			t.Errorf("%+q: %q, want %q", s, flaw, says)
		}
	}
}

func TestFilesBeginWithTheirText(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"":                          "",
		"a":                         "a",
		"{}\n":                      "{}\n",
		"\xef\xbb\xbf":              "",
		"\xef\xbb\xbf{}":            "{}",
		"\xef\xbb\xbf\xef\xbb\xbfx": "\xef\xbb\xbfx", // once
		"\xef\xbb":                  "\xef\xbb",
		"ä":                         "ä",
	} {
		for name, in := range map[string]io.Reader{"at once": strings.NewReader(file), "bit by bit": iotest.OneByteReader(strings.NewReader(file))} {
			r, err := exact.Reader(in)
			if err != nil {
				t.Errorf("%q %s: %v", file, name, err)
				continue
			}
			if got, err := io.ReadAll(r); err != nil || string(got) != want {
				t.Errorf("%q %s: %q, %v", file, name, got, err)
			}
		}
		if got, err := exact.Text([]byte(file)); err != nil || string(got) != want {
			t.Errorf("%q: %q, %v", file, got, err)
		}
	}
	for _, file := range []string{"\xff\xfe{\x00", "\xfe\xff\x00{", "{\x00}\x00", "\x00{\x00}"} {
		if _, err := exact.Reader(strings.NewReader(file)); !errors.Is(err, exact.ErrNotUTF8) {
			t.Errorf("%q: %v", file, err)
		}
		if _, err := exact.Text([]byte(file)); !errors.Is(err, exact.ErrNotUTF8) {
			t.Errorf("%q: %v", file, err)
		}
	}
	gone := errors.New("connection reset")
	if _, err := exact.Reader(iotest.ErrReader(gone)); !errors.Is(err, gone) {
		t.Error(err)
	}
}
