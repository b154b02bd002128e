package authorize

import (
	"net/http"

	"avain/internal/core/attempt"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/web"
	"avain/internal/protocol/client"
	"avain/internal/protocol/dpop"
	"avain/internal/protocol/oauth"
)

// pushed is the answer of /par (RFC 9126 §2.2) with our extension members.
type pushed struct {
	RequestURI  string `json:"request_uri"`
	ExpiresIn   int    `json:"expires_in"` // seconds
	AuthSession string `json:"auth_session"`
	SupportCode string `json:"support_code"`
	LoginLink   string `json:"login_link,omitempty"` // for login_method=link
}

// par starts an attempt for a client (RFC 9126). The request_uri may be used again for as
// long as its login goes on, so that a reloaded page or a restarted app loses nothing;
// it is bound to the first browser that goes on with it.
func (f *Feature) par(w http.ResponseWriter, r *http.Request) error {
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
	in, err := f.startOf(w, r, params, caller)
	if err != nil {
		return err
	}
	if err := f.admit(r, caller.Client, in.Method, in.Device); err != nil {
		return err
	}
	if in.Source, err = f.d.Limit(r.Context(), starter(caller.Client, proved(r, in))); err != nil {
		return err
	}
	started, err := f.d.Attempts.Start(r.Context(), in)
	if fault.HasReason(err, login.ReasonProofReplayed) {
		return fault.AsError(err).WithCode(oauth.InvalidDPoPProof).WithDetail("the proof or assertion has been used before")
	}
	if err != nil {
		return err
	}
	web.About(r.Context(), started.Attempt)
	answer := pushed{
		RequestURI:  oauth.RequestURIPrefix + started.RequestURI.Reveal(),
		ExpiresIn:   int(caller.Client.RequestURILife(started.Attempt.ExpiresAt.Sub(started.Attempt.CreatedAt)).Seconds()), // until somebody opens it
		AuthSession: started.AuthSession.Reveal(),
		SupportCode: started.Attempt.SupportCode,
	}
	if !started.Link.Empty() {
		answer.LoginLink = f.d.BaseURL + "/l/" + started.Link.Reveal()
	}
	web.WriteJSON(w, http.StatusCreated, answer)
	return nil
}

// starter is who has pushed a request: a client that has proved who it is speaks for
// many people from one address.
func starter(c login.Client, key string) login.Starter {
	if c.Public() {
		return login.Starter{Key: key}
	}
	return login.Starter{Client: c.ID, Key: key}
}

// startOf checks a pushed request.
func (f *Feature) startOf(w http.ResponseWriter, r *http.Request, p oauth.Params, caller client.Caller) (attempt.StartRequest, error) {
	if p.Has("request_uri") {
		return attempt.StartRequest{}, fault.BadParam("request_uri", "not allowed in a pushed request") // RFC 9126 §2.1
	}
	redirectURI, err := redirectOf(p, caller.Client)
	if err != nil {
		return attempt.StartRequest{}, err
	}
	request, err := requestOf(p, caller.Client, redirectURI)
	if err != nil {
		return attempt.StartRequest{}, err
	}
	in := attempt.StartRequest{
		Client: caller.Client.ID, Method: login.MethodDirect, Request: request, Device: deviceOf(p),
		Place: f.d.Web.Place(r.Context()), Label: web.BrowserLabel(r), Once: caller.Once,
	}
	switch p.Get("login_method") {
	case "", string(login.MethodDirect):
	case string(login.MethodLink):
		in.Method = login.MethodLink
	default:
		return attempt.StartRequest{}, fault.BadParam("login_method", "must be direct or link")
	}
	if in, err = f.bindKey(w, r, p, caller.Client, in); err != nil {
		return attempt.StartRequest{}, err
	}
	if in.Method == login.MethodLink && len(r.Header.Values("DPoP")) == 0 {
		// The digits and the waiting screen speak for the key that started the login.
		return attempt.StartRequest{}, fault.BadParam("login_method", "link needs a DPoP proof at this request")
	}
	return in, nil
}

// bindKey binds the attempt to the app's key: by a DPoP proof at this very request, or
// by the key's thumbprint alone (RFC 9449 §10, §10.1), which is proved at the token
// endpoint. A strict app on a phone must do one of the two, because nothing else proves
// that it is the same app there; a client with credentials of its own may bring its key
// to the token endpoint (FAPI 2.0 §5.3.2.1 asks for no more).
func (f *Feature) bindKey(w http.ResponseWriter, r *http.Request, p oauth.Params, c login.Client, in attempt.StartRequest) (attempt.StartRequest, error) {
	named := p.Get("dpop_jkt")
	if named != "" && !challengePattern.MatchString(named) {
		return in, fault.BadParam("dpop_jkt", "must be a JWK thumbprint, 43 characters")
	}
	proofs := r.Header.Values("DPoP")
	if len(proofs) == 0 && (named != "" || c.Profile != login.ProfileStrict || !c.Public()) {
		in.Key = named
		return in, nil
	}
	w.Header().Set("DPoP-Nonce", f.d.Proofs.Nonce(f.d.Now()))
	proof, err := f.d.Proofs.Check(dpop.Request{
		Proofs: proofs, Method: r.Method, URL: f.d.BaseURL + r.URL.Path, Exact: c.Exact,
	})
	if err != nil {
		return in, err
	}
	if named != "" && named != proof.Thumbprint {
		return in, fault.BadParam("dpop_jkt", "is not the key of the DPoP proof").WithCode(oauth.InvalidDPoPProof)
	}
	in.Key, in.ClockOff, in.Once = proof.Thumbprint, proof.ClockOff, append(in.Once, proof.Once)
	return in, nil
}

// proved is the key for whose starts a limit is kept. A thumbprint alone is no secret,
// and whoever names a foreign one must not use up its owner's starts.
func proved(r *http.Request, in attempt.StartRequest) string {
	if len(r.Header.Values("DPoP")) == 0 {
		return ""
	}
	return in.Key
}
