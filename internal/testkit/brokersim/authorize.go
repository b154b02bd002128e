package brokersim

import (
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"avain/internal/protocol/oauth"
	"avain/internal/secret"
)

// authorize begins a visit: it answers with a redirect in every good case, so that
// reloading a page never repeats the request object, whose jti is spent.
func (s *Sim) authorize(w http.ResponseWriter, r *http.Request) {
	form, refused := authorizationForm(w, r)
	var req request
	var token signedJWT
	if refused == nil {
		req, token, refused = s.readRequest(r.Context(), form)
	}
	if refused == nil && s.trouble.take(NoReturnPage) {
		refused = refuse(Misbehaved, "told to show an error page without a way back")
	}
	if refused == nil && s.trouble.take(ServerError) {
		refused = refuse(Misbehaved, "told to fail").back(oauth.ServerError)
	}
	record := Record{Endpoint: CalledAuthorize, Header: token.header, Claims: token.all, Detail: req.remark}
	if refused == nil {
		s.record(record)
		s.begin(w, r, req)
		return
	}
	record.Reason, record.Detail = refused.reason, refused.record()
	s.record(record)
	if refused.code == "" {
		s.showRefused(w, r, refused)
		return
	}
	s.sendBack(w, r, req, refused.code, refused.detail)
}

// authorizationForm reads the query (GET), or the form or JSON (POST, OP README §7). It
// refuses what counts and comes twice; what does not count is nobody's business.
func authorizationForm(w http.ResponseWriter, r *http.Request) (url.Values, *refusal) {
	form := r.URL.Query()
	if r.Method == http.MethodPost {
		r.Body = http.MaxBytesReader(w, r.Body, 2*jwtMaxBytes)
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && kind == "application/json" {
			var body struct {
				Request string `json:"request"`
			}
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
				return nil, refuse(JWTMissing, "the body is not JSON with a member request")
			}
			return url.Values{"request": {body.Request}}, nil
		}
		if err := r.ParseForm(); err != nil {
			return nil, refuse(JWTMissing, "the body is not a form")
		}
		form = r.PostForm
	}
	for _, name := range []string{"request", "request_uri", "client_id"} {
		if len(form[name]) > 1 {
			return nil, refuse(ParameterRepeated, name+" is given more than once")
		}
	}
	return form, nil
}

// readRequest finds the request: pushed before, in a request object, or plain. Beside
// a request object everything is ignored but a client_id that the dialect wants there
// (OP and Telia: all; Telia's README §5).
func (s *Sim) readRequest(ctx context.Context, form url.Values) (request, signedJWT, *refusal) {
	pushed := s.rules.paths.par != "" && form.Has("request_uri")
	if signed := form.Get("request") != ""; !pushed && !signed {
		return s.unsignedRequest(form, s.rules.requestObject)
	}
	if s.rules.outerClientID && form.Get("client_id") != s.registered().client.ID {
		return request{}, signedJWT{}, refuse(ClientUnknown, "client_id is missing beside the request, or not registered")
	}
	if pushed {
		return s.pushedRequest(form.Get("request_uri"))
	}
	return s.openRequest(ctx, form.Get("request"))
}

// unsignedRequest takes plain parameters if the dialect lets it.
func (s *Sim) unsignedRequest(form url.Values, object need) (request, signedJWT, *refusal) {
	lenient := s.lenient(form.Get("login_hint"))
	if object.insists(lenient) {
		return request{}, signedJWT{}, refuse(JWTMissing, "the signed JWT is missing")
	}
	req, refused := s.plainRequest(form)
	return req, signedJWT{}, refused
}

// sendBack returns the person with an error.
func (s *Sim) sendBack(w http.ResponseWriter, r *http.Request, req request, code, description string) {
	s.record(Record{Endpoint: Returned, Error: code, Detail: description})
	redirect(w, r, req.backTo(url.Values{"error": {code}, "error_description": {description}}))
}

