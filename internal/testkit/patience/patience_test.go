package patience

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestFactor(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"": 1, "1": 1, "8": 8, "100": 100} {
		if got, err := factor(text); got != want || err != nil {
			t.Errorf("%q multiplies by %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"0", "-1", "101", "1.5", "2x", "five", " 2"} {
		if got, err := factor(text); err == nil {
			t.Errorf("%q multiplies by %d", text, got)
		}
	}
}

// spoiled is a test that has been failed.
type spoiled struct {
	testing.TB
	failed string
}

func (s *spoiled) Helper() {}

func (s *spoiled) Fatalf(_ string, args ...any) {
	s.failed = args[0].(string)
	panic(s)
}

func TestUntil(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		looks, begun := 0, time.Now()
		Until(t, "it is looked at ten times", func() bool { looks++; return looks == 10 })
		if took := time.Since(begun); took != 9*again {
			t.Errorf("ten looks took %v", took)
		}
		begun = time.Now()
		s := &spoiled{TB: t}
		func() {
			defer func() {
				if got := recover(); got != s {
					t.Errorf("it went on: %v", got)
				}
			}()
			Until(s, "pigs fly", func() bool { return false })
		}()
		if s.failed != "pigs fly" || time.Since(begun) != Limit() {
			t.Errorf("failed with %q after %v", s.failed, time.Since(begun))
		}
	})
}

func TestLimits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		if end := End(); !end.Equal(begun.Add(Limit())) {
			t.Errorf("the end is %v after the beginning", end.Sub(begun))
		}
		if <-Over(); time.Since(begun) != Limit() {
			t.Errorf("over after %v", time.Since(begun))
		}
		begun = time.Now()
		ctx, cancel := Within(t.Context())
		defer cancel()
		if <-ctx.Done(); time.Since(begun) != Limit() || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			t.Errorf("%v after %v", ctx.Err(), time.Since(begun))
		}
		begun = time.Now()
		if <-Quiet(); time.Since(begun) != aWhile {
			t.Errorf("quiet for %v", time.Since(begun))
		}
	})
}
