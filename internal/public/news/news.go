package news

import (
	"context"
	"embed"
	"net/http"
	"slices"
	"sync"
	"time"

	"avain/internal/core/notices"
	"avain/internal/domain/operations"
	"avain/internal/platform/web"
)

//go:embed templates/*.html
var templateFiles embed.FS

// Where the news are.
const (
	PagePath = "/news"
	FeedPath = "/news.atom"
)

// Board knows what has been said: package notices.
type Board interface {
	Everybody(ctx context.Context) (current, past []operations.Notice)
}

// Deps are what the feature needs.
type Deps struct {
	Board     Board
	Means     func(ctx context.Context, lang, id string) string // name of a means; its id when nobody knows it
	Web       *web.Kit
	BaseURL   string   // issuer; no trailing slash
	Languages []string // of notices, the first one always there
	Publisher string   // of the feed
	Now       func() time.Time
}

// Feature serves the news.
type Feature struct {
	d    Deps
	page func() (*web.Template, error)
}

// New makes the feature. Its page is parsed when somebody first looks at it.
func New(d Deps) *Feature {
	return &Feature{d: d, page: sync.OnceValues(func() (*web.Template, error) {
		return d.Web.Template(templateFiles, "templates/news.html")
	})}
}

// Mount adds the page and the feed to the mux.
func (f *Feature) Mount(mux *http.ServeMux) {
	mux.Handle("GET "+PagePath, f.d.Web.Reading(f.show))
	mux.Handle("GET "+FeedPath, f.d.Web.Problem(f.feed))
}

// item is a notice as the page shows it.
type item struct {
	ID       string
	Lang     string // of title and text, which may be another than the page's
	Severity string
	Title    string
	Text     string
	Day      string // of its beginning, in words
	Date     string // the same for programs
	Ended    string // day of its end, in words; empty while it is on
	About    string // whom it is about; empty for everybody
}

type pageView struct {
	Current, Past []item
	Feed          string
}

func (f *Feature) show(w http.ResponseWriter, r *http.Request) error {
	template, err := f.page()
	if err != nil {
		return err
	}
	lang := f.d.Web.Language(r)
	current, past := f.d.Board.Everybody(r.Context())
	view := pageView{Feed: FeedPath + "?lang=" + lang}
	for _, n := range current {
		view.Current = append(view.Current, f.item(r.Context(), lang, n))
	}
	for _, n := range past {
		one := f.item(r.Context(), lang, n)
		one.Ended = f.d.Web.DayInWords(lang, n.Ended())
		view.Past = append(view.Past, one)
	}
	return f.d.Web.Render(w, r, http.StatusOK, web.Page{
		Template: template, Title: "news.title", Data: view, Feed: view.Feed, Self: PagePath,
	})
}

func (f *Feature) item(ctx context.Context, lang string, n operations.Notice) item {
	spoken := n.Language(f.readable(lang)...)
	words := n.Words[spoken]
	one := item{
		ID: n.ID, Lang: spoken, Severity: string(n.Severity), Title: words.Title, Text: words.Text,
		Day: f.d.Web.DayInWords(lang, n.From), Date: f.d.Web.Day(n.From),
	}
	if !n.Audience.Everybody() {
		n.Act = operations.Act{} // what is done about it is not news
		one.About = notices.Describe(n, lang, func(id string) string { return f.d.Means(ctx, lang, id) })
	}
	return one
}

// readable are the languages in which a notice is looked for, the best first.
func (f *Feature) readable(lang string) []string {
	return slices.Concat([]string{lang}, f.d.Languages)
}
