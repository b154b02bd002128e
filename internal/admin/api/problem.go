package api

import (
	"cmp"
	"errors"
	"math"
	"net/http"
	"strconv"

	"avain/internal/admin/api/openapi"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/web"
)

// invalid makes the error for wrong fields.
func invalid(mistakes fault.FieldErrors) error {
	return fault.New(fault.Invalid, login.ReasonRequestInvalid, mistakes).WithDetail("Something in the request is wrong; errors says what.")
}

// conflict makes the error for something that is in the way.
func conflict(detail string) *fault.Error {
	return fault.New(fault.Conflict, login.ReasonRequestInvalid, nil).WithDetail(detail)
}

// missing is the answer for what is not there and for what belongs to another employer
// (threat 25): nobody learns which.
func missing(err error) error {
	if err == nil || errors.Is(err, fault.ErrNotFound) {
		return fault.New(fault.NotFound, login.ReasonPageUnknown, err).WithDetail("There is nothing here, or it is not yours.")
	}
	return err
}

// words are what is said when an error has no detail of its own.
func words(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "Send an API key that is good."
	case http.StatusForbidden:
		return "The key may not do this."
	case http.StatusNotFound:
		return "There is nothing here, or it is not yours."
	case http.StatusTooManyRequests:
		return "The key is asking too often; come back later."
	case http.StatusRequestEntityTooLarge:
		return "The body is too large; send it in parts."
	case http.StatusServiceUnavailable:
		return "Come back later."
	case http.StatusInternalServerError:
		return "It is our fault. The support code leads us to what happened."
	default:
		return "Something in the request is wrong."
	}
}

// render writes a problem document (RFC 9457). Nothing of the cause reaches it but the
// names of wrong fields.
func render(w http.ResponseWriter, r *http.Request, e *fault.Error, status int) {
	doc := openapi.Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status, Reason: string(e.Reason),
		Detail: cmp.Or(e.Detail, words(status)), SupportCode: web.SupportCode(r.Context()),
	}
	if status >= http.StatusInternalServerError {
		doc.Detail = words(status)
	}
	if mistakes, ok := errors.AsType[fault.FieldErrors](e); ok {
		for _, m := range mistakes {
			doc.Errors = append(doc.Errors, openapi.Mistake{Field: m.Field, Detail: m.Detail})
		}
	}
	h := w.Header()
	if status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="avain admin"`)
	}
	if e.RetryAfter > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64(math.Ceil(e.RetryAfter.Seconds())), 10))
	}
	h.Set("Content-Type", "application/problem+json")
	web.WriteJSON(w, status, doc)
}
