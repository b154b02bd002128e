package firstparty

import (
	"context"
	"errors"
	"net/http"
	"time"

	"avain/internal/core/attempt"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/notify"
	"avain/internal/platform/steady"
	"avain/internal/platform/web"
	"avain/internal/protocol/client"
	"avain/internal/protocol/dpop"
	"avain/internal/protocol/oauth"
	"avain/internal/secret"
)

// Attempts moves attempts: package attempt.
type Attempts interface {
	ForApp(ctx context.Context, client string, authSession secret.Text, key string) (login.Attempt, error)
	Complete(ctx context.Context, a login.Attempt, authSession secret.Text, digits string) (secret.Text, error)
	Report(ctx context.Context, code secret.Text, client string) error
	Cancel(ctx context.Context, a login.Attempt, e login.Event) error
	Collect(ctx context.Context, a login.Attempt, authSession secret.Text) (secret.Text, error)
}

// Starts are the ways in which a login begins here: package attempt.
type Starts interface {
	Start(ctx context.Context, in attempt.StartRequest) (attempt.Started, error)
	Verified(ctx context.Context, in attempt.StartRequest, person login.Person) (secret.Text, login.Attempt, error)
	Unverified(ctx context.Context, in attempt.StartRequest, why error) (login.Attempt, error)
	Claim(ctx context.Context, in attempt.ClaimRequest) (attempt.Claimed, error)
}

// People knows the names of persons.
type People interface {
	PersonByID(ctx context.Context, id string) (login.Person, error)
}

// Marks sets the marks of proofs that allow no act of their own. fault.ErrReplayed.
type Marks interface {
	UseOnce(ctx context.Context, once ...login.ReplayKey) error
}

// Deps are what the feature needs.
type Deps struct {
	Attempts  Attempts
	Starts    Starts
	People    People
	Passwords Passwords
	Marks     Marks
	Clients   *client.Registry
	Proofs    *dpop.Verifier
	Room      *notify.Hub
	Keep      steady.Keeper // of the goroutines that serve those who wait
	Web       *web.Kit
	Now       func() time.Time
	BaseURL   string       // issuer; no trailing slash
	Claims    *web.Limiter // of QR codes, per key

	// AttemptStatuses tells how far attempts are, by their ids; unknown ones are left out.
	AttemptStatuses func(ctx context.Context, ids []string) (map[string]login.AttemptStatus, error)
	MaxWaiting      int // apps that may wait at once on this node

	// Admit checks the beginning of a login: the feature authorize.
	Admit func(r *http.Request, p oauth.Params, c login.Client, m login.Method, key string) (attempt.StartRequest, error)
}

// Feature serves the two endpoints.
type Feature struct {
	d       Deps
	streams *streamServer
}

// New makes the feature.
func New(d Deps) *Feature { return &Feature{d, newStreamServer(d)} }

// Run serves the apps that wait on connections of their own until ctx ends, and sends
// home who is left. Without it they wait as requests, one goroutine each.
func (f *Feature) Run(ctx context.Context) { f.streams.run(ctx) }

// Waiting counts the apps that wait on this node.
func (f *Feature) Waiting() int { return f.streams.waiting() }

// Mount adds the endpoints to the mux.
func (f *Feature) Mount(mux *http.ServeMux) {
	for path, h := range map[string]web.Handler{"/authorize-challenge": f.challenge, "/attempt-status": f.status} {
		web.MountCORS(mux, path, f.d.Clients.OriginAllowed, f.d.Web.OAuth(h), http.MethodPost)
	}
}

// call is a request that has proved which app, on which phone, sends it.
type call struct {
	params oauth.Params
	client login.Client
	key    string
	clock  time.Duration // see [dpop.Proof.ClockOff]
}

