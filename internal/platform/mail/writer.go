package mail

import (
	"embed"
	"fmt"
	html "html/template"
	"maps"
	text "text/template"
)

//go:embed templates/letter.html templates/letter.txt
var templateFiles embed.FS

type templates struct {
	html *html.Template
	text *text.Template
}

func loadTemplates() (*templates, error) {
	page, err := html.New("letter.html").Option("missingkey=error").ParseFS(templateFiles, "templates/letter.html")
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	plain, err := text.New("letter.txt").Option("missingkey=error").ParseFS(templateFiles, "templates/letter.txt")
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	return &templates{html: page, text: plain}, nil
}

// content is what a letter says, whatever it looks like.
type content struct {
	Lang     string
	Brand    string
	Accent   html.CSS
	Subject  string
	Glance   string // what lists of letters show beside the subject
	Heading  string
	Greeting string
	Blocks   []block
	Help     help
}

// block is one piece of a letter, from top to bottom. One of its parts is set.
type block struct {
	Text   string
	Title  string // of a section
	List   []string
	Facts  []fact
	Button *button
	Quiet  string // what matters less
}

type fact struct{ Name, Value string }

type button struct {
	Label, URL string
	Stuck      string // what to do when the button does not open
}

type help struct {
	Title, Email, Phone, URL, Sent string
}

// writer puts a letter together. It keeps the first failure, so that letters read
// like letters.
type writer struct {
	mailer *Mailer
	values map[string]any // that every text may name
	err    error
	out    content
}

// text is one text in the letter's language, with values as pairs of name and value.
func (w *writer) text(key string, values ...any) string {
	named := make(map[string]any, len(w.values)+len(values)/2)
	maps.Copy(named, w.values)
	for i := 0; i+1 < len(values); i += 2 {
		named[fmt.Sprint(values[i])] = values[i+1]
	}
	text, err := w.mailer.texts.text(w.out.Lang, key, named)
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("%w: %w", ErrMessage, err)
	}
	return text
}

func (w *writer) add(b block) { w.out.Blocks = append(w.out.Blocks, b) }

func (w *writer) say(key string, values ...any)   { w.add(block{Text: w.text(key, values...)}) }
func (w *writer) quiet(key string, values ...any) { w.add(block{Quiet: w.text(key, values...)}) }
func (w *writer) title(key string)                { w.add(block{Title: w.text(key)}) }

// button is the one thing that a letter asks for.
func (w *writer) button(key, link string) {
	if err := w.mailer.home(link); err != nil && w.err == nil {
		w.err = fmt.Errorf("%w: %w", ErrMessage, err)
	}
	w.add(block{Button: &button{Label: w.text(key), URL: link, Stuck: w.text("letter.stuck")}})
}

// fail refuses data that a letter cannot be written from.
func (w *writer) fail(what string) {
	if w.err == nil {
		w.err = fmt.Errorf("%w: %s", ErrMessage, what)
	}
}
