package privacy

import (
	"embed"
	"net/http"

	"avain/internal/platform/web"
)

//go:embed templates/*.html
var templateFiles embed.FS

// Views are the pages of a person's data.
type Views struct {
	kit  *web.Kit
	data *web.Template
}

// NewViews parses the templates. The error is a mistake in one of them.
func NewViews(kit *web.Kit) (*Views, error) {
	t, err := kit.Template(templateFiles, "templates/data.html")
	return &Views{kit, t}, err
}

// DataPage offers the download, to those who have proved who they are just now.
type DataPage struct{ Proven bool }

// RenderData shows it.
func (v *Views) RenderData(w http.ResponseWriter, r *http.Request, p DataPage) error {
	return v.kit.Render(w, r, http.StatusOK, web.Page{
		Template: v.data, Title: "privacy.title", Data: p, Self: Path, FormAction: []string{web.AnyHTTPS},
	})
}

// Previews are the pages with sample data.
func (v *Views) Previews() []web.Preview {
	show := func(p DataPage) web.Handler {
		return func(w http.ResponseWriter, r *http.Request) error { return v.RenderData(w, r, p) }
	}
	return []web.Preview{{Name: "data", Render: show(DataPage{Proven: true})}, {Name: "data-again", Render: show(DataPage{})}}
}
