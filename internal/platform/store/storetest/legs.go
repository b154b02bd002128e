package storetest

import (
	"reflect"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/store"
	"avain/internal/secret"
)

// begin opens a new attempt and begins a broker request of it.
func begin(t *testing.T, s *store.Store) login.BrokerRequest {
	t.Helper()
	m := opening(Start(t, s).ID)
	m.SetBrowser = NewHash()
	m.BrokerRequest = &login.BrokerRequest{State: NewHash(), Attempt: m.Attempt, Broker: "simulated", Means: "nordea", StartedAt: Noon(), ExpiresAt: Noon().Add(10 * time.Minute)}
	if _, err := s.Attempts.MoveAttempt(t.Context(), m); err != nil {
		t.Fatalf("begin a leg: %v", err)
	}
	return *m.BrokerRequest
}

func legs(t *testing.T, s *store.Store) {
	leg := begin(t, s)
	if got, err := s.Attempts.BrokerRequestByState(t.Context(), leg.State); err != nil || !reflect.DeepEqual(got, leg) {
		t.Errorf("%v\n got %+v\nwant %+v", err, got, leg)
	}
	const lease = 10 * time.Second
	take := func(what string, at time.Time, want bool) {
		t.Helper()
		got, taken, err := s.Attempts.ClaimBrokerRequest(t.Context(), leg.State, at, lease)
		if err != nil || taken != want || got.State != leg.State {
			t.Errorf("%s: taken %v (%+v, %v), want %v", what, taken, got, err, want)
		}
	}
	take("first", Noon(), true)
	take("double click", Noon().Add(time.Second), false)
	take("just before the lease ends", Noon().Add(lease-time.Millisecond), false)
	take("taken over from a crash", Noon().Add(lease), true)
	take("after the leg's end", leg.ExpiresAt, false)

	// Another attempt's move cannot end it.
	other := begin(t, s)
	_, err := s.Attempts.MoveAttempt(t.Context(), login.Transition{
		Attempt: other.Attempt, From: []login.State{login.StateOpened}, To: login.StateAuthenticated,
		At: Noon(), Event: Event("return"), EndRequest: leg.State,
	})
	wantErr(t, "foreign leg", err, fault.ErrMoved)
	if got := must[login.BrokerRequest](t)(s.Attempts.BrokerRequestByState(t.Context(), leg.State)); got.Done {
		t.Error("a foreign move ended the leg")
	}
	wantErr(t, "finish", s.Attempts.EndBrokerRequest(t.Context(), leg.State, Noon()), nil)
	wantErr(t, "finish again", s.Attempts.EndBrokerRequest(t.Context(), leg.State, Noon()), nil)
	take("done", Noon().Add(time.Minute), false)
	if got := must[login.BrokerRequest](t)(s.Attempts.BrokerRequestByState(t.Context(), leg.State)); !got.Done {
		t.Error("finished, but not done")
	}
	unknownRequests(t, s)
}

func unknownRequests(t *testing.T, s *store.Store) {
	for name, state := range map[string]secret.Hash{"unknown": NewHash(), "zero": {}} {
		_, err := s.Attempts.BrokerRequestByState(t.Context(), state)
		wantErr(t, name, err, fault.ErrNotFound)
		_, taken, err := s.Attempts.ClaimBrokerRequest(t.Context(), state, Noon(), time.Minute)
		wantErr(t, name+", take", err, fault.ErrNotFound)
		if taken {
			t.Errorf("%s: taken", name)
		}
		wantErr(t, name+", finish", s.Attempts.EndBrokerRequest(t.Context(), state, Noon()), fault.ErrNotFound)
	}
}

// brokerRequestsAreBounded: whoever chooses a bank again and again makes no rows without end,
// and the latest choice always works.
func brokerRequestsAreBounded(t *testing.T, s *store.Store) {
	first := begin(t, s)
	var last login.BrokerRequest
	for i := range 40 {
		at := Noon().Add(time.Duration(i+1) * time.Second)
		last = login.BrokerRequest{State: NewHash(), Broker: "b", Means: "m", StartedAt: at, ExpiresAt: at.Add(time.Minute)}
		_, err := s.Attempts.MoveAttempt(t.Context(), login.Transition{
			Attempt: first.Attempt, From: []login.State{login.StateOpened}, To: login.StateOpened, At: at, Event: Event("choose"), BrokerRequest: &last,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.Attempts.BrokerRequestByState(t.Context(), first.State)
	wantErr(t, "the oldest", err, fault.ErrNotFound)
	if got := must[login.BrokerRequest](t)(s.Attempts.BrokerRequestByState(t.Context(), last.State)); got.Attempt != first.Attempt {
		t.Errorf("the last leg belongs to %q", got.Attempt)
	}
}
