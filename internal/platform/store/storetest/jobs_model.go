package storetest

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/queue"
	"avain/internal/platform/store"

	"pgregory.net/rapid"
)

// jobRace lets claimers on several nodes take jobs as fast as they can: while leases
// hold, each job is begun once, and whoever began it can finish it.
func jobRace(t *testing.T, s *store.Store) {
	const claimers, many = 8, 120
	for range many {
		addJobs(t, s, Job("mail"))
	}
	var mu sync.Mutex
	begun := map[string]int{}
	errs := together(t.Context(), claimers, func(ctx context.Context, _ int) error {
		for {
			due, err := s.Operations.DueKinds(ctx, []string{"mail"}, Noon())
			if err != nil || len(due) == 0 {
				return err
			}
			got, err := s.Operations.ClaimJobs(ctx, []queue.Claim{{Kind: "mail", Limit: 5, Until: Noon().Add(time.Minute)}}, Noon())
			if err != nil {
				return err
			}
			for _, j := range got {
				mu.Lock()
				begun[j.ID]++
				mu.Unlock()
				if err := s.Operations.FinishJob(ctx, j); err != nil {
					return err
				}
			}
		}
	})
	wantErr(t, "claimers", errors.Join(errs...), nil)
	for id, n := range begun {
		if n != 1 {
			t.Errorf("%s was begun %d times", id, n)
		}
	}
	if len(begun) != many {
		t.Errorf("%d of %d jobs were begun", len(begun), many)
	}
	finishRace(t, s)
}

// finishRace: of all who try to end one job, whatever they want of it, one succeeds.
func finishRace(t *testing.T, s *store.Store) {
	acts := slices.Collect(maps.Values(jobActs(t, s)))
	for range 5 {
		j := Job("hook")
		addJobs(t, s, j)
		held := claim(t, s, "hook", 1, Noon())[0]
		ended := 0
		for _, err := range together(t.Context(), 20, func(_ context.Context, i int) error {
			if act := acts[i%len(acts)]; i%2 == 0 {
				return act(held)
			}
			return s.Operations.FinishJob(t.Context(), held)
		}) {
			if err == nil {
				ended++
			} else if !errors.Is(err, fault.ErrMoved) {
				t.Errorf("a loser got %v", err)
			}
		}
		if ended == 0 || ended > 3 { // extending ends nothing, and may have come first
			t.Errorf("%d ended one job", ended)
		}
	}
}

// jobModel is what the queue must be like, moved by the rules as the comments of the
// store tell them.
type jobModel struct {
	now  time.Time
	jobs map[string]*queue.Job
	seen []queue.Job // every claim that anybody ever held, and some that nobody did
}

func (m *jobModel) due(kind string) (due []*queue.Job) {
	for _, j := range m.jobs {
		if j.Kind == kind && j.DeadAt.IsZero() && !j.At.After(m.now) {
			due = append(due, j)
		}
	}
	return due
}

func (m *jobModel) add(j queue.Job) {
	for _, old := range m.jobs {
		if j.Key == "" || old.Kind != j.Kind || old.Key != j.Key {
			continue
		}
		if !old.DeadAt.IsZero() {
			old.Payload, old.At, old.Tries, old.Error, old.DeadAt = j.Payload, j.At, 0, "", time.Time{}
			old.Claim++
		}
		return
	}
	m.jobs[j.ID] = &j
}

// held is the job, if the claim is good.
func (m *jobModel) held(claim queue.Job) (*queue.Job, error) {
	if j := m.jobs[claim.ID]; j != nil && j.Claim == claim.Claim && j.DeadAt.IsZero() {
		return j, nil
	}
	return nil, fault.ErrMoved
}

// jobsFollowTheModel throws random acts at the queue: orders, claims, ends by those
// who hold a job and by those who lost it, leases that run out, revivals.
func jobsFollowTheModel(t *testing.T, s *store.Store) {
	rapid.Check(t, func(rt *rapid.T) {
		kinds := []string{"a" + login.NewID(), "b" + login.NewID()} // of this run alone
		m := &jobModel{now: Noon(), jobs: map[string]*queue.Job{}}
		for range rapid.IntRange(1, 30).Draw(rt, "acts") {
			m.now = m.now.Add(time.Duration(rapid.IntRange(0, 3).Draw(rt, "seconds")) * time.Second)
			kind := rapid.SampledFrom(kinds).Draw(rt, "kind")
			switch rapid.IntRange(0, 5).Draw(rt, "act") {
			case 0, 1:
				m.checkAdd(rt, s, kind)
			case 2, 3:
				m.checkClaim(rt, s, kinds)
			case 4:
				m.checkEnd(rt, s)
			default:
				m.checkRevive(rt, s, kind)
			}
			m.checkLists(rt, s, kinds)
		}
	})
}

func (m *jobModel) checkAdd(rt *rapid.T, s *store.Store, kind string) {
	j := Job(kind)
	j.Key = rapid.SampledFrom([]string{"", "k", "l"}).Draw(rt, "key")
	j.At, j.CreatedAt = m.now.Add(time.Duration(rapid.IntRange(-2, 3).Draw(rt, "in"))*time.Second), m.now
	m.add(j)
	if err := s.Operations.AddJobs(rt.Context(), j); err != nil {
		rt.Fatal(err)
	}
}

