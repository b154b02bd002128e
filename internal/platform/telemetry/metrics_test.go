package telemetry_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/platform/store"
	"avain/internal/platform/telemetry"
	"avain/internal/platform/web"
)

var start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func newMetrics(t *testing.T) *telemetry.Metrics {
	t.Helper()
	m, err := telemetry.New(telemetry.Config{
		Version: "1.2.3", Brokers: []string{"telia"},
		Database: func() store.Stats { return store.Stats{Open: 3, Waited: 1500 * time.Millisecond, Bytes: 4096} },
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func scrape(t *testing.T, m *telemetry.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	body, err := io.ReadAll(w.Body)
	if err != nil || w.Code != http.StatusOK {
		t.Fatalf("scrape: %d, %v", w.Code, err)
	}
	return string(body)
}

func wantLines(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("not in the metrics: %s", line)
		}
	}
}

// oneLogin plays an attempt from its start to its tokens.
func oneLogin(m *telemetry.Metrics) {
	a := login.Attempt{ID: "A", Method: login.MethodDirect, State: login.StateCreated, CreatedAt: start, UpdatedAt: start}
	move := func(after time.Duration, state login.State, step string) {
		e := login.Event{At: start.Add(after), Step: step, Outcome: login.OutcomeOK, Means: "nordea"}
		a.State, a.UpdatedAt, a.Timeline = state, e.At, append(a.Timeline, e)
		m.AttemptMoved(a, e)
	}
	move(0, login.StateCreated, "start")
	move(2*time.Second, login.StateOpened, "choose")
	move(30*time.Second, login.StateAuthenticated, "identify")
	move(31*time.Second, login.StateConfirmed, "confirm")
	move(32*time.Second, login.StateRedeemed, "redeem")
	// The client lost our answer and asks again: a line, not another login.
	again := login.Event{At: start.Add(33 * time.Second), Step: "redeem", Outcome: login.OutcomeOK}
	m.AttemptMoved(a, again)
}

func TestAttempts(t *testing.T) {
	t.Parallel()
	m := newMetrics(t)
	oneLogin(m)
	m.AttemptsExpired(4)
	m.AttemptsOpen(7)
	m.AuditUnsealed(90*time.Second, 2)
	m.AppsWaiting(5)
	failed := login.Event{At: start, Step: "return", Outcome: login.OutcomeFailed, Reason: login.ReasonBrokerDown}
	m.AttemptMoved(login.Attempt{
		Method: login.MethodLink, State: login.StateFailed, Reason: login.ReasonBrokerDown, Means: "mobile", UpdatedAt: start,
	}, failed)
	wantLines(t, scrape(t, m),
		`avain_attempt_steps_total{means="nordea",method="direct",outcome="ok",reason="",step="redeem"} 1`,
		`avain_attempt_steps_total{means="mobile",method="link",outcome="failed",reason="broker_down",step="return"} 1`,
		`avain_attempts_ended_total{means="nordea",method="direct",reason="",state="redeemed"} 1`,
		`avain_attempts_ended_total{means="mobile",method="link",reason="broker_down",state="failed"} 1`,
		`avain_attempts_ended_total{means="",method="",reason="attempt_expired",state="expired"} 4`,
		`avain_attempts_open 7`,
		`avain_audit_unsealed_seconds 90`,
		`avain_audit_refused 2`,
		`avain_apps_waiting 5`,
		`avain_login_seconds_sum{means="nordea",method="direct"} 32`,
		`avain_attempt_step_seconds_sum{method="direct",step="identify"} 28`,
	)
}

func TestRequestsBrokersAndDatabase(t *testing.T) {
	t.Parallel()
	m := newMetrics(t)
	m.RequestServed(t.Context(), web.Summary{Method: "POST", Route: "/login/{id}/means", Status: 303, Duration: 3 * time.Millisecond})
	m.RequestServed(t.Context(), web.Summary{Method: "BREW", Route: "unmatched", Status: 405, Duration: -time.Hour})
	wantLines(t, scrape(t, m), `avain_broker_circuit_open{broker="telia"} 0`)
	m.BrokerSpoke("telia", "token", "ok", 250*time.Millisecond)
	m.BrokerSpoke("telia", "circuit", "open", 0)
	m.BrokerCircuit("telia", true)
	wantLines(t, scrape(t, m),
		`avain_http_requests_total{code="303",method="POST",route="/login/{id}/means"} 1`,
		`avain_http_requests_total{code="405",method="other",route="unmatched"} 1`,
		`avain_http_request_seconds_sum{method="other",route="unmatched"} 0`,
		`avain_broker_exchanges_total{broker="telia",outcome="ok",step="token"} 1`,
		`avain_broker_exchange_seconds_sum{broker="telia",step="token"} 0.25`,
		`avain_broker_circuit_open{broker="telia"} 1`,
		`avain_database_connections_open 3`,
		`avain_database_connection_wait_seconds_total 1.5`,
		`avain_database_size_bytes 4096`,
	)
	m.BrokerSpoke("telia", "circuit", "closed", 0)
	m.BrokerCircuit("telia", false)
	wantLines(t, scrape(t, m), `avain_broker_circuit_open{broker="telia"} 0`)
}

// A label that callers could choose would fill our memory: whatever gets in, the
// number of series stays bounded.
func TestSeriesAreBounded(t *testing.T) {
	t.Parallel()
	m := newMetrics(t)
	for i := range 5000 {
		word := fmt.Sprintf("word-%d", i)
		m.RequestServed(t.Context(), web.Summary{Method: word, Route: "/" + word, Status: 200})
		m.AttemptMoved(login.Attempt{Method: login.MethodDirect}, login.Event{Step: "choose", Outcome: "ok", Means: word})
		m.BrokerSpoke("telia", "token", word, 0)
	}
	m.RequestServed(t.Context(), web.Summary{Method: "GET", Route: strings.Repeat("x", 1000), Status: 200})
	text := scrape(t, m)
	if n := strings.Count(text, "\n"); n > 4000 {
		t.Errorf("%d lines of metrics", n)
	}
	wantLines(t, text, `avain_http_requests_total{code="200",method="other",route="other"} 4900`)
}

// A label names a reason that can be looked up, or none.
func TestReasonsAreThoseOfTheCatalogue(t *testing.T) {
	t.Parallel()
	m := newMetrics(t)
	for _, reason := range append(login.Reasons(), "", "word_of_tomorrow", "DROP TABLE") {
		m.AttemptMoved(login.Attempt{Method: login.MethodDirect}, login.Event{Step: "return", Outcome: "failed", Reason: reason})
	}
	text := scrape(t, m)
	for _, reason := range append(login.Reasons(), "", "other") {
		if !strings.Contains(text, `reason="`+string(reason)+`"`) {
			t.Errorf("no label for %q", reason)
		}
	}
	if strings.Contains(text, "tomorrow") || strings.Contains(text, "DROP") {
		t.Error("a label that nobody can look up")
	}
}
