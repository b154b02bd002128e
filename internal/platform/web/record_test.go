package web_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/reasons"
	"avain/internal/platform/web"
	"avain/internal/secret"

	"go.opentelemetry.io/otel/trace"
)

// TestThreat32RecordHoldsNoSecrets: a request that carries a secret or something
// personal in every place leaves none of it in its record, even when the error that
// it causes quotes them.
func TestThreat32RecordHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	code, hetu := secret.New().Reveal(), "131052-308T"
	jwt := "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMzEwNTItMzA4VCJ9.c2lnbmF0dXJl"
	canaries := []string{code, hetu, jwt, "131052308T", "maija@example.fi", "203.0.113.77", "Meikäläinen", "2001:db8:77::1"}
	causes := map[string]error{
		"http client": &url.Error{Op: "Get", URL: "https://broker.example/token?code=" + code + "&login_hint=maija@example.fi", Err: errors.New("refused")},
		"token":       fmt.Errorf("parse %s: bad signature", jwt),
		"half token":  fmt.Errorf("header eyJhbGciOiJSUzI1NiJ9.%s", code),
		"hetu":        fmt.Errorf("person %s is not valid; nor %s", hetu, "131052A308T"),
		"mail":        errors.New("550 no such user maija@example.fi"),
		"code":        fmt.Errorf("code=%s not found", code),
		"code inside": fmt.Errorf("{%q:%q}", "code", code),
		"hex":         fmt.Errorf("key %x", []byte(code)),
		"secret type": fmt.Errorf("code %s %v %+v", secret.Of(code), secret.Of(code), secret.Of(code)),
	}
	for name, cause := range causes {
		for _, kind := range []fault.Kind{fault.Internal, fault.Invalid, fault.Unavailable} {
			kit := newKit(t, nil)
			r := httptest.NewRequest(http.MethodPost, "/login/"+code+"?code="+code+"&id="+hetu, strings.NewReader("password="+code))
			r.RemoteAddr = "203.0.113.77:4711"
			r.Header.Set("Authorization", "DPoP "+jwt)
			r.Header.Set("Cookie", "__Host-avain-browser="+code)
			r.Header.Set("User-Agent", "Meikäläinen "+code)
			r.Header.Set("X-Forwarded-For", "2001:db8:77::1")
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			kit.serve("POST /login/{id}", kit.Page(failing(fault.New(kind, login.ReasonBrokerResponse, cause))), r)
			log := kit.log.String()
			for _, canary := range append(canaries, fmt.Sprintf("%x", code)) {
				if strings.Contains(log, canary) {
					t.Errorf("%s: the record holds %q: %s", name, canary, log)
				}
			}
		}
	}
}

func TestRecord(t *testing.T) {
	t.Parallel()
	var seen []web.Summary
	clock := noon()
	kit := newKit(t, func(c *web.Config) {
		c.Now = func() time.Time { clock = clock.Add(7 * time.Millisecond); return clock }
		c.Observe = func(_ context.Context, s web.Summary) { seen = append(seen, s) }
	})
	a := login.Attempt{ID: login.NewID(), SupportCode: "K7Q-4TM", Client: "smartumpay", Method: login.MethodDirect, State: login.StateOpened}
	h := kit.Page(func(_ http.ResponseWriter, r *http.Request) error {
		web.About(r.Context(), a)
		web.Note(r.Context(), web.FieldMeans, "kuikka\n\"x\" "+strings.Repeat("y", 100))
		web.Note(r.Context(), web.Field(99), "ignored")
		return fault.New(fault.Unavailable, login.ReasonBrokerDown, errors.New("dial tcp: connection refused"))
	})
	traceID := trace.TraceID{1, 2, 3}
	r := httptest.NewRequest(http.MethodPost, "/login/"+a.ID+"/means", nil)
	r = r.WithContext(trace.ContextWithSpanContext(r.Context(), trace.NewSpanContext(trace.SpanContextConfig{TraceID: traceID, SpanID: trace.SpanID{1}})))
	w := kit.serve("POST /login/{id}/means", h, r)
	record := kit.lastRecord(t)
	for field, want := range map[string]any{
		"msg": "request", "level": "ERROR", "method": "POST", "route": "/login/{id}/means", "status": float64(503), "duration_ms": float64(7),
		"support_code": "K7Q-4TM", "client": "smartumpay", "login_method": "direct", "reason": "broker_down", "kind": "unavailable",
		"bytes": float64(w.Body.Len()), "trace_id": traceID.String(), "means": "kuikka__x__" + strings.Repeat("y", 53),
	} {
		if record[field] != want {
			t.Errorf("%s is %v, want %v", field, record[field], want)
		}
	}
	if !strings.Contains(fmt.Sprint(record["error"]), "connection refused") {
		t.Errorf("the cause is missing: %v", record["error"])
	}
	if strings.Count(kit.log.String(), "\n") != 1 {
		t.Errorf("more than one record: %s", kit.log)
	}
	if len(seen) != 1 || seen[0].Route != "/login/{id}/means" || seen[0].Status != 503 || seen[0].Fields[web.FieldClient] != "smartumpay" {
		t.Errorf("observed %+v", seen)
	}
	if !strings.Contains(text(t, w), "K7Q-4TM") || !strings.Contains(text(t, w), `href="/login/`+a.ID+`"`) {
		t.Error("the page has no support code or no way back to the attempt")
	}
}

