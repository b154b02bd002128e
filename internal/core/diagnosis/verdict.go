package diagnosis

import (
	"slices"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/reasons"
)

// The machine words that a timeline tells a cancellation by.
const (
	inTheApp = "app"               // in the app that waits
	notMine  = "not_started_by_me" // on our page: "Peruuta – en aloittanut tätä"
	digits   = "digits"            // a confirmation after which the browser shows six digits
)

// verdict is what a login came to, and which line of its timeline says so; -1 when
// none does.
func verdict(a login.Attempt, now time.Time) (login.Reason, int) {
	last := lastTelling(a)
	switch {
	case a.State == login.StateRedeemed:
		return redeemed(a)
	case a.State.Over() && a.Reason == login.ReasonCancelledByPerson:
		return cancelled(a)
	case a.State.Over() && a.Reason != login.ReasonAttemptExpired && told(a.Reason):
		return a.Reason, lastWith(a, a.Reason)
	case a.State.Over() && a.Reason != login.ReasonAttemptExpired && a.Reason != "":
		return login.ReasonInternal, last // a word that this version does not know
	case running(a, now) && (last < 0 || a.Timeline[last].Outcome == login.OutcomeOK):
		return login.ReasonStillRunning, last
	default:
		return stopped(a, last), last
	}
}

// redeemed is a login that went well, unless its code came twice: then the session has
// ended, because one of the two was perhaps a thief.
func redeemed(a login.Attempt) (login.Reason, int) {
	if at := lastWith(a, login.ReasonCodeReplayed); at >= 0 {
		return login.ReasonCodeReplayed, at
	}
	return login.ReasonWentWell, lastIndex(a, func(e login.Event) bool {
		return e.Step == login.StepRedeem && e.Outcome == login.OutcomeOK
	})
}

// cancelled tells apart who said no to what. Who gives a login up in the app although
// they had done everything has not changed their mind: the login had been lost.
func cancelled(a login.Attempt) (login.Reason, int) {
	at := lastWith(a, login.ReasonCancelledByPerson)
	if at < 0 {
		return login.ReasonCancelledByPerson, at
	}
	switch a.Timeline[at].Detail {
	case notMine:
		return login.ReasonNotMine, at
	case inTheApp:
		before := a
		before.Timeline = a.Timeline[:at]
		last := lastTelling(before)
		if why := stopped(before, last); slices.Contains(lost, why) {
			return why, last
		}
	}
	return login.ReasonCancelledByPerson, at
}

// lost are the ways in which a login is lost although its person did everything.
var lost = []login.Reason{
	login.ReasonNotOpened, login.ReasonRedirectLost, login.ReasonDigitsNotTyped, login.ReasonAppGone, login.ReasonOtherBrowser,
}

// told reports whether a line may name this reason: one that this version knows, and
// that tells of a failure.
func told(reason login.Reason) bool {
	switch reason { //nolint:exhaustive // the three that tell of none
	case login.ReasonWentWell, login.ReasonStillRunning, login.ReasonNothingFailed:
		return false
	default:
		return reasons.Known(reason)
	}
}

// lastTelling is the last line that says how far the login came. A page that is shown
// once more says less than what led back to it.
func lastTelling(a login.Attempt) int {
	shown := -1
	for i, e := range slices.Backward(a.Timeline) {
		switch e.Step {
		case login.StepExpire:
		case login.StepPage, login.StepStart, login.StepOpen:
			if e.Outcome != login.OutcomeOK {
				return i
			}
			if shown < 0 {
				shown = i
			}
		default:
			return i
		}
	}
	return shown
}

// stopped is why a login went no further than to a line of its timeline.
func stopped(a login.Attempt, at int) login.Reason {
	if at < 0 {
		return byState(a)
	}
	e := a.Timeline[at]
	if e.Outcome != login.OutcomeOK {
		if told(e.Reason) {
			return e.Reason
		}
		return login.ReasonInternal
	}
	switch e.Step {
	case login.StepStart:
		return unopened(a)
	case login.StepOpen, login.StepPage:
		return login.ReasonAbandonedAtPage
	case login.StepChoose:
		return login.ReasonAbandonedAtBank
	case login.StepIdentify:
		return unconfirmed(a)
	case login.StepClaim:
		return login.ReasonApprovalLate
	case login.StepConfirm:
		return unfetched(a, e)
	case login.StepDigits, login.StepApprove, login.StepPassword:
		return login.ReasonAppGone
	default:
		return byState(a)
	}
}

// byState is what is left to say when the timeline is silent.
func byState(a login.Attempt) login.Reason {
	switch a.State {
	case login.StateCreated:
		return unopened(a)
	case login.StateOpened:
		return login.ReasonAbandonedAtPage
	case login.StateAuthenticated:
		return unconfirmed(a)
	case login.StateConfirmed:
		return unfetched(a, login.Event{})
	case login.StateClaimed:
		return login.ReasonApprovalLate
	case login.StateApproved, login.StateVerified:
		return login.ReasonAppGone
	default:
		return login.ReasonAttemptExpired
	}
}

// unopened is a login that no browser came for.
func unopened(a login.Attempt) login.Reason {
	switch a.Method {
	case login.MethodLink:
		return login.ReasonLinkNotOpened
	case login.MethodCredentials, login.MethodQR:
		return login.ReasonInternal // these have no browser, and their first two lines are written at once
	default:
		return login.ReasonNotOpened
	}
}

// unconfirmed is a login whose person is proved, and no code went out. A direct login
// asks nobody: if it stops there, we have stopped it.
func unconfirmed(a login.Attempt) login.Reason {
	if a.Method == login.MethodLink {
		return login.ReasonNotConfirmed
	}
	return login.ReasonInternal
}

// unfetched is a login whose code nobody redeemed.
func unfetched(a login.Attempt, confirm login.Event) login.Reason {
	switch {
	case a.Method == login.MethodQR:
		return login.ReasonAppGone // it had the code in its hands
	case a.Method == login.MethodLink, confirm.Detail == digits:
		return login.ReasonDigitsNotTyped
	default:
		return login.ReasonRedirectLost
	}
}

func lastWith(a login.Attempt, reason login.Reason) int {
	return lastIndex(a, func(e login.Event) bool { return e.Reason == reason })
}

func lastIndex(a login.Attempt, is func(login.Event) bool) int {
	for i, e := range slices.Backward(a.Timeline) {
		if is(e) {
			return i
		}
	}
	return -1
}
