package broker

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
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

// maxCode bounds an authorization code; OP's is a JWT.
const maxCode = 8 << 10

// Finish redeems the code and proves the identity, or says why not: every error is a
// *fault.Error whose Detail is a stable machine word. It does not stop when ctx is
// cancelled: a browser that reloads aborts its first request, and the code, which
// the broker accepts once, would be lost with it.
func (r *Registry) Finish(ctx context.Context, back Return) (login.Identity, error) {
	u, ok := r.find(back.Broker)
	if !ok {
		return login.Identity{}, fault.New(fault.NotFound, login.ReasonPageUnknown, nil).WithDetail("broker.unknown")
	}
	identity, err := u.finish(context.WithoutCancel(ctx), back)
	if err != nil {
		failed := fault.AsError(err)
		u.log.Info("identification failed", "reason", string(failed.Reason), "detail", failed.Detail, "error", failed)
		return login.Identity{}, failed
	}
	return identity, nil
}

func (u *upstream) finish(ctx context.Context, back Return) (login.Identity, error) {
	if back.StartedAt.IsZero() { // or every check of freshness would pass
		return login.Identity{}, fault.New(fault.Internal, login.ReasonInternal, nil).WithDetail("return.incomplete")
	}
	code, err := u.readCallback(back)
	if err != nil {
		return login.Identity{}, err
	}
	token, err := u.redeem(ctx, code, back)
	if err != nil {
		return login.Identity{}, u.failed(ctx, err)
	}
	identity, err := u.prove(ctx, token, back)
	u.observe("id_token", outcome(err), 0)
	return identity, err
}

// prove turns the id_token into an identity.
func (u *upstream) prove(ctx context.Context, token string, back Return) (login.Identity, error) {
	claims, err := u.open(ctx, token)
	if f, ok := asFault(err); ok && strings.HasPrefix(f.word, "id_token.") {
		if f.word == wordPlaintext {
			return login.Identity{}, refuse(login.ReasonBrokerUnencrypted, f.word, f.err)
		}
		return login.Identity{}, bad(f.word, f.err)
	}
	if err != nil {
		return login.Identity{}, u.failed(ctx, err)
	}
	u.circuit.success() // it answers; whether this one answer is good is another matter
	return u.identify(claims, back)
}

// outcome is the word for the metric: the last part of the detail.
func outcome(err error) string {
	if err == nil {
		return ""
	}
	word, _, _ := strings.Cut(fault.AsError(err).Detail, ":") // without the name of a claim
	return wordAfterDot(word)
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
	if !plain(code, maxCode) {
		return "", bad("callback.code", nil)
	}
	return code, nil
}

// refused sorts the broker's redirect error. None of what it says is repeated: it
// came through the browser, and anybody could have written it.
func (u *upstream) refused(query url.Values) error {
	code, codes := query.Get("error"), u.config.Errors
	switch {
	case slices.Contains(codes.TimedOut, code), mentions(query.Get("error_description"), codes.TimedOut):
		return refuse(login.ReasonBrokerTimeout, "callback.timed_out", nil)
	case slices.Contains(codes.Cancelled, code):
		return refuse(login.ReasonCancelledAtBroker, "callback.cancelled", nil)
	case slices.Contains(knownErrors(), code):
		return fault.New(fault.Unavailable, login.ReasonBrokerError, nil).WithDetail("callback." + code)
	default:
		return fault.New(fault.Unavailable, login.ReasonBrokerError, nil).WithDetail("callback.error")
	}
}

// mentions reports whether one of the words of a description is among the codes:
// brokers pass on what the Mobile Certificate service said only there.
func mentions(description string, codes []string) bool {
	if decoded, err := url.QueryUnescape(description); err == nil {
		description = decoded // OP encodes it twice
	}
	words := strings.FieldsFunc(strings.ToLower(description), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_'
	})
	return slices.ContainsFunc(words, func(word string) bool { return slices.Contains(codes, word) })
}

// knownErrors may appear in a Detail: they are words of the protocols, not of whoever
// wrote the callback's query.
func knownErrors() []string {
	return []string{
		"invalid_request", "invalid_scope", "access_denied", "unauthorized_client", "unsupported_response_type",
		"server_error", "temporarily_unavailable", "login_required", "interaction_required", "consent_required",
		"invalid_request_object", "invalid_request_uri", "invalid_ftn_idp_id",
		// IN Groupe's own, besides cancel.
		"authfailed", "inpro", "input_params_notpresent", "idexpired", "generalerror",
	}
}