func redirect(w http.ResponseWriter, r *http.Request, to string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer") // our URLs name the visit, theirs carry the code
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func (s *Sim) begin(w http.ResponseWriter, r *http.Request, req request) {
	now := s.config.Now()
	if s.trouble.take(CancelAtSelector) {
		s.sendBack(w, r, req, s.rules.cancelled, "user cancel")
		return
	}
	browser := s.browser(w, r)
	if s.trouble.take(SingleSignOn) {
		redirect(w, r, s.issue(req, s.older(browser, req, now)))
		return
	}
	if n := s.config.AutoApprove; n > 0 {
		who := GeneratedPerson(int((s.approved.Add(1) - 1) % int64(n)))
		redirect(w, r, s.issue(req, session{who, s.bankFor(req.offered[0], req.offered), now}))
		return
	}
	if known, ok := s.remembered(browser, req, now); ok {
		redirect(w, r, s.issue(req, known))
		return
	}
	if req.Prompt == "none" {
		s.record(Record{Endpoint: CalledAuthorize, Reason: LoginRequired, Detail: "prompt=none, and nobody is logged in"})
		// Idura, sso.mdx. Invented: that Telia and Signicat answer with the same word.
		s.sendBack(w, r, req, oauth.LoginRequired, "nobody is logged in")
		return
	}
	redirect(w, r, s.open(browser, req, now))
}

// session is a person whom the broker has authenticated.
type session struct {
	person Person
	bank   Bank
	at     time.Time
}

// sessionLife: Signicat's default; Telia's SAML answers say the same. Invented: Idura's.
const sessionLife = time.Hour

// remembered is single sign-on: whoever does not ask for a fresh login gets the person
// who logged in last, with the old time of authentication.
func (s *Sim) remembered(browser secret.Hash, req request, now time.Time) (session, bool) {
	if !s.rules.singleSignOn {
		return session{}, false
	}
	known, ok := s.sessions.get(browser, now)
	if !ok || req.wantsFresh(now.Sub(known.at)) {
		return session{}, false
	}
	for _, b := range req.offered {
		if b.ID == known.bank.ID {
			return known, true
		}
	}
	return session{}, false
}

// older is a session from before, whatever the request says: this browser's, or one that
// is made up.
func (s *Sim) older(browser secret.Hash, req request, now time.Time) session {
	if known, ok := s.sessions.get(browser, now); ok {
		return known
	}
	who := GeneratedPerson(0)
	if s.config.AutoApprove == 0 && len(s.config.People) > 0 {
		who = s.config.People[0]
	}
	return session{who, req.offered[0], now.Add(-sessionLife)}
}

// bankFor is where the person ends up: where they are sent, or elsewhere when a toggle
// says so. Elsewhere is, if possible, what was not on offer.
func (s *Sim) bankFor(chosen Bank, offered []Bank) Bank {
	if !s.trouble.take(OtherBank) {
		return chosen
	}
	other := chosen
	for _, b := range s.config.Banks {
		switch {
		case !slices.ContainsFunc(offered, func(o Bank) bool { return o.ID == b.ID }):
			return b
		case b.ID != chosen.ID && other.ID == chosen.ID:
			other = b
		}
	}
	return other
}

// browser names the browser by a cookie of its own, made on the first visit. Cookies
// on localhost are shared by every port, hence the name.
func (s *Sim) browser(w http.ResponseWriter, r *http.Request) secret.Hash {
	if cookie, err := r.Cookie(s.cookieName()); err == nil && cookie.Value != "" {
		return secret.Of(cookie.Value).Hash()
	}
	fresh := secret.New()
	http.SetCookie(w, &http.Cookie{
		Name: s.cookieName(), Value: fresh.Reveal(), Path: s.base + "/",
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(s.config.BaseURL, "https:"),
	})
	return fresh.Hash()
}

func (s *Sim) cookieName() string { return "brokersim_" + string(s.config.Dialect) }
