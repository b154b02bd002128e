package telemetry_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"avain/internal/domain/login"
	"avain/internal/platform/telemetry"
	"avain/internal/platform/web"
	"avain/internal/secret"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// collector is an OTLP collector that keeps what it was sent.
type collector struct {
	mu   sync.Mutex
	sent bytes.Buffer
	last collectorpb.ExportTraceServiceRequest
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		zipped, err := gzip.NewReader(r.Body)
		if err != nil {
			http.Error(w, "gzip", http.StatusBadRequest)
			return
		}
		body = zipped
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(&c.sent, "%s ", r.URL.Path)
	spans, err := io.ReadAll(body)
	if err == nil {
		// The collectors' own type: it must find every byte of it.
		err = proto.Unmarshal(spans, &c.last)
	}
	if err != nil || len(c.last.ProtoReflect().GetUnknown()) > 0 || r.Header.Get("Content-Type") != "application/x-protobuf" {
		http.Error(w, "no spans", http.StatusBadRequest)
		return
	}
	_, _ = c.sent.Write(spans)
}

// TestThreat35TracesGoNowhereElse: a collector that refuses costs spans and nothing else,
// and one that redirects does not choose where they go.
func TestThreat35TracesGoNowhereElse(t *testing.T) {
	t.Parallel()
	var asked, misled atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { misled.Add(1) }))
	defer elsewhere.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect) // keeps the POST and its body
	}))
	defer server.Close()
	tracing, err := telemetry.StartTracing(t.Context(), telemetry.TracingConfig{
		Endpoint: server.URL, SampleRatio: 1, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	tracing.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).
		ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	if err := tracing.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if asked.Load() != 1 || misled.Load() != 0 {
		t.Errorf("asked %d times, misled %d times", asked.Load(), misled.Load())
	}
}

// TestThreat32TracesNameRoutesOnly looks for canaries in what leaves the process.
func TestThreat32TracesNameRoutesOnly(t *testing.T) {
	t.Parallel()
	c := &collector{}
	server := httptest.NewServer(c)
	defer server.Close()
	tracing, err := telemetry.StartTracing(t.Context(), telemetry.TracingConfig{
		Endpoint: server.URL, SampleRatio: 1, Version: "1.2.3", Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	m := newMetrics(t)
	handler := tracing.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.RequestServed(r.Context(), web.Summary{
			Method: r.Method, Route: "/login/{id}", Status: 500,
			Fields: map[web.Field]string{web.FieldReason: string(login.ReasonBrokerDown)},
		})
	}))
	r := httptest.NewRequest(http.MethodGet, "/login/canary-id?code=canary-code", nil)
	r.Header.Set("User-Agent", "canary-browser")
	r.Header.Set("Cookie", "canary=canary")
	r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	r.RemoteAddr = "198.51.100.7:1"
	handler.ServeHTTP(httptest.NewRecorder(), r)
	if err := tracing.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if spans := c.last.GetResourceSpans(); len(spans) != 1 || len(spans[0].GetScopeSpans()) != 1 || len(spans[0].GetScopeSpans()[0].GetSpans()) != 1 {
		t.Errorf("sent %v", spans)
	}
	sent := c.sent.String()
	for _, want := range []string{"/v1/traces", "GET /login/{id}", "broker_down", "avain", "1.2.3"} {
		if !strings.Contains(sent, want) {
			t.Errorf("the trace lacks %q", want)
		}
	}
	for _, bad := range []string{"canary", "198.51.100.7", "\x0a\xf7\x65\x19\x16\xcd"} {
		if strings.Contains(sent, bad) {
			t.Errorf("the trace holds %q", bad)
		}
	}
}

func TestNoTracesUnlessConfigured(t *testing.T) {
	t.Parallel()
	tracing, err := telemetry.StartTracing(t.Context(), telemetry.TracingConfig{})
	if err != nil {
		t.Fatal(err)
	}
	called := false
	tracing.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true })).
		ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	if err := tracing.Shutdown(t.Context()); err != nil || !called {
		t.Errorf("%v, called %v", err, called)
	}
}

// TestThreat32LogsHideSecrets logs every type of secret that the service knows.
func TestThreat32LogsHideSecrets(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log, err := telemetry.NewLog(&out, "debug")
	if err != nil {
		t.Fatal(err)
	}
	hidden := secret.Of("canary")
	log.Info("loaded", "secret", hidden, "client", login.Client{ID: "app", Secret: hidden}, "list", []secret.Text{hidden},
		"map", map[string]secret.Text{"a": hidden}, "pointer", &hidden)
	log.With("with", hidden).WithGroup("g").Error("failed", "error", fmt.Errorf("wrapped %v %s %+v %#v", hidden, hidden, hidden, hidden))
	if strings.Contains(out.String(), "canary") {
		t.Errorf("logged: %s", out.String())
	}
	if !strings.Contains(out.String(), `Z","level":"INFO"`) {
		t.Errorf("not JSON in UTC: %s", out.String())
	}
}

func TestLogLevels(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log, err := telemetry.NewLog(&out, "warn")
	if err != nil {
		t.Fatal(err)
	}
	log.Info("quiet")
	log.Warn("loud")
	if strings.Contains(out.String(), "quiet") || !strings.Contains(out.String(), "loud") {
		t.Errorf("logged: %s", out.String())
	}
	if _, err := telemetry.NewLog(&out, "loudest"); err == nil {
		t.Error("an unknown level is accepted")
	}
}
