package scim

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"avain/internal/core/provisioning"
	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/hetu"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/queue"
	"avain/internal/platform/apikey"
	"avain/internal/platform/audit"
	"avain/internal/platform/web"
)

// Store is what SCIM needs of the database. All methods return fault.ErrNotFound for
// another employer's people.
type Store interface {
	EmploymentOf(ctx context.Context, employer, id string) (employment.Employment, error)
	NamedEmployments(ctx context.Context, employer string, offset, limit int) ([]employment.Employment, int64, error)
	AddEmployment(ctx context.Context, m employment.Employment, jobs ...queue.Job) error
	ChangeUser(ctx context.Context, employer, id string, at time.Time, change func(before employment.Employment) (employment.Employment, error)) (before, after employment.Employment, err error)
	ForgetEmployment(ctx context.Context, employer, id string, at time.Time) error
}

// People makes records.
type People interface {
	Prepare(m employment.Employment, invite bool) (employment.HireRequest, error)
	Lookup(ctx context.Context, code hetu.Code) ([]byte, error)
}

// Deps are what SCIM needs.
type Deps struct {
	Store  Store
	List   func(ctx context.Context, employer string, l Lookup, limit int) ([]employment.Employment, error)
	People People
	Rules  provisioning.Rules
	Keys   *apikey.Keys
	Audit  *audit.Log
	Web    *web.Kit
	Now    func() time.Time
	Walks  *web.Limiter // of filters that no index serves, per key; nil: none
	Base   string       // scheme and host that directories reach us by; empty: not known
}

// Feature is SCIM.
type Feature struct{ Deps }

// New makes it.
func New(d Deps) *Feature { return &Feature{d} }

// Root is where SCIM is.
const Root = "/scim/v2"

// root is that as directories reach it. Without the base it is a reference that means the
// right thing behind any proxy (RFC 3986 §5.2): the address that a request seems to come to
// would be http behind a proxy that ends TLS, and a directory would send its key there.
func (f *Feature) root() string { return f.Base + Root }

// Mount adds the routes. Whatever else is asked for below the root is answered here too:
// directories read no errors but SCIM's.
func (f *Feature) Mount(mux *http.ServeMux) {
	config, users, schema := f.serviceProviderConfig(), f.userType(), f.userSchema()
	nobody := methods{http.MethodGet: f.groups, http.MethodPost: refused("There are no groups here.")}
	for path, m := range map[string]methods{
		"/Users":          {http.MethodGet: f.list, http.MethodPost: f.create},
		"/Users/.search":  {http.MethodPost: f.posted},
		"/Users/{id}":     {http.MethodGet: f.get, http.MethodPut: f.replace, http.MethodPatch: f.patch, http.MethodDelete: f.remove},
		"/.search":        {http.MethodPost: f.posted},
		"/Groups":         nobody,
		"/Groups/.search": {http.MethodPost: f.groups},
		"/Bulk":           {http.MethodPost: refused("There is no bulk here: send one request for each.")},
		"/Me":             everyMethod(refused("A key is nobody: ask for /Users.")),

		"/ServiceProviderConfig": {http.MethodGet: discovery(config)},
		"/ResourceTypes":         {http.MethodGet: discovery(listOf(users))},
		"/ResourceTypes/User":    {http.MethodGet: discovery(users)},
		"/Schemas":               {http.MethodGet: discovery(listOf(schema))},
		"/Schemas/" + schemaUser: {http.MethodGet: discovery(schema)},
	} {
		h := f.route(m.serve)
		mux.Handle(Root+path, h)
		mux.Handle(Root+path+"/{$}", h) // directories whose base address ends with a slash
	}
	unknown := f.route(func(http.ResponseWriter, call) error {
		return fault.New(fault.NotFound, login.ReasonPageUnknown, nil).WithDetail("There is nothing here; see /ResourceTypes.")
	})
	mux.Handle(Root, unknown)
	mux.Handle(Root+"/", unknown)
}

// methods are the handlers of a path.
type methods map[string]handler

func (m methods) serve(w http.ResponseWriter, c call) error {
	method := c.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if h := m[method]; h != nil {
		return h(w, c)
	}
	w.Header().Set("Allow", strings.Join(slices.Sorted(maps.Keys(m)), ", "))
	fail(w, http.StatusMethodNotAllowed, "", "The method is not allowed here.")
	return nil
}

