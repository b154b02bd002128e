package attempt

import (
	"context"
	"errors"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/browsersession"
	"avain/internal/secret"
)

// ByLink finds the attempt of a login link. It changes nothing: mail scanners and
// messengers open links too.
func (s *Attempts) ByLink(ctx context.Context, link secret.Text) (login.Attempt, error) {
	a, err := s.d.Handles.AttemptByLink(ctx, link.Hash())
	if errors.Is(err, fault.ErrNotFound) {
		return login.Attempt{}, fault.New(fault.NotFound, login.ReasonAttemptUnknown, err)
	}
	if err != nil {
		return login.Attempt{}, err
	}
	switch {
	case a.State == login.StateCreated: // that it was opened too late is for OpenLink to say
		return a, nil
	case a.State == login.StateExpired && a.Stage == login.StageBegun:
		a.Reason = login.ReasonLinkExpired
		return a, nil
	default:
		return s.expireIfDue(ctx, a)
	}
}

// ByCode finds the attempt whose code a browser brings along, for the browser that
// owns it and no other.
func (s *Attempts) ByCode(ctx context.Context, code, browser secret.Text) (login.Attempt, error) {
	a, err := s.d.Handles.AttemptByCode(ctx, code.Hash())
	if errors.Is(err, fault.ErrNotFound) {
		return login.Attempt{}, fault.New(fault.NotFound, login.ReasonAttemptUnknown, err)
	}
	if err != nil {
		return login.Attempt{}, err
	}
	if browser.Empty() || !owns(a, browser) {
		return login.Attempt{}, fault.New(fault.Conflict, login.ReasonOtherBrowser, fault.ErrMoved)
	}
	return s.expireIfDue(ctx, a)
}

// OpenLink takes a login link for the browser in which the person pressed
// "Kirjaudu". The first browser owns it. A second one means that the link has got
// into other hands (one link sent to many victims, threat 24), so the attempt is
// burned, and whoever holds either browser is told.
func (s *Attempts) OpenLink(ctx context.Context, a login.Attempt, browser secret.Text, e login.Event) (login.Attempt, error) {
	binding := browsersession.Binding(browser, a.ID)
	if !a.Browser.Zero() && !owns(a, browser) {
		return s.burnLink(ctx, a, e)
	}
	if a.State != login.StateCreated {
		return a, nil // the same browser again
	}
	if !s.d.Now().Before(a.CreatedAt.Add(s.d.Lifetimes.Unopened)) {
		e.Step = login.StepOpen
		ended, err := s.End(ctx, a, Fail, login.ReasonLinkExpired, e)
		return ended, errors.Join(fault.New(fault.Gone, login.ReasonLinkExpired, nil), err)
	}
	e.Step, e.Outcome = login.StepOpen, login.OutcomeOK
	moved, err := s.move(ctx, a, Open, login.Transition{Event: e, IfBrowser: binding, SetBrowser: binding, SetExpires: s.end(a)})
	if fault.HasReason(err, login.ReasonOtherBrowser) {
		return s.burnLink(ctx, moved, e) // two browsers at the same moment
	}
	return moved, err
}

func (s *Attempts) burnLink(ctx context.Context, a login.Attempt, e login.Event) (login.Attempt, error) {
	refused := fault.New(fault.Conflict, login.ReasonLinkReused, nil)
	if a.State.Over() {
		return a, refused
	}
	e.Step = login.StepOpen
	burned, err := s.burn(ctx, a, login.ReasonLinkReused, e, func(ctx context.Context) { s.d.Audit.LinkReused(ctx, a) })
	if errors.Is(err, fault.ErrMoved) {
		err = nil // burned already, by the other one
	}
	return burned, errors.Join(refused, err)
}

// Confirm is the person's "Vahvista kirjautuminen": the code goes out, and with it
// the six digits for a browser that cannot return to the app. It also rescues a
// direct login whose redirect was lost: its code has gone out already, so only the
// digits are new, and the person has seen on the page whom they let in.
func (s *Attempts) Confirm(ctx context.Context, a login.Attempt, browser secret.Text, e login.Event) (secret.Text, login.Attempt, error) {
	late := a.State == login.StateAuthenticated && !s.d.Now().Before(a.ProvedAt.Add(s.d.Lifetimes.Confirm))
	if late {
		e.Step = login.StepConfirm
		ended, err := s.End(ctx, a, Fail, login.ReasonConfirmLate, e)
		return secret.Text{}, ended, errors.Join(fault.New(fault.Gone, login.ReasonConfirmLate, nil), err)
	}
	return s.issue(ctx, a, browser, e, true)
}

// Code is the code that has gone out to the browser, once more while it lives.
func (s *Attempts) Code(a login.Attempt, browser secret.Text) (secret.Text, error) {
	if a.State != login.StateConfirmed || browser.Empty() {
		return secret.Text{}, fault.New(fault.Conflict, login.ReasonOtherBrowser, nil)
	}
	code, _, err := s.again(a, browser)
	return code, err
}

// Digits are what the browser shows: the same six for the same browser each time, from
// the person's confirmation until they expire. fault.ErrNotFound: not confirmed yet.
func (s *Attempts) Digits(a login.Attempt, browser secret.Text) (string, error) {
	if a.State != login.StateConfirmed || !owns(a, browser) || browser.Empty() {
		return "", fault.New(fault.Conflict, login.ReasonOtherBrowser, nil)
	}
	if a.DigitsUntil.IsZero() {
		return "", fault.ErrNotFound
	}
	if !s.d.Now().Before(a.DigitsUntil) {
		return "", fault.New(fault.Gone, login.ReasonDigitsExpired, nil)
	}
	return sixDigits(browser, a.ID), nil
}
