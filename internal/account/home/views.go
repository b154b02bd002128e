package home

import (
	"embed"
	"net/http"
	"time"

	"avain/internal/domain/login"
	"avain/internal/platform/web"
)

//go:embed templates/*.html
var templateFiles embed.FS

// Views are the pages of a person.
type Views struct {
	kit    *web.Kit
	signIn *web.Template
	active *web.Template
}

// NewViews parses the templates. The error is a mistake in one of them.
func NewViews(kit *web.Kit) (*Views, error) {
	v := &Views{kit: kit}
	for name, at := range map[string]**web.Template{"signin": &v.signIn, "active": &v.active} {
		t, err := kit.Template(templateFiles, "templates/"+name+".html")
		if err != nil {
			return nil, err
		}
		*at = t
	}
	return v, nil
}

// SignInPage asks a person to sign in.
type SignInPage struct {
	App    string
	Failed login.Reason // why the person is here again; empty at first

	Next     string // name of the page that the person wants to see; anything, from outside
	Password bool   // Smartum credentials are a way in
}

// Wanted is the name of the page that the person wants to see; empty when it is none of
// ours.
func (p SignInPage) Wanted() string {
	if pageOf(p.Next) == "" {
		return ""
	}
	return p.Next
}

// RenderSignIn shows it.
func (v *Views) RenderSignIn(w http.ResponseWriter, r *http.Request, p SignInPage) error {
	if p.Failed != "" {
		web.Note(r.Context(), web.FieldReason, string(p.Failed))
	}
	return v.kit.Render(w, r, http.StatusOK, web.Page{
		Template: v.signIn, Title: "me.signin", Values: []any{"App", p.App}, Data: p, Self: home,
		FormAction: []string{web.AnyHTTPS},
	})
}

// waitFor is how often the page of somebody whose employer has not finished loads
// itself again.
const waitFor = time.Minute

// ActivePage says that a person's benefits are active, and how to get into the app. For
// somebody without benefits it says why.
type ActivePage struct {
	App      string
	Name     string // given name; may be empty
	Plus     bool   // a SmartumPlus user
	Benefits []login.Benefit
	Waiting  []string // employers who have not finished; only looked at without benefits
	Stores   Stores
	Phone    bool // looked at on a phone: lead with the app instead of the code
}

// RenderActive shows it.
func (v *Views) RenderActive(w http.ResponseWriter, r *http.Request, p ActivePage) error {
	title, refresh := "me.active", time.Duration(0)
	switch {
	case len(p.Benefits) > 0 && p.Plus:
	case len(p.Benefits) > 0:
		title = "me.active_smartum"
	case len(p.Waiting) > 0:
		title, refresh = "reason.benefits_pending.title", waitFor
	default:
		title = "me.none"
	}
	return v.kit.Render(w, r, http.StatusOK, web.Page{Template: v.active, Title: title, Data: p, Refresh: refresh})
}

// Previews are the pages with sample data.
func (v *Views) Previews() []web.Preview {
	page := ActivePage{
		App: "SmartumPay", Name: "Aino", Plus: true,
		Benefits: []login.Benefit{{Kind: "lunch", Employer: "Kuusiston Konepaja Oy"}, {Kind: "sports", Employer: "Kuusiston Konepaja Oy"}},
		Stores:   Stores{"https://apps.apple.com/app/example", "https://play.google.com/store/apps/details?id=example", "https://appgallery.huawei.com/app/example"},
	}
	active := func(change func(*ActivePage)) web.Handler {
		return func(w http.ResponseWriter, r *http.Request) error {
			p := page
			change(&p)
			return v.RenderActive(w, r, p)
		}
	}
	ask := func(reason login.Reason) web.Handler {
		return func(w http.ResponseWriter, r *http.Request) error {
			return v.RenderSignIn(w, r, SignInPage{App: page.App, Failed: reason, Password: true})
		}
	}
	return []web.Preview{
		{Name: "me-sign-in", Render: ask("")},
		{Name: "me-sign-in-again", Render: ask(login.ReasonCancelledByPerson)},
		{Name: "me-active", Render: active(func(*ActivePage) {})},
		{Name: "me-active-phone", Render: active(func(p *ActivePage) { p.Phone = true })},
		{Name: "me-active-smartum", Render: active(func(p *ActivePage) { p.Plus = false })},
		{Name: "me-active-waiting", Render: active(func(p *ActivePage) { p.Benefits, p.Waiting = nil, []string{"Pohjantuuli Oy"} })},
		{Name: "me-active-nothing", Render: active(func(p *ActivePage) { p.Benefits, p.Stores = nil, Stores{} })},
	}
}
