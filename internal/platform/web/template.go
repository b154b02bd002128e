package web

import (
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"strings"
	"sync"
	"time"
)

//go:embed templates/*.html
var templateFiles embed.FS

// Template is one page in every language. Features make theirs once, at start. The
// operator's first language is parsed then, which finds every mistake; another is when
// somebody first speaks it: each takes memory that an idle service need not hold.
type Template struct {
	name   string
	first  string                                        // language
	parse  func(lang string) (*template.Template, error) // anew: what has been shown cannot be built on
	byLang map[string]func() (*template.Template, error)
}

func newTemplate(name, first string, parse func(lang string) (*template.Template, error)) (*Template, error) {
	t := &Template{name: name, first: first, byLang: make(map[string]func() (*template.Template, error))}
	t.parse = func(lang string) (*template.Template, error) {
		parsed, err := parse(lang)
		if err != nil {
			return nil, fmt.Errorf("template %s: %w", name, err)
		}
		return parsed, nil
	}
	for _, lang := range Languages() {
		t.byLang[lang] = sync.OnceValues(func() (*template.Template, error) { return t.parse(lang) })
	}
	_, err := t.byLang[first]()
	return t, err
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
	return newTemplate(name, k.cfg.Languages[0], func(lang string) (*template.Template, error) {
		base, err := k.base[lang]()
		if err != nil {
			return nil, err
		}
		clone, err := base.Clone()
		if err != nil {
			return nil, err
		}
		return clone.ParseFS(files, name)
	})
}

// Over parses a page whose files are laid over this one: they may use what this one
// defines, and define "main" or anything else anew.
func (t *Template) Over(files fs.FS, names ...string) (*Template, error) {
	return newTemplate(strings.Join(names, " "), t.first, func(lang string) (*template.Template, error) {
		under, err := t.parse(lang)
		if err != nil {
			return nil, err
		}
		return under.ParseFS(files, names...)
	})
}

// baseTemplates are the layout and the shared parts, parsed once per language, so that T
// knows its language without every template passing it on.
func (k *Kit) baseTemplates() (map[string]func() (*template.Template, error), error) {
	base := make(map[string]func() (*template.Template, error))
	for _, lang := range Languages() {
		base[lang] = sync.OnceValues(func() (*template.Template, error) {
			return template.New("layout.html").Option("missingkey=error").Funcs(k.functions(lang)).
				ParseFS(templateFiles, "templates/layout.html", "templates/parts.html")
		})
	}
	_, err := base[k.cfg.Languages[0]]()
	return base, err
}

func (k *Kit) functions(lang string) template.FuncMap {
	return template.FuncMap{
		"T": func(key string, values ...any) (string, error) {
			return k.Text(lang, key, values...)
		},
		"hasText": k.texts.has,
		"date":    func(t time.Time) string { return k.date(lang, t) },
		"asset":   k.Asset,
		"lang":    func() string { return lang },
	}
}

// HasText reports whether there is a text of that key.
func (k *Kit) HasText(key string) bool { return k.texts.has(key) }
