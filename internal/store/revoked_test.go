package store_test

import (
	"slices"
	"testing"
	"time"

	"avain/internal/login"
	"avain/internal/store"
	"avain/internal/store/storetest"
)

// What follows from the end of a session is ordered once, with the end, for those that
// really ended.
func TestEndsOfSessionsAreTold(t *testing.T) {
	onBoth(t, func(t *testing.T, config func(testing.TB) store.Config) {
		c := config(t)
		c.Revoked = func(s login.Session) []login.Job {
			return []login.Job{{
				ID: login.NewID(), Kind: "told", Payload: []byte(`"` + s.ID + ` ` + s.RevokedWhy + `"`), At: storetest.Noon(), CreatedAt: s.RevokedAt,
			}}
		}
		s := open(t, c)
		r, p := storetest.Confirmed(t, s)
		ids := []string{r.Session.ID}
		for range 2 {
			if _, err := s.RedeemCode(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			r = storetest.ConfirmedFor(t, s, p.ID)
			ids = append(ids, r.Session.ID)
		}
		storetest.SignIn(t, s) // somebody else
		for range 2 {
			if err := s.RevokeSession(t.Context(), ids[0], "logout", storetest.Noon()); err != nil {
				t.Fatal(err)
			}
			if _, err := s.RevokeSessionsOfPerson(t.Context(), p.ID, "stolen", storetest.Noon()); err != nil {
				t.Fatal(err)
			}
		}
		told, err := s.ClaimJobs(t.Context(), []login.JobClaim{{Kind: "told", Limit: 10, Until: storetest.Noon().Add(time.Minute)}}, storetest.Noon())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, j := range told {
			got = append(got, string(j.Payload))
		}
		want := []string{`"` + ids[0] + ` logout"`, `"` + ids[1] + ` stolen"`}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
	})
}
