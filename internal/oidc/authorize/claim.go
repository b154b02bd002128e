package authorize

import (
	"net/http"

	"avain/internal/core/attempt"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/web"
	"avain/internal/protocol/oauth"
)

// Admit checks the beginning of a login that needs no browser of its own: the claim of
// a QR code. It passes the same checks as any other, but for what belongs to a browser.
func (f *Feature) Admit(r *http.Request, p oauth.Params, c login.Client, m login.Method, key string) (attempt.StartRequest, error) {
	if c.Profile != login.ProfileStrict {
		e := fault.New(fault.Forbidden, login.ReasonClientRefused, nil).WithCode(oauth.UnauthorizedClient)
		return attempt.StartRequest{}, e.WithDetail("this login method is for clients of the strict profile")
	}
	of := claimOf
	if m == login.MethodCredentials {
		of = passwordOf
	}
	request, err := of(p, c)
	if err != nil {
		return attempt.StartRequest{}, err
	}
	device := deviceOf(p)
	if err := f.admit(r, c, m, device); err != nil {
		return attempt.StartRequest{}, err
	}
	source, err := f.d.Limit(r.Context(), starter(c, key))
	return attempt.StartRequest{
		Client: c.ID, Method: m, Request: request, Device: device, Key: key, Source: source,
		Place: f.d.Web.Place(r.Context()), Label: web.BrowserLabel(r),
	}, err
}

// passwordOf is requestOf: what comes with a password is a whole authorization request,
// so that the login can go on in the browser when the password is not enough.
func passwordOf(p oauth.Params, c login.Client) (login.Request, error) {
	redirectURI, err := redirectOf(p, c)
	if err != nil {
		return login.Request{}, err
	}
	return requestOf(p, c, redirectURI)
}

// claimOf is requestOf for a request that leads to no redirect.
func claimOf(p oauth.Params, c login.Client) (login.Request, error) {
	r := login.Request{
		Nonce: p.Get("nonce"), Scopes: granted(p.Words("scope"), c), Resource: p.Get("resource"), CodeChallenge: p.Get("code_challenge"), UILocales: localesOf(p),
	}
	for _, check := range []func(oauth.Params, login.Client, login.Request) error{supported, scopes, resource, challenge, acrValues} {
		if err := check(p, c, r); err != nil {
			return login.Request{}, err
		}
	}
	if len(r.Nonce) > maxState {
		return login.Request{}, fault.BadParam("nonce", "longer than 512 bytes")
	}
	if err := p.GivenBack("nonce"); err != nil {
		return login.Request{}, err
	}
	if p.Has("redirect_uri") {
		return login.Request{}, fault.BadParam("redirect_uri", "not used: the code comes with the answer")
	}
	return r, nil
}
