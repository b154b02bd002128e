package notices_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/refresh"
)

func TestWhatIsShownWhen(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.board(t)
	old := publish(t, b, func(n *operations.Notice) { n.From, n.Until = noon.Add(-48*time.Hour), noon.Add(-24*time.Hour) })
	info := publish(t, b, func(n *operations.Notice) { n.From = noon.Add(-time.Hour) })
	problem := publish(t, b, func(n *operations.Notice) { n.From, n.Severity = noon.Add(-2*time.Hour), operations.SeverityProblem })
	newer := publish(t, b, func(n *operations.Notice) { n.From = noon.Add(-time.Minute); n.Until = noon.Add(time.Hour) })
	coming := publish(t, b, func(n *operations.Notice) { n.From = noon.Add(time.Hour) })
	opera := publish(t, b, func(n *operations.Notice) { n.Audience.Browsers = []operations.BrowserRange{{Family: "Opera"}} })
	check := func(name string, got []operations.Notice, want ...operations.Notice) {
		t.Helper()
		if !reflect.DeepEqual(idsOf(got), idsOf(want)) {
			t.Errorf("%s: %v, want %v", name, idsOf(got), idsOf(want))
		}
	}
	check("what matters most first, then the newest", b.Concerning(t.Context(), operations.Viewer{}), problem, newer, info)
	check("with Opera", b.Concerning(t.Context(), operations.Viewer{Browser: "Opera"}), problem, opera, newer, info)
	current, past := b.Everybody(t.Context())
	check("news: on", current, opera, newer, info, problem)
	check("news: over", past, old)
	h.pass(time.Hour)
	check("an hour later", b.Concerning(t.Context(), operations.Viewer{}), problem, coming, info)

	if err := b.Withdraw(t.Context(), "staff:2", problem.ID); err != nil {
		t.Fatal(err)
	}
	check("withdrawn", b.Concerning(t.Context(), operations.Viewer{}), coming, info)
	later := publish(t, b, func(n *operations.Notice) { n.From = h.now().Add(time.Hour) })
	if err := b.Withdraw(t.Context(), "staff:2", later.ID); err != nil {
		t.Fatal(err)
	}
	_, past = b.Everybody(t.Context())
	check("news: over, but nothing that was never shown", past, newer, problem, old)
	want := []string{"publish staff:1", "publish staff:1", "publish staff:1", "publish staff:1", "publish staff:1", "publish staff:1", "withdraw staff:2", "publish staff:1", "withdraw staff:2"}
	if !reflect.DeepEqual(h.audit, want) {
		t.Errorf("audit: %v", h.audit)
	}
}

func TestChange(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.board(t)
	n := publish(t, b, nil)
	changed := n
	changed.Words, changed.By, changed.Source = words("Toinen"), "somebody else", "broker:op"
	got, err := b.Change(t.Context(), "key:7", changed)
	if err != nil {
		t.Fatal(err)
	}
	if got.By != "key:7" || got.Source != "" || got.Words["fi"].Title != "Toinen" || !got.ChangedAt.After(n.ChangedAt) {
		t.Errorf("got %+v", got)
	}
	if shown := b.Concerning(t.Context(), operations.Viewer{}); len(shown) != 1 || shown[0].Words["fi"].Title != "Toinen" {
		t.Errorf("this node shows %+v", shown)
	}
	if _, err := b.Change(t.Context(), "key:8", changed); !errors.Is(err, fault.ErrMoved) {
		t.Errorf("over somebody else's change: %v", err)
	}
	if _, err := b.Change(t.Context(), "key:8", operations.Notice{ID: login.NewID()}); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("of nothing: %v", err)
	}
	got.Severity = "loud"
	if _, err := b.Change(t.Context(), "key:8", got); err == nil || len(h.audit) != 2 {
		t.Errorf("nonsense: %v, %v", err, h.audit)
	}
}

