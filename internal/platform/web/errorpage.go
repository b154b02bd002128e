package web

import (
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/reasons"
)

// wayPage is in place of [reasons.WayApp] when a page of ours is what to go back to.
const wayPage reasons.Way = "page"

// Button is a link that looks like a button.
type Button struct {
	Way     string // retry, choose, app, help, page, signin, order: names its text, "button.{way}"
	Address template.URL
	Main    bool
}

// Buttons are the ways on from a page that tells of a reason: those that the catalogue
// knows to help with it, as far as there is an address for them.
func (k *Kit) Buttons(reason login.Reason, ways Ways) []Button {
	retry, page := ownPath(ways.Retry), ownPath(ways.App)
	address := map[reasons.Way]string{
		reasons.WayRetry: retry, reasons.WayOrder: retry, reasons.WayChoose: ownPath(ways.Choose),
		reasons.WayApp: ways.App, reasons.WaySignIn: ways.App, reasons.WayHelp: k.helpWith(reason),
	}
	var buttons []Button
	for _, way := range reasons.Of(reason).Ways {
		href := link(address[way])
		switch {
		case href == "":
			continue
		case way == reasons.WayApp && page != "":
			way = wayPage
		case way == reasons.WaySignIn && page == "":
			way = reasons.WayApp // the app signs in by itself
		}
		buttons = append(buttons, Button{Way: string(way), Address: href, Main: len(buttons) == 0})
	}
	return buttons
}

// helpPath is the help page, which package help serves.
const helpPath = "/help/login"

// helpWith is where there is help with a reason: the operator's own page, or ours, which
// answers that very reason first. The support code stays out of the address: what is
// passed on or kept in a history must not lead to a login.
func (k *Kit) helpWith(reason login.Reason) string {
	if k.cfg.Brand.Help != "" {
		return k.cfg.Brand.Help
	}
	return helpPath + "?reason=" + url.QueryEscape(string(reason))
}

// link lets an address into a page. The app's own scheme must pass, which
// html/template would block; what runs in our name must not.
func link(address string) template.URL {
	u, err := url.Parse(address)
	if err != nil || address == "" {
		return ""
	}
	if u.Scheme == "" {
		address = ownPath(address)
	} else if !safeScheme(u.Scheme) {
		return ""
	}
	return template.URL(address) //nolint:gosec // scheme checked above; redirect URIs are client configuration, matched exactly
}

// ownPath lets only paths of our own origin pass.
func ownPath(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.HasPrefix(path, `/\`) {
		return ""
	}
	return path
}

// failureView is what error.html reads.
type failureView struct {
	Reason  string
	Detail  string // for the developer of an app whose request is wrong
	Wait    *wait  // when to try again; nil when nobody knows
	Buttons []Button
}

// wait is a length of time as people say it.
type wait struct {
	Unit  string // seconds, minutes: names its text, "page.again_{unit}"
	Count int
}

// waitOf rounds up: who waits so long does not come too early.
func waitOf(d time.Duration) *wait {
	switch {
	case d <= 0:
		return nil
	case d <= time.Minute:
		return &wait{"seconds", int((d + time.Second - 1) / time.Second)}
	default:
		return &wait{"minutes", int((d + time.Minute - 1) / time.Minute)}
	}
}

// Worded is the reason if the catalogue knows it, else login.ReasonInternal: a page
// without words would help nobody.
func (k *Kit) Worded(reason login.Reason) login.Reason { return reasons.Of(reason).Reason }

func (k *Kit) errorPage(w http.ResponseWriter, r *http.Request, e *fault.Error, status int) {
	r, rec := withRecord(r)
	_, ways := rec.snapshot()
	k.tellSupport(r, rec, e)
	retryAfter(w.Header(), e)
	reason := k.Worded(e.Reason)
	failure := failureView{Reason: string(reason), Wait: waitOf(e.RetryAfter), Buttons: k.Buttons(reason, ways)}
	if forDeveloper(e) {
		failure.Detail = Description(e)
	}
	err := k.Render(w, r, status, Page{Template: k.pages.failure, Title: "reason." + string(reason) + ".title", Data: failure})
	if err != nil {
		rec.fail(fault.New(fault.Internal, login.ReasonInternal, err))
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
}

// tellSupport hands a refusal in the middle of a login on to whoever keeps its timeline.
// The support code on the page is the login's, and must lead to what the page says.
func (k *Kit) tellSupport(r *http.Request, rec *record, e *fault.Error) {
	rec.mu.Lock()
	attempt := rec.attempt
	rec.mu.Unlock()
	if attempt == "" || k.cfg.Refused == nil {
		return
	}
	k.cfg.Refused(r.Context(), attempt, login.Event{
		Step: login.StepPage, Outcome: login.OutcomeRefused, Reason: k.Worded(e.Reason), Browser: BrowserLabel(r),
	})
}

// forDeveloper reports whether the page should name what is wrong in English: only
// for requests that a program wrote, never for what a person did.
func forDeveloper(e *fault.Error) bool {
	return e.Kind == fault.Invalid && e.Detail != ""
}