func TestFieldsHaveNames(t *testing.T) {
	t.Parallel()
	for f := web.FieldSupport; f <= web.FieldState; f++ {
		if !regexp.MustCompile(`^[a-z_]+$`).MatchString(f.String()) || f.String() == "unknown" {
			t.Errorf("field %d is called %q", f, f)
		}
	}
	if web.Field(-1).String() != "unknown" || web.Field(99).String() != "unknown" {
		t.Error("a field that is none has a name")
	}
}

func TestPagesWithoutAttemptMintASupportCode(t *testing.T) {
	t.Parallel()
	kit := newKit(t, nil)
	w := kit.serve("GET /", kit.Page(failing(errors.New("x"))), get("/"))
	code := fmt.Sprint(kit.lastRecord(t)["support_code"])
	if _, ok := login.ParseSupportCode(code); !ok || !strings.Contains(text(t, w), code) {
		t.Errorf("support code %q is not on the page", code)
	}
}

// A request that belongs to no attempt leaves no row: its support code itself tells an
// agent what happened.
func TestSupportCodeTellsTheReason(t *testing.T) {
	t.Parallel()
	kit := newKit(t, nil)
	fine := func(w http.ResponseWriter, r *http.Request) error {
		return kit.RenderLogout(w, r, web.LogoutPage{Client: "x", Action: "/logout"})
	}
	page, err := kit.Template(fstest.MapFS{"x.html": {Data: []byte(`{{define "main"}}x{{end}}`)}}, "x.html")
	if err != nil {
		t.Fatal(err)
	}
	ended := func(w http.ResponseWriter, r *http.Request) error {
		return kit.Render(w, r, http.StatusOK, web.Page{Template: page, Title: "reason.qr_expired.title"})
	}
	lateFailure := func(w http.ResponseWriter, r *http.Request) error {
		_ = web.SupportCode(r.Context()) // for a page that then did not come to be
		return fault.New(fault.Unavailable, login.ReasonBrokerDown, nil)
	}
	for name, c := range map[string]struct {
		handler http.Handler
		want    login.Reason
	}{
		"page":        {kit.Page(failing(fault.New(fault.Forbidden, login.ReasonVersionTooOld, nil))), login.ReasonVersionTooOld},
		"for an app":  {kit.OAuth(failing(fault.New(fault.Invalid, login.ReasonClockWrong, nil))), login.ReasonClockWrong},
		"for others":  {kit.Problem(failing(fault.BadParam("x", "missing"))), login.ReasonRequestInvalid},
		"our fault":   {kit.Page(failing(errors.New("x"))), login.ReasonInternal},
		"late":        {kit.Page(lateFailure), login.ReasonBrokerDown},
		"by its name": {kit.Page(ended), login.ReasonQRExpired},
		"nothing bad": {kit.Page(fine), login.ReasonNothingFailed},
	} {
		w := kit.serve("GET /", c.handler, get("/"))
		code := fmt.Sprint(kit.lastRecord(t)["support_code"])
		if e, _, ok := reasons.OfCode(code, noon()); !ok || e.Reason != c.want || !strings.Contains(text(t, w), code) {
			t.Errorf("%s: %s reads %s, %v; want %s", name, code, e.Reason, ok, c.want)
		}
	}
}

func TestNotesFromManyGoroutines(t *testing.T) {
	t.Parallel()
	kit := newKit(t, nil)
	kit.serve("GET /", kit.OAuth(func(w http.ResponseWriter, r *http.Request) error {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				web.Note(r.Context(), web.FieldStep, "start")
				web.Prefer(r.Context(), []string{"sv"})
				web.Offer(r.Context(), web.Ways{Retry: "/x"})
				_ = web.SupportCode(r.Context())
				_ = kit.Language(r)
			})
		}
		wg.Wait()
		web.WriteJSON(w, http.StatusOK, struct{}{})
		return nil
	}), get("/"))
	if kit.lastRecord(t)["step"] != "start" {
		t.Errorf("record %v", kit.lastRecord(t))
	}
}
