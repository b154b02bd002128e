package brokersim

import (
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"avain/internal/secret"
)

// authorize begins a visit: it answers with a redirect in every good case, so that
// reloading a page never repeats the request object, whose jti is spent.
func (s *Sim) authorize(w http.ResponseWriter, r *http.Request) {
	raw, refused := requestObject(w, r)
	var req request
	var token signedJWT
	if refused == nil {
		req, token, refused = s.openRequest(r.Context(), raw)
	}
	if refused == nil && s.trouble.take(NoReturnPage) {
		refused = refuse(Misbehaved, "told to show an error page without a way back")
	}
	if refused == nil && s.trouble.take(ServerError) {
		refused = refuse(Misbehaved, "told to fail").back("server_error")
	}
	record := Record{Endpoint: CalledAuthorize, Header: token.header, Claims: token.all}
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

// requestObject takes the JWT out of the query (GET), or the form or JSON (POST).
// Everything beside it is ignored, as at OP and Telia.
func requestObject(w http.ResponseWriter, r *http.Request) (string, *refusal) {
	values := r.URL.Query()["request"]
	if r.Method == http.MethodPost {
		r.Body = http.MaxBytesReader(w, r.Body, 2*jwtMaxBytes)
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && kind == "application/json" {
			var body struct {
				Request string `json:"request"`
			}
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
				return "", refuse(JWTMissing, "the body is not JSON with a member request")
			}
			return body.Request, nil
		}
		if err := r.ParseForm(); err != nil {
			return "", refuse(JWTMissing, "the body is not a form")
		}
		values = r.PostForm["request"]
	}
	switch len(values) {
	case 0:
		return "", nil // openRequest says so
	case 1:
		return values[0], nil
	default:
		return "", refuse(ParameterRepeated, "request is given more than once")
	}
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
	if n := s.config.AutoApprove; n > 0 {
		who := GeneratedPerson(int((s.approved.Add(1) - 1) % int64(n)))
		redirect(w, r, s.issue(req, session{who, req.offered[0], now}))
		return
	}
	browser := s.browser(w, r)
	if known, ok := s.remembered(browser, req, now); ok {
		redirect(w, r, s.issue(req, known))
		return
	}
	if req.Prompt == "none" {
		s.record(Record{Endpoint: CalledAuthorize, Reason: LoginRequired, Detail: "prompt=none, and nobody is logged in"})
		s.sendBack(w, r, req, "login_required", "nobody is logged in")
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

const sessionLife = time.Hour

// remembered is Telia's single sign-on: whoever does not ask for a fresh login gets
// the person who logged in last, with the old auth_time.
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
