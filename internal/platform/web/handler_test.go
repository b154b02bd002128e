package web_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/web"
	"avain/internal/protocol/oauth"
)

// canary stands for everything that an answer must never show.
const canary = "CANARY-secret-of-the-database"

func failing(err error) web.Handler {
	return func(http.ResponseWriter, *http.Request) error { return err }
}

// renderers are the three forms in which an error is answered.
func renderers(k testKit) map[string]func(web.Handler) http.Handler {
	return map[string]func(web.Handler) http.Handler{"page": k.Page, "oauth": k.OAuth, "problem": k.Problem}
}

func TestEveryKindHasItsStatus(t *testing.T) {
	t.Parallel()
	kit := newKit(t, nil)
	page := map[fault.Kind]int{
		fault.Internal: 500, fault.Invalid: 400, fault.Unauthenticated: 401, fault.Forbidden: 403, fault.NotFound: 404,
		fault.Conflict: 409, fault.Gone: 410, fault.TooMany: 429, fault.Unavailable: 503,
	}
	codes := map[fault.Kind]string{
		fault.Internal: "server_error", fault.Invalid: "invalid_request", fault.Unauthenticated: "invalid_client",
		fault.Forbidden: "access_denied", fault.NotFound: "invalid_request", fault.Conflict: "invalid_grant",
		fault.Gone: "invalid_grant", fault.TooMany: "temporarily_unavailable", fault.Unavailable: "temporarily_unavailable",
	}
	for kind, status := range page {
		for name, wrap := range renderers(kit) {
			w := kit.serve("GET /", wrap(failing(fault.New(kind, login.ReasonBrokerDown, nil))), get("/"))
			if w.Code != status {
				t.Errorf("%s, %s: status %d, want %d", kind, name, w.Code, status)
			}
			if w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%s, %s: an error may be stored: %q", kind, name, w.Header().Get("Cache-Control"))
			}
			if name == "oauth" && decode(t, w)["error"] != codes[kind] {
				t.Errorf("%s: code %v, want %s", kind, decode(t, w)["error"], codes[kind])
			}
		}
	}
}

// TestThreat32NoInternalsLeak: the cause of an error reaches no answer, whatever its
// kind and however it was wrapped; nor does what a panic said.
func TestThreat32NoInternalsLeak(t *testing.T) {
	t.Parallel()
	kit := newKit(t, nil)
	cause := errors.New(canary)
	handlers := map[string]web.Handler{
		"unknown error":       failing(cause),
		"wrapped":             failing(fmt.Errorf("query: %w", cause)),
		"joined":              failing(errors.Join(cause, fault.New(fault.Gone, login.ReasonAttemptExpired, cause))),
		"internal and detail": failing(fault.New(fault.Internal, login.ReasonInternal, cause).WithDetail(canary)),
		"panic":               func(http.ResponseWriter, *http.Request) error { panic(canary) },
		"unknown reason":      failing(fault.New(fault.Forbidden, login.Reason("no_such_reason"), cause)),
		"unknown kind":        failing(fault.New(fault.Kind(99), login.ReasonInternal, cause)),
		"parameter name":      failing(fault.BadParam("<script>"+canary, "is wrong")),
	}
	for kind := fault.Internal; kind <= fault.Unavailable; kind++ {
		handlers["kind "+kind.String()] = failing(fault.New(kind, login.ReasonBrokerResponse, cause))
	}
	for what, h := range handlers {
		for name, wrap := range renderers(kit) {
			w := kit.serve("GET /", wrap(h), get("/"))
			if body := text(t, w); strings.Contains(body, canary) || strings.Contains(fmt.Sprint(w.Header()), canary) {
				t.Errorf("%s, %s: the cause leaked: %s", what, name, body)
			}
			if w.Body.Len() == 0 || w.Code < 400 {
				t.Errorf("%s, %s: status %d and %d bytes", what, name, w.Code, w.Body.Len())
			}
		}
	}
}

func TestHalfAnAnswerIsCutOff(t *testing.T) {
	t.Parallel()
	kit := newKit(t, nil)
	mux := http.NewServeMux()
	mux.Handle("GET /error", kit.Page(func(w http.ResponseWriter, _ *http.Request) error {
		_, _ = io.WriteString(w, strings.Repeat("half ", 4000))
		return errors.New("too late")
	}))
	mux.HandleFunc("GET /panic", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("half ", 4000))
		panic("too late")
	})
	server := httptest.NewServer(kit.Middleware(mux))
	defer server.Close()
	for _, path := range []string{"/error", "/panic"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := server.Client().Do(req)
		if err != nil {
			continue // cut before the header was read: just as good
		}
		if _, err := io.ReadAll(resp.Body); err == nil {
			t.Errorf("%s: half an answer looks like a whole one", path)
		}
		_ = resp.Body.Close()
	}
	if strings.Count(kit.log.String(), `"status":500`) != 2 {
		t.Errorf("records do not tell of the failures: %s", kit.log)
	}
}

