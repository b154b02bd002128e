package patience

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Variable is the environment variable that multiplies every limit: a whole number.
const Variable = "AVAIN_TEST_PATIENCE"

const (
	// usual is some hundred times what the slowest of those waits takes on two idle cores:
	// only a failure takes it all, and then there is no hurry.
	usual = 5 * time.Minute
	// maxTimes keeps a mistyped number from letting a test that hangs hang for weeks.
	maxTimes = 100
	// again is how soon [Until] looks again.
	again = 10 * time.Millisecond
	// aWhile is how long [Quiet] lasts. It does not scale: see there.
	aWhile = time.Second
)

// times is what the environment asks for. A test cannot go on with a number that it does
// not understand: a limit that is not the wanted one would show as a fault of the service.
var times = sync.OnceValue(func() int {
	n, err := factor(os.Getenv(Variable))
	if err != nil {
		panic(err)
	}
	return n
})

func factor(text string) (int, error) {
	if text == "" {
		return 1, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxTimes {
		return 0, fmt.Errorf("%s is %q; it must be a whole number from 1 to %d", Variable, text, maxTimes)
	}
	return n, nil
}

// Limit is how long a test waits for what must come.
func Limit() time.Duration { return usual * time.Duration(times()) }

// End is when a wait that begins now has taken too long: for deadlines of connections.
func End() time.Time { return time.Now().Add(Limit()) }

// Over speaks when a wait that begins now has taken too long.
func Over() <-chan time.Time { return time.After(Limit()) }

// Within bounds what is called with the context.
func Within(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, Limit())
}

// Until looks again and again until something has happened that tells nobody.
func Until(t testing.TB, what string, happened func() bool) {
	t.Helper()
	look := time.NewTicker(again)
	defer look.Stop()
	for over := Over(); !happened(); {
		select {
		case <-look.C:
		case <-over:
			t.Fatalf("it never happened that %s", what)
		}
	}
}

// Quiet is for what must not come: the tests that cannot know that it never will listen
// for a while. It is the one wait for a time, and harmless, because a busy machine can
// only make such a test miss a fault, never see one.
func Quiet() <-chan time.Time { return time.After(aWhile) }
