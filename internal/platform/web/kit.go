package web

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"avain/internal/domain/login"
)

// Config is what the operator decides about pages and requests.
type Config struct {
	// BaseURL is the public address of the service: scheme and host, no path. Every
	// absolute URL and every cookie attribute comes from here, never from the Host
	// or a forwarded header (ZITADEL CVE-2023-49097).
	BaseURL *url.URL

	Brand     Brand
	Languages []string       // that pages are shown in, of [Languages]; the first when nothing is asked for; empty means all
	TimeZone  *time.Location // of the dates on pages; nil means Europe/Helsinki
	Assets    fs.FS          // the operator's own pictures (logos of banks and brand); may be nil

	// TrustedProxies may say who the caller is, in the header named by
	// ProxyHeader: "X-Forwarded-For" (the default) or "Forwarded". Only that one
	// header is read: a proxy passes the one it does not know through unchanged.
	TrustedProxies []netip.Prefix
	ProxyHeader    string

	// Place says where an address is, coarsely; nil means that nobody knows.
	Place func(netip.Addr) login.Place

	// Requests bounds all requests of one network; nil means no bound. Static files are
	// free: they cost nothing, and a page without its style helps nobody.
	Requests *Limiter

	MaxBody int64         // of a request, in bytes; 0 means 64 KiB
	Timeout time.Duration // of a request's context; 0 means 30 s

	Log *slog.Logger     // one record per request
	Now func() time.Time // nil means time.Now

	// Refused is told of a failure page that a person is shown in the middle of a login:
	// support must find on its timeline what the person saw. It may be nil.
	Refused func(ctx context.Context, attempt string, e login.Event)

	// Observe is called once per request with what the record holds, for metrics.
	// It may be nil.
	Observe func(ctx context.Context, s Summary)
}

// Brand is the face of the service.
type Brand struct {
	Name    string // of the app that people log in to
	Company string // that gives the benefits; empty means Name
	Accent  string // "#rrggbb", at least 4.5:1 against white; empty means the built-in teal
	Logo    string // name of a picture among the assets; empty means a built-in key
	Help    string // address of the operator's own help page, https or a path of ours; empty: package help's
	Email   string // of customer service; may be empty
	Phone   string // of customer service; may be empty
}

// Kit renders answers. It is made once and is safe for concurrent use.
type Kit struct {
	cfg      Config
	now      func() time.Time
	zone     *time.Location
	texts    *dictionary
	assets   *atomic.Pointer[assets]                       // shared by copies: a reload is for all of them
	base     map[string]func() (*template.Template, error) // layout and shared parts, per language
	origin   *http.CrossOriginProtection
	resolver resolver
	pages    sharedPages
}

// New makes a kit. The error lists every mistake of the configuration.
func New(cfg Config) (*Kit, error) {
	k := &Kit{cfg: cfg, now: cfg.Now, zone: cfg.TimeZone, assets: new(atomic.Pointer[assets])}
	if err := k.defaults(); err != nil {
		return nil, err
	}
	var err error
	if k.texts, err = loadTexts(k.cfg.Languages); err != nil {
		return nil, fmt.Errorf("web: texts: %w", err)
	}
	all, err := k.readAssets()
	if err != nil {
		return nil, err
	}
	k.assets.Store(all)
	if k.base, err = k.baseTemplates(); err != nil {
		return nil, fmt.Errorf("web: templates: %w", err)
	}
	if k.pages, err = k.parseShared(); err != nil {
		return nil, fmt.Errorf("web: templates: %w", err)
	}
	return k, nil
}

func (k *Kit) defaults() error {
	var mistakes []error
	if k.cfg.Log == nil {
		k.cfg.Log = slog.New(slog.DiscardHandler)
	}
	if k.now == nil {
		k.now = time.Now
	}
	if k.cfg.MaxBody <= 0 {
		k.cfg.MaxBody = 64 << 10
	}
	if k.cfg.Timeout <= 0 {
		k.cfg.Timeout = 30 * time.Second
	}
	if k.zone == nil {
		zone, err := time.LoadLocation("Europe/Helsinki")
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("web: time zone: %w", err))
		}
		k.zone = zone
	}
	if k.cfg.Brand.Name == "" {
		k.cfg.Brand.Name = "Avain"
	}
	if len(k.cfg.Languages) == 0 {
		k.cfg.Languages = Languages()
	}
	for _, lang := range k.cfg.Languages {
		if !slices.Contains(Languages(), lang) {
			mistakes = append(mistakes, fmt.Errorf("web: there are no texts in language %q", lang))
		}
	}
	if k.cfg.Brand.Company == "" {
		k.cfg.Brand.Company = k.cfg.Brand.Name
	}
	if err := checkBase(k.cfg.BaseURL); err != nil {
		mistakes = append(mistakes, err)
	} else {
		k.origin = http.NewCrossOriginProtection()
		mistakes = append(mistakes, k.origin.AddTrustedOrigin(k.cfg.BaseURL.Scheme+"://"+k.cfg.BaseURL.Host))
	}
	var err error
	if k.resolver, err = newResolver(k.cfg.TrustedProxies, k.cfg.ProxyHeader); err != nil {
		mistakes = append(mistakes, err)
	}
	return errors.Join(mistakes...)
}

func checkBase(u *url.URL) error {
	switch {
	case u == nil || u.Host == "":
		return errors.New("web: base URL is missing")
	case u.Scheme != "https" && u.Scheme != "http":
		return errors.New("web: base URL must begin with https:// or http://")
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return errors.New("web: base URL must be a scheme and a host only")
	}
	return nil
}

// With is the same kit with other limits on a request: its body, in bytes, and its time.
func (k *Kit) With(maxBody int64, timeout time.Duration) *Kit {
	other := *k
	other.cfg.MaxBody, other.cfg.Timeout = maxBody, timeout
	return &other
}

// At is the same kit at another address of ours: what is secure, and who is a stranger
// there, follow from it. Texts, templates and assets are shared.
func (k *Kit) At(base *url.URL) (*Kit, error) {
	if err := checkBase(base); err != nil {
		return nil, err
	}
	other := *k
	other.cfg.BaseURL, other.origin = base, http.NewCrossOriginProtection()
	return &other, other.origin.AddTrustedOrigin(base.Scheme + "://" + base.Host)
}

// URL makes an absolute address of ours from a path.
func (k *Kit) URL(path string) string {
	return k.cfg.BaseURL.Scheme + "://" + k.cfg.BaseURL.Host + path
}

// secure reports whether people reach us over TLS.
func (k *Kit) secure() bool { return k.cfg.BaseURL.Scheme == "https" }
