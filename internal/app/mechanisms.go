package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"time"

	"avain/internal/account/home"
	"avain/internal/broker"
	"avain/internal/config"
	"avain/internal/core/counts"
	"avain/internal/domain/login"
	"avain/internal/platform/audit"
	"avain/internal/platform/browsersession"
	"avain/internal/platform/notify"
	"avain/internal/platform/passhash"
	"avain/internal/platform/steady"
	"avain/internal/platform/store"
	"avain/internal/platform/telemetry"
	"avain/internal/platform/web"
	"avain/internal/protocol/client"
	"avain/internal/protocol/dpop"
	"avain/internal/protocol/signing"
)

// mechanisms are what the features stand on.
type mechanisms struct {
	zone      *time.Location // of days and clocks, as people have them
	keys      keys
	passwords *passhash.Hasher
	kit       *web.Kit
	cookies   *browsersession.Cookies
	devices   *browsersession.Cookies // of browsers in which somebody has got in
	clients   *client.Registry
	proofs    *dpop.Verifier
	signer    *signing.Signer
	brokers   *broker.Registry
	room      *notify.Hub
	// announcer tells the other nodes what room tells this one.
	announcer *store.Announcer
	events    events
	metrics   *telemetry.Metrics
	keep      steady.Keeper   // of what runs in the background
	tallies   *counts.Counter // of how logins end
	tracing   *telemetry.Tracing
}

// mechanisms builds them, and with them the service's store and audit log.
func (s *Service) mechanisms(ctx context.Context, c config.Config, d Deps) (m mechanisms, err error) {
	base := c.Public.BaseURL
	address, err := url.Parse(base)
	if err != nil {
		return m, fmt.Errorf("public.base_url: %w", err)
	}
	m.zone = c.Brand.Zone()
	if m.keys, err = loadKeys(c); err != nil {
		return m, err
	}
	// One core less than there are: what people type must not slow down whoever logs in
	// in another way.
	if m.passwords, err = passhash.New(passhash.Config{
		Params: passhash.DefaultParams(), Peppers: m.keys.shared.Derive("passwords"), Slots: max(1, runtime.GOMAXPROCS(0)-1),
	}); err != nil {
		return m, err
	}
	if m.clients, err = client.New(client.Config{
		Clients: append(c.LoginClients(), home.Client(base, c.Brand.Name)), Issuer: base, Endpoints: []string{base + "/token", base + "/par"},
		PairwiseKey: m.keys.subjects, Now: d.Now,
	}); err != nil {
		return m, err
	}
	if m.events, err = s.events(c, d, m.clients); err != nil {
		return m, err
	}
	m.tallies = counts.New()
	if s.Store, err = s.openStore(ctx, c, d, m); err != nil {
		return m, err
	}
	m.announcer = s.Store.Announcer()
	s.Audit = audit.New(s.Store.Audit, d.Now, d.Log).Quietly(quietly(d.Now))
	s.Connections = newConnections(ctx, c, d)
	if m.metrics, err = telemetry.New(telemetry.Config{
		Version: Version(), Database: s.Store.Stats, Connections: s.Connections.Stats, Brokers: brokerIDs(c), Jobs: s.Store.Operations.JobDepths, Now: d.Now,
	}); err != nil {
		return m, err
	}
	m.keep = steady.Keeper{Log: d.Log, Panicked: m.metrics.Panicked, Scrub: web.Scrub}
	if m.tracing, err = s.startTracing(ctx, c, d); err != nil {
		return m, err
	}
	if m.kit, err = newKit(c, d, address, s, m.metrics); err != nil {
		return m, err
	}
	m.cookies, m.devices, m.room = browsersession.New(address), browsersession.NewDevice(address), &notify.Hub{}
	if m.proofs, err = dpop.New(dpop.Config{Keys: m.keys.shared.Derive("dpop nonces"), Now: d.Now}); err != nil {
		return m, err
	}
	if m.signer, err = signing.New(signing.Config{
		Store: s.Store.Keys, AEAD: m.keys.aead, Issuer: base, Algs: c.TokenAlgs(), ActiveFor: c.Tokens.Rotation,
		HintLife: c.Lifetimes.SessionAbsolute, Now: d.Now,
		Added: s.Audit.KeyRotated, Signed: m.metrics.TokenSigned,
	}); err != nil {
		return m, err
	}
	m.brokers, err = broker.New(c.Brokers, broker.Deps{
		Now: d.Now, Log: d.Log, Keep: m.keep, Observe: countBrokers(m.metrics),
		CallbackURL: func(id string) string { return base + "/callback/" + id },
	})
	if err == nil {
		s.closers = append(s.closers, func() error { m.brokers.Close(); return nil })
	}
	return m, err
}

func (s *Service) startTracing(ctx context.Context, c config.Config, d Deps) (*telemetry.Tracing, error) {
	tracing, err := telemetry.StartTracing(ctx, telemetry.TracingConfig{
		Endpoint: c.Telemetry.OTLPEndpoint, SampleRatio: c.Telemetry.SampleRatio, Version: Version(), Log: d.Log,
	})
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		return tracing.Shutdown(ctx)
	})
	return tracing, nil
}

// ready is whether people may be sent to this node: whether it can finish a login.
func (m mechanisms) ready(s *Service, d Deps) (*telemetry.Readiness, error) {
	db := s.Store
	pulse := telemetry.NewPulse(db, login.NewID(), maxSkew, d.Now, d.Log)
	r := telemetry.NewReadiness([]telemetry.Check{
		{Name: "database", Run: pulse.Database, Cause: store.Cause},
		{Name: "schema", Run: db.CheckSchema, Cause: store.Cause},
		{Name: "signing key", Run: func(ctx context.Context) error { _, _, err := m.signer.JWKS(ctx); return err }, Cause: store.Cause},
		{Name: "keys", Run: func(ctx context.Context) error { _, err := m.keys.recognise(ctx, db, lookOnly); return err }, Cause: keysCause},
		{Name: "serving", Run: func(context.Context) error { return s.serving() }, Cause: func(error) string { return "stopping" }},
		{Name: "clock", Run: pulse.Clock, Cause: func(err error) string {
			if errors.Is(err, telemetry.ErrClock) {
				return "off"
			}
			return store.Cause(err)
		}},
	}, d.Now, d.Log)
	return r, errors.Join(m.metrics.Register(r), m.metrics.Register(pulse.Gauge()))
}

// keysCause: a node that was away while a key was changed comes back with the old one, and
// must not serve: it would take known people for strangers.
func keysCause(err error) string {
	if errors.Is(err, ErrWrongKey) || errors.Is(err, ErrOldKey) {
		return "wrong"
	}
	return store.Cause(err)
}

// admin is the operator's listener. It has no log-in of its own.
func (m mechanisms) admin(ready http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.metrics.Handler())
	mux.Handle("GET /healthz", telemetry.Healthz())
	mux.Handle("GET /readyz", ready)
	return mux
}

// circuitStep is the step under which brokers report their circuit breakers.
const circuitStep = "circuit"

// countBrokers hands on what brokers have answered.
func countBrokers(metrics *telemetry.Metrics) func(broker.Observation) {
	return func(o broker.Observation) {
		metrics.BrokerSpoke(o.Broker, o.Step, o.Outcome, o.Took)
		if o.Step == circuitStep {
			metrics.BrokerCircuit(o.Broker, o.Outcome == string(broker.CircuitOpen))
		}
	}
}
