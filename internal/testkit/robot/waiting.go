package robot

import (
	"context"
	"net/url"
)

// Status is how a login stands, as the app that started it is told.
type Status struct {
	State       string `json:"state"`
	Reason      string `json:"reason"`
	ExpiresIn   int    `json:"expires_in"`
	SupportCode string `json:"support_code"`
}

// Status asks how a login stands. With a known state it waits for another one.
func (a *App) Status(ctx context.Context, l Login, known string) (Status, error) {
	form := url.Values{"client_id": {a.ClientID}, "auth_session": {l.AuthSession}}
	if known != "" {
		form.Set("known", known)
	}
	var s Status
	err := a.Post(ctx, "/attempt-status", form, &s)
	return s, err
}

// Digits brings the six digits that the browser shows, and redeems the code that
// they are worth.
func (a *App) Digits(ctx context.Context, l Login, digits string) (Tokens, error) {
	var answer struct {
		Code string `json:"authorization_code"`
	}
	if err := a.Post(ctx, "/authorize-challenge", url.Values{
		"client_id": {a.ClientID}, "auth_session": {l.AuthSession}, "tx_code": {digits},
	}, &answer); err != nil {
		return Tokens{}, err
	}
	return a.Redeem(ctx, l, answer.Code)
}

// Report says that a code came which the app did not ask for.
func (a *App) Report(ctx context.Context, code string) error {
	return a.Post(ctx, "/authorize-challenge", url.Values{
		"client_id": {a.ClientID}, "code": {code}, "error": {"unexpected"},
	}, nil)
}
