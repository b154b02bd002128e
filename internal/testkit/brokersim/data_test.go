package brokersim_test

import (
	"encoding/hex"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"avain/internal/domain/hetu"
	"avain/internal/testkit/brokersim"

	"pgregory.net/rapid"
)

func TestSamplePeople(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	undivided, strangers, centuries := 0, 0, map[int]bool{}
	for _, p := range brokersim.People() {
		code, err := hetu.Parse(p.HETU.Reveal(), hetu.Artificial)
		if err != nil || !code.Artificial() {
			t.Errorf("%s: %v, artificial %t", p.UserID, err, code.Artificial())
		}
		for _, unique := range []string{p.UserID, p.Phone, p.HETU.Reveal(), p.Name} {
			if unique == "" || seen[unique] {
				t.Errorf("%s: %q is empty or somebody else's too", p.UserID, unique)
			}
			seen[unique] = true
		}
		centuries[code.Birth().Year()/100] = true
		if p.GivenName == "" {
			undivided++
		}
		if p.Stranger {
			strangers++
		}
		if p.Note == "" || (p.Locale != "fi" && p.Locale != "sv" && p.Locale != "en") {
			t.Errorf("%s: note %q, locale %q", p.UserID, p.Note, p.Locale)
		}
	}
	if !seen["100190-999P"] || !seen["100190Y999P"] {
		t.Error("want the pair that only the separator tells apart")
	}
	if undivided != 1 || strangers != 1 || !centuries[18] || !centuries[19] || !centuries[20] {
		t.Errorf("%d undivided names, %d strangers, centuries %v", undivided, strangers, centuries)
	}
	for _, c := range brokersim.MobileCases() {
		if seen[c.Phone] {
			t.Errorf("%s fails and is somebody's", c.Phone)
		}
	}
}

func TestGeneratedPeopleAreValidAndDifferent(t *testing.T) {
	t.Parallel()
	sample := map[hetu.Code]bool{}
	for _, p := range brokersim.People() {
		sample[p.HETU] = true
	}
	number := rapid.IntRange(0, brokersim.MaxGenerated-1)
	rapid.Check(t, func(t *rapid.T) {
		i, j := number.Draw(t, "i"), number.Draw(t, "j")
		a, b := brokersim.GeneratedPerson(i), brokersim.GeneratedPerson(j)
		if _, err := hetu.Parse(a.HETU.Reveal(), hetu.Artificial); err != nil || sample[a.HETU] {
			t.Fatalf("%d: %v, among the sample people %t", i, err, sample[a.HETU])
		}
		if (a.HETU == b.HETU) != (i == j) || (a.UserID == b.UserID) != (i == j) {
			t.Fatalf("%d and %d: %v", i, j, a.HETU == b.HETU)
		}
		if a != brokersim.GeneratedPerson(i) {
			t.Fatalf("%d is another person the second time", i)
		}
	})
	for _, i := range []int{-1, brokersim.MaxGenerated, brokersim.MaxGenerated - 1} {
		if brokersim.GeneratedPerson(i).HETU.Zero() {
			t.Errorf("person %d has no code", i)
		}
	}
}

func TestBanks(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, b := range brokersim.Banks() {
		for _, unique := range []string{b.ID, b.Name, b.Color, b.FTNIdpID(), b.Method()} {
			if seen[unique] {
				t.Errorf("%q twice", unique)
			}
			seen[unique] = true
		}
		decoder := xml.NewDecoder(strings.NewReader(b.Logo))
		for {
			token, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: logo: %v", b.ID, err)
			}
			if start, ok := token.(xml.StartElement); ok {
				for _, a := range start.Attr {
					if name := start.Name.Local; name == "script" || name == "style" || a.Name.Local == "style" || a.Name.Local == "href" || strings.HasPrefix(a.Name.Local, "on") {
						t.Errorf("%s: <%s %s> does not work under a strict policy", b.ID, name, a.Name.Local)
					}
				}
			}
		}
		// White text on the bank's colour must be readable (WCAG 2.2 AA).
		if ratio := contrastWithWhite(t, b.Color); ratio < 4.5 {
			t.Errorf("%s: contrast %.1f", b.ID, ratio)
		}
	}
}

func contrastWithWhite(t *testing.T, color string) float64 {
	t.Helper()
	channels, err := hex.DecodeString(color[1:])
	if err != nil || len(channels) != 3 {
		t.Fatalf("colour %q", color)
	}
	luminance := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		c := float64(channels[i]) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		luminance += weight * c
	}
	return 1.05 / (luminance + 0.05)
}
