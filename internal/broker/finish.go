package broker

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"avain/internal/login"
	"avain/internal/secret"
)

// Return is a person who comes back from a broker. Query is the callback's query as
// it came; the rest is what the caller knows of the journey.
type Return struct {
	Broker    string
	Means     string // as chosen
	Query     url.Values
	State     secret.Text
	Nonce     secret.Text
	Verifier  secret.Text
	StartedAt time.Time // when Begin was called; older identifications are refused
}

// mostCode bounds an authorization code; OP's is a JWT.
const mostCode = 8 << 10

// Finish redeems the code and proves the identity, or says why not: every error is a
// *login.Error whose Detail is a stable machine word. It does not stop when ctx is
// cancelled: a browser that reloads aborts its first request, and the code, which
// the broker accepts once, would be lost with it.
func (r *Registry) Finish(ctx context.Context, back Return) (login.Identity, error) {
	u, ok := r.find(back.Broker)
	if !ok {
		return login.Identity{}, login.E(login.NotFound, login.ReasonPageUnknown, nil).With("broker.unknown")
	}
	identity, err := u.finish(context.WithoutCancel(ctx), back)
	if err != nil {
		failed := login.AsError(err)
		u.log.Info("identification failed", "reason", string(failed.Reason), "detail", failed.Detail, "error", failed)
		return login.Identity{}, failed
	}
	return identity, nil
}

func (u *upstream) finish(ctx context.Context, back Return) (login.Identity, error) {
	code, err := u.readCallback(back)
	if err != nil {
		return login.Identity{}, err
	}
	token, err := u.redeem(ctx, code, back)
	if err != nil {
		return login.Identity{}, u.failed(ctx, err)
	}
	claims, err := u.open(ctx, token)
	if err != nil {
		if f, ok := asFault(err); ok && strings.HasPrefix(f.word, "id_token.") {
			err = bad(f.word, f.err)
		} else {
			err = u.failed(ctx, err)
		}
		u.observe("id_token", login.AsError(err).Detail, 0)
		return login.Identity{}, err
	}
	u.circuit.success() // it answers; whether this one answer is good is another matter
	identity, err := u.identify(claims, back)
	if err != nil {
		u.observe("id_token", login.AsError(err).Detail, 0)
		return login.Identity{}, err
	}
	u.observe("id_token", "ok", 0)
	return identity, nil
}

// readCallback answers the code in the callback, after checking that the callback
// belongs to this journey and this broker.
func (u *upstream) readCallback(back Return) (string, error) {
	for _, name := range []string{"code", "state", "iss", "error"} {
		if len(back.Query[name]) > 1 { // parameter pollution: which one would the next reader take?
			return "", bad("callback.duplicate", nil)
		}
	}
	if back.State.Empty() || !back.State.Equal(secret.Of(back.Query.Get("state"))) {
		return "", bad("callback.state", nil)
	}
	// RFC 9207: an answer of another broker, sent to this one's callback (mix-up).
	if back.Query.Has("iss") && back.Query.Get("iss") != u.config.Issuer {
		return "", bad("callback.iss", nil)
	}
	if back.Query.Has("error") {
		return "", u.refused(back.Query)
	}
	code := back.Query.Get("code")
	if !plain(code, mostCode) {
		return "", bad("callback.code", nil)
	}
	return code, nil
}

// refused sorts the broker's redirect error. None of what it says is repeated: it
// came through the browser, and anybody could have written it.
func (u *upstream) refused(query url.Values) error {
	said := func(codes []string) bool {
		description := query.Get("error_description")
		if decoded, err := url.QueryUnescape(description); err == nil {
			description = decoded // OP encodes it twice
		}
		return slices.Contains(codes, query.Get("error")) || slices.Contains(codes, strings.ToLower(description))
	}
	switch {
	case said(u.config.Errors.TimedOut):
		return refuse(login.ReasonBrokerTimeout, "callback.timed_out", nil)
	case said(u.config.Errors.Cancelled):
		return refuse(login.ReasonCancelledAtBroker, "callback.cancelled", nil)
	case slices.Contains(knownErrors(), query.Get("error")):
		return login.E(login.Unavailable, login.ReasonBrokerError, nil).With("callback." + query.Get("error"))
	default:
		return login.E(login.Unavailable, login.ReasonBrokerError, nil).With("callback.error")
	}
}

// knownErrors may appear in a Detail: they are words of the protocols, not of whoever
// wrote the callback's query.
func knownErrors() []string {
	return []string{
		"invalid_request", "invalid_scope", "access_denied", "unauthorized_client", "unsupported_response_type",
		"server_error", "temporarily_unavailable", "login_required", "interaction_required", "consent_required",
		"invalid_request_object", "invalid_request_uri", "invalid_ftn_idp_id",
	}
}
