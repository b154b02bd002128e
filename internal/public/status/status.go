package status

import (
	"context"
	"embed"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"avain/internal/broker"
	"avain/internal/core/alerting"
	"avain/internal/core/availability"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/web"
)

//go:embed templates/status.html
var templateFiles embed.FS

// Where the page and the document are.
const (
	PagePath     = "/status"
	DocumentPath = "/status.json"
)

// maxAge is how long anybody may keep an answer.
const maxAge = 30 * time.Second

// Gate knows which ways in are open: package availability.
type Gate interface {
	Methods(ctx context.Context) []availability.Way
	Means(ctx context.Context, id string) (on bool, reasons map[string]string)
}

// Brokers know which banks can be reached: package broker.
type Brokers interface {
	Offer(ctx context.Context, locale string) broker.Offer
}

// Watch knows how logins go: package alerting.
type Watch interface {
	Snapshot(ctx context.Context) alerting.Snapshot
}

// Deps are what the feature needs.
type Deps struct {
	Gate    Gate
	Brokers Brokers
	Watch   Watch
	Counts  Counts
	Web     *web.Kit
	Now     func() time.Time
	Zone    *time.Location // whose days are shown
	Sample  bool           // the past is a demo's
	Log     *slog.Logger
}

// Feature serves the page.
type Feature struct {
	d        Deps
	page     func() (*web.Template, error)
	calendar *calendar
}

// New makes the feature. Its page is parsed when somebody first looks at it.
func New(d Deps) *Feature {
	return &Feature{
		d: d, calendar: &calendar{counts: d.Counts, now: d.Now, zone: d.Zone, log: d.Log},
		page: sync.OnceValues(func() (*web.Template, error) { return d.Web.Template(templateFiles, "templates/status.html") }),
	}
}

// Mount adds the page and the document to the mux.
func (f *Feature) Mount(mux *http.ServeMux) {
	mux.Handle("GET "+PagePath, f.d.Web.Reading(f.show))
	mux.Handle("GET "+DocumentPath, f.d.Web.Problem(f.document))
}

// line is a method or a bank.
type line struct {
	ID, Name string
	State    State
	Days     []Day
}

// standing is everything that is shown.
type standing struct {
	Methods, Means []line
	Read           time.Time // when the database last answered; zero: not since the start
	Stale          bool      // it does not answer now, and nobody gets in
}

func (f *Feature) standing(ctx context.Context, lang string) (s standing, err error) {
	offer, picture := f.d.Brokers.Offer(ctx, lang), f.d.Watch.Snapshot(ctx)
	reachable := false
	var values []key
	for _, m := range offer.Means {
		on, _ := f.d.Gate.Means(ctx, m.ID)
		reachable = reachable || on && m.Available
		s.Means = append(s.Means, line{ID: m.ID, Name: m.Name, State: meansState(on, m, picture)})
		values = append(values, key{operations.DimensionMeans, m.ID})
	}
	for _, way := range f.d.Gate.Methods(ctx) {
		name, err := f.d.Web.Text(lang, methodName(way.Method))
		if err != nil {
			return s, err
		}
		s.Methods = append(s.Methods, line{ID: string(way.Method), Name: name, State: methodState(way, reachable, picture)})
		values = append(values, key{operations.DimensionMethod, string(way.Method)})
	}
	days, read := f.calendar.last(ctx, values)
	s.Read, s.Stale = read, f.d.Now().Sub(read) > away
	for i := range s.Means {
		s.Means[i].Days = days[key{operations.DimensionMeans, s.Means[i].ID}]
	}
	for i := range s.Methods {
		s.Methods[i].Days = days[key{operations.DimensionMethod, s.Methods[i].ID}]
	}
	return s, nil
}

// methodName is the key of the text that names a method.
func methodName(m login.Method) string {
	switch m {
	case login.MethodLink:
		return "status.method_link"
	case login.MethodQR:
		return "status.method_qr"
	case login.MethodCredentials:
		return "status.method_credentials"
	default:
		return "status.method_direct"
	}
}

func meansState(on bool, m broker.OfferedMeans, p alerting.Snapshot) State {
	switch {
	case !on:
		return Off
	case !m.Available:
		return Down
	}
	state := alertState(p, operations.DimensionMeans, m.ID)
	if state == Up && m.DisturbanceText != "" {
		return Disturbed
	}
	return state
}

// methodState: without any bank nobody gets in but with Smartum credentials, and with a
// QR code on a page that was opened before.
func methodState(way availability.Way, reachable bool, p alerting.Snapshot) State {
	byBank := way.Method == login.MethodDirect || way.Method == login.MethodLink
	switch {
	case !way.On:
		return Off
	case byBank && !reachable:
		return Down
	default:
		return alertState(p, operations.DimensionMethod, string(way.Method))
	}
}

// fewGetIn is the rate at which an alert means that nothing works.
const fewGetIn = 0.1

func alertState(p alerting.Snapshot, d operations.Dimension, value string) State {
	for _, r := range p.Rates {
		switch {
		case r.Dimension != d || r.Value != value || !r.Alert:
		case r.People.Counts().Tried() > 0 && r.People.Counts().Rate() <= fewGetIn:
			return Down
		default:
			return Disturbed
		}
	}
	return Up
}
