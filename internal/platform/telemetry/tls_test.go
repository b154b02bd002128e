package telemetry

import (
	"testing"

	"avain/internal/platform/bcp195/bcp195test"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

func TestCollectorsMeetBCP195(t *testing.T) {
	t.Parallel()
	bcp195test.Client(t, nil, func(address string) {
		c := newCollector("https://" + address)
		t.Cleanup(c.client.CloseIdleConnections)
		if err := c.UploadTraces(t.Context(), []*tracepb.ResourceSpans{{}}); err == nil {
			t.Error("spans went without a handshake")
		}
	})
}
