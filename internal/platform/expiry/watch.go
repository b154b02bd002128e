package expiry

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Every is how often a node looks at the files.
const Every = 10 * time.Minute

// Deps are what a watch needs.
type Deps struct {
	Read func() []Ending // reads the files, as they are now
	Now  func() time.Time
	Log  *slog.Logger
	Seen func([]Ending) // is told at once, and at each look, what ends, for metrics; may be nil
}

// Watch says in the log what ends. It is safe for concurrent use.
type Watch struct {
	d Deps

	mu    sync.Mutex
	inUse []Ending
	told  map[thing]told
}

// thing is what is told once a day. The same setting with another end is another thing.
type thing struct {
	setting, what string
	ends          int64
}

type told struct {
	stage Stage
	at    time.Time
}

// New makes a watch. It reads the files, so call it when the service reads them: what it
// finds is what the service uses until it is started again. It says nothing yet, but what
// it found is seen: an alert must not miss the first minutes of a node.
func New(d Deps) *Watch {
	if d.Seen == nil {
		d.Seen = func([]Ending) {}
	}
	w := &Watch{d: d, inUse: d.Read(), told: map[thing]told{}}
	d.Seen(slices.Clone(w.inUse))
	return w
}

// Look reads the files again and says what ends: at once when something comes nearer than
// 60, 30 or 7 days or has ended, and else once a day.
func (w *Watch) Look(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.d.Now()
	files := w.d.Read()
	w.inUse = w.renewed(files)
	w.d.Seen(slices.Clone(w.inUse))
	before := w.told
	w.told = map[thing]told{} // what is not there any more is forgotten
	for _, e := range w.inUse {
		key, stage := thing{e.Setting, e.What, e.Ends.Unix()}, e.Stage(now)
		last, known := before[key]
		if w.replaced(e, files) {
			e.Do = "restart the service, which read the file when it started; a newer one lies there already"
		}
		if stage != Far && (!known || stage > last.stage || now.Sub(last.at) >= day) {
			w.log(ctx, e, now)
			last = told{stage, now}
		} else if !known {
			continue
		}
		w.told[key] = last
	}
	return nil
}

// renewed is what the service uses now, given what stands in the files.
func (w *Watch) renewed(files []Ending) []Ending {
	var all []Ending
	taken := map[string]bool{}
	for _, e := range w.inUse {
		now := of(files, e.Setting)
		switch {
		case !e.Reread, len(now) == 0: // unreadable, or half written: the service goes on with what it has
			all = append(all, e)
		case !taken[e.Setting]:
			all = append(all, now...)
		}
		taken[e.Setting] = true
	}
	for _, e := range files {
		if e.Reread && !taken[e.Setting] {
			all = append(all, e)
		}
	}
	return all
}

// replaced reports whether a file that is read at start has got a later end since.
func (w *Watch) replaced(e Ending, files []Ending) bool {
	now := of(files, e.Setting)
	return !e.Reread && len(now) > 0 && first(now).After(first(of(w.inUse, e.Setting)))
}

// of picks the endings of one setting.
func of(all []Ending, setting string) []Ending {
	var some []Ending
	for _, e := range all {
		if e.Setting == setting {
			some = append(some, e)
		}
	}
	return some
}

// first is when the first of them ends.
func first(all []Ending) time.Time {
	return slices.MinFunc(all, func(a, b Ending) int { return a.Ends.Compare(b.Ends) }).Ends
}

func (w *Watch) log(ctx context.Context, e Ending, now time.Time) {
	level, message := slog.LevelWarn, "a file that logins depend on ends soon"
	switch e.Stage(now) {
	case Early:
		level = slog.LevelInfo
	case Urgent:
		level = slog.LevelError
	case Ended:
		message = "a file that logins depend on has ended"
		// What only might be refused has not been, or somebody would have come.
		if e.Stops {
			level = slog.LevelError
		}
	case Far, Soon, Near:
	}
	w.d.Log.Log(ctx, level, message, "setting", e.Setting, "file", e.File, "what", e.What, "owner", string(e.Owner), //nolint:sloglint // one of two texts, both written here
		"ends", e.Ends.UTC(), "days_left", e.Days(now), "then", e.Then, "todo", e.Do)
}
