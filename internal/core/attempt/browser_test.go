package attempt_test

import (
	"testing"
	"time"

	"avain/internal/core/attempt"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/secret"
)

// Another browser can look at nothing, bring nothing back and get no code; and the
// login of the first one is not hurt by its trying.
func TestThreat15OnlyTheBrowserThatLeftMayReturn(t *testing.T) {
	t.Parallel()
	w, mine, other := newWorld(t), secret.New(), secret.New()
	a := w.start(keyOfApp).Attempt
	j := w.depart(a, mine)

	for name, browser := range map[string]secret.Text{"other": other, "none": {}} {
		if _, err := w.ForBrowser(t.Context(), a.ID, browser); reasonOf(err) != login.ReasonOtherBrowser {
			t.Errorf("%s browser sees the page: %v", name, err)
		}
		if _, err := w.ResumeBrokerRequest(t.Context(), brokerID, j.State, browser); reasonOf(err) != login.ReasonOtherBrowser {
			t.Errorf("%s browser brings the answer: %v", name, err)
		}
	}
	theirs := w.NewBrokerRequest(a, other)
	theirs.Means, theirs.Broker = bankID, brokerID
	if _, err := w.StartBrokerRequest(t.Context(), theirs, other, login.Event{}); reasonOf(err) != login.ReasonOtherBrowser {
		t.Errorf("other browser chooses a bank: %v", err)
	}
	proven := w.prove(a, mine)
	if _, _, err := w.Issue(t.Context(), proven, other, login.Event{}); reasonOf(err) != login.ReasonOtherBrowser {
		t.Errorf("other browser gets the code: %v", err)
	}
	if _, _, err := w.Issue(t.Context(), proven, mine, login.Event{}); err != nil {
		t.Errorf("the right browser was refused after that: %v", err)
	}
}

// What another browser would send to the broker's token endpoint is not what the
// first one promised it: nonce and PKCE verifier come from the browser's secret.
func TestThreat02JourneySecretsBelongToOneBrowser(t *testing.T) {
	t.Parallel()
	w, mine := newWorld(t), secret.New()
	a := w.start(keyOfApp).Attempt
	first, second := w.depart(a, mine), w.depart(a, mine)
	arrived, err := w.ResumeBrokerRequest(t.Context(), brokerID, first.State, mine)
	if err != nil {
		t.Fatal(err)
	}
	if !arrived.Nonce.Equal(first.Nonce) || !arrived.Verifier.Equal(first.Verifier) {
		t.Error("the same browser derives other secrets on its way back")
	}
	if first.Nonce.Equal(second.Nonce) || first.Verifier.Equal(second.Verifier) || first.State.Equal(second.State) {
		t.Error("two journeys share a secret")
	}
	if first.Nonce.Equal(first.Verifier) {
		t.Error("nonce and verifier are the same")
	}
	if _, err := w.ResumeBrokerRequest(t.Context(), "telia", first.State, mine); reasonOf(err) != login.ReasonAttemptUnknown {
		t.Errorf("another broker answers for this one: %v", err)
	}
}

func TestThreat26ForeignAndMadeUpHandlesLookAlike(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	started := w.start(keyOfApp)
	for _, id := range []string{"", "x", login.NewID(), "' OR 1=1 --", started.Attempt.ID + "A", started.Attempt.ID[:21]} {
		_, err := w.ForBrowser(t.Context(), id, secret.New())
		if e := fault.AsError(err); e.Kind != fault.NotFound || e.Reason != login.ReasonAttemptUnknown {
			t.Errorf("%q: %v", id, err)
		}
	}
	for _, uri := range []secret.Text{{}, secret.New(), secret.Of(started.RequestURI.Reveal()[:42])} {
		if _, err := w.ByRequestURI(t.Context(), uri, clientID); reasonOf(err) != login.ReasonRequestExpired {
			t.Errorf("unknown request_uri: %v", err)
		}
	}
	if _, err := w.ByRequestURI(t.Context(), started.RequestURI, "other-client"); reasonOf(err) != login.ReasonRequestExpired {
		t.Errorf("another client's request_uri: %v", err)
	}
}

