package broker

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/steady"
)

// Deps is what a registry needs from outside. Only CallbackURL is required.
type Deps struct {
	Now  func() time.Time // default time.Now
	HTTP *http.Client     // to the brokers; default one of our own. Redirects are never followed
	Log  *slog.Logger     // default: nothing is logged
	Keep steady.Keeper    // of what is fetched beside the requests

	// CallbackURL is the absolute redirect URI that is registered with the broker.
	CallbackURL func(brokerID string) string

	// Observe is told of every exchange with a broker, for metrics. It must be quick
	// and safe for concurrent use.
	Observe func(Observation)
}

// Observation is one exchange with a broker.
type Observation struct {
	Broker  string
	Step    string // discovery, jwks, par, token, id_token, selector, outage, circuit
	Outcome string // ok, a machine word such as http_500, or the circuit's new state
	Took    time.Duration
}

// Status is a broker as metrics and readiness see it.
type Status struct {
	ID      string
	Name    string
	Circuit State
	Reason  string // machine word of the last failure since the last success; may be empty
}

// Registry holds every configured broker. It is safe for concurrent use and keeps
// no state per login.
type Registry struct {
	brokers []*upstream // in the order of the configuration
	life    *lifetime
}

// New makes the registry. It fills the presets, lists every mistake in one error, and
// touches no network: a broker that is down must not keep us from starting.
func New(configs []Config, d Deps) (*Registry, error) {
	if d.CallbackURL == nil {
		return nil, errors.New("broker: no callback URL")
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	r := &Registry{life: newLifetime(d.Keep)}
	seen := map[string]bool{}
	for i, config := range configs {
		path := fmt.Sprintf("brokers[%d]", i)
		filled, err := config.WithPreset()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if problems := filled.Validate(path); len(problems) > 0 {
			return nil, asError(problems)
		}
		if seen[filled.ID] {
			return nil, fmt.Errorf("%s.id: %q is used twice", path, filled.ID)
		}
		seen[filled.ID] = true
		u, err := newUpstream(filled, d, r.life)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		r.brokers = append(r.brokers, u)
	}
	return r, nil
}

// Close ends background fetches, waits for them, and lets go of idle connections. Call
// it after the last login.
func (r *Registry) Close() {
	r.life.end()
	for _, u := range r.brokers {
		u.out.client.CloseIdleConnections()
	}
}

// Brokers tells how each broker is doing. It also lets a due probe happen, so that a
// broker is found again although nobody tries to log in.
func (r *Registry) Brokers() []Status {
	out := make([]Status, 0, len(r.brokers))
	for _, u := range r.brokers {
		u.probeInBackground()
		state, reason, _ := u.circuit.look()
		out = append(out, Status{ID: u.config.ID, Name: u.config.Name, Circuit: state, Reason: reason})
	}
	return out
}

// Origins lists the origins of the authorization endpoints, sorted: browsers apply
// the CSP directive form-action to the redirect that follows a form.
func (r *Registry) Origins() []string {
	var origins []string
	for _, u := range r.brokers {
		for _, raw := range []string{u.config.Endpoints.Authorization, u.config.Issuer} {
			if origin, ok := originOf(raw); ok {
				origins = append(origins, origin)
				break
			}
		}
	}
	slices.Sort(origins)
	return slices.Compact(origins)
}

func (r *Registry) find(id string) (*upstream, bool) {
	for _, u := range r.brokers {
		if u.config.ID == id {
			return u, true
		}
	}
	return nil, false
}

// one is find for those who name a broker in a URL.
func (r *Registry) one(id string) (*upstream, error) {
	if u, ok := r.find(id); ok {
		return u, nil
	}
	return nil, fault.New(fault.NotFound, login.ReasonPageUnknown, nil).WithDetail("broker.unknown")
}

func asError(problems []Problem) error {
	lines := make([]string, 0, len(problems))
	for _, p := range problems {
		lines = append(lines, p.Path+": "+p.Text)
	}
	return errors.New(strings.Join(lines, "\n"))
}
