package brokersim

import (
	"context"
	"net/http"
	"net/url"

	"avain/internal/protocol/oauth"
	"avain/internal/secret"
)

// push takes an authorization request from the relying party itself (RFC 9126): the
// relying party authenticates as at the token endpoint, and gets a request_uri for it.
func (s *Sim) push(w http.ResponseWriter, r *http.Request) {
	record := Record{Endpoint: CalledPAR}
	form, refused := tokenForm(w, r)
	var assertion signedJWT
	if refused == nil {
		assertion, refused = s.openAssertion(r.Context(), form, s.config.Lenient)
		record.Header, record.Claims = assertion.header, assertion.all
	}
	var req request
	if refused == nil {
		var token signedJWT
		req, token, refused = s.readPushed(r.Context(), form)
		if token.all != nil {
			record.Header, record.Claims = token.header, token.all
		}
	}
	if refused == nil {
		refused = s.checkAssertionForm(assertion, s.lenient(req.LoginHint))
	}
	if refused != nil {
		record.Reason, record.Detail = refused.reason, refused.record()
		s.record(record)
		if refused.code == "" { // there is no page to keep the person on
			refused = refused.back(oauth.InvalidRequest)
		}
		s.rules.refuseToken(w, refused)
		return
	}
	record.Detail = req.remark
	s.record(record)
	now, uri := s.config.Now(), oauth.RequestURIPrefix+uuid(nil) // the form that Idura's page prints
	s.pushed.add(secret.Of(uri).Hash(), req, now, now.Add(s.rules.pushLife))
	respondJSON(w, http.StatusCreated, map[string]any{"request_uri": uri, "expires_in": int(s.rules.pushLife.Seconds())})
}

// readPushed reads the request in the form of a push: a request object, or the
// parameters themselves. A request_uri is no request (RFC 9126 §2.1).
func (s *Sim) readPushed(ctx context.Context, form url.Values) (request, signedJWT, *refusal) {
	switch {
	case form.Has("request_uri"):
		return request{}, signedJWT{}, refuse(RequestURIUnknown, "request_uri cannot be pushed")
	case form.Get("request") == "":
		return s.unsignedRequest(form, s.rules.pushedObject)
	case form.Has("client_id") && form.Get("client_id") != s.registered().client.ID:
		return request{}, signedJWT{}, refuse(ClientUnknown, "client_id is not registered")
	}
	return s.openRequest(ctx, form.Get("request"))
}

// pushedRequest fetches what was pushed: each request_uri works once. Invented: that it
// does so at Idura and Signicat; RFC 9126 §4 recommends it.
func (s *Sim) pushedRequest(uri string) (request, signedJWT, *refusal) {
	req, ok := s.pushed.take(secret.Of(uri).Hash(), s.config.Now())
	if !ok {
		return request{}, signedJWT{}, refuse(RequestURIUnknown, "request_uri is unknown, has run out or was used before")
	}
	return req, signedJWT{}, nil
}
