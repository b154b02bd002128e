package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"avain/internal/platform/store"
)

// beats: every node hears of the others how far they are ahead, and of none twice.
func beats(t *testing.T, s *store.Store) {
	hear := func(node string, ahead time.Duration, want ...time.Duration) {
		t.Helper()
		if got := must[[]time.Duration](t)(s.Beat(t.Context(), node, ahead)); !slices.Equal(got, want) {
			t.Errorf("%s hears %v, want %v", node, got, want)
		}
	}
	hear("a", 0)
	hear("b", -5*time.Second, 0)
	hear("a", time.Second, -5*time.Second)
	hear("c", time.Millisecond, time.Second, -5*time.Second)
	hear("b", 7*time.Hour, time.Second, time.Millisecond)
	hear("a", 0, 7*time.Hour, time.Millisecond)
	for _, err := range together(t.Context(), 10, func(ctx context.Context, i int) error {
		_, err := s.Beat(ctx, string(rune('a'+i%5)), 0)
		return err
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	hear("z", 0, 0, 0, 0, 0, 0)
}
