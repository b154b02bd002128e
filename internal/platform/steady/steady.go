package steady

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"
)

// ErrPanicked is what an act comes to that panicked.
var ErrPanicked = errors.New("panicked")

// Keeper contains panics. The zero Keeper tells nobody of them.
type Keeper struct {
	Log      *slog.Logger
	Panicked func(task string)   // counts; may be nil
	Scrub    func(string) string // removes what looks like a secret or personal data from a text; nil: all of it
	Pause    time.Duration       // before a task begins again; default 1 s
}

// Run runs a task that ends with its context, and begins it again when it panics.
func (k Keeper) Run(ctx context.Context, task string, run func(context.Context)) {
	pause := k.Pause
	if pause == 0 {
		pause = time.Second
	}
	again := time.NewTimer(pause)
	defer again.Stop()
	for {
		err := k.Do(ctx, task, func(ctx context.Context) error { run(ctx); return nil })
		if err == nil {
			return
		}
		again.Reset(pause)
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}

// Do runs one act of a task. When it panics the error is [ErrPanicked].
func (k Keeper) Do(ctx context.Context, task string, act func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = ErrPanicked
			k.tell(ctx, task, p)
		}
	}()
	return act(ctx)
}

func (k Keeper) tell(ctx context.Context, task string, p any) {
	if k.Panicked != nil {
		k.Panicked(task)
	}
	if k.Log == nil {
		return
	}
	said := fmt.Sprintf("%T", p)
	stack := ""
	if k.Scrub != nil {
		said, stack = k.Scrub(fmt.Sprint(p)), k.Scrub(string(debug.Stack()))
	}
	k.Log.ErrorContext(ctx, "a task in the background panicked; it is tried again", "task", task, "panic", said, "stack", stack)
}
