package console

import (
	"net/http"
	"net/url"
	"strings"

	"avain/internal/web"
)

// signInFirst sends a reader to sign in, and back here afterwards.
func (c *Console) signInFirst(w http.ResponseWriter, r *http.Request) error {
	return web.SeeOther(w, Root+"sign-in?next="+url.QueryEscape(ownPage(r.URL.Path)))
}

// ownPage lets only pages of the console be gone to after signing in (threat 19).
func ownPage(path string) string {
	if !strings.HasPrefix(path, Root) || strings.ContainsAny(path, "\\\x00\n\r") {
		return Root
	}
	return path
}

// signInView asks who is there.
type signInView struct {
	Next string
}

func (c *Console) askToSignIn(w http.ResponseWriter, r *http.Request) error {
	t, err := c.own.signIn()
	if err != nil {
		return err
	}
	return c.Render(w, r, Agent{}, http.StatusOK, web.Page{
		Template: t, Title: "console.signin", Self: Root + "sign-in", Data: signInView{Next: ownPage(r.URL.Query().Get("next"))},
	})
}
