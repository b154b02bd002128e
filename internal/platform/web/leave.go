package web

import (
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

// Leaving is the end of what a person does here: the browser goes to a client.
type Leaving struct {
	Client  string // its name
	Address string // redirect URI of the client, with the answer in its query
}

// Leave sends the browser to a client where a form may have led here. Browsers apply
// form-action to every redirect that follows a form, and a client's own site may
// redirect on to wherever it likes, such as the scheme of its app: a redirect of ours
// would be blocked there, and nothing would happen on the page. A page of ours ends the
// form instead, and goes on by itself (HTML Living Standard, "shared declarative
// refresh steps": without a script, in place of itself in the history). It may hold a
// code, but nobody else gets to see it: no-store, and no referrer to other origins.
//
// Where the whole way is known, a redirect leads there: to a page of our own, which a
// phone may hand to the app, and to the app's own scheme. Phones open an app after a
// press, and a redirect belongs to the press. And a client that calls by itself, without
// a browser, gets the redirect that it looks for: it asks for no page, and has no form.
func (k *Kit) Leave(w http.ResponseWriter, r *http.Request, to Leaving) error {
	if strings.HasPrefix(to.Address, k.URL("/")) || !onTheWeb(to.Address) || !wantsPage(r) {
		return SeeOther(w, to.Address)
	}
	page := k.leaving(to)
	page.leaveFor = to.Address
	return k.Render(w, r, http.StatusOK, page)
}

func (k *Kit) leaving(to Leaving) Page {
	return Page{Template: k.pages.leave, Title: "leave.title", Values: []any{"Client", to.Client}, Codeless: true, Data: struct {
		Client  string
		Address template.URL
	}{to.Client, link(to.Address)}}
}

// LeavesTo is the form-action source of a page whose form ends with [Kit.Leave] at the
// address: the scheme of an app, and nothing for a site.
func LeavesTo(address string) string {
	if onTheWeb(address) {
		return ""
	}
	return FormTarget(address)
}

func onTheWeb(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http")
}