func everyMethod(h handler) methods {
	m := methods{}
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		m[method] = h
	}
	return m
}

// refused answers for what RFC 7644 has and we have not (§3.12).
func refused(detail string) handler {
	return func(w http.ResponseWriter, _ call) error {
		fail(w, http.StatusNotImplemented, "", detail)
		return nil
	}
}

// discovery answers with what we can do. It cannot be filtered (§4).
func discovery(v any) handler {
	return func(w http.ResponseWriter, c call) error {
		if c.URL.Query().Has("filter") {
			return fault.New(fault.Forbidden, login.ReasonRequestInvalid, nil).WithDetail("This cannot be filtered.")
		}
		answer(w, http.StatusOK, v)
		return nil
	}
}

// groups are none, and to ask for them is no failure: Okta imports users only where it can
// list groups, and Entra ID's test of the connection looks for one. None can be made.
func (f *Feature) groups(w http.ResponseWriter, _ call) error {
	answer(w, http.StatusOK, listOf())
	return nil
}

// call is a request of a key that may speak SCIM for one employer.
type call struct {
	*http.Request
	key      operations.APIKey
	employer string
	body     []byte
}

func (c call) actor() string { return audit.ByKey(c.key) }

type handler func(w http.ResponseWriter, c call) error

// maxBody bounds a document, in bytes.
const maxBody = 64 << 10

func (f *Feature) route(h handler) http.Handler {
	return f.Web.Custom(render, func(w http.ResponseWriter, r *http.Request) error {
		key, err := f.Keys.Of(r.Context(), r)
		if err != nil {
			return err
		}
		if err := apikey.Need(key, operations.ScopeSCIM); err != nil {
			return err
		}
		if len(key.Employers) != 1 {
			return fault.New(fault.Forbidden, login.ReasonClientRefused, nil).WithDetail("A key for SCIM is for exactly one employer.")
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			return err
		}
		return h(w, call{r, key, key.Employers[0], body})
	})
}

// scimError is an error with SCIM's own word for it (RFC 7644 table 9).
type scimError struct {
	word string
	error
}

func (f scimError) Unwrap() error { return f.error }

func bad(word, detail string) error {
	return fault.New(fault.Invalid, login.ReasonRequestInvalid, scimError{word, errors.New(word)}).WithDetail(detail)
}

func missing(err error) error {
	if err == nil || errors.Is(err, fault.ErrNotFound) {
		return fault.New(fault.NotFound, login.ReasonPageUnknown, err).WithDetail("There is no such user.")
	}
	return err
}

func taken() error {
	return fault.New(fault.Conflict, login.ReasonRequestInvalid, scimError{"uniqueness", fault.ErrExists}).WithDetail("Another user has this userName or externalId.")
}

// render writes an error of RFC 7644 §3.12.
func render(w http.ResponseWriter, _ *http.Request, e *fault.Error, status int) {
	detail, word := cmp.Or(e.Detail, http.StatusText(status)), ""
	if status >= http.StatusInternalServerError {
		detail = http.StatusText(status)
	}
	if f, ok := errors.AsType[scimError](e); ok {
		word = f.word
	}
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(e.RetryAfter/time.Second)+1))
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="avain scim"`)
	}
	fail(w, status, word, detail)
}

func fail(w http.ResponseWriter, status int, word, detail string) {
	answer(w, status, struct {
		Schemas []string `json:"schemas"`
		Status  string   `json:"status"`
		Type    string   `json:"scimType,omitempty"`
		Detail  string   `json:"detail"`
	}{[]string{"urn:ietf:params:scim:api:messages:2.0:Error"}, strconv.Itoa(status), word, detail})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/scim+json")
	web.WriteJSON(w, status, v)
}

// read decodes a document. Fields that we do not know are the directory's own, and
// are ignored, as RFC 7643 §3.3 has it.
func read(c call, v any) error {
	if err := json.Unmarshal(c.body, v); err != nil {
		if at := provisioning.FieldOf(err); at.Field != "" {
			return bad("invalidValue", at.Field+" "+at.Detail)
		}
		return bad("invalidSyntax", "The body must be one JSON object.")
	}
	return nil
}
