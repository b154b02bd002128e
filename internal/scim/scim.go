package scim

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"avain/internal/apikey"
	"avain/internal/audit"
	"avain/internal/hetu"
	"avain/internal/login"
	"avain/internal/roster"
	"avain/internal/web"
)

// Store is what SCIM needs of the database. All methods answer login.ErrNotFound for
// another employer's people.
type Store interface {
	EmploymentOf(ctx context.Context, employer, id string) (login.Employment, error)
	NamedEmployments(ctx context.Context, employer string, offset, limit int) ([]login.Employment, int64, error)
	AddEmployment(ctx context.Context, m login.Employment, jobs ...login.Job) error
	ChangeEmployment(ctx context.Context, m login.Employment, at time.Time, jobs ...login.Job) error
	EndEmployment(ctx context.Context, employer, id string, at time.Time) error
	ResumeEmployment(ctx context.Context, employer, id string, at time.Time) error
	ForgetEmployment(ctx context.Context, employer, id string, at time.Time) error
}

// People makes records.
type People interface {
	Prepare(m login.Employment, invite bool) (login.Hiring, error)
	Lookup(code hetu.Code) ([]byte, error)
}

// Deps are what SCIM stands on.
type Deps struct {
	Store  Store
	List   func(ctx context.Context, employer string, f Filter, limit int) ([]login.Employment, error)
	People People
	Rules  roster.Rules
	Keys   *apikey.Keys
	Audit  *audit.Log
	Web    *web.Kit
	Now    func() time.Time
}

// Feature is SCIM.
type Feature struct{ Deps }

// New makes it.
func New(d Deps) *Feature { return &Feature{d} }

// Mount adds the routes.
func (f *Feature) Mount(mux *http.ServeMux) {
	for pattern, h := range map[string]handler{
		"GET /scim/v2/Users":         f.list,
		"POST /scim/v2/Users":        f.create,
		"GET /scim/v2/Users/{id}":    f.get,
		"PUT /scim/v2/Users/{id}":    f.replace,
		"PATCH /scim/v2/Users/{id}":  f.patch,
		"DELETE /scim/v2/Users/{id}": f.remove,

		"GET /scim/v2/ServiceProviderConfig": static(serviceProviderConfig),
		"GET /scim/v2/ResourceTypes":         static(listOf(userType)),
		"GET /scim/v2/ResourceTypes/User":    static(userType),
		"GET /scim/v2/Schemas":               static(listOf(userSchema)),
		"GET /scim/v2/Schemas/" + schemaUser: static(userSchema),
	} {
		mux.Handle(pattern, f.route(h))
	}
}

// call is a request of a key that may speak SCIM for one employer.
type call struct {
	*http.Request
	key      login.APIKey
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
		if err := apikey.Need(key, login.ScopeSCIM); err != nil {
			return err
		}
		if len(key.Employers) != 1 {
			return login.E(login.Forbidden, login.ReasonClientRefused, nil).With("A key for SCIM is for exactly one employer.")
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			return err
		}
		return h(w, call{r, key, key.Employers[0], body})
	})
}

// fault is an error with SCIM's own word for it (RFC 7644 table 9).
type fault struct {
	word string
	error
}

func (f fault) Unwrap() error { return f.error }

func bad(word, detail string) error {
	return login.E(login.Invalid, login.ReasonRequestInvalid, fault{word, errors.New(word)}).With(detail)
}

func missing(err error) error {
	if err == nil || errors.Is(err, login.ErrNotFound) {
		return login.E(login.NotFound, login.ReasonPageUnknown, err).With("There is no such user.")
	}
	return err
}

func taken() error {
	return login.E(login.Conflict, login.ReasonRequestInvalid, fault{"uniqueness", login.ErrExists}).With("Another user has this userName or externalId.")
}

// render writes an error of RFC 7644 §3.12.
func render(w http.ResponseWriter, _ *http.Request, e *login.Error, status int) {
	doc := struct {
		Schemas []string `json:"schemas"`
		Status  string   `json:"status"`
		Type    string   `json:"scimType,omitempty"`
		Detail  string   `json:"detail"`
	}{Schemas: []string{"urn:ietf:params:scim:api:messages:2.0:Error"}, Status: strconv.Itoa(status), Detail: cmp.Or(e.Detail, http.StatusText(status))}
	if status >= http.StatusInternalServerError {
		doc.Detail = http.StatusText(status)
	}
	if f, ok := errors.AsType[fault](e); ok {
		doc.Type = f.word
	}
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(e.RetryAfter/time.Second)+1))
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="avain scim"`)
	}
	answer(w, status, doc)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/scim+json")
	web.WriteJSON(w, status, v)
}

func static(v any) handler {
	return func(w http.ResponseWriter, _ call) error {
		answer(w, http.StatusOK, v)
		return nil
	}
}

// read decodes a document. Fields that we do not know are the directory's own, and
// are ignored, as RFC 7643 §3.3 has it.
func read(c call, v any) error {
	if err := json.Unmarshal(c.body, v); err != nil {
		if at := roster.FieldOf(err); at.Field != "" {
			return bad("invalidValue", at.Field+" "+at.Detail)
		}
		return bad("invalidSyntax", "The body must be one JSON object.")
	}
	return nil
}
