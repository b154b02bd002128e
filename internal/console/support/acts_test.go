package support

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/hetu"

	"pgregory.net/rapid"
)

// Every identity code that there can be is recognised, in the middle of a sentence, with
// small letters or spaces.
func TestIdentityCodesAreRecognised(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		birth := time.Date(rapid.IntRange(1900, 1999).Draw(t, "year"), time.Month(rapid.IntRange(1, 12).Draw(t, "month")), rapid.IntRange(1, 28).Draw(t, "day"), 0, 0, 0, 0, time.UTC)
		separator := rapid.SampledFrom([]byte("-YXWVU")).Draw(t, "separator")
		code, err := hetu.Make(birth, separator, rapid.IntRange(2, 999).Draw(t, "number"))
		if err != nil {
			t.Fatal(err)
		}
		typed := code.Reveal()
		switch rapid.IntRange(0, 2).Draw(t, "spelling") {
		case 1:
			typed = strings.ToLower(typed)
		case 2:
			typed = typed[:6] + " " + typed[6:7] + " " + typed[7:]
		}
		if !identityCode.MatchString("asiakkaan tunnus on " + typed + ", kiitos") {
			t.Fatalf("%q passes", typed)
		}
	})
	for _, good := range []string{"K7Q-4TM", "puh. 040 1234567", "+358401234567", "lasku 2026-11-23", "virtanen", "tilaus 123456", "klo 12.30–13.45"} {
		if identityCode.MatchString(good) {
			t.Errorf("%q is taken for an identity code", good)
		}
	}
}

func TestReasons(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"": "desk.reason_short", "abcd": "desk.reason_short", "   abcd   ": "desk.reason_short", "äöåäö": "", "puhelin katosi": "", "\xff\xfe\xfd\xfc\xfb": "desk.reason_short",
		strings.Repeat("ä", 200): "", strings.Repeat("ä", 201): "desk.reason_long", "tunnus 131052-308T": "desk.reason_code", "131052a308t": "desk.reason_code",
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(url.Values{"because": {typed}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		f, err := because(r, "x")
		if err != nil || f.Wrong != want {
			t.Errorf("%q: %q, %v, want %q", typed, f.Wrong, err, want)
		}
		if want == "desk.reason_code" && f.Because != "" {
			t.Errorf("%q is shown again", typed)
		}
	}
	for value, want := range map[string]time.Duration{"24": 24 * time.Hour, "72": 72 * time.Hour, "168": 168 * time.Hour, "": 24 * time.Hour, "99999": 24 * time.Hour, "-1": 24 * time.Hour} {
		if got := pausedFor(value); got != want {
			t.Errorf("%q pauses for %v", value, got)
		}
	}
}
