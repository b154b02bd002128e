package web

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/reasons"

	"go.opentelemetry.io/otel/trace"
)

// Field is a name that a request record may carry. The list is closed: a handler
// cannot invent one, so nobody logs a name, an address or a token by accident.
type Field int

// The fields that handlers may add with [Note].
const (
	FieldSupport Field = iota // support code of the attempt
	FieldClient               // client id, only once it is known to be one of ours
	FieldMethod               // login.Method
	FieldMeans                // id of the means
	FieldBroker               // id of the broker
	FieldReason               // login.Reason
	FieldOutcome              // login.OutcomeOK, OutcomeRefused, OutcomeFailed
	FieldGrant                // grant type at the token endpoint
	FieldStep                 // step of the attempt, as in its timeline
	FieldState                // login.State
	fieldCount
)

func (f Field) String() string {
	names := [fieldCount]string{
		"support_code", "client", "login_method", "means", "broker", "reason", "outcome", "grant", "step", "state",
	}
	if f < 0 || f >= fieldCount {
		return "unknown"
	}
	return names[f]
}

// Summary is what a request record holds, for metrics. It has no value of high
// cardinality except Support.
type Summary struct {
	Method   string // HTTP method
	Route    string // pattern that matched, never the path
	Status   int
	Bytes    int64
	Duration time.Duration
	Fields   map[Field]string
}

// record gathers what is known about one request until it is over.
type record struct {
	mu      sync.Mutex
	began   time.Time
	fields  [fieldCount]string
	minted  bool   // the support code is made of the reason, not an attempt's
	attempt string // id of the attempt that the request is about
	locales []string
	ways    Ways
	err     *fault.Error
	network Caller
}

type recordKey struct{}

func recordOf(ctx context.Context) *record {
	rec, _ := ctx.Value(recordKey{}).(*record)
	return rec
}

// withRecord gives the request a record unless it has one: middleware makes it, and
// a handler that is called without middleware gets one of its own.
func withRecord(r *http.Request) (*http.Request, *record) {
	if rec := recordOf(r.Context()); rec != nil {
		return r, rec
	}
	rec := &record{}
	return r.WithContext(context.WithValue(r.Context(), recordKey{}, rec)), rec
}

// Note adds a field to the record of the request. Values are words of ours: ids
// from configuration, reasons, states. Never pass what a caller sent unchecked,
// and never a secret, a name or an address.
func Note(ctx context.Context, field Field, value string) {
	rec := recordOf(ctx)
	if rec == nil || field < 0 || field >= fieldCount {
		return
	}
	rec.mu.Lock()
	defer rec.mu.Unlock()
	rec.fields[field] = word(value)
}

// noteUnless adds a field that nobody has noted yet.
func noteUnless(ctx context.Context, field Field, value string) {
	rec := recordOf(ctx)
	if rec == nil {
		return
	}
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if rec.fields[field] == "" {
		rec.fields[field] = word(value)
	}
}

// word keeps a value to a short printable word, so that a record stays one line of
// bounded length whatever a handler passes.
func word(s string) string {
	const most = 64
	b := make([]byte, 0, min(len(s), most))
	for i := 0; i < len(s) && len(b) < most; i++ {
		if c := s[i]; c > ' ' && c < 0x7f && c != '"' && c != '\\' {
			b = append(b, c)
		} else {
			b = append(b, '_')
		}
	}
	return string(b)
}

// About tells the record and the error page which attempt the request is about:
// its support code, client and method, the language the app asked for, and where
// "try again" leads.
func About(ctx context.Context, a login.Attempt) {
	Note(ctx, FieldSupport, a.SupportCode)
	Note(ctx, FieldClient, a.Client)
	Note(ctx, FieldMethod, string(a.Method))
	if rec := recordOf(ctx); rec != nil {
		rec.mu.Lock()
		rec.attempt = a.ID
		rec.mu.Unlock()
	}
	Prefer(ctx, a.Request.UILocales)
	if !a.State.Over() && login.ValidID(a.ID) {
		Offer(ctx, Ways{Retry: "/login/" + a.ID, Choose: "/login/" + a.ID})
	}
}

// Prefer sets the languages that the app asked for (ui_locales, OpenID Connect Core
// §3.1.2.1), best first. A switch by the person on the page goes before them.
func Prefer(ctx context.Context, locales []string) {
	if rec := recordOf(ctx); rec != nil {
		rec.mu.Lock()
		defer rec.mu.Unlock()
		rec.locales = locales
	}
}

// Ways are the ways on from an error page. An empty one is not offered.
type Ways struct {
	Retry  string // path of ours where the same thing can be tried again
	Choose string // path of ours where another bank or method can be chosen
	App    string // back to the app: its redirect URI with the error response
}

// Offer adds ways on to the error page of this request. An empty way leaves what
// was offered before.
func Offer(ctx context.Context, ways Ways) {
	rec := recordOf(ctx)
	if rec == nil {
		return
	}
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if ways.Retry != "" {
		rec.ways.Retry = ways.Retry
	}
	if ways.Choose != "" {
		rec.ways.Choose = ways.Choose
	}
	if ways.App != "" {
		rec.ways.App = ways.App
	}
}

// SupportCode is the code of the attempt that the request is about; without one, a code
// that says by itself why the request was refused, and leads to its record. It is empty
// without a record.
func SupportCode(ctx context.Context) string {
	rec := recordOf(ctx)
	if rec == nil {
		return ""
	}
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if rec.fields[FieldSupport] == "" {
		reason := login.ReasonNothingFailed
		if noted := rec.fields[FieldReason]; noted != "" {
			reason = login.Reason(noted)
		}
		rec.fields[FieldSupport], rec.minted = reasons.Code(reason, rec.began), true
	}
	return rec.fields[FieldSupport]
}

func (rec *record) fail(err *fault.Error) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	rec.err = err
	if rec.fields[FieldReason] == "" {
		rec.fields[FieldReason] = string(err.Reason)
	}
	if rec.minted { // for a page that did not come to be: the code must tell of this failure
		rec.fields[FieldSupport], rec.minted = "", false
	}
}

func (rec *record) snapshot() (locales []string, ways Ways) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	return rec.locales, rec.ways
}

// write emits the record, once, when the request is over. It holds the route
// pattern instead of the path (paths carry ids), no query and no address.
func (k *Kit) write(ctx context.Context, rec *record, s Summary) {
	rec.mu.Lock()
	s.Fields = make(map[Field]string, fieldCount)
	attrs := make([]slog.Attr, 0, 8+int(fieldCount))
	attrs = append(attrs,
		slog.String("method", word(s.Method)),
		slog.String("route", s.Route),
		slog.Int("status", s.Status),
		slog.Float64("duration_ms", float64(s.Duration.Microseconds())/1000),
		slog.Int64("bytes", s.Bytes),
	)
	for f, value := range rec.fields {
		if value != "" {
			s.Fields[Field(f)] = value
			attrs = append(attrs, slog.String(Field(f).String(), value))
		}
	}
	if rec.err != nil {
		attrs = append(attrs, slog.String("kind", rec.err.Kind.String()), slog.String("error", Scrub(rec.err.Error())))
	}
	rec.mu.Unlock()
	if span := trace.SpanContextFromContext(ctx); span.HasTraceID() {
		attrs = append(attrs, slog.String("trace_id", span.TraceID().String()))
	}
	level := slog.LevelInfo
	if s.Status >= 500 {
		level = slog.LevelError
	}
	k.cfg.Log.LogAttrs(ctx, level, "request", attrs...)
	if k.cfg.Observe != nil {
		k.cfg.Observe(ctx, s)
	}
}
