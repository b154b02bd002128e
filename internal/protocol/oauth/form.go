package oauth

import (
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"avain/internal/domain/fault"
)

// maxParam is the longest parameter that we read, in bytes: the code of one broker is
// a signed JWT, and nothing else legitimate comes near it.
const maxParam = 8 << 10

// Params are the parameters of one request, each present at most once.
type Params struct{ values url.Values }

// FormParams reads the parameters of a POST from its body alone: what stands in the
// URL of a POST would end up in logs. The caller has limited the size of the body.
func FormParams(r *http.Request) (Params, error) {
	if mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || mediaType != "application/x-www-form-urlencoded" {
		return Params{}, fault.BadParam("Content-Type", "send the parameters as application/x-www-form-urlencoded")
	}
	if err := r.ParseForm(); err != nil {
		return Params{}, fault.BadParam("body", "the form is not readable, or too large")
	}
	return check(r.PostForm)
}

// QueryParams reads the parameters of a GET.
func QueryParams(r *http.Request) (Params, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return Params{}, fault.BadParam("query", "the query is not readable")
	}
	return check(values)
}

// AnswerParams reads what another service sends a browser back with. Its words are only
// shown, so bytes that are not UTF-8 are replaced, and stop nobody.
func AnswerParams(r *http.Request) (Params, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return Params{}, fault.BadParam("query", "the query is not readable")
	}
	for _, all := range values {
		for i := range all {
			all[i] = strings.ToValidUTF8(all[i], "\uFFFD")
		}
	}
	return check(values)
}

// onlyShown are the parameters that are shown, or fall back to something: bytes that are
// not UTF-8 are replaced there, because nobody is kept out for what a phone is called.
var onlyShown = map[string]bool{
	"device_name": true, "device_model": true, "device_platform": true, "app_version": true, "ui_locales": true,
	"platform": true, "version": true, "locale": true, "browser": true, // of /login-options
}

// check refuses repeated parameters (RFC 6749 §3.1: MUST NOT be included more than
// once): two parties that each read another copy can be played against each other.
func check(values url.Values) (Params, error) {
	for name, all := range values {
		if len(all) == 1 && onlyShown[name] {
			all[0] = strings.ToValidUTF8(all[0], "\uFFFD")
		}
		switch {
		case len(all) > 1 && name == "resource":
			// It may come several times (RFC 8707 §2); our tokens are for one.
			return Params{}, fault.BadParam(name, "one at a time").WithCode(InvalidTarget)
		case len(all) > 1:
			return Params{}, fault.BadParam(safeName(name), "sent more than once")
		case len(all[0]) > maxParam:
			return Params{}, fault.BadParam(safeName(name), "too long")
		case strings.ContainsRune(all[0], 0):
			return Params{}, fault.BadParam(safeName(name), "contains a zero byte")
		case !utf8.ValidString(all[0]):
			// It would be stored, and given back, as other bytes than came.
			return Params{}, fault.BadParam(safeName(name), "is not UTF-8")
		}
	}
	return Params{values}, nil
}

// safeName keeps a hostile parameter name out of our answer.
func safeName(name string) string {
	if len(name) == 0 || len(name) > 40 {
		return "unknown"
	}
	for _, c := range name {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-') {
			return "unknown"
		}
	}
	return name
}

// Get returns a parameter, or "" when it is missing. An empty value counts as
// missing (RFC 6749 §3.1).
func (p Params) Get(name string) string { return p.values.Get(name) }

// Has reports whether a parameter came with a value.
func (p Params) Has(name string) bool { return p.values.Get(name) != "" }

// Words splits a space-delimited parameter, such as scope or ui_locales.
func (p Params) Words(name string) []string { return strings.Fields(p.values.Get(name)) }

// GivenBack refuses a parameter that the sender gets back, if it might not come back as
// it came: forms rewrite line ends (RFC 6749 appendix A.5: printable characters only).
func (p Params) GivenBack(names ...string) error {
	for _, name := range names {
		if strings.ContainsFunc(p.Get(name), unicode.IsControl) {
			return fault.BadParam(name, "contains a control character")
		}
	}
	return nil
}

// Values returns all parameters, for a caller that passes them on.
func (p Params) Values() url.Values { return p.values }
