package storetest

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/queue"
	"avain/internal/platform/store"
)

// Job is a job that is due at noon.
func Job(kind string) queue.Job {
	id := login.NewID()
	return queue.Job{ID: id, Kind: kind, Payload: fmt.Appendf(nil, `{"id":%q}`, id), At: Noon(), CreatedAt: Noon()}
}

func addJobs(t *testing.T, s *store.Store, jobs ...queue.Job) {
	t.Helper()
	if err := s.Operations.AddJobs(t.Context(), jobs...); err != nil {
		t.Fatal(err)
	}
}

// claim takes due jobs of one kind, with a lease of a minute.
func claim(t *testing.T, s *store.Store, kind string, limit int, now time.Time) []queue.Job {
	t.Helper()
	return must[[]queue.Job](t)(s.Operations.ClaimJobs(t.Context(), []queue.Claim{{Kind: kind, Limit: limit, Until: now.Add(time.Minute)}}, now))
}

// jobs: one job from its order to its end.
func jobs(t *testing.T, s *store.Store) {
	j := Job("mail")
	j.Key = "once"
	addJobs(t, s, j)
	if due := must[[]string](t)(s.Operations.DueKinds(t.Context(), []string{"other", "mail"}, Noon())); !reflect.DeepEqual(due, []string{"mail"}) {
		t.Errorf("due: %v", due)
	}
	if due := must[[]string](t)(s.Operations.DueKinds(t.Context(), []string{"other", "mail"}, Noon().Add(-time.Millisecond))); len(due) != 0 {
		t.Errorf("due too early: %v", due)
	}
	if due := must[[]string](t)(s.Operations.DueKinds(t.Context(), nil, Noon())); len(due) != 0 {
		t.Errorf("due without a kind: %v", due)
	}
	got := claim(t, s, "mail", 10, Noon())
	j.At, j.Tries, j.Claim = Noon().Add(time.Minute), 1, 1
	if !reflect.DeepEqual(got, []queue.Job{j}) {
		t.Fatalf("claimed %+v, want %+v", got, j)
	}
	if again := claim(t, s, "mail", 10, Noon()); len(again) != 0 {
		t.Errorf("claimed again under the lease: %+v", again)
	}
	wantErr(t, "extend", s.Operations.ExtendJob(t.Context(), j, Noon().Add(time.Hour)), nil)
	if again := claim(t, s, "mail", 10, Noon().Add(time.Hour-time.Millisecond)); len(again) != 0 {
		t.Errorf("claimed again under the longer lease: %+v", again)
	}
	wantErr(t, "finish", s.Operations.FinishJob(t.Context(), j), nil)
	wantErr(t, "finish again", s.Operations.FinishJob(t.Context(), j), fault.ErrMoved)
	if depths := must[[]queue.Depth](t)(s.Operations.JobDepths(t.Context())); len(depths) != 0 {
		t.Errorf("something remains: %+v", depths)
	}
}

// jobKeys: of one kind and key there is one job.
func jobKeys(t *testing.T, s *store.Store) {
	first, second, other, plain := Job("mail"), Job("mail"), Job("hook"), Job("mail")
	first.Key, second.Key, other.Key = "a", "a", "a"
	addJobs(t, s, first, second, other, plain, Job("mail"))
	got := claim(t, s, "mail", 10, Noon())
	if len(got) != 3 || len(claim(t, s, "hook", 10, Noon())) != 1 {
		t.Fatalf("claimed %+v", got)
	}
	var held queue.Job
	for _, j := range got {
		if j.ID == second.ID {
			t.Errorf("the second order was taken")
		}
		if j.ID == first.ID {
			held = j
		}
	}
	addJobs(t, s, second) // while it is being worked on
	if got := claim(t, s, "mail", 10, Noon()); len(got) != 0 {
		t.Errorf("ordered again while it ran: %+v", got)
	}

	// Ordering what was given up begins it anew, with what is known now.
	wantErr(t, "bury", s.Operations.BuryJob(t.Context(), held, Noon(), "refused"), nil)
	second.At = Noon().Add(time.Second)
	addJobs(t, s, second)
	want := first
	want.Payload, want.At, want.Tries, want.Claim = second.Payload, Noon().Add(time.Second+time.Minute), 1, 4
	if got := claim(t, s, "mail", 10, Noon().Add(time.Second)); !reflect.DeepEqual(got, []queue.Job{want}) {
		t.Errorf("anew: %+v, want %+v", got, want)
	}
	wantErr(t, "finish with the claim of before", s.Operations.FinishJob(t.Context(), held), fault.ErrMoved)
	wantErr(t, "finish", s.Operations.FinishJob(t.Context(), want), nil)
	addJobs(t, s, second) // it is over: this is another
	if got := claim(t, s, "mail", 10, Noon().Add(time.Second)); len(got) != 1 || got[0].ID != second.ID {
		t.Errorf("after the end: %+v", got)
	}
}

