package attempt

import (
	"context"
	"errors"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/browsersession"
	"avain/internal/secret"
)

// callbackLease is how long one caller may talk to the broker before another may try:
// longer than the broker's own time limits, so that only a crash lets go.
const callbackLease = 30 * time.Second

// ByRequestURI finds the attempt that a request_uri opens. The client must be the
// one that pushed it (RFC 9126 §4).
func (s *Attempts) ByRequestURI(ctx context.Context, requestURI secret.Text, client string) (login.Attempt, error) {
	a, err := s.d.Handles.AttemptByRequestURI(ctx, requestURI.Hash())
	if errors.Is(err, fault.ErrNotFound) || err == nil && a.Client != client {
		return login.Attempt{}, fault.New(fault.NotFound, login.ReasonRequestExpired, fault.ErrNotFound)
	}
	if err != nil {
		return login.Attempt{}, err
	}
	return s.expireIfDue(ctx, a)
}

// ForBrowser finds an attempt for the browser that shows its page. Until a browser
// has chosen a means the attempt belongs to nobody; from then on every other
// browser gets ReasonOtherBrowser, and the attempt itself stays untouched.
func (s *Attempts) ForBrowser(ctx context.Context, id string, browser secret.Text) (login.Attempt, error) {
	if !login.ValidID(id) {
		return login.Attempt{}, fault.New(fault.NotFound, login.ReasonAttemptUnknown, fault.ErrNotFound)
	}
	a, err := s.d.Handles.AttemptByID(ctx, id)
	if errors.Is(err, fault.ErrNotFound) {
		return login.Attempt{}, fault.New(fault.NotFound, login.ReasonAttemptUnknown, err)
	}
	if err != nil {
		return login.Attempt{}, err
	}
	if !owns(a, browser) {
		return login.Attempt{}, fault.New(fault.Conflict, login.ReasonOtherBrowser, fault.ErrMoved)
	}
	return s.expireIfDue(ctx, a)
}

func owns(a login.Attempt, browser secret.Text) bool {
	return a.Browser.Zero() || !browser.Empty() && a.Browser.Equal(browsersession.Binding(browser, a.ID))
}

// BrokerRequest is one trip of the attempt's browser to a broker. Its secrets are
// derived from the browser's, so that only this browser can bring the answer back
// (login CSRF, swapped assertions) and a second click needs nothing stored.
type BrokerRequest struct {
	Attempt   login.Attempt
	Broker    string
	Means     string
	State     secret.Text
	Nonce     secret.Text
	Verifier  secret.Text // PKCE (RFC 7636), for brokers that support it
	StartedAt time.Time
}

func newJourney(a login.Attempt, browser, state secret.Text) BrokerRequest {
	return BrokerRequest{
		Attempt: a, State: state,
		Nonce:    browser.Derive("broker nonce", a.ID, state.Reveal()),
		Verifier: browser.Derive("broker verifier", a.ID, state.Reveal()),
	}
}

// NewBrokerRequest makes the secrets of a journey before the broker is asked for its
// address; StartBrokerRequest writes it down.
func (s *Attempts) NewBrokerRequest(a login.Attempt, browser secret.Text) BrokerRequest {
	j := newJourney(a, browser, secret.New())
	j.StartedAt = s.d.Now()
	return j
}

// StartBrokerRequest records that the person chose a means and leaves for the broker. The
// first browser to do so owns the attempt.
func (s *Attempts) StartBrokerRequest(ctx context.Context, j BrokerRequest, browser secret.Text, e login.Event) (login.Attempt, error) {
	binding, end := browsersession.Binding(browser, j.Attempt.ID), s.end(j.Attempt)
	e.Step, e.Outcome, e.Means, e.Broker = login.StepChoose, login.OutcomeOK, j.Means, j.Broker
	return s.move(ctx, j.Attempt, Open, login.Transition{
		Event: e, IfBrowser: binding, SetBrowser: binding, SetExpires: end,
		BrokerRequest: &login.BrokerRequest{
			State: j.State.Hash(), Attempt: j.Attempt.ID, Broker: j.Broker, Means: j.Means,
			StartedAt: j.StartedAt, ExpiresAt: end,
		},
	})
}

// ResumeBrokerRequest finds the journey that a broker's answer belongs to. It changes nothing.
// Errors: ReasonAttemptUnknown for a state that nobody sent, or another broker's;
// ReasonOtherBrowser when this is not the browser that left.
func (s *Attempts) ResumeBrokerRequest(ctx context.Context, broker string, state, browser secret.Text) (BrokerRequest, error) {
	leg, err := s.d.BrokerRequests.BrokerRequestByState(ctx, state.Hash())
	if errors.Is(err, fault.ErrNotFound) || err == nil && leg.Broker != broker {
		return BrokerRequest{}, fault.New(fault.NotFound, login.ReasonAttemptUnknown, fault.ErrNotFound)
	}
	if err != nil {
		return BrokerRequest{}, err
	}
	a, err := s.d.Handles.AttemptByID(ctx, leg.Attempt)
	if err != nil {
		return BrokerRequest{}, err
	}
	if browser.Empty() || !owns(a, browser) {
		return BrokerRequest{Attempt: a}, fault.New(fault.Conflict, login.ReasonOtherBrowser, fault.ErrMoved)
	}
	if a, err = s.expireIfDue(ctx, a); err != nil {
		return BrokerRequest{}, err
	}
	j := newJourney(a, browser, state)
	j.Broker, j.Means, j.StartedAt = leg.Broker, leg.Means, leg.StartedAt
	return j, nil
}

// ClaimCallback lends the journey's answer to one caller. False means that it has been dealt
// with already, or that another request is dealing with it right now: a double click
// on "return", which must not spend the broker's code twice.
func (s *Attempts) ClaimCallback(ctx context.Context, j BrokerRequest) (bool, error) {
	_, taken, err := s.d.BrokerRequests.ClaimBrokerRequest(ctx, j.State.Hash(), s.d.Now(), callbackLease)
	return taken, err
}

// CallbackDone reports whether the journey's answer has been dealt with.
func (s *Attempts) CallbackDone(ctx context.Context, j BrokerRequest) (bool, error) {
	leg, err := s.d.BrokerRequests.BrokerRequestByState(ctx, j.State.Hash())
	return leg.Done, err
}

// BrokerFailed records that a journey brought no identity. The attempt stays open:
// the person may choose again.
func (s *Attempts) BrokerFailed(ctx context.Context, j BrokerRequest, e login.Event) error {
	e.Step, e.Broker, e.Means = login.StepReturn, j.Broker, j.Means
	if err := s.d.BrokerRequests.EndBrokerRequest(ctx, j.State.Hash(), s.d.Now()); err != nil {
		return err
	}
	return s.Note(ctx, j.Attempt, e)
}

// Authenticate records who the person is.
func (s *Attempts) Authenticate(ctx context.Context, j BrokerRequest, id login.Identity, person login.Person, e login.Event) (login.Attempt, error) {
	e.Step, e.Outcome, e.Broker, e.Means, e.Chosen = login.StepIdentify, login.OutcomeOK, id.Broker, id.Means, id.Instead(j.Means)
	return s.move(ctx, j.Attempt, Authenticate, login.Transition{
		Event: e, IfBrowser: j.Attempt.Browser, EndRequest: j.State.Hash(),
		SetIdentity: &login.AuthResult{
			Person: person.ID, Broker: id.Broker, Means: id.Means,
			ACR: id.ACR, AMR: id.AMR, AuthTime: id.AuthTime,
		},
	})
}
