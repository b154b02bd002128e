package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"avain/internal/admin/api/openapi"
	"avain/internal/core/provisioning"
	"avain/internal/domain/fault"
	"avain/internal/domain/operations"
	"avain/internal/domain/shown"
	"avain/internal/platform/apikey"
)

// The operations that take something else than JSON.
const (
	importPattern = "POST /v1/employers/{employer}/imports"
	bouncePattern = "POST /v1/bounces"
)

// scopes is what each operation needs; a test holds it against the specification.
var scopes = map[string]operations.APIScope{
	"GET /v1/benefit-kinds":          operations.ScopePersonsRead,
	"GET /v1/employers":              operations.ScopeEmployersRead,
	"POST /v1/employers":             operations.ScopeEmployersWrite,
	"GET /v1/employers/{employer}":   operations.ScopeEmployersRead,
	"PATCH /v1/employers/{employer}": operations.ScopeEmployersWrite,

	"GET /v1/employers/{employer}/persons":                             operations.ScopePersonsRead,
	"POST /v1/employers/{employer}/persons":                            operations.ScopePersonsWrite,
	"GET /v1/employers/{employer}/export":                              operations.ScopePersonsRead,
	"GET /v1/employers/{employer}/persons/{person}":                    operations.ScopePersonsRead,
	"PATCH /v1/employers/{employer}/persons/{person}":                  operations.ScopePersonsWrite,
	"POST /v1/employers/{employer}/persons/{person}/end":               operations.ScopePersonsWrite,
	"POST /v1/employers/{employer}/persons/{person}/resume":            operations.ScopePersonsWrite,
	"PUT /v1/employers/{employer}/persons/{person}/benefits/{kind}":    operations.ScopePersonsWrite,
	"DELETE /v1/employers/{employer}/persons/{person}/benefits/{kind}": operations.ScopePersonsWrite,

	"GET /v1/employers/{employer}/persons/{person}/invitations":                 operations.ScopePersonsRead,
	"POST /v1/employers/{employer}/persons/{person}/invitations":                operations.ScopeInvitationsWrite,
	"DELETE /v1/employers/{employer}/persons/{person}/invitations/{invitation}": operations.ScopeInvitationsWrite,

	bouncePattern: operations.ScopeInvitationsWrite,

	"GET /v1/notices":                    operations.ScopeNoticesRead,
	"POST /v1/notices":                   operations.ScopeNoticesWrite,
	"POST /v1/notices/preview":           operations.ScopeNoticesRead,
	"GET /v1/notices/{notice}":           operations.ScopeNoticesRead,
	"PUT /v1/notices/{notice}":           operations.ScopeNoticesWrite,
	"POST /v1/notices/{notice}/withdraw": operations.ScopeNoticesWrite,

	"GET /v1/employers/{employer}/persons/{person}/sessions":              operations.ScopeSessionsRead,
	"DELETE /v1/employers/{employer}/persons/{person}/sessions":           operations.ScopeSessionsWrite,
	"DELETE /v1/employers/{employer}/persons/{person}/sessions/{session}": operations.ScopeSessionsWrite,

	"GET /v1/employers/{employer}/imports":                 operations.ScopeImport,
	importPattern:                                          operations.ScopeImport,
	"GET /v1/employers/{employer}/imports/{import}":        operations.ScopeImport,
	"GET /v1/employers/{employer}/imports/{import}/errors": operations.ScopeImport,
}

// queries are the parameters that an operation takes in the query, if any; a test holds them
// against the specification, too.
var queries = map[string][]string{
	"GET /v1/employers":                                    {"cursor", "limit"},
	"GET /v1/employers/{employer}/persons":                 {"cursor", "limit", "email", "external_id", "user_name"},
	"GET /v1/employers/{employer}/export":                  {"format"},
	importPattern:                                          {"invite"},
	"GET /v1/employers/{employer}/imports/{import}/errors": {"format"},
}

// onlyKnown refuses a query that has something else than what the operation takes, each once.
// A misspelt condition that is silently dropped answers everybody, and a misspelt invite
// leaves people without their letters.
func onlyKnown(r *http.Request, known []string) error {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return invalid(fault.FieldErrors{{Field: "query", Detail: "has something that is not percent-encoded rightly"}})
	}
	var mistakes fault.FieldErrors
	for _, name := range slices.Sorted(maps.Keys(query)) {
		switch {
		case !slices.Contains(known, name):
			mistakes = append(mistakes, fault.FieldError{Field: shown.Line(name, maxName), Detail: "is no query parameter of this operation" + orOf(known)})
		case len(query[name]) > 1:
			mistakes = append(mistakes, fault.FieldError{Field: name, Detail: "must be there once"})
		}
	}
	if len(mistakes) > maxNamed {
		mistakes = mistakes[:maxNamed]
	}
	if len(mistakes) > 0 {
		return invalid(mistakes)
	}
	return nil
}

