package attempt

import (
	"strings"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/secret"

	"pgregory.net/rapid"
)

var (
	ring       = secret.Ring{secret.Of("a key that only the nodes have")}
	testFrames = struct {
		frames
		frameKey
	}{frames(ring), frameKey{ring.First()}}
)

func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func TestThreat36FrameIsGoodForAMinuteAtMost(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		page, drawn := login.NewID(), noon().Add(time.Duration(rapid.IntRange(0, 60_000).Draw(t, "drawn"))*time.Millisecond)
		later := time.Duration(rapid.IntRange(-90_000, 120_000).Draw(t, "later")) * time.Millisecond
		got, reason := testFrames.open(testFrames.frame(page, drawn), drawn.Add(later))
		switch {
		case later >= 0 && later <= 30*time.Second && got != page:
			t.Fatalf("after %s: %s", later, reason)
		case (later >= time.Minute || later <= -30*time.Second) && reason != login.ReasonQRExpired:
			t.Fatalf("after %s: %q, %q", later, got, reason)
		case got != "" && got != page:
			t.Fatalf("another page: %s", got)
		}
	})
}

// A frame is shown for half a minute, and good for the half minute that follows.
func TestThreat36FirstAndLastMomentOfAFrame(t *testing.T) {
	t.Parallel()
	page := login.NewID()
	right := testFrames.frame(page, noon())
	if at := noon().Add(30*time.Second - 1); testFrames.frame(page, at) != right || testFrames.frame(page, at.Add(1)) == right {
		t.Error("the frame does not change after thirty seconds")
	}
	for later, want := range map[time.Duration]login.Reason{
		-1: login.ReasonQRExpired, 0: "", 30 * time.Second: "", time.Minute - 1: "", time.Minute: login.ReasonQRExpired,
	} {
		if got, reason := testFrames.open(right, noon().Add(later)); reason != want || (got == page) != (want == "") {
			t.Errorf("after %s: %q, %q", later, got, reason)
		}
	}
	// What a code of ours says, but as no frame of ours says it.
	old := frameKey{ring.First()}
	for _, wrong := range []string{framePrefix + page + ".-1." + old.mac(page, -1), framePrefix + page + ".01." + old.mac(page, 1)} {
		if _, reason := testFrames.open(wrong, noon()); reason != login.ReasonQRUnknown {
			t.Errorf("%s: %q", wrong, reason)
		}
	}
}

// Every character of the alphabet can be typed, and none beside it.
func TestWhichCharactersCanBeTyped(t *testing.T) {
	t.Parallel()
	for c, want := range map[string]string{
		"0": "0", "9": "9", "A": "A", "Z": "Z", "a": "A", "z": "Z", "o": "0", "O": "0", "i": "1", "l": "1", "V": "V", "T": "T",
		"/": "", ":": "", "@": "", "[": "", "u": "", "U": "",
	} {
		got, ok := readTyped("123456789" + c)
		if ok != (want != "") || ok && got != "123456789"+want {
			t.Errorf("%q is read as %q, %t", c, got, ok)
		}
	}
	if _, ok := readTyped("1234567890" + strings.Repeat(" ", maxPayload-10)); !ok {
		t.Error("the longest text that is looked at is not")
	}
	if _, ok := readTyped("1234567890" + strings.Repeat(" ", maxPayload-9)); ok {
		t.Error("a longer one is")
	}
}

func TestThreat28EveryCharacterOfAFrameCounts(t *testing.T) {
	t.Parallel()
	page := login.NewID()
	right := testFrames.frame(page, noon())
	if got, reason := testFrames.open(right, noon()); got != page {
		t.Fatalf("%q: %s", right, reason)
	}
	for i := range len(right) {
		for bit := range 7 {
			wrong := []byte(right)
			wrong[i] ^= 1 << bit
			if got, reason := testFrames.open(string(wrong), noon()); got != "" || reason == "" {
				t.Errorf("%q opens %q", wrong, got)
			}
		}
		if got, _ := testFrames.open(right[:i], noon()); got != "" {
			t.Errorf("%q opens %q", right[:i], got)
		}
	}
	for _, wrong := range []string{right + "A", right + ".", " " + right, strings.ToLower(right), strings.Replace(right, ".", ".0", 1), strings.Replace(right, ".", ".+", 1)} {
		if got, _ := testFrames.open(wrong, noon()); got != "" {
			t.Errorf("%q opens %q", wrong, got)
		}
	}
	if got, _ := (frames{secret.Of("another key")}).open(right, noon()); got != "" {
		t.Error("a frame of another installation opens a page")
	}
}

