package notices_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"avain/internal/core/notices"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/store"
	"avain/internal/platform/store/storetest"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// house is a database, with a clock, on which boards of several nodes stand.
type house struct {
	db    *store.Store
	since atomic.Int64 // nanoseconds since noon
	asked atomic.Int32
	fails atomic.Pointer[error]
	audit []string
}

func newHouse(t testing.TB) *house {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{
		Driver: store.SQLite, Path: storetest.Fresh(t), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &house{db: db}
}

func (h *house) now() time.Time       { return noon.Add(time.Duration(h.since.Load())) }
func (h *house) pass(d time.Duration) { h.since.Add(int64(d)) }
func (h *house) Atomically(ctx context.Context, act func(context.Context) error) error {
	told := len(h.audit)
	err := h.db.Atomically(ctx, act)
	if err != nil {
		h.audit = h.audit[:told]
	}
	return err
}

func (h *house) NoticePublished(_ context.Context, n operations.Notice) {
	h.audit = append(h.audit, "publish "+n.By)
}

func (h *house) NoticeChanged(_ context.Context, n operations.Notice) {
	h.audit = append(h.audit, "change "+n.By)
}

func (h *house) NoticeWithdrawn(_ context.Context, actor, _ string) {
	h.audit = append(h.audit, "withdraw "+actor)
}

// wire is the database as a node reaches it; it can be cut.
type wire struct {
	*store.Operations
	h *house
}

func (w wire) Notices(ctx context.Context, now time.Time, over int) ([]operations.Notice, error) {
	w.h.asked.Add(1)
	if err := w.h.fails.Load(); err != nil {
		return nil, *err
	}
	return w.Operations.Notices(ctx, now, over)
}

func (h *house) board(t testing.TB) *notices.Board {
	t.Helper()
	b, err := notices.New(t.Context(), notices.Deps{
		Store: wire{h.db.Operations, h}, Audit: h, Languages: []string{"fi", "sv", "en"}, Methods: login.Methods(),
		Means: func(context.Context) []notices.MeansRef {
			return []notices.MeansRef{{ID: "nordea", Name: "Nordea"}, {ID: "op", Name: "OP"}, {ID: "mobile", Name: "Mobiilivarmenne"}}
		},
		Now: h.now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func words(title string) map[string]operations.NoticeWords {
	return map[string]operations.NoticeWords{"fi": {Title: title, Text: "Teksti."}, "en": {Title: title + " (en)", Text: "Text."}}
}

func notice(change func(*operations.Notice)) operations.Notice {
	n := operations.Notice{Severity: operations.SeverityInfo, Words: words("Otsikko")}
	if change != nil {
		change(&n)
	}
	return n
}

func publish(t testing.TB, b *notices.Board, change func(*operations.Notice)) operations.Notice {
	t.Helper()
	n, err := b.Publish(t.Context(), "staff:1", notice(change))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func idsOf(all []operations.Notice) []string {
	ids := make([]string, len(all))
	for i, n := range all {
		ids[i] = n.ID
	}
	return ids
}
