package brokersim

import (
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"avain/internal/protocol/oauth"
	"avain/internal/secret"
)

// step is where a person stands in a visit.
type step string

const (
	stepSelect  step = "select"  // choosing a bank
	stepUser    step = "user"    // at the bank: user id
	stepConfirm step = "confirm" // at the bank: confirmation in the bank's app
	stepNumber  step = "number"  // Mobile Certificate: phone number
	stepWaiting step = "waiting" // Mobile Certificate: the phone is ringing
	stepMissed  step = "missed"  // Mobile Certificate: it did not work
	stepConsent step = "consent" // OP, prompt=consent: may the data be sent?
	stepFailed  step = "failed"  // identification failed; there is a way back
	stepGone    step = "gone"    // sent back to the relying party
)

// visit is one person's way through the broker's pages. It moves by POST; its one
// address shows where it stands, so that reloading and going back do no harm.
type visit struct {
	mu      sync.Mutex
	id      string
	browser secret.Hash // the browser that came with the request; no other may go on
	request request
	lang    string
	step    step
	bank    Bank
	person  Person
	notice  string // key of the text about the last thing that went wrong
	call    *call  // Mobile Certificate: the phone that rings
	touched time.Time
	left    string // where the person was sent
	leftAt  time.Time
}

const (
	visitKept = 2 * time.Hour // longer than any visit: an expired one is still recognised

	// doubleClick is how long a second click on the last button gets the same answer as
	// the first. After that the person is told that the visit is over.
	doubleClick = 10 * time.Second
)

// open begins a visit and returns its address.
func (s *Sim) open(browser secret.Hash, req request, now time.Time) string {
	v := &visit{id: secret.NewShort().Reveal(), browser: browser, request: req, lang: req.lang, step: stepSelect, touched: now}
	if req.preselected() {
		v.enter(s.bankFor(req.offered[0], req.offered))
	}
	s.visits.add(secret.Of(v.id).Hash(), v, now, now.Add(visitKept))
	return s.address(v)
}

func (s *Sim) address(v *visit) string { return s.config.BaseURL + pathVisit + v.id }

// enter goes to a bank's own pages, or to Mobile Certificate's.
func (v *visit) enter(b Bank) {
	v.bank, v.person, v.call = b, Person{}, nil
	v.step = stepUser
	if b.Mobile() {
		v.step = stepNumber
	}
}

// action is one button: where it works, and what it does. Pressed anywhere else, it
// does nothing and the person is shown where they stand: that is how a double click
// or a form from an old page ends.
type action struct {
	steps []step
	do    func(*Sim, *visit, url.Values)
}

func actions() map[string]action {
	atBank := []step{stepUser, stepConfirm, stepNumber, stepWaiting, stepMissed, stepConsent, stepFailed}
	anywhere := append([]step{stepSelect}, atBank...)
	return map[string]action{
		"select":   {[]step{stepSelect}, (*Sim).choose},
		"user":     {[]step{stepUser}, (*Sim).identify},
		"confirm":  {[]step{stepConfirm}, (*Sim).confirm},
		"mobile":   {[]step{stepNumber}, (*Sim).ring},
		"again":    {[]step{stepMissed}, func(_ *Sim, v *visit, _ url.Values) { v.enter(v.bank) }},
		"consent":  {[]step{stepConsent}, (*Sim).finish},
		"back":     {atBank, (*Sim).backToSelection},
		"cancel":   {anywhere, (*Sim).cancel},
		"language": {anywhere, (*Sim).switchLanguage},
	}
}

// showVisit shows where the visit stands.
func (s *Sim) showVisit(w http.ResponseWriter, r *http.Request) {
	v := s.visitOf(w, r)
	if v == nil {
		return
	}
	defer v.mu.Unlock()
	if v.step == stepWaiting {
		s.poll(v)
	}
	if v.step != stepGone {
		s.showStep(w, v)
		return
	}
	s.leaveAgain(w, r, v)
}

// actOnVisit presses a button.
func (s *Sim) actOnVisit(w http.ResponseWriter, r *http.Request) {
	a, known := s.actions[r.PathValue("action")]
	if !known {
		s.showLost(w, r)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, formMaxSize)
	if err := r.ParseForm(); err != nil {
		s.showLost(w, r)
		return
	}
	v := s.visitOf(w, r)
	if v == nil {
		return
	}
	defer v.mu.Unlock()
	if slices.Contains(a.steps, v.step) {
		v.notice, v.touched = "", s.config.Now()
		a.do(s, v, r.PostForm)
	}
	if v.step != stepGone {
		redirect(w, r, s.address(v))
		return
	}
	s.leaveAgain(w, r, v)
}

