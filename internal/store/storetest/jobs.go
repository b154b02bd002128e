package storetest

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"avain/internal/login"
	"avain/internal/store"
)

// Job is a job that is due at noon.
func Job(kind string) login.Job {
	id := login.NewID()
	return login.Job{ID: id, Kind: kind, Payload: fmt.Appendf(nil, `{"id":%q}`, id), At: Noon(), CreatedAt: Noon()}
}

func addJobs(t *testing.T, s *store.Store, jobs ...login.Job) {
	t.Helper()
	if err := s.AddJobs(t.Context(), jobs...); err != nil {
		t.Fatal(err)
	}
}

// claim takes due jobs of one kind, with a lease of a minute.
func claim(t *testing.T, s *store.Store, kind string, limit int, now time.Time) []login.Job {
	t.Helper()
	return must[[]login.Job](t)(s.ClaimJobs(t.Context(), []login.JobClaim{{Kind: kind, Limit: limit, Until: now.Add(time.Minute)}}, now))
}

// jobs: one job from its order to its end.
func jobs(t *testing.T, s *store.Store) {
	j := Job("mail")
	j.Key = "once"
	addJobs(t, s, j)
	if due := must[[]string](t)(s.DueKinds(t.Context(), []string{"other", "mail"}, Noon())); !reflect.DeepEqual(due, []string{"mail"}) {
		t.Errorf("due: %v", due)
	}
	if due := must[[]string](t)(s.DueKinds(t.Context(), []string{"other", "mail"}, Noon().Add(-time.Millisecond))); len(due) != 0 {
		t.Errorf("due too early: %v", due)
	}
	got := claim(t, s, "mail", 10, Noon())
	j.At, j.Tries, j.Claim = Noon().Add(time.Minute), 1, 1
	if !reflect.DeepEqual(got, []login.Job{j}) {
		t.Fatalf("claimed %+v, want %+v", got, j)
	}
	if again := claim(t, s, "mail", 10, Noon()); len(again) != 0 {
		t.Errorf("claimed again under the lease: %+v", again)
	}
	wantErr(t, "extend", s.ExtendJob(t.Context(), j, Noon().Add(time.Hour)), nil)
	if again := claim(t, s, "mail", 10, Noon().Add(time.Hour-time.Millisecond)); len(again) != 0 {
		t.Errorf("claimed again under the longer lease: %+v", again)
	}
	wantErr(t, "finish", s.FinishJob(t.Context(), j), nil)
	wantErr(t, "finish again", s.FinishJob(t.Context(), j), login.ErrMoved)
	if depths := must[[]login.JobDepth](t)(s.JobDepths(t.Context())); len(depths) != 0 {
		t.Errorf("something remains: %+v", depths)
	}
}
