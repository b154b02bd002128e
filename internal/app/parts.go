package app

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"runtime/debug"
	"slices"
	"time"

	"avain/internal/config"
	"avain/internal/core/attempt"
	"avain/internal/core/availability"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/oidc/discovery"
	"avain/internal/platform/geoip"
	"avain/internal/platform/store"
	"avain/internal/platform/telemetry"
	"avain/internal/platform/web"
	"avain/internal/protocol/oauth"
)

// rotationGrace is how long a rotated refresh token still gets its successor
// (protocol.md, compatible profile).
const rotationGrace = 30 * time.Second

// maxSkew is how far this node's clock may be from the database's (docs/decisions/0007).
const maxSkew = 2 * time.Second

// Version is the program's version, from the build.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

func storeConfig(c config.Config, log *slog.Logger, now func() time.Time, begun operations.AuditHead) store.Config {
	return store.Config{
		Driver: store.Driver(c.Database.Driver), Path: c.Database.Path, DSN: c.Database.Connection, Pooler: c.Database.Pooler,
		Conns: c.Database.MaxConnections, Log: log, Now: now, AuditKey: auditKeyOf(c), AuditBegun: begun,
	}
}

// Migrate brings the database to this program's schema, and writes down outside it that
// the chain of the audit log has begun.
func Migrate(ctx context.Context, c config.Config, log *slog.Logger) (err error) {
	begun, err := auditBegun(c.Keys)
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, storeConfig(c, log, time.Now, begun))
	if err != nil {
		return err
	}
	defer func() {
		if closing := db.Close(); err == nil {
			err = closing
		}
	}()
	if err := db.Migrate(ctx); err != nil {
		return err
	}
	if err := recogniseKeys(ctx, c, db, keepMarks); err != nil {
		return err
	}
	return keepBegun(ctx, c, db)
}

// openStore refuses a database whose schema is not this program's: half a service
// on half a schema loses logins.
func (s *Service) openStore(ctx context.Context, c config.Config, d Deps, m mechanisms) (*store.Store, error) {
	begun, err := auditBegun(c.Keys)
	if err != nil {
		return nil, err
	}
	opened := storeConfig(c, d.Log, d.Now, begun)
	held := brokerHoldings(c)
	maps.Copy(held, m.keys.holds)
	opened.KeyNames = keyNames(held)
	opened.Revoked, opened.Expired = m.events.revoked, func(a login.Attempt) { m.tallies.Observe(a, a.Timeline[len(a.Timeline)-1]) }
	db, err := store.Open(ctx, opened)
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, db.Close)
	if err := db.CheckSchema(ctx); err != nil {
		return db, err
	}
	// Before the audit log is looked at: to another secret it reads as tampered with.
	if _, err := m.keys.recognise(ctx, db, keepMarks); err != nil {
		return db, err
	}
	if err := db.Audit.CheckAudit(ctx); err != nil {
		return db, err
	}
	// A node of an installation that was migrated elsewhere, or before this was written down.
	if err := keepBegun(ctx, c, db); errors.Is(err, errUnrecorded) {
		d.Log.ErrorContext(ctx, "the audit log could be rewritten without a trace", "error", err)
	} else if err != nil {
		return db, err
	}
	return db, nil
}

func newKit(c config.Config, d Deps, base *url.URL, s *Service, metrics *telemetry.Metrics) (*web.Kit, error) {
	var pictures fs.FS
	if c.Brand.Pictures != "" {
		pictures = os.DirFS(c.Brand.Pictures)
	}
	places, err := openPlaces(c, d)
	if err != nil {
		return nil, err
	}
	return web.New(web.Config{
		BaseURL: base, Place: places.Find, TrustedProxies: c.Public.TrustedProxies, Assets: pictures,
		Requests:  web.NewLimiter(limitOf(c.Limits.RequestsPerNetwork), maxLimited, d.Now),
		Languages: c.Brand.Languages, TimeZone: c.Brand.Zone(),
		Brand: web.Brand{
			Name: c.Brand.Name, Company: c.Brand.Company, Accent: c.Brand.Accent, Logo: c.Brand.Logo,
			Help: c.Brand.Support.URL, Email: c.Brand.Support.Email, Phone: c.Brand.Support.Phone,
		},
		Log: d.Log, Now: d.Now, Observe: observe(metrics, s.Audit), Refused: refused(s.Store, d.Now),
	})
}

// openPlaces is nil, which finds nothing, for an operator without a database of places.
func openPlaces(c config.Config, d Deps) (*geoip.Finder, error) {
	if c.Place.Database == "" {
		return nil, nil
	}
	return geoip.Open(c.Place.Database, d.Now, d.Log)
}

func lifetimes(c config.Config) attempt.Lifetimes {
	l := attempt.DefaultLifetimes() // those of the protocol, which no operator changes
	l.Attempt, l.Code, l.Access = c.Lifetimes.Attempt, c.Lifetimes.Code, c.Tokens.Access
	l.SessionIdle, l.SessionAbsolute = c.Lifetimes.SessionIdle, c.Lifetimes.SessionAbsolute
	return l
}

// built lists the login methods that this program can do.
func built() []login.Method {
	return login.Methods()
}

func (s *Service) gate(ctx context.Context, c config.Config, d Deps) (*availability.Gate, error) {
	return availability.New(ctx, availability.Deps{
		Store: s.Store.Operations, Audit: s.Audit, Board: s.Notices, Now: d.Now, Log: d.Log,
		Config: availability.Config{
			Order: c.Methods.Order, Off: c.Methods.Off, Built: built(), Minimum: c.App.MinimumVersion,
			Recommended: c.App.RecommendedVersion, Alternative: c.App.AlternativeVersion,
		},
	})
}

// apps are the apps on phones of all clients.
func apps(c config.Config) discovery.Apps {
	var all discovery.Apps
	for _, client := range c.Clients {
		for _, a := range client.Android {
			all.Android = append(all.Android, discovery.AndroidApp(a))
		}
		for _, a := range client.IOS {
			all.IOS = append(all.IOS, a.TeamID+"."+a.BundleID)
		}
		for _, a := range client.Harmony {
			all.Harmony = append(all.Harmony, a.AppIdentifier)
		}
	}
	return all
}

func retention(c config.Config) store.Retention {
	r := c.Retention
	return store.Retention{
		Attempts: r.Attempts, Sessions: r.Sessions, Invitations: r.Invitations, Employments: r.Employments, Persons: r.Persons,
		Imports: r.Imports, Jobs: r.Jobs,
	}
}

// scopes are all that some client may ask for.
func scopes(c config.Config) []string {
	all := []string{oauth.ScopeOpenID}
	for _, client := range c.Clients {
		all = append(all, client.Scopes...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// levels are the levels of assurance that our brokers may answer with.
func levels(c config.Config) []string {
	var all []string
	for _, b := range c.Brokers {
		if len(b.Levels) > 0 {
			all = append(all, b.Levels...)
		} else {
			all = append(all, b.ACR...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func brokerIDs(c config.Config) []string {
	ids := make([]string, 0, len(c.Brokers))
	for _, b := range c.Brokers {
		ids = append(ids, b.ID)
	}
	return ids
}
