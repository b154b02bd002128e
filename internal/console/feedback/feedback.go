package feedback

import (
	"cmp"
	"context"
	"embed"
	"net/http"
	"slices"
	"strconv"
	"time"

	"avain/internal/console"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/staff"
	"avain/internal/platform/web"
)

//go:embed templates/*.html
var templateFiles embed.FS

// Path is where the page is.
const Path = console.Root + "voices"

const (
	day = 24 * time.Hour
	// days is how far back the counts go.
	days = 12 * 7
	// shown is how many comments stand on a page.
	shown = 50
)

// Store keeps what people said.
type Store interface {
	FeedbackCounts(ctx context.Context, since time.Time) ([]operations.FeedbackCount, error)
	FeedbackComments(ctx context.Context, since, until time.Time, limit int) ([]operations.FeedbackComment, error)
}

// Deps are what the page needs.
type Deps struct {
	Console *console.Console
	Store   Store
	Web     *web.Kit
	Now     func() time.Time
}

type voices struct {
	d    Deps
	page func() (*web.Template, error)
}

// New mounts the page on the console.
func New(d Deps) {
	v := &voices{d: d, page: d.Console.Template(templateFiles, "templates/voices.html")}
	d.Console.Get("voices", staff.RoleAgent, v.show)
	d.Console.AddNav(Path, "voices.nav", staff.RoleAgent)
}

// tally is how many said what.
type tally struct{ Yes, No int64 }

// Share is how many of a hundred were helped.
func (t tally) Share() int64 {
	if t.Yes+t.No == 0 {
		return 0
	}
	return (100*t.Yes + (t.Yes+t.No)/2) / (t.Yes + t.No)
}

// row are the answers of one language and reason, on one page.
type row struct {
	tally
	Page, Lang string
	Reason     login.Reason // empty: none
}

// week are the answers of seven days that end with the day of the request.
type week struct {
	tally
	From string // its first day, as people read it
}

type comment struct {
	operations.FeedbackComment
	When string
}

type view struct {
	Days     int
	From, To string // the first and the last of them
	Rows     []row
	Weeks    []week
	Lead     bool // may read what was written
	Comments []comment
	Older    string // address of older comments; empty: there are none
}

func (v *voices) show(w http.ResponseWriter, r *http.Request, who console.Agent) error {
	template, err := v.page()
	if err != nil {
		return err
	}
	lang, today := v.d.Web.Language(r), v.d.Now().UTC().Truncate(day)
	counts, err := v.d.Store.FeedbackCounts(r.Context(), today.Add(-(days-1)*day))
	if err != nil {
		return err
	}
	data := view{Days: days, From: v.d.Web.DayInWords(lang, today.Add(-(days-1)*day)), To: v.d.Web.DayInWords(lang, today), Rows: rows(counts), Weeks: v.weeks(lang, today, counts), Lead: who.Role.Covers(staff.RoleLead)}
	if data.Lead { // others never get them, not even hidden in the page
		if err := v.comments(r, lang, &data); err != nil {
			return err
		}
	}
	return v.d.Console.Render(w, r, who, http.StatusOK, web.Page{Template: template, Title: "voices.title", Data: data, Self: Path})
}

// rows adds up the days, those first with the most people who were not helped.
func rows(counts []operations.FeedbackCount) []row {
	type key struct {
		page, lang string
		reason     login.Reason
	}
	sums := map[key]tally{}
	for _, c := range counts {
		k := key{c.Page, c.Lang, c.Reason}
		sums[k] = tally{sums[k].Yes + c.Yes, sums[k].No + c.No}
	}
	all := make([]row, 0, len(sums))
	for k, sum := range sums {
		all = append(all, row{sum, k.page, k.lang, k.reason})
	}
	slices.SortFunc(all, func(x, y row) int {
		return cmp.Or(cmp.Compare(y.No, x.No), cmp.Compare(y.Yes, x.Yes), cmp.Compare(x.Page, y.Page), cmp.Compare(x.Lang, y.Lang), cmp.Compare(x.Reason, y.Reason))
	})
	return all
}

// weeks adds up the counts by weeks back from today, the newest first, as far back as
// somebody answered.
func (v *voices) weeks(lang string, today time.Time, counts []operations.FeedbackCount) []week {
	all := make([]week, days/7)
	last := 0
	for i := range all {
		all[i].From = v.d.Web.DayInWords(lang, today.Add(-time.Duration(7*i+6)*day))
	}
	for _, c := range counts {
		i := max(0, int(today.Sub(c.Day)/day)/7) // a node's clock may be ahead
		if i >= len(all) {
			continue
		}
		all[i].Yes, all[i].No, last = all[i].Yes+c.Yes, all[i].No+c.No, max(last, i+1)
	}
	return all[:last]
}

// comments reads one page of what was written, older than the address says.
func (v *voices) comments(r *http.Request, lang string, data *view) error {
	until := v.d.Now().Add(day)
	if ms, err := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64); err == nil && ms > 0 {
		until = time.UnixMilli(ms)
	}
	found, err := v.d.Store.FeedbackComments(r.Context(), time.Time{}, until, shown)
	if err != nil {
		return err
	}
	for _, c := range found {
		data.Comments = append(data.Comments, comment{c, v.d.Web.DayInWords(lang, c.At)})
	}
	if len(found) == shown {
		data.Older = Path + "?before=" + strconv.FormatInt(found[shown-1].At.UnixMilli(), 10) + "#comments"
	}
	return nil
}
