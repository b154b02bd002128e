package expiry_test

import (
	"strings"
	"testing"
	"time"

	"avain/internal/platform/expiry"
)

const day = 24 * time.Hour

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// ending is one that ends after so long.
func ending(left time.Duration) expiry.Ending {
	return expiry.Ending{
		Setting: "brokers[0].broker_keys.entity_statement_file", File: "telia.jwt", What: "the entity statement of the broker telia", Owner: expiry.Theirs,
		Ends: now.Add(left), Then: "every login through telia fails", Do: "get the new one", Stops: true,
	}
}

func TestStages(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		left  time.Duration
		stage expiry.Stage
		days  int
		says  string
	}{
		{61 * day, expiry.Far, 61, "ends in 61 days (2027-01-22): get the new one"},
		{60*day + time.Second, expiry.Far, 60, "ends in 60 days (2027-01-21): get the new one"},
		{60 * day, expiry.Soon, 60, "ends in 60 days (2027-01-21): get the new one"},
		{59 * day, expiry.Soon, 59, "ends in 59 days (2027-01-20): get the new one"},
		{30*day + time.Second, expiry.Soon, 30, "ends in 30 days (2026-12-22): get the new one"},
		{30 * day, expiry.Near, 30, "ends in 30 days (2026-12-22), and then every login through telia fails. Do not wait: get the new one"},
		{7*day + time.Second, expiry.Near, 7, "ends in 7 days (2026-11-29), and then every login through telia fails. Do not wait: get the new one"},
		{7 * day, expiry.Urgent, 7, "ends in 7 days (2026-11-29), and then every login through telia fails. Today: get the new one"},
		{day, expiry.Urgent, 1, "ends in 1 day (2026-11-23), and then every login through telia fails. Today: get the new one"},
		{5 * time.Hour, expiry.Urgent, 0, "ends in 5 hours (2026-11-22), and then every login through telia fails. Today: get the new one"},
		{time.Second, expiry.Urgent, 0, "ends in less than an hour (2026-11-22), and then every login through telia fails. Today: get the new one"},
		{0, expiry.Ended, 0, "ended today (2026-11-22), so every login through telia fails: get the new one"},
		{-day, expiry.Ended, -1, "ended 1 day ago (2026-11-21), so every login through telia fails: get the new one"},
		{-40 * day, expiry.Ended, -40, "ended 40 days ago (2026-10-13), so every login through telia fails: get the new one"},
	} {
		e := ending(tc.left)
		if got := e.Stage(now); got != tc.stage {
			t.Errorf("%v left: stage %d, want %d", tc.left, got, tc.stage)
		}
		if got := e.Days(now); got != tc.days {
			t.Errorf("%v left: %d days, want %d", tc.left, got, tc.days)
		}
		if got := strings.TrimPrefix(e.Says(now), "telia.jwt: the entity statement of the broker telia "); got != tc.says {
			t.Errorf("%v left:\n got %q\nwant %q", tc.left, got, tc.says)
		}
	}
}

// What programs renew is near its end all its life; only when they have not done it is it
// news.
func TestStagesOfWhatLivesShortly(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		life, left time.Duration
		stage      expiry.Stage
	}{
		{398 * day, 60 * day, expiry.Soon},
		{90 * day, 61 * day, expiry.Far},
		{90 * day, 59 * day, expiry.Early},
		{90 * day, 31 * day, expiry.Early},
		{90 * day, 30 * day, expiry.Near},
		{90 * day, 7 * day, expiry.Urgent},
		{45 * day, 16 * day, expiry.Early},
		{45 * day, 15 * day, expiry.Near},
		{6 * day, 3 * day, expiry.Early},
		{6 * day, 2 * day, expiry.Urgent},
		{6 * day, 0, expiry.Ended},
	} {
		e := ending(tc.left)
		e.Starts, e.Reread = e.Ends.Add(-tc.life), true
		if got := e.Stage(now); got != tc.stage {
			t.Errorf("%v of %v left: stage %d, want %d", tc.left, tc.life, got, tc.stage)
		}
		e.Reread = false // people renew it
		if got := e.Stage(now); got == expiry.Early {
			t.Errorf("%v of %v left: people would not be warned", tc.left, tc.life)
		}
	}
}