// Everything that is wrong is told at once, by field.
func TestWhatCannotBePublished(t *testing.T) {
	t.Parallel()
	b := newHouse(t).board(t)
	bad := operations.Notice{
		Severity: "loud", From: noon, Until: noon,
		Words: map[string]operations.NoticeWords{"fi": {Title: "", Text: strings.Repeat("a", 1001)}, "sv": {Title: strings.Repeat("ä", 121), Text: "\u200b\x07"}, "de": {Title: "x"}},
		Audience: operations.Audience{
			Platforms: []string{"symbian"}, Browsers: []operations.BrowserRange{{Family: "Netscape", Min: 9, Max: 4}},
			App: operations.VersionRange{Min: "v1", Max: "latest"}, Methods: []login.Method{"magic"}, Means: []string{"nosuchbank"},
		},
		Act: operations.Act{Off: []login.Method{login.MethodLink, "magic"}, First: login.MethodLink},
	}
	_, err := b.Publish(t.Context(), "staff:1", bad)
	mistakes, ok := errors.AsType[fault.FieldErrors](err)
	if !ok {
		t.Fatalf("got %v", err)
	}
	said := map[string]bool{}
	for _, m := range mistakes {
		said[m.Field] = true
	}
	for _, field := range []string{
		"severity", "words", "words.fi.title", "words.fi.text", "words.sv.title", "words.sv.text", "until", "audience.platforms",
		"audience.browsers[0].family", "audience.browsers[0]", "audience.app.min", "audience.app.max", "audience.methods", "audience.means", "act.off", "act.first", "act",
	} {
		if !said[field] {
			t.Errorf("nothing is said of %s: %v", field, mistakes)
		}
		delete(said, field)
	}
	if len(said) > 0 {
		t.Errorf("also said: %v", said)
	}
}

// What can turn a sentence around, hide in it or break a terminal or a feed never gets in
// (threat 23).
func TestThreat23NoticesArePlainText(t *testing.T) {
	t.Parallel()
	b := newHouse(t).board(t)
	for _, r := range []rune{
		0, '\a', '\b', '\t', '\r', '\v', '\f', 0x1b, 0x7f, 0x85, 0xad, 0x200b, 0x200d, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202b, 0x202d, 0x202e,
		0x2060, 0x2066, 0x2067, 0x2069, 0xfeff, 0xfffd, 0xfff9, 0xe000, 0xe0001, 0x10ffff,
	} {
		for field, n := range map[string]operations.Notice{
			"title": notice(func(n *operations.Notice) {
				n.Words["fi"] = operations.NoticeWords{Title: "a" + string(r) + "b", Text: "x"}
			}),
			"text": notice(func(n *operations.Notice) {
				n.Words["en"] = operations.NoticeWords{Title: "x", Text: "a" + string(r) + "b"}
			}),
		} {
			got, err := b.Publish(t.Context(), "staff:1", n)
			if err != nil || strings.ContainsRune(got.Words["fi"].Title+got.Words["en"].Text, r) {
				t.Errorf("U+%04X in the %s was published: %+v, %v", r, field, got.Words, err)
			}
		}
	}
	for _, good := range []string{"<script>alert(1)</script>", "a & b", "]]>", "Åäö ÄÖ €", "1. rivi\n2. rivi", "{{.}}", "😀"} {
		n, err := b.Publish(t.Context(), "staff:1", notice(func(n *operations.Notice) {
			n.Words["fi"] = operations.NoticeWords{Title: "Otsikko", Text: " " + good + "\r\n"}
		}))
		if err != nil || n.Words["fi"].Text != good {
			t.Errorf("%q: %v, %q", good, err, n.Words["fi"].Text)
		}
	}
}

func TestNotMoreThanAppsCanLoad(t *testing.T) {
	t.Parallel()
	b := newHouse(t).board(t)
	for i := range 101 {
		_, err := b.Publish(t.Context(), "staff:1", notice(nil))
		if (err == nil) != (i < 100) {
			t.Fatalf("notice %d: %v", i, err)
		}
	}
}

