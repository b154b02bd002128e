package notices

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/core/notices"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/web"
)

func newEditor(t *testing.T) *editor {
	t.Helper()
	kit, err := web.New(web.Config{BaseURL: &url.URL{Scheme: "https", Host: "login.example"}, Brand: web.Brand{Name: "SmartumPay"}})
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	return &editor{d: Deps{
		Web: kit, Zone: zone, Languages: []string{"fi", "en"}, Methods: []login.Method{login.MethodDirect, login.MethodLink},
		Means: func(context.Context, string) []notices.MeansRef { return []notices.MeansRef{{ID: "op", Name: "OP"}} },
	}}
}

func formed(t *testing.T, fields ...string) *http.Request {
	t.Helper()
	values := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if err := r.ParseForm(); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestFormIsRead(t *testing.T) {
	t.Parallel()
	n, mistakes := newEditor(t).read(formed(t,
		"severity", "warning", "title_fi", "Huolto", "text_fi", "Yöllä", "title_sv", "Ingen frågade", "from", "2026-11-22T14:00", "until", "2026-11-22T15:30",
		"app_min", "1.0", "app_max", "2.0", "platform_ios", "1", "platform_toaster", "1", "method_direct", "1", "off_link", "1", "first", "direct",
		"means_op", "1", "means_", "1", "family_0", "Chrome", "min_0", "100", "max_0", "120", "family_2", "Safari", "changed_at", "1700000000123",
	))
	if len(mistakes) != 0 {
		t.Fatal(mistakes)
	}
	if len(n.Words) != 1 || n.Words["fi"] != (operations.NoticeWords{Title: "Huolto", Text: "Yöllä"}) || n.Severity != operations.SeverityWarning {
		t.Errorf("words %v", n.Words)
	}
	if want := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC); !n.From.Equal(want) || !n.Until.Equal(want.Add(90*time.Minute)) || n.ChangedAt.UnixMilli() != 1700000000123 {
		t.Errorf("from %s until %s, changed at %s", n.From, n.Until, n.ChangedAt)
	}
	a := n.Audience
	if a.App != (operations.VersionRange{Min: "1.0", Max: "2.0"}) || !slices.Equal(a.Platforms, []string{"ios"}) || !slices.Equal(a.Methods, []login.Method{login.MethodDirect}) ||
		!slices.Equal(a.Means, []string{"op"}) || !slices.Equal(a.Browsers, []operations.BrowserRange{{Family: "Chrome", Min: 100, Max: 120}, {Family: "Safari"}}) {
		t.Errorf("audience %+v", a)
	}
	if !slices.Equal(n.Act.Off, []login.Method{login.MethodLink}) || n.Act.First != login.MethodDirect {
		t.Errorf("act %+v", n.Act)
	}
}

// What cannot be read is told by its field, and stays as it was written.
func TestFormThatCannotBeRead(t *testing.T) {
	t.Parallel()
	e := newEditor(t)
	r := formed(t, "from", "tomorrow", "until", "", "family_0", "Chrome", "min_0", "many", "changed_at", "-1")
	n, mistakes := e.read(r)
	if len(mistakes) != 2 || mistakes[0].Field != "from" || mistakes[1].Field != "audience.browsers" || !n.ChangedAt.IsZero() || !n.From.IsZero() {
		t.Errorf("%v, %+v", mistakes, n)
	}
	if f := e.filled(r, n); f.From != "tomorrow" || f.Until != "" {
		t.Errorf("%q, %q", f.From, f.Until)
	}
}

// A form shows the notice, and reads as the same one again.
func TestFormShowsTheNotice(t *testing.T) {
	t.Parallel()
	e := newEditor(t)
	n := operations.Notice{
		Severity: operations.SeverityWarning, Words: map[string]operations.NoticeWords{"en": {Title: "Maintenance"}},
		From: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), ChangedAt: time.UnixMilli(1700000000123).UTC(),
		Audience: operations.Audience{
			Platforms: []string{login.Platforms()[0]}, Means: []string{"gone"}, Methods: []login.Method{login.MethodLink},
			Browsers: []operations.BrowserRange{{Family: "Chrome", Min: 100}},
		},
		Act: operations.Act{First: login.MethodLink, Off: []login.Method{login.MethodDirect}},
	}
	f := e.formOf(formed(t), n)
	if f.From != "2026-11-22T14:00" || f.Until != "" || f.ChangedAt != 1700000000123 || f.Words[0].Needed == f.Words[1].Needed || f.Words[1].Title != "Maintenance" {
		t.Errorf("%+v", f)
	}
	if len(f.Browsers) != 1+spareBrowsers || f.Browsers[0] != (browserField{0, "Chrome", "100", ""}) || f.Browsers[2].N != 2 {
		t.Errorf("browsers %+v", f.Browsers)
	}
	on := func(all []option) (values []string) {
		for _, o := range all {
			if o.On {
				values = append(values, o.Value)
			}
		}
		return values
	}
	for name, c := range map[string]struct {
		all  []option
		want []string
	}{
		"severities": {f.Severities, []string{"warning"}}, "platforms": {f.Platforms, []string{login.Platforms()[0]}}, "methods": {f.Methods, []string{"link"}},
		"off": {f.Off, []string{"direct"}}, "first": {f.First, []string{"link"}}, "means": {f.Means, []string{"gone"}},
	} {
		if got := on(c.all); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if len(f.Means) != 2 || f.Means[0].Label != "OP" {
		t.Errorf("means %+v", f.Means)
	}
	n.Audience.Browsers = make([]operations.BrowserRange, maxBrowserRows-1)
	if rows := len(e.formOf(formed(t), n).Browsers); rows != maxBrowserRows {
		t.Errorf("%d rows of browsers", rows)
	}
	if blank := e.formOf(formed(t), operations.Notice{}); !slices.Equal(on(blank.First), []string{""}) || blank.ChangedAt != 0 {
		t.Errorf("a new one: %+v", blank)
	}
}

// Every mistake of the board finds the field that it is about, and is told once.
func TestMistakesFindTheirField(t *testing.T) {
	t.Parallel()
	for field, want := range map[string]wrongField{
		"words.fi.title": {"title", "title_fi"}, "words.en.text": {"text", "text_en"}, "from": {"times", "from"}, "until": {"times", "until"},
		"audience.browsers": {"browsers", "family_0"}, "audience.app.min": {"app", "app_min"}, "act": {"aim", "first"}, "act.off": {"act", "first"},
		"severity": {"notice", "severity"}, "words": {"notice", "severity"}, "words.fi": {"notice", "severity"},
	} {
		if got := wrongFields(fault.FieldErrors{{Field: field}, {Field: field}}); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %v, want %v", field, got, want)
		}
	}
	var f form
	f.mark("from")
	f.mark("until")
	if !f.Wrong["from"] || !f.Wrong["until"] || f.Wrong["first"] {
		t.Errorf("marked %v", f.Wrong)
	}
}

// Who was slower than somebody else is told so; other failures stay what they are.
func TestSlowerEditorIsTold(t *testing.T) {
	t.Parallel()
	if err := moved(fault.ErrMoved); fault.AsError(err).Kind != fault.Conflict {
		t.Error(err)
	}
	other := errors.New("the database does not answer")
	if err := moved(other); !errors.Is(err, other) || fault.AsError(err).Kind == fault.Conflict {
		t.Error(err)
	}
}