const (
	maxName  = 100 // of a parameter that is repeated in an answer, in letters
	maxNamed = 20  // mistakes in one query: the answer is no echo of kilobytes
)

func orOf(known []string) string {
	if len(known) == 0 {
		return "; it takes none"
	}
	return "; it takes " + strings.Join(known, ", ")
}

// maxBody bounds a JSON document, in bytes. Files of people have their own bound.
const maxBody = 64 << 10

// call is what is known of a request beside its parameters.
type call struct {
	key         operations.APIKey
	body        []byte // as it came; nil when it is a file
	contentType string
	path        string
	err         error
}

type callKey struct{}

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// route finds the key, then reads the request and lets the operation answer. Errors of
// all of them come back here and are rendered in one place.
func (f *Feature) route(pattern string, scope operations.APIScope, h http.HandlerFunc) http.Handler {
	isFile := pattern == importPattern || pattern == bouncePattern
	return f.Web.Custom(render, func(w http.ResponseWriter, r *http.Request) error {
		key, err := f.Keys.Of(r.Context(), r)
		if err != nil {
			return err
		}
		if err := apikey.Need(key, scope); err != nil {
			return err
		}
		if err := onlyKnown(r, queries[pattern]); err != nil {
			return err
		}
		c := &call{key: key, contentType: r.Header.Get("Content-Type"), path: r.Method + " " + r.URL.Path}
		// A file may take long to come or to go; the context bounds it.
		conn := http.NewResponseController(w)
		if isFile {
			_ = conn.SetReadDeadline(time.Time{}) // where there is none, there is nothing to move
		} else if c.body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
			return err
		}
		_ = conn.SetWriteDeadline(time.Time{})
		r = r.WithContext(context.WithValue(r.Context(), callKey{}, c))
		if !isFile {
			r.Body = io.NopCloser(bytes.NewReader(c.body))
		}
		h(w, r)
		return c.err
	})
}

// fail keeps an error of the generated code for [Feature.route].
func fail(_ http.ResponseWriter, r *http.Request, err error) {
	c := callOf(r.Context())
	c.err = err
	if param, ok := paramOf(err); ok {
		c.err = invalid(fault.FieldErrors{{Field: param, Detail: "is not of the right form"}})
	} else if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		c.err = invalid(fault.FieldErrors{provisioning.FieldOf(wrong)})
	} else if syntax, ok := errors.AsType[*json.SyntaxError](err); ok || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		_ = syntax // says where, in words that repeat what came in
		c.err = invalid(fault.FieldErrors{{Detail: "the body must be one JSON object"}})
	}
}

func paramOf(err error) (string, bool) {
	if e, ok := errors.AsType[*openapi.InvalidParamFormatError](err); ok {
		return e.ParamName, true
	}
	if e, ok := errors.AsType[*openapi.TooManyValuesForParamError](err); ok {
		return e.ParamName, true
	}
	if e, ok := errors.AsType[*openapi.RequiredParamError](err); ok {
		return e.ParamName, true
	}
	return "", false
}

// exactly refuses fields that the specification does not have: a misspelt one that is
// silently dropped is a benefit that somebody does not get.
func exactly(next openapi.StrictHandlerFunc, _ string) openapi.StrictHandlerFunc {
	return func(ctx context.Context, w http.ResponseWriter, r *http.Request, request any) (any, error) {
		body := reflect.ValueOf(request).FieldByName("Body")
		if c := callOf(ctx); body.IsValid() && body.Kind() == reflect.Pointer && !body.IsNil() {
			decoder := json.NewDecoder(bytes.NewReader(c.body))
			decoder.DisallowUnknownFields()
			if err := decoder.Decode(reflect.New(body.Type().Elem()).Interface()); err != nil {
				return nil, invalid(fault.FieldErrors{provisioning.FieldOf(err)})
			}
			if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
				return nil, invalid(fault.FieldErrors{{Detail: "the body must be one JSON object"}})
			}
			if mistakes := nulls(c.body); len(mistakes) > 0 {
				return nil, invalid(mistakes)
			}
		}
		return next(ctx, w, r, request)
	}
}

// nulls names what is null. Some take that for "remove it" (RFC 7396), others for "I do not
// know", and Go for nothing at all: whoever is misunderstood would lose something, or keep
// it, without a word.
func nulls(body []byte) (mistakes fault.FieldErrors) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil || members == nil {
		return fault.FieldErrors{{Detail: "the body must be one JSON object"}}
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		var value any
		if err := json.Unmarshal(members[name], &value); err != nil || holdsNull(value) {
			mistakes = append(mistakes, fault.FieldError{Field: name, Detail: "must not be or hold null; leave out what stays, or write an empty text to remove it"})
		}
	}
	return mistakes
}

func holdsNull(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case []any:
		return slices.ContainsFunc(v, holdsNull)
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(v)), holdsNull)
	default:
		return false
	}
}
