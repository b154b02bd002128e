package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"time"

	"avain/internal/domain/queue"
	"avain/internal/platform/connlimit"
	"avain/internal/platform/store"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Config is what Metrics need.
type Config struct {
	Version  string             // of the program
	Database func() store.Stats // called at each scrape; nil: no figures of the database
	// Connections is called at each scrape; nil: no figures of the public listener.
	Connections func() connlimit.Stats
	// Jobs counts the jobs of each kind, at each scrape; nil: no figures of the queue. Now
	// must be given with it.
	Jobs    func(context.Context) ([]queue.Depth, error)
	Now     func() time.Time
	Brokers []string // ids; their gauges exist from the start, so that alerts see them
}

// Metrics are the figures of one process. They are safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	words    words

	steps        *prometheus.CounterVec
	stepSeconds  *prometheus.HistogramVec
	ended        *prometheus.CounterVec
	loginSeconds *prometheus.HistogramVec
	open         prometheus.Gauge
	waiting      prometheus.Gauge

	unsealed, refused prometheus.Gauge // of the audit log

	requests       *prometheus.CounterVec
	requestSeconds *prometheus.HistogramVec

	exchanges       *prometheus.CounterVec
	exchangeSeconds *prometheus.HistogramVec
	circuit         *prometheus.GaugeVec

	signatures *prometheus.CounterVec

	jobs       *prometheus.CounterVec
	jobSeconds *prometheus.HistogramVec
	jobKinds   []string

	panics *prometheus.CounterVec

	rates   rateGauges
	expires *prometheus.GaugeVec
}

// Buckets in seconds. People take their time at the bank; machines should not.
var (
	humanBuckets   = []float64{0.05, 0.25, 1, 5, 10, 20, 30, 60, 120, 300, 600}
	machineBuckets = []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}
)

// New makes the metrics, in a registry of their own.
func New(c Config) (*Metrics, error) {
	m := &Metrics{
		registry: prometheus.NewRegistry(),

		steps: counter("avain_attempt_steps_total",
			"Steps of login attempts, as in their timelines.", "method", "step", "outcome", "reason", "means"),
		stepSeconds: histogram("avain_attempt_step_seconds",
			"Time from the step before, the person's own time included.", humanBuckets, "method", "step"),
		ended: counter("avain_attempts_ended_total",
			"Login attempts by how they ended.", "method", "state", "reason", "means"),
		loginSeconds: histogram("avain_login_seconds",
			"Time from the app's start of a login to its tokens.", humanBuckets, "method", "means"),
		open: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "avain_attempts_open", Help: "Login attempts that are not over, as last counted.",
		}),
		unsealed: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "avain_audit_unsealed_seconds", Help: "Age of the oldest entry of the audit log that is not sealed, as last looked at; 0: there is none.",
		}),
		refused: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "avain_audit_refused", Help: "Rows among the entries of the audit log that the service has not written so: evidence of tampering.",
		}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "avain_apps_waiting", Help: "Apps that wait on this node for news of their logins, as last counted.",
		}),
		requests: counter("avain_http_requests_total",
			"Requests on the public listener.", "route", "method", "code"),
		requestSeconds: histogram("avain_http_request_seconds",
			"Time to answer a request.", machineBuckets, "route", "method"),
		exchanges: counter("avain_broker_exchanges_total",
			"Requests to identification brokers and checks of their answers.", "broker", "step", "outcome"),
		exchangeSeconds: histogram("avain_broker_exchange_seconds",
			"Time that brokers took to answer.", machineBuckets, "broker", "step"),
		circuit: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "avain_broker_circuit_open", Help: "1 while the broker counts as down and people are sent elsewhere.",
		}, []string{"broker"}),
		signatures: counter("avain_token_signatures_total",
			"Tokens that this node has signed.", "alg"),
		jobs: counter("avain_jobs_total",
			"Tries of jobs, by how they ended.", "kind", "outcome"),
		jobSeconds: histogram("avain_job_seconds",
			"Time that a try of a job took.", humanBuckets, "kind"),
		panics: counter("avain_background_panics_total",
			"Panics in what runs beside the requests; each was contained and is tried again.", "task"),
		rates: newRateGauges(),
		expires: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "avain_file_expiration_timestamp_seconds", Help: "When a file that logins depend on ends, as this node has read it: Unix time.",
		}, []string{"setting", "owner"}),
	}
	return m, m.register(c)
}

// Register adds a collector.
func (m *Metrics) Register(c prometheus.Collector) error { return m.registry.Register(c) }

func (m *Metrics) register(c Config) error {
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "avain_build_info", Help: "Always 1; the labels say which program this is.",
	}, []string{"version", "go"})
	build.WithLabelValues(c.Version, runtime.Version()).Set(1)
	all := []prometheus.Collector{
		build, m.steps, m.stepSeconds, m.ended, m.loginSeconds, m.open, m.unsealed, m.refused, m.waiting, m.requests, m.requestSeconds,
		m.exchanges, m.exchangeSeconds, m.circuit, m.signatures, m.jobs, m.jobSeconds, m.panics,
		m.rates.now, m.rates.usual, m.rates.alert, m.expires,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	}
	if c.Database != nil {
		all = append(all, newDatabase(c.Database))
	}
	if c.Connections != nil {
		all = append(all, newConnections(c.Connections))
	}
	if c.Jobs != nil {
		all = append(all, newQueue(c, m))
	}
	var errs []error
	for _, collector := range all {
		errs = append(errs, m.registry.Register(collector))
	}
	for _, broker := range c.Brokers {
		m.circuit.WithLabelValues(m.words.known("broker", broker)).Set(0)
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("telemetry: %w", err)
	}
	return nil
}

// Handler serves /metrics in the text format that Prometheus scrapes.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
}
