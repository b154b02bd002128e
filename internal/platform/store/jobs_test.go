package store

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/queue"
)

// A job's effect and its end are one: of two workers that both believe to hold the
// job, and of any number of tries, one leaves its effect.
func TestEffectAndEndAreOne(t *testing.T) {
	t.Parallel()
	for driver, s := range both(t) {
		now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
		j := queue.Job{ID: login.NewID(), Kind: "import", Payload: []byte("{}"), At: now, CreatedAt: now}
		if err := s.Operations.AddJobs(t.Context(), j); err != nil {
			t.Fatal(err)
		}
		var held []queue.Job
		for i := range 2 { // the second claims when the lease of the first has run out
			at := now.Add(time.Duration(i) * time.Minute)
			got, err := s.Operations.ClaimJobs(t.Context(), []queue.Claim{{Kind: "import", Limit: 1, Until: at.Add(time.Minute)}}, at)
			if err != nil || len(got) != 1 {
				t.Fatalf("%s: %v, %v", driver, got, err)
			}
			held = append(held, got[0])
		}
		if _, err := raw(t, s).ExecContext(t.Context(), "INSERT INTO meta (name, value) VALUES ('jobs_test', '0')"); err != nil {
			t.Fatal(err)
		}
		// The effect can be counted, and comes first, so that it must be undone.
		chunk := func(j queue.Job) error {
			return s.db.write(t.Context(), func(ctx context.Context, tx runner) error {
				if _, err := tx.ExecContext(ctx, "UPDATE meta SET value = value || 'x' WHERE name = 'jobs_test'"); err != nil {
					return err
				}
				return finishJob(ctx, tx, j)
			})
		}
		errs := make([]error, 10)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() { errs[i] = chunk(held[i%2]) })
		}
		all.Wait()
		done := 0
		for i, err := range errs {
			switch {
			case err == nil && i%2 == 1:
				done++
			case !errors.Is(err, fault.ErrMoved):
				t.Errorf("%s: worker %d got %v", driver, i%2, err)
			}
		}
		var effect string
		if err := s.db.reader().QueryRowContext(t.Context(), "SELECT value FROM meta WHERE name = 'jobs_test'").Scan(&effect); err != nil {
			t.Fatal(err)
		}
		if done != 1 || effect != "0x" {
			t.Errorf("%s: %d succeeded, effect %q; want one", driver, done, effect)
		}
	}
}

// What an act orders exists if and only if the act has happened.
func TestOrderedWithTheAct(t *testing.T) {
	t.Parallel()
	errNo := errors.New("no")
	for driver, s := range both(t) {
		for _, fails := range []error{errNo, nil} {
			j := queue.Job{ID: login.NewID(), Kind: "mail", Payload: []byte("{}"), At: time.Unix(1, 0), CreatedAt: time.Unix(1, 0)}
			err := s.db.write(t.Context(), func(ctx context.Context, tx runner) error {
				if err := addJobs(ctx, tx, []queue.Job{j}); err != nil {
					return err
				}
				return fails
			})
			depths, counting := s.Operations.JobDepths(t.Context())
			if !errors.Is(err, fails) || counting != nil || (len(depths) == 1) != (fails == nil) {
				t.Errorf("%s: act %v, jobs %+v, %v", driver, err, depths, counting)
			}
		}
	}
}