func TestPanicOutsideAHandlerIsAnsweredToo(t *testing.T) {
	t.Parallel()
	kit := newKit(t, nil)
	bare := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(canary) })
	for accept, kind := range map[string]string{"text/html,*/*": "text/html; charset=utf-8", "": "application/problem+json"} {
		r := get("/")
		r.Header.Set("Accept", accept)
		w := kit.serve("GET /", bare, r)
		if w.Code != 500 || w.Header().Get("Content-Type") != kind || strings.Contains(text(t, w), canary) {
			t.Errorf("Accept %q: %d %s %s", accept, w.Code, w.Header().Get("Content-Type"), w.Body)
		}
	}
	if record := kit.lastRecord(t); record["level"] != "ERROR" || !strings.Contains(fmt.Sprint(record["error"]), "panic") {
		t.Errorf("record %v does not tell of the panic", record)
	}
}

func TestCallersWhoLeaveAreNobodysFault(t *testing.T) {
	t.Parallel()
	kit := newKit(t, nil)
	gone := failing(fmt.Errorf("query: %w", context.Canceled))
	kit.serve("GET /", kit.Page(gone), get("/"))
	if record := kit.lastRecord(t); record["status"] != float64(499) || record["level"] != "INFO" {
		t.Errorf("record %v blames somebody", record)
	}
	w := kit.serve("GET /", kit.OAuth(failing(fmt.Errorf("query: %w", context.DeadlineExceeded))), get("/"))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("out of time: status %d, want 503", w.Code)
	}
}

func TestLimitsOnBodyAndTime(t *testing.T) {
	t.Parallel()
	kit := newKit(t, func(c *web.Config) { c.MaxBody, c.Timeout = 100, time.Minute })
	read := func(w http.ResponseWriter, r *http.Request) error {
		if deadline, ok := r.Context().Deadline(); !ok || time.Until(deadline) > time.Minute {
			t.Error("the request may take for ever")
		}
		if err := r.ParseForm(); err != nil {
			return fmt.Errorf("form: %w", err)
		}
		web.WriteJSON(w, http.StatusOK, map[string]string{})
		return nil
	}
	small, large := url.Values{"a": {"b"}}, url.Values{"a": {strings.Repeat("b", 200)}}
	for name, wrap := range renderers(kit) {
		if w := kit.serve("POST /", wrap(read), post("/", small)); w.Code != http.StatusOK {
			t.Errorf("%s: small body: %d", name, w.Code)
		}
		if w := kit.serve("POST /", wrap(read), post("/", large)); w.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: large body: %d, want 413", name, w.Code)
		}
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	t.Parallel()
	kit := newKit(t, nil)
	ok := kit.Page(func(w http.ResponseWriter, _ *http.Request) error { w.WriteHeader(http.StatusNoContent); return nil })
	for _, tc := range []struct {
		method, path, accept string
		status               int
		kind                 string
	}{
		{"GET", "/there", "text/html", 204, ""},
		{"GET", "/nowhere", "text/html,application/xhtml+xml", 404, "text/html; charset=utf-8"},
		{"GET", "/nowhere", "application/json", 404, "application/problem+json"},
		{"POST", "/nowhere", "", 404, "application/problem+json"},
		{"POST", "/there", "text/html", 405, "text/html; charset=utf-8"},
		{"DELETE", "/there", "", 405, "application/problem+json"},
	} {
		r := httptest.NewRequest(tc.method, tc.path, nil)
		r.Header.Set("Accept", tc.accept)
		w := kit.serve("GET /there", ok, r)
		if w.Code != tc.status || w.Header().Get("Content-Type") != tc.kind {
			t.Errorf("%s %s: %d %q, want %d %q", tc.method, tc.path, w.Code, w.Header().Get("Content-Type"), tc.status, tc.kind)
		}
		if tc.status == 405 && w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s %s: Allow %q", tc.method, tc.path, w.Header().Get("Allow"))
		}
		if tc.status >= 400 && kit.lastRecord(t)["route"] != "unmatched" {
			t.Errorf("%s %s: record %v names a route", tc.method, tc.path, kit.lastRecord(t))
		}
	}
}

