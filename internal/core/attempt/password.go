package attempt

import (
	"context"
	"errors"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/secret"
)

// Verified begins the login of a person whose password was right, and lets its code
// out, through the same gate as every other. The code belongs to the browser that typed
// the password, if one did, else to the app. Errors: those of the gate.
func (s *Attempts) Verified(ctx context.Context, in StartRequest, person login.Person) (secret.Text, login.Attempt, error) {
	in.Method = login.MethodCredentials
	started, err := s.Start(ctx, in)
	if err != nil {
		return secret.Text{}, login.Attempt{}, err
	}
	a, bearer := started.Attempt, started.AuthSession
	if !in.Browser.Empty() {
		bearer = in.Browser
	}
	a.Person = person.ID
	code := codeFor(a, bearer)
	moved, err := s.letOut(ctx, a, Verify, code, login.Transition{
		Event:       login.Event{Step: login.StepPassword, Outcome: login.OutcomeOK, Browser: in.Label},
		SetIdentity: &login.AuthResult{Person: person.ID, AMR: []string{login.AMRPassword}, AuthTime: s.d.Now()},
	})
	if err != nil {
		return secret.Text{}, moved, err
	}
	return code, moved, nil
}

// Unverified writes down a login that ended at the password, so that support sees why:
// the attempt has a support code and a reason like any other. It never says whether the
// user name exists.
func (s *Attempts) Unverified(ctx context.Context, in StartRequest, why error) (login.Attempt, error) {
	in.Method = login.MethodCredentials
	started, err := s.Start(ctx, in)
	if err != nil {
		return login.Attempt{}, errors.Join(why, err)
	}
	return s.End(ctx, started.Attempt, Fail, fault.AsError(why).Reason, login.Event{
		Step: login.StepPassword, Outcome: login.OutcomeRefused, Browser: in.Label,
	})
}
