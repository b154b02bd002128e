package link

import (
	"embed"
	"html/template"
	"net/http"
	"strings"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/web"
)

//go:embed templates/*.html
var templateFiles embed.FS

// waitFor is how often the page with the digits looks whether the app is logged in.
const waitFor = 3 * time.Second

// Views are the pages of the login link.
type Views struct {
	kit     *web.Kit
	link    *web.Template
	confirm *web.Template
	back    *web.Template
	refused *web.Template
}

// NewViews parses the templates. The error is a mistake in one of them.
func NewViews(kit *web.Kit) (*Views, error) {
	v := &Views{kit: kit}
	for name, at := range map[string]**web.Template{
		"link": &v.link, "confirm": &v.confirm, "return": &v.back, "refused": &v.refused,
	} {
		t, err := kit.Template(templateFiles, "templates/"+name+".html")
		if err != nil {
			return nil, err
		}
		*at = t
	}
	return v, nil
}

// About says which login it is: what the person compares with the phone in their
// hand.
type About struct {
	App     string
	Device  string // as the app describes it; may be empty
	Place   login.Place
	Started time.Time // when the app started it
}

// LinkPage is what a login link opens.
type LinkPage struct {
	Path    string              // of the link: the forms post there
	Notices []operations.Notice // that concern the person, the most important first
	About
}

// RenderLink shows it.
func (v *Views) RenderLink(w http.ResponseWriter, r *http.Request, p LinkPage) error {
	return v.kit.Render(w, r, http.StatusOK, web.Page{Template: v.link, Title: "link.title", Values: []any{"App", p.App}, Data: struct {
		LinkPage
		Shown []web.Notice
	}{p, v.kit.Notices(v.kit.Language(r), p.Notices)}})
}

// ConfirmPage asks whether to let the app in.
type ConfirmPage struct {
	Attempt string
	Name    string // masked: enough for the person to notice that it is not theirs
	About
	FormAction []string // where the answer may lead
}

// RenderConfirm shows it.
func (v *Views) RenderConfirm(w http.ResponseWriter, r *http.Request, p ConfirmPage) error {
	return v.kit.Render(w, r, http.StatusOK, web.Page{
		Template: v.confirm, Title: "confirm.title", Values: []any{"App", p.App}, Data: p, FormAction: p.FormAction,
	})
}

// ReturnPage leads back to the app.
type ReturnPage struct {
	App     string // link that opens the app; may be empty
	Digits  string // six digits to type into it; may be empty
	Confirm string // page that leads to digits, when there are none yet
	About
}

// RenderReturn shows it, and shows it again until the app is logged in.
func (v *Views) RenderReturn(w http.ResponseWriter, r *http.Request, p ReturnPage) error {
	return v.kit.Render(w, r, http.StatusOK, web.Page{
		Template: v.back, Title: "return.title", Refresh: waitFor, Data: returnView{
			App: appLink(p.App), First: first(p.Digits), Last: last(p.Digits), Digits: p.Digits, Confirm: p.Confirm, Name: p.About.App,
		},
	})
}

type returnView struct {
	App         template.URL
	Digits      string
	First, Last string // the digits in two groups, for people
	Confirm     string
	Name        string
}

// appLink lets a link of the client's configuration pass, which may have a scheme of
// the app's own. What could be script was refused with the configuration, and is
// refused here again.
func appLink(address string) template.URL {
	if web.FormTarget(address) == "" || strings.HasPrefix(strings.ToLower(address), "javascript:") {
		return ""
	}
	return template.URL(address) //nolint:gosec // checked above
}

func first(digits string) string {
	if len(digits) != 6 {
		return ""
	}
	return digits[:3]
}

func last(digits string) string {
	if len(digits) != 6 {
		return ""
	}
	return digits[3:]
}

// RenderRefused thanks a person who has stopped a login.
func (v *Views) RenderRefused(w http.ResponseWriter, r *http.Request, _ login.Attempt) error {
	return v.kit.Render(w, r, http.StatusOK, web.Page{Template: v.refused, Title: "refused.title"})
}
