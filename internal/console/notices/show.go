package notices

import (
	"net/http"
	"slices"
	"strings"

	"avain/internal/console"
	"avain/internal/core/notices"
	"avain/internal/domain/fault"
	"avain/internal/domain/operations"
	"avain/internal/platform/web"
)

// page is what the editor's page is made of.
type page struct {
	notice   operations.Notice  // as it is published; zero for a new one
	form     form               // what stands in the fields
	preview  bool               // show who will see it, and how
	shown    *operations.Notice // that is previewed, when it is not the published one
	mistakes fault.FieldErrors
}

// editView is what edit.html reads.
type editView struct {
	Action   string
	New      bool
	State    string
	Source   string // of the service's own, which nobody edits
	Closed   bool   // over or withdrawn: nothing to edit
	Form     form
	Wrong    []wrongField
	Preview  *preview
	Withdraw string // where the button leads; empty: nothing to withdraw
}

// wrongField is what is wrong, which names its text, and the field that it is about.
type wrongField struct{ What, Field string }

// preview is how people will see it, and who.
type preview struct {
	Words []previewWords
	About string
	Seen  []notices.Seen
	Count int // of those who see it
}

type previewWords struct {
	Lang   string
	Other  bool // nothing is written in this language: another stands in
	Notice web.Notice
}

func (e *editor) show(w http.ResponseWriter, r *http.Request, who console.Agent, p page) error {
	template, err := e.edit()
	if err != nil {
		return err
	}
	view := editView{Action: Path + "/new", New: p.notice.ID == "", Form: p.form, Wrong: wrongFields(p.mistakes), Source: p.notice.Source}
	for _, one := range view.Wrong {
		view.Form.mark(one.Field)
	}
	self := view.Action
	if !view.New {
		self = Path + "/" + p.notice.ID
		view.Action, view.State = self, notices.State(p.notice, e.d.Now())
		view.Closed = view.State == "over" || view.State == "withdrawn"
		if !view.Closed {
			view.Withdraw = self + "/withdraw"
		}
	}
	if p.preview {
		n := p.notice
		if p.shown != nil {
			n = *p.shown
		}
		view.Preview = e.previewOf(r, n)
	}
	status := http.StatusOK
	if len(p.mistakes) > 0 {
		status = http.StatusBadRequest
	}
	title := "editor.new"
	if !view.New {
		title = "editor.single"
	}
	return e.d.Console.Render(w, r, who, status, web.Page{Template: template, Title: title, Data: view, Self: self})
}

func (e *editor) previewOf(r *http.Request, n operations.Notice) *preview {
	lang := e.d.Web.Language(r)
	p := &preview{About: notices.Describe(n, lang, e.namer(r.Context(), lang)), Seen: notices.Preview(n.Audience)}
	for _, l := range e.d.Languages {
		_, written := n.Words[l]
		p.Words = append(p.Words, previewWords{l, !written, e.d.Web.Notices(l, []operations.Notice{n})[0]})
	}
	for _, s := range p.Seen {
		if s.Concerned {
			p.Count++
		}
	}
	return p
}

// wrongFields puts mistakes into words that leads read: one per field.
func wrongFields(mistakes fault.FieldErrors) []wrongField {
	var all []wrongField
	for _, m := range mistakes {
		one := wrongField{What: "notice", Field: "severity"}
		switch parts := strings.Split(m.Field, "."); {
		case parts[0] == "words" && len(parts) == 3:
			one = wrongField{parts[2], parts[2] + "_" + parts[1]}
		case parts[0] == "from" || parts[0] == "until":
			one = wrongField{"times", parts[0]}
		case strings.HasPrefix(m.Field, "audience.browsers"):
			one = wrongField{"browsers", "family_0"}
		case strings.HasPrefix(m.Field, "audience.app"):
			one = wrongField{"app", "app_min"}
		case m.Field == "act":
			one = wrongField{"aim", "first"}
		case parts[0] == "act":
			one = wrongField{"act", "first"}
		}
		if !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	return all
}
