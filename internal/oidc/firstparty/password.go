package firstparty

import (
	"context"
	"net/http"

	"avain/internal/core/attempt"
	"avain/internal/core/people"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/passhash"
	"avain/internal/platform/web"
	"avain/internal/protocol/oauth"
)

// Passwords knows who has which: package people.
type Passwords interface {
	// CheckPassword answers ReasonPasswordWrong, and ReasonStrongRequired with the person.
	CheckPassword(ctx context.Context, t people.Try) (login.Person, error)
}

// notEnough is the answer to an app whose user must do something else (§5.2.2.1 of the
// draft).
type notEnough struct {
	Error       string       `json:"error"`
	Description string       `json:"error_description"`
	Reason      login.Reason `json:"reason"`
	SupportCode string       `json:"support_code"`

	// For a SmartumPlus person: the login that goes on in the browser, as /par answers it.
	RequestURI  string `json:"request_uri,omitempty"`
	ExpiresIn   int    `json:"expires_in,omitempty"` // seconds
	AuthSession string `json:"auth_session,omitempty"`
}

// password takes a user name and a password. It is the only login here that begins with
// a name, and it asks nobody but who typed it: no prompt goes to anyone (threat 33).
func (f *Feature) password(w http.ResponseWriter, r *http.Request, c call) error {
	name, typed := c.params.Get("username"), c.params.Get("password")
	switch {
	case name == "" || len(name) > people.MaxUserName:
		return fault.BadParam("username", "must be a user name or an e-mail address")
	case typed == "" || len(typed) > passhash.MaxBytes:
		return fault.BadParam("password", "must have from 1 to 1024 bytes")
	}
	start, err := f.d.Admit(r, c.params, c.client, login.MethodCredentials, c.key)
	if err != nil {
		return err
	}
	start.ClockOff = c.clock
	person, err := f.d.Passwords.CheckPassword(r.Context(), people.Try{
		Name: name, Password: passhash.Of(typed), Place: people.Place{Key: c.key, Network: web.KnownNetwork(r.Context())},
	})
	if err != nil {
		return f.refuse(w, r, c.client, start, err)
	}
	code, a, err := f.d.Starts.Verified(r.Context(), start, person)
	if a.ID != "" {
		web.About(r.Context(), a)
	}
	if err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusOK, answer{code.Reveal()})
	return nil
}

// refuse says no to a password, in an attempt of its own that support can read. Who is
// throttled gets no attempt: a flood of guesses must not become a flood of rows.
func (f *Feature) refuse(w http.ResponseWriter, r *http.Request, c login.Client, in attempt.StartRequest, why error) error {
	reason := fault.AsError(why).Reason
	if reason != login.ReasonPasswordWrong && reason != login.ReasonStrongRequired {
		return why
	}
	a, err := f.d.Starts.Unverified(r.Context(), in, why)
	if err != nil {
		return err
	}
	web.About(r.Context(), a)
	web.Note(r.Context(), web.FieldReason, string(reason))
	out := notEnough{Error: oauth.InsufficientAuthorization, Reason: reason, Description: "user name or password are wrong", SupportCode: a.SupportCode}
	if reason == login.ReasonStrongRequired {
		if err := f.goOn(r.Context(), c, in, &out); err != nil {
			return err
		}
	}
	web.WriteJSON(w, http.StatusForbidden, out)
	return nil
}

// goOn begins the login with strong authentication that a SmartumPlus person needs, so
// that the app can open it at once: same device, same challenge.
func (f *Feature) goOn(ctx context.Context, c login.Client, in attempt.StartRequest, out *notEnough) error {
	in.Method, in.Because = login.MethodDirect, login.ReasonStrongRequired
	started, err := f.d.Starts.Start(ctx, in)
	if err != nil {
		return err
	}
	out.Description = string(login.ReasonStrongRequired)
	out.RequestURI = oauth.RequestURIPrefix + started.RequestURI.Reveal()
	out.AuthSession, out.SupportCode = started.AuthSession.Reveal(), started.Attempt.SupportCode
	life := c.RequestURILife(started.Attempt.ExpiresAt.Sub(started.Attempt.CreatedAt))
	out.ExpiresIn = int(life.Seconds()) // as /par answers it
	return nil
}
