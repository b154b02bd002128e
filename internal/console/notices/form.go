package notices

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"avain/internal/core/notices"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/web"
)

// form is what stands in the fields.
type form struct {
	Severities []option
	Words      []wordsField
	From       string
	Until      string
	Platforms  []option
	Browsers   []browserField
	Families   []string
	AppMin     string
	AppMax     string
	Methods    []option
	Means      []option
	Off        []option
	First      []option        // with the empty one
	ChangedAt  int64           // of the version that is edited, in milliseconds
	Wrong      map[string]bool // fields to put right, by name
}

// mark says that a field is to be put right.
func (f *form) mark(field string) {
	if f.Wrong == nil {
		f.Wrong = make(map[string]bool)
	}
	f.Wrong[field] = true
}

// option is one of several that can be chosen.
type option struct {
	Name  string // of its field
	Value string // a machine word; names its text, too
	Label string // what has no text of ours: a bank's name
	On    bool
}

type wordsField struct {
	Lang        string
	Title, Text string
	Needed      bool
}

type browserField struct {
	N        int
	Family   string
	Min, Max string
}

// rows of browsers: so many stay empty, at least.
const spareBrowsers = 2

// maxBrowserRows bounds what a form may send.
const maxBrowserRows = 22

const clockTime = "2006-01-02T15:04"

// formOf is the form as a notice fills it.
func (e *editor) formOf(r *http.Request, n operations.Notice) form {
	lang := e.d.Web.Language(r)
	f := form{
		From: e.clock(n.From), Until: e.clock(n.Until), Families: web.Families(), AppMin: n.Audience.App.Min, AppMax: n.Audience.App.Max,
	}
	if !n.ChangedAt.IsZero() {
		f.ChangedAt = n.ChangedAt.UnixMilli()
	}
	for _, s := range operations.Severities() {
		f.Severities = append(f.Severities, option{Value: string(s), On: s == n.Severity})
	}
	for i, l := range e.d.Languages {
		f.Words = append(f.Words, wordsField{l, n.Words[l].Title, n.Words[l].Text, i == 0})
	}
	for _, p := range login.Platforms() {
		f.Platforms = append(f.Platforms, option{Name: "platform_" + p, Value: p, On: slices.Contains(n.Audience.Platforms, p)})
	}
	for i, b := range n.Audience.Browsers {
		f.Browsers = append(f.Browsers, browserField{i, b.Family, digits(b.Min), digits(b.Max)})
	}
	for range min(spareBrowsers, maxBrowserRows-len(f.Browsers)) {
		f.Browsers = append(f.Browsers, browserField{N: len(f.Browsers)})
	}
	f.First = []option{{On: n.Act.First == ""}}
	for _, m := range e.d.Methods {
		name := string(m)
		f.Methods = append(f.Methods, option{Name: "method_" + name, Value: name, On: slices.Contains(n.Audience.Methods, m)})
		f.Off = append(f.Off, option{Name: "off_" + name, Value: name, On: slices.Contains(n.Act.Off, m)})
		f.First = append(f.First, option{Value: name, On: n.Act.First == m})
	}
	for _, m := range e.meansOf(r, lang, n) {
		f.Means = append(f.Means, option{Name: "means_" + m.ID, Value: m.ID, Label: m.Name, On: slices.Contains(n.Audience.Means, m.ID)})
	}
	return f
}

// meansOf are those that can be chosen, and those that the notice names already.
func (e *editor) meansOf(r *http.Request, lang string, n operations.Notice) []notices.MeansRef {
	all := e.d.Means(r.Context(), lang)
	for _, id := range n.Audience.Means {
		if !slices.ContainsFunc(all, func(m notices.MeansRef) bool { return m.ID == id }) {
			all = append(all, notices.MeansRef{ID: id, Name: id})
		}
	}
	return all
}

// filled is the form as it was sent, with what could not be read as it stood there.
func (e *editor) filled(r *http.Request, n operations.Notice) form {
	f := e.formOf(r, n)
	f.From, f.Until = r.PostFormValue("from"), r.PostFormValue("until")
	return f
}

func (e *editor) clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(e.d.Zone).Format(clockTime)
}

func digits(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// read makes a notice of the form. What it answers as mistakes the board could not know.
func (e *editor) read(r *http.Request) (n operations.Notice, mistakes fault.FieldErrors) {
	value := r.PostFormValue
	instant := func(field string) time.Time {
		if value(field) == "" {
			return time.Time{}
		}
		t, err := time.ParseInLocation(clockTime, value(field), e.d.Zone)
		if err != nil {
			mistakes = append(mistakes, fault.FieldError{Field: field, Detail: "is no time"})
		}
		return t
	}
	n = operations.Notice{
		Severity: operations.Severity(value("severity")), Words: map[string]operations.NoticeWords{}, From: instant("from"), Until: instant("until"),
		Audience: operations.Audience{App: operations.VersionRange{Min: value("app_min"), Max: value("app_max")}}, Act: operations.Act{First: login.Method(value("first"))},
	}
	if ms, err := strconv.ParseInt(value("changed_at"), 10, 64); err == nil && ms > 0 {
		n.ChangedAt = time.UnixMilli(ms).UTC()
	}
	for _, lang := range e.d.Languages {
		if words := (operations.NoticeWords{Title: value("title_" + lang), Text: value("text_" + lang)}); words != (operations.NoticeWords{}) {
			n.Words[lang] = words
		}
	}
	for _, p := range login.Platforms() {
		if value("platform_"+p) != "" {
			n.Audience.Platforms = append(n.Audience.Platforms, p)
		}
	}
	for _, m := range e.d.Methods {
		if value("method_"+string(m)) != "" {
			n.Audience.Methods = append(n.Audience.Methods, m)
		}
		if value("off_"+string(m)) != "" {
			n.Act.Off = append(n.Act.Off, m)
		}
	}
	n.Audience.Means = chosenMeans(r)
	var wrong fault.FieldErrors
	n.Audience.Browsers, wrong = chosenBrowsers(r)
	return n, append(mistakes, wrong...)
}

func chosenMeans(r *http.Request) (ids []string) {
	for name, values := range r.PostForm {
		if len(name) > len("means_") && name[:len("means_")] == "means_" && len(values) > 0 {
			ids = append(ids, name[len("means_"):])
		}
	}
	slices.Sort(ids)
	return ids
}

func chosenBrowsers(r *http.Request) (all []operations.BrowserRange, mistakes fault.FieldErrors) {
	for i := range maxBrowserRows {
		n := strconv.Itoa(i)
		family := r.PostFormValue("family_" + n)
		if family == "" {
			continue
		}
		one := operations.BrowserRange{Family: family}
		for field, at := range map[string]*int{"min_" + n: &one.Min, "max_" + n: &one.Max} {
			if s := r.PostFormValue(field); s != "" {
				v, err := strconv.Atoi(s)
				if err != nil {
					mistakes = append(mistakes, fault.FieldError{Field: "audience.browsers", Detail: "has a version that is no number"})
				}
				*at = v
			}
		}
		all = append(all, one)
	}
	return all, mistakes
}
