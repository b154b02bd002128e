package web

import (
	"errors"
	"mime"
	"net/http"
	"net/url"

	"avain/internal/login"
)

// Form reads the body of a POST strictly: form-encoded, well-formed, and every
// parameter once (RFC 6749 §3.1: a repeated parameter lets two parsers of one
// request disagree). The query is not mixed in, so no secret can arrive in a URL.
func Form(r *http.Request) (url.Values, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, login.BadParam("Content-Type", "The body must be application/x-www-form-urlencoded.")
	}
	if err := r.ParseForm(); err != nil {
		if _, big := errors.AsType[*http.MaxBytesError](err); big {
			return nil, err
		}
		// A malformed query lands here too: it is no part of the form, but no
		// well-meaning client sends one.
		return nil, login.E(login.Invalid, login.ReasonRequestInvalid, err).With("The form is malformed.")
	}
	return once(r.PostForm)
}

// Query reads the query strictly: well-formed, and every parameter once.
func Query(r *http.Request) (url.Values, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, login.E(login.Invalid, login.ReasonRequestInvalid, err).With("The query is malformed.")
	}
	return once(values)
}

func once(values url.Values) (url.Values, error) {
	for name, all := range values {
		if len(all) > 1 {
			return nil, login.BadParam(paramName(name), "The parameter must not be repeated.")
		}
	}
	return values, nil
}

// paramName keeps a name that came from outside to the alphabet of parameter names,
// because it is repeated in the answer.
func paramName(name string) string {
	if len(name) == 0 || len(name) > 40 {
		return "(unnamed)"
	}
	for i := range len(name) {
		c := name[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-' && c != '.' {
			return "(unnamed)"
		}
	}
	return name
}
