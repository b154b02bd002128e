package token

import (
	"context"
	"errors"
	"net/http"
	"time"

	"avain/internal/core/attempt"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/web"
	"avain/internal/protocol/client"
	"avain/internal/protocol/dpop"
	"avain/internal/protocol/oauth"
	"avain/internal/protocol/signing"
	"avain/internal/secret"
)

// Redeemer turns authorization codes into sessions: package attempt.
type Redeemer interface {
	Redeem(ctx context.Context, in attempt.RedeemRequest) (attempt.Granted, error)
}

// SessionStore are the logged-in apps. Look-ups return fault.ErrNotFound.
type SessionStore interface {
	SessionByID(ctx context.Context, id string) (login.Session, error)
	// SessionByRefresh finds a session by its current or its previous refresh token.
	SessionByRefresh(ctx context.Context, hash secret.Hash) (login.Session, error)
	// UseSession marks the session as used and sets the marks, in one transaction,
	// and answers the session as it is then. fault.ErrReplayed.
	UseSession(ctx context.Context, id string, at, idleUntil time.Time, once ...login.ReplayKey) (login.Session, error)
	// RotateRefresh replaces the refresh token if old still is the current one, and
	// keeps old as the previous one. fault.ErrMoved with the session as it is,
	// fault.ErrReplayed.
	RotateRefresh(ctx context.Context, id string, old, next secret.Hash, previousUntil, at time.Time, once ...login.ReplayKey) (login.Session, error)
	RevokeSession(ctx context.Context, id, reason string, at time.Time) error
}

// ReplayStore refuses what has been used before: fault.ErrReplayed.
type ReplayStore interface {
	// UseOnce sets marks alone.
	UseOnce(ctx context.Context, once ...login.ReplayKey) error
}

// PersonStore finds people. fault.ErrNotFound when there is none.
type PersonStore interface {
	PersonByID(ctx context.Context, id string) (login.Person, error)
	PersonOnly(ctx context.Context, id string) (login.Person, error) // without the benefits, which no token holds
	// EmailOf is the address that the person is known by; empty when there is none.
	EmailOf(ctx context.Context, person string) (login.Email, error)
}

// Auditor is told of what an operator must be able to reconstruct.
type Auditor interface {
	Atomically(ctx context.Context, act func(ctx context.Context) error) error
	SessionRevoked(ctx context.Context, s login.Session, reason string)
	RefreshReused(ctx context.Context, s login.Session)
}

// Deps are what the feature needs.
type Deps struct {
	Codes    Redeemer
	Sessions SessionStore
	Replays  ReplayStore
	People   PersonStore
	Clients  *client.Registry
	Proofs   *dpop.Verifier
	Signer   *signing.Signer
	Audit    Auditor
	Web      *web.Kit
	Now      func() time.Time
	BaseURL  string // issuer; no trailing slash

	AccessLife    time.Duration // of access tokens and ID tokens
	IdleLife      time.Duration // of refresh tokens that nobody uses
	RotationGrace time.Duration // how long a rotated refresh token still gets its successor
	Families      Families      // of refresh tokens that rotate
}

// Feature serves the token endpoints.
type Feature struct{ d Deps }

// New makes the feature.
func New(d Deps) *Feature { return &Feature{d} }

// Mount adds the endpoints to the mux. They answer any origin that a client is
// configured with, because the phone app runs on one of its own.
func (f *Feature) Mount(mux *http.ServeMux) {
	endpoint := func(path string, h web.Handler, methods ...string) {
		web.MountCORS(mux, path, f.d.Clients.OriginAllowed, f.d.Web.OAuth(h), methods...)
	}
	endpoint("/token", f.client(f.token), http.MethodPost)
	endpoint("/revoke", f.client(f.revoke), http.MethodPost)
	endpoint("/introspect", f.client(f.introspect), http.MethodPost)
	endpoint("/userinfo", f.userinfo, http.MethodGet, http.MethodPost)
}

// call is one request that has passed the shared phases.
type call struct {
	params oauth.Params
	client login.Client
	key    string        // DPoP thumbprint, empty without a proof
	clock  time.Duration // see [dpop.Proof.ClockOff]
	once   []login.ReplayKey
}

// client carries out the phases that every request of a client shares.
func (f *Feature) client(act func(w http.ResponseWriter, r *http.Request, c call) error) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		params, err := oauth.FormParams(r)
		if err != nil {
			return err
		}
		caller, err := f.d.Clients.Authenticate(r)
		if err != nil {
			web.Note(r.Context(), web.FieldClient, f.d.Clients.Claimed(r))
			return err
		}
		web.Note(r.Context(), web.FieldClient, caller.Client.ID)
		return act(w, r, call{params: params, client: caller.Client, once: caller.Once})
	}
}

// prove checks the DPoP proof of a call. A strict client must send one; a
// compatible client may (RFC 9449 §5).
func (f *Feature) prove(w http.ResponseWriter, r *http.Request, c call) (call, error) {
	proofs := r.Header.Values("DPoP")
	if len(proofs) == 0 && c.client.Profile != login.ProfileStrict {
		return c, nil
	}
	w.Header().Set("DPoP-Nonce", f.d.Proofs.Nonce(f.d.Now()))
	proof, err := f.d.Proofs.Check(dpop.Request{
		Proofs: proofs, Method: r.Method, URL: f.d.BaseURL + r.URL.Path, Exact: c.client.Exact,
	})
	if err != nil {
		return c, err
	}
	c.key, c.clock, c.once = proof.Thumbprint, proof.ClockOff, append(c.once, proof.Once)
	return c, nil
}

func (f *Feature) token(w http.ResponseWriter, r *http.Request, c call) error {
	c, err := f.prove(w, r, c)
	if err != nil {
		return err
	}
	var answer Response
	switch grant := c.params.Get("grant_type"); grant {
	case oauth.GrantAuthorizationCode:
		web.Note(r.Context(), web.FieldGrant, grant)
		answer, err = f.authorizationCode(r.Context(), c)
	case oauth.GrantRefreshToken:
		web.Note(r.Context(), web.FieldGrant, grant)
		answer, err = f.refreshToken(r.Context(), c)
	case "":
		return fault.BadParam("grant_type", "missing")
	default:
		return fault.BadParam("grant_type", "authorization_code and refresh_token are supported").WithCode(oauth.UnsupportedGrantType)
	}
	if errors.Is(err, fault.ErrReplayed) {
		return fault.New(fault.Invalid, login.ReasonProofReplayed, err).WithCode(oauth.InvalidDPoPProof).WithDetail("the proof or assertion has been used before")
	}
	if err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusOK, answer)
	return nil
}

// Response is the answer of the token endpoint (RFC 6749 §5.1, RFC 9449 §5).
type Response struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"` // seconds
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
	Scope        string `json:"scope"`
}
