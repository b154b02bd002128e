package telemetry

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/reasons"
	"avain/internal/platform/web"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// AttemptMoved counts a step of an attempt; it is what package attempt's Observe
// calls after every line of a timeline.
func (m *Metrics) AttemptMoved(a login.Attempt, e login.Event) {
	method, means := m.words.known("method", string(a.Method)), m.words.known("means", meansOf(a, e))
	step, reason := m.words.known("step", e.Step), reasonOf(e.Reason)
	m.steps.WithLabelValues(method, step, m.words.known("outcome", e.Outcome), reason, means).Inc()
	if before, ok := lastBefore(a.Timeline, e); ok {
		m.stepSeconds.WithLabelValues(method, step).Observe(seconds(e.At.Sub(before)))
	}
	if !endedBy(a, e) {
		return
	}
	m.ended.WithLabelValues(method, m.words.known("state", string(a.State)), reasonOf(a.Reason), means).Inc()
	if a.State == login.StateRedeemed {
		m.loginSeconds.WithLabelValues(method, means).Observe(seconds(e.At.Sub(a.CreatedAt)))
	}
}

// reasonOf is the label of a reason: one of the catalogue, whose words explain it, or
// "other".
func reasonOf(reason login.Reason) string {
	if reason != "" && !reasons.Known(reason) {
		return other
	}
	return string(reason)
}

// AttemptsExpired counts attempts that housekeeping found to have run out of time.
func (m *Metrics) AttemptsExpired(n int64) {
	m.ended.WithLabelValues("", string(login.StateExpired), string(login.ReasonAttemptExpired), "").Add(float64(n))
}

// AttemptsOpen says how many attempts are not over.
func (m *Metrics) AttemptsOpen(n int64) { m.open.Set(float64(n)) }

// AuditUnsealed says how old the oldest entry of the audit log is that is not sealed (zero:
// there is none), and how many rows were put aside.
func (m *Metrics) AuditUnsealed(oldest time.Duration, refused int64) {
	m.unsealed.Set(oldest.Seconds())
	m.refused.Set(float64(refused))
}

// TokenSigned counts a signature of ours under a token.
func (m *Metrics) TokenSigned(alg string) { m.signatures.WithLabelValues(alg).Inc() }

// Panicked counts a panic in what runs beside the requests.
func (m *Metrics) Panicked(task string) { m.panics.WithLabelValues(m.words.known("task", task)).Inc() }

// Tasks names what runs beside the requests, so that each one's figure begins at 0.
func (m *Metrics) Tasks(names ...string) {
	for _, name := range names {
		m.panics.WithLabelValues(m.words.known("task", name))
	}
}

// AppsWaiting says how many apps wait on this node for news of their logins.
func (m *Metrics) AppsWaiting(n int) { m.waiting.Set(float64(n)) }

// meansOf is the means of the event, else of the attempt.
func meansOf(a login.Attempt, e login.Event) string {
	if e.Means != "" {
		return e.Means
	}
	return a.Means
}

// endedBy reports whether this event ended the attempt: lines that are added to an
// attempt that is over do not count it again.
func endedBy(a login.Attempt, e login.Event) bool {
	return a.State.Over() && a.UpdatedAt.UnixMilli() == e.At.UnixMilli()
}

// lastBefore finds when the step before this one happened.
func lastBefore(timeline []login.Event, e login.Event) (time.Time, bool) {
	for _, earlier := range slices.Backward(timeline) {
		if earlier.Step != e.Step && !earlier.At.After(e.At) {
			return earlier.At, true
		}
	}
	return time.Time{}, false
}

// RequestServed counts a request and names its trace; it is what package web's
// Observe calls. Attributes are words of ours: never a path, a query or an address.
func (m *Metrics) RequestServed(ctx context.Context, s web.Summary) {
	route, method := m.words.known("route", s.Route), httpMethod(s.Method)
	m.requests.WithLabelValues(route, method, strconv.Itoa(s.Status)).Inc()
	m.requestSeconds.WithLabelValues(route, method).Observe(seconds(s.Duration))

	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	span.SetName(method + " " + route)
	span.SetAttributes(
		attribute.String("http.request.method", method),
		attribute.String("http.route", route),
		attribute.Int("http.response.status_code", s.Status),
	)
	for field, value := range s.Fields {
		span.SetAttributes(attribute.String("avain."+field.String(), value))
	}
	if s.Status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, "")
	}
}

// httpMethod keeps methods that callers invent out of the labels.
func httpMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodPost, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodPatch, http.MethodDelete:
		return method
	default:
		return other
	}
}

// BrokerSpoke counts an exchange with a broker, or another state of its circuit.
func (m *Metrics) BrokerSpoke(broker, step, outcome string, took time.Duration) {
	id, step := m.words.known("broker", broker), m.words.known("broker step", step)
	m.exchanges.WithLabelValues(id, step, m.words.known("broker outcome", outcome)).Inc()
	if took > 0 {
		m.exchangeSeconds.WithLabelValues(id, step).Observe(seconds(took))
	}
}

// BrokerCircuit says whether a broker counts as down.
func (m *Metrics) BrokerCircuit(broker string, open bool) {
	value := 0.0
	if open {
		value = 1
	}
	m.circuit.WithLabelValues(m.words.known("broker", broker)).Set(value)
}

// seconds never answers less than none: clocks are set back now and then.
func seconds(d time.Duration) float64 { return max(0, d.Seconds()) }
