package store_test

import (
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/platform/store"
	"avain/internal/platform/store/storetest"
)

// A purge hands over every attempt that it ends, once, as it is after its end.
func TestExpiriesAreTold(t *testing.T) {
	onBoth(t, func(t *testing.T, config func(testing.TB) store.Config) {
		told := map[string]login.Attempt{}
		c := config(t)
		c.Expired = func(a login.Attempt) {
			if _, again := told[a.ID]; again {
				t.Errorf("%s is told twice", a.ID)
			}
			told[a.ID] = a
		}
		s := open(t, c)
		const many = 230 // more than two batches
		for range many {
			storetest.Start(t, s)
		}
		for range 2 {
			if _, err := s.Purge(t.Context(), storetest.Noon().Add(10*time.Minute), store.Retention{}); err != nil {
				t.Fatal(err)
			}
		}
		if len(told) != many {
			t.Fatalf("told of %d, want %d", len(told), many)
		}
		for _, a := range told {
			last := a.Timeline[len(a.Timeline)-1]
			if a.State != login.StateExpired || last.Step != login.StepExpire || !a.EndedBy(last) || a.Device.Platform == "" {
				t.Fatalf("told of %+v", a)
			}
		}
	})
}
