package overview

import (
	"cmp"
	"context"
	"embed"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"avain/internal/console"
	"avain/internal/core/alerting"
	"avain/internal/core/counts"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/staff"
	"avain/internal/platform/web"
)

//go:embed templates/*.html
var templateFiles embed.FS

// Path is where the overview is.
const Path = console.Root + "overview"

// again is how soon the page loads itself again.
const again = 30 * time.Second

// Watch knows how logins go: package alerting.
type Watch interface {
	Snapshot(ctx context.Context) alerting.Snapshot
}

// Counts are the tallies: package store, behind package app.
type Counts interface {
	AllTallies(ctx context.Context, from, to time.Time) ([]operations.Tally, error)
}

// Deps are what the overview needs.
type Deps struct {
	Console *console.Console
	Watch   Watch
	Counts  Counts
	Web     *web.Kit
	Now     func() time.Time
	Zone    *time.Location               // of the hours
	Means   func(lang, id string) string // name of a bank; the id of one that nobody knows
	Sample  bool                         // the figures are a demo's
}

type overview struct {
	d    Deps
	page func() (*web.Template, error)
}

// New mounts the overview on the console.
func New(d Deps) {
	o := &overview{d: d, page: d.Console.Template(templateFiles, "templates/overview.html")}
	d.Console.Get("overview", staff.RoleAgent, o.show)
	d.Console.AddNav(Path, "overview.nav", staff.RoleAgent)
}

func (o *overview) show(w http.ResponseWriter, r *http.Request, who console.Agent) error {
	template, err := o.page()
	if err != nil {
		return err
	}
	in := windowOf(r.URL.Query().Get(hoursKey), o.d.Now())
	v, err := o.view(r.Context(), o.d.Web.Language(r), in)
	if err != nil {
		return err
	}
	self, by := Path, Path+console.ByItself
	if in.hours != lately {
		self, by = v.Longer, by+"&"+strings.TrimPrefix(v.Longer, Path+"?")
	}
	return o.d.Console.Render(w, r, who, http.StatusOK, web.Page{
		Template: template, Title: "overview.title", Data: v, Refresh: again, RefreshTo: by, Self: self,
	})
}

// view is what overview.html reads.
type view struct {
	Sample          bool
	Window          said
	Shorter, Longer string // addresses of the page with the other window
	Long            bool   // the longer one is shown
	Alerts          []alert
	Groups          []group
	Banks           []bank
	Reasons         reasons
	ByBank          reasons
}

// said is a window in words.
type said struct {
	FromDay, From, Day, To string // FromDay is empty when it is the same day
}

func (o *overview) said(lang string, w window) said {
	clock := "15.04"
	if lang == web.English {
		clock = "15:04"
	}
	from, to := w.from.In(o.d.Zone), w.to.In(o.d.Zone)
	s := said{o.d.Web.DayInWords(lang, from), from.Format(clock), o.d.Web.DayInWords(lang, to), to.Format(clock)}
	if s.FromDay == s.Day {
		s.FromDay = ""
	}
	return s
}

type alert struct {
	Dimension, Name, Since string
	OK, Tried              int64
	Usual                  int // percent
}

// group is one dimension.
type group struct {
	Dimension string
	Trips     bool // it counts journeys to brokers, of which a login may have several
	Rows      []row
	Total     row
}

type row struct {
	Name        string
	Now         operations.Counts
	Rate, Usual int // percent
	Known       bool
	State       string // alert, low, fine, too_few, unknown: names its text, "overview.{state}"
}

// reasons are why nobody got in: the most frequent, and what is left.
type reasons struct {
	Rows  []reason
	Rest  operations.Counts
	Total operations.Counts
}

type reason struct {
	Reason string
	Bank   string
	Counts operations.Counts
}

func (o *overview) view(ctx context.Context, lang string, in window) (v view, err error) {
	v = view{
		Sample: o.d.Sample, Window: o.said(lang, in), Long: in.hours != lately,
		Shorter: Path, Longer: Path + "?" + hoursKey + "=" + strconv.Itoa(allDay),
	}
	p := o.d.Watch.Snapshot(ctx)
	for _, a := range p.Alerts {
		name, err := o.name(lang, a.Dimension, a.Value)
		if err != nil {
			return v, err
		}
		v.Alerts = append(v.Alerts, alert{
			string(a.Dimension), name, a.RaisedAt.In(o.d.Zone).Format("15.04"), a.Now.OK, a.Now.Tried(), percent(a.Usual),
		})
	}
	tallies, err := o.d.Counts.AllTallies(ctx, in.from, in.from.Add(time.Duration(in.hours)*operations.TallyHour))
	if err != nil {
		return v, err
	}
	f := figuresOf(in, tallies)
	if v.Groups, err = o.groups(lang, p.Rates, f); err != nil {
		return v, err
	}
	if v.Long {
		v.Banks = o.banks(lang, in, f)
	}
	v.Reasons, v.ByBank = o.reasons(lang, operations.DimensionReason, f), o.reasons(lang, operations.DimensionMeansReason, f)
	return v, nil
}

