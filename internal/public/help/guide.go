package help

import (
	"net/http"
	"slices"
	"strings"

	"avain/internal/core/availability"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/web"
)

// guideView is what guide.html reads: a question with its choices, or an answer.
type guideView struct {
	Question string               // name; empty at an answer
	Trail    []step               // what has been answered
	Back     string               // address of the question before; empty on the first
	Home     string               // of the first question
	Choices  []choice             // empty at an answer
	Version  availability.Version // that the alternative methods need

	End    string       // name of the answer; empty at a question
	Reason login.Reason // whose words it gives; empty: it has words of its own
	Way    Way
	Ways   ways
	Answer question
}

// step is a question that has been answered, and how.
type step struct {
	Question string
	Label    label
}

// choice is a link of a question.
type choice struct {
	Label   label
	Address string
}

// label is what a choice is called: by words of its own, or, when it leads to the answer
// of the reason that it is named after, what the pages call that reason.
type label struct{ Reason, Key string }

func labelOf(question string, c Choice) label {
	if c.Answer == c.Key && Answers()[c.Answer].Reason != "" {
		return label{Reason: c.Key}
	}
	return label{Key: question + "_" + c.Key}
}

// place is where a trail of choices leads.
type place struct {
	question string // empty at an answer
	answer   string
	steps    []step
}

// walk follows the choices from the first question on. It returns false when one of
// them does not exist.
func walk(keys []string) (place, bool) {
	questions := Questions()
	at := place{question: Root}
	for _, key := range keys {
		i := slices.IndexFunc(questions[at.question], func(c Choice) bool { return c.Key == key })
		if at.question == "" || i < 0 {
			return place{}, false
		}
		c := questions[at.question][i]
		at.steps = append(at.steps, step{at.question, labelOf(at.question, c)})
		at.question, at.answer = c.Question, c.Answer
	}
	return at, true
}

// guide shows the question or the answer that the choices in the address lead to. All
// there is to remember stands there, so that "back" is a link and nothing is kept.
func (f *Feature) guide(w http.ResponseWriter, r *http.Request) error {
	var keys []string
	if trail := r.PathValue("trail"); trail != "" {
		keys = strings.Split(trail, "/")
	}
	at, ok := walk(keys)
	if !ok {
		return fault.New(fault.NotFound, login.ReasonPageUnknown, nil)
	}
	path := GuidePath
	if len(keys) > 0 {
		path += "/" + strings.Join(keys, "/")
	}
	_, _, needed := f.d.Gate.Versions()
	view := guideView{Question: at.question, Trail: at.steps, Home: GuidePath, Version: needed}
	if len(keys) > 0 {
		view.Back = path[:strings.LastIndexByte(path, '/')]
	}
	for _, c := range Questions()[at.question] {
		view.Choices = append(view.Choices, choice{labelOf(at.question, c), path + "/" + c.Key})
	}
	page := web.Page{Title: "guide.title", Self: path, Codeless: true}
	if at.answer != "" {
		if err := f.end(r, at.answer, &view); err != nil {
			return err
		}
	}
	page.Data = view
	w.Header().Add("Vary", web.AgentHeaders)
	return f.render(w, r, f.pages.guide, page)
}

// end fills in an answer.
func (f *Feature) end(r *http.Request, name string, view *guideView) (err error) {
	a := Answers()[name]
	view.End, view.Reason, view.Way = name, a.Reason, a.Way
	view.Answer = question{Page: "guide", Reason: a.Reason}
	if a.Reason == "" && len(a.Also) > 0 {
		view.Answer.Reason = a.Also[0]
	}
	view.Ways, err = f.ways(r.Context(), f.d.Web.Language(r), web.AskerOf(r))
	return err
}
