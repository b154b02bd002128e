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

// Handler answers a request or returns an error, which one place renders. A handler
// that has begun to answer must not return an error any more.
type Handler func(w http.ResponseWriter, r *http.Request) error

// answerer renders an error in the form that the caller of a route understands.
type answerer func(w http.ResponseWriter, r *http.Request, e *fault.Error, status int)

// Page makes a route for people in browsers. Errors become HTML pages that say what
// happened and what to do next. State-changing requests from other sites are
// refused (login CSRF, threat 15). HEAD never reaches the handler: many a GET starts or
// finishes something, such as a login that comes back from its bank, and whoever asks
// for the head alone, a mail scanner or a previewer, means to change nothing.
func (k *Kit) Page(h Handler) http.Handler { return k.Framed(k.errorPage, h) }

// Framed is [Kit.Page] for pages that show errors in a look of their own: render writes
// them.
func (k *Kit) Framed(render func(w http.ResponseWriter, r *http.Request, e *fault.Error, status int), h Handler) http.Handler {
	return k.handle(render, func(w http.ResponseWriter, r *http.Request) error {
		if r.Method == http.MethodHead {
			return headOnly(w)
		}
		if err := k.origin.Check(r); err != nil {
			return fault.New(fault.Forbidden, login.ReasonCrossOrigin, err)
		}
		return h(w, r)
	})
}

// headOnly is the head of a page that nobody has made. It leaves out what only making
// the page would tell (RFC 9110 §9.3.2).
func headOnly(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusOK)
	return nil
}

// Reading makes a route for a page that only shows, such as the news: HEAD is what GET
// is, without the page.
func (k *Kit) Reading(h Handler) http.Handler { return k.handle(k.errorPage, h) }

// OAuth makes a protocol route for apps. Errors become OAuth error documents (RFC
// 6749 §5.2). No cookie is ever read there, so cross-origin protection has nothing
// to protect: who may read the answer in a browser is decided by [CORS].
func (k *Kit) OAuth(h Handler) http.Handler { return k.handle(k.oauthError, h) }

// Problem makes a route for apps and programs that is not OAuth. Errors become
// problem documents (RFC 9457) that name the wrong parameter.
func (k *Kit) Problem(h Handler) http.Handler { return k.handle(k.problem, h) }

// Custom makes a route for programs whose protocol has a form of errors of its own:
// render writes them.
func (k *Kit) Custom(render func(w http.ResponseWriter, r *http.Request, e *fault.Error, status int), h Handler) http.Handler {
	return k.handle(render, h)
}

func (k *Kit) handle(answer answerer, h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r, rec := withRecord(r)
		t := tracked(w)
		err := k.bounded(r, rec)
		if err == nil {
			err = guarded(t, r, h)
		}
		if err == nil {
			return
		}
		e, status := classify(err)
		rec.fail(e)
		if t.started {
			// Half an answer is out: cut the connection, so that nobody takes it for a whole one.
			panic(http.ErrAbortHandler)
		}
		if status == statusClientClosed {
			answer(t, r, e, http.StatusServiceUnavailable)
			t.status = statusClientClosed
			return
		}
		answer(t, r, e, status)
	})
}

// bounded refuses the requests of a network that sends too many. It stands here, so
// that the answer has the form that the route's callers read.
func (k *Kit) bounded(r *http.Request, rec *record) error {
	if k.cfg.Requests == nil || strings.HasPrefix(r.URL.Path, staticRoot) {
		return nil
	}
	return k.cfg.Requests.Check(rec.network.Key())
}

// guarded runs the handler and turns a panic into an error, so that a person gets
// a page and support gets a record with the stack.
func guarded(w http.ResponseWriter, r *http.Request, h Handler) (err error) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			panic(p)
		default:
			err = fault.New(fault.Internal, login.ReasonInternal, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	return h(w, r)
}

// statusClientClosed is the status in the record of a request whose caller left before the
// answer. It is nobody's fault. Whoever still listens, because it is the server
// that stops, gets 503.
const statusClientClosed = 499

// classify makes every error one that can be answered, and chooses the status.
func classify(err error) (*fault.Error, int) {
	e, known := errors.AsType[*fault.Error](err)
	if big, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fault.New(fault.Invalid, login.ReasonRequestInvalid, big).WithDetail("The request is too large."), http.StatusRequestEntityTooLarge
	}
	if errors.Is(err, context.Canceled) && (!known || e.Kind == fault.Internal) {
		return fault.New(fault.Unavailable, login.ReasonInternal, err), statusClientClosed
	}
	if errors.Is(err, context.DeadlineExceeded) && (!known || e.Kind == fault.Internal) {
		return fault.New(fault.Unavailable, login.ReasonInternal, err), http.StatusServiceUnavailable
	}
	e = fault.AsError(err)
	return e, statusOf(e.Kind)
}

func statusOf(kind fault.Kind) int {
	switch kind {
	case fault.Invalid:
		return http.StatusBadRequest
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Gone:
		return http.StatusGone
	case fault.TooMany:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// SeeOther sends the browser on with a GET (RFC 9110 §15.4.4) and no body: the
// location may hold an authorization code, which belongs nowhere else.
func SeeOther(w http.ResponseWriter, location string) error {
	w.Header().Set("Location", location)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusSeeOther)
	return nil
}
