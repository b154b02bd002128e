package qr

import (
	"embed"
	"html/template"
	"net/http"
	"strings"
	"time"

	"avain/internal/domain/login"
	"avain/internal/platform/web"
)

//go:embed templates/*.html
var templateFiles embed.FS

// again is how soon a page asks for news. The answer comes when there is some.
const again = time.Second

// Views are the pages of a login by QR code.
type Views struct {
	kit      *web.Kit
	code     *web.Template
	claimed  *web.Template
	approved *web.Template
	done     *web.Template
	ended    *web.Template
	stepUp   *web.Template
}

// NewViews parses the templates. The error is a mistake in one of them.
func NewViews(kit *web.Kit) (*Views, error) {
	v := &Views{kit: kit}
	for name, at := range map[string]**web.Template{
		"code": &v.code, "claimed": &v.claimed, "approved": &v.approved, "done": &v.done, "ended": &v.ended, "stepup": &v.stepUp,
	} {
		t, err := kit.Template(templateFiles, "templates/"+name+".html")
		if err != nil {
			return nil, err
		}
		*at = t
	}
	return v, nil
}

// CodePage shows a code.
type CodePage struct {
	Page  string // id; without one, in a preview, nothing is loaded again
	App   string
	Code  template.HTML // the QR code, drawn
	Typed string        // to type instead; empty when nobody has asked for it
	Open  string        // opens the app on this device with the code; may be empty
	Lead  bool          // lead with the app on this device instead of the code
	View  view          // what was chosen on the page before
	Stage stage
}

// RenderCode shows it, and again with the next frame.
func (v *Views) RenderCode(w http.ResponseWriter, r *http.Request, p CodePage) error {
	data := struct {
		CodePage
		Open        template.URL
		First, Last string // the typed code in two groups, for people
	}{CodePage: p, Open: appLink(p.Open)}
	if half := len(p.Typed) / 2; half > 0 {
		data.First, data.Last = p.Typed[:half], p.Typed[half:]
	}
	query := "?seen=" + string(p.Stage)
	if p.View != asUsual {
		query += "&view=" + string(p.View)
	}
	title := "qr.title"
	if p.Lead {
		title = "qr.open_title"
	}
	return v.render(w, r, web.Page{Template: v.code, Title: title, Data: data}, p.Page, query)
}

// render shows a page that asks for news: again, under its own address and a query that
// says what it has shown.
func (v *Views) render(w http.ResponseWriter, r *http.Request, page web.Page, id, query string) error {
	if id != "" {
		page.Self, page.Refresh, page.RefreshTo = path(id), again, path(id)+query
	}
	return v.kit.Render(w, r, http.StatusOK, page)
}

func path(page string) string { return address(login.QRPage{ID: page}) }

// appLink lets a link of the client's configuration pass, which may have a scheme of
// the app's own. What could be script was refused with the configuration, and is
// refused here again.
func appLink(address string) template.URL {
	if web.FormTarget(address) == "" || strings.HasPrefix(strings.ToLower(address), "javascript:") {
		return ""
	}
	return template.URL(address) //nolint:gosec // checked above
}

// ClaimedPage asks for the number on the phone that has scanned.
type ClaimedPage struct {
	Page      string
	Device    string      // as the app describes it; may be empty
	Place     login.Place // of the phone
	Elsewhere bool        // the phone is in another network than this browser
	At        time.Time   // when it scanned
	Malformed bool        // what was typed was no number, and cost no try
}

// RenderClaimed shows it.
func (v *Views) RenderClaimed(w http.ResponseWriter, r *http.Request, p ClaimedPage) error {
	return v.render(w, r, web.Page{Template: v.claimed, Title: "match.title", Data: p}, p.Page, "?seen="+string(stageClaimed))
}

// ApprovedPage waits for the phone.
type ApprovedPage struct{ Page string }

// RenderApproved shows it.
func (v *Views) RenderApproved(w http.ResponseWriter, r *http.Request, p ApprovedPage) error {
	return v.render(w, r, web.Page{Template: v.approved, Title: "approved.title"}, p.Page, "?seen="+string(stageApproved))
}

// DonePage says that the phone is logged in.
type DonePage struct{ App, Device string }

// RenderDone shows it.
func (v *Views) RenderDone(w http.ResponseWriter, r *http.Request, p DonePage) error {
	return v.kit.Render(w, r, http.StatusOK, web.Page{Template: v.done, Title: "done.title", Data: p})
}

// EndedPage says why a login ended, or a code is not shown any more, and offers another.
type EndedPage struct{ Reason login.Reason }

// RenderEnded shows it.
func (v *Views) RenderEnded(w http.ResponseWriter, r *http.Request, p EndedPage) error {
	reason := string(v.kit.Worded(p.Reason))
	return v.kit.Render(w, r, http.StatusOK, web.Page{
		Template: v.ended, Title: "reason." + reason + ".title", Data: struct{ Reason string }{reason},
	})
}

// RenderStepUp asks the person to authenticate again.
func (v *Views) RenderStepUp(w http.ResponseWriter, r *http.Request) error {
	return v.kit.Render(w, r, http.StatusForbidden, web.Page{
		Template: v.stepUp, Title: "reason.sign_in_again.title", FormAction: []string{web.AnyHTTPS},
	})
}

// Previews are the pages with sample data.
func (v *Views) Previews() []web.Preview {
	code := func(change func(*CodePage)) web.Handler {
		return func(w http.ResponseWriter, r *http.Request) error {
			p := CodePage{App: "SmartumPay", Stage: stageShown, Open: "http://localhost:8081/open#sample"}
			var err error
			if p.Code, err = draw("AVAIN1:a-sample-that-nobody-can-claim.0000000.AAAAAAAAAAAAAAAA"); err != nil {
				return err
			}
			change(&p)
			return v.RenderCode(w, r, p)
		}
	}
	claimed := func(p ClaimedPage) web.Handler {
		return func(w http.ResponseWriter, r *http.Request) error {
			p.At = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
			return v.RenderClaimed(w, r, p)
		}
	}
	ended := func(reason login.Reason) web.Handler {
		return func(w http.ResponseWriter, r *http.Request) error {
			return v.RenderEnded(w, r, EndedPage{Reason: reason})
		}
	}
	return []web.Preview{
		{Name: "qr-code", Render: code(func(*CodePage) {})},
		{Name: "qr-typed", Render: code(func(p *CodePage) { p.Typed, p.Stage = "7K3MQ0ZT5W", stageTyped })},
		{Name: "qr-open", Render: code(func(p *CodePage) { p.Lead = true })},
		{Name: "qr-number", Render: claimed(ClaimedPage{Device: "Ainon puhelin (Pixel 9)"})},
		{Name: "qr-number-elsewhere", Render: claimed(ClaimedPage{Elsewhere: true, Malformed: true})},
		{Name: "qr-approved", Render: func(w http.ResponseWriter, r *http.Request) error {
			return v.RenderApproved(w, r, ApprovedPage{})
		}},
		{Name: "qr-done", Render: func(w http.ResponseWriter, r *http.Request) error {
			return v.RenderDone(w, r, DonePage{App: "SmartumPay", Device: "Pixel 9"})
		}},
		{Name: "qr-wrong-number", Render: ended(login.ReasonQRWrongNumber)},
		{Name: "qr-two-phones", Render: ended(login.ReasonQRReused)},
		{Name: "qr-sign-in-again", Render: func(w http.ResponseWriter, r *http.Request) error { return v.RenderStepUp(w, r) }},
	}
}
