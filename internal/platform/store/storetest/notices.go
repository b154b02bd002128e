package storetest

import (
	"reflect"
	"sync"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/platform/store"
)

func noticeAt(from, until time.Time) login.Notice {
	return login.Notice{
		ID: login.NewID(), Severity: login.SeverityWarning, From: from, Until: until, By: "staff:1", CreatedAt: from, ChangedAt: from,
		Words: map[string]login.NoticeWords{"fi": {Title: "Häiriö ❤", Text: "'; DROP TABLE notices; --\nToinen rivi"}},
		Audience: login.Audience{
			Platforms: []string{"android"}, Browsers: []login.BrowserRange{{Family: "Opera", Min: 60, Max: 70}},
			App: login.VersionRange{Min: "1.9.0"}, Methods: []login.Method{login.MethodLink}, Means: []string{"nordea"},
		},
		Act: login.Act{Off: []login.Method{login.MethodDirect}, First: login.MethodLink},
	}
}

func notices(t *testing.T, s *store.Store) {
	past := noticeAt(Noon().Add(-2*time.Hour), Noon())
	older := noticeAt(Noon().Add(-5*time.Hour), Noon().Add(-time.Hour))
	open := noticeAt(Noon().Add(-3*time.Hour), time.Time{})
	open.Audience, open.Act = login.Audience{}, login.Act{}
	coming := noticeAt(Noon().Add(time.Hour), Noon().Add(2*time.Hour))
	for _, n := range []login.Notice{past, open, older, coming} {
		wantErr(t, "add", s.AddNotice(t.Context(), n), nil)
	}
	wantErr(t, "add again", s.AddNotice(t.Context(), past), login.ErrExists)
	list := func(over int) []login.Notice { return must[[]login.Notice](t)(s.Notices(t.Context(), Noon(), over)) }
	if got := list(10); !reflect.DeepEqual(got, []login.Notice{coming, open, past, older}) {
		t.Errorf("got %+v", got)
	}
	if got := list(1); len(got) != 3 || got[2].ID != past.ID {
		t.Errorf("the newest of what is over: %+v", got)
	}

	seen := open.ChangedAt
	open.Words["sv"], open.Until, open.By, open.ChangedAt = login.NoticeWords{Title: "Störning", Text: "x"}, Noon().Add(time.Hour), "key:2", Noon()
	wantErr(t, "change", s.ChangeNotice(t.Context(), open, seen), nil)
	if got := must[login.Notice](t)(s.NoticeByID(t.Context(), open.ID)); !reflect.DeepEqual(got, open) {
		t.Errorf("got %+v, want %+v", got, open)
	}
	wantErr(t, "change what somebody else has changed", s.ChangeNotice(t.Context(), open, seen), login.ErrMoved)
	wantErr(t, "withdraw", s.WithdrawNotice(t.Context(), open.ID, "staff:2", Noon()), nil)
	wantErr(t, "withdraw again", s.WithdrawNotice(t.Context(), open.ID, "staff:3", Noon().Add(time.Hour)), login.ErrMoved)
	wantErr(t, "change a withdrawn one", s.ChangeNotice(t.Context(), open, open.ChangedAt), login.ErrMoved)
	if got := must[login.Notice](t)(s.NoticeByID(t.Context(), open.ID)); !got.WithdrawnAt.Equal(Noon()) || got.By != "staff:2" {
		t.Errorf("withdrawn %+v", got)
	}
	for _, id := range []string{login.NewID(), "", "\x00", "\xff"} {
		_, err := s.NoticeByID(t.Context(), id)
		wantErr(t, "find nothing", err, login.ErrNotFound)
		wantErr(t, "change nothing", s.ChangeNotice(t.Context(), login.Notice{ID: id}, Noon()), login.ErrNotFound)
		wantErr(t, "withdraw nothing", s.WithdrawNotice(t.Context(), id, "", Noon()), login.ErrNotFound)
	}
	if n := must[int64](t)(s.PurgeNotices(t.Context(), Noon().Add(-2*time.Hour))); n != 0 {
		t.Errorf("purged %d too early", n)
	}
	if n := must[int64](t)(s.PurgeNotices(t.Context(), Noon())); n != 3 {
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
	keep := func(source string, at time.Time, title string) login.Notice {
		n := noticeAt(at, at.Add(time.Minute))
		n.ID, n.Source, n.By = "", source, "system"
		n.Words = map[string]login.NoticeWords{"fi": {Title: title, Text: "x"}}
		return must[login.Notice](t)(s.KeepNotice(t.Context(), n, pause))
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
		stored := must[login.Notice](t)(s.NoticeByID(t.Context(), got.ID))
		if !stored.Until.Equal(at.Add(time.Minute)) || stored.Words["fi"].Title != c.title || !reflect.DeepEqual(stored, got) {
			t.Errorf("%+v: stored %+v, answered %+v", c, stored, got)
		}
	}

	late := Noon().Add(2 * time.Hour)
	wantErr(t, "nobody edits what the service says", s.ChangeNotice(t.Context(), must[login.Notice](t)(s.NoticeByID(t.Context(), first.ID)), first.ChangedAt), login.ErrMoved)
	again := keep("circuit:op", late.Add(time.Second), "Häiriö: OP")
	wantErr(t, "withdraw", s.WithdrawNotice(t.Context(), again.ID, "staff:1", late.Add(2*time.Second)), nil)
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
			kept, err := s.KeepNotice(t.Context(), n, time.Hour)
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
	if got := must[[]login.Notice](t)(s.Notices(t.Context(), Noon(), 10)); len(got) != 1 {
		t.Errorf("%d notices, want 1", len(got))
	}
}
