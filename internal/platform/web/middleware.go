package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
)

// Middleware serves the routes of mux with everything that surrounds a request:
// the caller's address, security headers on whatever is answered, limits on body
// and time, the last catch of panics, and one record when it is over.
//
// It takes the mux itself, because what no route matches is answered here too: a
// page for people, a problem document for programs.
func (k *Kit) Middleware(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := k.now()
		rec := &record{began: start, network: k.resolver.caller(r)}
		ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), recordKey{}, rec), k.cfg.Timeout)
		defer cancel()
		r = r.WithContext(ctx)
		t := &writer{ResponseWriter: w, status: http.StatusOK}
		k.secureHeaders(t.Header())
		r.Body = http.MaxBytesReader(w, r.Body, k.cfg.MaxBody)

		aborted := k.serve(mux, t, r, rec)
		if aborted {
			t.status = http.StatusInternalServerError
		}
		k.write(ctx, rec, Summary{
			Method: r.Method, Route: route(r), Status: t.status, Bytes: t.bytes, Duration: k.now().Sub(start),
		})
		if aborted {
			panic(http.ErrAbortHandler)
		}
	})
}

// serve runs the route. It reports whether the connection must be cut because half
// an answer is out.
func (k *Kit) serve(mux *http.ServeMux, t *writer, r *http.Request, rec *record) (aborted bool) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if cause, ok := p.(error); t.started || ok && errors.Is(cause, http.ErrAbortHandler) {
			aborted = true
			return
		}
		e := fault.New(fault.Internal, login.ReasonInternal, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		rec.fail(e)
		k.answerStranger(t, r, e, http.StatusInternalServerError)
	}()
	h, pattern := mux.Handler(r)
	if pattern == "" {
		k.unmatched(t, r, h)
		return false
	}
	mux.ServeHTTP(t, r)
	return false
}

// unmatched answers what no route matches. The mux knows whether it is the path or
// only the method that is wrong; its plain answer is read and replaced by ours.
func (k *Kit) unmatched(t *writer, r *http.Request, plain http.Handler) {
	probe := &probe{header: http.Header{}}
	plain.ServeHTTP(probe, r)
	e, status := fault.New(fault.NotFound, login.ReasonPageUnknown, nil), http.StatusNotFound
	if probe.status == http.StatusMethodNotAllowed {
		t.Header().Set("Allow", probe.header.Get("Allow"))
		e, status = fault.BadParam("", "The method is not allowed here."), http.StatusMethodNotAllowed
	}
	_, rec := withRecord(r)
	rec.fail(e)
	k.answerStranger(t, r, e, status)
}

// answerStranger answers a request of which we do not know who speaks: a page when
// HTML is asked for, a problem document otherwise.
func (k *Kit) answerStranger(w http.ResponseWriter, r *http.Request, e *fault.Error, status int) {
	if wantsPage(r) {
		k.errorPage(w, r, e, status)
		return
	}
	k.problem(w, r, e, status)
}

// wantsPage reports whether HTML is asked for, as browsers do when they go somewhere.
func wantsPage(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

// route is the pattern of the request without its method.
func route(r *http.Request) string {
	pattern := r.Pattern
	if _, path, ok := strings.Cut(pattern, " "); ok {
		pattern = path
	}
	if pattern == "" {
		return "unmatched"
	}
	return pattern
}

// probe reads the status and headers of an answer and drops its body.
type probe struct {
	header http.Header
	status int
}

func (p *probe) Header() http.Header         { return p.header }
func (p *probe) Write(b []byte) (int, error) { return len(b), nil }
func (p *probe) WriteHeader(status int)      { p.status = status }
