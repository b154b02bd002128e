package robot

import (
	"context"
	"crypto/sha256"
	"net/url"
)

// Password brings a user name and a password, with a whole authorization request. The
// login that it answers with the error goes on in the browser when the refusal names a
// request_uri.
func (a *App) Password(ctx context.Context, userName, password string, extra url.Values) (l Login, code string, err error) {
	l = Login{State: random(), Nonce: random(), Verifier: random()}
	challenge := sha256.Sum256([]byte(l.Verifier))
	form := url.Values{
		"client_id": {a.ClientID}, "response_type": {"code"}, "redirect_uri": {a.RedirectURI}, "scope": {a.Scope},
		"state": {l.State}, "nonce": {l.Nonce}, "code_challenge": {b64(challenge[:])}, "code_challenge_method": {"S256"},
		"device_name": {"Robot"}, "device_platform": {"web"}, "app_version": {"1.16.0"},
		"username": {userName}, "password": {password},
	}
	for name, values := range extra {
		form[name] = values
		if len(values) == 0 || values[0] == "" {
			delete(form, name)
		}
	}
	var answer struct {
		Code string `json:"authorization_code"`
	}
	err = a.Post(ctx, "/authorize-challenge", form, &answer)
	return l, answer.Code, err
}

// GoOn is the login that a refusal goes on with in the browser.
func (a *App) GoOn(l Login, r Refusal) Login {
	l.RequestURI, l.AuthSession, l.SupportCode, l.ExpiresIn = r.RequestURI, r.AuthSession, r.SupportCode, r.ExpiresIn
	l.AuthorizeURL = a.Issuer + "/authorize?" + url.Values{"client_id": {a.ClientID}, "request_uri": {l.RequestURI}}.Encode()
	return l
}
