package notices

import (
	"context"
	"embed"
	"errors"
	"net/http"
	"time"

	"avain/internal/console"
	"avain/internal/core/notices"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/staff"
	"avain/internal/platform/web"
)

//go:embed templates/*.html
var templateFiles embed.FS

// Path is where the notices are.
const Path = console.Root + "notices"

// Board tells people the news: package notices.
type Board interface {
	All(ctx context.Context) ([]operations.Notice, error)
	Get(ctx context.Context, id string) (operations.Notice, error)
	Check(ctx context.Context, n operations.Notice) (operations.Notice, error)
	Publish(ctx context.Context, actor string, n operations.Notice) (operations.Notice, error)
	Change(ctx context.Context, actor string, n operations.Notice) (operations.Notice, error)
	Withdraw(ctx context.Context, actor, id string) error
}

// Deps are what the editor needs.
type Deps struct {
	Console   *console.Console
	Board     Board
	Languages []string // of notices, the first one always there
	Methods   []login.Method
	Means     func(ctx context.Context, lang string) []notices.MeansRef
	Web       *web.Kit
	Zone      *time.Location // of the clock times that leads write
	Now       func() time.Time
}

type editor struct {
	d          Deps
	list, edit func() (*web.Template, error)
}

// New mounts the editor on the console.
func New(d Deps) {
	e := &editor{
		d: d, list: d.Console.Template(templateFiles, "templates/list.html"), edit: d.Console.Template(templateFiles, "templates/edit.html"),
	}
	d.Console.Get("notices", staff.RoleLead, e.showList)
	d.Console.Get("notices/new", staff.RoleLead, e.showNew)
	d.Console.Post("notices/new", staff.RoleLead, e.send)
	d.Console.Get("notices/{id}", staff.RoleLead, e.showOne)
	d.Console.Post("notices/{id}", staff.RoleLead, e.send)
	d.Console.Post("notices/{id}/withdraw", staff.RoleLead, e.withdraw)
	d.Console.AddNav(Path, "editor.nav", staff.RoleLead)
}

// row is a notice in the list.
type row struct {
	Path, Title, State, Severity, About string
	From, Until                         string
	Own                                 bool // the service's own
}

type listView struct {
	Open, Over []row
}

func (e *editor) showList(w http.ResponseWriter, r *http.Request, who console.Agent) error {
	template, err := e.list()
	if err != nil {
		return err
	}
	all, err := e.d.Board.All(r.Context())
	if err != nil {
		return err
	}
	lang, view := e.d.Web.Language(r), listView{}
	for _, n := range all {
		one := row{
			Path: Path + "/" + n.ID, Title: n.In(lang).Title, State: notices.State(n, e.d.Now()), Severity: string(n.Severity),
			About: notices.Describe(n, lang, e.namer(r.Context(), lang)), From: e.d.Web.DayInWords(lang, n.From), Until: e.d.Web.DayInWords(lang, n.Ended()),
			Own: n.Source != "",
		}
		if one.State == "on" || one.State == "coming" {
			view.Open = append(view.Open, one)
		} else {
			view.Over = append(view.Over, one)
		}
	}
	return e.d.Console.Render(w, r, who, http.StatusOK, web.Page{Template: template, Title: "editor.title", Data: view, Self: Path})
}

// namer names means in a language.
func (e *editor) namer(ctx context.Context, lang string) func(id string) string {
	return func(id string) string {
		for _, m := range e.d.Means(ctx, lang) {
			if m.ID == id {
				return m.Name
			}
		}
		return id
	}
}

func (e *editor) showNew(w http.ResponseWriter, r *http.Request, who console.Agent) error {
	n := operations.Notice{Severity: operations.SeverityWarning}
	return e.show(w, r, who, page{notice: n, form: e.formOf(r, n)})
}

func (e *editor) showOne(w http.ResponseWriter, r *http.Request, who console.Agent) error {
	n, err := e.find(r)
	if err != nil {
		return err
	}
	return e.show(w, r, who, page{notice: n, form: e.formOf(r, n), preview: true})
}

func (e *editor) find(r *http.Request) (operations.Notice, error) {
	n, err := e.d.Board.Get(r.Context(), r.PathValue("id"))
	if errors.Is(err, fault.ErrNotFound) {
		return n, fault.New(fault.NotFound, login.ReasonPageUnknown, err)
	}
	return n, err
}

// send shows a preview of what stands in the form, or publishes it.
func (e *editor) send(w http.ResponseWriter, r *http.Request, who console.Agent) error {
	var before operations.Notice
	if r.PathValue("id") != "" {
		var err error
		if before, err = e.find(r); err != nil {
			return err
		}
	}
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, login.ReasonRequestInvalid, err)
	}
	n, mistakes := e.read(r)
	n.ID = before.ID
	if n.From.IsZero() {
		n.From = before.From
	}
	checked, err := e.d.Board.Check(r.Context(), n)
	if found, ok := errors.AsType[fault.FieldErrors](err); ok {
		mistakes = append(mistakes, found...)
	} else if err != nil {
		return err
	}
	p := page{notice: before, form: e.filled(r, n), mistakes: mistakes}
	if len(mistakes) > 0 {
		return e.show(w, r, who, p)
	}
	if r.PostFormValue("do") != "publish" {
		checked.ID = before.ID
		p.preview, p.shown = true, &checked
		return e.show(w, r, who, p)
	}
	return e.publish(w, r, who, n, p)
}

func (e *editor) publish(w http.ResponseWriter, r *http.Request, who console.Agent, n operations.Notice, p page) error {
	act, done := e.d.Board.Publish, "editor.done_published"
	if n.ID != "" {
		act, done = e.d.Board.Change, "editor.done_changed"
	}
	made, err := act(r.Context(), who.Actor(), n)
	if mistakes, ok := errors.AsType[fault.FieldErrors](err); ok { // there are too many, for one
		p.mistakes = mistakes
		return e.show(w, r, who, p)
	}
	if err != nil {
		return moved(err)
	}
	return e.d.Console.Done(w, Path+"/"+made.ID, done)
}

func (e *editor) withdraw(w http.ResponseWriter, r *http.Request, who console.Agent) error {
	n, err := e.find(r)
	if err != nil {
		return err
	}
	if err := e.d.Board.Withdraw(r.Context(), who.Actor(), n.ID); err != nil && !errors.Is(err, fault.ErrMoved) { // pressed twice
		return err
	}
	return e.d.Console.Done(w, Path+"/"+n.ID, "editor.done_withdrawn")
}

// moved is for who was slower than somebody else.
func moved(err error) error {
	if errors.Is(err, fault.ErrMoved) {
		return fault.New(fault.Conflict, login.ReasonRequestInvalid, err)
	}
	return err
}
