package broker

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/protocol/oauth"
)

// assertion is the client assertion of private_key_jwt (RFC 7523 §2.2): short-lived,
// single use, and for this broker only.
func (u *upstream) assertion(found endpoints) (string, error) {
	now, audience := u.now(), u.config.Assertion.Audience
	if audience == "" {
		audience = found.token // known only from discovery
	}
	return u.sign(map[string]any{
		"iss": u.config.ClientID, "sub": u.config.ClientID, "aud": audience,
		"jti": login.NewID(), "iat": now.Unix(), "exp": now.Add(u.config.Assertion.TTL).Unix(),
	})
}

// authenticated adds our client authentication to a form.
func (u *upstream) authenticated(found endpoints, form url.Values) (url.Values, error) {
	assertion, err := u.assertion(found)
	if err != nil {
		return nil, fault.New(fault.Internal, login.ReasonInternal, err).WithDetail("assertion.sign")
	}
	form.Set("client_id", u.config.ClientID)
	form.Set("client_assertion_type", oauth.AssertionJWTBearer)
	form.Set("client_assertion", assertion)
	return form, nil
}

// redeem turns the authorization code into an id_token, still encrypted.
func (u *upstream) redeem(ctx context.Context, code string, r Return) (string, error) {
	found, err := u.endpoints(ctx)
	if err != nil {
		return "", err
	}
	form := url.Values{
		"grant_type": {oauth.GrantAuthorizationCode}, "code": {code},
		"redirect_uri": {u.callback}, // Telia demands it, and OP takes it
	}
	if *u.config.Request.PKCE {
		form.Set("code_verifier", r.Verifier.Reveal())
	}
	if form, err = u.authenticated(found, form); err != nil {
		return "", err
	}
	var body struct {
		IDToken string `json:"id_token"`
	}
	if err := u.exchange(ctx, "token", found.token, form, &body); err != nil {
		return "", err
	}
	if body.IDToken == "" {
		return "", &brokerError{word: "token.no_id_token", down: true}
	}
	return body.IDToken, nil
}

// exchange posts a form and reads the JSON answer.
func (u *upstream) exchange(ctx context.Context, step, target string, form url.Values, into any) error {
	began := u.now()
	got, err := u.out.post(ctx, target, form)
	word, isDown := trouble(got, err)
	if word == "" && json.Unmarshal(got.body, into) != nil {
		word, isDown = "format", true
	}
	u.observe(step, word, u.now().Sub(began))
	if word == "" {
		return nil
	}
	return &brokerError{word: step + "." + word, down: isDown, err: orProtocolError(err, got)}
}

// orProtocolError adds the OAuth error code to the cause. The description stays out
// of the log: nobody promises that it does not repeat what we sent.
func orProtocolError(err error, got answer) error {
	if err != nil || got.status < 400 {
		return err
	}
	var body struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(got.body, &body) == nil && plain(body.Error, 64) {
		return errors.New(body.Error)
	}
	return nil
}

// plain reports whether a value from outside is short printable ASCII without spaces.
func plain(s string, most int) bool {
	if s == "" || len(s) > most {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
