package auditlog

import (
	"context"
	"embed"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"avain/internal/console"
	"avain/internal/domain/operations"
	"avain/internal/domain/staff"
	"avain/internal/platform/web"
)

//go:embed templates/*.html
var templateFiles embed.FS

// Path is where the page is.
const Path = console.Root + "trail"

// shown is how many entries stand on a page.
const shown = 50

// scanned is how many entries one page looks through for rare ones, before it asks
// whether to go on: a twentieth of a second.
const scanned = 40_000

// longest is how much of a field is read, in bytes: ids and words are shorter.
const longest = 100

// Store searches the log.
type Store interface {
	SearchAudit(ctx context.Context, q operations.AuditQuery) (found []operations.AuditEntry, left int64, err error)
}

// Deps are what the page needs.
type Deps struct {
	Console *console.Console
	Store   Store
	Zone    *time.Location // of the days that are searched
}

type trail struct {
	d    Deps
	page func() (*web.Template, error)
}

// New mounts the page on the console.
func New(d Deps) {
	t := &trail{d: d, page: d.Console.Template(templateFiles, "templates/trail.html")}
	d.Console.Get("trail", staff.RoleOperator, t.show)
	d.Console.AddNav(Path, "trail.nav", staff.RoleOperator)
}

// form is what is searched for, as it was typed.
type form struct{ Actor, Action, Target, Person, Since, Until string }

// line is an entry as it is shown: to the second, unlike other times of the console.
type line struct {
	operations.AuditEntry
	When, Detail string
}

type view struct {
	Form  form
	Wrong bool // a day is none
	Lines []line
	Left  int64  // number of the entry before which nothing was looked at; 0: all was
	Older string // address that looks at them
}

func (t *trail) show(w http.ResponseWriter, r *http.Request, who console.Agent) error {
	template, err := t.page()
	if err != nil {
		return err
	}
	asked := r.URL.Query()
	data := view{}
	q, ok := t.query(asked, &data.Form)
	if data.Wrong = !ok; ok {
		found, left, err := t.d.Store.SearchAudit(r.Context(), q)
		if err != nil {
			return err
		}
		for _, e := range found {
			data.Lines = append(data.Lines, line{e, e.At.In(t.d.Zone).Format(time.DateTime), details(e.Detail)})
		}
		if left > 0 {
			asked.Set("before", strconv.FormatInt(left, 10))
			data.Left, data.Older = left, Path+"?"+asked.Encode()
		}
	}
	return t.d.Console.Render(w, r, who, http.StatusOK, web.Page{Template: template, Title: "trail.title", Data: data, Self: Path})
}

// query reads the form. It returns false when a day is none.
func (t *trail) query(asked url.Values, f *form) (operations.AuditQuery, bool) {
	field := func(name string) string {
		value := strings.TrimSpace(asked.Get(name))
		return value[:min(len(value), longest)]
	}
	*f = form{field("actor"), field("action"), field("target"), field("person"), field("since"), field("until")}
	q := operations.AuditQuery{Actor: f.Actor, Action: f.Action, Target: f.Target, Person: strings.TrimPrefix(f.Person, "person:"), Limit: shown, Scan: scanned}
	since, okSince := t.day(f.Since)
	until, okUntil := t.day(f.Until)
	q.Since = since
	if !until.IsZero() {
		q.Until = until.AddDate(0, 0, 1) // the whole day
	}
	if before, err := strconv.ParseInt(asked.Get("before"), 10, 64); err == nil {
		q.Before = before
	}
	return q, okSince && okUntil
}

func (t *trail) day(s string) (time.Time, bool) {
	if s == "" {
		return time.Time{}, true
	}
	at, err := time.ParseInLocation(time.DateOnly, s, t.d.Zone)
	return at, err == nil
}

func details(all map[string]string) string {
	parts := make([]string, 0, len(all))
	for _, key := range slices.Sorted(maps.Keys(all)) {
		parts = append(parts, key+"="+all[key])
	}
	return strings.Join(parts, " ")
}
