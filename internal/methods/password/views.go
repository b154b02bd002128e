package password

import (
	"embed"
	"net/http"

	"avain/internal/domain/login"
	"avain/internal/platform/web"
)

//go:embed templates/*.html
var templateFiles embed.FS

// Views are the pages of Smartum credentials.
type Views struct {
	kit     *web.Kit
	signIn  *web.Template
	forgot  *web.Template
	ordered *web.Template
	fresh   *web.Template
	changed *web.Template
}

// NewViews parses the templates. The error is a mistake in one of them.
func NewViews(kit *web.Kit) (*Views, error) {
	v := &Views{kit: kit}
	for name, at := range map[string]**web.Template{
		"signin": &v.signIn, "forgot": &v.forgot, "ordered": &v.ordered, "new": &v.fresh, "changed": &v.changed,
	} {
		t, err := kit.Template(templateFiles, "templates/"+name+".html")
		if err != nil {
			return nil, err
		}
		*at = t
	}
	return v, nil
}

// SignInPage asks for user name and password.
type SignInPage struct {
	App         string
	Strong      string // path of the page for bank and Mobile Certificate
	UserName    string // what was typed before
	Failed      login.Reason
	SupportCode string
}

// StrongOnly reports whether the person was told that a password is not enough.
func (p SignInPage) StrongOnly() bool { return p.Failed == login.ReasonStrongRequired }

// RenderSignIn shows it.
func (v *Views) RenderSignIn(w http.ResponseWriter, r *http.Request, p SignInPage) error {
	status := http.StatusOK
	if p.Failed != "" {
		status = http.StatusForbidden
		web.Note(r.Context(), web.FieldReason, string(p.Failed))
	}
	return v.kit.Render(w, r, status, web.Page{
		Template: v.signIn, Title: "credentials.title", Data: p, Self: signInPath, FormAction: []string{web.AnyHTTPS},
	})
}

// ForgotPage asks whose password is forgotten.
type ForgotPage struct {
	App   string
	Empty bool // nothing was typed
}

// RenderForgot shows it.
func (v *Views) RenderForgot(w http.ResponseWriter, r *http.Request, p ForgotPage) error {
	status := http.StatusOK
	if p.Empty {
		status = http.StatusUnprocessableEntity
	}
	return v.kit.Render(w, r, status, web.Page{Template: v.forgot, Title: "credentials.forgot", Data: p, Self: forgotPath})
}

// OrderedPage says that a letter may be on its way.
type OrderedPage struct {
	App   string
	Again string // path of the page before
}

// RenderOrdered shows it.
func (v *Views) RenderOrdered(w http.ResponseWriter, r *http.Request, p OrderedPage) error {
	return v.kit.Render(w, r, http.StatusOK, web.Page{Template: v.ordered, Title: "credentials.ordered", Data: p, Self: forgotPath})
}

// NewPage asks for the new password.
type NewPage struct {
	App       string
	UserName  string
	MinLength int
	Weak      string // what is wrong with the one that was typed; empty at first
	Stay      bool   // the other devices were to stay logged in
}

// RenderNew shows it.
func (v *Views) RenderNew(w http.ResponseWriter, r *http.Request, p NewPage) error {
	status := http.StatusOK
	if p.Weak != "" {
		status = http.StatusUnprocessableEntity
		web.Note(r.Context(), web.FieldReason, string(login.ReasonPasswordWeak))
	}
	return v.kit.Render(w, r, status, web.Page{Template: v.fresh, Title: "credentials.new", Data: p})
}

// ChangedPage says that the new password is set.
type ChangedPage struct {
	App       string
	SignIn    string
	LoggedOut bool
}

// RenderChanged shows it.
func (v *Views) RenderChanged(w http.ResponseWriter, r *http.Request, p ChangedPage) error {
	return v.kit.Render(w, r, http.StatusOK, web.Page{Template: v.changed, Title: "credentials.changed", Data: p, Self: signInPath})
}

// Previews are the pages with sample data.
func (v *Views) Previews() []web.Preview {
	signIn := func(reason login.Reason) web.Handler {
		return func(w http.ResponseWriter, r *http.Request) error {
			p := SignInPage{App: "SmartumPay", Strong: "/me", Failed: reason}
			if reason != "" {
				p.UserName, p.SupportCode = "aino@example.com", "K7Q-4TM"
			}
			return v.RenderSignIn(w, r, p)
		}
	}
	fresh := func(weak string) web.Handler {
		return func(w http.ResponseWriter, r *http.Request) error {
			return v.RenderNew(w, r, NewPage{App: "SmartumPay", UserName: "aino@example.com", MinLength: 12, Weak: weak})
		}
	}
	return []web.Preview{
		{Name: "password", Render: signIn("")},
		{Name: "password-wrong", Render: signIn(login.ReasonPasswordWrong)},
		{Name: "password-strong", Render: signIn(login.ReasonStrongRequired)},
		{Name: "password-forgot", Render: func(w http.ResponseWriter, r *http.Request) error {
			return v.RenderForgot(w, r, ForgotPage{App: "SmartumPay"})
		}},
		{Name: "password-forgot-empty", Render: func(w http.ResponseWriter, r *http.Request) error {
			return v.RenderForgot(w, r, ForgotPage{App: "SmartumPay", Empty: true})
		}},
		{Name: "password-ordered", Render: func(w http.ResponseWriter, r *http.Request) error {
			return v.RenderOrdered(w, r, OrderedPage{App: "SmartumPay", Again: forgotPath})
		}},
		{Name: "password-new", Render: fresh("")},
		{Name: "password-new-short", Render: fresh("too_short")},
		{Name: "password-new-leaked", Render: fresh("leaked")},
		{Name: "password-changed", Render: func(w http.ResponseWriter, r *http.Request) error {
			return v.RenderChanged(w, r, ChangedPage{App: "SmartumPay", SignIn: signInPath, LoggedOut: true})
		}},
	}
}
