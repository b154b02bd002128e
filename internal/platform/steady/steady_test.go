package steady_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"avain/internal/platform/steady"
)

func keeper(to *bytes.Buffer, counted map[string]int) steady.Keeper {
	return steady.Keeper{
		Log: slog.New(slog.NewTextHandler(to, nil)), Panicked: func(task string) { counted[task]++ },
		Scrub: func(s string) string { return strings.ReplaceAll(s, "131052-308T", "…") },
	}
}

// A task that panics is counted, logged without what must not be there, and begun again a
// second later, until it ends by itself or its context does.
func TestThreat54TaskBeginsAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		counted, runs, began := map[string]int{}, 0, time.Now()
		keeper(&log, counted).Run(t.Context(), "tally", func(context.Context) {
			if runs++; runs <= 3 {
				panic("of 131052-308T")
			}
		})
		if runs != 4 || counted["tally"] != 3 || time.Since(began) != 3*time.Second {
			t.Errorf("%d runs, %v, after %s", runs, counted, time.Since(began))
		}
		if text := log.String(); strings.Count(text, "task=tally") != 3 || !strings.Contains(text, "steady_test.go") || strings.Contains(text, "131052") {
			t.Errorf("the log says:\n%s", text)
		}
	})
}

func TestThreat54TaskEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	runs := 0
	steady.Keeper{Pause: time.Hour}.Run(ctx, "x", func(context.Context) { runs++; cancel(); panic("x") })
	if runs != 1 {
		t.Errorf("%d runs", runs)
	}
}

func TestDo(t *testing.T) {
	t.Parallel()
	wrong := errors.New("wrong")
	for want, act := range map[error]func(context.Context) error{
		wrong:              func(context.Context) error { return wrong },
		steady.ErrPanicked: func(context.Context) error { panic("at the disco") },
		nil:                func(context.Context) error { return nil },
	} {
		if err := (steady.Keeper{}).Do(t.Context(), "x", act); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
}
