package audit

import (
	"context"
	"maps"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// What strangers can cause costs them nothing, and nothing is ever deleted from the log:
// without a bound a few addresses write 200 entries a second, for ever (threat 48). The
// bound is per action and client, for this node; what is beyond it is counted, and the
// count stands in the next entry of the same kind.
const (
	noiseAtOnce = 100
	noiseEach   = time.Minute
)

// Unwritten is the detail that says how many entries like this one, of the same action
// and client, were not written since the one before.
const Unwritten = "unwritten"

// noise folds entries that strangers can cause.
type noise struct {
	// quiet reports whether the caller may have one of these written now; nil: everybody.
	quiet func(ctx context.Context, action string) bool
	now   func() time.Time

	mu    sync.Mutex
	kinds map[noiseKind]*folded // bounded: a few actions for each client of the configuration
}

type noiseKind struct{ action, actor string }

type folded struct {
	budget *rate.Limiter
	count  int64
}

// Quietly bounds what one caller can have written, beside the bound for all: a single
// network must not use up what others' thefts need. The function is asked before each
// entry that a stranger can cause.
func (l *Log) Quietly(quiet func(ctx context.Context, action string) bool) *Log {
	l.noise.quiet = quiet
	return l
}

// anybody writes an entry that a stranger can cause, or counts it.
func (l *Log) anybody(ctx context.Context, actor, action, target string, detail map[string]string) {
	count, ok := l.noise.take(ctx, noiseKind{action, actor})
	if !ok {
		return
	}
	if count > 0 {
		detail = maps.Clone(detail)
		if detail == nil {
			detail = map[string]string{}
		}
		detail[Unwritten] = strconv.FormatInt(count, 10)
	}
	l.append(ctx, actor, action, target, detail)
}

// take asks for one entry. It returns how many were not written before it.
func (n *noise) take(ctx context.Context, k noiseKind) (unwritten int64, ok bool) {
	ok = n.quiet == nil || n.quiet(ctx, k.action)
	n.mu.Lock()
	defer n.mu.Unlock()
	f := n.kinds[k]
	if f == nil {
		f = &folded{budget: rate.NewLimiter(rate.Every(noiseEach), noiseAtOnce)}
		n.kinds[k] = f
	}
	if !ok || !f.budget.AllowN(n.now(), 1) {
		f.count++
		return 0, false
	}
	unwritten, f.count = f.count, 0
	return unwritten, true
}

// Settle writes down what was counted and not written: one entry for each action and
// client. Housekeeping calls it every hour; what is counted when the process is killed
// is lost with it.
func (l *Log) Settle(ctx context.Context) error {
	for k, count := range l.noise.settle() {
		l.append(ctx, k.actor, k.action, k.actor, map[string]string{Unwritten: strconv.FormatInt(count, 10)})
	}
	return nil
}

func (n *noise) settle() map[noiseKind]int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	counts := map[noiseKind]int64{}
	for k, f := range n.kinds {
		if f.count > 0 {
			counts[k], f.count = f.count, 0
		}
	}
	return counts
}
