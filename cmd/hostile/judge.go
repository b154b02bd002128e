package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// finding is something that must never happen.
type finding struct {
	Kind    string `json:"kind"`
	Detail  string `json:"detail"`
	Request string `json:"request,omitempty"`
}

// judge knows what must never be in an answer.
type judge struct {
	target target
	hosts  []string // where the service may send somebody
}

func newJudge(t target) judge {
	j := judge{target: t}
	for _, address := range []string{t.Service, t.App, t.Banks, t.Admin} {
		if u, err := url.Parse(address); err == nil {
			j.hosts = append(j.hosts, u.Host)
		}
	}
	return j
}

// check holds an answer against everything.
func (j judge) check(r request, a answer) (all []finding) {
	add := func(kind, format string, args ...any) {
		all = append(all, finding{Kind: kind, Detail: fmt.Sprintf(format, args...)})
	}
	if a.status >= http.StatusInternalServerError {
		add("5xx", "%d: %.300s", a.status, a.body)
	}
	if len(a.body) > 0 && a.header.Get("X-Content-Type-Options") != "nosniff" {
		add("sniffable", "%d %s without nosniff", a.status, a.header.Get("Content-Type"))
	}
	if where := j.leads(a.header.Get("Location")); where != "" {
		add("open redirect", "Location: %s", where)
	}
	if name := marked(r, a.header); name != "" {
		add("reflected", "the header %s", name)
	}
	if where := j.reflected(r, a); where != "" {
		add("reflected", "%s", where)
	}
	if canary := j.foreign(a); canary != "" {
		add("foreign data", "%q", canary)
	}
	return all
}

// leads returns a Location that leads to a stranger.
func (j judge) leads(location string) string {
	if location == "" {
		return ""
	}
	u, err := url.Parse(location)
	if err != nil || strings.HasPrefix(location, `/\`) {
		return location
	}
	if u.Host == "" && (u.Scheme == "" || u.Scheme == "http") || slices.Contains(j.hosts, u.Host) && u.Scheme == "http" {
		return ""
	}
	return location
}

// marked returns a header that what was sent has made.
func marked(r request, header http.Header) string {
	for name, values := range header {
		if strings.Contains(strings.ToLower(name), r.mark) {
			return name
		}
		if name == "Set-Cookie" && slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, r.mark) }) {
			return name
		}
	}
	return ""
}

// reflected finds what was sent in the answer: anywhere in one that refuses, but for
// fields that people correct, and as markup in any page.
func (j judge) reflected(r request, a answer) string {
	if !bytes.Contains(a.body, []byte(r.mark)) {
		return ""
	}
	refuses := a.status >= http.StatusBadRequest
	if !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
		if refuses {
			return around(a.body, r.mark)
		}
		return ""
	}
	root, err := html.Parse(bytes.NewReader(a.body))
	if err != nil {
		return "a page that cannot be read"
	}
	for n := range root.Descendants() {
		if madeOf(n, r.mark) || refuses && repeats(n, r.mark) {
			return around(a.body, r.mark)
		}
	}
	return ""
}

// madeOf reports whether something that was sent became markup, a script or an
// address.
func madeOf(n *html.Node, mark string) bool {
	if n.Type != html.ElementNode {
		return n.Type == html.CommentNode && strings.Contains(n.Data, mark)
	}
	if strings.Contains(n.Data, mark) || (n.Data == "script" || n.Data == "style") && n.FirstChild != nil && strings.Contains(n.FirstChild.Data, mark) {
		return true
	}
	return slices.ContainsFunc(n.Attr, func(attr html.Attribute) bool {
		return strings.Contains(attr.Key, mark) || strings.HasPrefix(attr.Key, "on") || dangerous(attr, mark)
	})
}

// repeats reports whether a page that refuses shows what was sent elsewhere than in
// a field.
func repeats(n *html.Node, mark string) bool {
	if n.Type == html.TextNode {
		return strings.Contains(n.Data, mark) && (n.Parent == nil || n.Parent.Data != "textarea")
	}
	return n.Data != "input" && slices.ContainsFunc(n.Attr, func(attr html.Attribute) bool { return strings.Contains(attr.Val, mark) })
}

// dangerous reports whether an address on a page is one that was sent.
func dangerous(attr html.Attribute, mark string) bool {
	if !slices.Contains([]string{"href", "src", "action", "formaction", "content"}, attr.Key) || !strings.Contains(attr.Val, mark) {
		return false
	}
	u, err := url.Parse(strings.TrimSpace(attr.Val))
	return err != nil || strings.Contains(u.Host, mark) || u.Scheme == "javascript" || u.Scheme == "data"
}

func around(body []byte, mark string) string {
	i := bytes.Index(body, []byte(mark))
	return string(body[max(0, i-120):min(len(body), i+120)])
}

var encoded = regexp.MustCompile(`[A-Za-z0-9_-]{16,}`)

// foreign finds the victim's data in an answer, also inside tokens.
func (j judge) foreign(a answer) string {
	var text strings.Builder
	text.WriteString(string(a.body))
	for name, values := range a.header {
		text.WriteString("\n" + name + ": " + strings.Join(values, "\n"))
	}
	if canary := j.canary(text.String()); canary != "" {
		return canary
	}
	for _, part := range encoded.FindAllString(text.String(), -1) {
		if plain, err := base64.RawURLEncoding.DecodeString(part); err == nil {
			if canary := j.canary(string(plain)); canary != "" {
				return canary
			}
		}
	}
	return ""
}

func (j judge) canary(text string) string {
	for _, c := range j.target.Canaries {
		if strings.Contains(text, c) {
			return c
		}
	}
	return ""
}
