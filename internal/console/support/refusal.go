package support

import (
	"net/http"

	"avain/internal/console"
	"avain/internal/core/diagnosis"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/reasons"
	"avain/internal/platform/web"
)

// refusalView is a request that was refused before there was a login. Its support code
// is all that there is of it: no row, no person, no device.
type refusalView struct {
	Code, At string
	Verdict  reasons.Words
	Fault    reasons.Fault
	Replies  []reply
}

// showRefusal explains a code that explains itself.
func (k *Desk) showRefusal(w http.ResponseWriter, r *http.Request, who console.Agent) error {
	code, _ := login.ParseSupportCode(r.PathValue("code"))
	d, ok := diagnosis.OfCode(code, k.d.Now())
	if !ok {
		return found(fault.ErrNotFound)
	}
	lang := k.d.Web.Language(r)
	view := refusalView{Code: code, At: k.day(d.At), Fault: d.Fault}
	var err error
	if view.Verdict, err = diagnosis.Say(d, lang, k.d.Brand); err != nil {
		return err
	}
	if view.Replies, err = k.replies(d, lang); err != nil {
		return err
	}
	t, err := k.refusal()
	if err != nil {
		return err
	}
	return k.d.Console.Render(w, r, who, http.StatusOK, web.Page{
		Template: t, Title: "desk.refusal", Values: []any{"Code", code}, Data: view, Self: console.Root + "refusals/" + code,
	})
}
