package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// TracingConfig says where traces go.
type TracingConfig struct {
	Endpoint    string  // base address of an OTLP/HTTP collector; empty: no traces
	SampleRatio float64 // share of requests, 0 to 1
	Version     string
	Log         *slog.Logger // what cannot be exported is told here
}

// Tracing makes one span per request.
type Tracing struct {
	tracer   trace.Tracer
	shutdown func(context.Context) error
}

// StartTracing connects nothing yet: spans are sent in batches, and a collector that
// is away costs spans, never a login.
func StartTracing(ctx context.Context, c TracingConfig) (*Tracing, error) {
	if c.Endpoint == "" {
		return &Tracing{noop.NewTracerProvider().Tracer(""), func(context.Context) error { return nil }}, nil
	}
	exporter, err := otlptrace.New(ctx, newCollector(c.Endpoint))
	if err != nil {
		return nil, fmt.Errorf("telemetry: trace exporter: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { c.Log.Warn("traces were lost", "error", err) }))
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter),
		sdktrace.WithSampler(sdktrace.TraceIDRatioBased(c.SampleRatio)),
		sdktrace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "avain"), attribute.String("service.version", c.Version),
		)),
	)
	return &Tracing{provider.Tracer("avain"), provider.Shutdown}, nil
}

// Middleware opens a span around each request. Its name and attributes are set at
// the end by [Metrics.RequestServed], from the request record: the library's own
// middleware would write down paths, which hold ids, and the caller's address.
//
// Every span is a root: a traceparent header from outside is not believed, or a
// stranger could decide what is sampled and join other people's traces.
func (t *Tracing) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, span := t.tracer.Start(r.Context(), "request", trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindServer))
		defer span.End()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// Shutdown sends what is waiting.
func (t *Tracing) Shutdown(ctx context.Context) error { return t.shutdown(ctx) }
