package bank

import (
	"embed"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/shown"
	"avain/internal/platform/web"
)

//go:embed templates/*.html
var templateFiles embed.FS

// waitFor is how often a page that waits loads itself again.
const waitFor = 2 * time.Second

// Views are the pages of a login. Each is a struct of plain data and a method that
// renders it; what to show is decided by the handlers.
type Views struct {
	kit        *web.Kit
	means      *web.Template
	waiting    *web.Template
	handover   *web.Template
	noBenefits *web.Template
	ended      *web.Template
}

// NewViews parses the templates. The error is a mistake in one of them.
func NewViews(kit *web.Kit) (*Views, error) {
	v := &Views{kit: kit}
	for name, at := range map[string]**web.Template{
		"means": &v.means, "waiting": &v.waiting, "handover": &v.handover,
		"nobenefits": &v.noBenefits, "ended": &v.ended,
	} {
		t, err := kit.Template(templateFiles, "templates/"+name+".html")
		if err != nil {
			return nil, err
		}
		*at = t
	}
	return v, nil
}

// MeansPage is where a person chooses a bank or Mobile Certificate.
type MeansPage struct {
	Attempt string // id: the forms post below /login/{id}
	Client  string // name of the app that asks
	Means   []Choice
	Notices []operations.Notice // that concern the person, the most important first
	Closed  bool                // the method of this login is off for this browser
	Better  login.Method        // that works better in this browser; may be empty
	Brokers []BrokerNote        // of every broker that serves one of the means
	Failed  login.Reason        // why the person is here again; empty at first

	// FormAction are the places, beside every site over TLS, that choosing and
	// cancelling may lead to: the app's own scheme, a broker on loopback. See
	// [web.FormTarget] and [web.AnyHTTPS].
	FormAction []string
}

// Choice is one means, and why it cannot be chosen now.
type Choice struct {
	login.Means
	Unavailable login.Reason // empty when it can be chosen
}

// BrokerNote is what a broker demands to be shown where people choose. OP's four
// texts are obligatory (its README: isbProviderInfo, isbConsent, privacyNoticeText,
// privacyNoticeLink).
type BrokerNote struct {
	ProviderInfo string
	Consent      string
	PrivacyText  string
	PrivacyLink  string // shown only if it is https
}

// RenderMeans shows the choice.
func (v *Views) RenderMeans(w http.ResponseWriter, r *http.Request, p MeansPage) error {
	view := meansView{Base: "/login/" + p.Attempt, Client: p.Client, Notices: v.kit.Notices(v.kit.Language(r), p.Notices), Closed: p.Closed}
	if p.Better == login.MethodLink || p.Better == login.MethodQR { // those that the app calls alternative
		view.Better = string(p.Better)
	}
	if p.Failed != "" {
		view.Failed = string(v.kit.Worded(p.Failed))
	}
	for _, c := range p.Means {
		b := v.button(c)
		view.Open = view.Open || b.Off == ""
		if c.Kind == login.MeansMobile {
			view.Mobile = append(view.Mobile, b)
		} else {
			view.Banks = append(view.Banks, b)
		}
	}
	for _, n := range p.Brokers {
		if n = tidyNote(n); n != (BrokerNote{}) && !slices.Contains(view.Brokers, n) {
			view.Brokers = append(view.Brokers, n)
		}
	}
	return v.kit.Render(w, r, http.StatusOK, web.Page{
		Template: v.means, Title: "means.title", Data: view, Self: view.Base,
		FormAction: append([]string{web.AnyHTTPS}, p.FormAction...),
	})
}

// meansView is what means.html reads.
type meansView struct {
	Base    string
	Client  string
	Banks   []meansButton
	Mobile  []meansButton
	Open    bool // at least one can be chosen
	Closed  bool
	Better  string // method that works better, link or qr; may be empty
	Notices []web.Notice
	Brokers []BrokerNote
	Failed  string
}

type meansButton struct {
	ID      string
	Parts   []string // of the name: a line may break between them
	Logo    string   // address on our own origin; empty: Initial stands in for it
	Initial string
	Hint    string // key of the text that says what is needed; may be empty
	Off     string // key of the text that says why it cannot be chosen
}

func (v *Views) button(c Choice) meansButton {
	b := meansButton{ID: c.ID, Parts: breakable(c.Name), Logo: v.kit.Asset(c.Logo)}
	if b.Logo == "" && c.Kind == login.MeansMobile {
		b.Logo = v.kit.Asset("mobile.svg")
	}
	if initial, _ := utf8.DecodeRuneInString(c.Name); initial != utf8.RuneError {
		b.Initial = strings.ToUpper(string(initial))
	}
	if c.Kind == login.MeansMobile {
		b.Hint = "means.mobile_hint"
	}
	switch c.Unavailable {
	case "":
	case login.ReasonBrokerDown, login.ReasonBrokerSlow:
		b.Off = "means.off_down"
	case login.ReasonMeansUnavailable:
		b.Off = "means.off_paused"
	default:
		b.Off = "means.off"
	}
	return b
}