// jobsRefused: a job that could not be done is a mistake, and is refused with all that
// were ordered with it.
func jobsRefused(t *testing.T, s *store.Store) {
	for name, change := range map[string]func(*queue.Job){
		"no id":             func(j *queue.Job) { j.ID = "" },
		"an id of ours not": func(j *queue.Job) { j.ID = "x'; DROP TABLE jobs; --" },
		"no kind":           func(j *queue.Job) { j.Kind = "" },
		"no payload":        func(j *queue.Job) { j.Payload = nil },
		"no JSON":           func(j *queue.Job) { j.Payload = []byte("{") },
		"not UTF-8":         func(j *queue.Job) { j.Payload = []byte("\"\xff\"") },
		"too long":          func(j *queue.Job) { j.Payload = []byte(`"` + strings.Repeat("x", queue.MaxPayload) + `"`) },
	} {
		bad := Job("mail")
		change(&bad)
		if err := s.Operations.AddJobs(t.Context(), Job("mail"), bad); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if got := claim(t, s, "mail", 10, Noon()); len(got) != 0 {
		t.Errorf("half of an order was taken: %+v", got)
	}
	wantErr(t, "none", s.Operations.AddJobs(t.Context()), nil)
}

// jobHolders: who does not hold a job cannot do anything to it.
func jobHolders(t *testing.T, s *store.Store) {
	for name, act := range jobActs(t, s) {
		addJobs(t, s, Job(name))
		held := claim(t, s, name, 1, Noon())[0]
		never, foreign := held, held
		never.Claim, foreign.ID = held.Claim+1, login.NewID()
		wantErr(t, name+" with a claim that nobody has yet", act(never), fault.ErrMoved)
		wantErr(t, name+" of another job", act(foreign), fault.ErrMoved)

		// After its lease the job is still the worker's, until somebody else has it.
		later := Noon().Add(time.Hour)
		next := claim(t, s, name, 1, later)
		if len(next) != 1 || next[0].Tries != 2 || next[0].ID != held.ID {
			t.Fatalf("%s: after the lease: %+v", name, next)
		}
		wantErr(t, name+" with a claim that was lost", act(held), fault.ErrMoved)
		wantErr(t, name, act(next[0]), nil)
		if name != "extend" {
			wantErr(t, name+" again", act(next[0]), fault.ErrMoved)
			wantErr(t, "finish after "+name, s.Operations.FinishJob(t.Context(), next[0]), fault.ErrMoved)
		}
	}
}

func jobActs(t *testing.T, s *store.Store) map[string]func(queue.Job) error {
	return map[string]func(queue.Job) error{
		"finish":  func(j queue.Job) error { return s.Operations.FinishJob(t.Context(), j) },
		"extend":  func(j queue.Job) error { return s.Operations.ExtendJob(t.Context(), j, Noon().Add(2*time.Hour)) },
		"retry":   func(j queue.Job) error { return s.Operations.RetryJob(t.Context(), j, Noon().Add(2*time.Hour), "busy") },
		"release": func(j queue.Job) error { return s.Operations.ReleaseJob(t.Context(), j, Noon().Add(2*time.Hour)) },
		"bury": func(j queue.Job) error {
			return s.Operations.BuryJob(t.Context(), j, Noon().Add(2*time.Hour), "refused")
		},
	}
}

// deadJobs: the list of what was given up, and the ways off it.
func deadJobs(t *testing.T, s *store.Store) {
	const many = 250 // more than two batches
	for i := range many {
		kind := []string{"mail", "hook"}[i%2]
		addJobs(t, s, Job(kind))
		held := claim(t, s, kind, 1, Noon())[0]
		// Several are buried in the same instant: the list must not lose its place.
		wantErr(t, "bury", s.Operations.BuryJob(t.Context(), held, Noon().Add(time.Duration(i/10)*time.Minute), "refused"), nil)
	}
	for kind, want := range map[string]int{"": many, "mail": many / 2, "hook": many / 2, "other": 0} {
		var place queue.Place
		seen := map[string]bool{}
		for {
			page := must[[]queue.Job](t)(s.Operations.DeadJobs(t.Context(), kind, place, 7))
			for _, j := range page {
				if seen[j.ID] || (kind != "" && j.Kind != kind) || j.DeadAt.Before(place.DeadAt) || j.Error != "refused" {
					t.Fatalf("%q: listed %+v", kind, j)
				}
				seen[j.ID], place = true, j.Place()
			}
			if len(page) < 7 {
				break
			}
		}
		if len(seen) != want {
			t.Errorf("%q: %d listed, want %d", kind, len(seen), want)
		}
	}
	oldest := must[[]queue.Job](t)(s.Operations.DeadJobs(t.Context(), "mail", queue.Place{}, 1))[0]
	wantErr(t, "revive", s.Operations.ReviveJob(t.Context(), oldest.ID, Noon()), nil)
	wantErr(t, "revive again", s.Operations.ReviveJob(t.Context(), oldest.ID, Noon()), fault.ErrNotFound)
	wantErr(t, "revive nothing", s.Operations.ReviveJob(t.Context(), "' OR 1=1 --\xff\x00", Noon()), fault.ErrNotFound)
	if got := claim(t, s, "mail", 10, Noon()); len(got) != 1 || got[0].ID != oldest.ID || got[0].Tries != 1 || got[0].Error != "refused" || got[0].Claim <= oldest.Claim {
		t.Errorf("revived: %+v", got)
	}
	// Only those that were dead by then: a job that dies again at once is not revived forever.
	for _, want := range []int64{100, 19} {
		n, more, err := s.Operations.ReviveJobs(t.Context(), "mail", Noon().Add(24*time.Minute-time.Millisecond))
		if n != want || more != (want == 100) || err != nil {
			t.Errorf("%d revived, more: %v, %v; want %d", n, more, err, want)
		}
	}
	// 125 of each kind died; the rest of the mails are five of the last ten.
	depths := must[[]queue.Depth](t)(s.Operations.JobDepths(t.Context()))
	for _, d := range depths {
		want := map[string]queue.Depth{
			"mail": {Kind: "mail", Waiting: 120, Dead: 5, Oldest: Noon().Add(time.Minute)},
			"hook": {Kind: "hook", Dead: 125},
		}[d.Kind]
		if d != want {
			t.Errorf("depth %+v, want %+v", d, want)
		}
	}
	purged, err := s.Purge(t.Context(), Noon().Add(90*24*time.Hour+10*time.Minute), store.Retention{})
	if err != nil || purged.Jobs != 56 { // of the hooks, those of eleven minutes; the mail whose lease ended first
		t.Errorf("purged %+v, %v", purged, err)
	}
	if len(depths) != 2 || len(must[[]queue.Job](t)(s.Operations.DeadJobs(t.Context(), "hook", queue.Place{}, 1000))) != 70 {
		t.Errorf("depths %+v", depths)
	}
}

// forgottenJobs: a job that nobody works on goes after its retention, and no sooner.
func forgottenJobs(t *testing.T, s *store.Store) {
	const day = 24 * time.Hour
	late := Job("webhook.gone")
	late.At = Noon().Add(time.Hour)
	addJobs(t, s, Job("webhook.gone"), late)
	for _, step := range []struct {
		after time.Duration
		want  int64
	}{{90*day - time.Millisecond, 0}, {90 * day, 1}, {90 * day, 0}, {90*day + time.Hour, 1}} {
		if purged, err := s.Purge(t.Context(), Noon().Add(step.after), store.Retention{}); err != nil || purged.Jobs != step.want {
			t.Errorf("after %v: purged %d jobs, %v; want %d", step.after, purged.Jobs, err, step.want)
		}
	}
}

// jobsOfLogin: what a login orders is there if and only if the login has happened.
func jobsOfLogin(t *testing.T, s *store.Store) {
	r, _ := Confirmed(t, s)
	r.Jobs = []queue.Job{Job("hook")}
	wrong := r
	wrong.Code = NewHash()
	_, err := s.Attempts.RedeemCode(t.Context(), wrong)
	wantErr(t, "wrong code", err, fault.ErrNotFound)
	if got := claim(t, s, "hook", 10, Noon()); len(got) != 0 {
		t.Errorf("ordered by a login that did not happen: %+v", got)
	}
	must[login.Attempt](t)(s.Attempts.RedeemCode(t.Context(), r))
	if got := claim(t, s, "hook", 10, Noon()); len(got) != 1 || got[0].ID != r.Jobs[0].ID {
		t.Errorf("ordered: %+v", got)
	}

	// A job that cannot be ordered undoes the login: better none than one that nobody hears of.
	spoilt, _ := Confirmed(t, s)
	spoilt.Jobs = []queue.Job{{ID: login.NewID()}}
	if _, err := s.Attempts.RedeemCode(t.Context(), spoilt); err == nil {
		t.Error("logged in without the order")
	}
	_, err = s.Sessions.SessionByID(t.Context(), spoilt.Session.ID)
	wantErr(t, "session", err, fault.ErrNotFound)
}
