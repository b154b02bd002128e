package expiry_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/platform/expiry"
)

// watched is a watch over files that tests change, with a clock that they move.
type watched struct {
	*expiry.Watch
	now   time.Time
	files []expiry.Ending
	seen  []expiry.Ending
	text  bytes.Buffer
}

func newWatch(files ...expiry.Ending) *watched {
	w := &watched{now: now, files: files}
	w.Watch = expiry.New(expiry.Deps{
		Read: func() []expiry.Ending { return slices.Clone(w.files) },
		Now:  func() time.Time { return w.now },
		Log:  slog.New(slog.NewJSONHandler(&w.text, nil)),
		Seen: func(all []expiry.Ending) { w.seen = all },
	})
	return w
}

type line struct {
	Level, Msg, Setting, File, What, Owner, Then, Todo string
	Ends                                               time.Time
	DaysLeft                                           int `json:"days_left"`
}

// look looks, and answers what the log says.
func (w *watched) look(t *testing.T) []line {
	t.Helper()
	w.text.Reset()
	if err := w.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	var lines []line
	for text := range strings.Lines(w.text.String()) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	return lines
}

func levels(lines []line) []string {
	out := []string{}
	for _, l := range lines {
		out = append(out, fmt.Sprintf("%s %d", l.Level, l.DaysLeft))
	}
	return out
}

func TestLogLine(t *testing.T) {
	t.Parallel()
	w := newWatch(ending(20 * day))
	if len(w.seen) != 1 || w.text.Len() > 0 {
		t.Errorf("before the first look: seen %+v, said %s", w.seen, w.text.String())
	}
	want := line{
		Level: "WARN", Msg: "a file that logins depend on ends soon", Setting: "brokers[0].broker_keys.entity_statement_file", File: "telia.jwt",
		What: "the entity statement of the broker telia", Owner: "theirs", Then: "every login through telia fails", Todo: "get the new one",
		Ends: now.Add(20 * day), DaysLeft: 20,
	}
	if got := w.look(t); len(got) != 1 || got[0] != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	w = newWatch(ending(-day))
	if got := w.look(t); len(got) != 1 || got[0].Level != "ERROR" || got[0].Msg != "a file that logins depend on has ended" {
		t.Errorf("ended: %+v", got)
	}
}

// From ninety days before to three days after, looked at as often as a node does: one line
// a day, and one more where a line is crossed between two of them.
func TestLinesAreCounted(t *testing.T) {
	t.Parallel()
	w := newWatch(ending(90*day + 6*time.Hour))
	count := map[string]int{}
	last := time.Time{}
	for ; w.now.Before(now.Add(94 * day)); w.now = w.now.Add(expiry.Every) {
		lines := w.look(t)
		if len(lines) > 1 {
			t.Fatalf("%d lines at once", len(lines))
		}
		for _, l := range lines {
			count[l.Level]++
			crossed := slices.Contains([]time.Duration{60 * day, 30 * day, 7 * day, 0}, w.files[0].Ends.Sub(w.now))
			if w.now.Sub(last) < day && !crossed {
				t.Errorf("%v after the last line, %v before the end", w.now.Sub(last), w.files[0].Ends.Sub(w.now))
			}
			last = w.now
		}
	}
	// 53 days of warnings; 7 days before the end, and then three and three quarters after it.
	if count["INFO"] != 0 || count["WARN"] != 53 || count["ERROR"] != 7+4 {
		t.Errorf("lines: %v", count)
	}
}

func TestLinesAtStart(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		left time.Duration
		want []string
	}{
		{61 * day, []string{}},
		{60 * day, []string{"WARN 60"}},
		{59 * day, []string{"WARN 59"}},
		{30 * day, []string{"WARN 30"}},
		{7 * day, []string{"ERROR 7"}},
		{0, []string{"ERROR 0"}},
		{-day, []string{"ERROR -1"}},
	} {
		w := newWatch(ending(tc.left))
		if got := levels(w.look(t)); !slices.Equal(got, tc.want) {
			t.Errorf("%v left: %q, want %q", tc.left, got, tc.want)
		}
		if again := w.look(t); again != nil {
			t.Errorf("%v left: told again at once: %v", tc.left, again)
		}
	}
}

