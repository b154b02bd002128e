package console

import (
	"net/http"

	"avain/internal/domain/fault"
	"avain/internal/platform/web"
)

// pages are those that the frame has itself.
type pages struct {
	signIn, confirm, invited, passkeys, staff, failure func() (*web.Template, error)
}

func (c *Console) ownPages() pages {
	page := func(name string) func() (*web.Template, error) {
		return c.Template(templateFiles, "templates/"+name+".html")
	}
	return pages{
		signIn: page("signin"), confirm: page("confirm"), invited: page("invited"), passkeys: page("passkeys"), staff: page("staff"), failure: page("failure"),
	}
}

// failureView says what went wrong, in words for the staff.
type failureView struct {
	Kind string // names its texts: console.fail_{kind}
	Wait int    // seconds; 0 when nobody knows
}

// failed shows an error in the console's frame. What it says depends on the kind alone:
// what is not there and what the caller may not see look the same (threats 25, 26).
func (c *Console) failed(w http.ResponseWriter, r *http.Request, e *fault.Error, status int) {
	if r.Header.Get("Accept") == "application/json" {
		c.failedScript(w, r, e, status)
		return
	}
	t, err := c.own.failure()
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	var who Agent
	if known, ok := r.Context().Value(agentKey{}).(*Agent); ok {
		who = *known
	}
	view := failureView{Kind: kindOf(e.Kind), Wait: int(e.RetryAfter.Seconds())}
	page := web.Page{Template: t, Title: "console.fail_" + view.Kind, Data: view}
	if err := c.Render(w, r, who, status, page); err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
	}
}

func kindOf(k fault.Kind) string {
	switch k {
	case fault.Invalid, fault.Forbidden, fault.NotFound, fault.Conflict, fault.Gone, fault.TooMany, fault.Unavailable, fault.Unauthenticated:
		return k.String()
	default:
		return "internal"
	}
}