func TestArrange(t *testing.T) {
	t.Parallel()
	b := newHouse(t).board(t)
	publish(t, b, func(n *operations.Notice) {
		n.Audience = operations.Audience{Platforms: []string{"android"}, Browsers: []operations.BrowserRange{{Family: "Opera"}}}
		n.Severity, n.Act = operations.SeverityProblem, operations.Act{First: login.MethodLink}
	})
	off := publish(t, b, func(n *operations.Notice) {
		n.Audience = operations.Audience{App: operations.VersionRange{Max: "1.9.0"}}
		n.Act = operations.Act{Off: []login.Method{login.MethodQR}, First: login.MethodCredentials}
	})
	publish(t, b, nil)
	reasons := map[login.Method]map[string]string{login.MethodQR: {"fi": "Otsikko", "en": "Otsikko (en)"}}
	for _, c := range []struct {
		who  operations.Viewer
		want operations.MethodOverrides
	}{
		{operations.Viewer{Platform: "android", Browser: "Chrome", AppVersion: "1.16.0"}, operations.MethodOverrides{}},
		{operations.Viewer{Platform: "android", Browser: "Opera", AppVersion: "1.16.0", Method: login.MethodDirect, Means: "op"}, operations.MethodOverrides{First: login.MethodLink}},
		{operations.Viewer{Platform: "ios", AppVersion: "1.8.0"}, operations.MethodOverrides{Off: reasons, First: login.MethodCredentials}},
		{operations.Viewer{Platform: "android", Browser: "Opera", AppVersion: "1.8.0"}, operations.MethodOverrides{Off: reasons, First: login.MethodLink}}, // what matters more wins
	} {
		if got := b.Arrange(t.Context(), c.who); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v: %+v, want %+v", c.who, got, c.want)
		}
	}
	for _, who := range []operations.Viewer{{}, {Platform: "android"}, {Browser: "Opera", BrowserVersion: 69}} { // who says little loses nothing
		if got := b.Arrange(t.Context(), who); got.First != "" || got.Off != nil {
			t.Errorf("%+v: %+v", who, got)
		}
	}
	publish(t, b, func(n *operations.Notice) {
		n.Audience.Browsers = []operations.BrowserRange{{Family: "Firefox", Max: 99}}
		n.Act.First = login.MethodQR
	})
	for version, want := range map[int]login.Method{0: "", 99: login.MethodQR, 100: ""} {
		if got := b.Arrange(t.Context(), operations.Viewer{Browser: "Firefox", BrowserVersion: version}); got.First != want {
			t.Errorf("Firefox %d: %+v", version, got)
		}
	}
	if err := b.Withdraw(t.Context(), "staff:1", off.ID); err != nil {
		t.Fatal(err)
	}
	if got := b.Arrange(t.Context(), operations.Viewer{AppVersion: "1.8.0"}); got.Off != nil {
		t.Errorf("withdrawn, and still off: %+v", got)
	}
}

// Another node follows when its reading is ten seconds old, and asks no more often; with
// the database away, the last known holds.
func TestNodesFollow(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	here, there := h.board(t), h.board(t)
	publish(t, here, nil)
	before := h.asked.Load()
	for range 100 {
		if len(there.Concerning(t.Context(), operations.Viewer{})) != 0 {
			t.Fatal("it was read again before it was due")
		}
	}
	h.pass(refresh.Fresh)
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	if len(there.Concerning(gone, operations.Viewer{})) != 1 || h.asked.Load() != before+1 {
		t.Error("the node does not follow")
	}
	cut := errors.New("disk on fire")
	h.fails.Store(&cut)
	h.pass(time.Hour)
	before = h.asked.Load()
	for range 100 {
		if len(there.Concerning(t.Context(), operations.Viewer{})) != 1 {
			t.Fatal("the last known does not hold")
		}
	}
	if n := h.asked.Load() - before; n != 1 {
		t.Errorf("a database in trouble was asked %d times", n)
	}
	h.fails.Store(nil)
	h.pass(refresh.Fresh)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { there.Concerning(t.Context(), operations.Viewer{}) })
	}
	all.Wait()
}
