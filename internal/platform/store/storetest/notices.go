package storetest

import (
	"reflect"
	"sync"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/store"
)

func noticeAt(from, until time.Time) operations.Notice {
	return operations.Notice{
		ID: login.NewID(), Severity: operations.SeverityWarning, From: from, Until: until, By: "staff:1", CreatedAt: from, ChangedAt: from,
		Words: map[string]operations.NoticeWords{"fi": {Title: "Häiriö ❤", Text: "'; DROP TABLE notices; --\nToinen rivi"}},
		Audience: operations.Audience{
			Platforms: []string{"android"}, Browsers: []operations.BrowserRange{{Family: "Opera", Min: 60, Max: 70}},
			App: operations.VersionRange{Min: "1.9.0"}, Methods: []login.Method{login.MethodLink}, Means: []string{"nordea"},
		},
		Act: operations.Act{Off: []login.Method{login.MethodDirect}, First: login.MethodLink},
	}
}

func notices(t *testing.T, s *store.Store) {
	past := noticeAt(Noon().Add(-2*time.Hour), Noon())
	older := noticeAt(Noon().Add(-5*time.Hour), Noon().Add(-time.Hour))
	open := noticeAt(Noon().Add(-3*time.Hour), time.Time{})
	open.Audience, open.Act = operations.Audience{}, operations.Act{}
	coming := noticeAt(Noon().Add(time.Hour), Noon().Add(2*time.Hour))
	for _, n := range []operations.Notice{past, open, older, coming} {
		wantErr(t, "add", s.Operations.AddNotice(t.Context(), n), nil)
	}
	wantErr(t, "add again", s.Operations.AddNotice(t.Context(), past), fault.ErrExists)
	list := func(over int) []operations.Notice {
		return must[[]operations.Notice](t)(s.Operations.Notices(t.Context(), Noon(), over))
	}
	if got := list(10); !reflect.DeepEqual(got, []operations.Notice{coming, open, past, older}) {
		t.Errorf("got %+v", got)
	}
	if got := list(1); len(got) != 3 || got[2].ID != past.ID {
		t.Errorf("the newest of what is over: %+v", got)
	}

	seen := open.ChangedAt
	open.Words["sv"], open.Until, open.By, open.ChangedAt = operations.NoticeWords{Title: "Störning", Text: "x"}, Noon().Add(time.Hour), "key:2", Noon()
	wantErr(t, "change", s.Operations.ChangeNotice(t.Context(), open, seen), nil)
	if got := must[operations.Notice](t)(s.Operations.NoticeByID(t.Context(), open.ID)); !reflect.DeepEqual(got, open) {
		t.Errorf("got %+v, want %+v", got, open)
	}
	wantErr(t, "change what somebody else has changed", s.Operations.ChangeNotice(t.Context(), open, seen), fault.ErrMoved)
	wantErr(t, "withdraw", s.Operations.WithdrawNotice(t.Context(), open.ID, "staff:2", Noon()), nil)
	wantErr(t, "withdraw again", s.Operations.WithdrawNotice(t.Context(), open.ID, "staff:3", Noon().Add(time.Hour)), fault.ErrMoved)
	wantErr(t, "change a withdrawn one", s.Operations.ChangeNotice(t.Context(), open, open.ChangedAt), fault.ErrMoved)
	if got := must[operations.Notice](t)(s.Operations.NoticeByID(t.Context(), open.ID)); !got.WithdrawnAt.Equal(Noon()) || got.By != "staff:2" {
		t.Errorf("withdrawn %+v", got)
	}
	for _, id := range []string{login.NewID(), "", "\x00", "\xff"} {
		_, err := s.Operations.NoticeByID(t.Context(), id)
		wantErr(t, "find nothing", err, fault.ErrNotFound)
		wantErr(t, "change nothing", s.Operations.ChangeNotice(t.Context(), operations.Notice{ID: id}, Noon()), fault.ErrNotFound)
		wantErr(t, "withdraw nothing", s.Operations.WithdrawNotice(t.Context(), id, "", Noon()), fault.ErrNotFound)
	}
	if n := must[int64](t)(s.Operations.PurgeNotices(t.Context(), Noon().Add(-2*time.Hour))); n != 0 {
		t.Errorf("purged %d too early", n)
	}
	if n := must[int64](t)(s.Operations.PurgeNotices(t.Context(), Noon())); n != 3 {
		t.Errorf("purged %d, want 3", n)
	}
	if got := list(10); len(got) != 1 || got[0].ID != coming.ID {
		t.Errorf("left over: %+v", got)
	}
}

