package support

import (
	"net/http"
	"strings"

	"avain/internal/console"
	"avain/internal/core/diagnosis"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/reasons"
	"avain/internal/platform/web"
)

// attemptView is a login: what became of it, what to answer, and what happened when.
type attemptView struct {
	Code, At                            string
	Method                              login.Method
	App, Version, Platform, Model, Name string
	Place                               string
	Person                              string // path; empty when nobody was identified
	PersonName                          string

	Verdict reasons.Words
	Fault   reasons.Fault
	Good    bool
	Gone    bool
	Running bool
	Browser string
	Began   string
	Means   string
	Earlier []string // titles

	Replies []reply
	Lines   []lineView
}

// OtherModel is the model, unless the device is called by it already.
func (v attemptView) OtherModel() string {
	if strings.Contains(v.Name, v.Model) {
		return ""
	}
	return v.Model
}

// reply is the ready answer in one language.
type reply struct {
	Lang  string
	Text  string
	First bool // in the language of the person, as far as we know it
}

// lineView is one line of the timeline.
type lineView struct {
	At, Step, Browser, Means, Detail, Why string
	Chosen                                string // the means that was chosen, when the broker reports another
	OK, Refused                           bool
	Times                                 int    // how often the same has happened; 0 for once
	Since                                 string // when it first did; At is the last time
}

func (k *Desk) showAttempt(w http.ResponseWriter, r *http.Request, who console.Agent) error {
	id := r.PathValue("id")
	if !login.ValidID(id) {
		return found(fault.ErrNotFound)
	}
	a, err := k.d.Logins.AttemptByID(r.Context(), id)
	if err != nil {
		return found(err)
	}
	k.d.Looks.AttemptViewed(r.Context(), who.Actor(), a)
	view, err := k.attemptView(r, a)
	if err != nil {
		return err
	}
	t, err := k.attempt()
	if err != nil {
		return err
	}
	return k.d.Console.Render(w, r, who, http.StatusOK, web.Page{
		Template: t, Title: "desk.attempt", Values: []any{"Code", a.SupportCode}, Data: view, Self: console.Root + "attempts/" + a.ID,
	})
}

func (k *Desk) attemptView(r *http.Request, a login.Attempt) (view attemptView, err error) {
	lang, d := k.d.Web.Language(r), diagnosis.Of(a, k.d.Now())
	view = attemptView{
		Code: a.SupportCode, At: k.day(a.CreatedAt), Method: a.Method, App: k.d.Client(a.Client), Version: a.Device.AppVersion,
		Platform: a.Device.Platform, Model: a.Device.Model, Name: a.Device.Name, Place: a.Place.In(lang),
		Fault: d.Fault, Good: d.Good, Gone: d.Gone, Running: d.Running, Browser: d.Browser, Began: d.Began, Means: k.d.Means(lang, d.Means),
	}
	locale := lang
	if a.Person != "" {
		p, err := k.d.People.PersonByID(r.Context(), a.Person)
		if err == nil {
			view.Person, view.PersonName = console.Root+"people/"+p.ID, p.Name
			if p.Locale != "" {
				locale = p.Locale
			}
		}
	}
	if view.Verdict, err = diagnosis.Say(d, lang, k.d.Brand); err != nil {
		return view, err
	}
	for _, reason := range d.Earlier {
		words, err := reasons.Say(reason, lang, k.fill())
		if err != nil {
			return view, err
		}
		view.Earlier = append(view.Earlier, words.Title)
	}
	if view.Replies, err = k.replies(d, locale); err != nil {
		return view, err
	}
	view.Lines, err = k.lines(a, lang)
	return view, err
}

// replies are the ready answers, the one in the person's language first.
func (k *Desk) replies(d diagnosis.Diagnosis, locale string) (all []reply, err error) {
	for _, lang := range reasons.Languages() {
		text, err := diagnosis.Reply(d, lang, k.d.Brand)
		if err != nil {
			return nil, err
		}
		one := reply{Lang: lang, Text: text, First: lang == locale}
		if one.First {
			all = append([]reply{one}, all...)
			continue
		}
		all = append(all, one)
	}
	all[0].First = true
	return all, nil
}

func (k *Desk) lines(a login.Attempt, lang string) (all []lineView, err error) {
	for _, e := range a.Timeline {
		line := lineView{
			At: k.clock(e.At), Step: e.Step, Browser: e.Browser, Means: k.d.Means(lang, e.Means), Chosen: k.d.Means(lang, e.Chosen), Detail: e.Detail,
			OK: e.Outcome == login.OutcomeOK, Refused: e.Outcome == login.OutcomeRefused,
		}
		if e.Count > 1 {
			line.Times, line.Since = e.Count, k.clock(e.Since)
		}
		if e.Reason != "" {
			words, err := reasons.Say(e.Reason, lang, k.fill())
			if err != nil {
				return nil, err
			}
			line.Why = words.Title
		}
		all = append(all, line)
	}
	return all, nil
}

func (k *Desk) fill() reasons.Fill {
	return reasons.Fill{App: k.d.Brand.App, Company: k.d.Brand.Company, Version: k.d.Brand.Version}
}
