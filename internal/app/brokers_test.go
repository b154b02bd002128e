package app

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"avain/internal/broker"
	"avain/internal/platform/telemetry"
)

// What operators alert on follows the circuits as package broker names their states.
func TestCircuitsAreMeasured(t *testing.T) {
	t.Parallel()
	metrics, err := telemetry.New(telemetry.Config{Brokers: []string{"telia"}, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	observe := countBrokers(metrics)
	for state, want := range map[broker.State]string{broker.CircuitOpen: "1", broker.CircuitHalfOpen: "0", broker.CircuitClosed: "0"} {
		observe(broker.Observation{Broker: "telia", Step: circuitStep, Outcome: string(state)})
		answer := httptest.NewRecorder()
		metrics.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
		if line := `avain_broker_circuit_open{broker="telia"} ` + want; !strings.Contains(answer.Body.String(), line) {
			t.Errorf("%s: no %s", state, line)
		}
	}
}