// prove authenticates client and key. Every call needs a proof: a login that was
// started without a key cannot be asked about.
func (f *Feature) prove(w http.ResponseWriter, r *http.Request) (call, error) {
	params, err := oauth.FormParams(r)
	if err != nil {
		return call{}, err
	}
	caller, err := f.d.Clients.Authenticate(r)
	if err != nil {
		web.Note(r.Context(), web.FieldClient, f.d.Clients.Claimed(r))
		return call{}, err
	}
	web.Note(r.Context(), web.FieldClient, caller.Client.ID)
	w.Header().Set("DPoP-Nonce", f.d.Proofs.Nonce(f.d.Now()))
	proof, err := f.d.Proofs.Check(dpop.Request{
		Proofs: r.Header.Values("DPoP"), Method: r.Method, URL: f.d.BaseURL + r.URL.Path, Exact: caller.Client.Exact,
	})
	if err != nil {
		return call{}, err
	}
	err = f.d.Marks.UseOnce(r.Context(), append(caller.Once, proof.Once)...)
	if errors.Is(err, fault.ErrReplayed) {
		return call{}, fault.New(fault.Invalid, login.ReasonProofReplayed, err).WithCode(oauth.InvalidDPoPProof).WithDetail("the proof or assertion has been used before")
	}
	return call{params, caller.Client, proof.Thumbprint, proof.ClockOff}, err
}

// attempt is the one that the app's auth_session names.
func (f *Feature) attempt(ctx context.Context, c call) (login.Attempt, error) {
	if !c.params.Has("auth_session") {
		return login.Attempt{}, fault.BadParam("auth_session", "missing")
	}
	a, err := f.d.Attempts.ForApp(ctx, c.client.ID, secret.Of(c.params.Get("auth_session")), c.key)
	if err == nil {
		web.About(ctx, a)
	}
	return a, err
}

// answer is the success of §5.2.1 of the draft.
type answer struct {
	Code string `json:"authorization_code"`
}

// challenge takes what a person has scanned or typed: a QR code or its typed form, a user
// name and a password, the six digits of a browser, the wish of an approved phone for its code; or the report of
// an app that got a code which it did not ask for.
func (f *Feature) challenge(w http.ResponseWriter, r *http.Request) error {
	c, err := f.prove(w, r)
	if err != nil {
		return err
	}
	switch {
	case c.params.Has("response_type") && c.params.Get("response_type") != "code": // §5.1 of the draft
		return fault.BadParam("response_type", "only code is supported").WithCode(oauth.UnsupportedResponseType)
	case c.params.Get("error") == "unexpected":
		return f.report(w, r, c)
	case c.params.Get("error") == oauth.AccessDenied:
		return f.giveUp(w, r, c)
	case c.params.Has("qr") || c.params.Has("typed_code"):
		return f.claim(w, r, c)
	case c.params.Has("username") || c.params.Has("password"):
		return f.password(w, r, c)
	case !c.params.Has("auth_session") && !c.params.Has("tx_code"):
		// A login that begins with nothing is for the browser (threat 33).
		e := fault.New(fault.Forbidden, login.ReasonRequestInvalid, nil).WithCode(oauth.RedirectToWeb)
		return e.WithDetail("nothing here can begin this login: start an authorization code flow in the browser")
	}
	a, err := f.attempt(r.Context(), c)
	if err != nil {
		return err
	}
	if a.Method == login.MethodQR {
		return f.collect(w, r, c, a)
	}
	return f.digits(w, r, c, a)
}

// digits exchanges six digits for the code of a link login, or of a direct one whose
// redirect was lost.
func (f *Feature) digits(w http.ResponseWriter, r *http.Request, c call, a login.Attempt) error {
	digits := c.params.Get("tx_code")
	if !sixDigits(digits) {
		return fault.BadParam("tx_code", "must be the six digits that the browser shows")
	}
	code, err := f.d.Attempts.Complete(r.Context(), a, secret.Of(c.params.Get("auth_session")), digits)
	if err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusOK, answer{code.Reveal()})
	return nil
}

func sixDigits(s string) bool {
	if len(s) != 6 {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// giveUp ends a login whose person has cancelled it in the app, so that the page or the
// browser on the other side says so at once instead of waiting for nobody.
func (f *Feature) giveUp(w http.ResponseWriter, r *http.Request, c call) error {
	a, err := f.attempt(r.Context(), c)
	if err != nil {
		return err
	}
	if err := f.d.Attempts.Cancel(r.Context(), a, login.Event{Browser: web.BrowserLabel(r)}); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (f *Feature) report(w http.ResponseWriter, r *http.Request, c call) error {
	if !c.params.Has("code") {
		return fault.BadParam("code", "missing")
	}
	if err := f.d.Attempts.Report(r.Context(), secret.Of(c.params.Get("code")), c.client.ID); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
	return nil
}