// checkClaim claims of both kinds at once. Which of two jobs that were due in the same
// millisecond comes first is the database's business; that none comes before one that
// was due earlier is ours.
func (m *jobModel) checkClaim(rt *rapid.T, s *store.Store, kinds []string) {
	limit := rapid.IntRange(1, 3).Draw(rt, "limit")
	until := m.now.Add(time.Duration(rapid.IntRange(1, 4).Draw(rt, "lease")) * time.Second)
	var claims []queue.Claim
	for _, kind := range kinds {
		claims = append(claims, queue.Claim{Kind: kind, Limit: limit, Until: until})
	}
	got, err := s.Operations.ClaimJobs(rt.Context(), claims, m.now)
	if err != nil {
		rt.Fatal(err)
	}
	for _, kind := range kinds {
		due := m.due(kind)
		want := min(limit, len(due))
		var last time.Time
		for _, j := range got {
			if j.Kind != kind {
				continue
			}
			want--
			row := m.jobs[j.ID]
			if row == nil || !slices.Contains(due, row) {
				rt.Fatalf("claimed %+v, which was not due", j)
			}
			if row.At.After(last) {
				last = row.At
			}
			row.At, row.Tries, row.Claim = until, row.Tries+1, row.Claim+1
			if !reflect.DeepEqual(*row, j) {
				rt.Fatalf("claimed %+v, want %+v", j, *row)
			}
			m.seen = append(m.seen, j)
		}
		if want != 0 {
			rt.Fatalf("%d too few claimed of %d", want, len(due))
		}
		for _, row := range m.due(kind) { // what is left
			if row.At.Before(last) {
				rt.Fatalf("%+v was due earlier than what was claimed", row)
			}
		}
	}
}

// checkEnd ends a job, or tries to, with any claim that there ever was.
func (m *jobModel) checkEnd(rt *rapid.T, s *store.Store) {
	if len(m.seen) == 0 {
		return
	}
	claim := rapid.SampledFrom(m.seen).Draw(rt, "claim")
	row, want := m.held(claim)
	later := m.now.Add(2 * time.Second)
	var got error
	switch rapid.SampledFrom([]string{"finish", "extend", "retry", "release", "bury"}).Draw(rt, "end") {
	case "finish":
		if got = s.Operations.FinishJob(rt.Context(), claim); row != nil {
			delete(m.jobs, row.ID)
		}
	case "extend":
		if got = s.Operations.ExtendJob(rt.Context(), claim, later); row != nil {
			row.At = later
		}
	case "retry":
		if got = s.Operations.RetryJob(rt.Context(), claim, later, "busy"); row != nil {
			row.At, row.Error, row.Claim = later, "busy", row.Claim+1
		}
	case "release":
		if got = s.Operations.ReleaseJob(rt.Context(), claim, later); row != nil {
			row.At, row.Tries, row.Claim = later, row.Tries-1, row.Claim+1
		}
	default:
		if got = s.Operations.BuryJob(rt.Context(), claim, m.now, "refused"); row != nil {
			row.DeadAt, row.Error, row.Claim = m.now, "refused", row.Claim+1
		}
	}
	if !errors.Is(got, want) {
		rt.Fatalf("with %+v: got %v, want %v", claim, got, want)
	}
}

func (m *jobModel) checkRevive(rt *rapid.T, s *store.Store, kind string) {
	var want int64
	for _, j := range m.jobs {
		if j.Kind == kind && !j.DeadAt.IsZero() {
			j.DeadAt, j.At, j.Tries, j.Claim = time.Time{}, m.now, 0, j.Claim+1
			want++
		}
	}
	if n, _, err := s.Operations.ReviveJobs(rt.Context(), kind, m.now); err != nil || n != want {
		rt.Fatalf("revived %d, %v; want %d", n, err, want)
	}
}

// checkLists compares everything that can be asked about the queue.
func (m *jobModel) checkLists(rt *rapid.T, s *store.Store, kinds []string) {
	var wantDue []string
	for _, kind := range kinds {
		if len(m.due(kind)) > 0 {
			wantDue = append(wantDue, kind)
		}
		dead, err := s.Operations.DeadJobs(rt.Context(), kind, queue.Place{}, 100)
		if err != nil {
			rt.Fatal(err)
		}
		for _, j := range dead {
			if row := m.jobs[j.ID]; row == nil || !reflect.DeepEqual(*row, j) {
				rt.Fatalf("dead: %+v, want %+v", j, row)
			}
		}
		want := queue.Depth{Kind: kind}
		for _, j := range m.jobs {
			switch {
			case j.Kind != kind:
			case !j.DeadAt.IsZero():
				want.Dead++
			default:
				if want.Waiting++; want.Waiting == 1 || j.At.Before(want.Oldest) {
					want.Oldest = j.At
				}
			}
		}
		depths, err := s.Operations.JobDepths(rt.Context())
		if err != nil || (want.Waiting+want.Dead > 0) != slices.Contains(depths, want) || int64(len(dead)) != want.Dead {
			rt.Fatalf("depths %+v, %v; want %+v", depths, err, want)
		}
	}
	if due, err := s.Operations.DueKinds(rt.Context(), kinds, m.now); err != nil || !slices.Equal(due, wantDue) {
		rt.Fatalf("due %v, %v; want %v", due, err, wantDue)
	}
}