func TestTypedCodes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		code := testFrames.typed(login.NewID(), noon().Add(time.Duration(rapid.IntRange(0, 1_000_000).Draw(t, "until"))*time.Millisecond))
		var typed strings.Builder
		for _, c := range code {
			switch c {
			case '0':
				c = rapid.SampledFrom([]rune{'0', 'o', 'O'}).Draw(t, "zero")
			case '1':
				c = rapid.SampledFrom([]rune{'1', 'i', 'I', 'l', 'L'}).Draw(t, "one")
			}
			if rapid.Bool().Draw(t, "small") {
				typed.WriteString(strings.ToLower(string(c)))
			} else {
				typed.WriteRune(c)
			}
			typed.WriteString(rapid.SampledFrom([]string{"", "", " ", "-", "–", "\u00a0"}).Draw(t, "between"))
		}
		if got, ok := readTyped(typed.String()); !ok || got != code {
			t.Fatalf("%q read as %q (%v), want %q", typed.String(), got, ok, code)
		}
	})
	for _, wrong := range []string{"", "0", "012345678", "01234567890", "012345678U", "012345678!", "0123456789\x00", strings.Repeat(" ", 200) + "0123456789"} {
		if got, ok := readTyped(wrong); ok {
			t.Errorf("%q is read as %q", wrong, got)
		}
	}
}

func TestNumbersAreSpread(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for range 20_000 {
		seen[testFrames.number(login.NewID(), login.NewID())]++
	}
	for number, n := range seen {
		if len(number) != 2 || n > 300 { // 200 are expected; 300 is seven deviations away
			t.Errorf("%q came %d times", number, n)
		}
	}
	if len(seen) != 100 {
		t.Errorf("%d numbers of 100", len(seen))
	}
}

// Whatever a camera brings: no panic, and only what we have made opens a page.
func FuzzQRPayload(f *testing.F) {
	page := login.NewID()
	right := testFrames.frame(page, noon())
	for _, seed := range []string{right, "AVAIN1:", "AVAIN1:..", "AVAIN1:a.b.c", "https://example.com/", "avain1:x", right + "\n", "AVAIN1:" + page + ".9223372036854775807.AAAAAAAAAAAAAAAA", "AVAIN1:" + page + ".-1.AAAAAAAAAAAAAAAA", "\x00", "AVAIN2:" + page} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		got, reason := testFrames.open(payload, noon())
		if (got == "") == (reason == "") {
			t.Fatalf("%q: %q and %q", payload, got, reason)
		}
		if got != "" && payload != right && payload != testFrames.frame(got, noon()) && payload != testFrames.frame(got, noon().Add(-frameStep)) {
			t.Fatalf("%q opens %q", payload, got)
		}
	})
}

// Whatever is typed: ten characters of the alphabet come out, or nothing.
func FuzzTypedCode(f *testing.F) {
	for _, seed := range []string{"7K3MQ0ZT5W", "7k3mq-0zt5w", "oil oil oil o", "012345678U", "ſſſſſſſſſſ", "İİİİİİİİİİ", "\xff\xfe", "ßßßßß"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		code, ok := readTyped(s)
		if !ok {
			return
		}
		if len(code) != typedLength || strings.Trim(code, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") != "" {
			t.Fatalf("%q is read as %q", s, code)
		}
		if again, ok := readTyped(code); !ok || again != code {
			t.Fatalf("%q is read as %q, and that as %q", s, code, again)
		}
	})
}
