package operations_test

import (
	"strings"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/secret"
)

var (
	now    = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	before = now.Add(-time.Nanosecond)
	after  = now.Add(time.Nanosecond)
	never  time.Time
)

func TestWhatAKeyOpens(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		revoked, expires time.Time
		live             bool
	}{{never, never, true}, {never, after, true}, {never, now, false}, {never, before, false}, {before, never, false}, {before, after, false}} {
		if got := (operations.APIKey{RevokedAt: c.revoked, ExpiresAt: c.expires}).Live(now); got != c.live {
			t.Errorf("revoked %s, expires %s: live %t", c.revoked, c.expires, got)
		}
	}
	own, one := operations.APIKey{}, operations.APIKey{Employers: []string{"kuikka"}, Scopes: []operations.APIScope{operations.ScopeImport}}
	if !own.OfAll() || !own.Sees("kuikka") || one.OfAll() || !one.Sees("kuikka") || one.Sees("telkkä") {
		t.Error("a key sees its employers, and the operator's own all of them")
	}
	if !one.May(operations.ScopeImport) || one.May(operations.ScopeSCIM) || own.May(operations.ScopeImport) {
		t.Error("a key may what its scopes say")
	}
}

func TestNoticeIsShownFromItsFirstMomentToBeforeItsLast(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from, until, withdrawn time.Time
		shown                  bool
		ended                  time.Time
	}{
		{now, never, never, true, never},
		{after, never, never, false, never},
		{before, after, never, true, after},
		{before, now, never, false, now},
		{before, never, now, false, now},
		{before, after, now, false, now},
		{before, now, after, false, now}, // over before it was withdrawn
		{before, now, now, false, now},
	} {
		n := operations.Notice{From: c.from, Until: c.until, WithdrawnAt: c.withdrawn}
		if n.Shown(now) != c.shown || !n.Ended().Equal(c.ended) {
			t.Errorf("%+v: shown %t, ended %s", c, n.Shown(now), n.Ended())
		}
	}
}

// Somebody whose language a notice does not have reads it in another.
func TestLanguageOfANotice(t *testing.T) {
	t.Parallel()
	both := operations.Notice{Words: map[string]operations.NoticeWords{"sv": {Title: "s"}, "en": {Title: "e"}}}
	for _, c := range []struct {
		asked []string
		want  string
	}{{[]string{"en", "sv"}, "e"}, {[]string{"fi", "en"}, "e"}, {[]string{"fi"}, "s"}, {nil, "s"}} {
		if got := both.In(c.asked...).Title; got != c.want {
			t.Errorf("%v: %s", c.asked, got)
		}
	}
	if lang := (operations.Notice{}).Language("fi"); lang != "" {
		t.Errorf("no words are in %q", lang)
	}
}

func TestConditionsAndActs(t *testing.T) {
	t.Parallel()
	if !(operations.Audience{}).Everybody() || !(operations.Act{}).Zero() || !(operations.ErasureResult{}).Nothing() {
		t.Error("nothing is nothing")
	}
	for _, a := range []operations.Audience{
		{Platforms: []string{"ios"}},
		{Browsers: []operations.BrowserRange{{Family: "Chrome"}}},
		{App: operations.VersionRange{Min: "1"}},
		{App: operations.VersionRange{Max: "1"}},
		{Methods: []login.Method{login.MethodQR}},
		{Means: []string{"op"}},
	} {
		if a.Everybody() {
			t.Errorf("%+v is everybody", a)
		}
	}
	for _, a := range []operations.Act{{First: login.MethodQR}, {Off: []login.Method{login.MethodQR}}} {
		if a.Zero() {
			t.Errorf("%+v does nothing", a)
		}
	}
	for _, e := range []operations.ErasureResult{{Persons: []string{"x"}}, {Employments: []string{"x"}}, {Attempts: 1}, {Jobs: 1}} {
		if e.Nothing() {
			t.Errorf("%+v is nothing", e)
		}
	}
}

// The head of the log is written down by people and read again: exactly as it was.
func TestAuditHeadIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	head := operations.AuditHead{Seq: 7, Hash: secret.Of("entry").Hash()}
	if got, ok := operations.ParseAuditHead(head.String()); !ok || got != head {
		t.Errorf("%s is read as %s, %t", head, got, ok)
	}
	if _, ok := operations.ParseAuditHead("0:" + strings.Repeat("0", 64)); !ok {
		t.Error("the head of an empty log is one")
	}
	for _, s := range []string{
		"", "7", ":", "x:" + strings.Repeat("0", 64), "-1:" + strings.Repeat("0", 64), "7:" + strings.Repeat("0", 62), "7:" + strings.Repeat("0", 66),
		"7:" + strings.Repeat("x", 64),
	} {
		if _, ok := operations.ParseAuditHead(s); ok {
			t.Errorf("%q is read", s)
		}
	}
}

func TestCounts(t *testing.T) {
	t.Parallel()
	c := operations.Counts{OK: 3, Gone: 1, Broken: 2, Failed: 4}
	if c.Tried() != 10 || c.Rate() != 0.3 || (operations.Counts{}).Rate() != 1 {
		t.Errorf("%d tried, rate %v", c.Tried(), c.Rate())
	}
	if sum := c.Plus(operations.Counts{OK: 1, Gone: 2, Broken: 3, Failed: 4}); sum != (operations.Counts{OK: 4, Gone: 3, Broken: 5, Failed: 8}) {
		t.Errorf("%+v", sum)
	}
}

// People of several hours and nodes are put together without being counted twice.
func TestPeopleAreToldApartByMarks(t *testing.T) {
	t.Parallel()
	one, other := operations.MarkOf("aino"), operations.MarkOf("väinö")
	if one == other || one != operations.MarkOf("aino") || one.Least() != 1 {
		t.Fatalf("%x and %x", one, other)
	}
	sum := operations.People{OK: 1, Failed: 1, Marks: one}.Plus(operations.People{OK: 2, Failed: 2, Marks: one | other})
	if sum != (operations.People{OK: 3, Failed: 3, Marks: one | other}) || sum.Marks.Least() != 2 || sum.Counts() != (operations.Counts{OK: 3, Failed: 3}) {
		t.Errorf("%+v", sum)
	}
	for failed, least := range map[int64]int{0: 0, 1: 1, 63: 63, 64: 64, 65: 64} {
		if got := (operations.Counts{Failed: failed}).Strangers().Marks.Least(); got != least {
			t.Errorf("%d strangers are at least %d", failed, got)
		}
	}
}

func TestAlertLastsUntilItEnds(t *testing.T) {
	t.Parallel()
	if !(operations.Alert{}).Lasts() || (operations.Alert{EndedAt: now}).Lasts() {
		t.Error("an alert lasts until it has ended")
	}
	if operations.MethodSwitch("x") == operations.MeansSwitch("x") {
		t.Error("the switch of a method is that of a means")
	}
}
