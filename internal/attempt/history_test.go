package attempt_test

import (
	"testing"
	"time"

	"avain/internal/attempt"
	"avain/internal/login"
	"avain/internal/secret"

	"pgregory.net/rapid"
)

// history is one attempt on the real database beside the model of picture_test.go.
type history struct {
	*world
	started attempt.Started
	browser secret.Text
	journey attempt.Journey
	code    secret.Text

	state login.State
	codes time.Time // end of the code's life
	ends  time.Time
}

// happen carries out an event the way the features do, and says whether it worked.
func (h *history) happen(event attempt.Event) error {
	ctx := h.Context()
	a := h.started.Attempt
	switch event {
	case attempt.Open:
		j := h.Prepare(a, h.browser)
		j.Means, j.Broker = bankID, brokerID
		_, err := h.Depart(ctx, j, h.browser, login.Event{})
		if err == nil {
			h.journey = j
		}
		return err
	case attempt.Authenticate:
		if h.journey.State.Empty() {
			h.journey = h.Prepare(a, h.browser)
		}
		_, err := h.Authenticate(ctx, h.journey, h.identity(), h.person, login.Event{})
		return err
	case attempt.Confirm:
		current, err := h.db.AttemptByID(ctx, a.ID)
		if err != nil {
			return err
		}
		code, _, err := h.Issue(ctx, current, h.browser, login.Event{})
		if err == nil {
			h.code = code
		}
		return err
	case attempt.Redeem:
		_, err := h.Redeem(ctx, rightful(h.code, keyOfApp))
		return err
	case attempt.Expire:
		h.pass(h.ends.Sub(h.clock()))
		_, err := h.ForBrowser(ctx, a.ID, h.browser)
		return err
	default:
		_, err := h.End(ctx, a, event, login.ReasonInternal, login.Event{Step: "test"})
		return err
	}
}

// Random histories of direct logins, event by event against the model: the same
// events succeed, and the database ends up in the same state.
func TestHistoriesAgreeWithTheModel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	events := []attempt.Event{
		attempt.Open, attempt.Open, attempt.Authenticate, attempt.Authenticate, attempt.Confirm, attempt.Confirm,
		attempt.Redeem, attempt.Redeem, attempt.Deny, attempt.Burn, attempt.Fail, attempt.Expire,
	}
	rapid.Check(t, func(rt *rapid.T) {
		h := &history{world: w, started: w.start(keyOfApp), browser: secret.New(), state: login.StateCreated}
		h.ends = h.started.Attempt.ExpiresAt
		for _, event := range rapid.SliceOfN(rapid.SampledFrom(events), 1, 14).Draw(rt, "events") {
			want, allowed := model(login.MethodDirect, h.state, event)
			again := h.state == login.StateConfirmed && event == attempt.Confirm || // a second click
				h.state == login.StateRedeemed && event == attempt.Redeem || // a lost answer
				event == attempt.Expire // looking at it is always allowed
			err := h.happen(event)
			if (err == nil) != (allowed || again) && h.clock().Before(h.codeEnds()) {
				rt.Fatalf("%s in %s: %v, the model says %v", event, h.state, err, allowed)
			}
			if err == nil && allowed {
				h.state = want
			}
			a, err := w.db.AttemptByID(w.Context(), h.started.Attempt.ID)
			if err != nil {
				rt.Fatal(err)
			}
			if a.State != h.state {
				rt.Fatalf("after %s the database says %s, the model %s", event, a.State, h.state)
			}
			h.state, h.codes = a.State, a.CodeExpiresAt
		}
	})
}

func (h *history) codeEnds() time.Time {
	if h.codes.IsZero() {
		return h.ends.Add(time.Hour)
	}
	return h.codes
}

// An attempt that nobody has authenticated gets no code, whoever asks.
func TestGateNeedsAPerson(t *testing.T) {
	t.Parallel()
	w, browser := newWorld(t), secret.New()
	a := w.start(keyOfApp).Attempt
	w.depart(a, browser)
	code, _, err := w.Issue(t.Context(), a, browser, login.Event{})
	if err == nil || !code.Empty() {
		t.Fatalf("a code without a person: %v", err)
	}
	if a, err := w.db.AttemptByID(t.Context(), a.ID); err != nil || a.State != login.StateOpened {
		t.Errorf("asking has moved the attempt to %s (%v)", a.State, err)
	}
}