// leaveAgain sends the person back; a late second time, it says that this is over.
func (s *Sim) leaveAgain(w http.ResponseWriter, r *http.Request, v *visit) {
	if s.config.Now().Sub(v.leftAt) > doubleClick {
		s.showMessage(w, http.StatusGone, v.lang, "over", "")
		return
	}
	redirect(w, r, v.left)
}

// visitOf finds the visit and locks it, or shows why it cannot be gone on with.
func (s *Sim) visitOf(w http.ResponseWriter, r *http.Request) *visit {
	v, ok := s.visits.get(secret.Of(r.PathValue("visit")).Hash(), s.config.Now())
	if !ok { // bookmarked, or long ago
		s.showMessage(w, http.StatusNotFound, langOf(r), "unknown", "")
		return nil
	}
	cookie, err := r.Cookie(s.cookieName())
	if err != nil || !secret.Of(cookie.Value).Hash().Equal(v.browser) {
		s.showMessage(w, http.StatusForbidden, v.lang, "cookies", "")
		return nil
	}
	v.mu.Lock()
	if v.step != stepGone && s.config.Now().Sub(v.touched) >= s.config.Timing.Visit {
		v.mu.Unlock()
		// Invented: what an expired visit leads to.
		back := v.request.backTo(url.Values{"error": {oauth.AccessDenied}, "error_description": {"session expired"}})
		s.showMessage(w, http.StatusGone, v.lang, "expired", back)
		return nil
	}
	return v
}

func (s *Sim) choose(v *visit, form url.Values) {
	for _, b := range v.request.offered {
		if b.ID == form.Get("bank") {
			v.enter(s.bankFor(b, v.request.offered))
			return
		}
	}
	v.notice = "notice-choose"
}

// identify takes the user id. The bank asks for no password: its app confirms.
func (s *Sim) identify(v *visit, form url.Values) {
	if s.trouble.take(CancelAtBank) {
		s.cancel(v, nil)
		return
	}
	for _, p := range s.config.People {
		if p.UserID == form.Get("user") {
			v.person, v.step = p, stepConfirm
			return
		}
	}
	v.notice = "notice-user"
}

func (s *Sim) confirm(v *visit, _ url.Values) { s.authenticated(v) }

// authenticated: the bank or the phone has said who this is.
func (s *Sim) authenticated(v *visit) {
	switch {
	case s.trouble.take(IdentificationError):
		v.step = stepFailed
	case v.request.Prompt == "consent": // OP README §7. Invented: that it looks the same at Idura and Signicat
		v.step = stepConsent
	default:
		s.finish(v, nil)
	}
}

func (s *Sim) finish(v *visit, _ url.Values) {
	who := session{v.person, v.bank, s.config.Now()}
	s.sessions.take(v.browser, who.at)
	s.sessions.add(v.browser, who, who.at, who.at.Add(sessionLife))
	v.leave(s.issue(v.request, who), who.at)
}

// cancel gives up. On a page about a failure, it is the link back to the service: that
// there is one, OP says (README §7). Invented: the error that it carries, at every
// broker: none publishes how a failure or a time-out of a Mobile Certificate comes back.
func (s *Sim) cancel(v *visit, _ url.Values) {
	code, description := s.rules.cancelled, "user cancel"
	if v.step == stepFailed {
		code, description = oauth.AccessDenied, "identification failed"
	}
	if v.step == stepMissed && v.call != nil && v.call.answer != mobileCancelled {
		code, description = oauth.AccessDenied, "mobile certificate: "+mobileWord(v.call.answer)
	}
	s.record(Record{Endpoint: Returned, Error: code, Detail: description})
	v.leave(v.request.backTo(url.Values{"error": {code}, "error_description": {description}}), s.config.Now())
}

func (v *visit) leave(to string, now time.Time) { v.step, v.left, v.leftAt = stepGone, to, now }

// backToSelection shows the broker's list again. When the relying party has a list of
// its own, going back to it is what cancelling means (OP README §7).
func (s *Sim) backToSelection(v *visit, _ url.Values) {
	if v.request.preselected() {
		s.cancel(v, nil)
		return
	}
	v.step, v.bank, v.person, v.call = stepSelect, Bank{}, Person{}, nil
}

func (s *Sim) switchLanguage(v *visit, form url.Values) {
	if lang := form.Get("lang"); isLang(lang) {
		v.lang = lang
	}
}
