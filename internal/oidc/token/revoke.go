package token

import (
	"context"
	"errors"
	"net/http"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/web"
	"avain/internal/protocol/oauth"
	"avain/internal/secret"
)

// revoke answers RFC 7009: giving up either token ends the session. An unknown
// token is a success, since it is as good as revoked; another client's token is left
// alone without saying so.
//
// A public strict client proves its key here, too: a refresh token that leaked is worth
// nothing elsewhere without the key, and must not end the session either (threat 52).
// Compatible ones need not, because RFC 7009 knows no proof and libraries send none.
func (f *Feature) revoke(w http.ResponseWriter, r *http.Request, c call) (err error) {
	if !c.params.Has("token") {
		return fault.BadParam("token", "missing")
	}
	byKey := c.client.Public() && c.client.Profile == login.ProfileStrict
	if byKey {
		if c, err = f.prove(w, r, c); err != nil {
			return err
		}
	}
	if err := f.spend(r.Context(), c); err != nil {
		return err
	}
	session, err := f.behind(r.Context(), secret.Of(c.params.Get("token")))
	if err != nil && !unusable(err) {
		return err
	}
	if err == nil && session.Client == c.client.ID && session.RevokedAt.IsZero() {
		if byKey && session.Key != c.key {
			e := fault.New(fault.Invalid, login.ReasonKeyWrong, nil).WithCode(oauth.InvalidDPoPProof)
			return e.WithDetail("nothing is revoked: the token belongs to another key")
		}
		const why = "logout_app"
		if err := f.d.Audit.Atomically(r.Context(), func(ctx context.Context) error {
			f.d.Audit.SessionRevoked(ctx, session, why)
			return f.d.Sessions.RevokeSession(ctx, session.ID, why, f.d.Now())
		}); err != nil {
			return err
		}
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// introspection is the answer of RFC 7662 §2.2.
type introspection struct {
	Active bool `json:"active"`
	*accessClaims
	TokenType string `json:"token_type,omitempty"`
}

// introspect tells a resource server about a token, as it is at this moment. Only
// clients that are configured for it may ask.
func (f *Feature) introspect(w http.ResponseWriter, r *http.Request, c call) error {
	if !c.client.Introspection || c.client.Public() {
		return fault.New(fault.Forbidden, login.ReasonClientRefused, nil).WithCode(oauth.UnauthorizedClient).WithDetail("this client may not introspect tokens")
	}
	if !c.params.Has("token") {
		return fault.BadParam("token", "missing")
	}
	if err := f.spend(r.Context(), c); err != nil {
		return err
	}
	h, err := f.inspect(r.Context(), secret.Of(c.params.Get("token")))
	if unusable(err) {
		web.WriteJSON(w, http.StatusOK, introspection{})
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := f.d.Sessions.UseSession(r.Context(), h.session.ID, f.d.Now(), h.session.IdleUntil); err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusOK, introspection{true, &h.claims, tokenType(h.claims.Confirm != nil)})
	return nil
}

// behind finds the session of a refresh token or an access token.
func (f *Feature) behind(ctx context.Context, token secret.Text) (login.Session, error) {
	session, err := f.d.Sessions.SessionByRefresh(ctx, token.Hash())
	if !errors.Is(err, fault.ErrNotFound) {
		return session, err
	}
	h, err := f.inspect(ctx, token)
	return h.session, err
}

// spend sets the marks of an assertion or a proof where no other write carries them.
func (f *Feature) spend(ctx context.Context, c call) error {
	if len(c.once) == 0 {
		return nil
	}
	err := f.d.Replays.UseOnce(ctx, c.once...)
	switch {
	case errors.Is(err, fault.ErrReplayed) && c.key != "":
		return fault.New(fault.Invalid, login.ReasonProofReplayed, err).WithCode(oauth.InvalidDPoPProof).WithDetail("the proof has been used before")
	case errors.Is(err, fault.ErrReplayed):
		return fault.New(fault.Unauthenticated, login.ReasonClientRefused, err).WithCode(oauth.InvalidClient).WithDetail("the client assertion has been used before")
	}
	return err
}

// unusable reports whether the error says that the token is no good, rather than
// that we could not find out.
func unusable(err error) bool {
	if err == nil {
		return false
	}
	kind := fault.AsError(err).Kind
	return kind == fault.Unauthenticated || errors.Is(err, fault.ErrNotFound)
}
