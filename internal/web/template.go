package web

import (
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"strings"
	"time"
)

//go:embed templates/*.html
var templateFiles embed.FS

// Template is one page in every language. Features make theirs once, at start.
type Template struct {
	name   string
	byLang map[string]*template.Template
}

// Template parses a page. The file defines "main", what stands inside the layout;
// "." is [Page.Data] there. It can use the shared parts of templates/parts.html
// and these functions:
//
//	T "key" "Name" value …   the text of that key, with values filled in
//	date time                a day and time
//	asset "name"             address of an asset, empty when there is none
//	lang                     language of the page: fi, sv, en
func (k *Kit) Template(files fs.FS, name string) (*Template, error) {
	t := &Template{name: name, byLang: make(map[string]*template.Template)}
	for _, lang := range Languages() {
		base, err := k.base[lang].Clone()
		if err != nil {
			return nil, fmt.Errorf("template %s: %w", name, err)
		}
		if t.byLang[lang], err = base.ParseFS(files, name); err != nil {
			return nil, fmt.Errorf("template %s: %w", name, err)
		}
	}
	return t, nil
}

// Over parses a page whose files are laid over this one: they may use what this one
// defines, and define "main" or anything else anew. This one must not have been shown.
func (t *Template) Over(files fs.FS, names ...string) (*Template, error) {
	name := strings.Join(names, " ")
	over := &Template{name: name, byLang: make(map[string]*template.Template)}
	for lang, under := range t.byLang {
		clone, err := under.Clone()
		if err != nil {
			return nil, fmt.Errorf("template %s: %w", name, err)
		}
		if over.byLang[lang], err = clone.ParseFS(files, names...); err != nil {
			return nil, fmt.Errorf("template %s: %w", name, err)
		}
	}
	return over, nil
}

// parseBase parses the layout and the shared parts once per language, so that T
// knows its language without every template passing it on.
func (k *Kit) parseBase() (map[string]*template.Template, error) {
	base := make(map[string]*template.Template)
	for _, lang := range Languages() {
		t, err := template.New("layout.html").Option("missingkey=error").Funcs(k.functions(lang)).
			ParseFS(templateFiles, "templates/layout.html", "templates/parts.html")
		if err != nil {
			return nil, err
		}
		base[lang] = t
	}
	return base, nil
}

func (k *Kit) functions(lang string) template.FuncMap {
	return template.FuncMap{
		"T": func(key string, values ...any) (string, error) {
			return k.Text(lang, key, values...)
		},
		"hasText": k.texts.has,
		"date":    func(t time.Time) string { return k.date(lang, t) },
		"asset":   k.assets.path,
		"lang":    func() string { return lang },
	}
}

// HasText reports whether there is a text of that key.
func (k *Kit) HasText(key string) bool { return k.texts.has(key) }
