package counts_test

import (
	"fmt"
	"testing"
	"time"

	"avain/internal/core/counts"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/reasons"
	"avain/internal/secret"
)

// fails is a login of somebody for whom the bank's broker fails.
func fails(to *counts.Counter, who login.Source, at time.Time) {
	a := begin(to, at)
	a.Source = who
	a.move(login.StateFailed, event(at.Add(time.Second), login.StepReturn, login.OutcomeFailed, login.ReasonBrokerError, "op"))
}

// getsIn is a login of somebody who gets in.
func getsIn(to *counts.Counter, person string, at time.Time) {
	a := begin(to, at)
	a.move(login.StateOpened, event(at.Add(time.Second), login.StepChoose, login.OutcomeOK, "", "op"))
	a.Person = person
	a.move(login.StateAuthenticated, event(at.Add(2*time.Second), login.StepIdentify, login.OutcomeOK, "", "op"))
	a.move(login.StateRedeemed, login.Event{At: at.Add(3 * time.Second), Step: login.StepRedeem, Outcome: login.OutcomeOK})
}

func network(i int) login.Source {
	var h secret.Hash
	h[0], h[1] = byte(i), byte(i>>8)
	return login.Source{Network: h}
}

// However often one person gets in, or fails, they count once in an hour for what alerts
// stand on, whatever they call their apps and browsers; one who is not known counts by
// their network, and one of whom nothing is known, not at all. Nodes and hours that are
// put together do not make two of one.
func TestThreat65OnePersonCountsOnce(t *testing.T) {
	t.Parallel()
	one, other, b := counts.New(), counts.New(), &book{}
	for i := range 50 {
		at := noon.Add(time.Duration(i) * time.Minute)
		getsIn(one, "aino", at)
		fails(one, network(1), at)
		fails(other, network(1), at)
		fails(one, login.Source{}, at)
	}
	fails(one, network(1), noon.Add(time.Hour))
	for _, node := range []*counts.Counter{one, other} {
		if err := node.Flush(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	if n := b.of(operations.DimensionMeans); n != (operations.Counts{OK: 50, Failed: 151}) {
		t.Errorf("logins: %+v", n)
	}
	for _, d := range []operations.Dimension{operations.DimensionAll, operations.DimensionMethod, operations.DimensionMeans, operations.DimensionBroker, operations.DimensionBrowser} {
		p := b.people[d]
		if p.OK != 1 || p.Failed != 3 || p.Marks.Least() != 1 {
			t.Errorf("%s: %+v, %d people at least", d, p, p.Marks.Least())
		}
	}
	for i := range 40 {
		getsIn(one, fmt.Sprint("person ", i), noon.Add(time.Hour))
		fails(one, network(100+i), noon.Add(time.Hour))
	}
	if err := one.Flush(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if p := b.people[operations.DimensionMeans]; p.OK != 41 || p.Failed != 43 || p.Marks.Least() < 20 || p.Marks.Least() > 41 {
		t.Errorf("forty more: %+v, %d people at least", p, p.Marks.Least())
	}
}

// A login that somebody leaves is no failure of ours or of a broker's, wherever they
// leave it, in whatever way, and whatever happened to them before that ended well.
func TestThreat65WhoLeavesNeverCounts(t *testing.T) {
	t.Parallel()
	end := noon.Add(10 * time.Minute)
	steps := []login.Event{
		{Step: login.StepOpen},
		{Step: login.StepPage},
		event(noon, login.StepChoose, "", "", "op"), event(noon, login.StepIdentify, "", "", "op"),
		{Step: login.StepConfirm},
		{Step: login.StepConfirm, Detail: "digits"},
		{Step: login.StepDigits},
		{Step: login.StepClaim},
		{Step: login.StepApprove},
		{Step: login.StepPassword},
		{Step: "a step of the future"},
	}
	ends := map[login.State]login.Event{
		login.StateExpired: {Step: login.StepExpire, Outcome: login.OutcomeFailed, Reason: login.ReasonAttemptExpired},
		login.StateDenied:  {Step: login.StepCancel, Detail: "app", Outcome: login.OutcomeRefused, Reason: login.ReasonCancelledByPerson},
		login.StateBurned:  {Step: login.StepExpire, Outcome: login.OutcomeFailed, Reason: login.ReasonCrowdedOut},
	}
	for _, method := range login.Methods() {
		for _, state := range login.States() {
			for i, step := range steps {
				for over, last := range ends {
					if state.Over() {
						continue
					}
					counter, b := counts.New(), &book{}
					a := begin(counter, noon)
					a.Method, a.Source, a.Person = method, network(i+1), "aino"
					step.At, step.Outcome = noon.Add(time.Second), login.OutcomeOK
					a.move(state, step)
					last.At = end
					a.move(over, last)
					if err := counter.Flush(t.Context(), b); err != nil {
						t.Fatal(err)
					}
					for _, d := range operations.Dimensions() {
						if n := b.of(d); n.Failed != 0 || b.people[d].Failed != 0 || b.people[d].Marks != 0 {
							t.Errorf("%s, left %s after %s, %s: %s has %+v", method, state, step.Step, over, d, n)
						}
					}
				}
			}
		}
	}
}

// What is not on our side or a broker's leaves no mark, whatever is said beside it.
func TestThreat65OnlyOursOrABrokers(t *testing.T) {
	t.Parallel()
	for _, e := range reasons.All() {
		for _, detail := range []string{"", "token.http_503", "circuit.open", "callback.server_error"} {
			counter, b := counts.New(), &book{}
			a := begin(counter, noon)
			a.Source = network(1)
			line := event(noon.Add(time.Second), login.StepReturn, login.OutcomeFailed, e.Reason, "op")
			line.Detail = detail
			a.move(login.StateFailed, line)
			if err := counter.Flush(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			want := e.Alarm == reasons.AlarmAlways || e.Alarm == reasons.AlarmIfSeen && (detail == "token.http_503" || detail == "circuit.open")
			for d, p := range b.people {
				if got := p.Failed > 0; got != want || (p.Marks.Least() > 0) != want {
					t.Errorf("%s, %q: counts for %s as %+v", e.Reason, detail, d, p)
				}
			}
		}
	}
}
