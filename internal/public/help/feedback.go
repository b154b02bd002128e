package help

import (
	"net/http"
	"net/url"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/web"
	"avain/internal/protocol/oauth"
)

// thanksView is what thanks.html reads.
type thanksView struct {
	Answer question
	Helped bool
	Kept   bool // a comment was sent
	Back   string
}

// answered reads the form or address of an answer. Words that are not ours are refused
// or ignored: none of them is kept or repeated.
func answered(p url.Values) (question, bool, error) {
	q := question{Page: p.Get("page"), Reason: reasonOf(p.Get("reason"))}
	if q.Page != "login" && q.Page != "guide" {
		return q, false, fault.New(fault.Invalid, login.ReasonRequestInvalid, nil)
	}
	switch p.Get("helped") {
	case "yes":
		return q, true, nil
	case "no":
		return q, false, nil
	default:
		return q, false, fault.New(fault.Invalid, login.ReasonRequestInvalid, nil)
	}
}

// answer counts an answer and thanks for it. The form needs no cookie, so there is none
// that another site could use; what another site sends is refused all the same.
func (f *Feature) answer(w http.ResponseWriter, r *http.Request) error {
	q, helped, err := f.form(r)
	if err != nil {
		return err
	}
	if err := f.d.Store.CountFeedback(r.Context(), f.feedback(r, q, helped)); err != nil {
		return err
	}
	return web.SeeOther(w, thanksPath+"?"+query(q, helped).Encode())
}

// comment keeps what somebody writes after an answer, without what must not be kept.
func (f *Feature) comment(w http.ResponseWriter, r *http.Request) error {
	q, helped, err := f.form(r)
	if err != nil {
		return err
	}
	given := f.feedback(r, q, helped)
	if given.Comment = Clean(r.PostForm.Get("comment")); given.Comment != "" {
		if err := f.d.Store.AddComment(r.Context(), given); err != nil {
			return err
		}
	}
	return web.SeeOther(w, keptPath+"?"+query(q, helped).Encode())
}

func (f *Feature) form(r *http.Request) (question, bool, error) {
	web.Offer(r.Context(), web.Ways{Retry: ArticlePath})
	if err := f.d.Limit(r.Context()); err != nil {
		return question{}, false, err
	}
	if _, err := oauth.FormParams(r); err != nil { // bounded, and each field once
		return question{}, false, err
	}
	return answered(r.PostForm)
}

func (f *Feature) feedback(r *http.Request, q question, helped bool) operations.Feedback {
	return operations.Feedback{At: f.d.Now(), Lang: f.d.Web.Language(r), Page: q.Page, Reason: q.Reason, Helped: helped}
}

func query(q question, helped bool) url.Values {
	values := url.Values{"page": {q.Page}, "helped": {"no"}}
	if helped {
		values.Set("helped", "yes")
	}
	if q.Reason != "" {
		values.Set("reason", string(q.Reason))
	}
	return values
}

func (f *Feature) thanks(w http.ResponseWriter, r *http.Request) error { return f.thank(w, r, false) }

func (f *Feature) kept(w http.ResponseWriter, r *http.Request) error { return f.thank(w, r, true) }

func (f *Feature) thank(w http.ResponseWriter, r *http.Request, kept bool) error {
	q, helped, err := answered(r.URL.Query())
	if err != nil {
		return err
	}
	view := thanksView{Answer: q, Helped: helped, Kept: kept, Back: ArticlePath}
	page := web.Page{Title: "help.thanks", Data: view, Self: thanksPath, Keep: query(q, helped), Codeless: true}
	if kept {
		page.Title, page.Self = "help.comment_thanks", keptPath
	}
	return f.render(w, r, f.pages.thanks, page)
}
