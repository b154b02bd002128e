package notices

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/refresh"
)

// shownOver is how many notices that are over a reading holds, for the page of news.
const shownOver = 100

// Store keeps the notices.
type Store interface {
	Notices(ctx context.Context, now time.Time, over int) ([]operations.Notice, error)
	NoticeByID(ctx context.Context, id string) (operations.Notice, error)
	AddNotice(ctx context.Context, n operations.Notice) error
	ChangeNotice(ctx context.Context, n operations.Notice, seen time.Time) error
	WithdrawNotice(ctx context.Context, id, by string, at time.Time) error
	KeepNotice(ctx context.Context, n operations.Notice, pause time.Duration) (operations.Notice, error)
	PurgeNotices(ctx context.Context, before time.Time) (int64, error)
}

// Auditor is told of what people do with notices.
type Auditor interface {
	Atomically(ctx context.Context, act func(ctx context.Context) error) error
	NoticePublished(ctx context.Context, n operations.Notice)
	NoticeChanged(ctx context.Context, n operations.Notice)
	NoticeWithdrawn(ctx context.Context, actor, id string)
}

// Deps are what the board needs.
type Deps struct {
	Store     Store
	Audit     Auditor
	Languages []string                             // of notices; the first one must always be there
	Methods   []login.Method                       // that there are here
	Means     func(ctx context.Context) []MeansRef // that there are now; nil: any may be named
	Now       func() time.Time
	Log       *slog.Logger
}

// MeansRef is a means as a notice may name it.
type MeansRef struct{ ID, Name string }

// Board knows what is told to whom. It is safe for concurrent use.
type Board struct {
	d       Deps
	known   *refresh.Value[[]operations.Notice] // by their beginning, the newest first
	keeping sync.Mutex                          // held by the one caller who writes what the service says by itself
}

// New makes the board and reads the notices for the first time.
func New(ctx context.Context, d Deps) (*Board, error) {
	read := func(ctx context.Context) ([]operations.Notice, error) {
		return d.Store.Notices(ctx, d.Now(), shownOver)
	}
	last, err := refresh.New(ctx, refresh.Config[[]operations.Notice]{What: "notices", Read: read, Now: d.Now, Log: d.Log})
	if err != nil {
		return nil, fmt.Errorf("notices: %w", err)
	}
	return &Board{d: d, known: last}, nil
}

// Concerning lists what is shown now to the asker: what matters most first, then the
// newest.
func (b *Board) Concerning(ctx context.Context, who operations.Viewer) []operations.Notice {
	now := b.d.Now()
	var all []operations.Notice
	for _, n := range b.known.Get(ctx) {
		if n.Shown(now) && Concerns(n.Audience, who) {
			all = append(all, n)
		}
	}
	slices.SortStableFunc(all, func(x, y operations.Notice) int { return cmp.Compare(rank(y.Severity), rank(x.Severity)) })
	return all
}

func rank(s operations.Severity) int { return slices.Index(operations.Severities(), s) }

// Everybody lists what has been shown to anybody: what is on, then what is over, each by
// its beginning, the newest first. Notices that are still to come are not among them.
func (b *Board) Everybody(ctx context.Context) (current, past []operations.Notice) {
	now := b.d.Now()
	for _, n := range b.known.Get(ctx) {
		switch {
		case n.Shown(now):
			current = append(current, n)
		case n.From.After(now), !n.Ended().After(n.From): // never shown
		default:
			past = append(past, n)
		}
	}
	newest := func(x, y operations.Notice) int { return y.From.Compare(x.From) }
	slices.SortStableFunc(current, newest)
	slices.SortStableFunc(past, newest)
	return current, past
}

// All lists every notice that is kept, for those who write them: what is to come too.
func (b *Board) All(ctx context.Context) ([]operations.Notice, error) {
	return b.d.Store.Notices(ctx, b.d.Now(), 2*shownOver)
}

// Get finds a notice. fault.ErrNotFound.
func (b *Board) Get(ctx context.Context, id string) (operations.Notice, error) {
	return b.d.Store.NoticeByID(ctx, id)
}

// Arrange tells which methods are off for the asker, and which one comes first, by all
// notices that concern them for certain: what rests on a platform or a version needs an
// asker who says theirs. Of two that want another method first, the one that matters more
// wins. The asker's method and means do not count: these are what is arranged.
func (b *Board) Arrange(ctx context.Context, who operations.Viewer) (sum operations.MethodOverrides) {
	for _, n := range b.Concerning(ctx, operations.Viewer{Platform: who.Platform, Browser: who.Browser, BrowserVersion: who.BrowserVersion, AppVersion: who.AppVersion}) {
		if n.Act.Zero() || !acts(n.Audience, who) {
			continue
		}
		if sum.First == "" {
			sum.First = n.Act.First
		}
		for _, m := range n.Act.Off {
			if sum.Off == nil {
				sum.Off = make(map[login.Method]map[string]string)
			}
			if _, told := sum.Off[m]; !told {
				sum.Off[m] = titles(n)
			}
		}
	}
	return sum
}

// titles are why a method is off, as people read it.
func titles(n operations.Notice) map[string]string {
	all := make(map[string]string, len(n.Words))
	for lang, words := range n.Words {
		all[lang] = words.Title
	}
	return all
}
