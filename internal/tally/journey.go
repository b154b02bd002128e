package tally

import (
	"cmp"

	"avain/internal/catalogue"
	"avain/internal/login"
)

// journey is a trip to a broker that has ended.
type journey struct {
	means, broker string
	reason        login.Reason // empty: the bank has proved who it was
}

// journeys are the trips that this event, just written, has ended. They are counted as
// they end and not with their attempt: a person whom one bank has failed may get in with
// another, and who gives up is found ten minutes later.
func journeys(a login.Attempt, e login.Event) []journey {
	var ended []journey
	if at, under := underWay(before(a, e)); under && !sameTrip(at, e) && (a.EndedBy(e) || e.Step == login.StepChoose && e.Outcome == login.OutcomeOK) {
		ended = append(ended, journey{at.Means, at.Broker, login.ReasonAbandonedAtBank})
	}
	if e.Means == "" {
		return ended
	}
	switch {
	case e.Step == login.StepIdentify: // whether or not we then let the person in
		return append(ended, journey{e.Means, e.Broker, ""})
	case e.Step == login.StepReturn, e.Step == login.StepChoose && e.Outcome != login.OutcomeOK:
		return append(ended, journey{e.Means, e.Broker, e.Reason})
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

// broken reports whether something did not work, for reasons that lie neither with the
// person nor with whoever tried to get in as them: what a bank, a phone, an app or we
// have to mend.
func broken(reason login.Reason) bool {
	switch e := catalogue.Of(reason); e.Fault {
	case catalogue.FaultBroker, catalogue.FaultPhone, catalogue.FaultApp, catalogue.FaultService:
		return !e.Gone
	default:
		return false
	}
}
