package config_test

import (
	"testing"
	"time"

	"avain/internal/config"

	"pgregory.net/rapid"
)

func TestDurationsComeBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := time.Duration(rapid.Int64Min(0).Draw(t, "nanoseconds"))
		if rapid.Bool().Draw(t, "round") {
			want = want.Truncate(time.Minute)
		}
		text := config.FormatDuration(want)
		if got, err := config.ParseDuration(text); err != nil || got != want {
			t.Fatalf("%v is written %q and read as %v (%v)", want, text, got, err)
		}
	})
}

func TestDurationWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"90s": 90 * time.Second, "10m": 10 * time.Minute, "36h": 36 * time.Hour, "90d": 90 * 24 * time.Hour, "0s": 0,
	} {
		if got, err := config.ParseDuration(text); err != nil || got != want {
			t.Errorf("%q = %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "d", "-1d", "+1d", "1.5d", "10", "1w", "-5m", "99999999999d", "200000d", "1 d"} {
		if got, err := config.ParseDuration(text); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}

func TestRates(t *testing.T) {
	t.Parallel()
	var r config.Rate
	if err := r.UnmarshalText([]byte("20/10m")); err != nil || r != (config.Rate{Count: 20, Per: 10 * time.Minute}) {
		t.Errorf("20/10m = %+v, %v", r, err)
	}
	if text, err := r.MarshalText(); err != nil || string(text) != "20/10m" {
		t.Errorf("written back as %q, %v", text, err)
	}
	for _, text := range []string{"", "20", "/1m", "20/", "0/1m", "-1/1m", "20/0s", "20/1m/1m", "1e3/1m"} {
		if err := r.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is read as %+v", text, r)
		}
	}
}