// A line that is crossed is told at once, whenever the last was.
func TestCrossingIsTold(t *testing.T) {
	t.Parallel()
	w := newWatch(ending(30*day + time.Hour))
	w.look(t)
	w.now = w.now.Add(time.Hour)
	if got := levels(w.look(t)); !slices.Equal(got, []string{"WARN 30"}) {
		t.Errorf("crossing 30 days: %q", got)
	}
	w.now = w.now.Add(23 * time.Hour)
	if got := w.look(t); got != nil {
		t.Errorf("a day has not passed: %v", got)
	}
	w.now = w.now.Add(time.Hour)
	if got := levels(w.look(t)); !slices.Equal(got, []string{"WARN 29"}) {
		t.Errorf("a day later: %q", got)
	}
}

// What nobody may ever look at is no error when it has ended.
func TestWhatStopsNothing(t *testing.T) {
	t.Parallel()
	e := ending(-day)
	e.Stops = false
	if got := levels(newWatch(e).look(t)); !slices.Equal(got, []string{"WARN -1"}) {
		t.Errorf("got %q", got)
	}
}

func TestShortLivedIsNoWarning(t *testing.T) {
	t.Parallel()
	e := ending(50 * day)
	e.Starts, e.Reread = e.Ends.Add(-90*day), true
	w := newWatch(e)
	if got := levels(w.look(t)); !slices.Equal(got, []string{"INFO 50"}) {
		t.Errorf("young: %q", got)
	}
	w.now = w.now.Add(20 * day)
	if got := levels(w.look(t)); !slices.Equal(got, []string{"WARN 30"}) {
		t.Errorf("not renewed: %q", got)
	}
}

// A certificate that is replaced while the service runs is seen; half of one is not.
func TestReplacedWhileRunning(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	old, renewed := certify(t, "login.example.com", 5*day, nil), certify(t, "login.example.com", 300*day, nil)
	write(t, cert, old.pem())
	write(t, key, old.keyPEM(t))
	w := newWatch()
	read := func() []expiry.Ending {
		return expiry.OfChain(expiry.Ending{Setting: "public.tls.cert_file", File: cert, Stops: true, Reread: true}, key)
	}
	w.files = read()
	wantDays := func(days int, lines ...string) {
		t.Helper()
		if got := levels(w.look(t)); !slices.Equal(got, lines) {
			t.Errorf("lines: %q, want %q", got, lines)
		}
		if len(w.seen) != 1 || w.seen[0].Days(w.now) != days {
			t.Errorf("seen %+v, want %d days", w.seen, days)
		}
	}
	wantDays(5, "ERROR 5")
	write(t, cert, renewed.pem()) // its key is still to come
	w.files, w.now = read(), w.now.Add(day)
	wantDays(4, "ERROR 4")
	write(t, key, renewed.keyPEM(t))
	w.files = read()
	wantDays(299)
	write(t, cert, old.pem()) // somebody put it back
	write(t, key, old.keyPEM(t))
	w.files = read()
	wantDays(4, "ERROR 4")
}

// What is read at start goes on as it was read: a new file is no rescue before the restart.
func TestReplacedWithoutRestart(t *testing.T) {
	t.Parallel()
	w := newWatch(ending(5 * day))
	w.look(t)
	w.files, w.now = []expiry.Ending{ending(3000 * day)}, w.now.Add(day)
	got := w.look(t)
	if len(got) != 1 || got[0].DaysLeft != 4 || !strings.HasPrefix(got[0].Todo, "restart the service") {
		t.Errorf("log: %+v", got)
	}
	if len(w.seen) != 1 || w.seen[0].Days(w.now) != 4 {
		t.Errorf("seen: %+v", w.seen)
	}
	w.files, w.now = nil, w.now.Add(day) // the file is gone; the service has what it has
	if got := w.look(t); len(got) != 1 || got[0].DaysLeft != 3 || got[0].Todo != "get the new one" {
		t.Errorf("gone: %+v", got)
	}
}

// What nobody could read at start comes in when the service reads it, or never.
func TestMissingAtStart(t *testing.T) {
	t.Parallel()
	w := newWatch()
	atStart, later := ending(5*day), ending(5*day)
	later.Setting, later.Reread = "public.tls.cert_file", true
	w.files = []expiry.Ending{atStart, later}
	if got := w.look(t); len(got) != 1 || got[0].Setting != "public.tls.cert_file" {
		t.Errorf("got %+v", got)
	}
}
