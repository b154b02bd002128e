package robot

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// Form is a form of a page.
type Form struct {
	Action  string
	Fields  url.Values
	Buttons []Button
}

// Button submits a form.
type Button struct{ Name, Value, Text string }

// Forms reads the forms of a page.
func (p Page) Forms() ([]Form, error) {
	root, err := html.Parse(strings.NewReader(p.Body))
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(p.URL)
	if err != nil {
		return nil, err
	}
	var forms []Form
	for n := range root.Descendants() {
		if n.Type != html.ElementNode || n.Data != "form" {
			continue
		}
		action, err := base.Parse(attribute(n, "action"))
		if err != nil {
			return nil, err
		}
		forms = append(forms, read(n, action.String()))
	}
	return forms, nil
}

func read(form *html.Node, action string) Form {
	f := Form{Action: action, Fields: url.Values{}}
	for n := range form.Descendants() {
		switch {
		case n.Type != html.ElementNode:
		case n.Data == "input" && attribute(n, "name") != "":
			f.Fields.Set(attribute(n, "name"), attribute(n, "value"))
		case n.Data == "button":
			f.Buttons = append(f.Buttons, Button{attribute(n, "name"), attribute(n, "value"), text(n)})
		}
	}
	return f
}

// Press presses the button with that value, or else that text, after filling in
// fields.
func (b *Browser) Press(ctx context.Context, p Page, button string, fields url.Values) (Page, error) {
	forms, err := p.Forms()
	if err != nil {
		return Page{}, err
	}
	for _, matches := range []func(Button) bool{
		func(b Button) bool { return b.Value == button },
		func(b Button) bool { return strings.Contains(b.Text, button) },
	} {
		for _, f := range forms {
			for _, candidate := range f.Buttons {
				if !matches(candidate) {
					continue
				}
				maps.Copy(f.Fields, fields)
				if candidate.Name != "" {
					f.Fields.Set(candidate.Name, candidate.Value)
				}
				return b.SubmitFrom(ctx, p.URL, f.Action, f.Fields)
			}
		}
	}
	return Page{}, fmt.Errorf("no button %q on %s (%d)", button, p.URL, p.Status)
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.TrimSpace(b.String())
}
