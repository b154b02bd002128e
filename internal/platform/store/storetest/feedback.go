package storetest

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/store"
)

func feedback(t *testing.T, s *store.Store) {
	yesterday := Noon().Add(-24 * time.Hour)
	given := []operations.Feedback{
		{At: yesterday, Lang: "fi", Page: "login", Helped: true},
		{At: Noon(), Lang: "fi", Page: "login", Reason: login.ReasonLinkExpired},
		{At: Noon(), Lang: "sv", Page: "login", Reason: login.ReasonLinkExpired, Helped: true},
	}
	for _, f := range given {
		if err := s.Operations.CountFeedback(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	// Whoever answers at once with others is counted.
	for _, err := range together(t.Context(), 20, func(ctx context.Context, i int) error {
		return s.Operations.CountFeedback(ctx, operations.Feedback{At: Noon().Add(time.Duration(i) * time.Minute), Lang: "fi", Page: "login", Reason: login.ReasonLinkExpired, Helped: i%2 == 0})
	}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	day := Noon().Truncate(24 * time.Hour)
	want := []operations.FeedbackCount{
		{Day: day.Add(-24 * time.Hour), Page: "login", Lang: "fi", Yes: 1},
		{Day: day, Page: "login", Lang: "fi", Reason: login.ReasonLinkExpired, Yes: 10, No: 11},
		{Day: day, Page: "login", Lang: "sv", Reason: login.ReasonLinkExpired, Yes: 1},
	}
	if got := must[[]operations.FeedbackCount](t)(s.Operations.FeedbackCounts(t.Context(), day.Add(-24*time.Hour))); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := must[[]operations.FeedbackCount](t)(s.Operations.FeedbackCounts(t.Context(), day)); !reflect.DeepEqual(got, want[1:]) {
		t.Errorf("of today: %+v", got)
	}
}

func feedbackComments(t *testing.T, s *store.Store) {
	for i := range 5 {
		if err := s.Operations.AddComment(t.Context(), operations.Feedback{
			At: Noon().Add(time.Duration(i) * time.Hour), Lang: "sv", Page: "guide", Reason: login.ReasonBrokerDown, Helped: i == 4, Comment: fmt.Sprint("ärende ", i),
		}); err != nil {
			t.Fatal(err)
		}
	}
	list := func(since, until time.Time, limit int) (all []string) {
		for _, c := range must[[]operations.FeedbackComment](t)(s.Operations.FeedbackComments(t.Context(), since, until, limit)) {
			if c.ID == "" || c.Lang != "sv" || c.Page != "guide" || c.Reason != login.ReasonBrokerDown || c.Helped != (c.Comment == "ärende 4") {
				t.Errorf("%+v", c)
			}
			all = append(all, c.Comment)
		}
		return all
	}
	end := Noon().Add(24 * time.Hour)
	if got := list(time.Time{}, end, 2); !reflect.DeepEqual(got, []string{"ärende 4", "ärende 3"}) {
		t.Errorf("newest two: %v", got)
	}
	if got := list(Noon(), Noon().Add(2*time.Hour), 9); !reflect.DeepEqual(got, []string{"ärende 1", "ärende 0"}) {
		t.Errorf("of two hours: %v", got)
	}
	if err := s.Operations.PurgeComments(t.Context(), Noon().Add(3*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := list(time.Time{}, end, 9); !reflect.DeepEqual(got, []string{"ärende 4", "ärende 3"}) {
		t.Errorf("after the purge: %v", got)
	}
}
