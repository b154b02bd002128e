package attempt_test

import (
	"errors"
	"testing"
	"time"

	"avain/internal/core/attempt"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
)

// Digits end three minutes after the person's first confirmation, in browser and app
// alike, and the login with them; pressing again gives no more time.
func TestDigitsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, method := range []login.Method{login.MethodLink, login.MethodDirect} {
		w.meet()
		d := w.desk(method)
		confirm := func() login.Attempt {
			_, a, err := d.Confirm(t.Context(), w.row(d.started.Attempt.ID), d.browser, login.Event{})
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		if method == login.MethodDirect { // its code goes out before anybody has confirmed
			_, a, err := d.Issue(t.Context(), w.row(d.started.Attempt.ID), d.browser, login.Event{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Digits(a, d.browser); !errors.Is(err, fault.ErrNotFound) {
				t.Errorf("digits that nobody has confirmed: %v", err)
			}
			if _, err := w.Complete(t.Context(), a, d.started.AuthSession, d.right); reasonOf(err) != login.ReasonDigitsExpired {
				t.Errorf("digits that nobody has shown: %v", err)
			}
			if state := w.row(a.ID).State; state != login.StateConfirmed {
				t.Errorf("a guess too early has ended the login: %s", state)
			}
		}
		confirm()
		w.pass(attempt.DefaultLifetimes().Digits - time.Second)
		a := confirm()
		if digits, err := w.Digits(a, d.browser); err != nil || digits != d.right {
			t.Errorf("%s: the browser shows %q, %v", method, digits, err)
		}
		w.pass(time.Second)
		if _, err := w.Digits(a, d.browser); reasonOf(err) != login.ReasonDigitsExpired {
			t.Errorf("%s: after three minutes the browser is told %v", method, err)
		}
		if _, err := w.Complete(t.Context(), a, d.started.AuthSession, d.right); reasonOf(err) != login.ReasonDigitsExpired {
			t.Errorf("%s: after three minutes the app is told %v", method, err)
		}
		if now := w.row(a.ID); now.State != login.StateFailed || now.Reason != login.ReasonDigitsExpired {
			t.Errorf("%s: the login is %s, %s", method, now.State, now.Reason)
		}
	}
}

// The two minutes for the confirmation count from the proof of identity, whatever has
// been noted since: another browser's tries must not keep a login open.
func TestNotesGiveNoMoreTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.desk(login.MethodLink)
	id := d.started.Attempt.ID
	w.pass(attempt.DefaultLifetimes().Confirm - time.Second)
	if err := w.Note(t.Context(), w.row(id), login.Event{Step: login.StepReturn, Outcome: login.OutcomeRefused}); err != nil {
		t.Fatal(err)
	}
	w.pass(time.Second)
	if _, _, err := d.Confirm(t.Context(), w.row(id), d.browser, login.Event{}); reasonOf(err) != login.ReasonConfirmLate {
		t.Errorf("got %v", err)
	}
}
