package store_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/platform/store"
	"avain/internal/platform/store/pgtest"
	"avain/internal/secret"
	"avain/internal/testkit/patience"
)

// What one node announces, the other hears: every id, in time.
func TestNodesHearEachOther(t *testing.T) {
	t.Parallel()
	dsn := secret.Of(pgtest.Database(t))
	open := func() *store.Announcer {
		db, err := store.Open(t.Context(), store.Config{Driver: store.Postgres, DSN: dsn, Conns: 2, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
		return db.Announcer()
	}
	here, there := open(), open()
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	heard := make(chan string, 1000)
	for _, a := range []*store.Announcer{here, there} {
		running.Go(func() { a.Speak(ctx) })
	}
	running.Go(func() { there.Listen(ctx, func(id string) { heard <- id }) })
	defer running.Wait()
	defer stop()

	// Until the other node listens nothing is heard: announce until it answers.
	clock := time.NewTicker(20 * time.Millisecond)
	defer clock.Stop()
	for ready := false; !ready; {
		here.Announce("hello")
		select {
		case <-heard:
			ready = true
		case <-clock.C:
		case <-t.Context().Done():
			t.Fatal("the other node never heard anything")
		}
	}
	want := map[string]bool{}
	for range 500 {
		id := login.NewID()
		want[id] = true
		here.Announce(id)
	}
	for len(want) > 0 {
		select {
		case id := <-heard:
			delete(want, id)
		case <-patience.Over():
			t.Fatalf("%d announcements were never heard", len(want))
		}
	}
}

// On one node there is nobody to tell, and telling costs nothing.
func TestSQLiteAnnouncesToNobody(t *testing.T) {
	t.Parallel()
	db, err := store.Open(t.Context(), store.Config{
		Driver: store.SQLite, Path: filepath.Join(t.TempDir(), "a.db"), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	a := db.Announcer()
	for range 5000 {
		a.Announce("x")
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	a.Speak(ctx)
	a.Listen(ctx, func(string) { t.Error("somebody spoke") })
}
