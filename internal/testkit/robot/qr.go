package robot

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"net/url"
)

// Scanned is a login that the app has claimed from a page and that waits for the
// number to be typed there.
type Scanned struct {
	Login
	Match     string // two digits, which the app shows
	Name      string // masked, which the app shows before anything else happens
	ExpiresIn int    // seconds
}

// Scan brings what a QR code says.
func (a *App) Scan(ctx context.Context, payload string) (Scanned, error) {
	return a.Claim(ctx, Login{Nonce: random(), Verifier: random()}, url.Values{"qr": {payload}})
}

// Type brings the code that a person has typed instead.
func (a *App) Type(ctx context.Context, code string) (Scanned, error) {
	return a.Claim(ctx, Login{Nonce: random(), Verifier: random()}, url.Values{"typed_code": {code}})
}

// Claim is Scan or Type with the secrets given. The extra parameters replace or, when
// empty, remove what the app would send. A claim succeeds with an answer that is an
// error by its form.
func (a *App) Claim(ctx context.Context, l Login, extra url.Values) (Scanned, error) {
	challenge := sha256.Sum256([]byte(l.Verifier))
	form := url.Values{
		"client_id": {a.ClientID}, "response_type": {"code"}, "scope": {a.Scope}, "nonce": {l.Nonce},
		"code_challenge": {b64(challenge[:])}, "code_challenge_method": {"S256"},
		"device_name": {"Robot"}, "device_model": {"Pixel 9"}, "device_platform": {"android"}, "app_version": {"1.16.0"},
	}
	for name, values := range extra {
		form[name] = values
		if len(values) == 0 || values[0] == "" {
			delete(form, name)
		}
	}
	err := a.Post(ctx, "/authorize-challenge", form, nil)
	refusal, refused := errors.AsType[*Refusal](err)
	switch {
	case err == nil:
		return Scanned{}, errors.New("a claim was answered with a success")
	case !refused || refusal.Status != http.StatusForbidden || refusal.Code != "insufficient_authorization" || refusal.Reason != "approval_required":
		return Scanned{}, err
	}
	l.AuthSession, l.SupportCode = refusal.AuthSession, refusal.SupportCode
	return Scanned{Login: l, Match: refusal.Match, Name: refusal.Name, ExpiresIn: refusal.ExpiresIn}, nil
}

// Collect fetches the code of an approved login.
func (a *App) Collect(ctx context.Context, s Scanned) (string, error) {
	var answer struct {
		Code string `json:"authorization_code"`
	}
	err := a.Post(ctx, "/authorize-challenge", url.Values{"client_id": {a.ClientID}, "auth_session": {s.AuthSession}}, &answer)
	return answer.Code, err
}

// CollectAndRedeem ends a QR login. There was no redirect, so none is named.
func (a *App) CollectAndRedeem(ctx context.Context, s Scanned) (Tokens, error) {
	code, err := a.Collect(ctx, s)
	if err != nil {
		return Tokens{}, err
	}
	var t Tokens
	err = a.Post(ctx, "/token", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {a.ClientID}, "code": {code}, "code_verifier": {s.Verifier},
	}, &t)
	return t, err
}
