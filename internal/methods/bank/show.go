package bank

import (
	"net/http"
	"strings"

	"avain/internal/broker"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/web"
)

// Show renders the page of an attempt that waits for the person, or that is over.
// It changes nothing but the timeline.
func (f *Feature) Show(w http.ResponseWriter, r *http.Request, a login.Attempt) error {
	switch {
	case waiting(a):
		return f.showMeans(w, r, a)
	case a.State == login.StateFailed && a.Reason == login.ReasonNoBenefits:
		return f.views.RenderNoBenefits(w, r, NoBenefitsPage{App: f.back(a, a.Reason)})
	case a.State == login.StateRedeemed:
		return f.views.RenderEnded(w, r, EndedPage{Reason: login.ReasonAttemptUsed, App: f.back(a, login.ReasonAttemptUsed)})
	default:
		return f.views.RenderEnded(w, r, EndedPage{Reason: a.Reason, App: f.back(a, a.Reason)})
	}
}

// back leads to the app with the reason, so that the app can say it in its own words;
// empty when no link does. Our own /return is none: a phone that did not hand it over
// would show a page like this one once more.
func (f *Feature) back(a login.Attempt, reason login.Reason) string {
	c, _ := f.d.Clients.Get(a.Client)
	if !c.Internal() && strings.HasPrefix(a.Request.RedirectURI, f.d.Web.URL("/")) {
		if c.AppLink == "" {
			return ""
		}
		a.Request.RedirectURI = c.AppLink
	}
	back := f.d.Back(a, fault.New(fault.Forbidden, reason, nil))
	if c.Internal() {
		return strings.TrimPrefix(back, f.d.Web.URL("")) // a page of ours, not an app
	}
	return back
}

func (f *Feature) showMeans(w http.ResponseWriter, r *http.Request, a login.Attempt) error {
	label := web.BrowserLabel(r)
	if a.Stage == login.StageBegun || !seen(a, label) {
		if err := f.d.Attempts.Shown(r.Context(), a, login.Event{Browser: label}); err != nil {
			return err
		}
	}
	offer := f.d.Brokers.Offer(r.Context(), f.d.Web.Language(r))
	page := MeansPage{
		Attempt: a.ID, Client: f.app(a), Failed: a.Turned, FormAction: f.leadsTo(a),
		Notices: f.d.Notices.Concerning(r.Context(), web.AskerWith(r, a.Device, a.Method)), Closed: f.closed(r, a), Better: f.better(r, a),
	}
	for _, m := range offer.Means {
		choice := Choice{Means: m.Means}
		if on, _ := f.d.Gate.Means(r.Context(), m.ID); !on || page.Closed {
			choice.Unavailable = login.ReasonMeansUnavailable
		} else if !m.Available {
			choice.Unavailable = login.ReasonBrokerDown
		}
		page.Means = append(page.Means, choice)
	}
	for _, info := range offer.Brokers {
		page.Brokers = append(page.Brokers, noteOf(info.Texts))
	}
	return f.views.RenderMeans(w, r, page)
}

// closed reports whether a notice switches the login's method off for the browser in
// which it has arrived. The app could not know which one that would be; what the browser
// says of itself can only close here, never open.
func (f *Feature) closed(r *http.Request, a login.Attempt) bool {
	_, off := f.d.Notices.Arrange(r.Context(), web.AskerWith(r, a.Device, a.Method)).Off[a.Method]
	return off
}

// better is the method that a notice puts first for this browser, when it is another one
// than the login's own and the person can choose it in the app.
func (f *Feature) better(r *http.Request, a login.Attempt) login.Method {
	if c, ok := f.d.Clients.Get(a.Client); !ok || c.Internal() {
		return ""
	}
	if first := f.d.Notices.Arrange(r.Context(), web.AskerWith(r, a.Device, a.Method)).First; first != a.Method {
		return first
	}
	return ""
}

// leadsTo lists where the forms of the page may lead. Browsers apply the policy to
// every redirect that follows a form, and the broker sends people on to banks whose
// addresses nobody tells us: any https origin must do.
func (f *Feature) leadsTo(a login.Attempt) []string {
	return append(f.d.Brokers.Origins(), "https:", web.FormTarget(a.Request.RedirectURI))
}

func noteOf(t broker.InfoTexts) BrokerNote {
	return BrokerNote{
		ProviderInfo: t.ProviderInfo, Consent: t.Consent,
		PrivacyText: t.PrivacyNotice, PrivacyLink: t.PrivacyNoticeLink,
	}
}

// seen reports whether the timeline already knows that this kind of browser has
// shown the page: a reload is no news, and not worth a write. Nothing else follows from
// it; that a page was shown at all is the attempt's Stage.
func seen(a login.Attempt, label string) bool {
	for _, e := range a.Timeline {
		if e.Step == login.StepPage && e.Outcome == login.OutcomeOK && e.Browser == label {
			return true
		}
	}
	return false
}
