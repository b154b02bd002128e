package api

import (
	"context"
	_ "embed" // the specification
	"io"
	"net/http"
	"sync"
	"time"

	"avain/internal/admin/api/openapi"
	"avain/internal/core/provisioning"
	"avain/internal/domain/employment"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/queue"
	"avain/internal/platform/apikey"
	"avain/internal/platform/audit"
	"avain/internal/platform/web"
	"avain/internal/secret"

	"github.com/goccy/go-yaml"
)

// EmployerStore keeps the employers. fault.ErrNotFound when there is none.
type EmployerStore interface {
	AddEmployer(ctx context.Context, e employment.Employer) error
	SetAnyName(ctx context.Context, id string, allowed bool, at time.Time) error
	ChangeEmployer(ctx context.Context, id, name, locale string, at time.Time) error
	EmployerByID(ctx context.Context, id string) (employment.Employer, error)
	Employers(ctx context.Context, after string, limit int) ([]employment.Employer, error)
}

// EmploymentStore keeps the employers' records of people: fault.ErrNotFound for another
// employer's.
type EmploymentStore interface {
	AddEmployment(ctx context.Context, m employment.Employment, jobs ...queue.Job) error
	// AmendEmployment and PutBenefit return fault.FieldErrors for what only shows beside what is there.
	AmendEmployment(ctx context.Context, employer, id string, c employment.Change, at time.Time) error
	EndEmployment(ctx context.Context, employer, id string, at time.Time) error
	ResumeEmployment(ctx context.Context, employer, id string, at time.Time) error
	EmploymentOf(ctx context.Context, employer, id string) (employment.Employment, error)
	PutBenefit(ctx context.Context, employer, id string, c employment.BenefitChange, at time.Time) error
	DropBenefit(ctx context.Context, employer, id, kind string, at time.Time) error
}

// InvitationStore keeps invitations, of records that have been found before.
type InvitationStore interface {
	AddInvited(ctx context.Context, m employment.Employment, i employment.Invitation, jobs ...queue.Job) error
	InvitationsOf(ctx context.Context, employment string) ([]employment.Invitation, error)
	RevokeInvitation(ctx context.Context, employment, id string, at time.Time) error
}

// SessionStore keeps the sessions of people who have been found before.
type SessionStore interface {
	SessionsOfPerson(ctx context.Context, person string) ([]login.Session, error)
	RevokeSession(ctx context.Context, id, reason string, at time.Time) error
	RevokeSessionsOfPerson(ctx context.Context, person, reason string, at time.Time) (int64, error)
}

// ImportStore keeps the files that have come in: fault.ErrNotFound for another employer's.
type ImportStore interface {
	ImportOf(ctx context.Context, employer, id string) (employment.Import, error)
	ImportsOf(ctx context.Context, employer string) ([]employment.Import, error)
	ImportMistakes(ctx context.Context, id string, afterLine, afterN int64, limit int) ([]employment.ImportMistake, int64, error)
}

// AnswerStore keeps what requests were answered that may be sent again.
type AnswerStore interface {
	BeginAnswer(ctx context.Context, a operations.RecordedResponse, now time.Time) (operations.RecordedResponse, error)
	EndAnswer(ctx context.Context, mark secret.Hash, status int, body string) error
	ForgetAnswer(ctx context.Context, mark secret.Hash) error
}

// Filter chooses among an employer's people. Empty fields choose nothing out.
type Filter struct{ After, Email, UserName, ExternalID string }

// People makes records and invites.
type People interface {
	Prepare(m employment.Employment, invite bool) (employment.HireRequest, error)
	Invite(ctx context.Context, m employment.Employment) (stands employment.Invitation, ordered bool, err error)
	provisioning.People
}

// Importer takes in files.
type Importer interface {
	Receive(ctx context.Context, actor, employer string, format provisioning.Format, invite bool, in io.Reader) (employment.Import, error)
}

// Kind is a kind of benefit with its names per language.
type Kind struct {
	Kind  string
	Names map[string]string
}

// Deps are what the operations need.
type Deps struct {
	Employers   EmployerStore
	Employments EmploymentStore
	Invitations InvitationStore
	Sessions    SessionStore
	Imports     ImportStore
	Answers     AnswerStore
	List        func(ctx context.Context, employer string, f Filter, limit int) ([]employment.Employment, error)
	People      People
	Importer    Importer
	Notices     Board
	Rules       provisioning.Rules
	Keys        *apikey.Keys
	Audit       *audit.Log
	Web         *web.Kit
	Now         func() time.Time
	Kinds       []Kind
	Locale      string                                                          // of employers that do not say theirs
	Bounced     func(ctx context.Context, actor string, report io.Reader) error // fault.ErrNotFound; fault.FieldErrors; nil: no letters are sent
	Wake        func()                                                          // tells those who send mail that there is work; may be nil
}

// Feature is the admin API.
type Feature struct{ Deps }

// New makes it.
func New(d Deps) *Feature {
	if d.Wake == nil {
		d.Wake = func() {}
	}
	return &Feature{d}
}

//go:embed openapi.yaml
var document []byte

// Mount adds the routes.
func (f *Feature) Mount(mux *http.ServeMux) {
	openapi.HandlerWithOptions(
		openapi.NewStrictHandlerWithOptions(f, []openapi.StrictMiddlewareFunc{exactly}, openapi.StrictHTTPServerOptions{
			RequestErrorHandlerFunc: fail, ResponseErrorHandlerFunc: fail,
		}),
		openapi.StdHTTPServerOptions{BaseRouter: router{mux, f}, ErrorHandlerFunc: fail},
	)
	asJSON := sync.OnceValues(func() ([]byte, error) { return yaml.YAMLToJSON(document) })
	mux.Handle("GET /v1/openapi.json", f.Web.Custom(render, func(w http.ResponseWriter, r *http.Request) error {
		if err := onlyKnown(r, nil); err != nil {
			return err
		}
		text, err := asJSON()
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "public, max-age=300")
		_, _ = w.Write(text)
		return nil
	}))
	mux.Handle("GET /v1/{$}", f.Web.Problem(front))
}

// front is what somebody sees who opens the API in a browser.
func front(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, frontPage)
	return nil
}

const frontPage = `<!doctype html><html lang="en"><title>Avain admin API</title>
<h1>Avain admin API</h1>
<p>Programs talk to it with an API key: <code>Authorization: Bearer avk_…</code>. Make one with <code>avain admin keys create</code>.
<p>Every operation is in <a href="/v1/openapi.json">openapi.json</a> (OpenAPI 3.1); SCIM 2.0 is under <code>/scim/v2</code>.
</html>
`

// Routes of the specification, wrapped one by one, so that each is asked for its key
// before anything of the request is read.
type router struct {
	*http.ServeMux
	f *Feature
}

// HandleFunc is called by the generated code for each operation.
func (r router) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	scope, known := scopes[pattern]
	if !known {
		panic("adminapi: no scope for " + pattern)
	}
	r.Handle(pattern, r.f.route(pattern, scope, h))
}