func TestSeeOtherHasNoBody(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	if err := web.SeeOther(w, "app:/cb?code=x"); err != nil {
		t.Fatal(err)
	}
	if w.Code != 303 || w.Body.Len() != 0 || w.Header().Get("Location") != "app:/cb?code=x" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
	}
}

func TestHandlersWorkWithoutMiddleware(t *testing.T) {
	t.Parallel()
	kit := newKit(t, nil)
	for name, wrap := range renderers(kit) {
		w := httptest.NewRecorder()
		wrap(func(_ http.ResponseWriter, r *http.Request) error {
			web.Note(r.Context(), web.FieldClient, "smartumpay")
			web.About(r.Context(), login.Attempt{})
			if got := web.NetworkKey(r.Context()); got != "unknown" {
				t.Errorf("network %q", got)
			}
			return fault.New(fault.Gone, login.ReasonAttemptExpired, nil)
		}).ServeHTTP(w, get("/"))
		if w.Code != 410 || w.Body.Len() == 0 {
			t.Errorf("%s: %d, %d bytes", name, w.Code, w.Body.Len())
		}
	}
	if got := web.SupportCode(t.Context()); got != "" {
		t.Errorf("support code %q out of nowhere", got)
	}
}

func TestOAuthErrorDocuments(t *testing.T) {
	t.Parallel()
	kit := newKit(t, nil)
	slow := fault.New(fault.TooMany, login.ReasonRateLimited, nil)
	slow.RetryAfter = 1500 * time.Millisecond
	for name, tc := range map[string]struct {
		err           error
		authorization string
		status        int
		want          map[string]any
		challenge     []string
		retry         string
	}{
		"parameter": {
			fault.BadParam("code_verifier", "must be 43 to 128 characters"), "", 400,
			map[string]any{"error": "invalid_request", "error_description": "code_verifier: must be 43 to 128 characters", "reason": "request_invalid"},
			nil, "",
		},
		"own code keeps to its status": {
			fault.New(fault.Forbidden, login.ReasonPersonLocked, nil).WithCode(oauth.InvalidGrant), "", 400,
			map[string]any{"error": "invalid_grant", "reason": "person_locked"},
			nil, "",
		},
		"client": {
			fault.New(fault.Unauthenticated, login.ReasonClientRefused, nil), "Basic eDp5", 401,
			map[string]any{"error": "invalid_client"},
			[]string{`Basic realm="avain", charset="UTF-8"`},
			"",
		},
		"bearer token": {
			fault.New(fault.Unauthenticated, login.ReasonTokenInvalid, nil).WithCode(oauth.InvalidToken), "Bearer x", 401,
			map[string]any{"error": "invalid_token"},
			[]string{`Bearer realm="avain", error="invalid_token"`, `DPoP algs="ES256 PS256 EdDSA"`},
			"",
		},
		"DPoP token": {
			fault.New(fault.Unauthenticated, login.ReasonTokenInvalid, nil).WithCode(oauth.InvalidToken), "DPoP x", 401,
			map[string]any{"error": "invalid_token"},
			[]string{`DPoP algs="ES256 PS256 EdDSA", error="invalid_token"`},
			"",
		},
		"some other scheme": { // RFC 9449 §7.2: when the scheme is not clear, both say what was wrong
			fault.New(fault.Unauthenticated, login.ReasonTokenInvalid, nil).WithCode(oauth.InvalidToken), "Basic x", 401,
			map[string]any{"error": "invalid_token"},
			[]string{`Bearer realm="avain", error="invalid_token"`, `DPoP algs="ES256 PS256 EdDSA", error="invalid_token"`},
			"",
		},
		"no token": {
			fault.New(fault.Unauthenticated, login.ReasonTokenInvalid, nil).WithCode(oauth.InvalidToken), "", 401,
			map[string]any{"error": "invalid_token"},
			[]string{`Bearer realm="avain"`, `DPoP algs="ES256 PS256 EdDSA"`},
			"",
		},
		"nonce at the token endpoint": { // RFC 9449 §8
			fault.New(fault.Invalid, login.ReasonProofInvalid, nil).WithCode(oauth.UseDPoPNonce), "", 400,
			map[string]any{"error": "use_dpop_nonce"},
			nil, "",
		},
		"nonce at a resource": { // RFC 9449 §9
			fault.New(fault.Unauthenticated, login.ReasonProofInvalid, nil).WithCode(oauth.UseDPoPNonce), "DPoP x", 401,
			map[string]any{"error": "use_dpop_nonce"},
			[]string{`DPoP algs="ES256 PS256 EdDSA", error="use_dpop_nonce"`},
			"",
		},
		"scope": {
			fault.New(fault.Forbidden, login.ReasonTokenInvalid, nil).WithCode(oauth.InsufficientScope), "Bearer x", 403,
			map[string]any{"error": "insufficient_scope"},
			[]string{`Bearer realm="avain", error="insufficient_scope"`, `DPoP algs="ES256 PS256 EdDSA"`},
			"",
		},
		"slow down": {slow, "", 429, map[string]any{"error": "temporarily_unavailable", "reason": "rate_limited"}, nil, "2"},
		"characters of the description": {
			fault.BadParam("x", "\"quoted\" \\ ä\n"), "", 400,
			map[string]any{"error_description": "x: _quoted_ _ __"},
			nil, "",
		},
	} {
		r := post("/token", nil)
		if tc.authorization != "" {
			r.Header.Set("Authorization", tc.authorization)
		}
		w := kit.serve("POST /token", kit.OAuth(failing(tc.err)), r)
		doc := decode(t, w)
		if w.Code != tc.status || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s, want %d", name, w.Code, w.Header().Get("Content-Type"), tc.status)
		}
		for member, want := range tc.want {
			if doc[member] != want {
				t.Errorf("%s: %s is %q, want %q", name, member, doc[member], want)
			}
		}
		if got := w.Header().Values("WWW-Authenticate"); fmt.Sprint(got) != fmt.Sprint(tc.challenge) {
			t.Errorf("%s: WWW-Authenticate %q, want %q", name, got, tc.challenge)
		}
		if got := w.Header().Get("Retry-After"); got != tc.retry {
			t.Errorf("%s: Retry-After %q, want %q", name, got, tc.retry)
		}
		if code, ok := login.ParseSupportCode(fmt.Sprint(doc["support_code"])); !ok || kit.lastRecord(t)["support_code"] != code {
			t.Errorf("%s: support code %v leads to no record", name, doc["support_code"])
		}
	}
}