func TestOneRequestSettlesAnAnswer(t *testing.T) {
	t.Parallel()
	w, browser := newWorld(t), secret.New()
	j := w.depart(w.start(keyOfApp).Attempt, browser)
	taken := make(chan bool, 32)
	together(32, func() {
		ok, err := w.ClaimCallback(t.Context(), j)
		if err != nil {
			t.Error(err)
		}
		taken <- ok
	})
	close(taken)
	n := 0
	for ok := range taken {
		if ok {
			n++
		}
	}
	if n != 1 {
		t.Fatalf("%d requests took the answer, want 1", n)
	}
	w.pass(31 * time.Second) // whoever took it has crashed
	if ok, err := w.ClaimCallback(t.Context(), j); err != nil || !ok {
		t.Errorf("after the lease: %v, %v", ok, err)
	}
	if err := w.BrokerFailed(t.Context(), j, login.Event{Outcome: login.OutcomeRefused, Reason: login.ReasonCancelledAtBroker}); err != nil {
		t.Fatal(err)
	}
	w.pass(time.Minute)
	if ok, err := w.ClaimCallback(t.Context(), j); err != nil || ok {
		t.Errorf("an answer that was dealt with is taken again: %v, %v", ok, err)
	}
	if done, err := w.CallbackDone(t.Context(), j); err != nil || !done {
		t.Errorf("finished: %v, %v", done, err)
	}
}

// The means of a login is what the broker reports. What was chosen before is kept beside
// it when it differs, and "unknown" is a bank that nobody has configured, not the choice.
func TestTheReportedBankIsRecorded(t *testing.T) {
	t.Parallel()
	for reported, chosen := range map[string]string{bankID: "", "another": bankID, login.MeansUnknown: bankID} {
		w, browser := newWorld(t), secret.New()
		started := w.start(keyOfApp)
		j := w.depart(started.Attempt, browser)
		identity := w.identity()
		identity.Means = reported
		a, err := w.Authenticate(t.Context(), j, identity, w.person, login.Event{})
		if err != nil {
			t.Fatal(err)
		}
		if a, err = w.ForBrowser(t.Context(), a.ID, browser); err != nil {
			t.Fatal(err)
		}
		last := a.Timeline[len(a.Timeline)-1]
		if a.Means != reported || last.Means != reported || last.Chosen != chosen {
			t.Errorf("reported %q: recorded %q, timeline %+v", reported, a.Means, last)
		}
	}
}

func TestAttemptEndsAfterTenMinutes(t *testing.T) {
	t.Parallel()
	w, browser := newWorld(t), secret.New()
	started := w.start(keyOfApp)
	j := w.depart(started.Attempt, browser)
	w.pass(10 * time.Minute)
	a, err := w.ForBrowser(t.Context(), started.Attempt.ID, browser)
	if err != nil || a.State != login.StateExpired || a.Reason != login.ReasonAttemptExpired {
		t.Fatalf("state %s, reason %s, %v", a.State, a.Reason, err)
	}
	if _, err := w.StartBrokerRequest(t.Context(), w.NewBrokerRequest(a, browser), browser, login.Event{}); reasonOf(err) != login.ReasonAttemptExpired {
		t.Errorf("choose: %v", err)
	}
	if _, err := w.Authenticate(t.Context(), j, w.identity(), w.person, login.Event{}); reasonOf(err) != login.ReasonAttemptExpired {
		t.Errorf("authenticate: %v", err)
	}
}

func TestEndedAttemptStaysEnded(t *testing.T) {
	t.Parallel()
	w, browser := newWorld(t), secret.New()
	a := w.start(keyOfApp).Attempt
	j := w.depart(a, browser)
	if _, err := w.End(t.Context(), a, attempt.Deny, login.ReasonCancelledByPerson, login.Event{Step: login.StepCancel}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Authenticate(t.Context(), j, w.identity(), w.person, login.Event{}); reasonOf(err) != login.ReasonAttemptEnded {
		t.Errorf("authenticate: %v", err)
	}
	if _, err := w.End(t.Context(), a, attempt.Fail, login.ReasonInternal, login.Event{}); reasonOf(err) != login.ReasonAttemptEnded {
		t.Errorf("end again: %v", err)
	}
}
