package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"avain/internal/testkit/robot"

	"golang.org/x/net/html"
)

// maxPages bounds one walk over the pages of somebody.
const maxPages = 60

// pages learns links and forms: as nobody, as somebody who chooses a bank, with a
// login link, signed in on the web, and with an invitation.
func (s scholar) pages(ctx context.Context, b *book) error {
	for _, walk := range []struct {
		name  string
		begin func(ctx context.Context, v *visitor, b *book) ([]string, error)
	}{
		{"nobody", s.asNobody}, {"login", s.asLogin}, {"link", s.asLink}, {"signed in", s.asSignedIn}, {"invitation", s.asInvited},
	} {
		v, err := newVisitor(s.target.Service, s.target.App)
		if err != nil {
			return err
		}
		starts, err := walk.begin(ctx, v, b)
		s.walk(ctx, v, b, starts)
		v.close()
		if err != nil {
			return fmt.Errorf("%s: %w", walk.name, err)
		}
	}
	return nil
}

func (s scholar) asNobody(context.Context, *visitor, *book) ([]string, error) {
	out := []string{s.target.Admin + "/console/", s.target.Admin + "/console/staff"}
	for _, path := range []string{"/", "/me", "/me/password", "/help", "/help/login", "/news", "/news.atom", "/status", "/status.json", "/logout", "/return?code=x&state=y", "/open", "/login-options"} {
		out = append(out, s.target.Service+path)
	}
	return out, nil
}

func (s scholar) asLogin(ctx context.Context, v *visitor, b *book) ([]string, error) {
	l, err := v.app.Start(ctx, url.Values{})
	if err != nil {
		return nil, err
	}
	b.ids = append(b.ids, l.RequestURI)
	page, err := v.browser.Open(ctx, l.AuthorizeURL)
	if err != nil {
		return nil, err
	}
	for _, broker := range []string{"op", "telia"} {
		b.add(s.asBrowser(v, request{
			method: http.MethodGet, path: "/callback/" + broker, query: url.Values{"code": {"c"}, "state": {"s"}, "error": {"access_denied"}, "error_description": {"d"}, "iss": {s.target.Banks}},
		}))
	}
	return []string{l.AuthorizeURL, page.URL}, nil
}

func (s scholar) asLink(ctx context.Context, v *visitor, _ *book) ([]string, error) {
	l, err := v.app.Start(ctx, url.Values{"login_method": {"link"}})
	if err != nil {
		return nil, err
	}
	page, err := v.browser.Open(ctx, l.LoginLink)
	if err != nil {
		return nil, err
	}
	if page, err = v.press(ctx, page, "Kirjaudu", "kuikka", s.target.Person, "Vahvista"); err != nil {
		return nil, err
	}
	return []string{l.LoginLink, page.URL}, nil
}

func (s scholar) asSignedIn(ctx context.Context, v *visitor, _ *book) ([]string, error) {
	page, err := v.browser.Open(ctx, s.target.Service+"/me")
	if err != nil {
		return nil, err
	}
	if page, err = v.press(ctx, page, "Kirjaudu", "kuikka", s.target.Person, "Vahvista"); err != nil {
		return nil, err
	}
	qr, err := v.press(ctx, page, "Näytä QR-koodi")
	if err != nil {
		return nil, err
	}
	return []string{s.target.Service + "/me", s.target.Service + "/me/devices", s.target.Service + "/me/data", qr.URL + "&seen=shown"}, nil
}

// asInvited opens the invitation in the attacker's letter.
func (s scholar) asInvited(ctx context.Context, _ *visitor, b *book) ([]string, error) {
	return s.ticketOf(ctx, b.letter)
}

// walk opens pages and notes what they lead to.
func (s scholar) walk(ctx context.Context, v *visitor, b *book, todo []string) {
	seen := map[string]bool{}
	for len(todo) > 0 && len(seen) < maxPages {
		address := todo[0]
		todo = todo[1:]
		if seen[address] || !s.ours(address) || strings.Contains(address, "/static/") || strings.Contains(address, "/demo") {
			continue
		}
		seen[address] = true
		page := s.look(ctx, v, address)
		u, err := url.Parse(address)
		if err != nil {
			continue
		}
		b.add(s.asBrowser(v, request{method: http.MethodGet, origin: u.Scheme + "://" + u.Host, path: u.EscapedPath(), query: u.Query()}))
		links, forms := contents(page)
		todo = append(todo, links...)
		for _, f := range forms {
			if s.ours(f.action.String()) {
				b.add(s.asForm(v, f))
			}
		}
	}
}

// look reads a page without waiting for news. A redirect that leads nowhere here is
// a page without links and forms.
func (s scholar) look(ctx context.Context, v *visitor, address string) robot.Page {
	page, err := v.browser.Open(ctx, strings.Replace(address, "seen=", "was=", 1))
	if err != nil && page.URL == "" {
		return robot.Page{URL: address}
	}
	return page
}

func (s scholar) ours(address string) bool {
	return strings.HasPrefix(address, s.target.Service+"/") || strings.HasPrefix(address, s.target.Admin+"/console")
}

// asBrowser is a request with the cookies and headers of a browser.
func (s scholar) asBrowser(v *visitor, r request) request {
	r.from = "page"
	if r.origin == "" {
		r.origin = s.target.Service
	}
	r.header = http.Header{"Accept": {"text/html"}, "Sec-Fetch-Site": {"same-origin"}, "Origin": {r.origin}}
	if u, err := url.Parse(r.origin + r.path); err == nil {
		r.cookies = v.browser.HTTP.Jar.Cookies(u)
	}
	return r
}

func (s scholar) asForm(v *visitor, f pageForm) request {
	r := request{method: f.method, origin: f.action.Scheme + "://" + f.action.Host, path: f.action.EscapedPath(), query: f.action.Query()}
	if f.method == http.MethodGet {
		r.query = f.fields
	} else {
		r.form = f.fields
	}
	r = s.asBrowser(v, r)
	r.from = "form"
	return r
}

// pageForm is a form of a page with all that it can send.
type pageForm struct {
	method string
	action *url.URL
	fields url.Values
}

// contents are the links and forms of a page.
func contents(page robot.Page) (links []string, forms []pageForm) {
	root, err := html.Parse(strings.NewReader(page.Body))
	if err != nil {
		return nil, nil
	}
	base, err := url.Parse(page.URL)
	if err != nil {
		return nil, nil
	}
	var form *pageForm
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "a":
			if u, err := base.Parse(attribute(n, "href")); err == nil {
				u.Fragment = ""
				links = append(links, u.String())
			}
		case "form":
			action, err := base.Parse(attribute(n, "action"))
			if err != nil {
				continue
			}
			forms = append(forms, pageForm{method: strings.ToUpper(attribute(n, "method")), action: action, fields: url.Values{}})
			if form = &forms[len(forms)-1]; form.method == "" {
				form.method = http.MethodGet
			}
		case "input", "button", "select", "textarea":
			if name := attribute(n, "name"); name != "" && form != nil {
				form.fields.Set(name, attribute(n, "value"))
			}
		}
	}
	return links, forms
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
