package help

import (
	"context"
	"net/http"
	"time"

	"avain/internal/core/availability"
	"avain/internal/domain/operations"
	"avain/internal/platform/web"
)

// The addresses.
const (
	ArticlePath = "/help/login"
	GuidePath   = "/help/cannot-log-in"

	answerPath  = "/help/feedback"
	thanksPath  = "/help/thanks"
	commentPath = "/help/comment"
	keptPath    = "/help/comment/thanks"
)

// Gate knows which ways in are open: package availability.
type Gate interface {
	MethodsFor(ctx context.Context, who operations.Viewer) []availability.Way
	Versions() (minimum, recommended, alternative availability.Version)
}

// Notices are what the reader is told: package notices.
type Notices interface {
	Concerning(ctx context.Context, who operations.Viewer) []operations.Notice
}

// Store keeps what people say of the pages.
type Store interface {
	CountFeedback(ctx context.Context, f operations.Feedback) error
	AddComment(ctx context.Context, f operations.Feedback) error
}

// Shop is where the app is to be had.
type Shop struct{ Name, Address, platform string }

// Shops are those of App Store, Google Play and AppGallery that have an address.
func Shops(appStore, googlePlay, appGallery string) []Shop {
	var all []Shop
	for _, s := range []Shop{
		{"App Store", appStore, "ios"}, {"Google Play", googlePlay, "android"}, {"AppGallery", appGallery, "huawei"},
	} {
		if s.Address != "" {
			all = append(all, s)
		}
	}
	return all
}

// Deps are what the feature needs.
type Deps struct {
	Gate    Gate
	Notices Notices
	Store   Store
	Web     *web.Kit
	Now     func() time.Time
	Shops   []Shop
	OpenApp string // address that opens the app on this phone; may be empty

	// Limit holds back those of a network who answer too often.
	Limit func(ctx context.Context) error
}

// Feature serves the pages.
type Feature struct {
	d     Deps
	pages pages
}

// New makes the feature. Its templates are parsed when they are first shown.
func New(d Deps) *Feature { return &Feature{d: d, pages: newPages(d.Web)} }

// Mount adds the pages to the mux.
func (f *Feature) Mount(mux *http.ServeMux) {
	page := func(pattern string, h web.Handler) { mux.Handle(pattern, f.d.Web.Page(h)) }
	page("GET /help", func(w http.ResponseWriter, _ *http.Request) error { return web.SeeOther(w, ArticlePath) })
	page("GET "+ArticlePath, f.article)
	page("GET "+GuidePath, f.guide)
	page("GET "+GuidePath+"/{trail...}", f.guide)
	page("POST "+answerPath, f.answer)
	page("GET "+thanksPath, f.thanks)
	page("POST "+commentPath, f.comment)
	page("GET "+keptPath, f.kept)
}