// noticesKept is what the service says by itself: one notice while it lasts, one while it
// comes and goes, another when it comes again after a pause.
func noticesKept(t *testing.T, s *store.Store) {
	const pause = 30 * time.Minute
	keep := func(source string, at time.Time, title string) operations.Notice {
		n := noticeAt(at, at.Add(time.Minute))
		n.ID, n.Source, n.By = "", source, "system"
		n.Words = map[string]operations.NoticeWords{"fi": {Title: title, Text: "x"}}
		return must[operations.Notice](t)(s.Operations.KeepNotice(t.Context(), n, pause))
	}
	first := keep("circuit:op", Noon(), "Häiriö")
	if !login.ValidID(first.ID) || !first.From.Equal(Noon()) {
		t.Fatalf("first: %+v", first)
	}
	for _, c := range []struct {
		source, title string
		after         time.Duration
		same          bool
		changed       time.Duration
	}{
		{"circuit:op", "Häiriö", 20 * time.Second, true, 0},
		{"circuit:telia", "Häiriö", 20 * time.Second, false, 20 * time.Second},
		{"circuit:op", "Häiriö", 25 * time.Minute, true, 0}, // flapping
		{"circuit:op", "Häiriö: OP", 26 * time.Minute, true, 26 * time.Minute},
		{"circuit:op", "Häiriö: OP", 2 * time.Hour, false, 2 * time.Hour},
	} {
		at := Noon().Add(c.after)
		got := keep(c.source, at, c.title)
		if same := got.ID == first.ID; same != c.same || !got.ChangedAt.Equal(Noon().Add(c.changed)) {
			t.Errorf("%+v: %+v", c, got)
		}
		stored := must[operations.Notice](t)(s.Operations.NoticeByID(t.Context(), got.ID))
		if !stored.Until.Equal(at.Add(time.Minute)) || stored.Words["fi"].Title != c.title || !reflect.DeepEqual(stored, got) {
			t.Errorf("%+v: stored %+v, answered %+v", c, stored, got)
		}
	}

	late := Noon().Add(2 * time.Hour)
	wantErr(t, "nobody edits what the service says", s.Operations.ChangeNotice(t.Context(), must[operations.Notice](t)(s.Operations.NoticeByID(t.Context(), first.ID)), first.ChangedAt), fault.ErrMoved)
	again := keep("circuit:op", late.Add(time.Second), "Häiriö: OP")
	wantErr(t, "withdraw", s.Operations.WithdrawNotice(t.Context(), again.ID, "staff:1", late.Add(2*time.Second)), nil)
	if got := keep("circuit:op", late.Add(3*time.Second), "Häiriö: OP"); got.ID != again.ID || got.WithdrawnAt.IsZero() {
		t.Errorf("what somebody has withdrawn is back: %+v", got)
	}
}

// noticeRace: nodes that find out at the same moment say it once.
func noticeRace(t *testing.T, s *store.Store) {
	ids := make([]string, 8)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			n := noticeAt(Noon().Add(time.Duration(i)*time.Millisecond), Noon().Add(time.Minute))
			n.ID, n.Source = "", "broker:op"
			kept, err := s.Operations.KeepNotice(t.Context(), n, time.Hour)
			if err != nil {
				t.Error(err)
			}
			ids[i] = kept.ID
		})
	}
	all.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Errorf("two notices of one thing: %s, %s", id, ids[0])
		}
	}
	if got := must[[]operations.Notice](t)(s.Operations.Notices(t.Context(), Noon(), 10)); len(got) != 1 {
		t.Errorf("%d notices, want 1", len(got))
	}
}
