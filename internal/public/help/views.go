package help

import (
	"embed"
	"net/http"
	"sync"

	"avain/internal/platform/web"
)

//go:embed templates/*.html
var templateFiles embed.FS

// pages are the templates, each parsed when it is first shown: most nodes show them
// rarely, and none pays for them before.
type pages struct {
	article, guide, thanks func() (*web.Template, error)
}

func newPages(kit *web.Kit) pages {
	page := func(name string) func() (*web.Template, error) {
		return sync.OnceValues(func() (*web.Template, error) {
			parts, err := kit.Template(templateFiles, "templates/parts.html")
			if err != nil {
				return nil, err
			}
			return parts.Over(templateFiles, "templates/"+name)
		})
	}
	return pages{article: page("article.html"), guide: page("guide.html"), thanks: page("thanks.html")}
}

func (f *Feature) render(w http.ResponseWriter, r *http.Request, template func() (*web.Template, error), page web.Page) error {
	var err error
	if page.Template, err = template(); err != nil {
		return err
	}
	return f.d.Web.Render(w, r, http.StatusOK, page)
}
