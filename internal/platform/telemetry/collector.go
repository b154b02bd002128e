package telemetry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"avain/internal/platform/bcp195"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

const (
	uploadTime = 10 * time.Second // OTLP exporter specification, OTEL_EXPORTER_OTLP_TIMEOUT
	maxRefusal = 4 << 10          // bytes of a collector's answer that are read, so that the connection is used again
)

// collector sends spans to an OTLP collector over HTTP. It stands in for the library's
// own client, which brings all of gRPC along: 2 MB of the program, and as much memory
// of an idle service, for one POST.
type collector struct {
	address string
	client  *http.Client
}

func newCollector(endpoint string) *collector {
	return &collector{endpoint + "/v1/traces", &http.Client{
		Timeout: uploadTime,
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSClientConfig: bcp195.TLS(),
			ForceAttemptHTTP2: true, IdleConnTimeout: 90 * time.Second,
		},
		// Traces go where the configuration says, and nowhere that an answer says.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Start connects nothing yet.
func (c *collector) Start(context.Context) error { return nil }

// Stop lets connections go.
func (c *collector) Stop(context.Context) error {
	c.client.CloseIdleConnections()
	return nil
}

// UploadTraces sends spans once: those that a collector does not take are lost. On the
// wire TracesData is what ExportTraceServiceRequest is (opentelemetry-proto, trace.proto:
// field 1 of both are the ResourceSpans).
func (c *collector) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	body, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-protobuf")
	answer, err := c.client.Do(request)
	if err != nil {
		return err
	}
	_, err = io.CopyN(io.Discard, answer.Body, maxRefusal)
	if closing := answer.Body.Close(); err == nil || errors.Is(err, io.EOF) {
		err = closing
	}
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("the collector answered HTTP %d", answer.StatusCode)
	}
	return err
}
