package firstparty

import (
	"net/http"

	"avain/internal/core/attempt"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/web"
	"avain/internal/protocol/oauth"
	"avain/internal/secret"
)

// approval is the answer to a claim: by its form the error of §5.2.2.1 of the draft,
// because there is no code yet. The phone shows the number and the name, so that the
// person sees whose login it is before the number is typed (threats 4, 16).
type approval struct {
	Error       string       `json:"error"`
	Description string       `json:"error_description"`
	Reason      login.Reason `json:"reason"`
	AuthSession string       `json:"auth_session"`
	Match       string       `json:"match"`      // two digits, to be typed on the page
	Name        string       `json:"name"`       // masked
	ExpiresIn   int          `json:"expires_in"` // seconds until the number must have been typed
	SupportCode string       `json:"support_code"`
}

// claim takes a QR code, or the one typed instead.
func (f *Feature) claim(w http.ResponseWriter, r *http.Request, c call) error {
	if c.params.Has("qr") == c.params.Has("typed_code") {
		return fault.BadParam("qr", "send either qr or typed_code")
	}
	// Before anything is looked up: a code must not be found by trying.
	if err := f.d.Claims.Check(c.key); err != nil {
		return err
	}
	in, err := f.d.Admit(r, c.params, c.client, login.MethodQR, c.key)
	if err != nil {
		return err
	}
	claimed, err := f.d.Starts.Claim(r.Context(), attempt.ClaimRequest{
		Scanned: c.params.Get("qr"), Typed: c.params.Get("typed_code"), Client: in.Client, Request: in.Request,
		Device: in.Device, Key: in.Key, ClockOff: c.clock, Network: web.KnownNetwork(r.Context()), Source: in.Source, Place: in.Place, Label: in.Label,
	})
	if err != nil {
		return err
	}
	web.About(r.Context(), claimed.Attempt)
	person, err := f.d.People.PersonByID(r.Context(), claimed.Attempt.Person)
	if err != nil {
		return err
	}
	web.Note(r.Context(), web.FieldReason, string(login.ReasonApprovalRequired))
	web.WriteJSON(w, http.StatusForbidden, approval{
		Error: oauth.InsufficientAuthorization, Reason: login.ReasonApprovalRequired,
		Description: "The number must be typed on the page that showed the code.",
		AuthSession: claimed.AuthSession.Reveal(), Match: claimed.Number,
		Name: web.MaskedName(login.Identity{
			GivenName: person.GivenName, FamilyName: person.FamilyName, Name: person.Name,
		}),
		ExpiresIn: f.reportOf(claimed.Attempt).ExpiresIn, SupportCode: claimed.Attempt.SupportCode,
	})
	return nil
}

// collect gives an approved phone its code.
func (f *Feature) collect(w http.ResponseWriter, r *http.Request, c call, a login.Attempt) error {
	if c.params.Has("tx_code") {
		return fault.BadParam("tx_code", "this login takes no digits")
	}
	code, err := f.d.Attempts.Collect(r.Context(), a, secret.Of(c.params.Get("auth_session")))
	if err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusOK, answer{code.Reveal()})
	return nil
}
