package feedback

import (
	"log/slog"
	"net/url"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/web"
)

func TestRowsAddUpTheDays(t *testing.T) {
	t.Parallel()
	today := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	count := func(ago int, page, lang string, reason login.Reason, yes, no int64) operations.FeedbackCount {
		return operations.FeedbackCount{Day: today.Add(-time.Duration(ago) * day), Page: page, Lang: lang, Reason: reason, Yes: yes, No: no}
	}
	counts := []operations.FeedbackCount{
		count(80, "login", "fi", "", 1, 0), count(20, "login", "sv", login.ReasonLinkExpired, 2, 1), count(6, "guide", "fi", "", 3, 0),
		count(1, "login", "sv", login.ReasonLinkExpired, 0, 4), count(0, "login", "fi", "", 1, 2), count(-1, "login", "fi", "", 5, 5),
	}
	got := rows(counts)
	want := []row{
		{tally{7, 7}, "login", "fi", ""},
		{tally{2, 5}, "login", "sv", login.ReasonLinkExpired},
		{tally{3, 0}, "guide", "fi", ""},
	}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("row %d: %+v, want %+v", i, got[i], want[i])
		}
	}
	base, err := url.Parse("https://id.example.fi")
	if err != nil {
		t.Fatal(err)
	}
	kit, err := web.New(web.Config{BaseURL: base, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	weeks := (&voices{d: Deps{Web: kit}}).weeks("en", today, counts)
	if len(weeks) != 12 || weeks[0].tally != (tally{9, 11}) || weeks[2].tally != (tally{2, 1}) || weeks[11].tally != (tally{1, 0}) || weeks[1].tally != (tally{}) {
		t.Errorf("%+v", weeks)
	}
	if weeks[0].From != "17 November 2026" {
		t.Errorf("the last seven days begin on %s", weeks[0].From)
	}
}

func TestShare(t *testing.T) {
	t.Parallel()
	for sum, want := range map[tally]int64{{}: 0, {1, 0}: 100, {0, 1}: 0, {1, 1}: 50, {2, 1}: 67, {1, 2}: 33} {
		if got := sum.Share(); got != want {
			t.Errorf("%+v: %d %%, want %d", sum, got, want)
		}
	}
}
