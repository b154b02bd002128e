package counts

import (
	"cmp"
	"slices"

	"avain/internal/broker"
	"avain/internal/core/diagnosis"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/reasons"
)

// journey is a trip to a broker that has ended.
type journey struct {
	means, broker string
	reason        login.Reason // empty: the bank has proved who it was
	detail        string       // the machine word
}

// journeys are the trips that this event, just written, has ended. They are counted as
// they end and not with their attempt: a person whom one bank has failed may get in with
// another, and who gives up is found ten minutes later.
func journeys(a login.Attempt, e login.Event) []journey {
	var ended []journey
	if at, under := underWay(before(a, e)); under && !sameTrip(at, e) && (a.EndedBy(e) || e.Step == login.StepChoose && e.Outcome == login.OutcomeOK) {
		ended = append(ended, journey{means: at.Means, broker: at.Broker, reason: login.ReasonAbandonedAtBank})
	}
	if e.Means == "" {
		return ended
	}
	switch {
	case e.Step == login.StepIdentify: // whether or not we then let the person in
		return append(ended, journey{means: e.Means, broker: e.Broker})
	case e.Step == login.StepReturn, e.Step == login.StepChoose && e.Outcome != login.OutcomeOK:
		return append(ended, journey{e.Means, e.Broker, e.Reason, e.Detail})
	default:
		return ended
	}
}

// before is the timeline without the event: a move's holds it already, a note's not yet.
func before(a login.Attempt, e login.Event) []login.Event {
	n := len(a.Timeline)
	if n > 0 && a.Timeline[n-1].Step == e.Step && a.Timeline[n-1].At.UnixMilli() == e.At.UnixMilli() {
		return a.Timeline[:n-1]
	}
	return a.Timeline
}

// underWay finds the trip that has not come back.
func underWay(timeline []login.Event) (at login.Event, under bool) {
	for _, e := range timeline {
		switch {
		case e.Means == "":
		case e.Step == login.StepChoose && e.Outcome == login.OutcomeOK:
			at, under = e, true
		case e.Step == login.StepReturn, e.Step == login.StepIdentify:
			under = under && !sameTrip(at, e)
		}
	}
	return at, under
}

// sameTrip reports whether e tells how the trip came back. A late answer of a bank that
// the person has left for another does not; one of a bank that was chosen at the broker
// instead of ours does.
func sameTrip(at, e login.Event) bool {
	return (e.Step == login.StepReturn || e.Step == login.StepIdentify) && cmp.Or(e.Chosen, e.Means) == at.Means && e.Broker == at.Broker
}

// ending is how a login or journey counts that ended with a reason.
func ending(reason login.Reason, detail string) operations.Counts {
	switch e := reasons.Of(reason); {
	case seen(e.Alarm, detail):
		return operations.Counts{Failed: 1}
	case !e.Gone && (e.Fault == reasons.FaultPhone || e.Fault == reasons.FaultApp):
		return operations.Counts{Broken: 1}
	default:
		return operations.Counts{Gone: 1}
	}
}

// seen reports whether something did not work, as the service itself saw it: on its own
// connections to the broker, or in itself. What a browser brings is no evidence about a
// bank: an error in a callback's query, a code that the broker refuses, a choice that is
// not open. Anybody can bring any number of those (threat 43).
func seen(alarm reasons.Alarm, detail string) bool {
	switch alarm {
	case reasons.AlarmAlways:
		return true
	case reasons.AlarmIfSeen:
		return broker.Seen(detail)
	default:
		return false
	}
}

// verdict is how a login counts that is over. What only silence tells is no failure of
// ours: a login that somebody leaves where nothing should hold it up reads as if we had
// (package diagnosis must say something), and anybody can leave any number of them. A
// failure has a line of its own.
func verdict(a login.Attempt, d diagnosis.Diagnosis) operations.Counts {
	if d.Good {
		return operations.Counts{OK: 1}
	}
	n := ending(d.Reason, d.Detail)
	told := func(e login.Event) bool { return e.Reason == d.Reason && e.Outcome != login.OutcomeOK }
	if n.Failed > 0 && !slices.ContainsFunc(a.Timeline, told) {
		return operations.Counts{Gone: 1}
	}
	return n
}
