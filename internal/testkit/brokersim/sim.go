package brokersim

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// Sim is one simulated broker. It is an http.Handler that expects the whole path,
// that of the base URL included.
type Sim struct {
	config Config
	rules  rules
	base   string // path of the base URL
	keys   *keyring
	pages  *pages

	client  atomic.Pointer[registration]
	trouble trouble
	records records
	actions map[string]action
	handler http.Handler

	spent    shelf[struct{}]       // jtis
	visits   shelf[*visit]         // by id
	phones   shelf[*visit]         // by the id of the simulated phone's page
	sessions shelf[session]        // single sign-on, by browser
	pushed   shelf[request]        // by request_uri
	grants   shelf[grant]          // by code
	used     shelf[struct{}]       // codes that have been exchanged
	tokens   shelf[map[string]any] // claims behind an access token
	approved atomic.Int64          // how many requests were approved by themselves
}

type registration struct {
	client Client
	keys   *clientKeys
}

// New makes a simulated broker.
func New(config Config) (*Sim, error) {
	config = config.withDefaults()
	if err := config.check(); err != nil {
		return nil, fmt.Errorf("brokersim: %w", err)
	}
	base, err := url.Parse(config.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("brokersim: %w", err)
	}
	s := &Sim{config: config, rules: rulesOf(config.Dialect), base: base.Path, actions: actions()}
	if s.pages, err = loadPages(config.Banks); err != nil {
		return nil, fmt.Errorf("brokersim: %w", err)
	}
	if s.keys, err = newKeyring(config.Keys, s.rules); err != nil {
		return nil, fmt.Errorf("brokersim: %w", err)
	}
	s.register(config.Client)
	if err := s.signEntityStatement(); err != nil {
		return nil, fmt.Errorf("brokersim: %w", err)
	}
	s.handler = s.routes()
	return s, nil
}

// Register agrees on the relying party, or replaces it; its keys are fetched anew.
func (s *Sim) Register(client Client) error {
	if err := client.check(); err != nil {
		return fmt.Errorf("brokersim: %w", err)
	}
	s.register(client)
	return nil
}

func (s *Sim) register(client Client) {
	s.client.Store(&registration{client, &clientKeys{source: client.Keys, http: s.config.HTTP, now: s.config.Now}})
}

func (s *Sim) registered() *registration { return s.client.Load() }

// ServeHTTP answers one request, or fails to as the toggles say.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if path := strings.TrimPrefix(r.URL.Path, s.base); path != pathControl && path != pathStyle {
		switch {
		case s.trouble.take(Drop):
			panic(http.ErrAbortHandler) // closes the connection without an answer
		case s.trouble.take(Down):
			unavailable(w)
			return
		}
	}
	if s.base != "" && r.URL.Path == s.base {
		redirect(w, r, s.config.BaseURL+"/")
		return
	}
	s.handler.ServeHTTP(w, r)
}

func unavailable(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "60")
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, "The simulated broker is down.", http.StatusServiceUnavailable)
}

func (s *Sim) routes() http.Handler {
	mux := http.NewServeMux()
	// A page of another site must not press buttons here. What other sites are meant to
	// post is exempt: the authorization request.
	protect := http.NewCrossOriginProtection()
	page := func(pattern string, h http.HandlerFunc) { mux.Handle(pattern, protect.Handler(h)) }

	machine := func(method, path string, h http.HandlerFunc) {
		if path != "" {
			mux.HandleFunc(method+" "+path, h)
		}
	}

	p := s.rules.paths
	machine("GET", p.authorize, s.authorize)
	machine("POST", p.authorize, s.authorize)
	machine("POST", p.par, s.late(s.push))
	machine("POST", p.token, s.late(s.token))
	machine("GET", p.profile, s.late(s.profile))
	machine("GET", p.statement, s.serveStatement)
	machine("GET", p.signedJWKS, s.late(s.serveSignedJWKS))
	machine("GET", p.jwks, s.late(s.serveJWKS))
	machine("GET", p.discovery, s.late(s.serveDiscovery))
	machine("GET", p.outage, s.late(s.serveOutage))
	if p.selector != "" {
		machine("GET", p.selector+"{client}", s.late(s.serveSelector))
	}

	page("GET "+pathVisit+"{visit}", s.showVisit)
	page("POST "+pathVisit+"{visit}/{action}", s.actOnVisit)
	page("GET "+pathPhone+"{phone}", s.showPhone)
	page("POST "+pathPhone+"{phone}", s.answerPhone)
	page("GET "+pathControl, s.showControl)
	page("POST "+pathControl, s.setControl)
	page("GET "+pathPrivacy, s.showPrivacy)
	page("GET "+pathStyle, s.serveStyle)
	page("GET "+pathLogo+"{file}", s.serveLogo)
	page("GET /{$}", s.showFront)
	page("/", s.showLost)
	return http.StripPrefix(s.base, mux)
}

// late makes an endpoint answer late when the toggle says so.
func (s *Sim) late(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if s.trouble.take(Slow) && !wait(r.Context(), s.config.Timing.Slow) {
			return
		}
		h(w, r)
	}
}

// wait reports false when the caller has gone.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// respond writes a machine's answer. An error of Write means that the caller has
// gone, which is nobody's business.
func respond(w http.ResponseWriter, status int, contentType, body string) {
	header := w.Header()
	header.Set("Content-Type", contentType)
	if header.Get("Cache-Control") == "" {
		header.Set("Cache-Control", "no-store")
	}
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

func respondJSON(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	respond(w, status, "application/json", string(body))
}