func TestProblemNamesTheParameter(t *testing.T) {
	t.Parallel()
	kit := newKit(t, nil)
	w := kit.serve("GET /", kit.Problem(failing(fault.BadParam("version", "must look like 1.16.0"))), get("/"))
	doc := decode(t, w)
	for member, want := range map[string]any{
		"type": "about:blank", "title": "Bad Request", "status": float64(400), "parameter": "version",
		"detail": "version: must look like 1.16.0", "reason": "request_invalid",
	} {
		if doc[member] != want {
			t.Errorf("%s is %v, want %v", member, doc[member], want)
		}
	}
	if w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("Content-Type %q", w.Header().Get("Content-Type"))
	}
}

func TestWriteJSONKeepsWhatAHandlerPublishes(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", "application/jwk-set+json")
	w.Header().Set("Cache-Control", "public, max-age=300")
	web.WriteJSON(w, http.StatusOK, map[string]string{"a": "</script>"})
	if w.Header().Get("Content-Type") != "application/jwk-set+json" || w.Header().Get("Cache-Control") != "public, max-age=300" {
		t.Errorf("headers %v were replaced", w.Header())
	}
	if strings.Contains(w.Body.String(), "<") {
		t.Errorf("%s holds a tag", w.Body)
	}
	w = httptest.NewRecorder()
	web.WriteJSON(w, http.StatusOK, func() {})
	if w.Code != 500 || w.Body.Len() != 0 {
		t.Errorf("a value that is no JSON: %d %q", w.Code, w.Body)
	}
}

// HEAD reaches no page that could start something: its handler is not called.
func TestHeadChangesNothing(t *testing.T) {
	t.Parallel()
	kit := newKit(t, nil)
	called := false
	h := kit.Page(func(w http.ResponseWriter, _ *http.Request) error {
		called = true
		http.SetCookie(w, &http.Cookie{Name: "x", Value: "y"})
		return web.SeeOther(w, "/")
	})
	w := kit.serve("GET /authorize", h, httptest.NewRequest(http.MethodHead, "/authorize", nil))
	if called || w.Code != http.StatusOK || w.Body.Len() != 0 || w.Header().Get("Set-Cookie") != "" || w.Header().Get("Referrer-Policy") != "same-origin" {
		t.Errorf("called: %v; %d %v", called, w.Code, w.Header())
	}
}
