package notices

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/shown"
	"avain/internal/platform/web"

	"golang.org/x/mod/semver"
)

// Bounds of a notice. Every app loads all that concern it again and again.
const (
	maxTitle    = 120  // letters
	maxText     = 1000 // letters
	maxBrowsers = 20
	maxMeans    = 50
	maxMajor    = 9999
)

// Check answers the notice as it would be published, with its texts cleaned and, when it
// begins at once, From filled in; or fault.FieldErrors with everything that is wrong.
func (b *Board) Check(ctx context.Context, n operations.Notice) (operations.Notice, error) {
	c := &checker{b: b}
	if n.From.IsZero() {
		n.From = b.d.Now()
	}
	n.From, n.Until = n.From.UTC().Truncate(time.Millisecond), n.Until.UTC().Truncate(time.Millisecond)
	if !slices.Contains(operations.Severities(), n.Severity) {
		c.add("severity", "must be one of %s", list(operations.Severities()))
	}
	n.Words = c.words(n.Words)
	c.times(n)
	c.audience(ctx, n.Audience)
	c.act(n)
	if len(c.all) > 0 {
		return operations.Notice{}, c.all
	}
	return n, nil
}

type checker struct {
	b   *Board
	all fault.FieldErrors
}

func (c *checker) add(field, format string, args ...any) {
	c.all = append(c.all, fault.FieldError{Field: field, Detail: fmt.Sprintf(format, args...)})
}

func list[T ~string](words []T) string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = string(w)
	}
	return strings.Join(all, ", ")
}

// words cleans the texts, and cuts none: their author is told what is too long. A language in which neither title nor text stands is left out.
func (c *checker) words(words map[string]operations.NoticeWords) map[string]operations.NoticeWords {
	tidy := make(map[string]operations.NoticeWords, len(words))
	for lang, w := range words {
		if !slices.Contains(c.b.d.Languages, lang) {
			c.add("words", "may be in %s only", list(c.b.d.Languages))
			continue
		}
		w.Title, w.Text = shown.Line(w.Title, shown.Whole), shown.Text(w.Text, shown.Whole)
		if w != (operations.NoticeWords{}) {
			tidy[lang] = w
		}
	}
	for i, lang := range c.b.d.Languages {
		w, there := tidy[lang]
		if !there && i > 0 {
			continue // the first language is shown instead
		}
		c.length("words."+lang+".title", w.Title, maxTitle)
		c.length("words."+lang+".text", w.Text, maxText)
	}
	return tidy
}

func (c *checker) length(field, text string, most int) {
	switch n := shown.Len(text); {
	case n == 0:
		c.add(field, "is missing")
	case n > most || len(text) > shown.Bytes(most):
		c.add(field, "must be at most %d letters", most)
	}
}

func (c *checker) times(n operations.Notice) {
	if !n.Until.IsZero() && !n.Until.After(n.From) {
		c.add("until", "must be after from")
	}
	for field, t := range map[string]time.Time{"from": n.From, "until": n.Until} {
		if !t.IsZero() && (t.Year() < 2000 || t.Year() > 2199) {
			c.add(field, "must be between the years 2000 and 2199")
		}
	}
}

var meansID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

func (c *checker) audience(ctx context.Context, a operations.Audience) {
	among(c, "audience.platforms", a.Platforms, login.Platforms())
	among(c, "audience.methods", a.Methods, c.b.d.Methods)
	c.browsers(a.Browsers)
	c.versions(a.App)
	if len(a.Means) > maxMeans || slices.ContainsFunc(a.Means, func(id string) bool { return !meansID.MatchString(id) }) {
		c.add("audience.means", "must be at most %d ids of banks or Mobile Certificate", maxMeans)
		return
	}
	if c.b.d.Means == nil || len(a.Means) == 0 {
		return
	}
	var ids []string
	for _, m := range c.b.d.Means(ctx) {
		ids = append(ids, m.ID)
	}
	among(c, "audience.means", a.Means, ids)
}

// among refuses words that are not in a list, and words that stand twice.
func among[T ~string](c *checker, field string, words, known []T) {
	seen := make(map[T]bool, len(words))
	for _, w := range words {
		if !slices.Contains(known, w) || seen[w] {
			c.add(field, "must be some of %s, each once", list(known))
			return
		}
		seen[w] = true
	}
}

func (c *checker) browsers(ranges []operations.BrowserRange) {
	if len(ranges) > maxBrowsers {
		c.add("audience.browsers", "must be at most %d", maxBrowsers)
		return
	}
	for i, r := range ranges {
		field := fmt.Sprintf("audience.browsers[%d]", i)
		if !slices.Contains(web.Families(), r.Family) {
			c.add(field+".family", "must be one of %s", list(web.Families()))
		}
		if r.Min < 0 || r.Max < 0 || r.Min > maxMajor || r.Max > maxMajor {
			c.add(field, "must have major versions from 1 to %d, or 0 for no end", maxMajor)
		} else if r.Max > 0 && r.Max < r.Min {
			c.add(field, "must not end before it begins")
		}
	}
}

func (c *checker) versions(r operations.VersionRange) {
	valid := true
	for _, end := range []struct{ field, v string }{{"audience.app.min", r.Min}, {"audience.app.max", r.Max}} {
		if end.v != "" && (len(end.v) > 64 || !semver.IsValid("v"+end.v)) {
			c.add(end.field, "must be a version such as 1.16.0")
			valid = false
		}
	}
	if valid && r.Min != "" && r.Max != "" && semver.Compare("v"+r.Max, "v"+r.Min) < 0 {
		c.add("audience.app", "must not end before it begins")
	}
}

func (c *checker) act(n operations.Notice) {
	if n.Act.Zero() {
		return
	}
	among(c, "act.off", n.Act.Off, c.b.d.Methods)
	if n.Act.First != "" {
		among(c, "act.first", []login.Method{n.Act.First}, c.b.d.Methods)
	}
	if n.Act.First != "" && slices.Contains(n.Act.Off, n.Act.First) {
		c.add("act.first", "must not be a method that the notice switches off")
	}
	if len(n.Audience.Methods)+len(n.Audience.Means) > 0 {
		c.add("act", "works before anybody has chosen a method or a bank: aim the notice at platforms, browsers and versions only")
	}
}