// groups shows what was counted of every dimension that is watched. How it goes now is the
// watch's to say: what is wrong stands first, in each dimension and among them, and what
// it has not seen lately, last.
func (o *overview) groups(lang string, watched []operations.Rate, f figures) (groups []group, err error) {
	add := func(r operations.Rate, n operations.Counts) error {
		at := slices.IndexFunc(groups, func(g group) bool { return g.Dimension == string(r.Dimension) })
		if at < 0 {
			at = len(groups)
			sum := f.total(r.Dimension)
			groups = append(groups, group{
				Dimension: string(r.Dimension), Trips: r.Dimension == operations.DimensionMeans || r.Dimension == operations.DimensionBroker,
				Total: row{Now: sum, Rate: percent(sum.Rate())},
			})
		}
		one := row{Now: n, Rate: percent(n.Rate()), Usual: percent(r.Usual), Known: r.Known, State: stateOf(r)}
		if one.Name, err = o.name(lang, r.Dimension, r.Value); err != nil {
			return err
		}
		groups[at].Rows = append(groups[at].Rows, one)
		return nil
	}
	seen := map[operations.Dimension]map[string]bool{}
	for _, d := range alerting.Watched() {
		seen[d] = map[string]bool{}
	}
	for _, r := range watched {
		n, counted := f.of[r.Dimension][r.Value]
		if seen[r.Dimension] == nil || !counted && !r.Alert {
			continue
		}
		seen[r.Dimension][r.Value] = true
		if err := add(r, n); err != nil {
			return nil, err
		}
	}
	for _, d := range alerting.Watched() {
		rest := slices.SortedFunc(maps.Keys(f.of[d]), func(a, b string) int {
			return cmp.Or(cmp.Compare(f.of[d][b].Tried(), f.of[d][a].Tried()), cmp.Compare(a, b))
		})
		for _, value := range rest {
			if seen[d][value] {
				continue
			}
			if err := add(operations.Rate{Dimension: d, Value: value}, f.of[d][value]); err != nil {
				return nil, err
			}
		}
	}
	return groups, nil
}

// fewTries is the number of logins below which a rate says nothing.
const fewTries = 5

func stateOf(r operations.Rate) string {
	switch {
	case r.Alert:
		return "alert"
	case !r.Known:
		return "unknown"
	case r.Low:
		return "low"
	case r.Now.Tried() < fewTries:
		return "too_few"
	default:
		return "fine"
	}
}

// name is a value as people read it.
func (o *overview) name(lang string, d operations.Dimension, value string) (string, error) {
	switch {
	case d == operations.DimensionAll:
		return o.d.Web.Text(lang, "overview.dim_all")
	case value == counts.None:
		return o.d.Web.Text(lang, "overview.none")
	case value == counts.Other:
		return o.d.Web.Text(lang, "overview.others")
	case d == operations.DimensionMethod && slices.Contains(login.Methods(), login.Method(value)):
		return o.d.Web.Text(lang, "status.method_"+value)
	case d == operations.DimensionMeans:
		return cmp.Or(o.d.Means(lang, value), value), nil
	default:
		return value, nil
	}
}

// maxReasons is how many are shown one by one.
const maxReasons = 8

func (o *overview) reasons(lang string, d operations.Dimension, f figures) reasons {
	all := reasons{Total: f.total(d)}
	for value, n := range f.of[d] {
		one := reason{Reason: value, Counts: n}
		if means, why, ok := strings.Cut(value, " "); ok {
			one.Bank, one.Reason = cmp.Or(o.d.Means(lang, means), means), why
		}
		// What stands in the database may be from another version of the program.
		one.Reason = string(o.d.Web.Worded(login.Reason(one.Reason)))
		all.Rows = append(all.Rows, one)
	}
	slices.SortFunc(all.Rows, func(a, b reason) int {
		return cmp.Or(cmp.Compare(b.Counts.Failed, a.Counts.Failed), cmp.Compare(b.Counts.Tried(), a.Counts.Tried()), cmp.Compare(a.Bank+a.Reason, b.Bank+b.Reason))
	})
	for _, r := range all.Rows[min(len(all.Rows), maxReasons):] {
		all.Rest = all.Rest.Plus(r.Counts)
	}
	all.Rows = all.Rows[:min(len(all.Rows), maxReasons)]
	return all
}

func percent(part float64) int { return int(math.Round(100 * part)) }
