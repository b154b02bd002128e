package broker

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"avain/internal/domain/hetu"

	"github.com/go-jose/go-jose/v4"
)

// upstream is one broker, with everything parsed that would otherwise be parsed at
// each login.
type upstream struct {
	config   Config
	callback string
	now      func() time.Time
	log      *slog.Logger
	observer func(Observation)

	out       *outbound
	circuit   *circuit
	discovery *cached[endpoints] // nil: endpoints are static
	keys      *keySource
	notices   *notices

	signing    []ourKey
	decryption []ourKey
	requests   jose.Signer // request objects and client assertions
	published  published

	signatures []jose.SignatureAlgorithm
	keyAlgs    []jose.KeyAlgorithm
	contents   []jose.ContentEncryption
	hetu       hetu.Mode
	reported   map[string]string // what the method source says → our means
}

func newUpstream(config Config, d Deps, life *lifetime) (*upstream, error) {
	u := &upstream{
		config: config, callback: d.CallbackURL(config.ID), now: d.Now,
		log: d.Log.With("broker", config.ID), observer: d.Observe, hetu: hetuMode(config.HETU),
		out: newOutbound(d.HTTP, config),
	}
	u.signatures = signatureAlgorithms(config.Algorithms.Signature)
	for _, alg := range config.Algorithms.KeyEncryption {
		u.keyAlgs = append(u.keyAlgs, jose.KeyAlgorithm(alg))
	}
	for _, enc := range config.Algorithms.ContentEncryption {
		u.contents = append(u.contents, jose.ContentEncryption(enc))
	}
	u.indexMeans()
	u.circuit = newCircuit(config.Circuit, d.Now, u.circuitChanged)
	if config.Endpoints.Discovery != "" {
		u.discovery = u.newDiscovery(life)
	}
	if err := u.loadOurKeys(); err != nil {
		return nil, err
	}
	var err error
	if u.keys, err = newKeySource(u, life); err != nil {
		return nil, fmt.Errorf("broker_keys: %w", err)
	}
	u.notices = newNotices(u, life)
	return u, nil
}

func (u *upstream) loadOurKeys() error {
	var err error
	if u.signing, err = loadKeys(u.config.OurKeys.Signing); err != nil {
		return fmt.Errorf("our_keys.signing: %w", err)
	}
	if u.decryption, err = loadKeys(u.config.OurKeys.Decryption); err != nil {
		return fmt.Errorf("our_keys.decryption: %w", err)
	}
	if u.requests, err = u.signing[0].signer(u.config.Algorithms.Request, ""); err != nil {
		return fmt.Errorf("our_keys.signing: %w", err)
	}
	if u.config.OurKeys.Entity == nil {
		return nil
	}
	entity, err := loadEntity(u.config.OurKeys)
	if err != nil {
		return fmt.Errorf("our_keys.entity: %w", err)
	}
	u.published.entity = &entity
	if file := u.config.OurKeys.StatementFile; file != "" {
		if u.published.stored, err = u.loadOurStatement(file); err != nil {
			return fmt.Errorf("our_keys.statement_file: %w", err)
		}
	}
	return nil
}

// indexMeans maps what the broker reports to our means. The prefixes are written out
// here once, so that comparing is exact. A method that nobody has configured keeps the
// name that the list gives it: the person came with it all the same.
func (u *upstream) indexMeans() {
	u.reported = map[string]string{}
	add := func(value, means string) {
		for _, prefix := range append([]string{""}, u.config.Method.Prefixes...) {
			if _, taken := u.reported[prefix+value]; !taken {
				u.reported[prefix+value] = means
			}
		}
	}
	for _, m := range u.config.Means {
		for _, value := range m.Reported {
			add(value, m.ID)
		}
	}
	for value, id := range u.config.Method.Names {
		add(value, id)
	}
	for _, m := range methods() {
		if reported := u.config.Preset.reportedAs(m); reported != "" {
			add(reported, m.id)
		}
	}
}

// probe asks a broker whose circuit is open for its keys: cheap, harmless, and
// without them no login can succeed.
func (u *upstream) probe(ctx context.Context) bool {
	if !u.circuit.probeDue() {
		return false
	}
	err := u.keys.cache.try(ctx)
	u.circuit.probed(wordOf(err))
	return err == nil
}

// probeInBackground is probe for callers who do not wait.
func (u *upstream) probeInBackground() {
	if !u.circuit.probeDue() {
		return
	}
	cache := u.keys.cache
	cache.life.work.Go(func() { u.circuit.probed(wordOf(cache.try(cache.life.ctx))) })
}

func wordOf(err error) string {
	if err == nil {
		return ""
	}
	if f, ok := asFault(err); ok {
		return f.word
	}
	return "probe.cancelled"
}

func (u *upstream) circuitChanged(state State) {
	u.observe("circuit", string(state), 0)
	u.log.Warn("broker circuit changed", "state", string(state))
}

// observe reports one exchange; an empty outcome means ok.
func (u *upstream) observe(step, outcome string, took time.Duration) {
	if u.observer == nil {
		return
	}
	if outcome == "" {
		outcome = "ok"
	}
	u.observer(Observation{Broker: u.config.ID, Step: step, Outcome: outcome, Took: took})
}

func hetuMode(mode HETUMode) hetu.Mode {
	switch mode {
	case HETUArtificial:
		return hetu.Artificial
	case HETULenient:
		return hetu.Lenient
	default:
		return hetu.Production
	}
}

func signatureAlgorithms(names []string) []jose.SignatureAlgorithm {
	out := make([]jose.SignatureAlgorithm, 0, len(names))
	for _, name := range names {
		out = append(out, jose.SignatureAlgorithm(name))
	}
	return out
}
