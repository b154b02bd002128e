package privacy

import (
	"context"
	"net/http"
	"slices"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/queue"
	"avain/internal/platform/web"
)

// Store keeps everything. Both return fault.ErrNotFound when there is nothing.
type Store interface {
	PersonalData(ctx context.Context, id string) ([]operations.PersonalData, error)
	ErasePerson(ctx context.Context, id string, e operations.Erasure) (operations.ErasureResult, error)
}

// Auditor is told of both acts.
type Auditor interface {
	PersonExported(ctx context.Context, actor, person string)
	PersonErased(ctx context.Context, actor, person, reason string, e operations.ErasureResult)
}

// Deps are what the feature needs.
type Deps struct {
	Store Store
	Audit Auditor
	Web   *web.Kit
	Now   func() time.Time

	// KeepDates keeps bare records of activated employments: see operations.Erasure.
	KeepDates bool
	// Erased answers the jobs that follow from an erasure: events for other systems.
	Erased func(operations.ErasureResult) []queue.Job

	// Signed is who is signed in to our pages: the feature home.
	Signed func(w http.ResponseWriter, r *http.Request, act bool) (login.Session, login.Person, bool, error)
}

// Feature serves the page, and exports and erases for the operator.
type Feature struct {
	d     Deps
	views *Views
}

// New makes the feature. The error is a mistake in its own templates.
func New(d Deps) (*Feature, error) {
	views, err := NewViews(d.Web)
	if err != nil {
		return nil, err
	}
	return &Feature{d: d, views: views}, nil
}

// Mount adds the page to the mux.
func (f *Feature) Mount(mux *http.ServeMux) {
	mux.Handle("GET "+Path, f.d.Web.Page(f.page))
	mux.Handle("POST "+Path, f.d.Web.Page(f.download))
}

// Export is everything that there is about a person, for whoever the actor is: "system"
// or "person:" with an id. It is written down in the audit log. The id is that of a
// person or of an employer's record of somebody. fault.ErrNotFound.
func (f *Feature) Export(ctx context.Context, actor, id string) (Document, error) {
	kept, err := f.d.Store.PersonalData(ctx, id)
	if err != nil {
		return Document{}, err
	}
	f.d.Audit.PersonExported(ctx, actor, id)
	return document(id, kept, f.d.Now()), nil
}

// Reasons are the words for why somebody is erased, as the audit log has them.
func Reasons() []string { return []string{"request", "objection", "unlawful", "order", "mistake"} }

// ValidReason reports whether why is one of them: the audit log takes no free text, in
// which there could be a name.
func ValidReason(reason string) bool { return slices.Contains(Reasons(), reason) }

// Erase deletes everything about a person but the audit log, which holds ids alone. See
// [Reasons]. fault.ErrNotFound: there is nothing, or not any more.
func (f *Feature) Erase(ctx context.Context, actor, id, reason string) (operations.ErasureResult, error) {
	return f.d.Store.ErasePerson(ctx, id, operations.Erasure{
		At: f.d.Now(), KeepDates: f.d.KeepDates, Jobs: f.d.Erased,
		Told: func(ctx context.Context, gone operations.ErasureResult) {
			f.d.Audit.PersonErased(ctx, actor, id, reason, gone)
		},
	})
}
