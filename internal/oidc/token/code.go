package token

import (
	"context"
	"strings"

	"avain/internal/core/attempt"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/secret"
)

// authorizationCode answers the grant of RFC 6749 §4.1.3.
func (f *Feature) authorizationCode(ctx context.Context, c call) (Response, error) {
	if !c.params.Has("code") {
		return Response{}, fault.BadParam("code", "missing")
	}
	if err := reachable(c); err != nil {
		return Response{}, err // before the code is used up
	}
	granted, err := f.d.Codes.Redeem(ctx, attempt.RedeemRequest{
		Code: secret.Of(c.params.Get("code")), Client: c.client.ID,
		RedirectURI: c.params.Get("redirect_uri"), Verifier: secret.Of(c.params.Get("code_verifier")),
		Key: c.key, ClockOff: c.clock, Once: c.once, Exact: c.client.Exact,
		Refresh: f.firstOf(c.client),
	})
	if err != nil {
		return Response{}, err
	}
	person, err := f.d.People.PersonOnly(ctx, granted.Session.Person)
	if err != nil {
		return Response{}, err
	}
	session, err := aimed(granted.Session, c)
	if err != nil {
		return Response{}, err
	}
	answer, err := f.answer(ctx, c.client, session, person, session.Scopes)
	if err != nil {
		return Response{}, err
	}
	if answer.IDToken, err = f.idToken(ctx, c.client, granted.Session, person, answer.AccessToken); err != nil {
		return Response{}, err
	}
	if !granted.Refresh.Empty() {
		answer.RefreshToken = granted.Refresh.Reveal()
	}
	return answer, nil
}

// answer makes the access token that every grant ends with.
func (f *Feature) answer(ctx context.Context, c login.Client, s login.Session, p login.Person, scopes []string) (Response, error) {
	token, err := f.accessToken(ctx, c, s, p, scopes)
	if err != nil {
		return Response{}, err
	}
	return Response{
		AccessToken: token, TokenType: tokenType(s.Key != ""), ExpiresIn: int(f.d.AccessLife.Seconds()),
		Scope: strings.Join(scopes, " "),
	}, nil
}
