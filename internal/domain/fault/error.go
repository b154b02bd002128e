package fault

import (
	"errors"
	"fmt"
	"time"

	"avain/internal/domain/login"
)

// Kind says how an error is answered, independent of the transport.
type Kind int

// The kinds. The zero value is Internal, so that an error which nobody classified
// is answered as our fault and tells nothing.
const (
	Internal        Kind = iota // our fault; the cause is logged, the answer says nothing of it
	Invalid                     // the request is wrong; Param names the parameter
	Unauthenticated             // no valid proof of who is calling
	Forbidden                   // known, but not allowed
	NotFound                    // nothing there, or not yours: the two look the same
	Conflict                    // it has already happened, or happened otherwise
	Gone                        // it was there; it is used, expired or ended
	TooMany                     // slow down; RetryAfter says for how long
	Unavailable                 // someone we depend on does not answer
)

func (k Kind) String() string {
	names := [...]string{"internal", "invalid", "unauthenticated", "forbidden", "not_found", "conflict", "gone", "too_many", "unavailable"}
	if k < 0 || int(k) >= len(names) {
		return "internal"
	}
	return names[k]
}

// Error is the one error type that crosses layers. Reason chooses the words that a
// person reads, Code and Detail are for the developer of a client, and the cause
// stays inside: it reaches the log and never an answer.
type Error struct {
	Kind       Kind
	Reason     login.Reason  // entry in the catalogue of reasons; chooses the text on pages
	Param      string        // name of the request parameter that was wrong, if one was
	Code       string        // OAuth error code, when it is not the one that Kind implies
	Detail     string        // one safe English sentence or machine word; never a value that came in
	RetryAfter time.Duration // for TooMany and Unavailable; 0 means unknown
	cause      error
}

// New makes an error. The cause may be nil.
func New(kind Kind, reason login.Reason, cause error) *Error {
	return &Error{Kind: kind, Reason: reason, cause: cause}
}

// BadParam makes the error for a request parameter that is missing or wrong.
// Detail says what was expected, in English, without repeating the value.
func BadParam(param, detail string) *Error {
	return &Error{Kind: Invalid, Reason: login.ReasonRequestInvalid, Param: param, Detail: detail}
}

// WithDetail returns a copy with Detail set.
func (e *Error) WithDetail(detail string) *Error {
	c := *e
	c.Detail = detail
	return &c
}

// WithCode returns a copy with the OAuth error code set.
func (e *Error) WithCode(code string) *Error {
	c := *e
	c.Code = code
	return &c
}

// Error is for logs: it includes the cause.
func (e *Error) Error() string {
	s := e.Kind.String()
	if e.Reason != "" {
		s += " " + string(e.Reason)
	}
	if e.Param != "" {
		s += fmt.Sprintf(" (%s)", e.Param)
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// Unwrap gives the hidden cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.cause }

// AsError classifies any error: one that nobody classified is Internal.
func AsError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return New(Internal, login.ReasonInternal, err)
}

// HasReason reports whether err carries the reason.
func HasReason(err error, reason login.Reason) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Reason == reason
}

// Errors that the store answers with. Domain packages turn them into an Error.
var (
	ErrNotFound = errors.New("not found")
	ErrMoved    = errors.New("the attempt is not in a state that allows this")
	ErrReplayed = errors.New("used before")
	ErrExists   = errors.New("exists already")
)
