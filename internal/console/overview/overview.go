package overview

import (
	"cmp"
	"context"
	"embed"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"avain/internal/console"
	"avain/internal/login"
	"avain/internal/rates"
	"avain/internal/tally"
	"avain/internal/web"
)

//go:embed templates/*.html
var templateFiles embed.FS

// Path is where the overview is.
const Path = console.Root + "overview"

// again is how soon the page loads itself again.
const again = 30 * time.Second

// Watch knows how logins go: package rates.
type Watch interface {
	Picture(ctx context.Context) rates.Picture
}

// Counts are the tallies: package store, behind package wire.
type Counts interface {
	Tallies(ctx context.Context, d login.Dimension, from, to time.Time) ([]login.Tally, error)
}

// Deps are what the overview stands on.
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
	d.Console.Get("overview", login.RoleAgent, o.show)
	d.Console.AddNav(Path, "overview.nav", login.RoleAgent)
}

func (o *overview) show(w http.ResponseWriter, r *http.Request, who console.Agent) error {
	template, err := o.page()
	if err != nil {
		return err
	}
	v, err := o.view(r.Context(), o.d.Web.Language(r))
	if err != nil {
		return err
	}
	return o.d.Console.Render(w, r, who, http.StatusOK, web.Page{
		Template: template, Title: "overview.title", Data: v, Refresh: again, RefreshTo: Path + console.ByItself, Self: Path,
	})
}

// view is what overview.html reads.
type view struct {
	Sample  bool
	Alerts  []alert
	Groups  []group
	Banks   []bank
	Reasons []reason
	ByBank  []reason
}

type alert struct {
	Dimension, Name, Since string
	OK, Tried              int64
	Usual                  int // percent
}

// group is one dimension.
type group struct {
	Dimension string
	Rows      []row
}

type row struct {
	Name        string
	Now         login.Counts
	Rate, Usual int // percent
	Known       bool
	State       string // alert, low, fine, too_few, unknown: names its text, "overview.{state}"
}

type reason struct {
	Reason string
	Bank   string
	Counts login.Counts
}

func (o *overview) view(ctx context.Context, lang string) (v view, err error) {
	v.Sample = o.d.Sample
	p := o.d.Watch.Picture(ctx)
	for _, a := range p.Alerts {
		name, err := o.name(lang, a.Dimension, a.Value)
		if err != nil {
			return v, err
		}
		v.Alerts = append(v.Alerts, alert{
			string(a.Dimension), name, a.RaisedAt.In(o.d.Zone).Format("15.04"), a.Now.OK, a.Now.Tried(), percent(a.Usual),
		})
	}
	if v.Groups, err = o.groups(lang, p.Rates); err != nil {
		return v, err
	}
	if v.Banks, err = o.banks(ctx, lang); err != nil {
		return v, err
	}
	if v.Reasons, err = o.reasons(ctx, lang, login.DimensionReason); err != nil {
		return v, err
	}
	v.ByBank, err = o.reasons(ctx, lang, login.DimensionMeansReason)
	return v, err
}

// groups keeps the order of the rates: what is wrong stands first, in each dimension and
// among them.
func (o *overview) groups(lang string, all []login.Rate) (groups []group, err error) {
	for _, r := range all {
		if r.Now.Tried() == 0 && !r.Alert {
			continue
		}
		at := slices.IndexFunc(groups, func(g group) bool { return g.Dimension == string(r.Dimension) })
		if at < 0 {
			at, groups = len(groups), append(groups, group{Dimension: string(r.Dimension)})
		}
		one := row{Now: r.Now, Rate: percent(r.Now.Rate()), Usual: percent(r.Usual), Known: r.Known, State: stateOf(r)}
		if one.Name, err = o.name(lang, r.Dimension, r.Value); err != nil {
			return nil, err
		}
		groups[at].Rows = append(groups[at].Rows, one)
	}
	return groups, nil
}

// fewTries is the number of logins below which a rate says nothing.
const fewTries = 5

func stateOf(r login.Rate) string {
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
func (o *overview) name(lang string, d login.Dimension, value string) (string, error) {
	switch {
	case d == login.DimensionAll:
		return o.d.Web.Text(lang, "overview.dim_all")
	case value == tally.None:
		return o.d.Web.Text(lang, "overview.none")
	case value == tally.Other:
		return o.d.Web.Text(lang, "overview.others")
	case d == login.DimensionMethod && slices.Contains(login.Methods(), login.Method(value)):
		return o.d.Web.Text(lang, "status.method_"+value)
	case d == login.DimensionMeans:
		return cmp.Or(o.d.Means(lang, value), value), nil
	default:
		return value, nil
	}
}

// lately is how far back the reasons are counted: this hour and the one before.
const lately = 2

// mostReasons is how many are shown.
const mostReasons = 8

func (o *overview) reasons(ctx context.Context, lang string, d login.Dimension) ([]reason, error) {
	hour := o.d.Now().Truncate(login.TallyHour)
	tallies, err := o.d.Counts.Tallies(ctx, d, hour.Add(-(lately-1)*login.TallyHour), hour.Add(login.TallyHour))
	if err != nil {
		return nil, err
	}
	sums := map[string]login.Counts{}
	for _, t := range tallies {
		sums[t.Value] = sums[t.Value].Plus(t.Counts)
	}
	var all []reason
	for value, n := range sums {
		one := reason{Reason: value, Counts: n}
		if means, why, ok := strings.Cut(value, " "); ok {
			one.Bank, one.Reason = cmp.Or(o.d.Means(lang, means), means), why
		}
		// What stands in the database may be from another version of the program.
		one.Reason = string(o.d.Web.Worded(login.Reason(one.Reason)))
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b reason) int {
		return cmp.Or(cmp.Compare(b.Counts.Failed, a.Counts.Failed), cmp.Compare(b.Counts.Tried(), a.Counts.Tried()), cmp.Compare(a.Bank+a.Reason, b.Bank+b.Reason))
	})
	return all[:min(len(all), mostReasons)], nil
}

func percent(part float64) int { return int(math.Round(100 * part)) }
