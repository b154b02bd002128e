package availability

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/refresh"
)

// Store keeps the switches.
type Store interface {
	Switches(ctx context.Context) ([]operations.Switch, error)
	SetSwitch(ctx context.Context, s operations.Switch) error
}

// Auditor is told of every switching.
type Auditor interface {
	Atomically(ctx context.Context, act func(ctx context.Context) error) error
	Switched(ctx context.Context, s operations.Switch)
}

// Board knows what notices do for an asker: package notices.
type Board interface {
	Arrange(ctx context.Context, who operations.Viewer) operations.MethodOverrides
}

// Config is what the operator decides in the file.
type Config struct {
	Order       []login.Method // as apps show them; a method that is missing is off for good
	Off         []login.Method // of these: off until they are switched on
	Built       []login.Method // what this program can do; the rest is off, whatever a switch says
	Minimum     Version        // older apps must be updated
	Recommended Version        // older apps should be
	Alternative Version        // what the login link and the QR code need
}

// Deps are what the gate needs.
type Deps struct {
	Config Config
	Store  Store
	Audit  Auditor
	Board  Board // nil: no notice acts
	Now    func() time.Time
	Log    *slog.Logger
}

// Gate knows which ways in are open. It is safe for concurrent use.
type Gate struct {
	d     Deps
	known *refresh.Value[map[string]operations.Switch]
}

// New makes the gate and reads the switches for the first time.
func New(ctx context.Context, d Deps) (*Gate, error) {
	g := &Gate{d: d}
	var err error
	g.known, err = refresh.New(ctx, refresh.Config[map[string]operations.Switch]{What: "switches", Read: g.read, Now: d.Now, Log: d.Log})
	if err != nil {
		return nil, fmt.Errorf("app gate: %w", err)
	}
	return g, nil
}

func (g *Gate) read(ctx context.Context) (map[string]operations.Switch, error) {
	all, err := g.d.Store.Switches(ctx)
	if err != nil {
		return nil, err
	}
	switches := make(map[string]operations.Switch, len(all))
	for _, s := range all {
		switches[s.Name] = s
	}
	return switches, nil
}

// Way is one way in as it stands.
type Way struct {
	Method login.Method
	On     bool
	// Reasons are the operator's words for why it is off, by language. They may be
	// empty, and are texts for people: escape them.
	Reasons map[string]string
}

// Methods lists the methods as they stand for somebody of whom nothing is known.
func (g *Gate) Methods(ctx context.Context) []Way { return g.MethodsFor(ctx, operations.Viewer{}) }

// MethodsFor lists the methods in the order in which the asker's app shows them: as
// configured, unless a notice for the asker puts another one first. One that is off, or
// that needs a newer app, is put nowhere.
func (g *Gate) MethodsFor(ctx context.Context, who operations.Viewer) []Way {
	switches, sum := g.known.Get(ctx), g.arrange(ctx, who)
	ways := make([]Way, 0, len(g.d.Config.Order))
	for _, m := range g.d.Config.Order {
		way := arranged(g.method(switches, m), sum)
		if m == sum.First && way.On && g.mayUse(m, Version(who.AppVersion)) == nil {
			ways = slices.Insert(ways, 0, way)
		} else {
			ways = append(ways, way)
		}
	}
	return ways
}

func (g *Gate) arrange(ctx context.Context, who operations.Viewer) operations.MethodOverrides {
	if g.d.Board == nil {
		return operations.MethodOverrides{}
	}
	return g.d.Board.Arrange(ctx, who)
}

// arranged closes a way that a notice switches off. It opens none.
func arranged(way Way, sum operations.MethodOverrides) Way {
	if reasons, off := sum.Off[way.Method]; off && way.On {
		return Way{Method: way.Method, Reasons: reasons}
	}
	return way
}

func (g *Gate) method(switches map[string]operations.Switch, m login.Method) Way {
	c := g.d.Config
	if !g.Has(m) {
		return Way{Method: m}
	}
	s, switched := switches[operations.MethodSwitch(m)]
	switch {
	case !switched:
		return Way{Method: m, On: !slices.Contains(c.Off, m)}
	case s.On:
		return Way{Method: m, On: true}
	default:
		return Way{Method: m, Reasons: s.Reasons}
	}
}

// Has reports whether the method exists here: it can be switched on.
func (g *Gate) Has(m login.Method) bool {
	return slices.Contains(g.d.Config.Order, m) && slices.Contains(g.d.Config.Built, m)
}

// Means tells whether a means may be chosen, and if not, the operator's words for it
// by language, which may be none.
func (g *Gate) Means(ctx context.Context, id string) (on bool, reasons map[string]string) {
	s, switched := g.known.Get(ctx)[operations.MeansSwitch(id)]
	if !switched || s.On {
		return true, nil
	}
	return false, s.Reasons
}

// MayChoose refuses a means that is off: ReasonMeansUnavailable.
func (g *Gate) MayChoose(ctx context.Context, id string) error {
	if on, _ := g.Means(ctx, id); !on {
		return fault.New(fault.Unavailable, login.ReasonMeansUnavailable, nil).WithDetail("means.switched_off")
	}
	return nil
}

// Versions are what apps are held to.
func (g *Gate) Versions() (minimum, recommended, alternative Version) {
	return g.d.Config.Minimum, g.d.Config.Recommended, g.d.Config.Alternative
}

// Alternative reports whether a method is one of the alternative ones, which only
// newer apps know.
func Alternative(m login.Method) bool { return m == login.MethodLink || m == login.MethodQR }

// Admit is asked where a login begins. The asker's version is what an app of our own
// says of itself, empty when it says nothing; apps of others have versions of their own
// and are not asked. Errors: ReasonVersionTooOld, ReasonMeansUnavailable, and
// ReasonRequestInvalid when an alternative method comes without a version.
func (g *Gate) Admit(ctx context.Context, m login.Method, who operations.Viewer, own bool) error {
	if !own {
		who.AppVersion = ""
	} else if err := g.mayUse(m, Version(who.AppVersion)); err != nil {
		return err
	}
	if !arranged(g.method(g.known.Get(ctx), m), g.arrange(ctx, who)).On {
		return fault.New(fault.Forbidden, login.ReasonMeansUnavailable, nil).WithDetail("this login method is switched off")
	}
	return nil
}

func (g *Gate) mayUse(m login.Method, version Version) error {
	c := g.d.Config
	needed := c.Minimum
	if Alternative(m) && needed.Before(c.Alternative) {
		needed = c.Alternative
	}
	switch {
	case version == "" && Alternative(m):
		return fault.BadParam("app_version", "missing, or not a version such as 1.16.0: this login method needs it, "+string(needed)+" or newer")
	case version != "" && version.Before(needed):
		return fault.New(fault.Forbidden, login.ReasonVersionTooOld, nil).WithDetail("the app must be updated to version " + string(needed) + " or newer")
	default:
		return nil
	}
}

// Set switches a way in on or off, for every node, and records who did it.
func (g *Gate) Set(ctx context.Context, s operations.Switch) error {
	s.At = g.d.Now()
	if s.On {
		s.Reasons = nil
	}
	if err := g.d.Audit.Atomically(ctx, func(ctx context.Context) error {
		g.d.Audit.Switched(ctx, s)
		return g.d.Store.SetSwitch(ctx, s)
	}); err != nil {
		return err
	}
	return g.known.Refresh(ctx)
}

// Switches lists what has been switched, by name, straight from the database.
func (g *Gate) Switches(ctx context.Context) ([]operations.Switch, error) {
	return g.d.Store.Switches(ctx)
}
