package web

import (
	"html/template"
	"net/http"
)

// sharedPages are the pages that belong to no feature.
type sharedPages struct {
	failure   *Template
	logout    *Template
	loggedOut *Template
	leave     *Template
	gallery   *Template
}

func (k *Kit) parseShared() (sharedPages, error) {
	var pages sharedPages
	for name, at := range map[string]**Template{
		"templates/error.html":     &pages.failure,
		"templates/logout.html":    &pages.logout,
		"templates/loggedout.html": &pages.loggedOut,
		"templates/leave.html":     &pages.leave,
		"templates/gallery.html":   &pages.gallery,
	} {
		t, err := k.Template(templateFiles, name)
		if err != nil {
			return pages, err
		}
		*at = t
	}
	return pages, nil
}

// LogoutPage asks whether to log out. The question keeps another site from logging
// people out by a mere link (OpenID Connect RP-Initiated Logout §2).
type LogoutPage struct {
	Client     string   // name of the app; empty: out of our own pages in this browser
	Action     string   // path of ours that the form posts to
	Hidden     []Hidden // fields of the form
	FormAction []string // where the answer may redirect to: see [LeavesTo]
}

// Hidden is a field of a form that nobody sees.
type Hidden struct{ Name, Value string }

// RenderLogout shows the question.
func (k *Kit) RenderLogout(w http.ResponseWriter, r *http.Request, p LogoutPage) error {
	return k.Render(w, r, http.StatusOK, Page{
		Template: k.pages.logout, Title: "logout.title", Data: p, FormAction: p.FormAction,
	})
}

// LoggedOutPage says that it is done.
type LoggedOutPage struct {
	Client string // name of the app; may be empty
	App    string // address back to the app; may be empty
	Nobody bool   // nobody was logged in here
}

// RenderLoggedOut shows it.
func (k *Kit) RenderLoggedOut(w http.ResponseWriter, r *http.Request, p LoggedOutPage) error {
	title := "loggedout.title"
	if p.Nobody {
		title = "loggedout.nobody"
	}
	return k.Render(w, r, http.StatusOK, Page{Template: k.pages.loggedOut, Title: title, Data: struct {
		LoggedOutPage
		App template.URL
	}{p, link(p.App)}})
}
