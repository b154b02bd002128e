package attempt

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/protocol/oauth"
	"avain/internal/secret"
)

// digitTries is how often an app may guess: three of a million.
const digitTries = 3

// sixDigits derives the digits from the browser's secret. 2⁶⁴ is so much larger than
// a million that no digit is likelier than another by more than 10⁻¹³.
func sixDigits(browser secret.Text, attempt string) string {
	hash := browser.Derive("six digits", attempt).Hash()
	return fmt.Sprintf("%06d", binary.BigEndian.Uint64(hash[:8])%1_000_000)
}

// digitsHashes are what the database may hold of them, by each generation of the key: the
// first one is what is written.
func digitsHashes(keys secret.Ring, attempt, digits string) []secret.Hash {
	return keys.Derive("six digits", attempt, digits).Hashes()
}

// withDigits is what the timeline says of a confirmation after which the browser shows
// digits.
const withDigits = "digits"

func (s *Attempts) newDigits(a login.Attempt, browser secret.Text) *login.Digits {
	return &login.Digits{
		Hash:    digitsHashes(s.d.DigitsKeys, a.ID, sixDigits(browser, a.ID))[0],
		Expires: s.d.Now().Add(s.d.Lifetimes.Digits),
	}
}

// ForApp finds the attempt that an app speaks of: by its auth_session, and only for
// the key that started it. A leaked auth_session opens nothing (threat 18), and
// wrong key and wrong session look alike (threat 26).
func (s *Attempts) ForApp(ctx context.Context, client string, authSession secret.Text, key string) (login.Attempt, error) {
	a, err := s.d.Handles.AttemptByAuthSession(ctx, authSession.Hash())
	if errors.Is(err, fault.ErrNotFound) || err == nil && (a.Client != client || a.Key != key) {
		return login.Attempt{}, fault.New(fault.NotFound, login.ReasonAttemptUnknown, fault.ErrNotFound).WithCode(oauth.InvalidSession)
	}
	if err != nil {
		return login.Attempt{}, err
	}
	return s.expireIfDue(ctx, a)
}

// Complete exchanges the six digits that a person has typed into the waiting app
// for an authorization code. The digits travel from browser to app and never the
// other way, and only the app whose key started the login may try: a phisher who
// gets the digits out of a victim needs the victim's phone, and one who starts a
// login himself needs digits that only the victim's browser shows (threats 1, 22).
func (s *Attempts) Complete(ctx context.Context, a login.Attempt, authSession secret.Text, digits string) (secret.Text, error) {
	if a.State != login.StateConfirmed {
		return secret.Text{}, fault.New(fault.Conflict, login.ReasonDigitsExpired, nil).WithCode(oauth.InsufficientAuthorization)
	}
	right, tries, err := s.d.Attempts.TryDigits(ctx, a.ID, digitsHashes(s.d.DigitsKeys, a.ID, digits), s.d.Now(), digitTries,
		s.budget("digits of a person", a.Person, digitsAtOnce, digitsEach))
	switch {
	case errors.Is(err, fault.ErrNotFound):
		return secret.Text{}, s.noDigits(ctx, a, err)
	case fault.HasReason(err, login.ReasonRateLimited):
		note := login.Event{Step: login.StepDigits, Outcome: login.OutcomeRefused, Reason: login.ReasonRateLimited}
		return secret.Text{}, errors.Join(err, s.Note(ctx, a, note))
	case err != nil:
		return secret.Text{}, err
	case !right && tries < digitTries:
		err := s.Note(ctx, a, login.Event{Step: login.StepDigits, Outcome: login.OutcomeRefused, Reason: login.ReasonDigitsWrong})
		return secret.Text{}, errors.Join(fault.New(fault.Invalid, login.ReasonDigitsWrong, nil).WithCode(oauth.InsufficientAuthorization), err)
	case !right:
		_, err := s.End(ctx, a, Burn, login.ReasonDigitsBurned, login.Event{Step: login.StepDigits})
		return secret.Text{}, errors.Join(fault.New(fault.Gone, login.ReasonDigitsBurned, nil).WithCode(oauth.AccessDenied), err)
	}
	return s.reissue(ctx, a, authSession)
}

// noDigits answers digits that cannot be looked at. Where they have expired, nothing can
// finish the login any more; a direct login that has not shown any yet goes on.
func (s *Attempts) noDigits(ctx context.Context, a login.Attempt, cause error) error {
	refused := fault.New(fault.Gone, login.ReasonDigitsExpired, cause).WithCode(oauth.AccessDenied)
	if a.DigitsUntil.IsZero() || s.d.Now().Before(a.DigitsUntil) {
		return refused
	}
	_, err := s.End(ctx, a, Fail, login.ReasonDigitsExpired, login.Event{Step: login.StepDigits})
	if errors.Is(err, fault.ErrMoved) {
		return refused
	}
	return errors.Join(refused, err)
}

// reissue gives the app a code of its own, derived from its auth_session. The one
// that went out to the browser dies with it.
func (s *Attempts) reissue(ctx context.Context, a login.Attempt, authSession secret.Text) (secret.Text, error) {
	code := codeFor(a, authSession)
	_, err := s.letOut(ctx, a, Recode, code, login.Transition{Event: login.Event{Step: login.StepDigits, Outcome: login.OutcomeOK}})
	if err != nil {
		return secret.Text{}, err
	}
	return code, nil
}

// Report is an app's word that it got a code which it did not ask for: somebody has
// led a person to confirm another's login. Whoever holds the code can say so, and
// the login is burned.
func (s *Attempts) Report(ctx context.Context, code secret.Text, client string) error {
	a, err := s.d.Handles.AttemptByCode(ctx, code.Hash())
	if errors.Is(err, fault.ErrNotFound) || err == nil && a.Client != client {
		return nil // nothing to burn, and nothing to learn
	}
	if err != nil || a.State.Over() {
		return err
	}
	_, err = s.End(ctx, a, Burn, login.ReasonUnexpectedCode, login.Event{Step: login.StepReport})
	if errors.Is(err, fault.ErrMoved) {
		return nil
	}
	return err
}