// breakable parts a compound such as "Säästöpankki" before its last word, so that it
// does not break one letter before its end on a narrow tile.
func breakable(name string) []string {
	const fewest = 4 // bytes in front, so that "S-Pankki" stays whole
	for _, word := range []string{"pankki", "banken", "bank"} {
		if i := strings.Index(name, word); i >= fewest && name[i-1] != ' ' && name[i-1] != '-' {
			return []string{name[:i], name[i:]}
		}
	}
	return []string{name}
}

// maxNote bounds a text that a broker sends, in letters: a page has a budget, and a
// broker's mistake must not spend it.
const maxNote = 1000

func tidyNote(n BrokerNote) BrokerNote {
	n = BrokerNote{shown.Text(n.ProviderInfo, maxNote), shown.Text(n.Consent, maxNote), shown.Text(n.PrivacyText, maxNote), n.PrivacyLink}
	if u, err := url.Parse(n.PrivacyLink); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		n.PrivacyLink = ""
	}
	return n
}

// RenderWaiting shows that the login is being finished. The page loads itself again
// until it is.
func (v *Views) RenderWaiting(w http.ResponseWriter, r *http.Request) error {
	return v.kit.Render(w, r, http.StatusOK, web.Page{Template: v.waiting, Title: "waiting.title", Refresh: waitFor})
}

// PostPage sends the browser on by a form, for a broker that wants its request
// posted. Without script the person presses the one button.
type PostPage struct {
	Action string // the broker's address
	Fields url.Values

	// FormAction are the places that the broker may redirect to, beside its own and
	// every site over TLS.
	FormAction []string
}

// RenderPost shows the form.
func (v *Views) RenderPost(w http.ResponseWriter, r *http.Request, p PostPage) error {
	target := web.FormTarget(p.Action)
	if !strings.HasPrefix(target, "https:") && !strings.HasPrefix(target, "http:") {
		return fault.New(fault.Internal, login.ReasonInternal, nil).WithDetail("handover.action")
	}
	var hidden []web.Hidden
	for _, name := range slices.Sorted(maps.Keys(p.Fields)) {
		for _, value := range p.Fields[name] {
			hidden = append(hidden, web.Hidden{Name: name, Value: value})
		}
	}
	return v.kit.Render(w, r, http.StatusOK, web.Page{
		Template: v.handover, Title: "handover.title", FormAction: append([]string{web.AnyHTTPS, target}, p.FormAction...),
		Data: struct {
			Action string
			Hidden []web.Hidden
		}{p.Action, hidden},
	})
}

// NoBenefitsPage tells a person who proved who they are that nobody has added them.
type NoBenefitsPage struct {
	Name string // as [web.MaskedName] makes it, so that a wrong person notices; may be empty
	App  string // back to the app, with the error response; may be empty
}

// RenderNoBenefits shows it.
func (v *Views) RenderNoBenefits(w http.ResponseWriter, r *http.Request, p NoBenefitsPage) error {
	return v.kit.Render(w, r, http.StatusOK, web.Page{
		Template: v.noBenefits, Title: "reason.no_benefits.title", Data: struct {
			Name    string
			Buttons []web.Button
		}{p.Name, v.kit.Buttons(login.ReasonNoBenefits, web.Ways{App: p.App})},
	})
}

// EndedPage is the page of a login that is over: finished, expired, cancelled,
// failed.
type EndedPage struct {
	Reason login.Reason // why; a finished login is login.ReasonAttemptUsed
	App    string       // back to the app, with the error response if there is one; may be empty
}

// RenderEnded shows it. The status is 200: the page of a login that is over is a
// page like any other, and it is reached by the back button.
func (v *Views) RenderEnded(w http.ResponseWriter, r *http.Request, p EndedPage) error {
	reason := v.kit.Worded(p.Reason)
	return v.kit.Render(w, r, http.StatusOK, web.Page{
		Template: v.ended, Title: "reason." + string(reason) + ".title", Data: endedView{
			Reason: string(reason), Good: reason == login.ReasonAttemptUsed,
			Buttons: v.kit.Buttons(reason, web.Ways{App: p.App}),
		},
	})
}

type endedView struct {
	Reason  string
	Good    bool
	Buttons []web.Button
}
