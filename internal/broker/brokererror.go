package broker

import (
	"errors"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
)

// brokerError is a failure on the way to a fault.Error: a stable machine word, and whether
// it speaks against the broker's health. Words are never built from what came in.
type brokerError struct {
	word string // such as "jwks.expired"
	down bool   // counts for the circuit breaker
	err  error  // for the log
}

func (f *brokerError) Error() string {
	if f.err == nil {
		return f.word
	}
	// Parsers quote what they could not read: a hostile token must not fill the log.
	cause := f.err.Error()
	if len(cause) > maxCause {
		cause = cause[:maxCause] + "…"
	}
	return f.word + ": " + cause
}

const maxCause = 300

func (f *brokerError) Unwrap() error { return f.err }

var errExpired = &brokerError{word: "jwks.expired"}

// transport makes the error for a broker that does not answer as it should.
func transport(f *brokerError) *fault.Error {
	reason := login.ReasonBrokerError
	switch wordAfterDot(f.word) {
	case "timeout":
		reason = login.ReasonBrokerSlow
	case "unreachable":
		reason = login.ReasonBrokerDown
	}
	return fault.New(fault.Unavailable, reason, f).WithDetail(f.word)
}

// refuse makes the error for an answer that did not pass a check. It is Forbidden,
// not Unavailable: nobody is logged in, and trying the same again does not help.
func refuse(reason login.Reason, word string, cause error) *fault.Error {
	return fault.New(fault.Forbidden, reason, cause).WithDetail(word)
}

// bad is refuse for the usual reason.
func bad(word string, cause error) *fault.Error {
	return refuse(login.ReasonBrokerResponse, word, cause)
}

// asFault finds the fault in an error.
func asFault(err error) (*brokerError, bool) {
	f, ok := errors.AsType[*brokerError](err)
	return f, ok
}

func wordAfterDot(word string) string {
	for i := len(word) - 1; i >= 0; i-- {
		if word[i] == '.' {
			return word[i+1:]
		}
	}
	return word
}
