package web

import (
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"avain/internal/login"
)

// way is a button of the error page.
type way string

const (
	wayRetry  way = "retry"
	wayChoose way = "choose"
	wayApp    way = "app"
	wayHelp   way = "help"
	wayPage   way = "page"   // in place of wayApp, when a page of ours is what to go back to
	waySignIn way = "signin" // in place of wayPage, when signing in there is what helps
	wayOrder  way = "order"  // in place of wayRetry, when trying again is ordering another letter
)

// waysOn are the buttons for a reason, the most likely cure first. Only those are
// shown whose address is known.
func waysOn(reason login.Reason) []way {
	switch reason {
	case login.ReasonBrokerDown, login.ReasonBrokerSlow, login.ReasonMeansUnavailable, login.ReasonBrokerError,
		login.ReasonBrokerNotInOperation, login.ReasonIdentificationWeak, login.ReasonIdentityIncomplete,
		login.ReasonCancelledAtBroker, login.ReasonBrokerTimeout, login.ReasonBrokerResponse,
		login.ReasonIdentificationStale:
		return []way{wayChoose, wayApp, wayHelp}
	case login.ReasonCookiesBlocked, login.ReasonRateLimited, login.ReasonCrossOrigin, login.ReasonInternal,
		login.ReasonResetExpired:
		return []way{wayRetry, wayApp, wayHelp}
	default:
		return []way{wayApp, wayHelp}
	}
}

// Button is a link that looks like a button.
type Button struct {
	Way     string // retry, choose, app, help, page, signin, order: names its text, "button.{way}"
	Address template.URL
	Main    bool
}

// Buttons are the ways on from a page that tells of a reason: those that help with
// it, as far as there is an address for them.
func (k *Kit) Buttons(reason login.Reason, ways Ways) []Button {
	address := map[way]string{
		wayRetry: ownPath(ways.Retry), wayChoose: ownPath(ways.Choose),
		wayApp: ways.App, wayHelp: k.cfg.Brand.Help,
	}
	var buttons []Button
	for _, w := range waysOn(reason) {
		if href := link(address[w]); href != "" {
			if w == wayApp && ownPath(ways.App) != "" {
				w = ownPage(reason)
			}
			if w == wayRetry && reason == login.ReasonResetExpired {
				w = wayOrder
			}
			buttons = append(buttons, Button{Way: string(w), Address: href, Main: len(buttons) == 0})
		}
	}
	return buttons
}

// ownPage names the way to a page of ours. Whoever has activated already only has to
// sign in, whatever has become of the invitation.
func ownPage(reason login.Reason) way {
	switch reason {
	case login.ReasonInvitationUsed, login.ReasonInvitationExpired, login.ReasonInvitationRevoked,
		login.ReasonInvitationUnknown, login.ReasonInvitationForeign:
		return waySignIn
	default:
		return wayPage
	}
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

// Worded is the reason if the catalogue has words for it, else login.ReasonInternal:
// a page without words would help nobody.
func (k *Kit) Worded(reason login.Reason) login.Reason {
	if k.texts.has("reason." + string(reason) + ".title") {
		return reason
	}
	return login.ReasonInternal
}

func (k *Kit) errorPage(w http.ResponseWriter, r *http.Request, e *login.Error, status int) {
	r, rec := withRecord(r)
	_, ways := rec.snapshot()
	retryAfter(w.Header(), e)
	reason := k.Worded(e.Reason)
	failure := failureView{Reason: string(reason), Wait: waitOf(e.RetryAfter), Buttons: k.Buttons(reason, ways)}
	if forDeveloper(e) {
		failure.Detail = description(e)
	}
	err := k.Render(w, r, status, Page{Template: k.pages.failure, Title: "reason." + string(reason) + ".title", Data: failure})
	if err != nil {
		rec.fail(login.E(login.Internal, login.ReasonInternal, err))
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
}

// forDeveloper reports whether the page should name what is wrong in English: only
// for requests that a program wrote, never for what a person did.
func forDeveloper(e *login.Error) bool {
	return e.Kind == login.Invalid && e.Detail != ""
}
